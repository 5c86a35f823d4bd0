// A table on the simulated file system. Goal: what append() promised is there after any crash, nothing else
// is left lying about, and a commit of somebody else is never lost. Method: count the rows the metadata name.
#include "lake/table.h"

#include <gtest/gtest.h>

#include <set>

#include "base/bytes.h"
#include "base/sim_file_system.h"
#include "lake/expiry.h"

namespace mr::lake {
namespace {

constexpr const char* kDirectory = "/lake/main/t";
constexpr std::int64_t kStart = 1'700'000'000'000;

Schema sql_columns() {
    return {{{"id", DataType::bigint()}, {"at", DataType::timestamp_ltz(3)}, {"note", DataType::string()}}};
}

TableSpec spec_of(const Schema& columns, bool lock = true) {
    TableSpec spec;
    spec.directory = kDirectory;
    spec.columns = *lake_schema(columns, false);
    spec.time_column = "at";
    spec.lock = lock;
    return spec;
}

/// `count` rows, one an hour where `spread`, else all in one.
std::vector<ColumnPtr> rows(std::int64_t count, bool spread = false) {
    ColumnBuilder id(DataType::bigint()), at(DataType::timestamp_ltz(3)), note(DataType::string());
    for (std::int64_t i = 0; i < count; ++i) {
        id.append_integer(i);
        at.append_integer(kStart + (spread ? i * 3'600'000 : i));
        note.append_text("row");
    }
    return {id.finish(), at.finish(), note.finish()};
}

std::unique_ptr<Table> open_table(FileSystem& fs, Clock& clock, TableSpec spec = spec_of(sql_columns())) {
    auto table = Table::open(fs, clock, std::move(spec));
    EXPECT_TRUE(table) << table.error().message;
    return table ? std::move(*table) : nullptr;
}

struct Contents {
    std::int64_t rows = 0;
    std::size_t manifests = 0;
    std::set<std::string> files;  ///< data files
};
/// Of a snapshot, every file checked to exist.
Contents contents(FileSystem& fs, const Snapshot& snapshot) {
    Contents out;
    const auto list_bytes = read_file(fs, snapshot.manifest_list);
    EXPECT_TRUE(list_bytes) << snapshot.manifest_list;
    const auto list = decode_manifest_list(*list_bytes);
    EXPECT_TRUE(list);
    for (const ManifestFile& m : *list) {
        ++out.manifests;
        const auto bytes = read_file(fs, m.path);
        EXPECT_TRUE(bytes) << m.path;
        if (!bytes) continue;
        const auto entries = decode_manifest(*bytes, m);
        EXPECT_TRUE(entries) << entries.error().message;
        for (const ManifestEntry& e : *entries) {
            if (e.status == EntryStatus::deleted) continue;
            EXPECT_TRUE(fs.exists(e.file.path)) << e.file.path;
            EXPECT_TRUE(out.files.insert(e.file.path).second) << "twice: " << e.file.path;
            out.rows += e.file.record_count;
        }
    }
    return out;
}

TEST(LakeTable, AppendsByHourAndKeepsThePosition) {
    SimFileSystem fs(1);
    VirtualClock clock{TimestampMs(kStart)};
    {
        auto table = open_table(fs, clock);
        EXPECT_TRUE(table->position().empty());
        ASSERT_TRUE(table->append(rows(3, true), {{"millrace.through", "17"}}));
        const Contents now = contents(fs, *table->metadata().current());
        EXPECT_EQ(now.rows, 3);
        EXPECT_EQ(now.files.size(), 3U);
        EXPECT_NE(now.files.begin()->find("/data/at_hour=2023-11-14-22/mr-2-"), std::string::npos)
            << *now.files.begin();
        EXPECT_FALSE(Table::open(fs, clock, spec_of(sql_columns()))) << "two writers";
    }
    auto table = open_table(fs, clock);
    EXPECT_EQ(table->position()["millrace.through"], "17");
    ASSERT_TRUE(table->append(rows(2), {{"millrace.through", "18"}}));
    EXPECT_EQ(contents(fs, *table->metadata().current()).rows, 5);
    EXPECT_EQ(contents(fs, table->metadata().snapshots[0]).rows, 3);
    EXPECT_EQ(table->metadata().current()->summary.find("total-records")->second, "5");
}

TEST(LakeTable, KeepsAForeignCommitAndRefusesAnotherOfOurs) {
    SimFileSystem fs(2);
    VirtualClock clock{TimestampMs(kStart)};
    auto table = open_table(fs, clock, spec_of(sql_columns(), false));
    ASSERT_TRUE(table->append(rows(1), {}));
    // Somebody's snapshot without our mark, with the same files.
    TableMetadata foreign = table->metadata();
    Snapshot s = *foreign.current();
    s.parent = s.id;
    s.id = 4'711;
    s.sequence = ++foreign.last_sequence;
    s.summary = {{"operation", "replace"}};
    foreign.snapshots.push_back(s);
    foreign.current_snapshot = s.id;
    foreign.snapshot_log.emplace_back(s.timestamp_ms, s.id);
    Folder folder(fs, kDirectory);
    ASSERT_TRUE(folder.commit_version(table->version() + 1, foreign.to_json(), "foreign"));
    const auto appended = table->append(rows(2), {{"millrace.through", "5"}});
    ASSERT_TRUE(appended) << appended.error().message;
    EXPECT_EQ(table->metadata().current()->parent, 4'711);
    EXPECT_EQ(contents(fs, *table->metadata().current()).rows, 3);

    auto other = open_table(fs, clock, spec_of(sql_columns(), false));
    ASSERT_TRUE(other->append(rows(1), {{"millrace.through", "6"}}));
    const auto fenced = table->append(rows(1), {{"millrace.through", "6"}});
    ASSERT_FALSE(fenced);
    EXPECT_EQ(fenced.error().code, Code::fenced);
    EXPECT_EQ(contents(fs, *other->metadata().current()).rows, 4);
}

/// Files of ours that the current snapshots do not name.
std::vector<std::string> unnamed(FileSystem& fs, const TableMetadata& m) {
    std::set<std::string> named;
    for (const Snapshot& s : m.snapshots) {
        named.insert(s.manifest_list);
        named.merge(contents(fs, s).files);
        const auto list = decode_manifest_list(*read_file(fs, s.manifest_list));
        for (const ManifestFile& line : *list) named.insert(line.path);
    }
    Folder folder(fs, kDirectory);
    std::vector<std::string> out = *folder.our_files();
    std::erase_if(out, [&](const std::string& path) { return named.contains(path); });
    return out;
}

TEST(LakeTable, SurvivesACrashAtEveryStep) {
    bool done = false;
    for (std::uint64_t step = 1; !done; ++step) {
        ASSERT_LT(step, 200U);
        SimFileSystem fs(step);
        VirtualClock clock{TimestampMs(kStart)};
        bool appended = false;
        {
            auto table = open_table(fs, clock);
            ASSERT_TRUE(table->append(rows(3), {{"millrace.through", "1"}}));
            fs.crash_after(step);
            appended = table->append(rows(4, true), {{"millrace.through", "2"}}).has_value();
            done = appended && !fs.is_down();
        }
        if (step % 2 == 0)
            fs.crash();
        else
            fs.kill();
        fs.crash_after(0);
        auto table = open_table(fs, clock);
        ASSERT_NE(table, nullptr);
        const bool second = table->position()["millrace.through"] == "2";
        EXPECT_TRUE(second || !appended) << step;
        EXPECT_EQ(contents(fs, *table->metadata().current()).rows, second ? 7 : 3) << step;
        EXPECT_TRUE(unnamed(fs, table->metadata()).empty()) << unnamed(fs, table->metadata())[0];
        ASSERT_TRUE(table->append(rows(1), {{"millrace.through", "3"}}));
    }
}

TEST(LakeTable, MergesManifestsAndExpiresSnapshots) {
    SimFileSystem fs(3);
    VirtualClock clock{TimestampMs(kStart)};
    TableSpec spec = spec_of(sql_columns());
    spec.retention_ms = 24 * 3'600'000;
    auto table = open_table(fs, clock, spec);
    constexpr int kCommits = 250;
    for (int i = 0; i < kCommits; ++i) {
        clock.advance_ms(120'000);
        ASSERT_TRUE(table->append(rows(1), {}));
    }
    const Contents now = contents(fs, *table->metadata().current());
    EXPECT_EQ(now.rows, kCommits);
    EXPECT_LT(now.manifests, 110U);
    EXPECT_LT(table->metadata().snapshots.size(), 45U);
    EXPECT_EQ(table->metadata().metadata_log.size(), kMetadataLogMax);
    for (const Snapshot& s : table->metadata().snapshots) EXPECT_GT(contents(fs, s).rows, 0);
    EXPECT_TRUE(unnamed(fs, table->metadata()).empty()) << unnamed(fs, table->metadata())[0];
    EXPECT_FALSE(fs.exists(Folder(fs, kDirectory).version_path(1)));
}

TEST(LakeTable, GrowsColumnsAndRefusesOthers) {
    SimFileSystem fs(4);
    VirtualClock clock{TimestampMs(kStart)};
    ASSERT_TRUE(open_table(fs, clock)->append(rows(1), {}));
    Schema more = sql_columns();
    more.fields.push_back({"extra", DataType::decimal(12, 2)});
    {
        auto table = open_table(fs, clock, spec_of(more));
        EXPECT_EQ(table->metadata().schema.find("extra")->id, 4);
        EXPECT_EQ(table->metadata().other_schemas.size(), 1U);
        auto columns = rows(1);
        columns.push_back(Column::constant(DataType::decimal(12, 2), Value::of(Int128{150}), 1));
        ASSERT_TRUE(table->append(columns, {}));
        EXPECT_EQ(contents(fs, *table->metadata().current()).rows, 2);
    }
    more.fields[0].type = DataType::string();
    const auto refused = Table::open(fs, clock, spec_of(more));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
    TableSpec no_time = spec_of(sql_columns());
    no_time.time_column.clear();
    EXPECT_FALSE(Table::open(fs, clock, no_time));
}

TEST(LakeParquet, StatisticsAreIcebergs) {
    const LakeSchema schema = *lake_schema({{{"n", DataType::integer()},
                                             {"d", DataType::decimal(12, 2)},
                                             {"big", DataType::decimal(38, 2)},
                                             {"s", DataType::string()},
                                             {"l", DataType::array(DataType::string())}}},
                                           false);
    ColumnBuilder n(DataType::integer()), d(DataType::decimal(12, 2)), big(DataType::decimal(38, 2)),
        s(DataType::string()), l(DataType::array(DataType::string()));
    for (int i = -2; i < 3; ++i) {
        n.append_integer(i);
        d.append_decimal(i * 100);
        big.append_decimal(i);
        if (i == 0)
            s.append_null();
        else
            s.append_text("a long text, longer than sixteen");
        l.child(0).append_text("x");
        l.append_list();
    }
    // Two row groups at least.
    const auto out =
        write_parquet(schema.fields, {n.finish(), d.finish(), big.finish(), s.finish(), l.finish()},
                      {.plain_columns = {}, .raw_columns = {}, .row_group_bytes = 300});
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(out->file.record_count, 5);
    EXPECT_EQ(hex(out->file.lower_bounds.at(1)), "fe ff ff ff");
    EXPECT_EQ(hex(out->file.upper_bounds.at(1)), "02 00 00 00");
    EXPECT_EQ(hex(out->file.lower_bounds.at(2)), "ff 38");
    EXPECT_EQ(hex(out->file.upper_bounds.at(2)), "00 c8");
    EXPECT_EQ(hex(out->file.lower_bounds.at(3)), "fe");
    EXPECT_EQ(out->file.lower_bounds.at(4), "a long text, lon");
    EXPECT_EQ(out->file.upper_bounds.at(4), "a long text, loo");
    EXPECT_EQ(out->file.null_counts.at(4), 1);
    EXPECT_FALSE(out->file.lower_bounds.contains(6));
    EXPECT_EQ(out->file.value_counts.at(6), 5);
}

}  // namespace
}  // namespace mr::lake
