// Which rows a query can want of a table outside: the comparisons with constants that stand in its WHERE,
// read from DuckDB's own parse of the text (its C interface hands no filters to a scan). Whatever is not
// plainly one of them is left to DuckDB, which tests every row again anyway. Thread: any.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "warehouse/duckdb_handle.h"
#include "warehouse/scan.h"

namespace mr::warehouse {

/// By the name a ScanCatalog knows a table by.
using ScanRanges = std::map<std::string, Ranges, std::less<>>;

/// Runs queries of its own on `connection`, which must not be in a transaction.
ScanRanges find_ranges(duckdb_connection connection, const std::string& sql, ScanCatalog& catalog);

/// What a scan that is being bound may look up: the catalog, and the ranges of the query on this thread.
class ScanContext {
  public:
    explicit ScanContext(ScanCatalog& catalog) : catalog_(catalog) {}
    [[nodiscard]] ScanCatalog& catalog() const { return catalog_; }
    [[nodiscard]] Ranges ranges(std::string_view table);

    /// For the life of a query.
    class Use {
      public:
        Use(ScanContext& context, ScanRanges ranges);
        ~Use();
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

      private:
        ScanContext& context_;
    };

  private:
    ScanCatalog& catalog_;
    std::mutex mutex_;
    std::map<std::thread::id, ScanRanges> by_thread_;
};

}  // namespace mr::warehouse
