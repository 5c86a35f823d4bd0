// The rows a window aggregate emits: group keys, results, then the window columns asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/functions/aggregate.h"
#include "engine/internal/rows.h"
#include "plan/node.h"

namespace mr::engine::internal {

class WindowOutput {
  public:
    /// invalid_argument for a window column that is none of window_start, window_end, window_time.
    static Result<WindowOutput> create(const plan::Node& node, const plan::WindowAggregateNode& window);

    /// One row: the group's key as append_key_columns() made it, the aggregates' results, the window.
    void emit(std::string_view group, const AggregateSet& set, const char* fixed, EntryStore* entries,
              std::int64_t start, std::int64_t end, std::uint64_t arrival, std::int64_t watermark);
    Delta finish(std::int64_t end_watermark) { return out_.finish(end_watermark); }

  private:
    explicit WindowOutput(const plan::Node& node) : schema_(&node.schema), out_(node.schema) {}

    const Schema* schema_;  ///< the node's
    DeltaBuilder out_;
    std::vector<DataType> key_types_;  ///< of the input's columns
    std::vector<std::string> columns_;
};

}  // namespace mr::engine::internal
