#include "base/quantity.h"

#include <algorithm>
#include <cctype>
#include <charconv>
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

}  // namespace mr
