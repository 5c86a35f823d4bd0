#include "engine/consolidate.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "columnar/codec.h"
#include "engine/internal/rows.h"

namespace mr::engine {
namespace {

/// The rows of a delta that are equal, their weights added up.
struct Distinct {
    std::int64_t weight = 0;
    std::uint32_t row = 0;  ///< the last of them
};

struct KeyGroup {
    std::string key;
    std::uint32_t last = 0;
    std::vector<std::pair<std::string, Distinct>> rows;  ///< of weight other than 0: few
};

std::vector<KeyGroup> group_by_key(const Delta& delta, std::span<const int> key) {
    std::vector<KeyGroup> groups;
    std::unordered_map<std::string, std::size_t> by_key;
    std::string key_bytes;
    std::string row_bytes;
    for (std::uint32_t row = 0; row < delta.size(); ++row) {
        row_bytes.clear();
        append_row(row_bytes, delta.columns, row);
        key_bytes.clear();
        if (key.empty()) {
            key_bytes = row_bytes;
        } else {
            internal::append_key_columns(key_bytes, delta, key, row);
        }
        const auto [at, inserted] = by_key.try_emplace(key_bytes, groups.size());
        if (inserted) groups.push_back({key_bytes, row, {}});
        KeyGroup& group = groups[at->second];
        group.last = row;
        auto same = std::find_if(group.rows.begin(), group.rows.end(),
                                 [&](const auto& r) { return r.first == row_bytes; });
        if (same == group.rows.end()) same = group.rows.insert(same, {row_bytes, {}});
        same->second.weight += delta.weight[row];
        same->second.row = row;
        // Gone at once, so that a hot key does not gather its intermediate values.
        if (same->second.weight == 0) group.rows.erase(same);
    }
    std::ranges::sort(groups, {}, &KeyGroup::last);
    return groups;
}

}  // namespace

std::vector<KeyChange> key_changes(const Delta& delta, std::span<const int> key, plan::Mode mode) {
    std::vector<KeyChange> changes;
    for (const KeyGroup& group : group_by_key(delta, key)) {
        KeyChange change{group.key, -1, group.last};
        if (mode == plan::Mode::upsert) {
            if (delta.weight[group.last] > 0) change.row = group.last;
            changes.push_back(std::move(change));
            continue;
        }
        for (const auto& [bytes, row] : group.rows) {
            if (row.weight > 0) change.row = std::max<std::int64_t>(change.row, row.row);
        }
        if (!group.rows.empty()) changes.push_back(std::move(change));
    }
    return changes;
}

Delta consolidate(const Delta& delta, std::span<const int> key) {
    std::vector<std::uint32_t> rows;
    std::vector<std::int32_t> weights;
    for (KeyGroup& group : group_by_key(delta, key)) {
        for (const bool retractions : {true, false}) {
            for (const auto& [bytes, row] : group.rows) {
                if ((row.weight < 0) != retractions) continue;
                rows.push_back(row.row);
                weights.push_back(static_cast<std::int32_t>(row.weight));
            }
        }
    }
    Delta out = internal::take_rows(delta, rows);
    out.weight = std::move(weights);
    // Rows have left their places: arrival and watermark go on as running maxima.
    for (std::size_t i = 1; i < out.size(); ++i) {
        out.arrival[i] = std::max(out.arrival[i], out.arrival[i - 1]);
        out.wm[i] = std::max(out.wm[i], out.wm[i - 1]);
    }
    return out;
}

Delta concat(std::span<const Delta> deltas, const Schema& schema) {
    DeltaBuilder out(schema);
    for (const Delta& d : deltas) {
        for (std::size_t row = 0; row < d.size(); ++row) {
            internal::copy_row(out, 0, d.columns, row);
            out.end_row(d.weight[row], d.arrival[row], d.wm[row]);
        }
    }
    return out.finish(deltas.empty() ? kNoWatermark : deltas.back().end_watermark);
}

}  // namespace mr::engine
