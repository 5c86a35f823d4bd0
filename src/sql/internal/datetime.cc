#include "sql/internal/datetime.h"

#include <charconv>

namespace mr::sql {
namespace {

/// Reads digits, `least` to `most` of them, off the front.
bool number(std::string_view& text, std::size_t least, std::size_t most, std::int64_t& out) {
    std::size_t n = 0;
    while (n < text.size() && n < most && text[n] >= '0' && text[n] <= '9') ++n;
    if (n < least) return false;
    std::from_chars(text.data(), text.data() + n, out);
    text.remove_prefix(n);
    return true;
}

bool skip(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
    const std::int64_t y = month <= 2 ? year - 1 : year;
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const std::int64_t year_of_era = y - era * 400;
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

bool date(std::string_view& text, std::int64_t& days) {
    std::int64_t y = 0, m = 0, d = 0;
    if (!number(text, 4, 4, y) || !skip(text, '-') || !number(text, 1, 2, m) || !skip(text, '-') ||
        !number(text, 1, 2, d)) {
        return false;
    }
    const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    const std::int64_t lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m < 1 || m > 12 || d < 1 || d > lengths[m - 1]) return false;
    days = days_of(y, m, d);
    return true;
}

/// Nanoseconds of the day, and how many fractional digits were written.
bool time(std::string_view& text, std::int64_t& nanos, int& digits) {
    std::int64_t h = 0, m = 0, s = 0, fraction = 0;
    digits = 0;
    if (!number(text, 1, 2, h) || !skip(text, ':') || !number(text, 1, 2, m) || h > 23 || m > 59)
        return false;
    if (skip(text, ':') && (!number(text, 1, 2, s) || s > 59)) return false;
    if (skip(text, '.')) {
        const std::size_t before = text.size();
        if (!number(text, 1, 9, fraction)) return false;
        digits = static_cast<int>(before - text.size());
        for (int i = digits; i < 9; ++i) fraction *= 10;
    }
    nanos = ((h * 60 + m) * 60 + s) * 1'000'000'000 + fraction;
    return true;
}

}  // namespace

Result<DateTimeLiteral> parse_date_time(std::string_view kind, std::string_view text) {
    constexpr std::int64_t kNanosADay = 86'400'000'000'000;
    std::string_view rest = text;
    std::int64_t days = 0, nanos = 0;
    int digits = 0;
    DateTimeLiteral out;
    bool good = true;
    if (kind == "DATE") {
        good = date(rest, days);
        out.type = DataType::date();
        out.value = days;
    } else if (kind == "TIME") {
        good = time(rest, nanos, digits);
        out.type = DataType::of(TypeKind::time);
        out.type.precision = static_cast<std::int16_t>(digits);
        out.value = nanos / 1'000'000;
    } else {
        good = date(rest, days);
        if (good && !rest.empty()) good = (skip(rest, ' ') || skip(rest, 'T')) && time(rest, nanos, digits);
        out.type = DataType::timestamp(digits);
        const std::int64_t unit = out.type.time_unit();
        // Nanoseconds reach from 1677 to 2262.
        if (good && unit == 1'000'000'000 && (days < -106'000 || days > 106'000)) good = false;
        out.value = days * (kNanosADay / (1'000'000'000 / unit)) + nanos / (1'000'000'000 / unit);
    }
    if (!good || !rest.empty())
        return fail(Code::invalid_argument, "'{}' is no {}", text.substr(0, 60), kind);
    return out;
}

}  // namespace mr::sql
