// Our columns to DuckDB vectors and back. Instants and wall-clock times become TIMESTAMP (microseconds, UTC):
// DuckDB aggregates TIMESTAMPTZ seven times slower. Thread: any.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "columnar/column.h"
#include "warehouse/duckdb_handle.h"

namespace mr::warehouse {

/// The DuckDB type of a column of ours.
TypeHandle to_duckdb(const DataType& type);
/// As SQL writes it, for CREATE TABLE.
std::string duckdb_type_name(const DataType& type);
/// Ours of a DuckDB result column; types we have no equal for (UUID, ENUM, HUGEINT, …) become STRING or
/// DECIMAL(38, 0).
DataType from_duckdb(duckdb_logical_type type);

/// Writes rows [from, from + count) of `column` to the start of `vector`. count <= duckdb_vector_size().
void write_vector(duckdb_vector vector, const Column& column, std::size_t from, std::size_t count);
/// Bytes of the texts in the first `count` values, those in nested ones included: what copying them costs.
std::size_t text_bytes(duckdb_vector vector, duckdb_logical_type type, std::size_t count);
/// Appends `count` values of `vector`, whose type is `type`, to `out` (made with from_duckdb(type)).
void read_vector(duckdb_vector vector, duckdb_logical_type type, std::size_t count, ColumnBuilder& out);

}  // namespace mr::warehouse
