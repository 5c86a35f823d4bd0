// What a scalar field is where the data do not have it: proto2's [default = …], else zero, empty, the first
// value of an enum. Thread: any.
#pragma once

#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "columnar/value.h"
#include "formats/protobuf/message_plan.h"

namespace mr::formats::protobuf {

/// As a value of the column. invalid_argument: "default 7x is no whole number".
Result<Value> default_value(Encoding encoding, bool wide, const DataType& type,
                            const std::vector<EnumValue>& values, const Options& options);

}  // namespace mr::formats::protobuf
