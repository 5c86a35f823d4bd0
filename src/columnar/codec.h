// Keys and values as bytes, for state, views and step entries. Both encodings outlive the process:
// Format: docs/formats/state-keys.md.
//
// Keys are memcomparable: comparing the bytes of two keys of one type list gives the order of the values
// (NULL first, ascending per column, or descending where asked). Values are compact, self-delimiting and
// start with a version byte. Thread: any.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "columnar/column.h"
#include "columnar/delta.h"
#include "columnar/value.h"

namespace mr {

/// Appends the memcomparable form of one value.
void append_key(std::string& out, const DataType& type, const Value& value, bool descending = false);
void append_key(std::string& out, const Column& column, std::size_t row, bool descending = false);
/// Reads one value back; corrupt on bytes append_key cannot have written.
Result<Value> read_key(ByteReader& reader, const DataType& type, bool descending = false);

/// Version of the value codec, the first byte of every encoded row.
inline constexpr std::uint8_t kRowCodecVersion = 1;

/// One row (a value per column, in order).
void append_row(std::string& out, const std::vector<ColumnPtr>& columns, std::size_t row);
void append_row(std::string& out, const Schema& schema, std::span<const Value> values);
/// A single value without version byte, for accumulators.
void append_value(std::string& out, const DataType& type, const Value& value);
void append_value(std::string& out, const Column& column, std::size_t row);
Result<Value> read_value(ByteReader& reader, const DataType& type);
Result<std::vector<Value>> read_row(std::string_view bytes, const Schema& schema);
/// Appends the row to builders (one a column), without making Values.
Status read_row_into(std::string_view bytes, const Schema& schema, std::span<ColumnBuilder> builders);
Status read_row_into(std::string_view bytes, const Schema& schema, DeltaBuilder& builder);

}  // namespace mr
