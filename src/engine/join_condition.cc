#include "engine/internal/join_condition.h"

#include "base/check.h"

namespace mr::engine::internal {

Status check_join_keys(const Schema& left, std::span<const int> left_keys, const Schema& right,
                       std::span<const int> right_keys) {
    if (left_keys.size() != right_keys.size()) {
        return fail(Code::internal, "a join of {} left keys with {} right keys", left_keys.size(),
                    right_keys.size());
    }
    for (std::size_t i = 0; i < left_keys.size(); ++i) {
        const DataType& l = left[static_cast<std::size_t>(left_keys[i])].type;
        const DataType& r = right[static_cast<std::size_t>(right_keys[i])].type;
        const bool integers = l.is_integer() && r.is_integer();
        const bool same =
            l.kind == r.kind && l.scale == r.scale && (!l.is_timestamp() || l.time_unit() == r.time_unit());
        if (!integers && !same) {
            return fail(Code::internal, "join keys of {} and {} need a cast", l.to_string(), r.to_string());
        }
    }
    return {};
}

Result<JoinCondition> JoinCondition::create(const plan::ExprPtr& residual, const Schema& left,
                                            const Schema& right) {
    JoinCondition condition;
    if (!residual) return condition;
    condition.schemas_[0] = &left;
    condition.schemas_[1] = &right;
    condition.columns_ = plan::columns_read(*residual);
    Schema compact;
    std::vector<plan::ExprPtr> mapping(left.size() + right.size());
    for (const int c : condition.columns_) {
        const auto at = static_cast<std::size_t>(c);
        const Field& f = at < left.size() ? left[at] : right[at - left.size()];
        mapping[at] = plan::input(static_cast<int>(compact.size()), f.type);
        compact.fields.push_back(f);
        condition.compact_.emplace_back(f.type);
    }
    MR_TRY(condition.evaluator_, Evaluator::create(plan::rewrite(residual, mapping), compact));
    for (std::size_t side = 0; side < 2; ++side) {
        for (const Field& f : condition.schemas_[side]->fields) condition.scratch_[side].emplace_back(f.type);
    }
    return condition;
}

void JoinCondition::select(const Delta& delta, std::size_t row, std::size_t side,
                           std::span<const std::string_view> candidates, std::int64_t processing_time_ms,
                           std::vector<std::uint32_t>& selected, std::vector<RowError>& errors) {
    const std::size_t other = 1 - side;
    for (const std::string_view candidate : candidates) {
        const Status done = read_row_into(candidate, *schemas_[other], scratch_[other]);
        MR_CHECK(done.has_value(), "a row in state: {}", done.error().message);
    }
    std::vector<ColumnPtr> decoded;
    for (ColumnBuilder& b : scratch_[other]) decoded.push_back(b.finish());
    const std::size_t left_columns = schemas_[0]->size();
    std::vector<ColumnPtr> columns;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto c = static_cast<std::size_t>(columns_[i]);
        const std::size_t of = c < left_columns ? 0 : 1;
        const std::size_t at = of == 0 ? c : c - left_columns;
        if (of == other) {
            columns.push_back(decoded[at]);
            continue;
        }
        for (std::size_t n = 0; n < candidates.size(); ++n) {
            compact_[i].append_from(*delta.columns[at], row);
        }
        columns.push_back(compact_[i].finish());
    }
    evaluator_->select(
        {.columns = columns, .rows = candidates.size(), .wm = {}, .processing_time_ms = processing_time_ms},
        selected, errors);
}

}  // namespace mr::engine::internal
