// Aggregate and window functions.
#include <algorithm>

#include "plan/internal/catalogue.h"

namespace mr::plan::internal {
namespace {

Result<ResolvedFunction> count_rule(const CallSite& call) {
    return ResolvedFunction{
        call.info.name, {call.args.begin(), call.args.end()}, DataType::bigint().with_nullable(false)};
}

Result<ResolvedFunction> sum_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "N"));
    DataType t = types[0];
    if (t.kind == TypeKind::decimal) t = DataType::decimal(38, t.scale);
    return ResolvedFunction{call.info.name, std::move(types), t.with_nullable(true)};
}

/// AVG, and STDDEV and VAR, which Flink types the same: of INT an INT, of DECIMAL(p, s) DECIMAL(38, max(6,
/// s)).
Result<ResolvedFunction> mean_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "N"));
    DataType t = types[0];
    if (t.kind == TypeKind::decimal) t = DataType::decimal(38, std::max<int>(6, t.scale));
    return ResolvedFunction{call.info.name, std::move(types), t.with_nullable(true)};
}

Result<ResolvedFunction> extreme_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "A"));
    if (types[0].is_nested()) return mismatch(call);
    return ResolvedFunction{call.info.name, types, types[0].with_nullable(true)};
}

Result<ResolvedFunction> listagg_rule(const CallSite& call) {
    return pattern("S?S", DataType::string(), Nulls::always)(call);
}

/// A list of every value, NULLs too.
Result<ResolvedFunction> array_agg_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "A"));
    DataType list = DataType::array(types[0].with_nullable(true));
    return ResolvedFunction{call.info.name, std::move(types), std::move(list)};
}

/// Flink's MULTISET is a map of values to how often they occur.
Result<ResolvedFunction> collect_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "A"));
    DataType counts = DataType::map(types[0].with_nullable(false), DataType::integer().with_nullable(false));
    return ResolvedFunction{call.info.name, std::move(types), std::move(counts)};
}

/// PERCENTILE(x, p [, frequency]): of an array of percentages an array.
Result<ResolvedFunction> percentile_rule(const CallSite& call) {
    if (call.size() < 2 || call.size() > 3) return mismatch(call);
    const bool many = call[1].kind == TypeKind::array;
    MR_TRY(auto types, match(call, many ? "DR?L" : "DD?L"));
    if (many) types[1] = DataType::array(DataType::double_type()).with_nullable(call[1].nullable);
    const DataType result = many ? DataType::array(DataType::double_type()) : DataType::double_type();
    return ResolvedFunction{call.info.name, std::move(types), result};
}

/// LAG and LEAD (x [, n [, default]]).
Result<ResolvedFunction> shift_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "A?IA"));
    DataType t = types[0].with_nullable(true);
    if (types.size() == 3) {
        auto common = common_type(types[0], types[2]);
        if (!common) return mismatch(call);
        types[0] = common->with_nullable(types[0].nullable);
        types[2] = common->with_nullable(types[2].nullable);
        t = *common;
    }
    return ResolvedFunction{call.info.name, std::move(types), t};
}

}  // namespace

void add_aggregates(Table& t) {
    const auto add = [&](const char* name, FunctionClass kind, const char* signature, const char* help,
                         TypeRule rule, std::vector<std::string> aliases = {}) {
        t.push_back({{name, std::move(aliases), kind, signature, help}, std::move(rule)});
    };
    const auto aggregate = FunctionClass::aggregate, window = FunctionClass::window;
    add("COUNT", aggregate, "COUNT(*), COUNT([DISTINCT] x, …)", "Number of rows (without NULLs in x).",
        count_rule);
    add("SUM", aggregate, "SUM([DISTINCT] n)", "Sum; NULL of nothing. An INT sum is an INT and wraps.",
        sum_rule);
    add("AVG", aggregate, "AVG([DISTINCT] n)", "Mean; of integers truncated.", mean_rule);
    add("MIN", aggregate, "MIN(x)", "The smallest.", extreme_rule);
    add("MAX", aggregate, "MAX(x)", "The greatest.", extreme_rule);
    add("STDDEV_POP", aggregate, "STDDEV_POP(n)", "Population standard deviation.", mean_rule);
    add("STDDEV_SAMP", aggregate, "STDDEV_SAMP(n)", "Sample standard deviation; NULL of one row.", mean_rule,
        {"STDDEV"});
    add("VAR_POP", aggregate, "VAR_POP(n)", "Population variance.", mean_rule);
    add("VAR_SAMP", aggregate, "VAR_SAMP(n)", "Sample variance; NULL of one row.", mean_rule, {"VARIANCE"});
    add("FIRST_VALUE", aggregate, "FIRST_VALUE(x)", "The first that is not NULL, by arrival.",
        pattern_as("A", 0, Nulls::always));
    add("LAST_VALUE", aggregate, "LAST_VALUE(x)", "The last that is not NULL, by arrival.",
        pattern_as("A", 0, Nulls::always));
    add("LISTAGG", aggregate, "LISTAGG([DISTINCT] text [, separator])",
        "Texts in order of arrival, separated by ','; NULLs are skipped.", listagg_rule);
    add("ARRAY_AGG", aggregate, "ARRAY_AGG([DISTINCT] x)", "All values in order of arrival, NULLs too.",
        array_agg_rule);
    add("COLLECT", aggregate, "COLLECT([DISTINCT] x)", "How often each value occurs, as MAP<x, INT>.",
        collect_rule);
    add("JSON_ARRAYAGG", aggregate, "JSON_ARRAYAGG(x [{NULL | ABSENT} ON NULL])",
        "A JSON array of all values in order of arrival.", pattern("SA", DataType::string(), Nulls::never));
    add("JSON_OBJECTAGG", aggregate, "JSON_OBJECTAGG(KEY k VALUE v [{NULL | ABSENT} ON NULL])",
        "A JSON object of all keys and values.", pattern("SSA", DataType::string(), Nulls::never));
    add("PERCENTILE", aggregate, "PERCENTILE(n, p [, frequency])",
        "The value below which a part p (0-1) of the rows lies, interpolated; p may be an array.",
        percentile_rule);
    add("APPROX_COUNT_DISTINCT", aggregate, "APPROX_COUNT_DISTINCT(x)",
        "Number of different values; here exact.", pattern("A", DataType::bigint(), Nulls::never));
    add("ROW_NUMBER", window, "ROW_NUMBER() OVER (…)", "Number of the row, from 1.",
        pattern("", DataType::bigint(), Nulls::never));
    add("RANK", window, "RANK() OVER (…)", "Rank with gaps.", pattern("", DataType::bigint(), Nulls::never));
    add("DENSE_RANK", window, "DENSE_RANK() OVER (…)", "Rank without gaps.",
        pattern("", DataType::bigint(), Nulls::never));
    add("LAG", window, "LAG(x [, n [, default]]) OVER (…)", "x of n rows before.", shift_rule);
    add("LEAD", window, "LEAD(x [, n [, default]]) OVER (…)", "x of n rows after.", shift_rule);
    add("NTH_VALUE", window, "NTH_VALUE(x, n) OVER (…)", "x of the n-th row of the frame.",
        pattern_as("AI", 0, Nulls::always));
    add("NTILE", window, "NTILE(n) OVER (…)", "Which of n equal parts of the partition the row is in.",
        pattern("I", DataType::bigint(), Nulls::never));
    add("PERCENT_RANK", window, "PERCENT_RANK() OVER (…)", "(rank - 1) / (rows of the partition - 1).",
        pattern("", DataType::double_type(), Nulls::never));
    add("CUME_DIST", window, "CUME_DIST() OVER (…)",
        "The part of the partition's rows up to this one and its equals.",
        pattern("", DataType::double_type(), Nulls::never));
}

const std::vector<std::string>& known_but_unsupported() {
    static const std::vector<std::string> names = {"PARSE_JSON", "TRY_PARSE_JSON"};
    return names;
}

}  // namespace mr::plan::internal
