// Numeric functions.
#include <algorithm>

#include "plan/internal/catalogue.h"

namespace mr::plan::internal {
namespace {

/// ROUND and TRUNCATE of a DECIMAL: the scale asked for, if it is known here.
Result<ResolvedFunction> round_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "N?I"));
    DataType result = types[0];
    if (result.kind == TypeKind::decimal) {
        const bool truncates = call.info.name == "TRUNCATE";
        const int p = result.precision, s = result.scale;
        const std::int64_t r = call.size() == 1 ? 0 : call.literal_integer(1, s);
        if (r < 0) {
            result = DataType::decimal(std::min(38, 1 + p - s), 0);
        } else if (r < s) {
            result = DataType::decimal(std::min(38, 1 + p - s + static_cast<int>(r)), static_cast<int>(r));
        }
        (void)truncates;
    }
    return ResolvedFunction{call.info.name, std::move(types), result.with_nullable(call.any_nullable())};
}

/// FLOOR and CEIL: of a number, or FLOOR(time, 'unit').
Result<ResolvedFunction> floor_rule(const CallSite& call) {
    if (call.size() == 2) {
        MR_TRY(auto types, match(call, "AS"));
        if (!types[0].is_temporal()) return mismatch(call);
        return ResolvedFunction{call.info.name, types, types[0].with_nullable(call.any_nullable())};
    }
    MR_TRY(auto types, match(call, "N"));
    DataType result = types[0];
    if (result.kind == TypeKind::decimal) result = DataType::decimal(result.precision, 0);
    return ResolvedFunction{call.info.name, std::move(types), result.with_nullable(call.any_nullable())};
}

Result<ResolvedFunction> hex_rule(const CallSite& call) {
    if (call.size() == 1 && call[0].is_character()) return pattern("S", DataType::string())(call);
    return pattern("L", DataType::string())(call);
}

}  // namespace

void add_numeric(Table& t) {
    const auto add = [&](const char* name, const char* signature, const char* help, TypeRule rule,
                         std::vector<std::string> aliases = {}, bool deterministic = true) {
        t.push_back({{name, std::move(aliases), FunctionClass::scalar, signature, help, deterministic},
                     std::move(rule)});
    };
    add("ABS", "ABS(n)", "Absolute value.", pattern_as("N", 0));
    add("SIGN", "SIGN(n)", "-1, 0 or 1.", pattern_as("N", 0));
    add("ROUND", "ROUND(n [, digits])", "Rounded half up (away from zero) to so many digits.", round_rule);
    add("TRUNCATE", "TRUNCATE(n [, digits])", "Cut to so many digits, towards zero.", round_rule);
    add("FLOOR", "FLOOR(n), FLOOR(time TO unit)", "Largest whole number or start of unit not above.",
        floor_rule);
    add("CEIL", "CEIL(n), CEIL(time TO unit)", "Smallest whole number or start of unit not below.",
        floor_rule, {"CEILING"});
    add("POWER", "POWER(x, y)", "x to the power of y.", pattern("DD", DataType::double_type()), {"POW"});
    const struct {
        const char* name;
        const char* help;
    } reals[] = {{"SQRT", "Square root."},
                 {"EXP", "e to the power of x."},
                 {"LN", "Natural logarithm."},
                 {"LOG10", "Logarithm to base 10."},
                 {"LOG2", "Logarithm to base 2."},
                 {"SIN", "Sine."},
                 {"COS", "Cosine."},
                 {"TAN", "Tangent."},
                 {"COT", "Cotangent."},
                 {"ASIN", "Arc sine."},
                 {"ACOS", "Arc cosine."},
                 {"ATAN", "Arc tangent."},
                 {"SINH", "Hyperbolic sine."},
                 {"COSH", "Hyperbolic cosine."},
                 {"TANH", "Hyperbolic tangent."},
                 {"DEGREES", "Radians as degrees."},
                 {"RADIANS", "Degrees as radians."}};
    for (const auto& f : reals)
        add(f.name, fmt::format("{}(x)", f.name).c_str(), f.help, pattern("D", DataType::double_type()));
    add("ATAN2", "ATAN2(y, x)", "Arc tangent of y / x.", pattern("DD", DataType::double_type()));
    add("LOG", "LOG([base,] x)", "Logarithm of x to a base; natural without one.",
        pattern("D?D", DataType::double_type()));
    add("PI", "PI()", "3.14159…", pattern("", DataType::double_type(), Nulls::never));
    add("E", "E()", "2.71828…", pattern("", DataType::double_type(), Nulls::never));
    add("RAND", "RAND([seed])", "A random number in [0, 1).", pattern("?I", DataType::double_type()), {},
        false);
    add("RAND_INTEGER", "RAND_INTEGER([seed,] bound)", "A random INT in [0, bound).",
        pattern("I?I", DataType::integer()), {}, false);
    add("BIN", "BIN(n)", "Binary digits.", pattern("L", DataType::string()));
    add("HEX", "HEX(n | text)", "Hexadecimal digits.", hex_rule);
}

}  // namespace mr::plan::internal
