// The calls of an OVER operator, sorted by how they are computed: aggregates over the frame (AggregateSet),
// and functions of the row's place in the partition.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/functions/aggregate.h"
#include "plan/node.h"

namespace mr::engine::internal {

struct OverCall {
    enum class Kind : std::uint8_t { aggregate, row_number, rank, dense_rank, lag };
    Kind kind = Kind::aggregate;
    std::size_t at = 0;  ///< aggregate: its place in the set; lag: its place among the lags
};

struct OverCalls {
    /// unsupported for what needs rows that follow (LEAD, NTILE, …).
    static Result<OverCalls> create(const plan::OverNode& over, const Schema& input);

    std::vector<OverCall> calls;        ///< one a call of the node
    std::unique_ptr<AggregateSet> set;  ///< over `compact`
    /// Columns of the input that the aggregates read; what a frame keeps of a row.
    std::vector<int> compact_columns;
    Schema compact;

    std::unique_ptr<Evaluator> lag_arguments;  ///< over the input: value, default, value, default, …
    Schema lag_values;                         ///< the values' types, one a lag
    std::vector<std::int64_t> lag_offsets;
    std::int64_t lag_offset_max = 0;
};

}  // namespace mr::engine::internal
