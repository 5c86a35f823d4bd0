#include "engine/consolidate.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string_view>

#include "columnar/codec.h"
#include "columnar/row_bytes.h"
#include "engine/internal/rows.h"
#include "state/hash.h"

namespace mr::engine {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

/// The rows of a delta that are equal, their weights added up; those of a key are a list.
struct Distinct {
    std::uint32_t row = 0;  ///< the last of them
    std::uint32_t next = kNone;
    std::int64_t weight = 0;  ///< never 0
};

struct KeyGroup {
    std::size_t key_at = 0;  ///< in the bytes of all keys
    std::uint32_t key_size = 0;
    std::uint32_t hash = 0;
    std::uint32_t last = 0;       ///< row of the delta
    std::uint32_t first = kNone;  ///< Distinct
};

/// A delta's rows by key. Everything lies in a handful of vectors: nothing is allocated a row.
class Grouping {
  public:
    /// Without `weigh` only keys and their last rows are wanted. An empty key: the whole row.
    Grouping(const Delta& delta, std::span<const int> key, bool weigh) : delta_(delta), key_(key) {
        slots_.assign(std::bit_ceil(2 * std::max<std::size_t>(delta.size(), 4)), kNone);
        for (std::uint32_t row = 0; row < delta.size(); ++row) {
            KeyGroup& group = find(row);
            group.last = row;
            if (weigh) add(group, row);
        }
        order_.resize(groups_.size());
        std::iota(order_.begin(), order_.end(), 0U);
        std::ranges::sort(order_, {}, [this](std::uint32_t i) { return groups_[i].last; });
    }

    /// Every group, in the order of their last rows.
    template <class F>
    void each(F&& visit) const {
        for (const std::uint32_t i : order_) visit(groups_[i]);
    }
    template <class F>
    void each_row(const KeyGroup& group, F&& visit) const {
        for (std::uint32_t i = group.first; i != kNone; i = rows_[i].next) visit(rows_[i]);
    }
    [[nodiscard]] std::string_view key(const KeyGroup& group) const {
        return std::string_view(keys_).substr(group.key_at, group.key_size);
    }
    [[nodiscard]] std::size_t size() const { return groups_.size(); }

  private:
    KeyGroup& find(std::uint32_t row) {
        const std::size_t at = keys_.size();
        if (key_.empty()) {
            append_row(keys_, delta_.columns, row);
        } else {
            internal::append_key_columns(keys_, delta_, key_, row);
        }
        const std::string_view bytes = std::string_view(keys_).substr(at);
        const auto hash = static_cast<std::uint32_t>(state::hash_bytes(bytes) >> 32);
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
            if (slots_[i] == kNone) {
                slots_[i] = static_cast<std::uint32_t>(groups_.size());
                return groups_.emplace_back(at, static_cast<std::uint32_t>(bytes.size()), hash, row, kNone);
            }
            KeyGroup& group = groups_[slots_[i]];
            if (group.hash != hash || key(group) != bytes) continue;
            keys_.resize(at);
            return group;
        }
    }

    void add(KeyGroup& group, std::uint32_t row) {
        std::uint32_t* link = &group.first;
        while (*link != kNone && !same_row(delta_.columns, rows_[*link].row, row)) link = &rows_[*link].next;
        if (*link == kNone) {
            const std::uint32_t at = new_row();
            // `link` may have pointed into the vector that has just grown.
            if (group.first == kNone) {
                group.first = at;
            } else {
                std::uint32_t end = group.first;
                while (rows_[end].next != kNone) end = rows_[end].next;
                rows_[end].next = at;
            }
            rows_[at] = {row, kNone, delta_.weight[row]};
            return;
        }
        Distinct& same = rows_[*link];
        same.weight += delta_.weight[row];
        same.row = row;
        if (same.weight != 0) return;
        // Gone at once, so that a hot key does not gather its intermediate values.
        const std::uint32_t gone = *link;
        *link = same.next;
        same.next = free_;
        free_ = gone;
    }

    std::uint32_t new_row() {
        if (free_ == kNone) {
            rows_.emplace_back();
            return static_cast<std::uint32_t>(rows_.size() - 1);
        }
        const std::uint32_t at = free_;
        free_ = rows_[at].next;
        return at;
    }

    const Delta& delta_;
    const std::span<const int> key_;
    std::string keys_;
    std::vector<std::uint32_t> slots_;  ///< to groups_; a power of two, at most half of them taken
    std::vector<KeyGroup> groups_;
    std::vector<std::uint32_t> order_;
    std::vector<Distinct> rows_;
    std::uint32_t free_ = kNone;  ///< list of unused rows_
};

}  // namespace

std::vector<KeyChange> key_changes(const Delta& delta, std::span<const int> key, plan::Mode mode) {
    // Without retractions the last row of a key is what is left of it.
    const bool retracts = mode == plan::Mode::retract;
    const Grouping grouping(delta, key, retracts);
    std::vector<KeyChange> changes;
    changes.reserve(grouping.size());
    grouping.each([&](const KeyGroup& group) {
        KeyChange change{std::string(grouping.key(group)), -1, group.last};
        if (!retracts) {
            if (delta.weight[group.last] > 0) change.row = group.last;
        } else if (group.first == kNone) {
            return;
        } else {
            grouping.each_row(group, [&](const Distinct& d) {
                if (d.weight > 0) change.row = std::max<std::int64_t>(change.row, d.row);
            });
        }
        changes.push_back(std::move(change));
    });
    return changes;
}

Delta consolidate(const Delta& delta, std::span<const int> key) {
    std::vector<std::uint32_t> rows;
    std::vector<std::int32_t> weights;
    const Grouping grouping(delta, key, true);
    grouping.each([&](const KeyGroup& group) {
        for (const bool retractions : {true, false}) {
            grouping.each_row(group, [&](const Distinct& d) {
                if ((d.weight < 0) != retractions) return;
                rows.push_back(d.row);
                weights.push_back(static_cast<std::int32_t>(d.weight));
            });
        }
    });
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
