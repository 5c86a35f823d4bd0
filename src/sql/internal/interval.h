// INTERVAL literals. Thread: any (functions).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace mr::sql {

struct Interval {
    std::int64_t value = 0;  ///< months, or milliseconds
    bool months = false;
};

/// '1 02:03:04.5' DAY TO SECOND, '1-2' YEAR TO MONTH, '0.2' SECOND … Units in capitals. Fractions only of
/// seconds, down to milliseconds.
Result<Interval> parse_interval(std::string_view text, std::string_view from, std::string_view to);

}  // namespace mr::sql
