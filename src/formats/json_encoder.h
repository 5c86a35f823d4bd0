// Rows to JSON objects, as Flink's json sink writes them: fields in schema order, NULL as null, DECIMAL as a
// number without trailing zeros, instants with a Z, DOUBLE as Java prints it, BYTES in base64. Thread: any
// (immutable).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "columnar/column.h"
#include "formats/text_values.h"

namespace mr::formats {

struct JsonEncodeOptions {
    TimestampStyle timestamps = TimestampStyle::sql;
    bool ignore_null_fields = false;  ///< json.encode.ignore-null-fields
};

class JsonEncoder {
  public:
    JsonEncoder(const Schema& schema, JsonEncodeOptions options);
    /// Appends {"name":value,…} of row `row`; `columns[i]` is field i of the schema.
    void encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) const;

  private:
    void append(std::string& out, const Column& column, std::size_t row) const;
    void append_present(std::string& out, const Column& column, std::size_t row) const;
    void append_map(std::string& out, const Column& column, std::size_t row) const;

    std::vector<std::string> names_;  ///< `"name":`
    JsonEncodeOptions options_;
};

}  // namespace mr::formats
