// Durations and sizes as people write them in settings and in WITH options: a whole number and a unit, blanks
// allowed around the unit, capitals or not, as Apache Flink reads them. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace mr {

/// "2 d", "30min", "400 days", "100 ms"; milliseconds where no unit is written.
Result<std::int64_t> parse_duration_ms(std::string_view text);
/// "65536", "64 MiB", "1gb"; bytes where no unit is written. KB, MB, GB and TB are powers of 1,024.
Result<std::int64_t> parse_bytes(std::string_view text);
/// "1000000"
Result<std::int64_t> parse_count(std::string_view text);

}  // namespace mr
