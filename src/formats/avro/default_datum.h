// The default of a field, written in JSON, as the binary datum its schema would make of it: what is missing
// in a record is then read like what is there. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/avro/schema.h"

namespace mr::formats::avro {

/// invalid_argument when the JSON does not fit the schema; for a union, the first branch that it fits counts.
Result<std::string> encode_default(std::string_view json, const Schema& schema);

}  // namespace mr::formats::avro
