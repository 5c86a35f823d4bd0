// Units of time and Java's date patterns, for the temporal functions. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/temporal.h"
#include "columnar/type.h"

namespace mr::engine::internal {

enum class Unit : std::uint8_t {
    nanosecond,
    microsecond,
    millisecond,
    second,
    minute,
    hour,
    day,
    week,
    month,
    quarter,
    year,
    decade,
    century,
    millennium,
    day_of_week,
    iso_day_of_week,
    day_of_year,
    epoch,
    iso_year,
};
Result<Unit> parse_unit(std::string_view name);

/// Monday = 1 … Sunday = 7.
int iso_weekday(std::int64_t days);
struct IsoWeek {
    std::int64_t year;
    int week;
};
IsoWeek iso_week(std::int64_t days);
int day_of_year(std::int64_t days);
/// Week of the year as Java's US locale counts: weeks start on Sunday, the first holds January 1.
int us_week(std::int64_t days);

/// A value of a date or timestamp type as a point in (UTC) time, and back.
Moment to_moment(std::int64_t value, const DataType& type);
std::int64_t from_moment(Moment m, const DataType& type);

/// A java.time.format.DateTimeFormatter pattern.
class TimePattern {
  public:
    /// invalid_argument for a letter that is none of Java's or not supported.
    static Result<TimePattern> parse(std::string_view pattern);
    [[nodiscard]] std::string format(Moment m) const;
    /// Nothing if the text does not match. Fields the pattern lacks are those of 1970-01-01 00:00:00.
    /// `smart`: a day after the month's last, up to 31, is the last (Java's resolver).
    [[nodiscard]] std::optional<Moment> read(std::string_view text, bool smart = false) const;
    /// The same of the text's start; what follows is ignored (Java's SimpleDateFormat).
    [[nodiscard]] std::optional<Moment> read_start(std::string_view text) const;

  private:
    std::optional<Moment> take(std::string_view text, bool smart, std::size_t& end) const;
    struct Token {
        char letter = 0;  ///< 0: literal text
        int count = 0;
        std::string text;
        bool adjacent = false;  ///< a number follows at once: exactly `count` digits
    };
    std::vector<Token> tokens_;
    friend struct PatternReader;
};

}  // namespace mr::engine::internal
