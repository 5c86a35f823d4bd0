#include "base/quantity.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>
#include <span>
#include <string>

namespace mr {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t size;
};

constexpr std::int64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr Unit kDurations[] = {{"", 1},
                               {"ms", 1},
                               {"milli", 1},
                               {"millis", 1},
                               {"millisecond", 1},
                               {"milliseconds", 1},
                               {"s", kSecond},
                               {"sec", kSecond},
                               {"second", kSecond},
                               {"seconds", kSecond},
                               {"m", kMinute},
                               {"min", kMinute},
                               {"minute", kMinute},
                               {"minutes", kMinute},
                               {"h", kHour},
                               {"hour", kHour},
                               {"hours", kHour},
                               {"d", kDay},
                               {"day", kDay},
                               {"days", kDay}};

constexpr std::int64_t kKilo = 1'024, kMega = 1'024 * kKilo, kGiga = 1'024 * kMega, kTera = 1'024 * kGiga;
constexpr Unit kSizes[] = {{"", 1},        {"b", 1},       {"bytes", 1},  {"k", kKilo},   {"kb", kKilo},
                           {"kib", kKilo}, {"m", kMega},   {"mb", kMega}, {"mib", kMega}, {"g", kGiga},
                           {"gb", kGiga},  {"gib", kGiga}, {"t", kTera},  {"tb", kTera},  {"tib", kTera}};
constexpr Unit kCounts[] = {{"", 1}};

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

Result<std::int64_t> parse_scaled(std::string_view text, std::span<const Unit> units,
                                  std::string_view example) {
    const std::string_view all = trimmed(text);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), number);
    std::string unit(trimmed(all.substr(static_cast<std::size_t>(end - all.data()))));
    std::ranges::transform(unit, unit.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto known = std::ranges::find(units, unit, &Unit::name);
    if (error != std::errc() || number < 0 || known == units.end() ||
        number > std::numeric_limits<std::int64_t>::max() / known->size)
        return fail(Code::invalid_argument, "expected something like {}, found `{}`", example, text);
    return number * known->size;
}

}  // namespace

Result<std::int64_t> parse_duration_ms(std::string_view text) {
    return parse_scaled(text, kDurations, "250ms, 10s, 5m or 90d");
}

Result<std::int64_t> parse_bytes(std::string_view text) {
    return parse_scaled(text, kSizes, "65536, 64MiB or 1GB");
}

Result<std::int64_t> parse_count(std::string_view text) {
    return parse_scaled(text, kCounts, "1000000");
}

Result<std::int64_t> parse_instant_ms(std::string_view text) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
    double second = 0;
    const std::string copy(text);
    const int got = std::sscanf(copy.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%lf%n", &year, &month, &day, &hour,
                                &minute, &second, &used);
    if (got < 6) return fail(Code::invalid_argument, "not an instant: {}", text);
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second >= 61)
        return fail(Code::invalid_argument, "not an instant: {}", text);
    std::int64_t ms = std::chrono::sys_days(date).time_since_epoch().count() * 86'400'000LL +
                      hour * 3'600'000LL + minute * 60'000LL + static_cast<std::int64_t>(second * 1000 + 0.5);
    const std::string_view zone = text.substr(static_cast<std::size_t>(used));
    int zone_hours = 0, zone_minutes = 0;
    if (zone.size() >= 5 && (zone[0] == '+' || zone[0] == '-') &&
        std::sscanf(std::string(zone.substr(1)).c_str(), "%2d:%2d", &zone_hours, &zone_minutes) == 2) {
        const std::int64_t shift = zone_hours * 3'600'000LL + zone_minutes * 60'000LL;
        ms += zone[0] == '+' ? -shift : shift;
    } else if (!zone.empty() && zone != "Z") {
        return fail(Code::invalid_argument, "not an instant: {}", text);
    }
    return ms;
}

}  // namespace mr
