// The evaluator: three-valued logic, errors by row, branches not taken, shared subexpressions, batches
// against single rows.
#include "engine/expr/evaluator.h"

#include <gtest/gtest.h>

#include <random>

#include "plan/functions.h"
#include "plan/native_function.h"

namespace mr::engine {
namespace {

using plan::ExprPtr;

/// Calls through the catalogue, with the casts the binder would put in.
ExprPtr call(std::string name, std::vector<ExprPtr> args) {
    std::vector<DataType> types;
    for (const ExprPtr& a : args) types.push_back(a->type);
    const auto r = plan::resolve_function(name, plan::FunctionClass::scalar, types);
    MR_CHECK(r.has_value(), "{}", r.error().message);
    for (std::size_t i = 0; i < args.size(); ++i) args[i] = plan::cast(args[i], r->arg_types[i]);
    return plan::call(r->name, args, r->type);
}
ExprPtr lit(int v) {
    return plan::literal(DataType::integer().with_nullable(false), Value::of(v));
}

const Schema kSchema{{{"a", DataType::integer()}, {"b", DataType::integer()}, {"s", DataType::string()}}};

std::vector<ColumnPtr> columns(const std::vector<std::vector<Value>>& rows) {
    std::vector<ColumnPtr> out;
    for (std::size_t c = 0; c < kSchema.size(); ++c) {
        ColumnBuilder b(kSchema[c].type);
        for (const auto& row : rows) b.append_value(row[c]);
        out.push_back(b.finish());
    }
    return out;
}

struct Answer {
    std::vector<std::string> values;
    std::vector<RowError> errors;
};
Answer run(const ExprPtr& e, const std::vector<std::vector<Value>>& rows) {
    auto made = Evaluator::create(e, kSchema);
    MR_CHECK(made.has_value(), "{}", made.error().message);
    const auto in = columns(rows);
    Answer answer;
    const ColumnPtr c = (*made)->evaluate_one({in, rows.size(), {}, 0}, answer.errors);
    for (std::size_t i = 0; i < rows.size(); ++i) answer.values.push_back(to_string(c->value(i), c->type()));
    return answer;
}

const ExprPtr kA = plan::input(0, DataType::integer()), kB = plan::input(1, DataType::integer()),
              kS = plan::input(2, DataType::string());
Value n() {
    return Value::null();
}

TEST(Evaluator, errors_are_of_their_row_only) {
    const auto r = run(call("/", {kA, kB}), {{Value::of(6), Value::of(3), n()},
                                             {Value::of(1), Value::of(0), n()},
                                             {n(), Value::of(0), n()},
                                             {Value::of(-7), Value::of(2), n()}});
    EXPECT_EQ(r.values, (std::vector<std::string>{"2", "NULL", "NULL", "-3"}));
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_EQ(r.errors[0].row, 1U);
    EXPECT_EQ(r.errors[0].message, "division by zero");
}

TEST(Evaluator, a_branch_not_taken_raises_nothing) {
    const ExprPtr quotient = call("/", {lit(10), kA});
    const std::vector<std::vector<Value>> rows = {{Value::of(0), n(), n()}, {Value::of(5), n(), n()}};
    const auto guarded = run(call("CASE", {call("<>", {kA, lit(0)}), quotient, lit(-1)}), rows);
    EXPECT_EQ(guarded.values, (std::vector<std::string>{"-1", "2"}));
    EXPECT_TRUE(guarded.errors.empty());
    const auto anded = run(call("AND", {call("<>", {kA, lit(0)}), call(">", {quotient, lit(1)})}), rows);
    EXPECT_EQ(anded.values, (std::vector<std::string>{"FALSE", "TRUE"}));
    EXPECT_TRUE(anded.errors.empty());
    const auto coalesced = run(call("COALESCE", {kA, quotient}), rows);
    EXPECT_TRUE(coalesced.errors.empty());
    const auto open = run(call("OR", {call("=", {kA, lit(9)}), call(">", {quotient, lit(1)})}), rows);
    EXPECT_EQ(open.errors.size(), 1U);
}

TEST(Evaluator, three_valued_logic) {
    const DataType boolean = DataType::boolean();
    const auto b = [&](int v) { return plan::literal(boolean, v < 0 ? Value::null() : Value::of(v == 1)); };
    const auto value = [&](const ExprPtr& e) { return to_string(*evaluate_constant(e), boolean); };
    EXPECT_EQ(value(call("AND", {b(0), b(-1)})), "FALSE");
    EXPECT_EQ(value(call("AND", {b(-1), b(0)})), "FALSE");
    EXPECT_EQ(value(call("AND", {b(1), b(-1)})), "NULL");
    EXPECT_EQ(value(call("OR", {b(-1), b(1)})), "TRUE");
    EXPECT_EQ(value(call("OR", {b(0), b(-1)})), "NULL");
    EXPECT_EQ(value(call("NOT", {b(-1)})), "NULL");
    EXPECT_EQ(value(call("IS NOT TRUE", {b(-1)})), "TRUE");
    EXPECT_EQ(value(call("IN", {lit(1), lit(2), plan::literal(DataType::null_type(), n())})), "NULL");
    EXPECT_EQ(value(call("IN", {lit(1), lit(1), plan::literal(DataType::null_type(), n())})), "TRUE");
    EXPECT_EQ(value(call("BETWEEN", {lit(3), lit(1), lit(3)})), "TRUE");
}

TEST(Evaluator, select_gives_true_rows_without_failed_ones) {
    auto made = Evaluator::create(call(">", {call("/", {lit(10), kA}), lit(1)}), kSchema);
    ASSERT_TRUE(made) << made.error().message;
    const auto in = columns(
        {{Value::of(1), n(), n()}, {Value::of(0), n(), n()}, {n(), n(), n()}, {Value::of(4), n(), n()}});
    std::vector<std::uint32_t> rows;
    std::vector<RowError> errors;
    (*made)->select({in, 4, {}, 0}, rows, errors);
    EXPECT_EQ(rows, (std::vector<std::uint32_t>{0, 3}));
    EXPECT_EQ(errors.size(), 1U);
}

TEST(Evaluator, any_cut_into_batches_gives_the_same) {
    std::mt19937 random(7);
    const ExprPtr sum = call("+", {kA, kB});
    const ExprPtr e = call("CASE", {call("AND", {call(">", {sum, lit(3)}), call("IS NOT NULL", {kS})}),
                                    call("*", {sum, sum}), call("%", {kA, lit(3)})});
    std::vector<std::vector<Value>> rows;
    for (int i = 0; i < 203; ++i) {
        const auto some = [&] { return random() % 5 == 0 ? n() : Value::of(static_cast<int>(random() % 9)); };
        rows.push_back({some(), some(), random() % 2 == 0 ? n() : Value::of("x")});
    }
    const auto whole = run(e, rows);
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(run(e, {rows[i]}).values[0], whole.values[i]) << i;
}

TEST(Evaluator, integers_wrap_and_casts_follow_java) {
    const auto value = [](const ExprPtr& e) {
        const auto v = evaluate_constant(e);
        return v ? to_string(*v, e->type) : v.error().message;
    };
    EXPECT_EQ(value(call("+", {lit(2147483647), lit(1)})), "-2147483648");
    const auto cast_text = [&](const char* text, DataType to) {
        return value(plan::call("CAST", {plan::literal(DataType::string(), Value::of(text))}, std::move(to)));
    };
    EXPECT_EQ(cast_text("  12 ", DataType::integer()), "12");
    EXPECT_EQ(cast_text("12.7", DataType::integer()), "12");
    EXPECT_EQ(cast_text("abc", DataType::integer()), "cannot cast 'abc' to INT");
    EXPECT_EQ(cast_text("yes", DataType::boolean()), "TRUE");
    EXPECT_EQ(cast_text("2024-01-31 10:00:00", DataType::date()), "2024-01-31");
    EXPECT_EQ(cast_text("2024-01-31", DataType::timestamp(3)), "2024-01-31 00:00:00.000");
    const auto cast_of = [&](Value v, DataType from, DataType to) {
        return value(plan::call("CAST", {plan::literal(std::move(from), std::move(v))}, std::move(to)));
    };
    EXPECT_EQ(cast_of(Value::of(std::int64_t{99999999999}), DataType::bigint(), DataType::integer()),
              "1215752191");
    EXPECT_EQ(cast_of(Value::of(3e10), DataType::double_type(), DataType::integer()), "2147483647");
    EXPECT_EQ(cast_of(Value::of(1.005), DataType::double_type(), DataType::decimal(10, 2)), "1.01");
}

TEST(Evaluator, compile_errors_name_what_is_wrong) {
    const auto bad =
        Evaluator::create(plan::call("REGEXP", {kS, plan::literal(DataType::string(), Value::of("a(?=b)"))},
                                     DataType::boolean()),
                          kSchema);
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("look-around"), std::string::npos) << bad.error().message;
}

/// a + 1, which remembers how many rows it was given; 13 is an error.
class Next final : public plan::NativeFunction {
  public:
    explicit Next(Description d) : description_(std::move(d)) {}
    [[nodiscard]] const Description& description() const override { return description_; }
    [[nodiscard]] ColumnPtr call(std::span<const ColumnPtr> arguments, std::size_t rows, const DataType& type,
                                 std::vector<RowError>& errors) const override {
        seen.push_back(rows);
        ColumnBuilder b(type);
        for (std::size_t i = 0; i < rows; ++i) {
            MR_CHECK(arguments[0]->size() == rows, "{} rows of {}", arguments[0]->size(), rows);
            if (!arguments[0]->is_null(i) && arguments[0]->integer(i) == 13) {
                errors.push_back({i, "unlucky"});
                b.append_null();
            } else {
                b.append_integer(arguments[0]->is_null(i) ? -1 : arguments[0]->integer(i) + 1);
            }
        }
        return b.finish();
    }
    mutable std::vector<std::size_t> seen;

  private:
    Description description_;
};

plan::NativeFunction::Description described(bool strict, bool is_volatile) {
    plan::NativeFunction::Description out;
    out.null_on_null = strict;
    out.is_volatile = is_volatile;
    return out;
}

ExprPtr next(const std::shared_ptr<const Next>& function, ExprPtr arg) {
    plan::Expr e;
    e.kind = plan::ExprKind::call;
    e.type = DataType::integer();
    e.function = plan::native_name("NEXT", *function);
    e.args = {std::move(arg)};
    e.native = function;
    return std::make_shared<const plan::Expr>(std::move(e));
}

// Goal: a library's function is given the rows that are asked for, once, and its errors are of their rows.
TEST(Evaluator, LibraryFunctionsSeeTheRowsThatAreAskedFor) {
    const auto strict = std::make_shared<const Next>(described(true, false));
    const ExprPtr a = plan::input(0, DataType::integer());
    const Value null = Value::null();
    const auto rows = columns({{Value::of(1), null, null},
                               {null, null, null},
                               {Value::of(13), null, null},
                               {Value::of(4), null, null}});
    const EvalInput input{rows, 4, {}, 0};
    const std::vector<ExprPtr> twice = {next(strict, a), call("+", {next(strict, a), lit(1)})};
    auto both = Evaluator::create(twice, kSchema);
    ASSERT_TRUE(both);
    std::vector<RowError> errors;
    const auto out = (*both)->evaluate(input, errors);
    EXPECT_EQ(strict->seen, std::vector<std::size_t>{3});
    EXPECT_EQ(out[0]->integer(0), 2);
    EXPECT_TRUE(out[0]->is_null(1));
    EXPECT_TRUE(out[0]->is_null(2));
    EXPECT_EQ(out[0]->integer(3), 5);
    EXPECT_EQ(out[1]->integer(3), 6);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].row, 2U);
    EXPECT_EQ(errors[0].message, "NEXT: unlucky");
    // A branch: one row takes it.
    errors.clear();
    const ExprPtr branch = call("CASE", {call("=", {a, lit(4)}), next(strict, a), lit(0)});
    auto taken = Evaluator::create(branch, kSchema);
    ASSERT_TRUE(taken);
    const ColumnPtr c = (*taken)->evaluate_one(input, errors);
    EXPECT_EQ(strict->seen.back(), 1U);
    EXPECT_EQ(c->integer(3), 5);
    EXPECT_EQ(c->integer(2), 0);
    EXPECT_TRUE(errors.empty());
    // Lenient: NULL is passed.
    const auto lenient = std::make_shared<const Next>(described(false, false));
    auto all = Evaluator::create(next(lenient, a), kSchema);
    ASSERT_TRUE(all);
    EXPECT_EQ((*all)->evaluate_one(input, errors)->integer(1), -1);
    EXPECT_EQ(lenient->seen, std::vector<std::size_t>{4});
}

TEST(Evaluator, LibraryFunctionsOfConstantsAreComputedOnce) {
    const auto steady = std::make_shared<const Next>(described(false, false));
    const auto shaky = std::make_shared<const Next>(described(false, true));
    EXPECT_TRUE(plan::is_constant(*next(steady, lit(1))));
    EXPECT_FALSE(plan::is_constant(*next(shaky, lit(1))));
    const auto rows =
        columns({{Value::of(1), Value::null(), Value::null()}, {Value::of(2), Value::null(), Value::null()}});
    const std::vector<ExprPtr> expressions = {next(steady, lit(1)), next(shaky, lit(1)), next(shaky, lit(1)),
                                              next(steady, lit(13))};
    auto made = Evaluator::create(expressions, kSchema);
    ASSERT_TRUE(made);
    std::vector<RowError> errors;
    for (int i = 0; i < 2; ++i) (void)(*made)->evaluate({rows, 2, {}, 0}, errors);
    // Once ahead; the one that fails is asked again and fails for every row.
    EXPECT_EQ(steady->seen, (std::vector<std::size_t>{1, 1, 1, 1}));
    EXPECT_EQ(shaky->seen, (std::vector<std::size_t>{2, 2, 2, 2}));
    EXPECT_EQ(errors.size(), 4U);
}

}  // namespace
}  // namespace mr::engine
