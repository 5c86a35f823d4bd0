// The residual condition of a join, over left ++ right columns: asked for one row of one side and several
// candidates of the other, given as encoded rows.
#pragma once

#include <string_view>
#include <vector>

#include "engine/expr/evaluator.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {

/// internal if the two sides' keys differ in number or in how they are encoded.
Status check_join_keys(const Schema& left, std::span<const int> left_keys, const Schema& right,
                       std::span<const int> right_keys);

class JoinCondition {
  public:
    /// `residual` may be nullptr: always true.
    static Result<JoinCondition> create(const plan::ExprPtr& residual, const Schema& left,
                                        const Schema& right);
    [[nodiscard]] bool always() const { return evaluator_ == nullptr; }

    /// Which candidates (encoded rows of the other side) satisfy it together with row `row` of `delta`, a row
    /// of side `side` (0 left). A pair for which it fails does not; its message goes to `errors`.
    /// REQUIRES: !always().
    void select(const Delta& delta, std::size_t row, std::size_t side,
                std::span<const std::string_view> candidates, std::int64_t processing_time_ms,
                std::vector<std::uint32_t>& selected, std::vector<RowError>& errors);

  private:
    JoinCondition() = default;
    std::unique_ptr<Evaluator> evaluator_;
    const Schema* schemas_[2] = {nullptr, nullptr};
    /// Columns of left ++ right that the condition reads, in the order of its compact input.
    std::vector<int> columns_;
    std::vector<ColumnBuilder> compact_;
    std::vector<ColumnBuilder> scratch_[2];  ///< a whole row of each side
};

}  // namespace mr::engine::internal
