// TopN: the rows ranked [low, high] of each partition, with or without the rank. Ties keep the order in which
// rows came. A change emits what left and what entered; with the rank, every position that got another row.
//
// State: rows      partition, sort key, number -> row. Of an append-only input only the best `high` rows.
//        sequence  numbers rows
//        rows_*    when partitions are forgotten (Expiry)
#include <algorithm>
#include <limits>

#include "engine/internal/expiry.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class TopN final : public Operator {
  public:
    TopN(const MakeContext& context, const plan::TopNNode& top)
        : Operator(context.node),
          top_(top),
          retracting_(context.node->inputs[0]->mode != plan::Mode::append),
          rows_(context.ordered("rows")),
          sequence_(context.keyed("sequence")),
          expiry_(context, "rows", context.node->state_ttl_ms[0]),
          out_(context.node->schema) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        if (top_.high < top_.low) return out_.finish(round.track.end());
        expiry_.advance(round.processing_time_ms, [this](std::string_view partition) { drop(partition); });
        sequence_.load();
        for (std::size_t row = 0; row < in.size(); ++row) {
            place_ = {in.arrival[row], in.wm[row]};
            make_keys(in, row);
            expiry_.touch(partition_);
            for (std::int32_t n = in.weight[row]; n > 0; --n) insert();
            for (std::int32_t n = in.weight[row]; n < 0; ++n) remove();
        }
        sequence_.store();
        return out_.finish(round.track.end());
    }

  private:
    struct Place {
        std::uint64_t arrival = 0;
        std::int64_t wm = 0;
    };
    /// A row among the ranked ones.
    struct Ranked {
        std::string row;
        std::int64_t rank = 0;
        bool operator==(const Ranked&) const = default;
    };

    void drop(std::string_view partition) {
        while (const auto first = rows_.at_or_after(partition)) {
            if (!first->key.starts_with(partition)) return;
            rows_.erase(std::string(first->key));
        }
    }

    void make_keys(const Delta& in, std::size_t row) {
        partition_.clear();
        append_key_columns(partition_, in, top_.partition_keys, row);
        sort_.assign(partition_);
        for (const plan::SortKey& k : top_.order) {
            const Column& c = *in.columns[static_cast<std::size_t>(k.column)];
            append_sort_column(sort_, c, row, k.descending, k.nulls_last);
        }
        sort_size_ = sort_.size();
        encoded_.clear();
        append_row(encoded_, in.columns, row);
    }

    /// Looks at the first `to` rows of the partition: returns how many come before `key`; the others, at and
    /// after it, go to shifted_.
    std::int64_t collect(std::string_view key, std::int64_t to) {
        std::int64_t position = 0;
        std::int64_t before = 0;
        shifted_.clear();
        rows_.scan_prefix(partition_, [&](const state::OrderedTable::Entry& e) {
            if (++position > to) return false;
            if (e.key < key) {
                ++before;
            } else {
                shifted_.emplace_back(e.value);
            }
            return true;
        });
        return before;
    }

    void insert() {
        sort_.resize(sort_size_);
        append_ordered(sort_, sequence_.next());
        if (top_.rank != plan::RankKind::row_number) {
            return with_diff([this] { rows_.put(sort_, encoded_); });
        }
        const std::int64_t before = collect(sort_, top_.high);
        if (before >= top_.high) {
            if (retracting_) rows_.put(sort_, encoded_);
            return;
        }
        rows_.put(sort_, encoded_);
        if (!retracting_) trim();
        const std::int64_t at = before + 1;
        if (top_.with_rank) {
            for (std::int64_t rank = std::max(at, top_.low); rank <= top_.high; ++rank) {
                const std::string* old = shifted(rank - at);
                const std::string* now = rank == at ? &encoded_ : shifted(rank - at - 1);
                if (now == nullptr) break;  // below the last row
                replace(old, now, rank);
            }
            return;
        }
        // One row may leave at the bottom, one enters: the new one, or the one pushed over `low`.
        const std::string* leaves = shifted(top_.high - at);
        const std::string* enters = at >= top_.low ? &encoded_ : shifted(top_.low - 1 - at);
        replace(leaves, enters, 0);
    }

    void remove() {
        sort_.resize(sort_size_);
        const std::string found = find_row(rows_, sort_, encoded_);
        if (found.empty()) return;
        if (top_.rank != plan::RankKind::row_number) {
            return with_diff([this, &found] { rows_.erase(found); });
        }
        const std::int64_t before = collect(found, top_.high + 1);
        rows_.erase(found);
        const std::int64_t at = before + 1;
        if (at > top_.high) return;
        if (top_.with_rank) {
            for (std::int64_t rank = std::max(at, top_.low); rank <= top_.high; ++rank) {
                if (shifted(rank - at) == nullptr) break;  // below the last row
                replace(shifted(rank - at), shifted(rank - at + 1), rank);
            }
            return;
        }
        const std::string* leaves = at >= top_.low ? &encoded_ : shifted(top_.low - at);
        replace(leaves, shifted(top_.high + 1 - at), 0);
    }

    /// Row i of those at and after the changed position, as they were; nullptr if there is none.
    [[nodiscard]] const std::string* shifted(std::int64_t i) const {
        if (i < 0 || i >= static_cast<std::int64_t>(shifted_.size())) return nullptr;
        return &shifted_[static_cast<std::size_t>(i)];
    }

    void replace(const std::string* old, const std::string* now, std::int64_t rank) {
        if (old != nullptr && now != nullptr && *old == *now) return;
        if (old != nullptr) emit(*old, rank, -1);
        if (now != nullptr) emit(*now, rank, 1);
    }

    void emit(std::string_view encoded, std::int64_t rank, std::int32_t weight) {
        decode_row(out_, 0, encoded, input_schema());
        if (top_.with_rank) out_.column(input_schema().size()).append_integer(rank);
        out_.end_row(weight, place_.arrival, place_.wm);
    }

    /// Of an append-only input what fell below `high` never comes back.
    void trim() {
        std::int64_t position = 0;
        std::string gone;
        rows_.scan_prefix(partition_, [&](const state::OrderedTable::Entry& e) {
            if (++position <= top_.high) return true;
            gone.assign(e.key);
            return false;
        });
        if (!gone.empty()) rows_.erase(gone);
    }

    /// RANK and DENSE_RANK: what the change makes of the ranked rows, by comparing them before and after.
    template <class F>
    void with_diff(F&& change) {
        const std::vector<Ranked> before = ranked();
        change();
        std::vector<Ranked> after = ranked();
        for (const Ranked& r : before) {
            const auto same = std::find(after.begin(), after.end(), r);
            if (same != after.end()) {
                after.erase(same);
            } else {
                emit(r.row, r.rank, -1);
            }
        }
        for (const Ranked& r : after) emit(r.row, r.rank, 1);
    }

    std::vector<Ranked> ranked() {
        std::vector<Ranked> result;
        std::string last;
        std::int64_t position = 0;
        std::int64_t rank = 0;
        rows_.scan_prefix(partition_, [&](const state::OrderedTable::Entry& e) {
            const std::string_view sort = e.key.substr(0, e.key.size() - 8);
            ++position;
            if (position == 1 || sort != last) {
                rank = top_.rank == plan::RankKind::rank ? position : rank + 1;
                last.assign(sort);
            }
            if (rank > top_.high) return false;
            if (rank >= top_.low) result.push_back({std::string(e.value), top_.with_rank ? rank : 0});
            return true;
        });
        return result;
    }

    plan::TopNNode top_;
    bool retracting_;
    state::OrderedTable& rows_;
    Sequence sequence_;
    Expiry expiry_;
    DeltaBuilder out_;
    Place place_;
    std::string partition_;
    std::string sort_;  ///< partition and sort key, then the number
    std::size_t sort_size_ = 0;
    std::string encoded_;
    std::vector<std::string> shifted_;
};

}  // namespace

Result<OperatorPtr> make_top_n(const MakeContext& context, const plan::TopNNode& node) {
    // Ranks that no row can have (WHERE rn > 3 AND rn < 2) are legal and yield nothing.
    if (node.low < 1 || node.high < 0 || node.high == std::numeric_limits<std::int64_t>::max()) {
        return fail(Code::invalid_argument, "a Top-N of ranks {} to {}", node.low, node.high);
    }
    return std::make_unique<TopN>(context, node);
}

}  // namespace mr::engine::internal
