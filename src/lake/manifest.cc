#include "lake/manifest.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "columnar/temporal.h"
#include "lake/avro.h"

namespace mr::lake {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;

/// {"name":…,"type":…,"field-id":…}; optional ones are a union with null, default null.
std::string avro_field(std::string_view name, int id, std::string_view type, bool required = true) {
    return required ? fmt::format(R"({{"name":"{}","type":{},"field-id":{}}})", name, type, id)
                    : fmt::format(R"({{"name":"{}","type":["null",{}],"default":null,"field-id":{}}})", name,
                                  type, id);
}

std::string avro_record(std::string_view name, const std::vector<std::string>& fields) {
    return fmt::format(R"({{"type":"record","name":"{}","fields":[{}]}})", name, fmt::join(fields, ","));
}

/// Avro's maps have string keys only: Iceberg's with int keys are arrays of pairs.
std::string int_map(int key, int value, std::string_view type) {
    return fmt::format(R"({{"type":"array","logicalType":"map","items":{}}})",
                       avro_record(fmt::format("k{}_v{}", key, value),
                                   {avro_field("key", key, R"("int")"), avro_field("value", value, type)}));
}

/// Avro's names are [A-Za-z_][A-Za-z0-9_]*; anything else is written as Iceberg's Java library does.
std::string avro_name(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const bool digit = c >= '0' && c <= '9';
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (digit && !out.empty()))
            out.push_back(c);
        else
            out += digit ? fmt::format("_{}", c) : fmt::format("_x{:X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string manifest_schema(const PartitionSpec& spec) {
    constexpr std::string_view kInt = R"("int")", kLong = R"("long")", kString = R"("string")",
                               kBytes = R"("bytes")";
    std::vector<std::string> partition;
    if (spec.is_partitioned())
        partition.push_back(avro_field(avro_name(spec.name), PartitionSpec::kFieldId, kInt, false));
    const std::string file = avro_record(
        "r2", {avro_field("content", 134, kInt), avro_field("file_path", 100, kString),
               avro_field("file_format", 101, kString),
               avro_field("partition", 102, avro_record("r102", partition)),
               avro_field("record_count", 103, kLong), avro_field("file_size_in_bytes", 104, kLong),
               avro_field("column_sizes", 108, int_map(117, 118, kLong), false),
               avro_field("value_counts", 109, int_map(119, 120, kLong), false),
               avro_field("null_value_counts", 110, int_map(121, 122, kLong), false),
               avro_field("nan_value_counts", 137, int_map(138, 139, kLong), false),
               avro_field("lower_bounds", 125, int_map(126, 127, kBytes), false),
               avro_field("upper_bounds", 128, int_map(129, 130, kBytes), false),
               avro_field("split_offsets", 132, R"({"type":"array","items":"long","element-id":133})", false),
               avro_field("sort_order_id", 140, kInt, false)});
    return avro_record(
        "manifest_entry",
        {avro_field("status", 0, kInt), avro_field("snapshot_id", 1, kLong, false),
         avro_field("sequence_number", 3, kLong, false), avro_field("file_sequence_number", 4, kLong, false),
         avro_field("data_file", 2, file)});
}

std::string manifest_list_schema() {
    constexpr std::string_view kInt = R"("int")", kLong = R"("long")";
    const std::string summary = avro_record("r508", {avro_field("contains_null", 509, R"("boolean")"),
                                                     avro_field("contains_nan", 518, R"("boolean")", false),
                                                     avro_field("lower_bound", 510, R"("bytes")", false),
                                                     avro_field("upper_bound", 511, R"("bytes")", false)});
    return avro_record(
        "manifest_file",
        {avro_field("manifest_path", 500, R"("string")"), avro_field("manifest_length", 501, kLong),
         avro_field("partition_spec_id", 502, kInt), avro_field("content", 517, kInt),
         avro_field("sequence_number", 515, kLong), avro_field("min_sequence_number", 516, kLong),
         avro_field("added_snapshot_id", 503, kLong), avro_field("added_files_count", 504, kInt),
         avro_field("existing_files_count", 505, kInt), avro_field("deleted_files_count", 506, kInt),
         avro_field("added_rows_count", 512, kLong), avro_field("existing_rows_count", 513, kLong),
         avro_field("deleted_rows_count", 514, kLong),
         avro_field("partitions", 507,
                    fmt::format(R"({{"type":"array","items":{},"element-id":508}})", summary), false)});
}

/// Avro's encoding: zigzag numbers, length before bytes, the branch before a union's value.
class Encoder {
  public:
    explicit Encoder(std::string& out) : w_(out) {}
    void number(std::int64_t v) { w_.varint(v); }
    void text(std::string_view v) {
        w_.varint(static_cast<std::int64_t>(v.size()));
        w_.raw(v);
    }
    void null() { w_.varint(0); }
    void present() { w_.varint(1); }
    void optional(const std::optional<std::int64_t>& v) {
        if (!v) return null();
        present();
        number(*v);
    }
    void optional(const std::optional<std::string>& v) {
        if (!v) return null();
        present();
        text(*v);
    }
    void boolean(bool v) { w_.u8(v ? 1 : 0); }
    /// An optional array of pairs or numbers; absent when empty.
    template <class C, class F>
    void list(const C& items, F&& each) {
        if (items.empty()) return null();
        present();
        number(static_cast<std::int64_t>(items.size()));
        for (const auto& item : items) each(item);
        number(0);
    }
    void counts(const std::map<int, std::int64_t>& items) {
        list(items, [this](const auto& item) { number(item.first), number(item.second); });
    }
    void bounds(const std::map<int, std::string>& items) {
        list(items, [this](const auto& item) { number(item.first), text(item.second); });
    }

  private:
    ByteWriter w_;
};

void encode_entry(Encoder& out, const PartitionSpec& spec, const ManifestEntry& entry) {
    const DataFile& file = entry.file;
    out.number(static_cast<std::int64_t>(entry.status));
    out.optional(std::optional<std::int64_t>(entry.snapshot_id));
    out.optional(entry.sequence);
    out.optional(entry.file_sequence);
    out.number(0);
    out.text(file.path);
    out.text("PARQUET");
    if (spec.is_partitioned())
        out.optional(file.hour ? std::optional<std::int64_t>(*file.hour) : std::nullopt);
    out.number(file.record_count);
    out.number(file.bytes);
    out.counts(file.column_sizes);
    out.counts(file.value_counts);
    out.counts(file.null_counts);
    out.counts(file.nan_counts);
    out.bounds(file.lower_bounds);
    out.bounds(file.upper_bounds);
    out.list(file.split_offsets, [&](std::int64_t offset) { out.number(offset); });
    out.optional(std::optional<std::int64_t>(0));  // unsorted
}

std::string int_bound(std::int32_t hour) {
    std::string out;
    ByteWriter(out).i32(hour);
    return out;
}

ManifestFile::FieldSummary summarise(const std::vector<ManifestEntry>& entries) {
    ManifestFile::FieldSummary out;
    std::optional<std::int32_t> low, high;
    for (const ManifestEntry& e : entries) {
        if (!e.file.hour) {
            out.contains_null = true;
            continue;
        }
        low = std::min(low.value_or(*e.file.hour), *e.file.hour);
        high = std::max(high.value_or(*e.file.hour), *e.file.hour);
    }
    if (low) out.lower = int_bound(*low);
    if (high) out.upper = int_bound(*high);
    return out;
}

std::map<int, std::int64_t> counts_of(const AvroValue& file, int id, int key, int value) {
    std::map<int, std::int64_t> out;
    for (const AvroValue& pair : file.array(id))
        out[static_cast<int>(pair.integer(key))] = pair.integer(value);
    return out;
}

std::map<int, std::string> bounds_of(const AvroValue& file, int id, int key, int value) {
    std::map<int, std::string> out;
    for (const AvroValue& pair : file.array(id)) out[static_cast<int>(pair.integer(key))] = pair.text(value);
    return out;
}

DataFile decode_file(const AvroValue& file) {
    DataFile out{.path = file.text(100),
                 .hour = {},
                 .record_count = file.integer(103),
                 .bytes = file.integer(104),
                 .column_sizes = counts_of(file, 108, 117, 118),
                 .value_counts = counts_of(file, 109, 119, 120),
                 .null_counts = counts_of(file, 110, 121, 122),
                 .nan_counts = counts_of(file, 137, 138, 139),
                 .lower_bounds = bounds_of(file, 125, 126, 127),
                 .upper_bounds = bounds_of(file, 128, 129, 130),
                 .split_offsets = {}};
    if (const AvroValue* partition = file.field(102);
        partition != nullptr && partition->field(PartitionSpec::kFieldId) != nullptr)
        out.hour = static_cast<std::int32_t>(partition->integer(PartitionSpec::kFieldId));
    for (const AvroValue& offset : file.array(132))
        if (const auto* at = std::get_if<std::int64_t>(&offset.data)) out.split_offsets.push_back(*at);
    return out;
}

}  // namespace

std::string PartitionSpec::fields_json() const {
    std::string out;
    JsonWriter w(out);
    w.begin_array();
    if (is_partitioned()) {
        w.begin_object().member("source-id", source_id).member("field-id", kFieldId);
        w.member("name", name).member("transform", "hour").end_object();
    }
    w.end_array();
    return out;
}

std::string PartitionSpec::to_json() const {
    std::string out;
    JsonWriter(out).begin_object().member("spec-id", id).key("fields").raw(fields_json()).end_object();
    return out;
}

std::int32_t hour_of(std::int64_t micros) {
    return static_cast<std::int32_t>(
        std::clamp<std::int64_t>(floor_div(micros, kMicrosPerHour), INT32_MIN, INT32_MAX));
}

std::string hour_text(std::optional<std::int32_t> hour) {
    if (!hour) return "null";
    const std::int64_t day = floor_div(*hour, 24);
    const CivilDate date = civil_from_days(day);
    return fmt::format("{:04}-{:02}-{:02}-{:02}", date.year, date.month, date.day, *hour - day * 24);
}

std::string encode_manifest(const LakeSchema& schema, const PartitionSpec& spec,
                            const std::vector<ManifestEntry>& entries, ManifestFile& line) {
    AvroFile out;
    out.metadata = {{"avro.schema", manifest_schema(spec)},
                    {"schema", schema.to_json()},
                    {"schema-id", std::to_string(schema.id)},
                    {"partition-spec", spec.fields_json()},
                    {"partition-spec-id", std::to_string(spec.id)},
                    {"format-version", "2"},
                    {"content", "data"}};
    Encoder encoder(out.records);
    line.spec_id = spec.id;
    line.min_sequence = INT64_MAX;
    for (const ManifestEntry& e : entries) {
        encode_entry(encoder, spec, e);
        const bool added = e.status == EntryStatus::added, deleted = e.status == EntryStatus::deleted;
        (added ? line.added_files : deleted ? line.deleted_files : line.existing_files) += 1;
        (added ? line.added_rows : deleted ? line.deleted_rows : line.existing_rows) += e.file.record_count;
        if (e.sequence && !deleted) line.min_sequence = std::min(line.min_sequence, *e.sequence);
    }
    out.count = static_cast<std::int64_t>(entries.size());
    if (spec.is_partitioned()) line.partitions = {summarise(entries)};
    std::string bytes = encode_avro_file(out);
    line.bytes = static_cast<std::int64_t>(bytes.size());
    return bytes;
}

Result<std::vector<ManifestEntry>> decode_manifest(std::string_view bytes, const ManifestFile& line) {
    MR_TRY(const AvroRecords file, decode_avro_file(bytes));
    std::vector<ManifestEntry> out;
    out.reserve(file.records.size());
    for (const AvroValue& record : file.records) {
        const AvroValue* data = record.field(2);
        const std::int64_t status = record.integer(0, -1);
        if (data == nullptr || status < 0 || status > 2) return fail(Code::corrupt, "not a manifest entry");
        ManifestEntry e{.status = static_cast<EntryStatus>(status),
                        .snapshot_id = record.integer(1, line.snapshot_id),
                        .sequence = record.integer(3, line.sequence),
                        .file_sequence = record.integer(4, line.sequence),
                        .file = decode_file(*data)};
        if (e.file.path.empty()) return fail(Code::corrupt, "manifest entry without a path");
        out.push_back(std::move(e));
    }
    return out;
}

std::string encode_manifest_list(const SnapshotIds& snapshot, const std::vector<ManifestFile>& manifests) {
    AvroFile out;
    out.metadata = {{"avro.schema", manifest_list_schema()},
                    {"snapshot-id", std::to_string(snapshot.id)},
                    {"parent-snapshot-id", snapshot.parent ? std::to_string(*snapshot.parent) : "null"},
                    {"sequence-number", std::to_string(snapshot.sequence)},
                    {"format-version", "2"}};
    Encoder e(out.records);
    for (const ManifestFile& m : manifests) {
        e.text(m.path);
        for (const std::int64_t v : {m.bytes, std::int64_t{m.spec_id}, std::int64_t{m.content}, m.sequence,
                                     m.min_sequence, m.snapshot_id, m.added_files, m.existing_files,
                                     m.deleted_files, m.added_rows, m.existing_rows, m.deleted_rows})
            e.number(v);
        e.list(m.partitions, [&](const ManifestFile::FieldSummary& p) {
            e.boolean(p.contains_null);
            e.present();  // contains_nan: an hour never is
            e.boolean(false);
            e.optional(p.lower);
            e.optional(p.upper);
        });
    }
    out.count = static_cast<std::int64_t>(manifests.size());
    return encode_avro_file(out);
}

Result<std::vector<ManifestFile>> decode_manifest_list(std::string_view bytes) {
    MR_TRY(const AvroRecords file, decode_avro_file(bytes));
    std::vector<ManifestFile> out;
    for (const AvroValue& r : file.records) {
        ManifestFile m{.path = r.text(500),
                       .bytes = r.integer(501),
                       .spec_id = static_cast<int>(r.integer(502)),
                       .content = static_cast<int>(r.integer(517)),
                       .sequence = r.integer(515),
                       .min_sequence = r.integer(516),
                       .snapshot_id = r.integer(503),
                       .added_files = r.integer(504),
                       .existing_files = r.integer(505),
                       .deleted_files = r.integer(506),
                       .added_rows = r.integer(512),
                       .existing_rows = r.integer(513),
                       .deleted_rows = r.integer(514),
                       .partitions = {}};
        if (m.path.empty()) return fail(Code::corrupt, "manifest list entry without a path");
        for (const AvroValue& p : r.array(507)) {
            ManifestFile::FieldSummary s{.contains_null = p.boolean(509), .lower = {}, .upper = {}};
            if (p.field(510) != nullptr) s.lower = p.text(510);
            if (p.field(511) != nullptr) s.upper = p.text(511);
            m.partitions.push_back(std::move(s));
        }
        out.push_back(std::move(m));
    }
    return out;
}

}  // namespace mr::lake
