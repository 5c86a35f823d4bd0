// The bridge between DuckDB and a ScanCatalog: an unknown table name becomes a call of the table function
// `millrace_scan`.
#pragma once

#include "base/result.h"
#include "warehouse/duckdb_handle.h"
#include "warehouse/pushdown.h"

namespace mr::warehouse {

/// REQUIRES: `context` outlives the database.
Status register_scans(duckdb_database database, duckdb_connection connection, ScanContext& context);

}  // namespace mr::warehouse
