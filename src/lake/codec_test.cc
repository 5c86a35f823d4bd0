// The pure parts: Avro files, manifests, metadata, schemas, bounds, hours. Goal: the bytes are those of
// docs/formats/iceberg-mapping.md, what was written reads back, and hostile bytes are errors.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "lake/avro.h"
#include "lake/expiry.h"
#include "lake/manifest.h"
#include "lake/metadata.h"
#include "lake/parquet.h"
#include "lake/schema.h"
#include "lake/table.h"

namespace mr::lake {
namespace {

// The worked example of docs/formats/iceberg-mapping.md.
TEST(Avro, WritesTheDocumentedBytes) {
    AvroFile file;
    file.metadata = {{"avro.schema",
                      R"({"type":"record","name":"r","fields":[{"name":"n","type":"long","field-id":7}]})"}};
    file.records = std::string("\x02", 1);
    file.count = 1;
    const std::string bytes = encode_avro_file(file);
    EXPECT_EQ(hex(bytes.substr(0, 23)),
              "4f 62 6a 01 04 14 61 76 72 6f 2e 63 6f 64 65 63 08 6e 75 6c 6c 16 61");
    EXPECT_EQ(hex(std::string_view(bytes).substr(bytes.size() - 19, 3)), "02 02 02");
    const auto read = decode_avro_file(bytes);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->records.size(), 1U);
    EXPECT_EQ(read->records[0].integer(7), 1);
}

TEST(Avro, CutOrWildBytesAreErrors) {
    ManifestFile line;
    line.path = "m";
    const std::string bytes = encode_manifest_list({.id = 1, .parent = {}, .sequence = 1}, {line, line});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto read = decode_manifest_list(bytes.substr(0, size));
        // After the header an empty file is legal.
        if (read) {
            EXPECT_TRUE(read->empty()) << size;
        }
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string wild = bytes;
        wild[at] = static_cast<char>(wild[at] ^ 0x55);
        static_cast<void>(decode_manifest_list(wild));
    }
}

TEST(Avro, SchemasThatMultiplyAreRefused) {
    std::string schema = R"({"type":"record","name":"a0","fields":[{"name":"x","type":"null"}]})";
    for (int i = 1; i < 30; ++i)
        schema = fmt::format(R"({{"type":"record","name":"a{0}","fields":[{{"name":"x","type":{1}}},)"
                             R"({{"name":"y","type":"a{2}"}},{{"name":"z","type":"a{2}"}}]}})",
                             i, schema, i - 1);
    AvroFile file;
    file.metadata = {{"avro.schema", schema}};
    file.records = "xxxx";
    file.count = 1;
    EXPECT_FALSE(decode_avro_file(encode_avro_file(file)));
}

TEST(Manifest, EntriesComeBack) {
    LakeSchema schema{.id = 3,
                      .fields = {{.id = 1, .name = "t", .required = false, .type = {"timestamptz", {}}}}};
    const PartitionSpec spec{.id = 0, .source_id = 1, .name = "t hour"};
    ManifestEntry e{
        .status = EntryStatus::added, .snapshot_id = 77, .sequence = {}, .file_sequence = {}, .file = {}};
    e.file = {.path = "/lake/x.parquet",
              .hour = -5,
              .record_count = 9,
              .bytes = 1234,
              .column_sizes = {{1, 100}},
              .value_counts = {{1, 9}},
              .null_counts = {{1, 0}},
              .lower_bounds = {{1, std::string(8, '\0')}},
              .upper_bounds = {{1, "zzzzzzzz"}},
              .split_offsets = {4}};
    ManifestEntry no_hour = e;
    no_hour.file.hour.reset();
    ManifestFile line{.path = "m", .sequence = 12, .snapshot_id = 77, .partitions = {}};
    const std::string bytes = encode_manifest(schema, spec, {e, no_hour}, line);
    EXPECT_EQ(line.added_files, 2);
    EXPECT_EQ(line.added_rows, 18);
    ASSERT_EQ(line.partitions.size(), 1U);
    EXPECT_TRUE(line.partitions[0].contains_null);
    EXPECT_EQ(hex(*line.partitions[0].lower), "fb ff ff ff");
    line.sequence = 12;
    const auto read = decode_manifest(bytes, line);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0].sequence, 12);
    EXPECT_EQ((*read)[0].file.hour, -5);
    EXPECT_FALSE((*read)[1].file.hour);
    EXPECT_EQ((*read)[0].file.path, e.file.path);
    EXPECT_EQ((*read)[0].file.lower_bounds, e.file.lower_bounds);
    EXPECT_EQ((*read)[0].file.split_offsets, e.file.split_offsets);
    const auto list =
        decode_manifest_list(encode_manifest_list({.id = 1, .parent = 2, .sequence = 12}, {line}));
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ((*list)[0].added_rows, 18);
    EXPECT_EQ((*list)[0].partitions[0].lower, line.partitions[0].lower);
}

TEST(Hours, RoundDownAlsoBefore1970) {
    EXPECT_EQ(hour_of(0), 0);
    EXPECT_EQ(hour_of(3'599'999'999), 0);
    EXPECT_EQ(hour_of(3'600'000'000), 1);
    EXPECT_EQ(hour_of(-1), -1);
    EXPECT_EQ(hour_of(-3'600'000'000), -1);
    EXPECT_EQ(hour_of(-3'600'000'001), -2);
    EXPECT_EQ(hour_of(INT64_MIN), INT32_MIN);
    EXPECT_EQ(hour_text(-1), "1969-12-31-23");
    EXPECT_EQ(hour_text(494'348), "2026-05-24-20");
    EXPECT_EQ(hour_text({}), "null");
}

TEST(Bounds, AreCutAndRaised) {
    EXPECT_EQ(lower_bound_of("short", true), "short");
    EXPECT_EQ(upper_bound_of("short", true), "short");
    EXPECT_EQ(lower_bound_of("0123456789abcdefgh", true), "0123456789abcdef");
    EXPECT_EQ(upper_bound_of("0123456789abcdefgh", true), "0123456789abcdeg");
    // A character is not cut in two, and the last of its range goes.
    EXPECT_EQ(lower_bound_of("0123456789abcde\xC3\xA9x", true), "0123456789abcde");
    EXPECT_EQ(upper_bound_of("0123456789abcd\xC3\xBFxx", true), "0123456789abce");
    EXPECT_EQ(upper_bound_of(std::string(20, '\xff'), false), "");
    EXPECT_EQ(upper_bound_of(std::string(15, 'a') + std::string(5, '\xff'), false),
              std::string(14, 'a') + "b");
    EXPECT_EQ(hex(minimal_decimal(std::string("\x00\x00\x00\x80", 4))), "00 80");
    EXPECT_EQ(hex(minimal_decimal(std::string("\xff\xff\xff\x80", 4))), "80");
    EXPECT_EQ(hex(minimal_decimal(std::string("\x00\x00", 2))), "00");
}

Schema columns() {
    return {{{"id", DataType::integer()},
             {"tags", DataType::array(DataType::string())},
             {"attributes", DataType::map(DataType::string(), DataType::row({{"a", DataType::bigint()}}))},
             {"price", DataType::decimal(12, 2)}}};
}

TEST(Schemas, KeepIdsAndGrow) {
    auto schema = lake_schema(columns(), false);
    ASSERT_TRUE(schema) << schema.error().message;
    EXPECT_EQ(schema->fields[0].id, 1);
    EXPECT_EQ(schema->fields[1].type.fields[0].id, 5);
    EXPECT_EQ(schema->last_id(), 8);
    const auto again = LakeSchema::parse(schema->to_json());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->to_json(), schema->to_json());

    Schema more = columns();
    more.fields[0].type = DataType::bigint();
    more.fields.push_back({"note", DataType::string()});
    const auto wanted = lake_schema(more, false);
    int last = schema->last_id();
    const auto grown = evolve(*schema, *wanted, last, 1);
    ASSERT_TRUE(grown) << grown.error().message;
    EXPECT_EQ(grown->id, 1);
    EXPECT_EQ(grown->find("id")->type.name, "long");
    EXPECT_EQ(grown->find("note")->id, 9);
    EXPECT_EQ(grown->find("tags")->id, 2);
    EXPECT_EQ(evolve(*grown, *wanted, last, 2)->id, 1);
    more.fields[0].type = DataType::string();
    const auto refused = evolve(*grown, *lake_schema(more, false), last, 2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
    EXPECT_FALSE(lake_type(DataType::null_type()));
}

TableMetadata chain(std::int64_t count, std::int64_t step_ms) {
    TableMetadata m;
    for (std::int64_t i = 1; i <= count; ++i) {
        Snapshot s{.id = i,
                   .parent = {},
                   .sequence = i,
                   .timestamp_ms = i * step_ms,
                   .manifest_list = "l",
                   .summary = {}};
        if (i > 1) s.parent = i - 1;
        s.summary[std::string(kCommitId)] = std::to_string(i);
        m.snapshots.push_back(std::move(s));
        m.snapshot_log.emplace_back(i * step_ms, i);
    }
    m.current_snapshot = count;
    return m;
}

TEST(Expiry, KeepsAnHourThenOneAnHour) {
    TableMetadata m = chain(3'600, 10'000);  // ten hours, one every 10 s
    EXPECT_TRUE(is_linear(m.snapshots));
    const auto dropped = expire_snapshots(m, 36'000'000, 24 * 3'600'000);
    EXPECT_EQ(m.snapshots.size() + dropped.size(), 3'600U);
    EXPECT_GE(m.snapshots.size(), 360U + 9U);
    EXPECT_LE(m.snapshots.size(), 360U + 11U);
    EXPECT_EQ(m.snapshot_log.size(), m.snapshots.size());
    EXPECT_NE(m.current(), nullptr);

    TableMetadata dense = chain(3'600, 1'000);
    expire_snapshots(dense, 3'600'000, 0);
    EXPECT_LE(dense.snapshots.size(), kNewestKept + 61);

    TableMetadata old = chain(5, 1'000);
    old.pinned = {2};
    expire_snapshots(old, 1'000'000'000, 1);
    ASSERT_EQ(old.snapshots.size(), 2U);  // the pinned one and the current one, which is also ours
}

TEST(Metadata, KeepsWhatOthersPutThere) {
    TableMetadata m = chain(2, 1'000);
    m.uuid = "u";
    m.location = "/lake/t";
    m.schema = *lake_schema(columns(), false);
    m.last_column_id = m.schema.last_id();
    m.other = {{"statistics", R"([{"snapshot-id":1}])"}};
    m.other_refs = {{"tag", R"({"snapshot-id":1,"type":"tag"})"}};
    const auto read = TableMetadata::parse(m.to_json());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->to_json(), m.to_json());
    EXPECT_EQ(read->pinned, std::vector<std::int64_t>{1});
    EXPECT_FALSE(TableMetadata::parse("{}"));
    EXPECT_FALSE(TableMetadata::parse("[1"));
    // A foreign snapshot on top, its parent expired: ours is found behind it.
    TableMetadata foreign = m;
    foreign.snapshots.push_back(
        {.id = 9, .parent = 8, .sequence = 9, .timestamp_ms = 9, .manifest_list = "l", .summary = {}});
    foreign.current_snapshot = 9;
    ASSERT_NE(foreign.newest_with(kCommitId), nullptr);
    EXPECT_EQ(foreign.newest_with(kCommitId)->id, 2);
}

}  // namespace
}  // namespace mr::lake
