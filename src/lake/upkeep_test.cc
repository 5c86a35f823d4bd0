// Upkeep of a table on the simulated file system. Goal: rewriting and dropping change which files hold the
// rows and never which rows there are, whatever crash lies between; what no snapshot names is gone from the
// disk.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/sim_file_system.h"
#include "lake/internal/commit.h"
#include "lake/parquet_reader.h"
#include "lake/table.h"

namespace mr::lake {
namespace {

constexpr const char* kDirectory = "/lake/main/t";
constexpr std::int64_t kStart = 1'700'000'400'000;  // 22:20
constexpr std::int64_t kHour = 3'600'000;

Schema sql_columns() {
    return {{{"id", DataType::bigint()}, {"at", DataType::timestamp_ltz(3)}, {"x", DataType::double_type()}}};
}

TableSpec spec_of(const Schema& columns = sql_columns()) {
    TableSpec spec;
    spec.directory = kDirectory;
    spec.columns = *lake_schema(columns, false);
    spec.time_column = "at";
    spec.compaction.quiet_ms = 60'000;
    return spec;
}

std::unique_ptr<Table> open_table(FileSystem& fs, Clock& clock, TableSpec spec = spec_of()) {
    auto table = Table::open(fs, clock, std::move(spec));
    EXPECT_TRUE(table) << table.error().message;
    return table ? std::move(*table) : nullptr;
}

/// One row with this id, at the hour of `at`.
Status append(Table& table, std::int64_t id, std::int64_t at) {
    ColumnBuilder ids(DataType::bigint()), times(DataType::timestamp_ltz(3)), xs(DataType::double_type());
    ids.append_integer(id);
    times.append_integer(at);
    xs.append_real(std::numeric_limits<double>::quiet_NaN());
    return table.append({ids.finish(), times.finish(), xs.finish()},
                        {{"millrace.through", std::to_string(id)}});
}

struct Contents {
    std::multiset<std::int64_t> ids;
    std::set<std::string> files, manifests;
};

/// Of a snapshot, read from its Parquet files.
Contents contents(FileSystem& fs, const TableMetadata& metadata, const Snapshot& snapshot) {
    Contents out;
    const LakeField id = *metadata.schema.find("id");
    const auto manifests = decode_manifest_list(*read_file(fs, snapshot.manifest_list));
    for (const ManifestFile& m : *manifests) {
        out.manifests.insert(m.path);
        const auto entries = decode_manifest(*read_file(fs, m.path), m);
        for (const ManifestEntry& e : *entries) {
            if (e.status == EntryStatus::deleted) continue;
            EXPECT_TRUE(out.files.insert(e.file.path).second);
            auto reader = ParquetReader::open(fs, e.file.path, {id}, {DataType::bigint()}, 100);
            EXPECT_TRUE(reader) << reader.error().message;
            if (!reader) continue;
            while (auto batch = *(*reader)->next())
                for (std::size_t i = 0; i < batch->rows; ++i) out.ids.insert(batch->columns[0]->integer(i));
        }
    }
    return out;
}
Contents current(FileSystem& fs, const Table& table) {
    return contents(fs, table.metadata(), *table.metadata().current());
}

std::set<std::string> files_on_disk(FileSystem& fs) {
    Folder folder(fs, kDirectory);
    std::set<std::string> out;
    const auto ours = folder.our_files();
    for (const std::string& path : *ours)
        if (path.ends_with(".parquet")) out.insert(path);
    const auto temporary = folder.temporary_files();
    for (const std::string& path : *temporary) out.insert(path);
    return out;
}

Status rewrite_all(Table& table, int& rewrites) {
    for (;;) {
        MR_TRY(const auto job, table.plan_rewrite());
        if (job == nullptr) return {};
        for (;;) {
            MR_TRY(const bool done, job->run_slice());
            if (done) break;
        }
        MR_TRY_VOID(table.commit_rewrite(*job));
        ++rewrites;
    }
}

TEST(Upkeep, SmallFilesBecomeOneAndRowsStay) {
    SimFileSystem fs(1);
    VirtualClock clock{TimestampMs(kStart)};
    auto table = open_table(fs, clock);
    std::multiset<std::int64_t> ids;
    for (int i = 0; i < 30; ++i) {
        ASSERT_TRUE(append(*table, i, kStart + (i % 2) * kHour));
        ids.insert(i);
        clock.advance_ms(1'000);
    }
    int rewrites = 0;
    ASSERT_TRUE(rewrite_all(*table, rewrites));
    EXPECT_EQ(rewrites, 0) << "rows came a moment ago";
    const Snapshot before = *table->metadata().current();
    clock.advance_ms(61'000);
    const auto done = rewrite_all(*table, rewrites);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(rewrites, 2);
    const Contents now = current(fs, *table);
    EXPECT_EQ(now.ids, ids);
    EXPECT_EQ(now.files.size(), 2U);
    EXPECT_EQ(contents(fs, table->metadata(), before).files.size(), 30U) << "time travel";
    const Snapshot& s = *table->metadata().current();
    const auto said = [&](const char* key) { return s.summary.find(key)->second; };
    EXPECT_EQ(said("operation"), "replace");
    EXPECT_EQ(said("added-records"), "15");
    EXPECT_EQ(said("deleted-records"), "15");
    EXPECT_EQ(said("deleted-data-files"), "15");
    EXPECT_EQ(said("total-records"), "30");
    EXPECT_EQ(said("total-data-files"), "2");
    EXPECT_EQ(said("millrace.through"), "29");
    // What only said what was removed goes with the next commit.
    ASSERT_TRUE(append(*table, 30, kStart));
    EXPECT_EQ(current(fs, *table).files.size(), 3U);
    EXPECT_LE(current(fs, *table).manifests.size(), 3U);
    // A fresh table takes up the position of the newest snapshot, whoever made it.
    table.reset();
    table = open_table(fs, clock);
    EXPECT_EQ(table->position()["millrace.through"], "30");
}

TEST(Upkeep, ABusyPartitionIsRewrittenWithoutWhatWasRewrittenBefore) {
    SimFileSystem fs(2);
    VirtualClock clock{TimestampMs(kStart)};
    TableSpec spec = spec_of();
    spec.compaction.busy_files = 20;
    auto table = open_table(fs, clock, std::move(spec));
    int rewrites = 0;
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(append(*table, i, kStart));
        clock.advance_ms(1'000);
        ASSERT_TRUE(rewrite_all(*table, rewrites));
    }
    EXPECT_GE(rewrites, 2);
    EXPECT_LE(rewrites, 6);
    EXPECT_EQ(current(fs, *table).ids.size(), 60U);
}

TEST(Upkeep, ExpiredSnapshotsTakeTheirFilesWithThem) {
    SimFileSystem fs(3);
    VirtualClock clock{TimestampMs(kStart)};
    TableSpec spec = spec_of();
    spec.retention_ms = 2 * kHour;
    auto table = open_table(fs, clock, std::move(spec));
    int rewrites = 0;
    std::multiset<std::int64_t> ids;
    // Six hours, a commit every two minutes: small files of every hour are rewritten, and expire with it.
    for (int i = 0; i < 180; ++i) {
        ASSERT_TRUE(append(*table, i, clock.now().value));
        ids.insert(i);
        clock.advance_ms(120'000);
        ASSERT_TRUE(rewrite_all(*table, rewrites));
    }
    EXPECT_GE(rewrites, 6);
    EXPECT_EQ(current(fs, *table).ids, ids);
    std::set<std::string> named;
    for (const Snapshot& s : table->metadata().snapshots) {
        const Contents c = contents(fs, table->metadata(), s);
        named.insert(c.files.begin(), c.files.end());
        EXPECT_EQ(static_cast<std::int64_t>(c.ids.size()),
                  std::stoll(s.summary.find("total-records")->second));
    }
    EXPECT_EQ(files_on_disk(fs), named);
    EXPECT_LT(named.size(), 120U);
}

TEST(Upkeep, RowsLeaveAfterTheirRetentionByArrival) {
    SimFileSystem fs(4);
    VirtualClock clock{TimestampMs(kStart)};
    TableSpec spec = spec_of();
    spec.retention_ms = kHour;
    spec.row_retention_ms = 24 * kHour;
    auto table = open_table(fs, clock, spec);
    // An old event that comes today is kept as long as any other.
    ASSERT_TRUE(append(*table, 1, kStart - 1'000 * 24 * kHour));
    clock.advance_ms(12 * kHour);
    ASSERT_TRUE(append(*table, 2, clock.now().value));
    EXPECT_EQ(*table->drop_expired(), 0);
    clock.advance_ms(13 * kHour);
    EXPECT_EQ(*table->drop_expired(), 1);
    EXPECT_EQ(current(fs, *table).ids, (std::multiset<std::int64_t>{2}));
    const auto& summary = table->metadata().current()->summary;
    EXPECT_EQ(summary.find("operation")->second, "delete");
    EXPECT_EQ(summary.find("deleted-records")->second, "1");
    EXPECT_EQ(summary.find("total-records")->second, "1");
    EXPECT_EQ(summary.find("millrace.through")->second, "2");
    EXPECT_EQ(*table->drop_expired(), 0);
    // Once no snapshot has it, the file and its folder go.
    for (int i = 3; i < 6; ++i) {
        clock.advance_ms(2 * kHour);
        ASSERT_TRUE(append(*table, i, clock.now().value));
    }
    for (const std::string& path : files_on_disk(fs)) EXPECT_EQ(path.find("at_hour=2021"), std::string::npos);
    EXPECT_EQ(files_on_disk(fs).size(), 4U);
    const auto folders = *fs.list(std::string(kDirectory) + "/data");
    EXPECT_TRUE(
        std::ranges::none_of(folders, [](const std::string& f) { return f.starts_with("at_hour=2021"); }));
    table.reset();
    table = open_table(fs, clock, spec);
    EXPECT_EQ(current(fs, *table).ids.size(), 4U);
}

TEST(Upkeep, ANewColumnIsNullInWhatWasThereBefore) {
    SimFileSystem fs(5);
    VirtualClock clock{TimestampMs(kStart)};
    auto table = open_table(fs, clock);
    ASSERT_TRUE(append(*table, 1, kStart));
    table.reset();
    Schema more = sql_columns();
    more.fields[0].type = DataType::bigint();
    more.fields.push_back({"note", DataType::string()});
    table = open_table(fs, clock, spec_of(more));
    ColumnBuilder id(DataType::bigint()), at(DataType::timestamp_ltz(3)), x(DataType::double_type()),
        note(DataType::string());
    id.append_integer(2), at.append_integer(kStart), x.append_real(0.5), note.append_text("new");
    ASSERT_TRUE(table->append({id.finish(), at.finish(), x.finish(), note.finish()}, {}));
    clock.advance_ms(61'000);
    int rewrites = 0;
    ASSERT_TRUE(rewrite_all(*table, rewrites));
    EXPECT_EQ(rewrites, 1);
    const Contents now = current(fs, *table);
    ASSERT_EQ(now.files.size(), 1U);
    auto reader = ParquetReader::open(fs, *now.files.begin(), {*table->metadata().schema.find("note")},
                                      {DataType::string()}, 100);
    const auto batch = *(*reader)->next();
    ASSERT_TRUE(batch);
    EXPECT_TRUE(batch->columns[0]->is_null(0));
    EXPECT_EQ(batch->columns[0]->text(1), "new");
}

TEST(Upkeep, AJobWhoseFilesWentAwayChangesNothing) {
    SimFileSystem fs(6);
    VirtualClock clock{TimestampMs(kStart)};
    TableSpec spec = spec_of();
    spec.row_retention_ms = kHour;
    auto table = open_table(fs, clock, spec);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*table, i, kStart));
    clock.advance_ms(61'000);
    auto job = *table->plan_rewrite();
    ASSERT_NE(job, nullptr);
    while (!*job->run_slice()) {
    }
    clock.advance_ms(2 * kHour);
    EXPECT_EQ(*table->drop_expired(), 3);
    const auto late = table->commit_rewrite(*job);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::not_found);
    job.reset();
    EXPECT_TRUE(current(fs, *table).ids.empty());
    EXPECT_EQ(files_on_disk(fs).size(), 3U) << "those of the snapshots before";
    // A job whose output an opening removed is refused as well.
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*table, i, kStart));
    clock.advance_ms(61'000);
    job = *table->plan_rewrite();
    while (!*job->run_slice()) {
    }
    table.reset();
    table = open_table(fs, clock, spec);
    EXPECT_FALSE(table->commit_rewrite(*job));
    EXPECT_EQ(current(fs, *table).ids.size(), 3U);
}

TEST(Upkeep, SurvivesACrashAtEveryStep) {
    for (std::uint64_t step = 1; step < 400; step += 3) {
        SimFileSystem fs(step);
        VirtualClock clock{TimestampMs(kStart)};
        auto table = open_table(fs, clock);
        std::multiset<std::int64_t> acked;
        for (int i = 0; i < 4; ++i) {
            ASSERT_TRUE(append(*table, i, kStart));
            acked.insert(i);
        }
        clock.advance_ms(61'000);
        fs.crash_after(step);
        int rewrites = 0;
        bool down = !rewrite_all(*table, rewrites);
        std::int64_t next = 4;
        while (!down && next < 30) {
            if (!append(*table, next, kStart)) break;
            acked.insert(next++);
            clock.advance_ms(61'000);
            down = !rewrite_all(*table, rewrites);
        }
        table.reset();
        fs.crash();
        table = open_table(fs, clock);
        ASSERT_NE(table, nullptr);
        const Contents now = current(fs, *table);
        // The append that was not answered may be there, whole.
        std::multiset<std::int64_t> ids = now.ids;
        if (ids.size() > acked.size()) ids.erase(next);
        ASSERT_EQ(ids, acked) << "step " << step;
        ASSERT_EQ(table->position()["millrace.through"],
                  std::to_string(now.ids.empty() ? 0 : *now.ids.rbegin()));
        std::set<std::string> named;
        for (const Snapshot& s : table->metadata().snapshots)
            named.merge(contents(fs, table->metadata(), s).files);
        ASSERT_EQ(files_on_disk(fs), named) << "step " << step;
    }
}

TEST(Upkeep, FileNamesTellTheArrival) {
    const Uuid id = timed_uuid(1'764'000'000'123);
    const std::string path = "/lake/t/data/at_hour=x/" + our_name(17, id.to_string(), "2.parquet");
    EXPECT_EQ(arrival_in_name(path), 1'764'000'000'123);
    EXPECT_FALSE(arrival_in_name("/lake/t/data/00000-0-x.parquet"));
    EXPECT_FALSE(arrival_in_name("/d/mr-1-8d1f0a52-1111-4111-8111-111111111111-1.parquet"));
}

}  // namespace
}  // namespace mr::lake
