// Operators: arithmetic, comparison, logic, casts, patterns.
#include "plan/internal/catalogue.h"

namespace mr::plan::internal {
namespace {

Entry operation(std::string name, std::string signature, std::string help, TypeRule rule,
                std::vector<std::string> aliases = {}) {
    return {
        {std::move(name), std::move(aliases), FunctionClass::scalar, std::move(signature), std::move(help)},
        std::move(rule)};
}

ResolvedFunction made(const CallSite& call, std::vector<DataType> args, DataType type) {
    return {call.info.name, std::move(args), type.with_nullable(call.any_nullable())};
}

bool exact(const DataType& t) {
    return t.is_integer() || t.kind == TypeKind::decimal;
}

/// +, -, *, /, % of two numbers.
ResolvedFunction numeric(const CallSite& call, char op) {
    const DataType &a = call[0], &b = call[1];
    if (exact(a) && exact(b) && (a.kind == TypeKind::decimal || b.kind == TypeKind::decimal)) {
        // Operands keep their own scale: the kernel works on unscaled values of both.
        const auto as_decimal = [](const DataType& t) {
            if (t.kind == TypeKind::decimal) return t;
            const int digits = t.kind == TypeKind::tinyint    ? 3
                               : t.kind == TypeKind::smallint ? 5
                               : t.kind == TypeKind::integer  ? 10
                                                              : 19;
            return DataType::decimal(digits, 0).with_nullable(t.nullable);
        };
        return made(call, {as_decimal(a), as_decimal(b)}, decimal_result(op, a, b));
    }
    DataType common = common_type(a, b).value_or(DataType::double_type());
    // FLOAT * DOUBLE is a FLOAT, DOUBLE * FLOAT a DOUBLE: to Flink's planner both are as precise.
    if (a.kind == TypeKind::float_ && b.kind == TypeKind::double_) common = DataType::of(TypeKind::float_);
    const DataType x = common.with_nullable(a.nullable), y = common.with_nullable(b.nullable);
    if (op == '%' && common.is_integer()) return made(call, {x, y}, b);
    return made(call, {x, y}, common);
}

/// Date and time arithmetic; nothing if the pair has none.
std::optional<ResolvedFunction> temporal(const CallSite& call, char op) {
    const DataType &a = call[0], &b = call[1];
    if (op == '+' && a.is_interval() && b.is_temporal()) return made(call, {a, b}, b);
    if ((op == '+' || op == '-') && a.is_temporal() && b.is_interval()) {
        if (a.kind == TypeKind::time && b.kind == TypeKind::interval_month) return std::nullopt;
        return made(call, {a, b}, a);
    }
    if ((op == '+' || op == '-') && a.is_interval() && a.kind == b.kind) return made(call, {a, b}, a);
    const DataType number = DataType::decimal(38, 18);
    const auto factor = [&](const DataType& t) {
        return (t.is_integer() ? DataType::bigint() : number).with_nullable(t.nullable);
    };
    if ((op == '*' || op == '/') && a.is_interval() && exact(b)) return made(call, {a, factor(b)}, a);
    if (op == '*' && exact(a) && b.is_interval()) return made(call, {factor(a), b}, b);
    if (op == '-' && a.is_temporal() && b.is_temporal()) {
        if (auto common = common_type(a, b))
            return made(call, {common->with_nullable(a.nullable), common->with_nullable(b.nullable)},
                        DataType::of(TypeKind::interval_day));
    }
    return std::nullopt;
}

TypeRule arithmetic(char op) {
    return [op](const CallSite& call) -> Result<ResolvedFunction> {
        if (call.size() == 1 && (op == '-' || op == '+')) {
            if (!call[0].is_numeric() && !call[0].is_interval()) return mismatch(call);
            return made(call, {call[0]}, call[0]);
        }
        if (call.size() != 2) return mismatch(call);
        const bool null_a = call[0].kind == TypeKind::null, null_b = call[1].kind == TypeKind::null;
        if (null_a || null_b) {
            const DataType t = null_a ? (null_b ? DataType::integer() : call[1]) : call[0];
            if (!t.is_numeric()) return mismatch(call);
            return made(call, {t, t}, t);
        }
        if (call[0].is_numeric() && call[1].is_numeric()) return numeric(call, op);
        if (auto t = temporal(call, op)) return *t;
        return mismatch(call);
    };
}

/// The type two operands are compared in: their common type, and text meets a date or time as such. (Text
/// with a number is refused, as Flink refuses it: "implicit type conversion … is not supported".)
Result<DataType> comparable(const CallSite& call, const DataType& a, const DataType& b) {
    if (auto common = common_type(a, b)) return common;
    if (a.is_character() && b.is_temporal()) return b;
    if (b.is_character() && a.is_temporal()) return a;
    return mismatch(call);
}

TypeRule comparison(bool ordered, bool null_safe) {
    return [ordered, null_safe](const CallSite& call) -> Result<ResolvedFunction> {
        if (call.size() != 2) return mismatch(call);
        MR_TRY(DataType common, comparable(call, call[0], call[1]));
        // As Flink plans = and <>: a DOUBLE behind a FLOAT is rounded to it.
        const bool equality = !ordered && !null_safe;
        if (equality && call[0].kind == TypeKind::float_ && call[1].kind == TypeKind::double_)
            common = call[0];
        if (ordered && (common.kind == TypeKind::map || common.kind == TypeKind::row)) return mismatch(call);
        const std::vector<DataType> args{common.with_nullable(call[0].nullable),
                                         common.with_nullable(call[1].nullable)};
        return ResolvedFunction{call.info.name, args,
                                DataType::boolean().with_nullable(!null_safe && call.any_nullable())};
    };
}

/// IN(x, a, …), BETWEEN(x, a, b): all in one type.
TypeRule together(std::size_t least, std::size_t most) {
    return [least, most](const CallSite& call) -> Result<ResolvedFunction> {
        if (call.size() < least || call.size() > most) return mismatch(call);
        DataType common = call[0];
        for (std::size_t i = 1; i < call.size(); ++i) {
            MR_TRY(common, comparable(call, common, call[i]));
        }
        std::vector<DataType> args;
        for (const DataType& t : call.args) args.push_back(common.with_nullable(t.nullable));
        return made(call, std::move(args), DataType::boolean());
    };
}

TypeRule logic(bool variadic) {
    return [variadic](const CallSite& call) -> Result<ResolvedFunction> {
        return pattern(variadic ? "BB*" : "B", DataType::boolean())(call);
    };
}

Result<ResolvedFunction> any_to_boolean(const CallSite& call) {
    if (call.size() != 1) return mismatch(call);
    return ResolvedFunction{call.info.name, {call[0]}, DataType::boolean().with_nullable(false)};
}

/// The binder sets the target type itself: the signature only says that one argument is taken.
Result<ResolvedFunction> cast_rule(const CallSite& call) {
    if (call.size() != 1) return mismatch(call);
    return ResolvedFunction{call.info.name, {call[0]}, call[0]};
}

}  // namespace

void add_operators(Table& t) {
    t.push_back(operation("+", "a + b", "Sum; date or timestamp plus interval.", arithmetic('+')));
    t.push_back(operation("-", "a - b", "Difference; negation; timestamp minus interval.", arithmetic('-')));
    t.push_back(operation("*", "a * b", "Product.", arithmetic('*')));
    t.push_back(operation("/", "a / b", "Quotient; of integers truncated towards zero.", arithmetic('/')));
    t.push_back(
        operation("%", "a % b", "Remainder, with the sign of the left side.", arithmetic('%'), {"MOD"}));
    for (const char* op : {"=", "<>"})
        t.push_back(operation(op, fmt::format("a {} b", op), "Comparison; NULL if a side is NULL.",
                              comparison(false, false)));
    for (const char* op : {"<", "<=", ">", ">="})
        t.push_back(operation(op, fmt::format("a {} b", op), "Comparison; NULL if a side is NULL.",
                              comparison(true, false)));
    t.push_back(operation("IS DISTINCT FROM", "a IS DISTINCT FROM b", "<> with NULL as a value.",
                          comparison(false, true)));
    t.push_back(operation("IS NOT DISTINCT FROM", "a IS NOT DISTINCT FROM b", "= with NULL as a value.",
                          comparison(false, true)));
    t.push_back(operation("AND", "a AND b", "Three-valued conjunction.", logic(true)));
    t.push_back(operation("OR", "a OR b", "Three-valued disjunction.", logic(true)));
    t.push_back(operation("NOT", "NOT a", "Three-valued negation.", logic(false)));
    t.push_back(operation("IS NULL", "a IS NULL", "TRUE if NULL.", any_to_boolean));
    t.push_back(operation("IS NOT NULL", "a IS NOT NULL", "TRUE if not NULL.", any_to_boolean));
    for (const char* op :
         {"IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN"})
        t.push_back(operation(op, fmt::format("a {}", op), "Test of a BOOLEAN; never NULL.",
                              pattern("B", DataType::boolean(), Nulls::never)));
    t.push_back(
        operation("IN", "x IN (a, b, …)", "TRUE if equal to one; NULL if unknown.", together(2, SIZE_MAX)));
    t.push_back(operation("BETWEEN", "x BETWEEN a AND b", "a <= x AND x <= b.", together(3, 3)));
    t.push_back(operation("LIKE", "text LIKE pattern [ESCAPE char]",
                          "Pattern match: % any text, _ one character; no escape unless given.",
                          pattern("SS?S", DataType::boolean())));
    t.push_back(operation("SIMILAR TO", "text SIMILAR TO pattern [ESCAPE char]",
                          "SQL regular expression match.", pattern("SS?S", DataType::boolean())));
    t.push_back(operation("CAST", "CAST(x AS type)", "Conversion; a value that does not fit rejects the row.",
                          cast_rule));
    t.push_back(operation("TRY_CAST", "TRY_CAST(x AS type)", "Conversion; NULL where the value does not fit.",
                          cast_rule));
}

}  // namespace mr::plan::internal
