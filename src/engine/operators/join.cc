// Join: regular join of two inputs that may both retract. Keeps both sides.
//
// A row meets the rows of the other side with its key. Each kept row knows how many rows of the other side it
// matches where an outer, semi or anti join needs that: an outer row is padded exactly while it matches none.
//
// State: left, right      join key, row -> multiplicity (i64), matches (i64)
//        left_*, right_*  when rows are forgotten (Expiry)
#include "engine/internal/expiry.h"
#include "engine/internal/join_condition.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

constexpr std::size_t kValueBytes = 16;

struct Side {
    std::vector<int> keys;
    state::OrderedTable* rows = nullptr;
    const Schema* schema = nullptr;
    bool padded = false;   ///< its rows come out padded when they match nothing
    bool counted = false;  ///< its rows know their number of matches
};

/// A row of the other side with the key of the input row.
struct Candidate {
    std::size_t key_end;  ///< of its table key in the arena (the row's encoding ends there)
    std::size_t key_begin;
    std::int64_t multiplicity;
    std::int64_t matches;
};

class Join final : public Operator {
  public:
    Join(const MakeContext& context, const plan::JoinNode& join, JoinCondition condition)
        : Operator(context.node),
          kind_(join.kind),
          null_safe_(join.null_safe),
          condition_(std::move(condition)),
          expiry_{Expiry(context, "left", context.node->state_ttl_ms[0]),
                  Expiry(context, "right", context.node->state_ttl_ms[1])},
          out_(context.node->schema) {
        const bool left_outer = kind_ == plan::JoinKind::left || kind_ == plan::JoinKind::full;
        const bool right_outer = kind_ == plan::JoinKind::right || kind_ == plan::JoinKind::full;
        const bool filters = kind_ == plan::JoinKind::semi || kind_ == plan::JoinKind::anti;
        sides_[0] = {join.left_keys, &context.ordered("left"), &input_schema(0), left_outer,
                     left_outer || filters};
        sides_[1] = {join.right_keys, &context.ordered("right"), &input_schema(1), right_outer, right_outer};
    }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        for (const std::size_t side : {0U, 1U}) {
            expiry_[side].advance(round.processing_time_ms,
                                  [&](std::string_view key) { sides_[side].rows->erase(key); });
        }
        walk_two(
            *inputs[0], *inputs[1], round.track,
            [&](std::size_t side, std::size_t row, std::int64_t wm) {
                apply(round, *inputs[side], side, row, wm);
            },
            [](const Raise&, std::int64_t) {});
        return out_.finish(round.track.end());
    }

  private:
    [[nodiscard]] bool filters() const {
        return kind_ == plan::JoinKind::semi || kind_ == plan::JoinKind::anti;
    }

    void apply(const Round& round, const Delta& in, std::size_t side, std::size_t row, std::int64_t wm) {
        Side& own = sides_[side];
        const Place place{in.weight[row], in.arrival[row], wm};
        if (!null_safe_ && any_null(in, own.keys, row)) {
            // Matches nothing for ever: no need to keep it.
            if (own.padded) emit_padded(in, side, row, place);
            if (kind_ == plan::JoinKind::anti && side == 0) emit_left(in, row, place);
            return;
        }
        key_.clear();
        append_key_columns(key_, in, own.keys, row);
        const std::size_t prefix = key_.size();
        find_matches(round, in, side, row);
        std::int64_t matches = 0;
        for (const Candidate& c : candidates_) matches += c.multiplicity;
        append_row(key_, in.columns, row);
        store_row(side, key_, place.weight, own.counted ? matches : 0);
        key_.resize(prefix);
        if (filters()) {
            if (side == 0) {
                if ((matches > 0) == (kind_ == plan::JoinKind::semi)) emit_left(in, row, place);
            } else {
                for (const Candidate& c : candidates_) change_matches(c, 1 - side, place);
            }
            return;
        }
        if (candidates_.empty() && own.padded) emit_padded(in, side, row, place);
        for (const Candidate& c : candidates_) emit_match(in, side, row, c, place);
    }

    struct Place {
        std::int32_t weight;
        std::uint64_t arrival;
        std::int64_t wm;
    };

    /// Adds `weight` to the multiplicity of the row.
    void store_row(std::size_t side, std::string_view key, std::int64_t weight, std::int64_t matches) {
        state::OrderedTable& table = *sides_[side].rows;
        // Taken back after it was forgotten.
        if (expiry_[side].on() && weight < 0 && !table.get(key)) return;
        char* value = table.edit(key, kValueBytes).value;
        const std::int64_t multiplicity = load_i64(value) + weight;
        if (multiplicity == 0) {
            table.erase(key);
            expiry_[side].forget(key);
            return;
        }
        store_i64(value, multiplicity);
        store_i64(value + 8, matches);
        expiry_[side].touch(key);
    }

    /// candidates_ = the rows of the other side with key_ that satisfy the condition; their table keys are
    /// copied to arena_, so that the tables may change meanwhile.
    void find_matches(const Round& round, const Delta& in, std::size_t side, std::size_t row) {
        candidates_.clear();
        arena_.clear();
        sides_[1 - side].rows->scan_prefix(key_, [&](const state::OrderedTable::Entry& e) {
            const std::size_t begin = arena_.size();
            arena_.append(e.key);
            candidates_.push_back(
                {arena_.size(), begin, load_i64(e.value.data()), load_i64(e.value.data() + 8)});
            return true;
        });
        if (condition_.always() || candidates_.empty()) return;
        encoded_.clear();
        for (const Candidate& c : candidates_) encoded_.push_back(encoded_row(c));
        selected_.clear();
        condition_.select(in, row, side, encoded_, round.processing_time_ms, selected_, errors_);
        if (!errors_.empty()) {
            report_failed(round, in.arrival[row], errors_.front().message);
            errors_.clear();
        }
        for (std::size_t i = 0; i < selected_.size(); ++i) candidates_[i] = candidates_[selected_[i]];
        candidates_.resize(selected_.size());
    }

    /// Both sides' keys have the same length for equal keys: key_ is the prefix.
    [[nodiscard]] std::string_view table_key(const Candidate& c) const {
        return std::string_view(arena_).substr(c.key_begin, c.key_end - c.key_begin);
    }
    [[nodiscard]] std::string_view encoded_row(const Candidate& c) const {
        return table_key(c).substr(key_.size());
    }

    /// The joined rows of one match, and what its other side's padded row becomes.
    void emit_match(const Delta& in, std::size_t side, std::size_t row, const Candidate& c, Place place) {
        const std::size_t other = 1 - side;
        const bool adds = place.weight > 0;
        if (sides_[other].padded && adds) change_matches(c, other, place);
        emit_joined(in, side, row, c, place);
        if (sides_[other].padded && !adds) change_matches(c, other, place);
    }

    /// The candidate, a row of side `of`, matches `place.weight` rows more. On crossing zero its padded row
    /// (outer), or the row itself (semi, anti), is taken back or comes out.
    void change_matches(const Candidate& c, std::size_t of, Place place) {
        const std::int64_t after = c.matches + place.weight;
        store_row(of, table_key(c), 0, after);
        const bool had = c.matches > 0;
        const bool has = after > 0;
        if (had == has) return;
        const bool shown_if_matched = kind_ == plan::JoinKind::semi;
        const auto weight =
            static_cast<std::int32_t>(has == shown_if_matched ? c.multiplicity : -c.multiplicity);
        const std::size_t left_columns = sides_[0].schema->size();
        if (filters()) {
            decode_row(out_, 0, encoded_row(c), *sides_[0].schema);
        } else if (of == 0) {
            decode_row(out_, 0, encoded_row(c), *sides_[0].schema);
            pad_row(out_, left_columns, sides_[1].schema->size());
        } else {
            pad_row(out_, 0, left_columns);
            decode_row(out_, left_columns, encoded_row(c), *sides_[1].schema);
        }
        out_.end_row(weight, place.arrival, place.wm);
    }

    void emit_joined(const Delta& in, std::size_t side, std::size_t row, const Candidate& c, Place place) {
        const std::size_t left_columns = sides_[0].schema->size();
        copy_row(out_, side == 0 ? 0 : left_columns, in.columns, row);
        decode_row(out_, side == 0 ? left_columns : 0, encoded_row(c), *sides_[1 - side].schema);
        out_.end_row(static_cast<std::int32_t>(place.weight * c.multiplicity), place.arrival, place.wm);
    }

    void emit_padded(const Delta& in, std::size_t side, std::size_t row, Place place) {
        const std::size_t left_columns = sides_[0].schema->size();
        copy_row(out_, side == 0 ? 0 : left_columns, in.columns, row);
        pad_row(out_, side == 0 ? left_columns : 0, sides_[1 - side].schema->size());
        out_.end_row(place.weight, place.arrival, place.wm);
    }

    void emit_left(const Delta& in, std::size_t row, Place place) {
        copy_row(out_, 0, in.columns, row);
        out_.end_row(place.weight, place.arrival, place.wm);
    }

    plan::JoinKind kind_;
    bool null_safe_;
    JoinCondition condition_;
    Side sides_[2];
    Expiry expiry_[2];
    DeltaBuilder out_;
    std::string key_;
    std::string arena_;
    std::vector<Candidate> candidates_;
    std::vector<std::string_view> encoded_;
    std::vector<std::uint32_t> selected_;
    std::vector<RowError> errors_;
};

}  // namespace

Result<OperatorPtr> make_join(const MakeContext& context, const plan::JoinNode& node) {
    MR_TRY_VOID(check_join_keys(context.input(0), node.left_keys, context.input(1), node.right_keys));
    MR_TRY(JoinCondition condition, JoinCondition::create(node.residual, context.input(0), context.input(1)));
    return std::make_unique<Join>(context, node, std::move(condition));
}

}  // namespace mr::engine::internal
