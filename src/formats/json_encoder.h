// Rows to JSON objects, as Flink's json sink writes them: fields in schema order, NULL as null, DECIMAL as a
// number without trailing zeros, instants with a Z, DOUBLE as Java prints it, BYTES in base64. Thread: any
// (immutable).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "columnar/column.h"
#include "formats/text_values.h"

namespace mr::formats {

/// What becomes of a MAP entry whose key is NULL (json.map-null-key.mode).
enum class NullKeys : std::uint8_t { literal, drop, fail };

struct JsonEncodeOptions {
    TimestampStyle timestamps = TimestampStyle::sql;
    bool ignore_null_fields = false;  ///< json.encode.ignore-null-fields
    NullKeys null_keys = NullKeys::literal;
    std::string null_key_literal = "null";  ///< json.map-null-key.literal
};

class JsonEncoder {
  public:
    JsonEncoder(const Schema& schema, JsonEncodeOptions options);
    /// Appends {"name":value,…} of row `row`; `columns[i]` is field i of the schema. False only with
    /// NullKeys::fail, where a MAP has a NULL key; what was appended must then be taken back.
    bool encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) const;

  private:
    bool append(std::string& out, const Column& column, std::size_t row) const;
    bool append_present(std::string& out, const Column& column, std::size_t row) const;
    bool append_map(std::string& out, const Column& column, std::size_t row) const;

    std::vector<std::string> names_;  ///< `"name":`
    JsonEncodeOptions options_;
};

}  // namespace mr::formats
