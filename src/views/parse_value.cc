#include "views/parse_value.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/base64.h"

namespace mr::views {
namespace {

std::unexpected<Error> wrong(const DataType& type, std::string_view text) {
    return fail(Code::invalid_argument, "not a value of type {}: {}", type.to_string(), text);
}

template <class T>
std::optional<T> number(std::string_view text) {
    T out{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

std::optional<std::int64_t> integer_in_range(TypeKind kind, std::string_view text) {
    const auto value = number<std::int64_t>(text);
    if (!value) return std::nullopt;
    const int bits = kind == TypeKind::tinyint ? 8 : kind == TypeKind::smallint ? 16 : 32;
    if (kind == TypeKind::bigint || kind == TypeKind::interval_day) return value;
    const std::int64_t limit = std::int64_t{1} << (bits - 1);
    return *value >= -limit && *value < limit ? value : std::nullopt;
}

std::optional<Int128> decimal(const DataType& type, std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, point);
    std::string_view fraction = point < text.size() ? text.substr(point + 1) : std::string_view();
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
    const auto scale = static_cast<std::size_t>(type.scale);
    if (whole.empty() || fraction.size() > scale || whole.size() + scale > 38) return std::nullopt;
    std::string digits(whole);
    digits.append(fraction).append(scale - fraction.size(), '0');
    Int128 out = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        out = out * 10 + (c - '0');
    }
    return negative ? -out : out;
}

/// Takes `digits` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        out = out * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return out;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
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
    return std::chrono::sys_days(date).time_since_epoch().count();
}

/// "HH:MM[:SS[.fraction]]" in ticks of `unit` a second.
std::optional<std::int64_t> take_time(std::string_view& text, std::int64_t unit) {
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    std::int64_t seconds = *hour * 3600 + *minute * 60;
    if (!take(text, ':')) return seconds * unit;
    const auto second = take_digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    std::int64_t ticks = (seconds + *second) * unit;
    if (take(text, '.')) {
        bool any = false;
        for (std::int64_t scale = unit / 10; !text.empty() && text[0] >= '0' && text[0] <= '9'; scale /= 10) {
            if (scale == 0 && text[0] != '0') return std::nullopt;  // finer than the column
            ticks += (text[0] - '0') * scale;
            text.remove_prefix(1);
            any = true;
        }
        if (!any) return std::nullopt;
    }
    return ticks;
}

std::optional<std::int64_t> timestamp(const DataType& type, std::string_view text) {
    const std::int64_t unit = type.time_unit();
    if (const auto ms = number<std::int64_t>(text)) {
        const std::int64_t per_ms = unit / 1'000;
        if (std::abs(*ms) > std::numeric_limits<std::int64_t>::max() / per_ms) return std::nullopt;
        return *ms * per_ms;
    }
    const auto days = take_date(text);
    if (!days) return std::nullopt;
    std::int64_t ticks = 0;
    if (take(text, 'T') || take(text, ' ')) {
        const auto time = take_time(text, unit);
        if (!time) return std::nullopt;
        ticks = *time;
        if (!take(text, 'Z') && text == "+00:00") text = {};
    }
    if (!text.empty()) return std::nullopt;
    std::int64_t out = 0;
    if (__builtin_mul_overflow(*days * 86'400, unit, &out) || __builtin_add_overflow(out, ticks, &out)) {
        return std::nullopt;
    }
    return out;
}

template <class T>
Result<Value> or_wrong(const std::optional<T>& value, const DataType& type, std::string_view text) {
    if (!value) return wrong(type, text);
    return Value::of(*value);
}

}  // namespace

Result<Value> parse_value(const DataType& type, std::string_view text) {
    switch (type.kind) {
        case TypeKind::boolean:
            if (text == "true" || text == "TRUE") return Value::of(true);
            if (text == "false" || text == "FALSE") return Value::of(false);
            return wrong(type, text);
        case TypeKind::tinyint:
        case TypeKind::smallint:
        case TypeKind::integer:
        case TypeKind::bigint:
        case TypeKind::interval_month:
        case TypeKind::interval_day:
            return or_wrong(integer_in_range(type.kind, text), type, text);
        case TypeKind::float_:
            // Through float, so that "0.1" is the value a FLOAT column holds.
            if (const auto v = number<float>(text)) return Value::of(static_cast<double>(*v));
            return wrong(type, text);
        case TypeKind::double_:
            return or_wrong(number<double>(text), type, text);
        case TypeKind::decimal:
            return or_wrong(decimal(type, text), type, text);
        case TypeKind::string:
            return Value::of(std::string(text));
        case TypeKind::bytes:
            return or_wrong(base64_decode(text), type, text);
        case TypeKind::date: {
            std::string_view rest = text;
            const auto days = take_date(rest);
            return or_wrong(rest.empty() ? days : std::nullopt, type, text);
        }
        case TypeKind::time: {
            std::string_view rest = text;
            const auto ticks = take_time(rest, 1'000);
            return or_wrong(rest.empty() ? ticks : std::nullopt, type, text);
        }
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return or_wrong(timestamp(type, text), type, text);
        case TypeKind::null:
        case TypeKind::array:
        case TypeKind::map:
        case TypeKind::row:
            break;
    }
    return fail(Code::unsupported, "columns of type {} cannot be compared with a parameter",
                type.to_string());
}

}  // namespace mr::views
