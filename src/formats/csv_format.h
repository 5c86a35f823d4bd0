// Flink's `csv` format: one line a record, columns by position. Text fields keep their blanks, others are
// trimmed; an empty number is an error, not NULL (`csv.null-literal` says what NULL is). A line with fewer or
// more fields than the table has columns is refused. Thread: one each.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/row_format.h"

namespace mr::formats {

struct CsvOptions {
    char delimiter = ',';                       ///< csv.field-delimiter
    std::optional<char> quote = '"';            ///< csv.quote-character, csv.disable-quote-character
    std::optional<char> escape{};               ///< csv.escape-character
    std::string array_delimiter = ";";          ///< csv.array-element-delimiter
    std::optional<std::string> null_literal{};  ///< csv.null-literal
    bool allow_comments = false;                ///< csv.allow-comments: a line that begins with # is no row
    bool ignore_parse_errors = false;           ///< csv.ignore-parse-errors: a bad field is NULL
};

/// `columns`: all of the line, in order; `wanted[i]`: column i has a builder. invalid_argument names a column
/// whose type has no CSV form (MAP, nested lists).
Result<std::unique_ptr<RowDecoder>> csv_decoder(const Schema& columns, const std::vector<bool>& wanted,
                                                CsvOptions options);
Result<std::unique_ptr<RowEncoder>> csv_encoder(const Schema& columns, CsvOptions options);

}  // namespace mr::formats
