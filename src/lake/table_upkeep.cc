// What keeps a Table small: rewriting small files, dropping old rows, deleting what expired snapshots alone
// named.
#include <algorithm>

#include "base/log.h"
#include "lake/expiry.h"
#include "lake/internal/commit.h"

namespace mr::lake {
namespace {

/// What one job reads at most: it must end within minutes.
constexpr std::int64_t kRewriteBytes = 512 << 20;

}  // namespace

/// When a file's newest row came: by its name, else when the first snapshot that can have it was made.
std::int64_t Table::arrival_of(const ManifestEntry& entry) const {
    if (const auto named = arrival_in_name(entry.file.path)) return *named;
    std::int64_t out = metadata_.last_updated_ms;
    for (const Snapshot& s : metadata_.snapshots)
        if (s.sequence >= entry.sequence.value_or(0)) out = std::min(out, s.timestamp_ms);
    return out;
}

Summary Table::carried_position() const {
    Summary out;
    for (const auto& [key, value] : position())
        if (key.starts_with("millrace.")) out[key] = value;
    return out;
}

/// Reads the manifests of the current snapshot that are new; false where upkeep must leave the table alone.
Result<bool> Table::refresh_facts(std::vector<ManifestFile>& manifests) {
    const Snapshot* current = metadata_.current();
    if (current == nullptr) return false;
    MR_TRY(manifests, manifests_of(*current));
    std::map<std::string, std::vector<FileFacts>> facts;
    for (const ManifestFile& m : manifests) {
        if (m.content != 0 || m.spec_id != metadata_.spec.id) {
            if (!std::exchange(cannot_rewrite_, true))
                log_warn("lake", "{}: another writer's deletes or partitions are left as they are: no upkeep",
                         folder_.directory());
            return false;
        }
        if (const auto known = facts_.find(m.path); known != facts_.end()) {
            facts[m.path] = std::move(known->second);
            continue;
        }
        MR_TRY(const auto entries, entries_of_manifest(m));
        std::vector<FileFacts>& out = facts[m.path];
        for (const ManifestEntry& e : entries)
            if (e.status != EntryStatus::deleted)
                out.push_back({.hour = e.file.hour, .bytes = e.file.bytes, .arrived_ms = arrival_of(e)});
    }
    facts_ = std::move(facts);
    return true;
}

Result<std::vector<ManifestEntry>> Table::inputs_of(const std::vector<ManifestFile>& manifests,
                                                    std::optional<std::int32_t> hour,
                                                    std::int64_t bytes_max) const {
    std::vector<ManifestEntry> out;
    for (const ManifestFile& m : manifests) {
        const auto& facts = facts_.find(m.path)->second;
        if (std::ranges::find(facts, hour, &FileFacts::hour) == facts.end()) continue;
        MR_TRY(auto entries, entries_of_manifest(m));
        for (ManifestEntry& e : entries)
            if (e.status != EntryStatus::deleted && e.file.hour == hour && e.file.bytes < bytes_max)
                out.push_back(std::move(e));
    }
    std::ranges::stable_sort(out, [](const ManifestEntry& a, const ManifestEntry& b) {
        return a.sequence.value_or(0) < b.sequence.value_or(0);
    });
    std::int64_t bytes = 0;
    std::size_t count = 0;
    while (count < out.size() && (count < 2 || bytes + out[count].file.bytes <= kRewriteBytes))
        bytes += out[count++].file.bytes;
    out.resize(count);
    return out;
}

Result<std::unique_ptr<Rewrite>> Table::plan_rewrite() {
    const CompactionOptions& options = spec_.compaction;
    if (!options.enabled) return nullptr;
    std::vector<ManifestFile> manifests;
    MR_TRY(const bool fit, refresh_facts(manifests));
    if (!fit) return nullptr;
    struct Partition {
        std::vector<std::int64_t> small;
        std::int64_t newest_ms = 0;
    };
    const std::int64_t small_bytes = options.target_bytes / 4 * 3;
    std::map<std::optional<std::int32_t>, Partition> partitions;
    for (const auto& [path, files] : facts_) {
        for (const FileFacts& f : files) {
            Partition& p = partitions[f.hour];
            p.newest_ms = std::max(p.newest_ms, f.arrived_ms);
            if (f.bytes < small_bytes) p.small.push_back(f.bytes);
        }
    }
    const std::int64_t now = clock_.now().value;
    for (auto& [hour, p] : partitions) {
        const bool quiet = now - p.newest_ms >= options.quiet_ms;
        if (p.small.size() < 2 || (!quiet && p.small.size() < options.busy_files)) continue;
        std::int64_t bytes_max = small_bytes;
        if (!quiet) {
            // More will come: what was rewritten before is left out, or the partition is read again and
            // again.
            std::ranges::nth_element(p.small,
                                     p.small.begin() + static_cast<std::ptrdiff_t>(p.small.size() / 2));
            bytes_max = std::min(small_bytes, p.small[p.small.size() / 2] * 8 + 1);
            if (std::ranges::count_if(p.small, [&](std::int64_t b) { return b < bytes_max; }) <
                static_cast<std::ptrdiff_t>(options.busy_files / 2))
                continue;
        }
        Rewrite::Plan plan{.inputs = {},
                           .paths = {},
                           .hour = hour,
                           .directory = {},
                           .fields = metadata_.schema.fields,
                           .types = {},
                           .parquet = spec_.parquet,
                           .target_bytes = options.target_bytes,
                           .arrived_ms = 0,
                           .id = Uuid::random().to_string()};
        for (const LakeField& f : plan.fields) {
            auto type = data_type(f.type);
            if (!type) {
                if (!std::exchange(cannot_rewrite_, true))
                    log_warn("lake", "{}: small files stay: column `{}`: {}", folder_.directory(), f.name,
                             type.error().message);
                return nullptr;
            }
            plan.types.push_back(std::move(*type));
        }
        MR_TRY(plan.inputs, inputs_of(manifests, hour, bytes_max));
        for (const ManifestEntry& e : plan.inputs) plan.arrived_ms = std::max(plan.arrived_ms, arrival_of(e));
        for (const ManifestEntry& e : plan.inputs) {
            MR_TRY(auto path, folder_.local(e.file.path));
            plan.paths.push_back(std::move(path));
        }
        plan.directory = data_directory(hour);
        return std::make_unique<Rewrite>(folder_.fs(), std::move(plan));
    }
    return nullptr;
}

Status Table::commit_rewrite(Rewrite& rewrite) {
    const Rewrite::Plan& plan = rewrite.plan();
    MR_CHECK(rewrite.finished(), "a rewrite that is not finished");
    Commit commit(plan.arrived_ms, version_ + 1, "replace", carried_position());
    std::int64_t sequence = 0, rows = 0;
    for (const ManifestEntry& e : plan.inputs) {
        commit.removed.insert(e.file.path);
        sequence = std::max(sequence, e.sequence.value_or(0));
        rows += e.file.record_count;
    }
    commit.removed_hours = {plan.hour};
    Status written;
    for (const DataFile& output : rewrite.outputs()) {
        DataFile file = output;
        rows -= file.record_count;
        file.path = join_path(plan.directory, commit.next_name(".parquet"));
        // The table may have been opened anew meanwhile, which removes unnamed files.
        if (written && !folder_.fs().exists(output.path))
            written = fail(Code::not_found, "{} is gone", output.path);
        if (written) written = folder_.fs().rename(output.path, file.path);
        if (written) commit.written.push_back(file.path);
        // Its rows are as old as those it is made of.
        commit.entries.push_back({.status = EntryStatus::added,
                                  .snapshot_id = commit.snapshot_id,
                                  .sequence = sequence,
                                  .file_sequence = {},
                                  .file = std::move(file)});
    }
    if (written) written = folder_.fs().sync_dir(plan.directory);
    if (written && rows != 0)
        written = fail(Code::corrupt, "{}: rewriting {} files lost or added {} rows: they stay as they are",
                       folder_.directory(), plan.inputs.size(), rows);
    if (written) rewrite.release();
    return run_commit(commit, written);
}

Result<std::int64_t> Table::drop_expired() {
    if (spec_.row_retention_ms <= 0) return 0;
    const std::int64_t cutoff = clock_.now().value - spec_.row_retention_ms;
    std::vector<ManifestFile> manifests;
    MR_TRY(const bool fit, refresh_facts(manifests));
    if (!fit) return 0;
    Commit commit(clock_.now().value, version_ + 1, "delete", carried_position());
    for (const ManifestFile& m : manifests) {
        const auto& facts = facts_.find(m.path)->second;
        if (std::ranges::none_of(facts, [&](const FileFacts& f) { return f.arrived_ms < cutoff; })) continue;
        MR_TRY(const auto entries, entries_of_manifest(m));
        for (const ManifestEntry& e : entries) {
            if (e.status == EntryStatus::deleted || arrival_of(e) >= cutoff) continue;
            commit.removed.insert(e.file.path);
            commit.removed_hours.insert(e.file.hour);
        }
    }
    if (commit.removed.empty()) return 0;
    MR_TRY_VOID(run_commit(commit, {}));
    log_info("lake", "{}: {} rows older than the retention dropped", folder_.directory(),
             commit.removed_rows);
    return commit.removed_rows;
}

/// Deletes what only dropped snapshots named. A manifest, and a data file as live, is named by a run of
/// snapshots, so in a linear history the neighbours that stay know whether it is still needed.
void Table::delete_dropped(const TableMetadata& before, const std::vector<Snapshot>& dropped) {
    std::vector<Snapshot> all = before.snapshots;
    std::ranges::sort(all, {}, &Snapshot::sequence);
    std::set<std::int64_t> gone;
    for (const Snapshot& s : dropped) gone.insert(s.id);
    const bool everything = !metadata_.pinned.empty() || !is_linear(all);
    std::map<std::string, ManifestFile> needed, unneeded;
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
        for (const ManifestFile& m : *list) (is_gone ? unneeded : needed).emplace(m.path, m);
    }
    std::erase_if(unneeded, [&](const auto& m) { return needed.contains(m.first); });
    const auto garbage = unnamed_files(needed, unneeded);
    for (const Snapshot& s : dropped) folder_.remove(s.manifest_list);
    if (!garbage) {
        log_warn("lake", "{}: kept what may be unneeded: {}", folder_.directory(), garbage.error().message);
        return;
    }
    for (const auto& [path, m] : unneeded) folder_.remove(path);
    folder_.remove_data(*garbage);
}

/// Live files of `unneeded` that are in none of `needed`. An entry may stand in an older manifest there as
/// well as in a newer one, so all of the same hours are looked through.
Result<std::set<std::string>> Table::unnamed_files(
    const std::map<std::string, ManifestFile>& needed,
    const std::map<std::string, ManifestFile>& unneeded) const {
    std::set<std::string> out;
    std::set<std::optional<std::int32_t>> hours;
    for (const auto& [path, m] : unneeded) {
        MR_TRY(const auto entries, entries_of_manifest(m));
        for (const ManifestEntry& e : entries) {
            if (e.status == EntryStatus::deleted) continue;
            out.insert(e.file.path);
            hours.insert(e.file.hour);
        }
    }
    if (out.empty()) return out;
    for (const auto& [path, m] : needed) {
        if (m.content == 0 && !may_hold(m, hours)) continue;
        MR_TRY(const auto entries, entries_of_manifest(m));
        for (const ManifestEntry& e : entries)
            if (e.status != EntryStatus::deleted) out.erase(e.file.path);
    }
    return out;
}

}  // namespace mr::lake
