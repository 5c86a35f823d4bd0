// Time zones: fixed offsets ("UTC", "GMT+08:00", "-05:30") and the named ones of the system's tz database
// ("Europe/Paris"), read once when a query is compiled. Thread: any (immutable).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::engine::internal {

class TimeZone {
  public:
    /// invalid_argument for a name that is none.
    static Result<TimeZone> find(std::string_view name);
    /// RFC 8536. corrupt for bytes that are no such file.
    static Result<TimeZone> parse(std::string_view file);

    /// Seconds east of Greenwich at an instant.
    [[nodiscard]] std::int64_t offset_at(std::int64_t utc_seconds) const;
    /// The instant of a wall-clock time. One that a change of offset leaves out moves on by it; of one that comes
    /// twice the first.
    [[nodiscard]] std::int64_t to_utc(std::int64_t local_seconds) const;

  private:
    /// "M3.2.0/2": the second Sunday of March at two.
    struct Change {
        int month = 0, week = 0, day = 0;
        std::int64_t seconds = 7'200;
        [[nodiscard]] std::int64_t in_year(std::int64_t year) const;  ///< wall clock before the change
    };
    struct Rule {
        std::int64_t standard = 0;
        std::int64_t summer = 0;
        bool changes = false;
        Change to_summer, to_standard;
    };
    static bool parse_rule(std::string_view text, Rule& rule);
    static bool parse_change(std::string_view& text, Change& change);
    [[nodiscard]] std::int64_t by_rule(std::int64_t utc_seconds) const;

    std::vector<std::int64_t> times_;    ///< of changes, ascending
    std::vector<std::int64_t> offsets_;  ///< from each change on
    std::int64_t first_ = 0;             ///< before the first change
    Rule rule_;                          ///< after the last one
};

}  // namespace mr::engine::internal
