// DATE, TIME and TIMESTAMP literals. Thread: any (functions).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "columnar/type.h"

namespace mr::sql {

struct DateTimeLiteral {
    DataType type;
    std::int64_t value = 0;
};

/// `kind` is DATE, TIME or TIMESTAMP; the precision is the number of fractional digits written.
Result<DateTimeLiteral> parse_date_time(std::string_view kind, std::string_view text);

}  // namespace mr::sql
