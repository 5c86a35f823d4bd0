// The embedded warehouse: DuckDB. Rollup tables fed from topics, and ad-hoc SQL across them, views, topics
// and the lake.
//
// Promises
//   1. Rows of a sink and the position it read to are committed in one transaction: after a crash nothing is
//   missing or doubled.
//   2. query() cannot write, load, attach or touch files; it is bounded in rows, bytes and time, and never
//   makes a
//      sink wait.
//   3. Times are UTC TIMESTAMP.
// Thread: any; a query or a sink's commit blocks its worker. Every call uses a connection of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"
#include "warehouse/scan.h"

namespace mr::warehouse {

struct WarehouseOptions {
    std::string path;  ///< of the database file; empty: in memory
    std::int64_t memory_bytes = 128 << 20;
    std::int64_t spill_bytes = 1LL << 30;  ///< of sorts and groups beside the file
    int threads = 1;
};

struct QueryLimits {
    std::size_t rows_max = 10'000;
    std::int64_t timeout_ms = 10'000;
    std::size_t bytes_max = 32U << 20;  ///< of the answer; beyond it there is an error
    /// Set by anybody, any time: the query ends within some 50 ms.
    std::shared_ptr<const std::atomic<bool>> cancelled = nullptr;
};

struct QueryResult {
    Schema schema;
    std::vector<ColumnPtr> columns;
    std::size_t rows = 0;
    bool truncated = false;  ///< there were more than rows_max
};

/// A table fed from a topic.
struct WarehouseTable {
    std::string name;
    Schema schema;
    std::vector<int> key;  ///< upsert by these columns; empty: append only
};

/// Where a sink stands in a partition of its topic.
struct SinkPosition {
    std::int32_t partition = 0;
    std::int64_t next_offset = 0;
};

/// Changes of one commit. Deleted keys first, then rows put; a key occurs once.
struct SinkBatch {
    std::vector<ColumnPtr> rows;     ///< columns of the table's schema
    std::vector<ColumnPtr> deleted;  ///< key columns, in key order; may be empty
    std::vector<SinkPosition> positions;
};

class Warehouse {
  public:
    static Result<std::unique_ptr<Warehouse>> open(const WarehouseOptions& options, ScanCatalog& catalog);
    ~Warehouse();

    /// One SELECT (or VALUES, EXPLAIN, DESCRIBE, SHOW). invalid_argument with DuckDB's message for bad SQL,
    /// permission_denied for anything that is not a query, unavailable when it took too long or was
    /// cancelled, resource_exhausted when it needs more memory or gives more than it may.
    Result<QueryResult> query(const std::string& sql, const QueryLimits& limits);

    /// Creates the table if it is not there. invalid_argument if one of that name has other columns.
    Status create_table(const WarehouseTable& table);
    Result<std::vector<SinkPosition>> positions(const std::string& table);
    Status commit(const WarehouseTable& table, const SinkBatch& batch);
    /// Drops rows whose `column` is more than `retention_us` older than its highest value, or than `now_us`
    /// if that is earlier (microseconds); number of rows removed.
    Result<std::int64_t> expire(const std::string& table, const std::string& column, std::int64_t now_us,
                                std::int64_t retention_us);
    /// The query name `schema`.`name` for the scan that the catalog knows as `scan`.
    Status create_scan_view(const std::string& schema, const std::string& name, const std::string& scan);
    /// `alias` names `table` in queries.
    Status create_alias(const std::string& alias, const std::string& table);
    [[nodiscard]] std::vector<std::string> tables();
    Status checkpoint();

    /// For open().
    class Impl;
    explicit Warehouse(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::warehouse
