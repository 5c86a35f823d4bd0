#include "lake/avro.h"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/crc32c.h"
#include "lake/internal/json.h"

namespace mr::lake {
namespace {

constexpr std::string_view kMagic("Obj\x01", 4);
constexpr std::size_t kSyncBytes = 16;
constexpr int kDepthMax = 32;
/// What one deflated block may inflate to: manifests are cut at 8 MiB.
constexpr std::size_t kInflatedMax = 64U << 20;

struct AvroType;
using AvroTypePtr = std::shared_ptr<AvroType>;
struct AvroType {
    enum class Kind : std::uint8_t {
        null,
        boolean,
        number,
        float_,
        double_,
        bytes,
        fixed,
        array,
        map,
        record,
        union_,
        enumeration
    };
    struct Field {
        int id = -1;
        AvroTypePtr type;
    };
    Kind kind = Kind::null;
    int height = 0;                     // levels of types below
    std::size_t size = 0;               // fixed
    std::vector<Field> fields;          // record
    std::vector<AvroTypePtr> branches;  // union; array and map: the element
};

/// Turns the schema's JSON into types; named types may be used again by name.
class SchemaReader {
  public:
    Result<AvroTypePtr> read(const Json& json, int depth) {
        if (depth > kDepthMax) return fail(Code::corrupt, "Avro schema nests too deep");
        if (json.kind == Json::Kind::string) return by_name(json.text);
        auto out = std::make_shared<AvroType>();
        if (json.kind == Json::Kind::array) {
            out->kind = AvroType::Kind::union_;
            for (const Json& branch : json.items) {
                MR_TRY(auto type, read(branch, depth + 1));
                MR_TRY_VOID(contain(*out, *type));
                out->branches.push_back(std::move(type));
            }
            return out;
        }
        const Json* type = json.find("type");
        if (type == nullptr) return fail(Code::corrupt, "Avro schema without type");
        if (type->kind != Json::Kind::string) return read(*type, depth + 1);
        const std::string_view name = type->text;
        if (name == "array" || name == "map") return element(json, name == "array", depth);
        if (name == "fixed") {
            const std::int64_t size = json.integer("size").value_or(-1);
            if (size < 0 || size > 1 << 20) return fail(Code::corrupt, "Avro fixed of {} bytes", size);
            out->kind = AvroType::Kind::fixed;
            out->size = static_cast<std::size_t>(size);
            return remember(json, out);
        }
        if (name == "enum") {
            out->kind = AvroType::Kind::enumeration;
            return remember(json, out);
        }
        if (name != "record") return by_name(name);
        out->kind = AvroType::Kind::record;
        for (const Json& f : json.array("fields")) {
            const Json* field_type = f.find("type");
            if (field_type == nullptr) return fail(Code::corrupt, "Avro field without type");
            AvroType::Field field{.id = static_cast<int>(f.integer("field-id").value_or(-1)), .type = {}};
            MR_TRY(field.type, read(*field_type, depth + 1));
            MR_TRY_VOID(contain(*out, *field.type));
            out->fields.push_back(std::move(field));
        }
        // Known only now: a type that contains itself could nest without end.
        return remember(json, out);
    }

  private:
    Result<AvroTypePtr> element(const Json& json, bool array, int depth) {
        const Json* of = json.find(array ? "items" : "values");
        if (of == nullptr) return fail(Code::corrupt, "Avro {} without element", array ? "array" : "map");
        auto out = std::make_shared<AvroType>();
        out->kind = array ? AvroType::Kind::array : AvroType::Kind::map;
        MR_TRY(auto type, read(*of, depth + 1));
        MR_TRY_VOID(contain(*out, *type));
        out->branches.push_back(std::move(type));
        return out;
    }
    /// Types used by name nest without the text nesting.
    static Status contain(AvroType& outer, const AvroType& inner) {
        outer.height = std::max(outer.height, inner.height + 1);
        if (outer.height > kDepthMax) return fail(Code::corrupt, "Avro types nest too deep");
        return {};
    }
    Result<AvroTypePtr> remember(const Json& json, AvroTypePtr type) {
        if (const auto name = json.string("name")) named_[std::string(*name)] = type;
        return type;
    }
    Result<AvroTypePtr> by_name(std::string_view name) {
        static const std::map<std::string_view, AvroType::Kind> kinds = {
            {"null", AvroType::Kind::null},    {"boolean", AvroType::Kind::boolean},
            {"int", AvroType::Kind::number},   {"long", AvroType::Kind::number},
            {"float", AvroType::Kind::float_}, {"double", AvroType::Kind::double_},
            {"bytes", AvroType::Kind::bytes},  {"string", AvroType::Kind::bytes},
        };
        if (const auto kind = kinds.find(name); kind != kinds.end()) {
            auto out = std::make_shared<AvroType>();
            out->kind = kind->second;
            return out;
        }
        const auto found = named_.find(name);
        if (found == named_.end()) return fail(Code::corrupt, "unknown Avro type `{}`", name);
        return found->second;
    }
    std::map<std::string, AvroTypePtr, std::less<>> named_;
};

/// A reader that also counts: a value of types without fields takes no bytes but memory.
class Decoder : public ByteReader {
  public:
    explicit Decoder(std::string_view bytes) : ByteReader(bytes), budget_(64 + 16 * bytes.size()) {}
    bool pay() {
        if (budget_ == 0) {
            set_bad();
            return false;
        }
        --budget_;
        return true;
    }

  private:
    std::size_t budget_;
};

AvroValue decode(Decoder& in, const AvroType& type);

/// Blocks of an array or a map; every element takes memory, so there may be no more than bytes are left.
AvroValue decode_blocks(Decoder& in, const AvroType& type) {
    std::vector<AvroValue> out;
    while (!in.bad()) {
        std::int64_t count = in.varint();
        if (count == 0 || in.bad()) break;
        if (count < 0) {
            in.varint();
            count = count == INT64_MIN ? INT64_MAX : -count;
        }
        if (static_cast<std::uint64_t>(count) > in.remaining()) {
            in.set_bad();
            break;
        }
        for (; count > 0 && !in.bad(); --count) {
            const std::size_t before = in.remaining();
            if (type.kind == AvroType::Kind::map) in.skip(static_cast<std::size_t>(in.varint()));
            out.push_back(decode(in, *type.branches[0]));
            if (in.remaining() == before) in.set_bad();
        }
    }
    return {std::move(out)};
}

std::string_view read_bytes(ByteReader& in) {
    const std::int64_t length = in.varint();
    if (length < 0) in.set_bad();
    return in.raw(static_cast<std::size_t>(std::max<std::int64_t>(length, 0)));
}

AvroValue decode(Decoder& in, const AvroType& type) {
    if (!in.pay()) return {};
    switch (type.kind) {
        case AvroType::Kind::null:
            return {};
        case AvroType::Kind::boolean:
            return {in.u8() != 0};
        case AvroType::Kind::number:
        case AvroType::Kind::enumeration:
            return {in.varint()};
        case AvroType::Kind::float_:
            return {static_cast<double>(in.f32())};
        case AvroType::Kind::double_:
            return {in.f64()};
        case AvroType::Kind::bytes:
            return {std::string(read_bytes(in))};
        case AvroType::Kind::fixed:
            return {std::string(in.raw(type.size))};
        case AvroType::Kind::array:
        case AvroType::Kind::map:
            return decode_blocks(in, type);
        case AvroType::Kind::union_: {
            const std::int64_t branch = in.varint();
            if (branch < 0 || static_cast<std::size_t>(branch) >= type.branches.size()) {
                in.set_bad();
                return {};
            }
            return decode(in, *type.branches[static_cast<std::size_t>(branch)]);
        }
        case AvroType::Kind::record: {
            std::vector<AvroValue::Field> fields;
            fields.reserve(type.fields.size());
            for (const AvroType::Field& f : type.fields) {
                if (in.bad()) break;
                fields.push_back({.id = f.id, .value = decode(in, *f.type)});
            }
            return {std::move(fields)};
        }
    }
    return {};
}

Result<std::string> inflate_block(std::string_view block) {
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return fail(Code::internal, "zlib does not start");
    const auto end = std::unique_ptr<z_stream, int (*)(z_stream*)>(&stream, &inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
    stream.avail_in = static_cast<uInt>(block.size());
    std::string out;
    int status = Z_OK;
    while (status == Z_OK) {
        char piece[16'384];
        stream.next_out = reinterpret_cast<Bytef*>(piece);
        stream.avail_out = sizeof piece;
        status = inflate(&stream, Z_NO_FLUSH);
        out.append(piece, sizeof piece - stream.avail_out);
        if (out.size() > kInflatedMax) return fail(Code::resource_exhausted, "Avro block inflates too far");
    }
    if (status != Z_STREAM_END) return fail(Code::corrupt, "Avro block does not inflate");
    return out;
}

void write_bytes(ByteWriter& out, std::string_view bytes) {
    out.varint(static_cast<std::int64_t>(bytes.size()));
    out.raw(bytes);
}

Status decode_block(std::string_view block, std::int64_t count, const AvroType& type,
                    std::vector<AvroValue>& out) {
    Decoder in(block);
    if (count < 0 || static_cast<std::uint64_t>(count) > block.size())
        return fail(Code::corrupt, "Avro block of {} records in {} bytes", count, block.size());
    for (; count > 0 && !in.bad(); --count) out.push_back(decode(in, type));
    return in.finish("Avro block");
}

}  // namespace

std::string encode_avro_file(const AvroFile& file) {
    std::string out;
    ByteWriter w(out);
    w.raw(kMagic);
    w.varint(static_cast<std::int64_t>(file.metadata.size()) + 1);
    write_bytes(w, "avro.codec");
    write_bytes(w, "null");
    for (const auto& [key, value] : file.metadata) {
        write_bytes(w, key);
        write_bytes(w, value);
    }
    w.varint(0);
    std::string sync;
    ByteWriter s(sync);
    for (std::uint32_t i = 0; i < kSyncBytes / 4; ++i)
        s.u32(crc32c(fmt::format("{}:{}:{}", i, crc32c(out), crc32c(file.records))));
    w.raw(sync);
    if (file.count > 0) {
        w.varint(file.count);
        write_bytes(w, file.records);
        w.raw(sync);
    }
    return out;
}

Result<AvroRecords> decode_avro_file(std::string_view bytes) {
    ByteReader in(bytes);
    if (in.raw(kMagic.size()) != kMagic) return fail(Code::corrupt, "not an Avro object container file");
    AvroRecords out;
    while (!in.bad()) {
        std::int64_t count = in.varint();
        if (count == 0) break;
        if (count < 0) {
            in.varint();
            count = count == INT64_MIN ? 0 : -count;
        }
        for (; count > 0 && !in.bad(); --count) {
            const std::string key(read_bytes(in));
            out.metadata[key] = read_bytes(in);
        }
    }
    const std::string sync(in.raw(kSyncBytes));
    MR_TRY_VOID(in.status("Avro header"));
    MR_TRY(const Json schema, parse_json(out.metadata["avro.schema"]));
    SchemaReader schemas;
    MR_TRY(const AvroTypePtr type, schemas.read(schema, 0));
    const std::string codec = out.metadata.contains("avro.codec") ? out.metadata["avro.codec"] : "null";
    if (codec != "null" && codec != "deflate")
        return fail(Code::unsupported, "Avro codec `{}`: millrace reads null and deflate", codec);
    while (!in.at_end() && !in.bad()) {
        const std::int64_t count = in.varint();
        const std::string_view block = read_bytes(in);
        if (in.raw(kSyncBytes) != sync || in.bad()) return fail(Code::corrupt, "Avro block cut short");
        if (codec == "null") {
            MR_TRY_VOID(decode_block(block, count, *type, out.records));
        } else {
            MR_TRY(const std::string inflated, inflate_block(block));
            MR_TRY_VOID(decode_block(inflated, count, *type, out.records));
        }
    }
    MR_TRY_VOID(in.status("Avro file"));
    return out;
}

const AvroValue* AvroValue::field(int id) const {
    const auto* fields = std::get_if<std::vector<Field>>(&data);
    if (fields == nullptr) return nullptr;
    for (const Field& f : *fields)
        if (f.id == id) return std::holds_alternative<std::monostate>(f.value.data) ? nullptr : &f.value;
    return nullptr;
}

std::int64_t AvroValue::integer(int id, std::int64_t fallback) const {
    const AvroValue* value = field(id);
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(&value->data);
    return number == nullptr ? fallback : *number;
}

std::string AvroValue::text(int id) const {
    const AvroValue* value = field(id);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
    return text == nullptr ? std::string() : *text;
}

bool AvroValue::boolean(int id) const {
    const AvroValue* value = field(id);
    const auto* flag = value == nullptr ? nullptr : std::get_if<bool>(&value->data);
    return flag != nullptr && *flag;
}

const std::vector<AvroValue>& AvroValue::array(int id) const {
    static const std::vector<AvroValue> none;
    const AvroValue* value = field(id);
    const auto* items = value == nullptr ? nullptr : std::get_if<std::vector<AvroValue>>(&value->data);
    return items == nullptr ? none : *items;
}

}  // namespace mr::lake
