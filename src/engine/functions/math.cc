// Numeric functions.
#include <cmath>
#include <numbers>

#include "base/splitmix64.h"
#include "columnar/decimal.h"
#include "engine/internal/registry.h"
#include "engine/internal/vectors.h"

namespace mr::engine::internal {
namespace {

/// A function of doubles, a vector at a time.
void add_real(Registry& r, const char* name, double (*f)(double)) {
    r.add(name, [f](const plan::Expr& call, Kernels args) -> Result<KernelPtr> {
        if (args[0]->type().kind == TypeKind::null) return constant_kernel(call.type, Value::null());
        return make_kernel(call.type, [f, type = call.type, a = args[0]](Frame& frame) {
            return unary_fixed<double, double>(type, a->eval(frame), frame.rows(),
                                               [f](double x) { return f(x); });
        });
    });
}

/// Puts a decimal result; NULL where it does not fit.
void put(RowCall& c, std::optional<Int128> v) {
    v ? c.set_decimal(*v) : c.null();
}

/// Decimal rounding of a double's shortest text (2.675 -> 2.68), as Flink's BigDecimal.valueOf.
double round_real(double v, std::int64_t digits, bool truncate) {
    if (!std::isfinite(v)) return v;
    // Whole numbers from here on: nothing to cut right of the point.
    if (digits >= 0 && std::fabs(v) >= 9.007199254740992e15) return v;
    if (digits > 30) return v;
    if (digits < -310) return 0;
    const auto exact = decimal_from_double(v, {38, 17});
    if (!exact || digits < 0) {
        // Beyond 21 whole digits or left of the point: no fraction of the text matters.
        const double power = std::pow(10.0, static_cast<double>(-digits));
        const double scaled = v / power;
        return (truncate ? std::trunc(scaled) : std::round(scaled)) * power;
    }
    if (digits >= 17) return v;
    const int scale = static_cast<int>(digits);
    if (truncate) {
        const Int128 unit = power_of_ten(17 - scale);
        return decimal_to_double({*exact / unit, scale});
    }
    const auto r = decimal_rescale({*exact, 17}, {38, scale});
    return r ? decimal_to_double({*r, scale}) : v;
}

std::int64_t round_integer(std::int64_t v, std::int64_t digits, bool truncate) {
    if (digits >= 0) return v;
    if (digits < -18) return 0;
    const auto unit = static_cast<std::int64_t>(power_of_ten(static_cast<int>(-digits)));
    std::int64_t rest = v % unit;
    const std::int64_t base = v - rest;
    if (truncate) return base;
    if (rest < 0) rest = -rest;
    return rest >= unit - rest ? (v < 0 ? base - unit : base + unit) : base;
}

void round_decimal(RowCall& c, std::int64_t digits, bool truncate) {
    const DataType& in = c.type(0);
    const DataType& out = c.out_type();
    const Int128 v = c.decimal(0);
    if (digits >= in.scale) return put(c, decimal_rescale({v, in.scale}, {out.precision, out.scale}));
    if (digits < -38) return c.set_decimal(0);
    const int drop = in.scale - static_cast<int>(digits);
    if (drop > 38) return c.set_decimal(0);
    const Int128 unit = power_of_ten(drop);
    Int128 rest = v % unit;
    Int128 whole = v / unit;
    if (rest < 0) rest = -rest;
    if (!truncate && rest >= unit - rest) whole += v < 0 ? -1 : 1;
    // `whole` counts units of 10^-digits; digits may be negative.
    if (digits >= 0)
        return put(c, decimal_rescale({whole, static_cast<int>(digits)}, {out.precision, out.scale}));
    put(c, decimal_multiply({whole, 0}, {power_of_ten(static_cast<int>(-digits)), 0},
                            {out.precision, out.scale}));
}

RowFunction rounding(bool truncate) {
    return [truncate](RowCall& c) {
        const std::int64_t digits = c.size() > 1 ? c.integer(1) : 0;
        switch (c.type(0).kind) {
            case TypeKind::decimal:
                return round_decimal(c, digits, truncate);
            case TypeKind::float_:
            case TypeKind::double_:
                return c.set_real(round_real(c.real(0), digits, truncate));
            default:
                return c.set_integer(round_integer(c.integer(0), digits, truncate));
        }
    };
}

void absolute(RowCall& c) {
    switch (c.type(0).kind) {
        case TypeKind::decimal:
            return c.set_decimal(c.decimal(0) < 0 ? -c.decimal(0) : c.decimal(0));
        case TypeKind::float_:
        case TypeKind::double_:
            return c.set_real(std::fabs(c.real(0)));
        default: {
            const auto u = static_cast<std::uint64_t>(c.integer(0));
            return c.set_integer(c.integer(0) < 0 ? static_cast<std::int64_t>(0 - u) : c.integer(0));
        }
    }
}

void sign(RowCall& c) {
    switch (c.type(0).kind) {
        case TypeKind::decimal: {
            const int s = c.decimal(0) > 0 ? 1 : c.decimal(0) < 0 ? -1 : 0;
            return put(c, decimal_rescale({s, 0}, {c.out_type().precision, c.out_type().scale}));
        }
        case TypeKind::float_:
        case TypeKind::double_:
            return c.set_real(c.real(0) > 0 ? 1 : c.real(0) < 0 ? -1 : c.real(0));
        default:
            return c.set_integer(c.integer(0) > 0 ? 1 : c.integer(0) < 0 ? -1 : 0);
    }
}

double cot(double x) {
    return 1.0 / std::tan(x);
}
double degrees(double x) {
    return x * 180.0 / std::numbers::pi;
}
double radians(double x) {
    return x / 180.0 * std::numbers::pi;
}

std::string radix(std::uint64_t v, unsigned bits) {
    std::string out;
    do {
        out.insert(out.begin(), "0123456789ABCDEF"[v & ((1U << bits) - 1)]);
        v >>= bits;
    } while (v > 0);
    return out;
}

void hex_of(RowCall& c) {
    if (!c.type(0).is_character()) return c.set(radix(static_cast<std::uint64_t>(c.integer(0)), 4));
    std::string out;
    for (const char ch : c.text(0)) {
        const auto b = static_cast<unsigned char>(ch);
        out.push_back("0123456789ABCDEF"[b >> 4]);
        out.push_back("0123456789ABCDEF"[b & 15]);
    }
    c.set(out);
}

std::uint64_t mix(std::uint64_t seed) {
    return splitmix64(seed);
}

/// What RAND draws from. Seeded by the step's time and the row, so that a replay draws the same.
std::uint64_t draw(RowCall& c, std::uint64_t salt) {
    std::uint64_t seed = mix(static_cast<std::uint64_t>(c.input().processing_time_ms) ^ (salt << 32));
    if (!c.input().wm.empty()) seed = mix(seed ^ static_cast<std::uint64_t>(c.input().wm[c.row()]));
    return mix(seed + c.row());
}

void add_random(Registry& r) {
    r.add_row_maker(
        "RAND",
        [](const plan::Expr& call) -> Result<RowFunction> {
            const std::uint64_t mine = static_cast<std::uint64_t>(call.line * 1000 + call.column);
            return [mine](RowCall& c) { c.set_real(static_cast<double>(draw(c, mine) >> 11) * 0x1.0p-53); };
        },
        Strictness::strict, false);
    r.add_row_maker(
        "RAND_INTEGER",
        [](const plan::Expr& call) -> Result<RowFunction> {
            const std::uint64_t mine = static_cast<std::uint64_t>(call.line * 1000 + call.column);
            return [mine](RowCall& c) {
                const std::int64_t bound = c.integer(c.size() - 1);
                if (bound <= 0) return c.fail("RAND_INTEGER needs a bound above 0");
                c.set_integer(static_cast<std::int64_t>(draw(c, mine) % static_cast<std::uint64_t>(bound)));
            };
        },
        Strictness::strict, false);
    r.add_row_maker(
        "UUID",
        [](const plan::Expr& call) -> Result<RowFunction> {
            const std::uint64_t mine = static_cast<std::uint64_t>(call.line * 1000 + call.column);
            return [mine](RowCall& c) {
                const std::uint64_t a = draw(c, mine), b = mix(a);
                c.set(fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff,
                                  a & 0xfff, 0x8000 | ((b >> 48) & 0x3fff), b & 0xffff'ffff'ffffULL));
            };
        },
        Strictness::strict, false);
}

}  // namespace

void floor_number(RowCall& c, bool up) {
    switch (c.type(0).kind) {
        case TypeKind::decimal: {
            const int scale = c.type(0).scale;
            const Int128 unit = power_of_ten(scale), v = c.decimal(0);
            Int128 whole = v / unit;
            if (v % unit != 0 && (v < 0) != up) whole += up ? 1 : -1;
            return put(c, decimal_rescale({whole, 0}, {c.out_type().precision, c.out_type().scale}));
        }
        case TypeKind::float_:
        case TypeKind::double_:
            return c.set_real(up ? std::ceil(c.real(0)) : std::floor(c.real(0)));
        default:
            return c.set_integer(c.integer(0));
    }
}

void add_math(Registry& r) {
    add_real(r, "SQRT", std::sqrt);
    add_real(r, "EXP", std::exp);
    add_real(r, "LN", std::log);
    add_real(r, "LOG10", std::log10);
    add_real(r, "LOG2", [](double x) { return std::log(x) / std::log(2.0); });
    add_real(r, "SIN", std::sin);
    add_real(r, "COS", std::cos);
    add_real(r, "TAN", std::tan);
    add_real(r, "COT", cot);
    add_real(r, "ASIN", std::asin);
    add_real(r, "ACOS", std::acos);
    add_real(r, "ATAN", std::atan);
    add_real(r, "SINH", std::sinh);
    add_real(r, "COSH", std::cosh);
    add_real(r, "TANH", std::tanh);
    add_real(r, "DEGREES", degrees);
    add_real(r, "RADIANS", radians);
    r.add_row("POWER", [](RowCall& c) { c.set_real(std::pow(c.real(0), c.real(1))); });
    r.add_row("ATAN2", [](RowCall& c) { c.set_real(std::atan2(c.real(0), c.real(1))); });
    r.add_row("LOG", [](RowCall& c) {
        c.set_real(c.size() == 1 ? std::log(c.real(0)) : std::log(c.real(1)) / std::log(c.real(0)));
    });
    r.add_row("PI", [](RowCall& c) { c.set_real(std::numbers::pi); });
    r.add_row("E", [](RowCall& c) { c.set_real(std::numbers::e); });
    r.add_row("ABS", absolute);
    r.add_row("SIGN", sign);
    r.add_row("ROUND", rounding(false));
    r.add_row("TRUNCATE", rounding(true));
    r.add_row("BIN", [](RowCall& c) { c.set(radix(static_cast<std::uint64_t>(c.integer(0)), 1)); });
    r.add_row("HEX", hex_of);
    add_random(r);
}

}  // namespace mr::engine::internal
