// Dates and times: civil calendar arithmetic and the texts Flink reads. Proleptic Gregorian, no leap seconds.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mr {

/// A point of a timestamp: seconds since 1970 (wall-clock or UTC) and nanoseconds of the second.
struct Moment {
    std::int64_t seconds = 0;
    std::int32_t nanos = 0;

    /// Ticks of `unit` a second (columnar/type.h), fractions cut.
    [[nodiscard]] std::int64_t ticks(std::int64_t unit) const {
        return seconds * unit + nanos / (1'000'000'000 / unit);
    }
    /// Fractions beyond `digits` cut (a TIMESTAMP(0) keeps whole seconds).
    [[nodiscard]] Moment cut(int digits) const;
    static Moment of(std::int64_t ticks, std::int64_t unit);
};

struct CivilDate {
    std::int64_t year = 1970;
    int month = 1;
    int day = 1;
};
CivilDate civil_from_days(std::int64_t days);
std::int64_t days_from_civil(CivilDate date);
int days_in_month(std::int64_t year, int month);
bool is_leap_year(std::int64_t year);
/// `months` later, the day clipped to the month's length (2024-01-31 + 1 month = 2024-02-29).
std::int64_t add_months(std::int64_t days, std::int64_t months);
/// Floor division: the day of a second before 1970 too.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

/// Which text a timestamp has.
enum class TimestampText : std::uint8_t {
    sql,      ///< 2024-01-31 10:05:09[.fraction]
    iso,      ///< 2024-01-31T10:05[:09[.fraction]]
    lenient,  ///< what CAST takes: 2024-1-31, 2024-01-31 1:5:9.5; the time may be missing
};

/// "2024-01-31"
std::optional<std::int64_t> parse_date(std::string_view text);
/// "10:05:09[.fraction]" as milliseconds of the day; iso: the seconds may be missing.
std::optional<std::int64_t> parse_time(std::string_view text, bool seconds_required = true);
std::optional<Moment> parse_timestamp(std::string_view text, TimestampText style);
/// An instant in UTC by ISO 8601: "2023-05-26T18:26:40.123Z".
std::string instant_to_string(std::int64_t ms, int digits = 3);

}  // namespace mr
