#include "lake/expiry.h"

#include <algorithm>
#include <map>
#include <set>

#include "columnar/temporal.h"
#include "lake/table.h"

namespace mr::lake {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;

std::set<std::int64_t> kept(const TableMetadata& metadata, std::int64_t now_ms, std::int64_t retention_ms) {
    std::set<std::int64_t> out(metadata.pinned.begin(), metadata.pinned.end());
    if (metadata.current_snapshot) out.insert(*metadata.current_snapshot);
    if (const Snapshot* ours = metadata.newest_with(kCommitId)) out.insert(ours->id);
    std::vector<const Snapshot*> newest_first;
    for (const Snapshot& s : metadata.snapshots) newest_first.push_back(&s);
    std::ranges::sort(newest_first, [](const auto* a, const auto* b) { return a->sequence > b->sequence; });
    std::set<std::int64_t> minutes;
    // Of an hour the snapshot after upkeep is the one to keep: it names few files, and lets the small ones
    // go.
    std::map<std::int64_t, const Snapshot*> hours;
    const auto tidied = [](const Snapshot& s) {
        const auto operation = s.summary.find("operation");
        return operation != s.summary.end() && operation->second == "replace";
    };
    std::size_t whole = 0;
    for (const Snapshot* s : newest_first) {
        const std::int64_t age = now_ms - s->timestamp_ms;
        if (age < kHourMs && whole < kNewestKept) {
            ++whole;
            out.insert(s->id);
        } else if (age < kHourMs) {
            if (minutes.insert(floor_div(s->timestamp_ms, kMinuteMs)).second) out.insert(s->id);
        } else if (retention_ms <= 0 || age < retention_ms) {
            const Snapshot*& chosen = hours[floor_div(s->timestamp_ms, kHourMs)];
            if (chosen == nullptr || (tidied(*s) && !tidied(*chosen))) chosen = s;
        }
    }
    for (const auto& [hour, s] : hours) out.insert(s->id);
    return out;
}

}  // namespace

std::vector<Snapshot> expire_snapshots(TableMetadata& metadata, std::int64_t now_ms,
                                       std::int64_t retention_ms) {
    const std::set<std::int64_t> keep = kept(metadata, now_ms, retention_ms);
    std::vector<Snapshot> dropped;
    std::vector<Snapshot> left;
    for (Snapshot& s : metadata.snapshots) (keep.contains(s.id) ? left : dropped).push_back(std::move(s));
    metadata.snapshots = std::move(left);
    std::erase_if(metadata.snapshot_log, [&](const auto& entry) { return !keep.contains(entry.second); });
    return dropped;
}

bool is_linear(const std::vector<Snapshot>& snapshots) {
    std::set<std::int64_t> known;
    for (const Snapshot& s : snapshots) known.insert(s.id);
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
        const auto& parent = snapshots[i].parent;
        if (!parent || !known.contains(*parent)) continue;
        if (i == 0 || snapshots[i - 1].id != *parent) return false;
    }
    return true;
}

}  // namespace mr::lake
