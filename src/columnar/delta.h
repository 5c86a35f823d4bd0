// A delta: what flows between operators. A columnar sequence of rows in arrival order, each with an integer
// weight
// (+1 insert, -1 retract), after Z-sets (Budiu et al., DBSP, VLDB 2023). Immutable once passed on.
//
// Beside its visible columns every row carries three hidden ones:
//   weight   +1 or -1 (an operator may fold equal neighbours: any non-zero count is legal)
//   arrival  the number of the input row that caused it, growing within a pipeline for ever; rows caused by
//   the same
//            input row, or by a watermark that it raised, share its number. Operators with several inputs
//            merge them by it, so results do not depend on where steps were cut.
//   wm       the watermark in milliseconds *before* this row (kNoWatermark: none yet), rows filtered away
//   included. Never falls
//            within a delta. After the last row the watermark is `end_watermark`.
// A delta without rows may still raise the watermark.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "columnar/column.h"

namespace mr {

/// "No watermark yet": below every instant.
inline constexpr std::int64_t kNoWatermark = std::numeric_limits<std::int64_t>::min();
/// End of input: every window fires.
inline constexpr std::int64_t kMaxWatermark = std::numeric_limits<std::int64_t>::max();

struct Delta {
    std::vector<ColumnPtr> columns;  ///< one a field of the edge's schema, each of `size()` rows
    std::vector<std::int32_t> weight;
    std::vector<std::uint64_t> arrival;
    std::vector<std::int64_t> wm;
    std::int64_t end_watermark = kNoWatermark;

    [[nodiscard]] std::size_t size() const { return weight.size(); }
    [[nodiscard]] bool empty() const { return weight.empty(); }
    /// The watermark after row `row`.
    [[nodiscard]] std::int64_t watermark_after(std::size_t row) const {
        return row + 1 < wm.size() ? wm[row + 1] : end_watermark;
    }
    /// Bug if lengths differ, a column's type does not fit `schema`, or arrivals or watermarks fall.
    void check(const Schema& schema) const;
};

/// Builds a delta row by row.
class DeltaBuilder {
  public:
    explicit DeltaBuilder(const Schema& schema);

    [[nodiscard]] ColumnBuilder& column(std::size_t i) { return columns_[i]; }
    [[nodiscard]] std::size_t size() const { return delta_.weight.size(); }
    /// Closes a row after each column got one value.
    void end_row(std::int32_t weight, std::uint64_t arrival, std::int64_t wm) {
        delta_.weight.push_back(weight);
        delta_.arrival.push_back(arrival);
        delta_.wm.push_back(wm);
    }
    [[nodiscard]] Delta finish(std::int64_t end_watermark);

  private:
    std::vector<ColumnBuilder> columns_;
    Delta delta_;
};

}  // namespace mr
