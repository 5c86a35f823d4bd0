// Tables that live outside DuckDB and can be read from SQL: views, topics, lake tables. Only our own scans,
// no file access.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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

struct ScanTable {
    Schema schema;
    /// Opens a scan at the newest durable state. `columns`: those read, in output order.
    std::function<Result<std::unique_ptr<Scan>>(const std::vector<int>& columns)> open;
};

/// Who knows the tables outside: the node. Thread: any worker.
class ScanCatalog {
  public:
    virtual ~ScanCatalog() = default;
    virtual std::optional<ScanTable> find(std::string_view name) = 0;
    [[nodiscard]] virtual std::vector<std::string> names() = 0;
};

}  // namespace mr::warehouse
