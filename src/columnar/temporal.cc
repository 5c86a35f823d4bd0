#include "columnar/temporal.h"

#include <algorithm>

#include "columnar/value.h"

namespace mr {
namespace {

/// Reads fixed and variable digit groups off the front of a text.
class Digits {
  public:
    explicit Digits(std::string_view text) : text_(text) {}
    /// Between `least` and `most` digits; -1 if there are fewer.
    int number(int least, int most) {
        int value = 0, count = 0;
        while (count < most && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            value = value * 10 + (text_[at_] - '0');
            ++at_;
            ++count;
        }
        return count < least ? -1 : value;
    }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    /// ".123": as nanoseconds, at most nine digits; -1 if a point stands without digits (`.` alone is
    /// accepted by nobody).
    std::int32_t fraction() {
        if (!take('.')) return 0;
        std::int32_t nanos = 0;
        int count = 0;
        while (count < 9 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            nanos = nanos * 10 + (text_[at_++] - '0');
            ++count;
        }
        if (count == 0) return -1;
        for (; count < 9; ++count) nanos *= 10;
        return nanos;
    }
    [[nodiscard]] bool end() const { return at_ == text_.size(); }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<std::int64_t> read_date(Digits& in, bool lenient) {
    const int year = in.number(4, 4);
    if (year < 0 || !in.take('-')) return std::nullopt;
    const int least = lenient ? 1 : 2;
    const int month = in.number(least, 2);
    if (month < 1 || month > 12 || !in.take('-')) return std::nullopt;
    const int day = in.number(least, 2);
    if (day < 1 || day > days_in_month(year, month)) return std::nullopt;
    return days_from_civil({year, month, day});
}

struct TimeOfDay {
    int seconds;
    std::int32_t nanos;
};

std::optional<TimeOfDay> read_time(Digits& in, bool seconds_required, int least) {
    const int hour = in.number(least, 2);
    if (hour < 0 || hour > 23 || !in.take(':')) return std::nullopt;
    const int minute = in.number(least, 2);
    if (minute < 0 || minute > 59) return std::nullopt;
    if (!in.take(':')) {
        if (seconds_required) return std::nullopt;
        return TimeOfDay{hour * 3600 + minute * 60, 0};
    }
    const int second = in.number(least, 2);
    if (second < 0 || second > 59) return std::nullopt;
    const std::int32_t nanos = in.fraction();
    if (nanos < 0) return std::nullopt;
    return TimeOfDay{hour * 3600 + minute * 60 + second, nanos};
}

}  // namespace

// Days from civil and back: Howard Hinnant's era arithmetic.
std::int64_t days_from_civil(CivilDate d) {
    const std::int64_t y = d.month <= 2 ? d.year - 1 : d.year;
    const std::int64_t era = floor_div(y, 400);
    const std::int64_t of_era = y - era * 400;
    const std::int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    const std::int64_t day = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * 146'097 + day - 719'468;
}

CivilDate civil_from_days(std::int64_t days) {
    days += 719'468;
    const std::int64_t era = floor_div(days, 146'097);
    const std::int64_t of_era = days - era * 146'097;
    const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted = (5 * of_year + 2) / 153;
    CivilDate d;
    d.day = static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1);
    d.month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
    d.year = year_of_era + era * 400 + (d.month <= 2 ? 1 : 0);
    return d;
}

bool is_leap_year(std::int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in_month(std::int64_t year, int month) {
    static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : kDays[month - 1];
}

std::int64_t add_months(std::int64_t days, std::int64_t months) {
    CivilDate d = civil_from_days(days);
    const std::int64_t count = d.year * 12 + (d.month - 1) + months;
    d.year = floor_div(count, 12);
    d.month = static_cast<int>(count - d.year * 12) + 1;
    d.day = std::min(d.day, days_in_month(d.year, d.month));
    return days_from_civil(d);
}

Moment Moment::of(std::int64_t ticks, std::int64_t unit) {
    const std::int64_t seconds = floor_div(ticks, unit);
    return {seconds, static_cast<std::int32_t>((ticks - seconds * unit) * (1'000'000'000 / unit))};
}

Moment Moment::cut(int digits) const {
    std::int32_t step = 1;
    for (int i = digits; i < 9; ++i) step *= 10;
    return {seconds, nanos - nanos % step};
}

std::optional<std::int64_t> parse_date(std::string_view text) {
    Digits in(text);
    const auto days = read_date(in, false);
    return in.end() ? days : std::nullopt;
}

std::optional<std::int64_t> parse_time(std::string_view text, bool seconds_required) {
    Digits in(text);
    const auto t = read_time(in, seconds_required, 2);
    if (!t || !in.end()) return std::nullopt;
    return t->seconds * std::int64_t{1000} + t->nanos / 1'000'000;
}

std::optional<Moment> parse_timestamp(std::string_view text, TimestampText style) {
    Digits in(text);
    const bool lenient = style == TimestampText::lenient;
    const auto days = read_date(in, lenient);
    if (!days) return std::nullopt;
    if (lenient && in.end()) return Moment{*days * 86'400, 0};
    if (!in.take(style == TimestampText::iso ? 'T' : ' ')) return std::nullopt;
    const auto t = read_time(in, style != TimestampText::iso, lenient ? 1 : 2);
    if (!t || !in.end()) return std::nullopt;
    return Moment{*days * 86'400 + t->seconds, t->nanos};
}

std::string instant_to_string(std::int64_t ms, int digits) {
    std::string text = timestamp_to_string(ms, 1000, digits) + "Z";
    text[text.find(' ')] = 'T';
    return text;
}

}  // namespace mr
