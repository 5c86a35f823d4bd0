// Expressions and aggregates over batches of 256 rows: ns a row of each.
#include <benchmark/benchmark.h>

#include <random>

#include "engine/expr/evaluator.h"
#include "engine/functions/aggregate.h"
#include "plan/functions.h"

namespace {

using mr::ColumnPtr;
using mr::DataType;
using mr::Value;
using mr::plan::ExprPtr;

constexpr std::size_t kRows = 256;
const mr::Schema kSchema{{{"price", DataType::bigint()},
                          {"auction", DataType::bigint()},
                          {"amount", DataType::decimal(10, 2)},
                          {"rate", DataType::double_type()},
                          {"url", DataType::string()},
                          {"ts", DataType::timestamp(3)}}};

std::vector<ColumnPtr> batch() {
    std::mt19937_64 random(1);
    std::vector<mr::ColumnBuilder> b;
    for (const mr::Field& f : kSchema.fields) b.emplace_back(f.type);
    for (std::size_t i = 0; i < kRows; ++i) {
        b[0].append_integer(static_cast<std::int64_t>(random() % 1000));
        b[1].append_integer(static_cast<std::int64_t>(random() % 5000));
        b[2].append_decimal(static_cast<mr::Int128>(random() % 100'000));
        b[3].append_real(static_cast<double>(random() % 1000) / 7);
        b[4].append_text("https://www.nexmark.com/abc/item.htm?query=1&channel_id=" +
                         std::to_string(random() % 10'000));
        b[5].append_integer(1'767'225'600'000 + static_cast<std::int64_t>(i));
    }
    std::vector<ColumnPtr> out;
    for (mr::ColumnBuilder& c : b) out.push_back(c.finish());
    return out;
}

ExprPtr column(int i) {
    return mr::plan::input(i, kSchema[static_cast<std::size_t>(i)].type);
}
ExprPtr number(int v) {
    return mr::plan::literal(DataType::integer().with_nullable(false), Value::of(v));
}
ExprPtr text(const char* v) {
    return mr::plan::literal(DataType::string().with_nullable(false), Value::of(v));
}
ExprPtr call(const char* name, std::vector<ExprPtr> args) {
    std::vector<DataType> types;
    for (const ExprPtr& a : args) types.push_back(a->type);
    const auto r = mr::plan::resolve_function(name, mr::plan::FunctionClass::scalar, types);
    MR_CHECK(r.has_value(), "{}", r.error().message);
    for (std::size_t i = 0; i < args.size(); ++i) args[i] = mr::plan::cast(args[i], r->arg_types[i]);
    return mr::plan::call(r->name, args, r->type);
}

void run(benchmark::State& state, const ExprPtr& e) {
    auto evaluator = mr::engine::Evaluator::create(e, kSchema);
    MR_CHECK(evaluator.has_value(), "{}", evaluator.error().message);
    const auto columns = batch();
    std::vector<mr::engine::RowError> errors;
    for (auto _ : state)
        benchmark::DoNotOptimize((*evaluator)->evaluate_one({columns, kRows, {}, 0}, errors));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
}

void expr_filter(benchmark::State& state) {
    run(state, call("AND", {call(">", {column(0), number(500)}),
                            call("<>", {call("MOD", {column(1), number(123)}), number(0)})}));
}
void expr_case(benchmark::State& state) {
    run(state, call("CASE", {call(">", {column(0), number(500)}), text("high"), text("low")}));
}
void expr_decimal_product(benchmark::State& state) {
    run(state,
        call("*", {column(2), mr::plan::literal(DataType::decimal(4, 3), Value::of(mr::Int128{908}))}));
}
void expr_double(benchmark::State& state) {
    run(state, call("+", {call("*", {column(3), column(3)}), column(3)}));
}
void expr_regexp_extract(benchmark::State& state) {
    run(state, call("REGEXP_EXTRACT", {column(4), text("(&|^)channel_id=([^&]*)"), number(2)}));
}
void expr_split_index(benchmark::State& state) {
    run(state, call("SPLIT_INDEX", {column(4), text("/"), number(3)}));
}
void expr_date_format(benchmark::State& state) {
    run(state, call("DATE_FORMAT", {column(5), text("yyyy-MM-dd HH:mm")}));
}
void expr_like(benchmark::State& state) {
    run(state, call("LIKE", {column(4), text("%item.htm%channel_id=1%")}));
}
BENCHMARK(expr_filter);
BENCHMARK(expr_case);
BENCHMARK(expr_decimal_product);
BENCHMARK(expr_double);
BENCHMARK(expr_regexp_extract);
BENCHMARK(expr_split_index);
BENCHMARK(expr_date_format);
BENCHMARK(expr_like);

mr::plan::AggCall aggregate(const char* name, std::vector<int> columns) {
    mr::plan::AggCall c;
    c.function = name;
    std::vector<DataType> types;
    for (const int i : columns) {
        c.args.push_back(column(i));
        types.push_back(c.args.back()->type);
    }
    c.type = mr::plan::resolve_function(name, mr::plan::FunctionClass::aggregate, types)->type;
    return c;
}

/// COUNT, SUM, AVG over 64 groups: the vector path.
void aggregate_fixed(benchmark::State& state) {
    const std::vector<mr::plan::AggCall> calls = {aggregate("COUNT", {}), aggregate("SUM", {2}),
                                                  aggregate("AVG", {0})};
    auto set = mr::engine::AggregateSet::create(calls, kSchema, {});
    MR_CHECK(set.has_value(), "{}", set.error().message);
    const auto columns = batch();
    std::vector<std::string> states(64, std::string((*set)->fixed_size(), '\0'));
    std::vector<char*> groups;
    for (std::size_t i = 0; i < kRows; ++i) groups.push_back(states[i * 7 % 64].data());
    const std::vector<std::int32_t> weights(kRows, 1);
    std::vector<mr::engine::RowError> errors;
    for (auto _ : state) {
        (*set)->prepare({columns, kRows, {}, 0}, errors);
        (*set)->update_all(groups, weights);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
}
BENCHMARK(aggregate_fixed);

}  // namespace

BENCHMARK_MAIN();
