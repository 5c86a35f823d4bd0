#include "formats/text_values.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

namespace mr::formats {
namespace {

/// Exactly `count` digits at the front of `text`, removed from it.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::int32_t> take_date(std::string_view& text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

struct ClockTime {
    std::int64_t seconds = 0;
    std::int64_t nanos = 0;
};

/// "18:26[:40[.123456789]]"
std::optional<ClockTime> take_time(std::string_view& text) {
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    ClockTime time{*hour * 3600 + *minute * 60, 0};
    if (!take(text, ':')) return time;
    const auto second = take_digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    time.seconds += *second;
    if (!take(text, '.')) return time;
    int digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 9; ++digits) {
        time.nanos = time.nanos * 10 + (text[0] - '0');
        text.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 9; ++digits) time.nanos *= 10;
    return time;
}

/// "Z" or "+hh:mm": seconds east of Greenwich.
std::optional<std::int64_t> take_zone(std::string_view& text) {
    if (take(text, 'Z')) return 0;
    const bool west = text.starts_with('-');
    if (!take(text, '+') && !take(text, '-')) return std::nullopt;
    const auto hours = take_digits(text, 2);
    if (!hours) return std::nullopt;
    take(text, ':');
    const auto minutes = take_digits(text, 2);
    if (!minutes) return std::nullopt;
    const std::int64_t seconds = *hours * 3600 + *minutes * 60;
    return west ? -seconds : seconds;
}

constexpr Int128 power_of_ten(int n) {
    Int128 p = 1;
    while (n-- > 0) p *= 10;
    return p;
}

/// A decimal text taken apart: digits without point, and where the point is.
struct DecimalText {
    bool negative = false;
    std::string digits;
    std::int64_t exponent = 0;  ///< value = 0.digits * 10^exponent, with `exponent` digits before the point
};

std::optional<DecimalText> split_decimal(std::string_view text) {
    DecimalText out;
    out.negative = take(text, '-');
    if (!out.negative) take(text, '+');
    bool point = false, any = false;
    for (; !text.empty(); text.remove_prefix(1)) {
        if (text[0] == '.' && !point) {
            point = true;
        } else if (text[0] >= '0' && text[0] <= '9') {
            any = true;
            if (out.digits.empty() && text[0] == '0') {
                if (point) --out.exponent;  // a leading zero after the point
            } else {
                out.digits.push_back(text[0]);
                if (!point) ++out.exponent;
            }
        } else {
            break;
        }
    }
    if (!any) return std::nullopt;
    if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
        text.remove_prefix(1);
        if (text.starts_with('+')) text.remove_prefix(1);
        int shift = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shift);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
        out.exponent += shift;
    } else if (!text.empty()) {
        return std::nullopt;
    }
    return out;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> parse_real(std::string_view text) {
    const bool negative = text.starts_with('-');
    std::string_view magnitude = text;
    if (negative || text.starts_with('+')) magnitude.remove_prefix(1);
    if (magnitude == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (magnitude == "Infinity")
        return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    if (magnitude.empty() || !(magnitude[0] == '.' || (magnitude[0] >= '0' && magnitude[0] <= '9')))
        return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), value);
    if (end != magnitude.data() + magnitude.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        // Java rounds: an overflow is infinite, an underflow zero.
        const auto parts = split_decimal(magnitude);
        value = parts && parts->exponent > 0 ? std::numeric_limits<double>::infinity() : 0;
    } else if (error != std::errc()) {
        return std::nullopt;
    }
    return negative ? -value : value;
}

std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale, bool& overflow) {
    overflow = false;
    const auto parts = split_decimal(text);
    if (!parts) return std::nullopt;
    if (parts->digits.empty()) return Int128{0};
    // `kept` digits remain after cutting at `scale`; the next one decides the rounding.
    const std::int64_t kept = parts->exponent + scale;
    if (kept > precision) {
        overflow = true;
        return Int128{0};
    }
    if (kept < 0) return Int128{0};
    Int128 value = 0;
    for (std::int64_t i = 0; i < kept; ++i) {
        const auto at = static_cast<std::size_t>(i);
        value = value * 10 + (at < parts->digits.size() ? parts->digits[at] - '0' : 0);
    }
    const auto next = static_cast<std::size_t>(kept);
    if (next < parts->digits.size() && parts->digits[next] >= '5') ++value;
    if (value >= power_of_ten(precision)) {
        overflow = true;
        return Int128{0};
    }
    return parts->negative ? -value : value;
}

std::optional<std::int32_t> parse_date(std::string_view text) {
    const auto days = take_date(text);
    if (!days || !text.empty()) return std::nullopt;
    return days;
}

std::optional<std::int32_t> parse_time(std::string_view text) {
    const auto time = take_time(text);
    if (!time || !text.empty()) return std::nullopt;
    return static_cast<std::int32_t>(time->seconds * 1'000 + time->nanos / 1'000'000);
}

std::optional<std::int64_t> parse_timestamp(std::string_view text, TimestampStyle style, std::int64_t unit,
                                            bool zoned) {
    const auto days = take_date(text);
    if (!days || !take(text, style == TimestampStyle::sql ? ' ' : 'T')) return std::nullopt;
    const auto time = take_time(text);
    if (!time) return std::nullopt;
    std::int64_t seconds = *days * 86'400LL + time->seconds;
    if (zoned) {
        const auto zone = take_zone(text);
        if (!zone) return std::nullopt;
        seconds -= *zone;
    }
    if (!text.empty()) return std::nullopt;
    return seconds * unit + time->nanos / (1'000'000'000 / unit);
}

void append_timestamp(std::string& out, std::int64_t ticks, std::int64_t unit, TimestampStyle style,
                      bool zoned) {
    const int digits = unit == 1'000 ? 3 : unit == 1'000'000 ? 6 : 9;
    std::string text = timestamp_to_string(ticks, unit, digits);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    if (style == TimestampStyle::iso_8601) text[text.find(' ')] = 'T';
    out += text;
    if (zoned) out.push_back('Z');
}

}  // namespace mr::formats
