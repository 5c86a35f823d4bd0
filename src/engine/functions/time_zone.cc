#include "engine/internal/time_zone.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/bytes.h"
#include "columnar/temporal.h"

namespace mr::engine::internal {
namespace {

constexpr std::size_t kHeader = 44;

/// Seconds east of "UTC", "GMT+08:00", "+02:00"; nothing for other names.
std::optional<std::int64_t> fixed_offset(std::string_view zone) {
    if (zone.starts_with("UTC") || zone.starts_with("GMT")) zone.remove_prefix(3);
    if (zone.empty() || zone == "Z") return 0;
    if (zone[0] != '+' && zone[0] != '-') return std::nullopt;
    const std::int64_t sign = zone[0] == '-' ? -1 : 1;
    zone.remove_prefix(1);
    std::int64_t parts[2] = {0, 0};
    std::size_t part = 0, digits = 0;
    for (const char ch : zone) {
        if (ch == ':' && part == 0 && digits > 0) {
            part = 1;
            digits = 0;
        } else if (ch >= '0' && ch <= '9' && ++digits <= 2) {
            parts[part] = parts[part] * 10 + (ch - '0');
        } else {
            return std::nullopt;
        }
    }
    if (digits == 0 || parts[0] > 18 || parts[1] > 59) return std::nullopt;
    return sign * (parts[0] * 3'600 + parts[1] * 60);
}

/// "5", "-05:30", "12:00:00": signed seconds; `text` goes on behind it.
bool take_time(std::string_view& text, std::int64_t& seconds) {
    bool negative = false;
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    std::int64_t unit = 3'600;
    seconds = 0;
    for (bool more = true; more; unit /= 60) {
        std::int64_t n = 0;
        std::size_t digits = 0;
        while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 4)
            n = n * 10 + (text[digits++] - '0');
        if (digits == 0 || unit == 0) return false;
        text.remove_prefix(digits);
        seconds += n * unit;
        more = text.starts_with(':');
        if (more) text.remove_prefix(1);
    }
    if (negative) seconds = -seconds;
    return true;
}

bool take_name(std::string_view& text) {
    std::size_t end = 0;
    if (text.starts_with('<')) {
        end = text.find('>');
        if (end == std::string_view::npos) return false;
        ++end;
    } else {
        while (end < text.size() &&
               ((text[end] >= 'A' && text[end] <= 'Z') || (text[end] >= 'a' && text[end] <= 'z')))
            ++end;
    }
    text.remove_prefix(end);
    return end > 0;
}

bool take_number(std::string_view& text, int& out) {
    std::size_t digits = 0;
    out = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 3)
        out = out * 10 + (text[digits++] - '0');
    text.remove_prefix(digits);
    return digits > 0;
}

bool take(std::string_view& text, char ch) {
    if (!text.starts_with(ch)) return false;
    text.remove_prefix(1);
    return true;
}

std::int64_t year_of(std::int64_t seconds) {
    return civil_from_days(floor_div(seconds, 86'400)).year;
}

}  // namespace

std::int64_t TimeZone::Change::in_year(std::int64_t year) const {
    const std::int64_t first = days_from_civil({year, month, 1});
    // 1970-01-01 was a Thursday; Sunday is 0.
    const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;
    std::int64_t of_month = (day - weekday + 7) % 7 + (week - 1) * 7;
    while (of_month >= days_in_month(year, month)) of_month -= 7;
    return (first + of_month) * 86'400 + seconds;
}

bool TimeZone::parse_change(std::string_view& text, Change& change) {
    const bool date = take(text, ',') && take(text, 'M') && take_number(text, change.month) &&
                      take(text, '.') && take_number(text, change.week) && take(text, '.') &&
                      take_number(text, change.day);
    if (!date || change.month < 1 || change.month > 12 || change.week < 1 || change.week > 5 ||
        change.day > 6)
        return false;
    return !take(text, '/') || take_time(text, change.seconds);
}

/// The POSIX rule of the footer: "CET-1CEST,M3.5.0,M10.5.0/3".
bool TimeZone::parse_rule(std::string_view text, Rule& rule) {
    std::int64_t west = 0;
    if (!take_name(text) || !take_time(text, west)) return false;
    rule.standard = -west;
    if (text.empty()) return true;
    rule.summer = rule.standard + 3'600;
    if (!take_name(text)) return false;
    if (!text.starts_with(',')) {
        if (!take_time(text, west)) return false;
        rule.summer = -west;
    }
    rule.changes = true;
    return parse_change(text, rule.to_summer) && parse_change(text, rule.to_standard) && text.empty();
}

Result<TimeZone> TimeZone::parse(std::string_view file) {
    const auto bad = [] { return fail(Code::corrupt, "not a file of the tz database"); };
    const auto counts_of = [](std::string_view header, std::uint64_t (&counts)[6]) {
        for (std::size_t i = 0; i < 6; ++i)
            counts[i] = mr::internal::load<std::uint32_t>(header.data() + 20 + i * 4, Endian::big);
    };
    // The first block has 32-bit times; the second, with 64-bit ones, has everything.
    if (file.size() < kHeader || !file.starts_with("TZif") || file[4] < '2') return bad();
    std::uint64_t n[6];  // isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt
    counts_of(file, n);
    std::uint64_t size = kHeader + n[3] * 5 + n[4] * 6 + n[5] + n[2] * 8 + n[1] + n[0];
    if (size > file.size()) return bad();
    file.remove_prefix(size);
    if (file.size() < kHeader || !file.starts_with("TZif")) return bad();
    counts_of(file, n);
    size = kHeader + n[3] * 9 + n[4] * 6 + n[5] + n[2] * 12 + n[1] + n[0];
    if (size > file.size() || n[4] == 0) return bad();
    const char* times = file.data() + kHeader;
    const char* types = times + n[3] * 8;
    const char* infos = types + n[3];
    const auto offset_of = [&](std::uint64_t type) -> std::int64_t {
        return mr::internal::load<std::int32_t>(infos + type * 6, Endian::big);
    };
    TimeZone out;
    out.first_ = offset_of(0);
    for (std::uint64_t i = 0; i < n[3]; ++i) {
        const auto type = static_cast<unsigned char>(types[i]);
        if (type >= n[4]) return bad();
        out.times_.push_back(mr::internal::load<std::int64_t>(times + i * 8, Endian::big));
        out.offsets_.push_back(offset_of(type));
    }
    std::string_view footer = file.substr(size);
    if (footer.starts_with('\n')) footer.remove_prefix(1);
    footer = footer.substr(0, footer.find('\n'));
    out.rule_.standard = out.offsets_.empty() ? out.first_ : out.offsets_.back();
    if (!footer.empty() && !parse_rule(footer, out.rule_)) return bad();
    return out;
}

Result<TimeZone> TimeZone::find(std::string_view name) {
    if (const auto fixed = fixed_offset(name)) {
        TimeZone out;
        out.first_ = out.rule_.standard = *fixed;
        return out;
    }
    const bool plain = !name.empty() && name.size() <= 64 && name[0] != '/' && name[0] != '.' &&
                       name.find("..") == std::string_view::npos &&
                       std::ranges::all_of(name, [](char ch) {
                           return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                                  (ch >= '0' && ch <= '9') || ch == '/' || ch == '_' || ch == '-' || ch == '+';
                       });
    std::string bytes;
    if (plain) {
        std::ifstream in("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    if (bytes.empty() || bytes.size() > (1U << 20)) {
        return fail(Code::invalid_argument,
                    "there is no time zone '{}': a name such as 'Europe/Paris', or an offset such as 'GMT+02:00'",
                    name);
    }
    return parse(bytes);
}

std::int64_t TimeZone::by_rule(std::int64_t utc_seconds) const {
    if (!rule_.changes) return rule_.standard;
    const std::int64_t year = year_of(utc_seconds + rule_.standard);
    const std::int64_t summer = rule_.to_summer.in_year(year) - rule_.standard;
    const std::int64_t standard = rule_.to_standard.in_year(year) - rule_.summer;
    const bool north = summer < standard;
    const bool in_summer = north ? utc_seconds >= summer && utc_seconds < standard
                                 : utc_seconds >= summer || utc_seconds < standard;
    return in_summer ? rule_.summer : rule_.standard;
}

std::int64_t TimeZone::offset_at(std::int64_t utc_seconds) const {
    if (times_.empty() || utc_seconds >= times_.back()) return by_rule(utc_seconds);
    const auto after = std::ranges::upper_bound(times_, utc_seconds);
    if (after == times_.begin()) return first_;
    return offsets_[static_cast<std::size_t>(after - times_.begin()) - 1];
}

std::int64_t TimeZone::to_utc(std::int64_t local_seconds) const {
    constexpr std::int64_t kDay = 86'400;
    const std::int64_t before = offset_at(local_seconds - kDay), after = offset_at(local_seconds + kDay);
    if (offset_at(local_seconds - before) == before) return local_seconds - before;
    if (offset_at(local_seconds - after) == after) return local_seconds - after;
    return local_seconds - before;
}

}  // namespace mr::engine::internal
