// JSON records to columns, after Flink's json format: names match exactly, a missing field is NULL, unknown
// fields are skipped without being decoded, a value of another type is converted where Flink converts it (a
// quoted number, a number into STRING), else the record is refused with the field and the reason.
//
// Built on simdjson on-demand: the document is walked once; where each wanted field stood in the last record
// is remembered, so that records of one shape cost one comparison a field. Thread: one (keeps its parser and
// what it learned).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "columnar/column.h"
#include "formats/fields_read.h"
#include "formats/text_values.h"

namespace mr::formats {

struct JsonOptions {
    TimestampStyle timestamps = TimestampStyle::sql;  ///< json.timestamp-format.standard
    bool fail_on_missing_field = false;               ///< json.fail-on-missing-field
    bool ignore_parse_errors =
        false;  ///< json.ignore-parse-errors: a bad field is NULL, a bad record is refused
};

class JsonDecoder {
  public:
    /// `reads`: by column; empty: everything. Fields of ROWs that nobody reads are NULL.
    JsonDecoder(Schema schema, JsonOptions options, const std::vector<FieldsRead>& reads = {});
    ~JsonDecoder();
    JsonDecoder(JsonDecoder&&) noexcept;

    /// Appends one value to each builder (one a field of the schema, of its type), or, on an error, none. NOT
    /// NULL is not checked here. Records larger than 64 MiB or nested deeper than 64 levels where they are
    /// read are refused.
    Status decode(std::string_view record, std::span<ColumnBuilder> builders);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::formats
