#include "lake/metadata.h"

#include <algorithm>
#include <set>

#include "lake/internal/json.h"

namespace mr::lake {
namespace {

/// Members that TableMetadata has a field for.
bool is_known(std::string_view name) {
    static const std::set<std::string_view> known = {
        "format-version",  "table-uuid",   "location",  "last-sequence-number", "last-updated-ms",
        "last-column-id",  "schemas",      "schema",    "current-schema-id",    "partition-specs",
        "default-spec-id", "properties",   "snapshots", "last-partition-id",    "current-snapshot-id",
        "snapshot-log",    "metadata-log", "refs",      "partition-spec"};
    return known.contains(name);
}

void write_snapshot(JsonWriter& w, const Snapshot& s) {
    w.begin_object().member("sequence-number", s.sequence).member("snapshot-id", s.id);
    if (s.parent) w.member("parent-snapshot-id", *s.parent);
    w.member("timestamp-ms", s.timestamp_ms).key("summary").begin_object();
    // Iceberg's Java reader wants the operation; the order is free.
    for (const auto& [key, value] : s.summary) w.member(key, value);
    w.end_object().member("manifest-list", s.manifest_list).member("schema-id", s.schema_id).end_object();
}

Result<Snapshot> read_snapshot(const Json& json) {
    Snapshot out;
    const auto id = json.integer("snapshot-id");
    const auto list = json.string("manifest-list");
    if (!id || !list) return fail(Code::corrupt, "a snapshot without id or manifest list");
    out.id = *id;
    out.parent = json.integer("parent-snapshot-id");
    out.sequence = json.integer("sequence-number").value_or(0);
    out.timestamp_ms = json.integer("timestamp-ms").value_or(0);
    out.manifest_list = *list;
    out.schema_id = static_cast<int>(json.integer("schema-id").value_or(0));
    if (const Json* summary = json.find("summary"))
        for (const auto& [key, value] : summary->members) out.summary[key] = value.text;
    return out;
}

Status read_schemas(const Json& json, TableMetadata& out) {
    const std::int64_t current = json.integer("current-schema-id").value_or(0);
    bool found = false;
    for (const Json& schema : json.array("schemas")) {
        if (schema.integer("schema-id") == current) {
            MR_TRY(out.schema, LakeSchema::parse(schema.to_string()));
            found = true;
        } else {
            out.other_schemas.push_back(schema.to_string());
        }
    }
    if (!found) return fail(Code::corrupt, "current schema {} is missing", current);
    return {};
}

Status read_specs(const Json& json, TableMetadata& out) {
    const std::int64_t current = json.integer("default-spec-id").value_or(0);
    bool found = false;
    for (const Json& spec : json.array("partition-specs")) {
        if (spec.integer("spec-id") != current) {
            out.other_specs.push_back(spec.to_string());
            continue;
        }
        found = true;
        out.spec.id = static_cast<int>(current);
        const auto& fields = spec.array("fields");
        if (fields.empty()) continue;
        out.spec.source_id = static_cast<int>(fields[0].integer("source-id").value_or(0));
        out.spec.name = fields[0].string("name").value_or("");
        out.spec_is_ours = fields.size() == 1 && fields[0].string("transform") == "hour" &&
                           fields[0].integer("field-id") == PartitionSpec::kFieldId;
    }
    if (!found) return fail(Code::corrupt, "default partition spec {} is missing", current);
    return {};
}

void read_refs(const Json& json, TableMetadata& out) {
    const Json* refs = json.find("refs");
    if (refs == nullptr) return;
    for (const auto& [name, ref] : refs->members) {
        if (name == "main") continue;
        out.other_refs.emplace_back(name, ref.to_string());
        if (const auto id = ref.integer("snapshot-id")) out.pinned.push_back(*id);
    }
}

void write_logs(JsonWriter& w, const TableMetadata& m) {
    w.key("snapshot-log").begin_array();
    for (const auto& [time, id] : m.snapshot_log)
        w.begin_object().member("timestamp-ms", time).member("snapshot-id", id).end_object();
    w.end_array().key("metadata-log").begin_array();
    for (const auto& [time, file] : m.metadata_log)
        w.begin_object().member("timestamp-ms", time).member("metadata-file", file).end_object();
    w.end_array();
}

void write_refs(JsonWriter& w, const TableMetadata& m) {
    w.key("refs").begin_object();
    if (m.current_snapshot) {
        w.key("main").begin_object().member("snapshot-id", *m.current_snapshot);
        w.member("type", "branch").end_object();
    }
    for (const auto& [name, json] : m.other_refs) w.key(name).raw(json);
    w.end_object();
}

}  // namespace

const Snapshot* TableMetadata::snapshot(std::int64_t id) const {
    for (const Snapshot& s : snapshots)
        if (s.id == id) return &s;
    return nullptr;
}

const Snapshot* TableMetadata::current() const {
    return current_snapshot ? snapshot(*current_snapshot) : nullptr;
}

const Snapshot* TableMetadata::newest_with(std::string_view key) const {
    const Snapshot* at = current();
    for (std::size_t steps = 0; at != nullptr && steps <= snapshots.size(); ++steps) {
        if (at->summary.contains(key)) return at;
        if (!at->parent) return nullptr;
        const Snapshot* parent = snapshot(*at->parent);
        if (parent == nullptr) {
            // Expired by somebody: what is left before it, newest first.
            for (const Snapshot& s : snapshots)
                if (s.sequence < at->sequence && (parent == nullptr || s.sequence > parent->sequence))
                    parent = &s;
        }
        at = parent;
    }
    return nullptr;
}

std::string TableMetadata::to_json() const {
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("format-version", 2).member("table-uuid", uuid).member("location", location);
    w.member("last-sequence-number", last_sequence).member("last-updated-ms", last_updated_ms);
    w.member("last-column-id", last_column_id).member("current-schema-id", schema.id);
    w.key("schemas").begin_array();
    for (const std::string& s : other_schemas) w.raw(s);
    w.raw(schema.to_json()).end_array();
    w.member("default-spec-id", spec.id).key("partition-specs").begin_array();
    for (const std::string& s : other_specs) w.raw(s);
    w.raw(spec.to_json()).end_array().member("last-partition-id", last_partition_id);
    w.key("properties").begin_object();
    for (const auto& [key, value] : properties) w.member(key, value);
    w.end_object().member("current-snapshot-id", current_snapshot.value_or(-1));
    w.key("snapshots").begin_array();
    for (const Snapshot& s : snapshots) write_snapshot(w, s);
    w.end_array();
    write_logs(w, *this);
    write_refs(w, *this);
    for (const auto& [key, json] : other) w.key(key).raw(json);
    w.end_object();
    return out;
}

Result<TableMetadata> TableMetadata::parse(std::string_view text) {
    MR_TRY(const Json json, parse_json(text));
    const std::int64_t version = json.integer("format-version").value_or(0);
    if (version != 2) return fail(Code::unsupported, "Iceberg format version {}: millrace writes 2", version);
    TableMetadata out;
    out.uuid = json.string("table-uuid").value_or("");
    out.location = json.string("location").value_or("");
    out.last_sequence = json.integer("last-sequence-number").value_or(0);
    out.last_updated_ms = json.integer("last-updated-ms").value_or(0);
    out.last_column_id = static_cast<int>(json.integer("last-column-id").value_or(0));
    out.last_partition_id =
        static_cast<int>(json.integer("last-partition-id").value_or(PartitionSpec::kFieldId - 1));
    MR_TRY_VOID(read_schemas(json, out));
    MR_TRY_VOID(read_specs(json, out));
    if (const Json* properties = json.find("properties"))
        for (const auto& [key, value] : properties->members) out.properties[key] = value.text;
    out.current_snapshot = json.integer("current-snapshot-id");
    if (out.current_snapshot == -1) out.current_snapshot.reset();
    for (const Json& item : json.array("snapshots")) {
        MR_TRY(auto snapshot, read_snapshot(item));
        out.snapshots.push_back(std::move(snapshot));
    }
    if (out.current_snapshot && out.current() == nullptr)
        return fail(Code::corrupt, "current snapshot {} is missing", *out.current_snapshot);
    for (const Json& item : json.array("snapshot-log"))
        out.snapshot_log.emplace_back(item.integer("timestamp-ms").value_or(0),
                                      item.integer("snapshot-id").value_or(0));
    for (const Json& item : json.array("metadata-log"))
        out.metadata_log.emplace_back(item.integer("timestamp-ms").value_or(0),
                                      std::string(item.string("metadata-file").value_or("")));
    read_refs(json, out);
    for (const auto& [key, value] : json.members)
        if (!is_known(key)) out.other.emplace_back(key, value.to_string());
    return out;
}

}  // namespace mr::lake
