// Tables that live outside DuckDB and can be read from SQL: views, topics, lake tables. Only our own scans,
// no file access.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"

namespace mr::warehouse {

/// Rows of one scan: a number of columns of equal length, at most a few thousand rows each.
struct RowBatch {
    std::vector<ColumnPtr> columns;
    std::size_t rows = 0;
};

/// One running scan. Thread: the query's worker.
class Scan {
  public:
    virtual ~Scan() = default;
    /// The next batch; nothing at the end.
    virtual Result<std::optional<RowBatch>> next() = 0;
};

/// What a query asks of a column, both ends included, in the column's integers; times in microseconds.
struct Range {
    std::int64_t low = std::numeric_limits<std::int64_t>::min();
    std::int64_t high = std::numeric_limits<std::int64_t>::max();
};
/// By column of the schema. Rows outside may be left out or not: the query tests them again.
using Ranges = std::map<int, Range>;

struct ScanTable {
    Schema schema;
    /// Opens a scan at the newest durable state. `columns`: those read, in output order.
    std::function<Result<std::unique_ptr<Scan>>(const std::vector<int>& columns, const Ranges& ranges)> open;
    /// Columns (integers and times) whose ranges save work.
    std::set<int> ranged = {};
};

/// Who knows the tables outside: the node. Thread: any worker.
class ScanCatalog {
  public:
    virtual ~ScanCatalog() = default;
    virtual std::optional<ScanTable> find(std::string_view name) = 0;
    [[nodiscard]] virtual std::vector<std::string> names() = 0;
};

}  // namespace mr::warehouse
