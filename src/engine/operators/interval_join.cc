// IntervalJoin: two append-only inputs within a time bound: right.time in [left.time + lower, left.time +
// upper]. A row is kept until the watermark says that no match can come any more; an outer row that matched
// nothing comes out padded then. The output's watermark stays behind by the widest bound, since a match may
// be older than the watermark by that much.
//
// State: left, right          join key, time, number -> matched (u8), weight (i64), row
//        left_due, right_due  expiry, then the key in `left` or `right` -> nothing
//        sequence             numbers rows
#include <algorithm>

#include "engine/internal/join_condition.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

constexpr std::size_t kHeaderBytes = 9;

struct Side {
    std::vector<int> keys;
    std::size_t time_column = 0;
    RowTime time;
    state::OrderedTable* rows = nullptr;
    state::OrderedTable* due = nullptr;
    const Schema* schema = nullptr;
    bool padded = false;
    /// A row of time t meets rows of the other side in [t + from, t + to].
    std::int64_t from = 0;
    std::int64_t to = 0;
};

struct Candidate {
    std::size_t key_begin;
    std::size_t value_begin;
    std::size_t end;
};

class IntervalJoin final : public Operator {
  public:
    IntervalJoin(const MakeContext& context, const plan::IntervalJoinNode& join, JoinCondition condition)
        : Operator(context.node),
          delay_ms_(std::max<std::int64_t>({join.upper_ms, -join.lower_ms, 0})),
          condition_(std::move(condition)),
          sequence_(context.keyed("sequence")),
          out_(context.node->schema) {
        const bool full = join.kind == plan::JoinKind::full;
        sides_[0] = make_side(context, 0, join.left_keys, join.left_time);
        sides_[0].padded = full || join.kind == plan::JoinKind::left;
        sides_[0].from = join.lower_ms;
        sides_[0].to = join.upper_ms;
        sides_[1] = make_side(context, 1, join.right_keys, join.right_time);
        sides_[1].padded = full || join.kind == plan::JoinKind::right;
        sides_[1].from = -join.upper_ms;
        sides_[1].to = -join.lower_ms;
    }

    bool reacts_to_watermark() const override { return true; }
    std::int64_t watermark_delay_ms() const override { return delay_ms_; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        sequence_.load();
        walk_two(
            *inputs[0], *inputs[1], round.track,
            [&](std::size_t side, std::size_t row, std::int64_t wm) {
                apply(round, *inputs[side], side, row, wm);
            },
            [&](const Raise& raise, std::int64_t before) { expire(raise, before); });
        sequence_.store();
        return out_.finish(round.track.end());
    }

  private:
    struct Place {
        std::int64_t weight;
        std::uint64_t arrival;
        std::int64_t wm;
    };

    Side make_side(const MakeContext& context, std::size_t side, const std::vector<int>& keys, int time) {
        Side s;
        s.keys = keys;
        s.time_column = static_cast<std::size_t>(time);
        s.schema = &input_schema(side);
        s.time = RowTime((*s.schema)[s.time_column].type);
        s.rows = &context.ordered(side == 0 ? "left" : "right");
        s.due = &context.ordered(side == 0 ? "left_due" : "right_due");
        return s;
    }

    void apply(const Round& round, const Delta& in, std::size_t side, std::size_t row, std::int64_t wm) {
        const Side& own = sides_[side];
        const Column& times = *in.columns[own.time_column];
        if (const auto bad = own.time.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        const Place place{in.weight[row], in.arrival[row], watermark_delayed(wm, delay_ms_)};
        if (any_null(in, own.keys, row)) {
            if (own.padded) emit_padded(in, side, row, place);
            return;
        }
        const std::int64_t t = own.time.ms(times, row);
        key_.clear();
        append_key_columns(key_, in, own.keys, row);
        find_matches(round, in, side, row, t);
        for (const Candidate& c : candidates_) {
            mark_matched(c, 1 - side);
            emit_joined(in, side, row, c, place);
        }
        const std::int64_t expiry = t + own.to;
        if (expiry <= wm) {
            // No row that is in time can match it any more.
            if (candidates_.empty() && own.padded) emit_padded(in, side, row, place);
            return;
        }
        append_ordered(key_, t);
        append_ordered(key_, sequence_.next());
        value_.assign(kHeaderBytes, '\0');
        value_[0] = candidates_.empty() ? 0 : 1;
        store_i64(value_.data() + 1, place.weight);
        append_row(value_, in.columns, row);
        own.rows->put(key_, value_);
        due_key_.clear();
        append_ordered(due_key_, expiry);
        due_key_.append(key_);
        own.due->put(due_key_, {});
    }

    void find_matches(const Round& round, const Delta& in, std::size_t side, std::size_t row,
                      std::int64_t t) {
        candidates_.clear();
        arena_.clear();
        std::string from = key_;
        append_ordered(from, t + sides_[side].from);
        std::string to = key_;
        append_ordered(to, t + sides_[side].to + 1);
        sides_[1 - side].rows->scan(from, to, [&](const state::OrderedTable::Entry& e) {
            const std::size_t begin = arena_.size();
            arena_.append(e.key).append(e.value);
            candidates_.push_back({begin, begin + e.key.size(), arena_.size()});
            return true;
        });
        if (condition_.always() || candidates_.empty()) return;
        encoded_.clear();
        for (const Candidate& c : candidates_) encoded_.push_back(value(c).substr(kHeaderBytes));
        selected_.clear();
        condition_.select(in, row, side, encoded_, round.processing_time_ms, selected_, errors_);
        if (!errors_.empty()) {
            report_failed(round, in.arrival[row], errors_.front().message);
            errors_.clear();
        }
        for (std::size_t i = 0; i < selected_.size(); ++i) candidates_[i] = candidates_[selected_[i]];
        candidates_.resize(selected_.size());
    }

    [[nodiscard]] std::string_view key(const Candidate& c) const {
        return std::string_view(arena_).substr(c.key_begin, c.value_begin - c.key_begin);
    }
    [[nodiscard]] std::string_view value(const Candidate& c) const {
        return std::string_view(arena_).substr(c.value_begin, c.end - c.value_begin);
    }

    void mark_matched(const Candidate& c, std::size_t side) {
        if (!sides_[side].padded || value(c)[0] != 0) return;
        sides_[side].rows->edit(key(c), c.end - c.value_begin).value[0] = 1;
    }

    void emit_joined(const Delta& in, std::size_t side, std::size_t row, const Candidate& c, Place place) {
        const std::size_t left_columns = sides_[0].schema->size();
        copy_row(out_, side == 0 ? 0 : left_columns, in.columns, row);
        decode_row(out_, side == 0 ? left_columns : 0, value(c).substr(kHeaderBytes),
                   *sides_[1 - side].schema);
        const std::int64_t weight = place.weight * load_i64(value(c).data() + 1);
        out_.end_row(static_cast<std::int32_t>(weight), place.arrival, place.wm);
    }

    void emit_padded(const Delta& in, std::size_t side, std::size_t row, Place place) {
        const std::size_t left_columns = sides_[0].schema->size();
        copy_row(out_, side == 0 ? 0 : left_columns, in.columns, row);
        pad_row(out_, side == 0 ? left_columns : 0, sides_[1 - side].schema->size());
        out_.end_row(static_cast<std::int32_t>(place.weight), place.arrival, place.wm);
    }

    /// Drops what can match nothing any more, by expiry (left first), padded where it never matched.
    void expire(const Raise& raise, std::int64_t before) {
        const std::int64_t wm = watermark_delayed(before, delay_ms_);
        while (true) {
            std::size_t side = 2;
            std::int64_t expiry = 0;
            for (std::size_t s = 0; s < 2; ++s) {
                const auto first = sides_[s].due->at_or_after({});
                if (!first) continue;
                const std::int64_t at = read_ordered(first->key);
                if (at > raise.watermark || (side != 2 && at >= expiry)) continue;
                side = s;
                expiry = at;
                due_key_.assign(first->key);
            }
            if (side == 2) return;
            expire_row(side, raise.arrival, wm);
        }
    }

    void expire_row(std::size_t side, std::uint64_t arrival, std::int64_t wm) {
        sides_[side].due->erase(due_key_);
        const std::string_view row_key = std::string_view(due_key_).substr(8);
        const auto found = sides_[side].rows->get(row_key);
        MR_CHECK(found.has_value(), "an interval join lost a row before it expired");
        if (sides_[side].padded && (*found)[0] == 0) {
            const std::size_t left_columns = sides_[0].schema->size();
            if (side == 1) pad_row(out_, 0, left_columns);
            decode_row(out_, side == 0 ? 0 : left_columns, found->substr(kHeaderBytes), *sides_[side].schema);
            if (side == 0) pad_row(out_, left_columns, sides_[1].schema->size());
            out_.end_row(static_cast<std::int32_t>(load_i64(found->data() + 1)), arrival, wm);
        }
        sides_[side].rows->erase(row_key);
    }

    std::int64_t delay_ms_;
    JoinCondition condition_;
    Side sides_[2];
    Sequence sequence_;
    DeltaBuilder out_;
    std::string key_;
    std::string due_key_;
    std::string value_;
    std::string arena_;
    std::vector<Candidate> candidates_;
    std::vector<std::string_view> encoded_;
    std::vector<std::uint32_t> selected_;
    std::vector<RowError> errors_;
};

}  // namespace

Result<OperatorPtr> make_interval_join(const MakeContext& context, const plan::IntervalJoinNode& node) {
    if (node.kind == plan::JoinKind::semi || node.kind == plan::JoinKind::anti) {
        return fail(Code::unsupported, "an interval join as IN or EXISTS is not supported yet");
    }
    MR_TRY_VOID(check_span("a join's lower time bound", node.lower_ms));
    MR_TRY_VOID(check_span("a join's upper time bound", node.upper_ms));
    if (node.lower_ms > node.upper_ms) {
        return fail(Code::invalid_argument, "the join's time bound is empty: from {} ms to {} ms",
                    node.lower_ms, node.upper_ms);
    }
    MR_TRY_VOID(check_join_keys(context.input(0), node.left_keys, context.input(1), node.right_keys));
    MR_TRY(JoinCondition condition, JoinCondition::create(node.residual, context.input(0), context.input(1)));
    return std::make_unique<IntervalJoin>(context, node, std::move(condition));
}

}  // namespace mr::engine::internal
