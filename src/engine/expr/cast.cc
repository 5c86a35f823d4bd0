// CAST and TRY_CAST. Numbers convert as Java does (integers wrap, doubles saturate), DECIMAL rounds half up;
// text that is no such value, and a DECIMAL that does not fit, fail the row (TRY_CAST: NULL).
#include <charconv>
#include <cmath>
#include <limits>

#include "columnar/decimal.h"
#include "columnar/temporal.h"
#include "engine/internal/registry.h"
#include "engine/internal/text.h"
#include "engine/internal/vectors.h"

namespace mr::engine::internal {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

std::unexpected<Error> unfit(std::string_view what, const DataType& to) {
    return fail(Code::invalid_argument, "cannot cast '{}' to {}", what.substr(0, 100), to.to_string());
}

std::int64_t narrow(std::int64_t v, TypeKind kind) {
    switch (kind) {
        case TypeKind::tinyint:
            return static_cast<std::int8_t>(v);
        case TypeKind::smallint:
            return static_cast<std::int16_t>(v);
        case TypeKind::integer:
        case TypeKind::interval_month:
            return static_cast<std::int32_t>(v);
        default:
            return v;
    }
}

struct Range {
    std::int64_t low;
    std::int64_t high;
};
Range range_of(TypeKind kind) {
    switch (kind) {
        case TypeKind::tinyint:
            return {-128, 127};
        case TypeKind::smallint:
            return {-32'768, 32'767};
        case TypeKind::integer:
            return {INT32_MIN, INT32_MAX};
        default:
            return {INT64_MIN, INT64_MAX};
    }
}

/// Java's (int) and (long) of a double: saturating; the narrow kinds go through int and wrap.
std::int64_t saturate(double v, TypeKind kind) {
    if (std::isnan(v)) return 0;
    const bool wide = kind == TypeKind::bigint;
    const double low = wide ? -9223372036854775808.0 : -2147483648.0;
    const double high = wide ? 9223372036854775808.0 : 2147483648.0;
    std::int64_t n;
    if (v <= low) {
        n = wide ? INT64_MIN : INT32_MIN;
    } else if (v >= high) {
        n = wide ? INT64_MAX : INT32_MAX;
    } else {
        n = static_cast<std::int64_t>(v);
    }
    return narrow(n, kind);
}

/// "12", "-12.7" (cut), nothing if it is no number or out of range.
std::optional<std::int64_t> text_to_integer(std::string_view s, TypeKind kind) {
    s = trimmed(s);
    if (s.starts_with('+') && s.size() > 1 && s[1] != '-') s.remove_prefix(1);
    std::int64_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (error != std::errc()) return std::nullopt;
    const char* rest = end;
    if (rest != s.data() + s.size()) {
        if (*rest != '.') return std::nullopt;
        for (++rest; rest != s.data() + s.size(); ++rest) {
            if (*rest < '0' || *rest > '9') return std::nullopt;
        }
    }
    const Range range = range_of(kind);
    if (v < range.low || v > range.high) return std::nullopt;
    return v;
}

std::optional<double> text_to_real(std::string_view s) {
    s = trimmed(s);
    if (s.starts_with('+')) s.remove_prefix(1);
    if (s == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (s == "Infinity") return std::numeric_limits<double>::infinity();
    if (s == "-Infinity") return -std::numeric_limits<double>::infinity();
    // Java allows a type suffix; C++ allows "inf" and "nan", Java does not.
    if (s.ends_with('d') || s.ends_with('D') || s.ends_with('f') || s.ends_with('F')) s.remove_suffix(1);
    if (s.empty() || (s[0] != '-' && s[0] != '.' && (s[0] < '0' || s[0] > '9'))) return std::nullopt;
    if (s.size() > 1 && s[0] == '-' && s[1] != '.' && (s[1] < '0' || s[1] > '9')) return std::nullopt;
    double v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (end != s.data() + s.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        const bool small = s.find("e-") != std::string_view::npos || s.find("E-") != std::string_view::npos;
        const double limit = small ? 0.0 : std::numeric_limits<double>::infinity();
        return s[0] == '-' ? -limit : limit;
    }
    if (error != std::errc()) return std::nullopt;
    return v;
}

std::optional<bool> text_to_boolean(std::string_view s) {
    const std::string low = to_lower(trimmed(s));
    if (low == "true" || low == "t" || low == "yes" || low == "y" || low == "1") return true;
    if (low == "false" || low == "f" || low == "no" || low == "n" || low == "0") return false;
    return std::nullopt;
}

std::optional<std::int64_t> text_to_time(std::string_view s, const DataType& to) {
    s = trimmed(s);
    if (to.kind == TypeKind::time) {
        const auto ms = parse_time(s, false);
        if (!ms) return std::nullopt;
        std::int64_t step = 1;
        for (int i = to.precision; i < 3; ++i) step *= 10;
        return *ms - *ms % step;
    }
    auto m = parse_timestamp(s, TimestampText::lenient);
    // A DATE may stop after the year or the month.
    if (!m && to.kind == TypeKind::date && s.size() == 4)
        m = parse_timestamp(std::string(s) + "-01-01", TimestampText::lenient);
    if (!m && to.kind == TypeKind::date && s.size() <= 7)
        m = parse_timestamp(std::string(s) + "-01", TimestampText::lenient);
    if (!m) return std::nullopt;
    if (to.kind == TypeKind::date) return floor_div(m->seconds, 86'400);
    return m->cut(to.precision).ticks(to.time_unit());
}

/// CHAR(n) pads, VARCHAR(n) cuts.
std::string sized(std::string text, const DataType& to) {
    if (to.precision == 0) return text;
    const bool bytes = to.kind == TypeKind::bytes;
    const std::int64_t length = bytes ? static_cast<std::int64_t>(text.size()) : char_count(text);
    if (length > to.precision) {
        text.resize(bytes ? static_cast<std::size_t>(to.precision) : char_offset(text, to.precision));
    } else if (to.fixed_length) {
        text.append(static_cast<std::size_t>(to.precision - length), bytes ? '\0' : ' ');
    }
    return text;
}

Result<Value> from_text(std::string_view s, const DataType& to) {
    const auto done = [&](auto v) -> Result<Value> {
        if (!v) return unfit(s, to);
        return Value::of(*v);
    };
    switch (to.kind) {
        case TypeKind::boolean:
            return done(text_to_boolean(s));
        case TypeKind::tinyint:
        case TypeKind::smallint:
        case TypeKind::integer:
        case TypeKind::bigint:
            return done(text_to_integer(s, to.kind));
        case TypeKind::float_:
        case TypeKind::double_:
            return done(text_to_real(s));
        case TypeKind::decimal:
            return done(parse_decimal(trimmed(s), {to.precision, to.scale}));
        case TypeKind::bytes:
            return Value::of(sized(std::string(s), to));
        case TypeKind::date:
        case TypeKind::time:
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return done(text_to_time(s, to));
        default:
            return unfit(s, to);
    }
}

Result<Value> from_decimal(Scaled v, const DataType& to) {
    if (to.kind == TypeKind::decimal) {
        const auto r = decimal_rescale(v, {to.precision, to.scale});
        if (!r) return Value::null();  // as Flink: a number too large for a DECIMAL is NULL
        return Value::of(*r);
    }
    if (to.is_integer()) {
        const Int128 whole = v.unscaled / power_of_ten(v.scale);
        return Value::of(narrow(static_cast<std::int64_t>(whole), to.kind));
    }
    if (to.kind == TypeKind::boolean) return Value::of(v.unscaled != 0);
    return Value::of(decimal_to_double(v));
}

Result<Value> from_real(double v, const DataType& to) {
    if (to.kind == TypeKind::decimal) {
        const auto r = decimal_from_double(v, {to.precision, to.scale});
        if (!r) return Value::null();
        return Value::of(*r);
    }
    if (to.is_integer()) return Value::of(saturate(v, to.kind));
    if (to.kind == TypeKind::boolean) return Value::of(v != 0);
    if (to.kind == TypeKind::float_) return Value::of(static_cast<double>(static_cast<float>(v)));
    return Value::of(v);
}

Result<Value> from_integer(std::int64_t v, const DataType& to) {
    switch (to.kind) {
        case TypeKind::boolean:
            return Value::of(v != 0);
        case TypeKind::float_:
            return Value::of(static_cast<double>(static_cast<float>(v)));
        case TypeKind::double_:
            return Value::of(static_cast<double>(v));
        case TypeKind::decimal: {
            const auto r = decimal_rescale({v, 0}, {to.precision, to.scale});
            if (!r) return Value::null();
            return Value::of(*r);
        }
        default:
            return Value::of(narrow(v, to.kind));
    }
}

Result<Value> from_time(std::int64_t v, const DataType& from, const DataType& to) {
    Moment m;
    switch (from.kind) {
        case TypeKind::date:
            m.seconds = v * 86'400;
            break;
        case TypeKind::time:
            if (to.kind == TypeKind::time) {
                std::int64_t step = 1;
                for (int i = to.precision; i < 3; ++i) step *= 10;
                return Value::of(v - v % step);
            }
            m = Moment::of(v, 1000);
            break;
        default:
            m = Moment::of(v, from.time_unit());
    }
    switch (to.kind) {
        case TypeKind::date:
            return Value::of(floor_div(m.seconds, 86'400));
        case TypeKind::time: {
            const std::int64_t ms =
                (m.seconds - floor_div(m.seconds, 86'400) * 86'400) * 1000 + m.nanos / 1'000'000;
            std::int64_t step = 1;
            for (int i = to.precision; i < 3; ++i) step *= 10;
            return Value::of(ms - ms % step);
        }
        default:
            return Value::of(m.cut(to.precision).ticks(to.time_unit()));
    }
}

Result<Value> cast_list(const Value& v, const DataType& from, const DataType& to) {
    const std::size_t width = from.kind == TypeKind::array ? 1
                              : from.kind == TypeKind::map ? 2
                                                           : from.children->size();
    std::vector<Value> out;
    for (std::size_t i = 0; i < v.list().size(); ++i) {
        MR_TRY(Value item, cast_value(v.list()[i], from.child(i % width).type, to.child(i % width).type));
        out.push_back(std::move(item));
    }
    return Value::of(std::move(out));
}

/// The kernel of every pair without a faster one.
KernelPtr generic_cast(KernelPtr arg, const DataType& from, const DataType& to, bool try_cast) {
    return row_kernel(to, {std::move(arg)}, Strictness::strict, [from, to, try_cast](RowCall& c) {
        auto r = from.is_character() && !to.is_character() ? from_text(c.text(0), to)
                                                           : cast_value(c.value(0), from, to);
        if (r && r->is_null() && !to.nullable) return c.fail("the value does not fit " + to.to_string());
        if (r) return c.set_value(*r);
        try_cast ? c.null() : c.fail(r.error().message);
    });
}

template <class From, class To>
KernelPtr convert(KernelPtr arg, const DataType& to) {
    return make_kernel(to, [arg = std::move(arg), to](Frame& f) {
        return unary_fixed<From, To>(to, arg->eval(f), f.rows(), [](From v) { return static_cast<To>(v); });
    });
}

template <class From>
KernelPtr from_fixed_integer(KernelPtr arg, const DataType& to) {
    switch (to.kind) {
        case TypeKind::tinyint:
            return convert<From, std::int8_t>(std::move(arg), to);
        case TypeKind::smallint:
            return convert<From, std::int16_t>(std::move(arg), to);
        case TypeKind::integer:
            return convert<From, std::int32_t>(std::move(arg), to);
        case TypeKind::bigint:
            return convert<From, std::int64_t>(std::move(arg), to);
        case TypeKind::float_:
            return convert<From, float>(std::move(arg), to);
        case TypeKind::double_:
            return convert<From, double>(std::move(arg), to);
        case TypeKind::decimal: {
            // Every value of the source fits: no check a row.
            const int digits = sizeof(From) == 1 ? 3 : sizeof(From) == 2 ? 5 : sizeof(From) == 4 ? 10 : 19;
            if (to.precision - to.scale < digits) return nullptr;
            const Int128 factor = power_of_ten(to.scale);
            return make_kernel(to, [arg = std::move(arg), to, factor](Frame& f) {
                return unary_fixed<From, Int128>(to, arg->eval(f), f.rows(),
                                                 [factor](From v) { return v * factor; });
            });
        }
        default:
            return nullptr;
    }
}

/// A vectorised cast, or nullptr if the pair has none.
KernelPtr fast_cast(const KernelPtr& arg, const DataType& from, const DataType& to) {
    switch (from.kind) {
        case TypeKind::tinyint:
            return from_fixed_integer<std::int8_t>(arg, to);
        case TypeKind::smallint:
            return from_fixed_integer<std::int16_t>(arg, to);
        case TypeKind::integer:
            return from_fixed_integer<std::int32_t>(arg, to);
        case TypeKind::bigint:
            return from_fixed_integer<std::int64_t>(arg, to);
        case TypeKind::float_:
            return to.kind == TypeKind::double_ ? convert<float, double>(arg, to) : nullptr;
        case TypeKind::double_:
            return to.kind == TypeKind::float_ ? convert<double, float>(arg, to) : nullptr;
        default:
            return nullptr;
    }
}

/// The same bytes under another type: text of any length to STRING, timestamps of one unit when nothing is
/// cut.
bool same_layout(const DataType& from, const DataType& to) {
    if (from.same_as(to)) return true;
    if (from.kind == TypeKind::string || from.kind == TypeKind::bytes)
        return from.kind == to.kind && to.precision == 0;
    if (from.is_timestamp() && to.is_timestamp())
        return from.time_unit() == to.time_unit() && to.precision >= from.precision;
    return from.is_interval() && from.kind == to.kind;
}

}  // namespace

Result<Value> cast_value(const Value& v, const DataType& from, const DataType& to) {
    if (v.is_null() || from.same_as(to)) return v;
    if (to.is_character()) {
        if (from.kind == TypeKind::string || from.kind == TypeKind::bytes)
            return Value::of(sized(v.text(), to));
        return Value::of(sized(to_string(v, from), to));
    }
    if (from.is_character()) return from_text(v.text(), to);
    if (from.is_nested()) return cast_list(v, from, to);
    switch (from.kind) {
        case TypeKind::boolean:
            if (to.kind == TypeKind::boolean) return v;
            return from_integer(v.boolean() ? 1 : 0, to);
        case TypeKind::decimal:
            return from_decimal({v.decimal(), from.scale}, to);
        case TypeKind::float_:
            // Through the float's own shortest text, so that 1.1 stays 1.1.
            if (to.kind == TypeKind::decimal)
                return from_text(float_to_string(static_cast<float>(v.real())), to);
            return from_real(v.real(), to);
        case TypeKind::double_:
            return from_real(v.real(), to);
        case TypeKind::bytes:
            return Value::of(sized(v.text(), to));
        case TypeKind::date:
        case TypeKind::time:
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return from_time(v.integer(), from, to);
        default:
            return from_integer(v.integer(), to);
    }
}

KernelPtr cast_kernel(KernelPtr arg, const DataType& to, bool try_cast) {
    const DataType from = arg->type();
    if (from.kind == TypeKind::null) return constant_kernel(to, Value::null());
    if (same_layout(from, to)) {
        if (from.kind != to.kind) return convert<std::int64_t, std::int64_t>(std::move(arg), to);
        return make_kernel(to, [arg = std::move(arg), to](Frame& f) {
            Vec v = arg->eval(f);
            if (v.type() == to) return v;
            return Vec{Column::retype(v.column, to), v.constant};
        });
    }
    if (KernelPtr fast = fast_cast(arg, from, to)) return fast;
    return generic_cast(std::move(arg), from, to, try_cast);
}

void add_cast(Registry& registry) {
    for (const bool try_cast : {false, true}) {
        registry.add(try_cast ? "TRY_CAST" : "CAST",
                     [try_cast](const plan::Expr& call, Kernels args) -> Result<KernelPtr> {
                         return cast_kernel(args[0], call.type, try_cast);
                     });
    }
}

}  // namespace mr::engine::internal
