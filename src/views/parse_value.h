// A value as it comes in a query string or a JSON parameter, read as a column's type. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "columnar/type.h"
#include "columnar/value.h"

namespace mr::views {

/// Numbers, true/false, text, dates and times in ISO form (or milliseconds since 1970 for timestamps), BYTES
/// as base64. Nested types and values that do not fit are errors that say what was expected.
Result<Value> parse_value(const DataType& type, std::string_view text);

}  // namespace mr::views
