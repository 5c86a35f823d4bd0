// Decimal arithmetic on unscaled 128-bit values, as Java's BigDecimal with HALF_UP does it: results are exact
// before the one rounding to the scale asked for. What needs more than `precision` digits is nothing.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "columnar/value.h"

namespace mr {

/// 10^n, n in 0..38.
Int128 power_of_ten(int n);
/// The number of decimal digits a value may have fits `precision`.
bool fits_precision(Int128 v, int precision);

/// A number of digits and a scale, where two integers could be swapped.
struct DecimalShape {
    int precision = 38;
    int scale = 0;
};
/// An unscaled value and its scale.
struct Scaled {
    Int128 unscaled = 0;
    int scale = 0;
};

/// To another scale, rounding half away from zero.
std::optional<Int128> decimal_rescale(Scaled v, DecimalShape to);
std::optional<Int128> decimal_add(Scaled a, Scaled b, DecimalShape to);
std::optional<Int128> decimal_subtract(Scaled a, Scaled b, DecimalShape to);
std::optional<Int128> decimal_multiply(Scaled a, Scaled b, DecimalShape to);
/// REQUIRES: b is not 0.
std::optional<Int128> decimal_divide(Scaled a, Scaled b, DecimalShape to);
std::optional<Int128> decimal_remainder(Scaled a, Scaled b, DecimalShape to);

/// "-12.50", "1.5e3"; nothing if it is no number or does not fit.
std::optional<Int128> parse_decimal(std::string_view text, DecimalShape to);
/// The decimal of the shortest text of a double, as BigDecimal.valueOf.
std::optional<Int128> decimal_from_double(double v, DecimalShape to);
/// The nearest double.
double decimal_to_double(Scaled v);

}  // namespace mr
