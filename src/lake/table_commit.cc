// How a Table commits: manifests, manifest list, metadata, and another try where somebody was faster.
#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/check.h"
#include "lake/expiry.h"
#include "lake/internal/commit.h"

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
std::int64_t live_files(const ManifestFile& m) {
    return m.added_files + m.existing_files;
}

std::int64_t number_or(const Snapshot* snapshot, std::string_view key, std::int64_t fallback) {
    if (snapshot == nullptr) return 0;
    const auto found = snapshot->summary.find(key);
    if (found == snapshot->summary.end()) return fallback;
    std::int64_t out = fallback;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), out);
    return out;
}

}  // namespace

bool may_hold(const ManifestFile& m, const std::set<std::optional<std::int32_t>>& hours) {
    if (m.partitions.size() != 1 || hours.empty()) return true;
    const auto& p = m.partitions[0];
    if (hours.contains(std::nullopt) && p.contains_null) return true;
    const auto number = [](const std::string& bytes) {
        ByteReader in(bytes);
        return in.i32();
    };
    if (!p.lower || !p.upper || p.lower->size() != 4 || p.upper->size() != 4)
        return p.lower.has_value() || p.upper.has_value();
    const auto from = hours.lower_bound(number(*p.lower));
    return from != hours.end() && *from && **from <= number(*p.upper);
}

Uuid timed_uuid(std::int64_t now_ms) {
    Uuid id = Uuid::random();
    for (std::size_t i = 0; i < 6; ++i)
        id.bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(now_ms) >> (8 * (5 - i)));
    id.bytes[6] = static_cast<std::uint8_t>(0x70 | (id.bytes[6] & 0x0f));
    return id;
}

std::optional<std::int64_t> arrival_in_name(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);
    if (version_in_name(name) < 0) return std::nullopt;
    name.remove_prefix(name.find('-', 3) + 1);
    const auto id = Uuid::parse(name.substr(0, 36));
    if (!id || id->bytes[6] >> 4 != 7) return std::nullopt;
    std::int64_t out = 0;
    for (std::size_t i = 0; i < 6; ++i) out = (out << 8) | id->bytes[i];
    return out;
}

Table::Commit::Commit(std::int64_t arrived_ms, std::int64_t version, std::string what, Summary with)
    : id(timed_uuid(arrived_ms).to_string()),
      snapshot_id(new_snapshot_id()),
      named_for(version),
      operation(std::move(what)),
      summary(std::move(with)) {
    summary[std::string(kCommitId)] = id;
}

Status Table::run_commit(Commit& commit, const Status& written) {
    Status status = written;
    bool conflict = true;
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
        const std::size_t before = commit.written.size();
        status = commit_once(commit, conflict);
        if (!status || !conflict) continue;
        // The next attempt writes these again.
        commit.named = false;
        for (std::size_t i = before; i < commit.written.size(); ++i)
            if (!commit.manifest || commit.written[i] != commit.manifest->path)
                folder_.remove(commit.written[i]);
    }
    if (status && conflict)
        status = fail(Code::unavailable, "{}: other writers were faster {} times", folder_.directory(),
                      kCommitAttempts);
    // Until a version is put in place nothing names these files; afterwards only a reader can tell.
    if (!status && !commit.named)
        for (const std::string& path : commit.written) folder_.remove(path);
    if (status) our_commit_ = commit.id;
    return status;
}

Result<std::vector<ManifestFile>> Table::manifests_of(const Snapshot& snapshot) const {
    MR_TRY(const std::string bytes, folder_.read(snapshot.manifest_list));
    auto list = decode_manifest_list(bytes);
    if (!list) return annotate(std::move(list).error(), snapshot.manifest_list);
    return list;
}

Result<std::vector<ManifestEntry>> Table::entries_of_manifest(const ManifestFile& manifest) const {
    MR_TRY(const std::string bytes, folder_.read(manifest.path));
    auto decoded = decode_manifest(bytes, manifest);
    if (!decoded) return annotate(std::move(decoded).error(), manifest.path);
    return decoded;
}

Status Table::write_manifest(std::vector<ManifestEntry>& entries, Commit& commit,
                             std::vector<ManifestFile>& out) {
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
}

Status Table::merge_manifests(std::vector<ManifestFile>& manifests, Commit& commit) {
    const auto small = [&](const ManifestFile& m) {
        return m.content == 0 && m.spec_id == metadata_.spec.id &&
               entries_of(m) < static_cast<std::int64_t>(kManifestEntries / 2);
    };
    if (std::ranges::count_if(manifests, small) < static_cast<std::ptrdiff_t>(kManifestsToMerge)) return {};
    std::vector<ManifestFile> out;
    std::vector<ManifestEntry> entries;
    for (const ManifestFile& m : manifests) {
        // What this commit removes must stay visible as removed by it.
        if (!small(m) || m.snapshot_id == commit.snapshot_id) {
            out.push_back(m);
            continue;
        }
        MR_TRY(auto decoded, entries_of_manifest(m));
        for (ManifestEntry& e : decoded) {
            if (e.status == EntryStatus::deleted) continue;
            e.status = EntryStatus::existing;
            entries.push_back(std::move(e));
            if (entries.size() >= kManifestEntries) MR_TRY_VOID(write_manifest(entries, commit, out));
        }
    }
    MR_TRY_VOID(write_manifest(entries, commit, out));
    manifests = std::move(out);
    return {};
}

/// Writes the manifests that name files of `commit.removed` again, those marked as deleted.
Status Table::remove_from_manifests(std::vector<ManifestFile>& manifests, Commit& commit) {
    commit.removed_rows = commit.removed_bytes = 0;
    std::size_t found = 0;
    std::vector<ManifestFile> out;
    std::vector<ManifestEntry> changed;
    for (const ManifestFile& m : manifests) {
        if (m.content != 0 || m.spec_id != metadata_.spec.id || !may_hold(m, commit.removed_hours)) {
            out.push_back(m);
            continue;
        }
        MR_TRY(auto entries, entries_of_manifest(m));
        const auto is_removed = [&](const ManifestEntry& e) {
            return e.status != EntryStatus::deleted && commit.removed.contains(e.file.path);
        };
        if (std::ranges::none_of(entries, is_removed)) {
            out.push_back(m);
            continue;
        }
        for (ManifestEntry& e : entries) {
            if (e.status == EntryStatus::deleted) continue;
            const bool removed = is_removed(e);
            e.status = removed ? EntryStatus::deleted : EntryStatus::existing;
            if (removed) {
                ++found;
                e.snapshot_id = commit.snapshot_id;
                commit.removed_rows += e.file.record_count;
                commit.removed_bytes += e.file.bytes;
            }
            changed.push_back(std::move(e));
            if (changed.size() >= kManifestEntries) MR_TRY_VOID(write_manifest(changed, commit, out));
        }
    }
    MR_TRY_VOID(write_manifest(changed, commit, out));
    manifests = std::move(out);
    if (found != commit.removed.size())
        return fail(Code::not_found, "{}: {} of {} files are no longer part of the table",
                    folder_.directory(), commit.removed.size() - found, commit.removed.size());
    return {};
}

Status Table::write_added(Commit& commit) {
    if (commit.manifest || commit.entries.empty()) return {};
    ManifestFile line;
    const std::string encoded = encode_manifest(metadata_.schema, metadata_.spec, commit.entries, line);
    line.path = join_path(folder_.metadata_directory(), commit.next_name(".avro"));
    line.snapshot_id = commit.snapshot_id;
    commit.written.push_back(line.path);
    MR_TRY_VOID(folder_.write_new(line.path, encoded, false));
    commit.manifest = std::move(line);
    return {};
}

void Table::summarise(const Commit& commit, const std::vector<ManifestFile>& manifests, Snapshot& out) const {
    std::int64_t files = 0, rows = 0, added_rows = 0, added_bytes = 0;
    bool deletes = false;
    for (const ManifestFile& m : manifests) {
        deletes = deletes || m.content != 0;
        if (m.content != 0) continue;
        files += live_files(m);
        rows += m.added_rows + m.existing_rows;
    }
    std::set<std::optional<std::int32_t>> hours = commit.removed_hours;
    for (const ManifestEntry& e : commit.entries) {
        added_rows += e.file.record_count;
        added_bytes += e.file.bytes;
        hours.insert(e.file.hour);
    }
    const auto say = [&](const char* key, std::int64_t v) { out.summary[key] = std::to_string(v); };
    out.summary["operation"] = commit.operation;
    if (!commit.entries.empty()) {
        say("added-data-files", static_cast<std::int64_t>(commit.entries.size()));
        say("added-records", added_rows);
        say("added-files-size", added_bytes);
    }
    if (!commit.removed.empty()) {
        say("deleted-data-files", static_cast<std::int64_t>(commit.removed.size()));
        say("deleted-records", commit.removed_rows);
        say("removed-files-size", commit.removed_bytes);
    }
    say("changed-partition-count", static_cast<std::int64_t>(hours.size()));
    say("total-data-files", files);
    say("total-records", rows);
    // Only the parent knows the size of what was there before; one that does not say leaves it unsaid.
    const std::int64_t before = number_or(metadata_.current(), "total-files-size", -1);
    if (before >= 0) say("total-files-size", before + added_bytes - commit.removed_bytes);
    if (deletes) return;
    for (const char* none : {"total-delete-files", "total-position-deletes", "total-equality-deletes"})
        say(none, 0);
}

Result<Snapshot> Table::build_snapshot(Commit& commit) {
    std::vector<ManifestFile> manifests;
    if (const Snapshot* parent = metadata_.current()) {
        MR_TRY(manifests, manifests_of(*parent));
    }
    // Manifests that only say what an earlier commit removed have said it.
    std::erase_if(manifests, [](const ManifestFile& m) { return m.content == 0 && live_files(m) == 0; });
    const auto live = [&] {
        std::int64_t out = 0;
        for (const ManifestFile& m : manifests) out += m.content == 0 ? live_files(m) : 0;
        return out;
    };
    const std::int64_t files_before = live();
    if (!commit.removed.empty()) MR_TRY_VOID(remove_from_manifests(manifests, commit));
    MR_TRY_VOID(merge_manifests(manifests, commit));
    // A commit keeps every file of its parent but those it removes, merged or not.
    MR_CHECK(live() == files_before - static_cast<std::int64_t>(commit.removed.size()),
             "{} files of {} after removing {}", live(), files_before, commit.removed.size());
    MR_TRY_VOID(write_added(commit));
    Snapshot out{.id = commit.snapshot_id,
                 .parent = metadata_.current_snapshot,
                 .sequence = metadata_.last_sequence + 1,
                 .timestamp_ms = std::max(clock_.now().value, metadata_.last_updated_ms),
                 .manifest_list = {},
                 .summary = commit.summary,
                 .schema_id = metadata_.schema.id};
    if (commit.manifest) {
        ManifestFile line = *commit.manifest;
        line.sequence = out.sequence;
        line.min_sequence = std::min(line.min_sequence, out.sequence);
        manifests.insert(manifests.begin(), line);
    }
    summarise(commit, manifests, out);
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
    commit.named = true;
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

}  // namespace mr::lake
