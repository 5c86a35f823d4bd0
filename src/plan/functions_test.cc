// The catalogue's typing, against the types Flink 2.2 answers with TYPEOF (tests/oracle of the same
// expressions).
#include "plan/functions.h"

#include <gtest/gtest.h>

#include <set>

namespace mr::plan {
namespace {

DataType not_null(DataType t) {
    return t.with_nullable(false);
}

std::string type_of(std::string_view name, std::vector<DataType> args,
                    FunctionClass kind = FunctionClass::scalar, std::vector<Value> literals = {}) {
    const auto r = resolve_function(name, kind, args, {}, literals);
    return r ? r->type.to_string() : r.error().message;
}

const DataType kInt = DataType::integer(), kLong = DataType::bigint(), kDec = DataType::decimal(10, 2),
               kDouble = DataType::double_type(), kFloat = DataType::of(TypeKind::float_),
               kText = DataType::string(), kTime = DataType::timestamp(3);

TEST(Functions, arithmetic_types_are_flinks) {
    EXPECT_EQ(type_of("+", {kInt, kLong}), "BIGINT");
    EXPECT_EQ(type_of("/", {kInt, kInt}), "INT");
    EXPECT_EQ(type_of("+", {kDec, kInt}), "DECIMAL(13, 2)");
    EXPECT_EQ(type_of("/", {kDec, kInt}), "DECIMAL(21, 13)");
    EXPECT_EQ(type_of("/", {kDec, kDec}), "DECIMAL(23, 13)");
    EXPECT_EQ(type_of("+", {kFloat, kInt}), "FLOAT");
    EXPECT_EQ(type_of("+", {kFloat, kDec}), "DOUBLE");
    EXPECT_EQ(type_of("MOD", {kLong, kInt}), "INT");
    EXPECT_EQ(type_of("%", {kDec, kInt}), "DECIMAL(10, 2)");
    EXPECT_EQ(type_of("*", {kDec, DataType::decimal(2, 1)}), "DECIMAL(13, 3)");
    EXPECT_EQ(type_of("*", {DataType::decimal(4, 3), kLong}), "DECIMAL(24, 3)");
    EXPECT_EQ(type_of("+", {DataType::decimal(38, 10), DataType::decimal(38, 2)}), "DECIMAL(38, 6)");
    EXPECT_EQ(type_of("*", {DataType::decimal(38, 18), DataType::decimal(38, 18)}), "DECIMAL(38, 6)");
    EXPECT_EQ(type_of("+", {not_null(kInt), not_null(kInt)}), "INT NOT NULL");
    EXPECT_EQ(type_of("-", {kDec}), "DECIMAL(10, 2)");
}

TEST(Functions, time_arithmetic) {
    const DataType day = DataType::of(TypeKind::interval_day);
    EXPECT_EQ(type_of("+", {kTime, day}), "TIMESTAMP(3)");
    EXPECT_EQ(type_of("+", {day, kTime}), "TIMESTAMP(3)");
    EXPECT_EQ(type_of("-", {DataType::date(), day}), "DATE");
    EXPECT_EQ(type_of("*", {day, kInt}), "INTERVAL DAY TO SECOND(3)");
    EXPECT_NE(type_of("+", {kTime, kInt}).find("cannot be applied"), std::string::npos);
}

TEST(Functions, rounding_takes_its_scale_from_the_literal) {
    const auto round = [&](int digits) {
        return type_of("ROUND", {kDec, not_null(kInt)}, FunctionClass::scalar,
                       {Value::null(), Value::of(digits)});
    };
    EXPECT_EQ(round(1), "DECIMAL(10, 1)");
    EXPECT_EQ(round(0), "DECIMAL(9, 0)");
    EXPECT_EQ(round(-1), "DECIMAL(9, 0)");
    EXPECT_EQ(type_of("ROUND", {kDec}), "DECIMAL(9, 0)");
    EXPECT_EQ(type_of("FLOOR", {kDec}), "DECIMAL(10, 0)");
    EXPECT_EQ(type_of("ROUND", {kInt, kInt}), "INT");
}

TEST(Functions, branches_meet) {
    DataType a = not_null(kText), bcd = not_null(kText);
    a.fixed_length = bcd.fixed_length = true;
    a.precision = 1;
    bcd.precision = 3;
    EXPECT_EQ(type_of("CASE", {DataType::boolean(), a, bcd}), "VARCHAR(3) NOT NULL");
    EXPECT_EQ(type_of("CASE", {DataType::boolean(), a}), "CHAR(1)");
    EXPECT_EQ(type_of("COALESCE", {kInt, not_null(DataType::decimal(2, 1))}), "DECIMAL(11, 1) NOT NULL");
    EXPECT_EQ(type_of("COALESCE", {kDouble, kInt}), "DOUBLE");
    EXPECT_NE(type_of("=", {kInt, kText}).find("cannot be applied"), std::string::npos);
    EXPECT_EQ(type_of("IN", {kInt, kInt, DataType::null_type()}), "BOOLEAN");
    const auto r = resolve_function("=", FunctionClass::scalar, std::vector{kTime, kText});
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->arg_types[1].to_string(), "TIMESTAMP(3)");
}

TEST(Functions, aggregates) {
    const auto agg = [&](std::string_view name, const DataType& t) {
        return type_of(name, {t}, FunctionClass::aggregate);
    };
    EXPECT_EQ(agg("SUM", kInt), "INT");
    EXPECT_EQ(agg("SUM", kDec), "DECIMAL(38, 2)");
    EXPECT_EQ(agg("AVG", kInt), "INT");
    EXPECT_EQ(agg("AVG", kDec), "DECIMAL(38, 6)");
    EXPECT_EQ(agg("STDDEV_POP", kInt), "INT");
    EXPECT_EQ(agg("VAR_POP", kDec), "DECIMAL(38, 6)");
    EXPECT_EQ(agg("AVG", kFloat), "FLOAT");
    EXPECT_EQ(type_of("COUNT", {}, FunctionClass::aggregate), "BIGINT NOT NULL");
    EXPECT_EQ(type_of("SUM", {kInt}, FunctionClass::window), "INT");
    EXPECT_EQ(type_of("LAG", {kInt}, FunctionClass::window), "INT");
    EXPECT_EQ(type_of("ROW_NUMBER", {}, FunctionClass::window), "BIGINT NOT NULL");
}

TEST(Functions, errors_name_the_remedy) {
    EXPECT_EQ(type_of("UPER", {kText}), "unknown function: UPER; did you mean `UPPER`?");
    EXPECT_EQ(type_of("UPPER", {kInt}), "UPPER cannot be applied to (INT); it is UPPER(text)");
    EXPECT_EQ(type_of("PARSE_JSON", {kText}), "function PARSE_JSON is not supported yet");
    EXPECT_NE(type_of("SUM", {kInt}).find("is an aggregate function"), std::string::npos);
}

TEST(Functions, names_are_unique_within_a_class) {
    std::set<std::pair<std::string, FunctionClass>> seen;
    for (const FunctionInfo& f : all_functions()) {
        EXPECT_TRUE(seen.emplace(f.name, f.kind).second) << f.name;
        for (const std::string& alias : f.aliases) EXPECT_TRUE(seen.emplace(alias, f.kind).second) << alias;
        EXPECT_FALSE(f.help.empty() || f.signature.empty()) << f.name;
    }
    EXPECT_EQ(find_function("substr")->name, "SUBSTRING");
    EXPECT_EQ(find_function("nope"), nullptr);
}

TEST(Types, casts_and_stores) {
    EXPECT_TRUE(can_cast(kText, kTime));
    EXPECT_FALSE(can_cast(kInt, kTime));
    EXPECT_TRUE(can_cast(kInt, DataType::boolean()));
    EXPECT_FALSE(can_cast(DataType::array(kInt), DataType::map(kInt, kInt)));
    EXPECT_TRUE(can_store(kInt, kLong));
    EXPECT_FALSE(can_store(kLong, kInt));
    EXPECT_TRUE(can_store(kLong, kDec));
    EXPECT_FALSE(can_store(kText, kInt));
    EXPECT_TRUE(can_store(kTime, DataType::timestamp_ltz(3)));
}

}  // namespace
}  // namespace mr::plan
