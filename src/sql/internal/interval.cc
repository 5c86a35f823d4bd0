#include "sql/internal/interval.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>

namespace mr::sql {
namespace {

struct Unit {
    std::string_view name;
    int rank;  ///< coarse to fine
    std::int64_t size;
    bool months;
};
constexpr std::array<Unit, 11> kUnits = {{{"YEAR", 0, 12, true},
                                          {"QUARTER", 1, 3, true},
                                          {"MONTH", 2, 1, true},
                                          {"WEEK", 3, 7 * 86'400'000LL, false},
                                          {"DAY", 4, 86'400'000, false},
                                          {"HOUR", 5, 3'600'000, false},
                                          {"MINUTE", 6, 60'000, false},
                                          {"SECOND", 7, 1'000, false},
                                          {"MILLISECOND", 8, 1, false},
                                          {"MICROSECOND", 9, 0, false},
                                          {"NANOSECOND", 10, 0, false}}};

const Unit* find_unit(std::string_view name) {
    const auto* it = std::ranges::find(kUnits, name, &Unit::name);
    return it == kUnits.end() ? nullptr : it;
}

/// The largest amount of any unit that cannot overflow.
constexpr std::int64_t kMaxAmount = 99'999'999'999;

bool digits(std::string_view text, std::int64_t& out) {
    if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && out <= kMaxAmount;
}

/// "4.5" as 4,500 thousandths.
bool seconds(std::string_view text, std::int64_t& ms) {
    const std::size_t dot = text.find('.');
    std::int64_t whole = 0;
    const std::string_view head = text.substr(0, dot);
    if (!(head.empty() && dot != std::string_view::npos) && !digits(head, whole)) return false;
    ms = whole * 1'000;
    if (dot == std::string_view::npos) return true;
    std::string fraction(text.substr(dot + 1));
    std::int64_t value = 0;
    if (fraction.size() > 9 || !digits(fraction, value)) return false;
    fraction.resize(3, '0');
    if (!digits(fraction, value)) return false;
    ms += value;
    return true;
}

std::unexpected<Error> malformed(std::string_view text, std::string_view from, std::string_view to) {
    return fail(Code::invalid_argument, "'{}' is no interval of {}{}{}", text.substr(0, 60), from,
                from == to ? "" : " TO ", from == to ? "" : to);
}

}  // namespace

Result<Interval> parse_interval(std::string_view text, std::string_view from, std::string_view to) {
    const Unit* first = find_unit(from);
    const Unit* last = find_unit(to);
    if (first == nullptr || last == nullptr || first->months != last->months || first->rank > last->rank ||
        (first != last && (first->name == "WEEK" || first->name == "QUARTER" || last->rank > 7))) {
        return fail(Code::invalid_argument, "there is no interval of {} TO {}", from, to);
    }
    if (last->size == 0)
        return fail(Code::unsupported, "intervals finer than a millisecond are not supported yet");
    Interval out;
    out.months = first->months;
    std::string_view rest = text;
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    bool negative = false;
    if (rest.starts_with('-') || rest.starts_with('+')) {
        negative = rest.front() == '-';
        rest.remove_prefix(1);
    }
    // The parts between first and last, each ended by what separates it from the next.
    for (const Unit* u = first; u <= last; ++u) {
        if (u->name == "QUARTER" && first != u) continue;
        std::size_t end = rest.size();
        if (u != last) {
            const char separator = u->months ? '-' : (u->name == "DAY" ? ' ' : ':');
            end = rest.find(separator);
            if (end == std::string_view::npos) return malformed(text, from, to);
        }
        std::int64_t amount = 0;
        const std::string_view part = rest.substr(0, end);
        if (u->name == "SECOND") {
            if (!seconds(part, amount)) return malformed(text, from, to);
            out.value += amount;
        } else {
            if (!digits(part, amount)) return malformed(text, from, to);
            if (amount > INT64_MAX / 8 / u->size) return malformed(text, from, to);
            out.value += amount * u->size;
        }
        rest.remove_prefix(u == last ? rest.size() : end + 1);
    }
    if (negative) out.value = -out.value;
    return out;
}

}  // namespace mr::sql
