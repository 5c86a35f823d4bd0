// LookupJoin: each left row with the right rows of its key as they are when it comes (FOR SYSTEM_TIME AS OF a
// processing time). What changes on the right later changes nothing that came out: append in, append out.
//
// State: right  join key, row -> multiplicity (i64)
#include "engine/internal/join_condition.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class LookupJoin final : public Operator {
  public:
    LookupJoin(const MakeContext& context, const plan::TemporalJoinNode& join, JoinCondition condition)
        : Operator(context.node),
          join_(join),
          condition_(std::move(condition)),
          right_(context.ordered("right")),
          out_(context.node->schema) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        walk_two(
            *inputs[0], *inputs[1], round.track,
            [&](std::size_t side, std::size_t row, std::int64_t wm) {
                side == 0 ? look_up(round, *inputs[0], row, wm) : keep(*inputs[1], row);
            },
            [](const Raise&, std::int64_t) {});
        return out_.finish(round.track.end());
    }

  private:
    void keep(const Delta& in, std::size_t row) {
        if (any_null(in, join_.right_keys, row)) return;  // never found
        key_.clear();
        append_key_columns(key_, in, join_.right_keys, row);
        append_row(key_, in.columns, row);
        char* value = right_.edit(key_, sizeof(std::int64_t)).value;
        const std::int64_t rows = load_i64(value) + in.weight[row];
        if (rows == 0) {
            right_.erase(key_);
        } else {
            store_i64(value, rows);
        }
    }

    void look_up(const Round& round, const Delta& in, std::size_t row, std::int64_t wm) {
        found_.clear();
        copies_.clear();
        if (!any_null(in, join_.left_keys, row)) {
            key_.clear();
            append_key_columns(key_, in, join_.left_keys, row);
            right_.scan_prefix(key_, [&](const state::OrderedTable::Entry& e) {
                found_.push_back(e.key.substr(key_.size()));
                copies_.push_back(load_i64(e.value.data()));
                return true;
            });
        }
        selected_.clear();
        if (condition_.always() || found_.empty()) {
            for (std::uint32_t i = 0; i < found_.size(); ++i) selected_.push_back(i);
        } else {
            condition_.select(in, row, 0, found_, round.processing_time_ms, selected_, errors_);
            if (!errors_.empty()) {
                report_failed(round, in.arrival[row], errors_.front().message);
                errors_.clear();
            }
        }
        const std::size_t left_columns = input_schema(0).size();
        for (const std::uint32_t i : selected_) {
            copy_row(out_, 0, in.columns, row);
            decode_row(out_, left_columns, found_[i], input_schema(1));
            out_.end_row(static_cast<std::int32_t>(in.weight[row] * copies_[i]), in.arrival[row], wm);
        }
        if (!selected_.empty() || join_.kind != plan::JoinKind::left) return;
        copy_row(out_, 0, in.columns, row);
        pad_row(out_, left_columns, input_schema(1).size());
        out_.end_row(in.weight[row], in.arrival[row], wm);
    }

    plan::TemporalJoinNode join_;
    JoinCondition condition_;
    state::OrderedTable& right_;
    DeltaBuilder out_;
    std::string key_;
    std::vector<std::string_view> found_;  ///< encoded rows, into the table
    std::vector<std::int64_t> copies_;
    std::vector<std::uint32_t> selected_;
    std::vector<RowError> errors_;
};

}  // namespace

Result<OperatorPtr> make_lookup_join(const MakeContext& context, const plan::TemporalJoinNode& node) {
    MR_TRY_VOID(check_join_keys(context.input(0), node.left_keys, context.input(1), node.right_keys));
    MR_TRY(JoinCondition condition, JoinCondition::create(node.residual, context.input(0), context.input(1)));
    return std::make_unique<LookupJoin>(context, node, std::move(condition));
}

}  // namespace mr::engine::internal
