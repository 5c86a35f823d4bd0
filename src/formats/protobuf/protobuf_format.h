// Flink's `protobuf` format: a record is one message, without a frame. The message is described by the text
// of a .proto file instead of a Java class. Columns are found by their fields' names; fields without a column
// are passed over. Types as in Flink: 32-bit integers INT, 64-bit ones BIGINT, float, double, bool, string,
// bytes; an enum STRING (its name) or a whole number; repeated ARRAY, map MAP, a message ROW. What is not in
// the data is NULL, but proto3's scalars, and everything with read_default_values, are their default.
// docs/sql/formats.md. Thread: one each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/row_format.h"

namespace mr::formats {

struct ProtobufOptions {
    std::string schema{};   ///< text of a .proto file
    std::string message{};  ///< "Order", "shop.Order", "com.acme.Outer$Order"; empty: the only one there is
    bool read_default_values = false;
    std::string null_string{};  ///< written for a NULL among the elements of an array or map
};

/// `columns`: all of the table; `wanted[i]`: column i has a builder. invalid_argument: the schema has a
/// mistake, there is no such message, or a column fits no field.
Result<std::unique_ptr<RowDecoder>> protobuf_decoder(const Schema& columns, const std::vector<bool>& wanted,
                                                     const ProtobufOptions& options);
/// invalid_argument: also if a field that is required has no column.
Result<std::unique_ptr<RowEncoder>> protobuf_encoder(const Schema& columns, const ProtobufOptions& options);

}  // namespace mr::formats
