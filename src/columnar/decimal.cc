#include "columnar/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mr {
namespace {

using Unsigned = unsigned __int128;

constexpr std::array<Unsigned, 39> make_powers() {
    std::array<Unsigned, 39> p{};
    p[0] = 1;
    for (std::size_t i = 1; i < p.size(); ++i) p[i] = p[i - 1] * 10;
    return p;
}
constexpr std::array<Unsigned, 39> kPowers = make_powers();

Unsigned magnitude(Int128 v) {
    return v < 0 ? ~static_cast<Unsigned>(v) + 1 : static_cast<Unsigned>(v);
}

/// A 256-bit magnitude: what a product or a scaled-up dividend may need.
struct Wide {
    Unsigned high = 0;
    Unsigned low = 0;
};

Wide multiply(Unsigned a, Unsigned b) {
    const Unsigned mask = ~std::uint64_t{0};
    const Unsigned a0 = a & mask, a1 = a >> 64, b0 = b & mask, b1 = b >> 64;
    const Unsigned p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
    const Unsigned middle = (p00 >> 64) + (p01 & mask) + (p10 & mask);
    return {p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), (middle << 64) | (p00 & mask)};
}

Wide add(Wide a, Wide b) {
    Wide r{a.high + b.high, a.low + b.low};
    if (r.low < a.low) ++r.high;
    return r;
}
/// REQUIRES: a >= b.
Wide subtract(Wide a, Wide b) {
    return {a.high - b.high - (a.low < b.low ? 1 : 0), a.low - b.low};
}
bool less(Wide a, Wide b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

struct Division {
    Wide quotient;
    Unsigned remainder;
};

/// Shift and subtract; only values beyond 128 bits come here.
Division divide(Wide n, Unsigned d) {
    if (n.high == 0) return {{0, n.low / d}, n.low % d};
    Wide q;
    Unsigned r = 0;
    for (int bit = 255; bit >= 0; --bit) {
        const bool carry = (r >> 127) != 0;
        r = (r << 1) | ((bit >= 128 ? n.high >> (bit - 128) : n.low >> bit) & 1);
        if (carry || r >= d) {
            r -= d;
            (bit >= 128 ? q.high : q.low) |= static_cast<Unsigned>(1) << (bit & 127);
        }
    }
    return {q, r};
}

/// Half up on the magnitude.
Wide rounded(const Division& x, Unsigned d) {
    const bool up = x.remainder >= d - x.remainder;
    return up ? add(x.quotient, {0, 1}) : x.quotient;
}

std::optional<Int128> signed_result(Wide m, bool negative, int precision) {
    if (m.high != 0 || m.low >= kPowers[static_cast<std::size_t>(precision)]) return std::nullopt;
    const auto v = static_cast<Int128>(m.low);
    return negative ? -v : v;
}

/// m * 10^-drop, rounded half up; drop may be negative (then scaled up).
std::optional<Int128> finish(Wide m, bool negative, int drop, int precision) {
    while (drop > 0) {
        // Half up looks at the first dropped digit only, so cutting what is below it first is exact.
        const int now = std::min(drop, 38);
        const Unsigned d = kPowers[static_cast<std::size_t>(now)];
        const Division x = divide(m, d);
        m = now == drop ? rounded(x, d) : x.quotient;
        drop -= now;
    }
    while (drop < 0) {
        if (m.high != 0) return std::nullopt;
        const int now = std::min(-drop, 38);
        m = multiply(m.low, kPowers[static_cast<std::size_t>(now)]);
        drop += now;
    }
    return signed_result(m, negative, precision);
}

std::optional<Int128> sum(Scaled a, Scaled b, bool negate_b, DecimalShape to) {
    const int scale = std::max(a.scale, b.scale);
    const bool sign_a = a.unscaled < 0, sign_b = (b.unscaled < 0) != negate_b;
    const Wide x = multiply(magnitude(a.unscaled), kPowers[static_cast<std::size_t>(scale - a.scale)]);
    const Wide y = multiply(magnitude(b.unscaled), kPowers[static_cast<std::size_t>(scale - b.scale)]);
    Wide m;
    bool negative = sign_a;
    if (sign_a == sign_b) {
        m = add(x, y);
    } else if (less(x, y)) {
        m = subtract(y, x);
        negative = sign_b;
    } else {
        m = subtract(x, y);
    }
    return finish(m, negative, scale - to.scale, to.precision);
}

}  // namespace

Int128 power_of_ten(int n) {
    return static_cast<Int128>(kPowers[static_cast<std::size_t>(n)]);
}

bool fits_precision(Int128 v, int precision) {
    return magnitude(v) < kPowers[static_cast<std::size_t>(precision)];
}

std::optional<Int128> decimal_rescale(Scaled v, DecimalShape to) {
    if (v.scale == to.scale)
        return fits_precision(v.unscaled, to.precision) ? std::optional(v.unscaled) : std::nullopt;
    return finish({0, magnitude(v.unscaled)}, v.unscaled < 0, v.scale - to.scale, to.precision);
}

std::optional<Int128> decimal_add(Scaled a, Scaled b, DecimalShape to) {
    if (a.scale == b.scale && a.scale == to.scale) {
        Int128 r;
        if (!__builtin_add_overflow(a.unscaled, b.unscaled, &r) && fits_precision(r, to.precision)) return r;
        return std::nullopt;
    }
    return sum(a, b, false, to);
}

std::optional<Int128> decimal_subtract(Scaled a, Scaled b, DecimalShape to) {
    return sum(a, b, true, to);
}

std::optional<Int128> decimal_multiply(Scaled a, Scaled b, DecimalShape to) {
    const bool negative = (a.unscaled < 0) != (b.unscaled < 0);
    return finish(multiply(magnitude(a.unscaled), magnitude(b.unscaled)), negative,
                  a.scale + b.scale - to.scale, to.precision);
}

std::optional<Int128> decimal_divide(Scaled a, Scaled b, DecimalShape to) {
    const bool negative = (a.unscaled < 0) != (b.unscaled < 0);
    // a / 10^sa / (b / 10^sb) at scale s = a * 10^(s - sa + sb) / b.
    const int shift = to.scale - a.scale + b.scale;
    const Unsigned n = magnitude(a.unscaled), d = magnitude(b.unscaled);
    if (shift >= 0) {
        if (shift > 38 + 38) return std::nullopt;
        Wide wide = multiply(n, kPowers[static_cast<std::size_t>(std::min(shift, 38))]);
        if (shift > 38) {
            if (wide.high != 0) return std::nullopt;
            wide = multiply(wide.low, kPowers[static_cast<std::size_t>(shift - 38)]);
        }
        return signed_result(rounded(divide(wide, d), d), negative, to.precision);
    }
    const Wide scaled = multiply(d, kPowers[static_cast<std::size_t>(std::min(-shift, 38))]);
    if (scaled.high != 0) return Int128{0};
    return signed_result(rounded(divide({0, n}, scaled.low), scaled.low), negative, to.precision);
}

std::optional<Int128> decimal_remainder(Scaled a, Scaled b, DecimalShape to) {
    const int scale = std::max(a.scale, b.scale);
    const Wide x = multiply(magnitude(a.unscaled), kPowers[static_cast<std::size_t>(scale - a.scale)]);
    const Wide y = multiply(magnitude(b.unscaled), kPowers[static_cast<std::size_t>(scale - b.scale)]);
    if (y.high != 0) return decimal_rescale(a, to);
    return finish({0, divide(x, y.low).remainder}, a.unscaled < 0, scale - to.scale, to.precision);
}

std::optional<Int128> parse_decimal(std::string_view text, DecimalShape to) {
    std::size_t i = 0;
    const bool negative = !text.empty() && text[0] == '-';
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) i = 1;
    Wide m;
    int scale = 0;
    bool point = false, any = false;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        any = true;
        if (m.high >> 120 != 0) {
            // More than 70 digits: further ones are below any scale, or the value is far too large.
            if (!point) return std::nullopt;
            continue;
        }
        const Wide tens = add(multiply(m.low, 10), {m.high * 10, 0});
        m = add(tens, {0, static_cast<Unsigned>(c - '0')});
        if (point) ++scale;
    }
    if (!any) return std::nullopt;
    if (i < text.size()) {
        if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
        ++i;
        if (i < text.size() && text[i] == '+') ++i;
        int exponent = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), exponent);
        if (error != std::errc() || end != text.data() + text.size() || std::abs(exponent) > 10'000)
            return std::nullopt;
        scale -= exponent;
    }
    if (m.high == 0 && m.low == 0) return Int128{0};
    if (scale - to.scale > 200) return Int128{0};
    if (to.scale - scale > 80) return std::nullopt;
    return finish(m, negative, scale - to.scale, to.precision);
}

std::optional<Int128> decimal_from_double(double v, DecimalShape to) {
    if (!std::isfinite(v)) return std::nullopt;
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific).ptr;
    return parse_decimal({buffer, static_cast<std::size_t>(end - buffer)}, to);
}

double decimal_to_double(Scaled v) {
    const Unsigned m = magnitude(v.unscaled);
    if (m < (std::uint64_t{1} << 53) && v.scale <= 15) {
        // Both are exact doubles, so the one division rounds correctly.
        const auto power = static_cast<std::uint64_t>(kPowers[static_cast<std::size_t>(v.scale)]);
        const double r = static_cast<double>(static_cast<std::uint64_t>(m)) / static_cast<double>(power);
        return v.unscaled < 0 ? -r : r;
    }
    const std::string text = decimal_to_string(v.unscaled, v.scale);
    double r = 0;
    std::from_chars(text.data(), text.data() + text.size(), r);
    return r;
}

}  // namespace mr
