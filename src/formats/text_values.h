// SQL values from text: numbers, dates, times. Shared by the JSON, CSV and key formats. Each returns nothing
// where the text is not a value of that kind; the caller writes the message, as it knows the field. Thread:
// any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "columnar/value.h"

namespace mr::formats {

/// "-12", "+7"; nothing else than digits.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// Java's Double.parseDouble: decimal and scientific, "NaN", "Infinity".
std::optional<double> parse_real(std::string_view text);
/// Any decimal text ("1.5", "-2e3") to the unscaled value at `scale`, rounded half up; nothing if it is no
/// number. `overflow` is set when it has more than `precision` digits then.
std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale, bool& overflow);
/// "2023-05-26" to days.
std::optional<std::int32_t> parse_date(std::string_view text);
/// "18:26:40[.123]" to milliseconds of the day.
std::optional<std::int32_t> parse_time(std::string_view text);

enum class TimestampStyle : std::uint8_t { sql, iso_8601 };  ///< a blank or a T between date and time
/// "2023-05-26 18:26:40[.fraction]" in ticks of `unit` a second. With `zoned` a "Z" or "+02:00" must follow
/// and the result is the instant; without, none may.
std::optional<std::int64_t> parse_timestamp(std::string_view text, TimestampStyle style, std::int64_t unit,
                                            bool zoned);

/// The text Flink's formats write: date and time with `style`, fraction without trailing zeros, "Z" if
/// `zoned`.
void append_timestamp(std::string& out, std::int64_t ticks, std::int64_t unit, TimestampStyle style,
                      bool zoned);

}  // namespace mr::formats
