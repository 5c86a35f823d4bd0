#include "columnar/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/bytes.h"
#include "base/check.h"

namespace mr {
namespace {

template <class T>
int three_way(const T& a, const T& b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_real(double a, double b) {
    const bool nan_a = std::isnan(a), nan_b = std::isnan(b);
    if (nan_a || nan_b) return three_way(nan_a, nan_b);
    return three_way(a, b);
}

int compare_lists(const std::vector<Value>& a, const std::vector<Value>& b) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const int c = Value::compare(a[i], b[i]);
        if (c != 0) return c;
    }
    return three_way(a.size(), b.size());
}

/// Java's layout of a shortest decimal: plain between 1e-3 and 1e7, else d.dddE±n; always a fraction digit.
std::string java_real(std::string_view shortest) {
    // `shortest` comes from to_chars in scientific form: [-]d[.ddd]e±nn
    const bool negative = shortest.starts_with('-');
    if (negative) shortest.remove_prefix(1);
    const auto e = shortest.find('e');
    std::string digits(1, shortest[0]);
    if (e > 2) digits += shortest.substr(2, e - 2);
    int exponent = 0;
    const std::string_view exp_text = shortest.substr(e + 1);
    std::from_chars(exp_text.data() + (exp_text[0] == '+' ? 1 : 0), exp_text.data() + exp_text.size(),
                    exponent);
    std::string out;
    if (exponent >= -3 && exponent < 7) {
        if (exponent < 0) {
            out = "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
        } else {
            const auto whole = static_cast<std::size_t>(exponent) + 1;
            if (digits.size() < whole) digits.append(whole - digits.size(), '0');
            out = digits.substr(0, whole) + "." + (digits.size() > whole ? digits.substr(whole) : "0");
        }
    } else {
        out = digits.substr(0, 1) + "." + (digits.size() > 1 ? digits.substr(1) : "0") + "E" +
              std::to_string(exponent);
    }
    return (negative ? "-" : "") + out;
}

template <class T>
std::string real_to_string(T v) {
    if (std::isnan(v)) return "NaN";
    if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
    if (v == 0) return std::signbit(v) ? "-0.0" : "0.0";
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific).ptr;
    return java_real(std::string_view(buffer, static_cast<std::size_t>(end - buffer)));
}

}  // namespace

int Value::compare(const Value& a, const Value& b) {
    if (a.data.index() != b.data.index()) return three_way(a.data.index(), b.data.index());
    if (a.is_null()) return 0;
    if (const auto* v = std::get_if<bool>(&a.data)) return three_way(*v, b.boolean());
    if (const auto* v = std::get_if<std::int64_t>(&a.data)) return three_way(*v, b.integer());
    if (const auto* v = std::get_if<double>(&a.data)) return compare_real(*v, b.real());
    if (const auto* v = std::get_if<Int128>(&a.data)) return three_way(*v, b.decimal());
    if (const auto* v = std::get_if<std::string>(&a.data)) return three_way(*v, b.text());
    return compare_lists(a.list(), b.list());
}

std::string double_to_string(double v) {
    return real_to_string(v);
}
std::string float_to_string(float v) {
    return real_to_string(v);
}

std::string decimal_to_string(Int128 unscaled, int scale) {
    const bool negative = unscaled < 0;
    auto magnitude = static_cast<unsigned __int128>(unscaled);
    if (negative) magnitude = ~magnitude + 1;
    std::string digits;
    do {
        digits.push_back(static_cast<char>('0' + static_cast<int>(magnitude % 10)));
        magnitude /= 10;
    } while (magnitude > 0);
    while (digits.size() <= static_cast<std::size_t>(scale)) digits.push_back('0');
    std::ranges::reverse(digits);
    if (scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), 1, '.');
    return (negative ? "-" : "") + digits;
}

std::string date_to_string(std::int64_t days) {
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

namespace {
std::string fraction(std::int64_t ticks, std::int64_t unit, int digits) {
    if (digits <= 0) return {};
    const int width = unit == 1'000 ? 3 : unit == 1'000'000 ? 6 : 9;
    std::string text = fmt::format("{:0{}}", ticks, width);
    text.resize(static_cast<std::size_t>(digits), '0');
    return "." + text;
}
std::string clock_time(std::int64_t seconds) {
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}
}  // namespace

std::string timestamp_to_string(std::int64_t ticks, std::int64_t unit, int digits) {
    std::int64_t seconds = ticks / unit;
    std::int64_t rest = ticks % unit;
    if (rest < 0) {
        rest += unit;
        --seconds;
    }
    std::int64_t days = seconds / 86'400;
    std::int64_t of_day = seconds % 86'400;
    if (of_day < 0) {
        of_day += 86'400;
        --days;
    }
    return date_to_string(days) + " " + clock_time(of_day) + fraction(rest, unit, digits);
}

namespace {
std::string interval_to_string(const Value& v, const DataType& t) {
    const std::int64_t n = v.integer();
    const std::int64_t m = n < 0 ? -n : n;
    const char* sign = n < 0 ? "-" : "+";
    if (t.kind == TypeKind::interval_month) return fmt::format("{}{}-{:02}", sign, m / 12, m % 12);
    return fmt::format("{}{} {}.{:03}", sign, m / 86'400'000, clock_time(m / 1000 % 86'400), m % 1000);
}
}  // namespace

std::string to_string(const Value& v, const DataType& t) {
    if (v.is_null()) return "NULL";
    switch (t.kind) {
        case TypeKind::null:
            return "NULL";
        case TypeKind::boolean:
            return v.boolean() ? "TRUE" : "FALSE";
        case TypeKind::float_:
            return float_to_string(static_cast<float>(v.real()));
        case TypeKind::double_:
            return double_to_string(v.real());
        case TypeKind::decimal:
            return decimal_to_string(v.decimal(), t.scale);
        case TypeKind::string:
            return v.text();
        case TypeKind::bytes:
            return v.text();
        case TypeKind::date:
            return date_to_string(v.integer());
        case TypeKind::time:
            return clock_time(v.integer() / 1000) + fraction(v.integer() % 1000, 1000, t.precision);
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return timestamp_to_string(v.integer(), t.time_unit(), t.precision);
        case TypeKind::interval_month:
        case TypeKind::interval_day:
            return interval_to_string(v, t);
        case TypeKind::array:
        case TypeKind::map:
        case TypeKind::row: {
            const std::vector<Value>& items = v.list();
            const bool map = t.kind == TypeKind::map;
            std::string out = t.kind == TypeKind::array ? "[" : map ? "{" : "(";
            for (std::size_t i = 0; i < items.size(); ++i) {
                if (i > 0) out += map && i % 2 == 1 ? "=" : ", ";
                out += to_string(items[i], t.child(t.kind == TypeKind::array ? 0 : map ? i % 2 : i).type);
            }
            return out + (t.kind == TypeKind::array ? "]" : map ? "}" : ")");
        }
        default:
            return std::to_string(v.integer());
    }
}

}  // namespace mr
