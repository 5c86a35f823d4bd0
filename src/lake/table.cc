#include "lake/table.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "base/uuid.h"
#include "lake/expiry.h"
#include "lake/internal/commit.h"

namespace mr::lake {
namespace {

/// Tries of a change of the schema against other writers.
constexpr int kSchemaAttempts = 8;

}  // namespace

Result<std::unique_ptr<Table>> Table::open(FileSystem& fs, Clock& clock, TableSpec spec) {
    auto table = std::make_unique<Table>(fs, clock, std::move(spec));
    const std::string& directory = table->folder_.directory();
    MR_TRY_VOID(table->folder_.prepare());
    if (table->spec_.lock) {
        auto lock = fs.lock(join_path(directory, ".millrace.lock"));
        if (!lock)
            return annotate(std::move(lock).error(),
                            fmt::format("lake table {} (does another millrace write it?)", directory));
        table->lock_ = std::move(*lock);
    }
    MR_TRY(const std::int64_t version, table->folder_.newest_version());
    if (version == 0) MR_TRY_VOID(table->create());
    MR_TRY_VOID(table->reload());
    MR_TRY_VOID(table->adopt_schema());
    if (table->spec_.lock) MR_TRY_VOID(table->remove_orphans());
    return table;
}

Status Table::create() {
    TableMetadata m;
    m.uuid = Uuid::random().to_string();
    m.location = folder_.directory();
    m.last_updated_ms = clock_.now().value;
    m.schema = spec_.columns;
    m.last_column_id = m.schema.last_id();
    if (!spec_.time_column.empty()) {
        const LakeField* time = m.schema.find(spec_.time_column);
        if (time == nullptr || !time->type.name.starts_with("timestamp"))
            return fail(Code::invalid_argument, "time column `{}` is no timestamp of the table",
                        spec_.time_column);
        m.spec = {.id = 0, .source_id = time->id, .name = spec_.time_column + "_hour"};
        m.last_partition_id = PartitionSpec::kFieldId;
    }
    m.properties = {{"created-by", "millrace"},
                    {"write.format.default", "parquet"},
                    {"write.parquet.compression-codec", "zstd"},
                    {"write.metadata.delete-after-commit.enabled", "true"},
                    {"write.metadata.previous-versions-max", std::to_string(kMetadataLogMax)}};
    m.other = {{"sort-orders", R"([{"order-id":0,"fields":[]}])"}, {"default-sort-order-id", "0"}};
    auto made = folder_.commit_version(1, m.to_json(), m.uuid);
    if (!made && made.error().code == Code::already_exists) return {};
    return made;
}

Status Table::reload() {
    MR_TRY(version_, folder_.newest_version());
    const std::string path = folder_.version_path(version_);
    MR_TRY(const std::string text, folder_.read(path));
    auto parsed = TableMetadata::parse(text);
    if (!parsed) return annotate(std::move(parsed).error(), path);
    // What is read here is built upon: it may not vanish any more.
    MR_TRY_VOID(folder_.fs().sync_dir(folder_.metadata_directory()));
    metadata_ = std::move(*parsed);
    const auto here = folder_.local(join_path(metadata_.location, "metadata"));
    if (!here || *here != folder_.metadata_directory()) {
        return fail(
            Code::unsupported,
            "{} says the table lies in {}: Iceberg's files name each other by absolute path, so a lake "
            "cannot be moved; put it back or set lake.path",
            path, metadata_.location);
    }
    const Summary ours = position();
    our_commit_ = ours.contains(kCommitId) ? ours.find(kCommitId)->second : "";
    return {};
}

Summary Table::position() const {
    const Snapshot* ours = metadata_.newest_with(kCommitId);
    return ours == nullptr ? Summary() : ours->summary;
}

Status Table::adopt_schema() {
    for (int attempt = 0; attempt < kSchemaAttempts; ++attempt) {
        TableMetadata next = metadata_;
        int new_id = next.schema.id;
        for (const std::string& other : next.other_schemas) {
            MR_TRY(const LakeSchema schema, LakeSchema::parse(other));
            new_id = std::max(new_id, schema.id);
        }
        MR_TRY(next.schema, evolve(metadata_.schema, spec_.columns, next.last_column_id, new_id + 1));
        bool conflict = false;
        if (next.schema.id != metadata_.schema.id) {
            next.other_schemas.push_back(metadata_.schema.to_json());
            MR_TRY_VOID(commit_metadata(std::move(next), conflict));
        }
        if (conflict) {
            MR_TRY_VOID(reload());
            continue;
        }
        fields_.clear();
        for (const LakeField& column : spec_.columns.fields)
            fields_.push_back(*metadata_.schema.find(column.name));
        const LakeField* time = metadata_.schema.find(spec_.time_column);
        if (!metadata_.spec_is_ours || metadata_.spec.source_id != (time == nullptr ? 0 : time->id)) {
            return fail(
                Code::unsupported,
                "{} is partitioned differently (by {}): set 'time-column' to what it was, or write to "
                "another 'catalog-table'",
                folder_.directory(), metadata_.spec.name.empty() ? "nothing" : metadata_.spec.name);
        }
        return {};
    }
    return fail(Code::unavailable, "{}: other writers were faster {} times", folder_.directory(),
                kSchemaAttempts);
}

Status Table::append(const std::vector<ColumnPtr>& columns, Summary summary) {
    MR_CHECK(columns.size() == fields_.size() && !columns.empty() && columns[0]->size() > 0,
             "{} columns for {} fields", columns.size(), fields_.size());
    Commit commit(clock_.now().value, version_ + 1, "append", std::move(summary));
    const Status written = write_data(columns, commit);
    return run_commit(commit, written);
}

Status Table::write_data(const std::vector<ColumnPtr>& columns, Commit& commit) {
    if (spec_.time_column.empty()) return write_file(columns, std::nullopt, commit);
    const auto at = static_cast<std::size_t>(std::ranges::find(fields_, spec_.time_column, &LakeField::name) -
                                             fields_.begin());
    const Column& time = *columns[at];
    std::map<std::optional<std::int32_t>, std::vector<std::uint32_t>> hours;
    for (std::size_t row = 0; row < time.size(); ++row) {
        std::optional<std::int32_t> hour;
        if (!time.is_null(row)) hour = hour_of(to_micros(time.integer(row), time.type().time_unit()));
        hours[hour].push_back(static_cast<std::uint32_t>(row));
    }
    for (const auto& [hour, rows] : hours) {
        if (hours.size() == 1) return write_file(columns, hour, commit);
        std::vector<ColumnPtr> part;
        for (const ColumnPtr& c : columns) part.push_back(Column::take(c, rows));
        MR_TRY_VOID(write_file(part, hour, commit));
    }
    return {};
}

std::string Table::data_directory(std::optional<std::int32_t> hour) const {
    const std::string directory = join_path(folder_.directory(), "data");
    if (!metadata_.spec.is_partitioned()) return directory;
    return join_path(directory, fmt::format("{}={}", metadata_.spec.name, hour_text(hour)));
}

Status Table::write_file(const std::vector<ColumnPtr>& columns, std::optional<std::int32_t> hour,
                         Commit& commit) {
    MR_TRY(ParquetFile parquet, write_parquet(fields_, columns, spec_.parquet));
    parquet.file.path = join_path(data_directory(hour), commit.next_name(".parquet"));
    parquet.file.hour = hour;
    commit.written.push_back(parquet.file.path);
    MR_TRY_VOID(folder_.write_new(parquet.file.path, parquet.bytes, true));
    commit.entries.push_back({.status = EntryStatus::added,
                              .snapshot_id = commit.snapshot_id,
                              .sequence = {},
                              .file_sequence = {},
                              .file = std::move(parquet.file)});
    return {};
}

/// Files written for the last versions that nothing names: those of a commit that a crash cut short. Older
/// ones were dealt with by an earlier open().
Status Table::remove_orphans() {
    constexpr std::int64_t kVersionsBack = 16, kSequencesBack = 64;
    MR_TRY(const auto unfinished, folder_.temporary_files());
    for (const std::string& path : unfinished) folder_.remove(path);
    MR_TRY(const auto files, folder_.our_files());
    std::vector<std::string> suspects;
    for (const std::string& path : files)
        if (version_in_name(path) > version_ - kVersionsBack) suspects.push_back(path);
    if (suspects.empty()) return {};
    std::set<std::string> named;
    std::set<std::string> seen;
    for (const Snapshot& s : metadata_.snapshots) {
        named.insert(s.manifest_list);
        if (s.sequence <= metadata_.last_sequence - kSequencesBack && s.id != metadata_.current_snapshot)
            continue;
        MR_TRY(const auto list, manifests_of(s));
        for (const ManifestFile& m : list) {
            named.insert(m.path);
            if (m.sequence <= metadata_.last_sequence - kSequencesBack || !seen.insert(m.path).second)
                continue;
            MR_TRY(const std::string bytes, folder_.read(m.path));
            MR_TRY(const auto entries, decode_manifest(bytes, m));
            for (const ManifestEntry& e : entries) named.insert(e.file.path);
        }
    }
    for (const std::string& path : suspects) {
        if (named.contains(path)) continue;
        log_info("lake", "removed {}: a commit was cut short", path);
        folder_.remove(path);
    }
    return {};
}

}  // namespace mr::lake
