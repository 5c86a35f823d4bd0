// Bytes of the registry's entries and snapshot. Format: docs/formats/registry-store.md
#include "base/bytes.h"
#include "registry/registry.h"

namespace mr::registry {
namespace {

/// 1 had no sequences of schemas.
constexpr std::uint8_t kSnapshotVersion = 2;

std::size_t read_count(ByteReader& in) {
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining()) in.set_bad();
    return in.bad() ? 0 : static_cast<std::size_t>(count);
}

void write_references(ByteWriter& out, const std::vector<Reference>& references) {
    out.uvarint(references.size());
    for (const auto& reference : references) {
        out.sized(reference.name);
        out.sized(reference.subject);
        out.i32(reference.version);
    }
}

std::vector<Reference> read_references(ByteReader& in) {
    std::vector<Reference> out;
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        Reference& reference = out.emplace_back();
        reference.name = in.sized();
        reference.subject = in.sized();
        reference.version = in.i32();
    }
    return out;
}

void write_rules(ByteWriter& out, const Rules& rules) {
    out.u8(rules.compatibility ? static_cast<std::uint8_t>(*rules.compatibility) : 0);
    out.u8(rules.normalize ? (*rules.normalize ? 2 : 1) : 0);
}

Rules read_rules(ByteReader& in) {
    Rules rules;
    const std::uint8_t level = in.u8();
    const std::uint8_t normalize = in.u8();
    if (level > static_cast<std::uint8_t>(Compatibility::full_transitive) || normalize > 2) in.set_bad();
    if (level != 0) rules.compatibility = static_cast<Compatibility>(level);
    if (normalize != 0) rules.normalize = normalize == 2;
    return rules;
}

void write_mode(ByteWriter& out, const std::optional<Mode>& mode) {
    out.u8(mode ? static_cast<std::uint8_t>(*mode) : 0);
}

std::optional<Mode> read_mode(ByteReader& in) {
    const std::uint8_t mode = in.u8();
    if (mode > static_cast<std::uint8_t>(Mode::forward)) in.set_bad();
    return mode == 0 ? std::nullopt : std::optional(static_cast<Mode>(mode));
}

SchemaType read_type(ByteReader& in) {
    const std::uint8_t type = in.u8();
    if (type < 1 || type > 3) in.set_bad();
    return static_cast<SchemaType>(type);
}

}  // namespace

std::string encode_change(const Change& change) {
    std::string payload;
    ByteWriter out(payload);
    out.u8(static_cast<std::uint8_t>(change.kind));
    out.i64(change.time.value);
    out.sized(change.subject);
    switch (change.kind) {
        case Change::Kind::add_version:
            out.i32(change.version);
            out.i32(change.id);
            out.u8(static_cast<std::uint8_t>(change.type));
            out.sized(change.text);
            write_references(out, change.references);
            break;
        case Change::Kind::delete_version:
        case Change::Kind::delete_subject:
            out.i32(change.version);
            out.u8(change.permanent ? 1 : 0);
            break;
        case Change::Kind::set_rules:
            write_rules(out, change.rules);
            break;
        case Change::Kind::set_mode:
            write_mode(out, change.mode);
            break;
    }
    return payload;
}

Result<Change> decode_change(std::string_view payload) {
    ByteReader in(payload);
    Change change;
    const std::uint8_t kind = in.u8();
    if (kind < 1 || kind > 5) return fail(Code::corrupt, "schema entry: unknown change {}", kind);
    change.kind = static_cast<Change::Kind>(kind);
    change.time = TimestampMs(in.i64());
    change.subject = in.sized();
    switch (change.kind) {
        case Change::Kind::add_version:
            change.version = in.i32();
            change.id = in.i32();
            change.type = read_type(in);
            change.text = in.sized();
            change.references = read_references(in);
            break;
        case Change::Kind::delete_version:
        case Change::Kind::delete_subject:
            change.version = in.i32();
            change.permanent = in.u8() != 0;
            break;
        case Change::Kind::set_rules:
            change.rules = read_rules(in);
            break;
        case Change::Kind::set_mode:
            change.mode = read_mode(in);
            break;
    }
    MR_TRY_VOID(in.finish("schema entry"));
    return change;
}

std::string encode_view(const RegistryView& view) {
    std::string bytes;
    ByteWriter out(bytes);
    out.u8(kSnapshotVersion);
    out.i32(view.highest_id);
    write_rules(out, view.rules);
    write_mode(out, view.mode);
    out.uvarint(view.schemas.size());
    for (const auto& [id, schema] : view.schemas) {
        out.i32(id);
        out.u8(static_cast<std::uint8_t>(schema->type));
        out.sized(schema->text);
        write_references(out, schema->references);
        out.u64(schema->since.value);
    }
    out.uvarint(view.subjects.size());
    for (const auto& [name, subject] : view.subjects) {
        out.sized(name);
        out.i32(subject->highest_version);
        out.u64(subject->revision);
        write_rules(out, subject->rules);
        write_mode(out, subject->mode);
        out.uvarint(subject->versions.size());
        for (const auto& version : subject->versions) {
            out.i32(version.version);
            out.i32(version.id);
            out.u8(version.deleted ? 1 : 0);
        }
    }
    return bytes;
}

Result<RegistryView> decode_view(std::string_view bytes) {
    ByteReader in(bytes);
    const std::uint8_t layout = in.u8();
    if (layout < 1 || layout > kSnapshotVersion) {
        return fail(Code::unsupported, "registry snapshot: version {}, this build knows {}", layout,
                    kSnapshotVersion);
    }
    RegistryView view;
    view.highest_id = in.i32();
    view.rules = read_rules(in);
    view.mode = read_mode(in);
    const std::size_t schemas = read_count(in);
    for (std::size_t i = 0; i < schemas && !in.bad(); ++i) {
        auto schema = std::make_shared<SchemaRecord>();
        schema->id = in.i32();
        schema->type = read_type(in);
        schema->text = in.sized();
        schema->references = read_references(in);
        if (layout >= 2) schema->since = Seq(in.u64());
        view.schemas[schema->id] = std::move(schema);
    }
    const std::size_t subjects = read_count(in);
    for (std::size_t i = 0; i < subjects && !in.bad(); ++i) {
        auto subject = std::make_shared<Subject>();
        subject->name = in.sized();
        subject->highest_version = in.i32();
        subject->revision = in.u64();
        subject->rules = read_rules(in);
        subject->mode = read_mode(in);
        const std::size_t versions = read_count(in);
        for (std::size_t v = 0; v < versions && !in.bad(); ++v) {
            VersionRecord& version = subject->versions.emplace_back();
            version.version = in.i32();
            version.id = in.i32();
            version.deleted = in.u8() != 0;
        }
        view.subjects[subject->name] = std::move(subject);
    }
    MR_TRY_VOID(in.finish("registry snapshot"));
    return view;
}

}  // namespace mr::registry
