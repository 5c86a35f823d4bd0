#include "lake/table.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "base/uuid.h"
#include "lake/expiry.h"

namespace mr::lake {
namespace {

constexpr int kCommitAttempts = 8;
/// So many manifests with fewer entries than half a full one are merged (Iceberg's own default count).
constexpr std::size_t kManifestsToMerge = 100;
/// Entries of a full manifest: about 1 MiB; merging holds a few manifests decoded, about 6 KiB an entry.
constexpr std::size_t kManifestEntries = 4'000;

std::int64_t new_snapshot_id() {
    std::int64_t id = 0;
    const Uuid random = Uuid::random();
    for (std::size_t i = 0; i < 8; ++i) id = (id << 8) | random.bytes[i];
    return id & INT64_MAX;
}

std::int64_t entries_of(const ManifestFile& m) {
    return m.added_files + m.existing_files + m.deleted_files;
}

}  // namespace

/// What one append() has made so far.
struct Table::Commit {
    std::string id = Uuid::random().to_string();
    std::int64_t snapshot_id = new_snapshot_id();
    std::int64_t named_for = 0;  ///< the version in the names of its files
    Summary summary;
    std::vector<ManifestEntry> entries;
    std::optional<ManifestFile> manifest;
    std::vector<std::string> written;
    int files = 0;

    std::string next_name(std::string_view end) {
        return our_name(named_for, id, fmt::format("{}{}", ++files, end));
    }
};

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
    for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
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
                kCommitAttempts);
}

Status Table::append(const std::vector<ColumnPtr>& columns, Summary summary) {
    MR_CHECK(columns.size() == fields_.size() && !columns.empty() && columns[0]->size() > 0,
             "{} columns for {} fields", columns.size(), fields_.size());
    Commit commit;
    commit.named_for = version_ + 1;
    commit.summary = std::move(summary);
    commit.summary[std::string(kCommitId)] = commit.id;
    Status status = write_data(columns, commit);
    bool conflict = true;
    // Until a version is put in place nothing names these files; afterwards only a reader can tell.
    bool unnamed = true;
    for (int attempt = 0; status && conflict && attempt < kCommitAttempts; ++attempt) {
        const std::string known = our_commit_;
        if (attempt > 0) {
            status = reload();
            if (status && our_commit_ != known)
                status =
                    fail(Code::fenced, "{}: another millrace has committed to this table; stop one of them",
                         folder_.directory());
            if (!status) break;
        }
        unnamed = false;
        status = commit_once(commit, conflict);
        unnamed = status && conflict;
    }
    if (status && conflict)
        status = fail(Code::unavailable, "{}: other writers were faster {} times", folder_.directory(),
                      kCommitAttempts);
    if (!status && unnamed)
        for (const std::string& path : commit.written) folder_.remove(path);
    if (status) our_commit_ = commit.id;
    return status;
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

Status Table::write_file(const std::vector<ColumnPtr>& columns, std::optional<std::int32_t> hour,
                         Commit& commit) {
    MR_TRY(ParquetFile parquet, write_parquet(fields_, columns, spec_.parquet));
    std::string directory = join_path(folder_.directory(), "data");
    if (metadata_.spec.is_partitioned())
        directory = join_path(directory, fmt::format("{}={}", metadata_.spec.name, hour_text(hour)));
    parquet.file.path = join_path(directory, commit.next_name(".parquet"));
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

Result<std::vector<ManifestFile>> Table::manifests_of(const Snapshot& snapshot) const {
    MR_TRY(const std::string bytes, folder_.read(snapshot.manifest_list));
    auto list = decode_manifest_list(bytes);
    if (!list) return annotate(std::move(list).error(), snapshot.manifest_list);
    return list;
}

Status Table::merge_manifests(std::vector<ManifestFile>& manifests, Commit& commit) {
    const auto small = [&](const ManifestFile& m) {
        return m.content == 0 && m.spec_id == metadata_.spec.id &&
               entries_of(m) < static_cast<std::int64_t>(kManifestEntries / 2);
    };
    if (std::ranges::count_if(manifests, small) < static_cast<std::ptrdiff_t>(kManifestsToMerge)) return {};
    std::vector<ManifestFile> out;
    std::vector<ManifestEntry> entries;
    const auto flush = [&]() -> Status {
        if (entries.empty()) return {};
        ManifestFile line;
        const std::string bytes = encode_manifest(metadata_.schema, metadata_.spec, entries, line);
        line.path = join_path(folder_.metadata_directory(), commit.next_name(".avro"));
        line.sequence = metadata_.last_sequence + 1;
        line.min_sequence = std::min(line.min_sequence, line.sequence);
        line.snapshot_id = commit.snapshot_id;
        commit.written.push_back(line.path);
        MR_TRY_VOID(folder_.write_new(line.path, bytes, false));
        out.push_back(std::move(line));
        entries.clear();
        return {};
    };
    for (const ManifestFile& m : manifests) {
        if (!small(m)) {
            out.push_back(m);
            continue;
        }
        MR_TRY(const std::string bytes, folder_.read(m.path));
        auto decoded = decode_manifest(bytes, m);
        if (!decoded) return annotate(std::move(decoded).error(), m.path);
        for (ManifestEntry& e : *decoded) {
            if (e.status == EntryStatus::deleted) continue;
            e.status = EntryStatus::existing;
            entries.push_back(std::move(e));
            if (entries.size() >= kManifestEntries) MR_TRY_VOID(flush());
        }
    }
    MR_TRY_VOID(flush());
    manifests = std::move(out);
    return {};
}

Result<Snapshot> Table::build_snapshot(Commit& commit) {
    std::vector<ManifestFile> manifests;
    if (const Snapshot* parent = metadata_.current()) {
        MR_TRY(manifests, manifests_of(*parent));
    }
    const std::size_t carried = manifests.size();
    std::int64_t files_before = 0;
    for (const ManifestFile& m : manifests)
        if (m.content == 0) files_before += m.added_files + m.existing_files;
    MR_TRY_VOID(merge_manifests(manifests, commit));
    std::int64_t files = 0, rows = 0, bytes = 0;
    for (const ManifestFile& m : manifests) {
        if (m.content != 0) continue;
        files += m.added_files + m.existing_files;
        rows += m.added_rows + m.existing_rows;
    }
    // An append keeps every file of its parent, merged or not.
    MR_CHECK(files == files_before, "{} files of {} after merging {} manifests", files, files_before,
             carried);
    if (!commit.manifest) {
        ManifestFile line;
        const std::string encoded = encode_manifest(metadata_.schema, metadata_.spec, commit.entries, line);
        line.path = join_path(folder_.metadata_directory(), commit.next_name(".avro"));
        line.snapshot_id = commit.snapshot_id;
        commit.written.push_back(line.path);
        MR_TRY_VOID(folder_.write_new(line.path, encoded, false));
        commit.manifest = std::move(line);
    }
    Snapshot out{.id = commit.snapshot_id,
                 .parent = metadata_.current_snapshot,
                 .sequence = metadata_.last_sequence + 1,
                 .timestamp_ms = std::max(clock_.now().value, metadata_.last_updated_ms),
                 .manifest_list = {},
                 .summary = commit.summary,
                 .schema_id = metadata_.schema.id};
    ManifestFile line = *commit.manifest;
    line.sequence = line.min_sequence = out.sequence;
    manifests.insert(manifests.begin(), line);
    for (const ManifestEntry& e : commit.entries) bytes += e.file.bytes;
    out.summary["operation"] = "append";
    out.summary["added-data-files"] = std::to_string(line.added_files);
    out.summary["added-records"] = std::to_string(line.added_rows);
    out.summary["added-files-size"] = std::to_string(bytes);
    out.summary["total-data-files"] = std::to_string(files + line.added_files);
    out.summary["total-records"] = std::to_string(rows + line.added_rows);
    out.manifest_list = join_path(folder_.metadata_directory(), commit.next_name("-snap.avro"));
    commit.written.push_back(out.manifest_list);
    const SnapshotIds ids{.id = out.id, .parent = out.parent, .sequence = out.sequence};
    // The directory is synced with it, for the manifests before it too.
    MR_TRY_VOID(folder_.write_new(out.manifest_list, encode_manifest_list(ids, manifests), true));
    return out;
}

Status Table::commit_once(Commit& commit, bool& conflict) {
    MR_TRY(Snapshot snapshot, build_snapshot(commit));
    TableMetadata next = metadata_;
    next.last_sequence = snapshot.sequence;
    next.current_snapshot = snapshot.id;
    next.snapshot_log.emplace_back(snapshot.timestamp_ms, snapshot.id);
    next.last_updated_ms = snapshot.timestamp_ms;
    next.snapshots.push_back(std::move(snapshot));
    return commit_metadata(std::move(next), conflict);
}

Status Table::commit_metadata(TableMetadata next, bool& conflict) {
    conflict = false;
    next.last_updated_ms = std::max({clock_.now().value, metadata_.last_updated_ms, next.last_updated_ms});
    next.metadata_log.emplace_back(metadata_.last_updated_ms, folder_.version_path(version_));
    std::vector<std::string> old_metadata;
    while (next.metadata_log.size() > kMetadataLogMax) {
        old_metadata.push_back(next.metadata_log.front().second);
        next.metadata_log.erase(next.metadata_log.begin());
    }
    TableMetadata before = next;
    const auto dropped = expire_snapshots(next, next.last_updated_ms, spec_.retention_ms);
    auto status = folder_.commit_version(version_ + 1, next.to_json(), Uuid::random().to_string());
    if (!status && status.error().code == Code::already_exists) {
        conflict = true;
        return {};
    }
    MR_TRY_VOID(std::move(status));
    metadata_ = std::move(next);
    ++version_;
    for (const std::string& path : old_metadata) folder_.remove(path);
    if (!dropped.empty()) delete_dropped(before, dropped);
    return {};
}

/// Manifest lists of dropped snapshots, and manifests only those had. A manifest is in the lists of a run of
/// snapshots, so in a linear history the neighbours that stay know whether it is still needed.
void Table::delete_dropped(const TableMetadata& before, const std::vector<Snapshot>& dropped) {
    std::vector<Snapshot> all = before.snapshots;
    std::ranges::sort(all, {}, &Snapshot::sequence);
    std::set<std::int64_t> gone;
    for (const Snapshot& s : dropped) gone.insert(s.id);
    const bool everything = !metadata_.pinned.empty() || !is_linear(all);
    std::set<std::string> needed, unneeded;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool is_gone = gone.contains(all[i].id);
        const bool neighbour =
            (i > 0 && gone.contains(all[i - 1].id)) || (i + 1 < all.size() && gone.contains(all[i + 1].id));
        if (!is_gone && !neighbour && !everything && all[i].id != metadata_.current_snapshot) continue;
        const auto list = manifests_of(all[i]);
        if (!list) {
            log_warn("lake", "{}: kept what may be unneeded: {}", all[i].manifest_list, list.error().message);
            return;
        }
        for (const ManifestFile& m : *list) (is_gone ? unneeded : needed).insert(m.path);
    }
    for (const Snapshot& s : dropped) folder_.remove(s.manifest_list);
    for (const std::string& path : unneeded)
        if (!needed.contains(path)) folder_.remove(path);
}

/// Files written for the last versions that nothing names: those of a commit that a crash cut short. Older
/// ones were dealt with by an earlier open().
Status Table::remove_orphans() {
    constexpr std::int64_t kVersionsBack = 16, kSequencesBack = 64;
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
