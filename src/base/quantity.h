// Durations, sizes and instants as people write them in settings, in WITH options and on the command line.
// Durations and sizes are a whole number and a unit, blanks allowed around the unit, capitals or not, as
// Apache Flink reads them. Thread: any.
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
/// Milliseconds since 1970 of "2026-11-23T05:29:31.964Z", "2026-11-23 05:29:31" (UTC) or one with an offset
/// (+02:00).
Result<std::int64_t> parse_instant_ms(std::string_view text);

}  // namespace mr
