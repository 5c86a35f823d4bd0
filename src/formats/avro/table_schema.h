// The Avro schema of a row type, as Flink derives it (AvroSchemaConverter.convertToSchema): a record
// `org.apache.flink.avro.generated.record`, nullable columns a union with null first and null as the default,
// nested rows named after their field. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "columnar/type.h"

namespace mr::formats::avro {

struct TableSchemaOptions {
    std::string_view record_name = "org.apache.flink.avro.generated.record";
    /// Flink's avro.timestamp_mapping.legacy: a TIMESTAMP is timestamp-millis, else local-timestamp-*.
    bool legacy_timestamps = true;
};

/// invalid_argument for a column whose name Avro does not allow, unsupported for a type it has no word for.
Result<std::string> table_schema(const mr::Schema& columns, const TableSchemaOptions& options);

}  // namespace mr::formats::avro
