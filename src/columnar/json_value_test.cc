// Goal: every type has one exact JSON rendering, and it is valid JSON.
#include "columnar/json_value.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mr {
namespace {

std::string json(const DataType& type, const Value& value) {
    std::string out;
    append_json_value(out, type, value);
    return out;
}

TEST(JsonValue, Scalars) {
    EXPECT_EQ(json(DataType::bigint(), Value::of(std::int64_t{9007199254740993})), "9007199254740993");
    EXPECT_EQ(json(DataType::bigint(), Value::null()), "null");
    EXPECT_EQ(json(DataType::boolean(), Value::of(true)), "true");
    EXPECT_EQ(json(DataType::decimal(10, 2), Value::of(Int128{-5})), "-0.05");
    EXPECT_EQ(json(DataType::decimal(38, 0), Value::of(static_cast<Int128>(INT64_MAX) * 1000)),
              "9223372036854775807000");
    EXPECT_EQ(json(DataType::double_type(), Value::of(0.1)), "0.1");
    EXPECT_EQ(json(DataType::double_type(), Value::of(std::nan(""))), "null");
    EXPECT_EQ(json(DataType::of(TypeKind::float_), Value::of(static_cast<double>(0.1F))), "0.1");
    EXPECT_EQ(json(DataType::string(), Value::of("a\"b")), R"("a\"b")");
    EXPECT_EQ(json(DataType::bytes(), Value::of(std::string("\0\xff", 2))), "\"AP8=\"");
}

TEST(JsonValue, Times) {
    EXPECT_EQ(json(DataType::date(), Value::of(-1)), "\"1969-12-31\"");
    EXPECT_EQ(json(DataType::timestamp_ltz(3), Value::of(std::int64_t{1795374000123})),
              "\"2026-11-22T19:00:00.123Z\"");
    EXPECT_EQ(json(DataType::timestamp(0), Value::of(std::int64_t{-1})), "\"1969-12-31T23:59:59.999Z\"");
    EXPECT_EQ(json(DataType::timestamp(6), Value::of(std::int64_t{1})), "\"1970-01-01T00:00:00.000001Z\"");
    EXPECT_EQ(json(DataType::of(TypeKind::time), Value::of(3'661'001)), "\"01:01:01.001\"");
    EXPECT_EQ(json(DataType::of(TypeKind::interval_day), Value::of(-1500)), "-1500");
}

TEST(JsonValue, Nested) {
    const DataType row =
        DataType::row({{"a", DataType::integer()}, {"b c", DataType::array(DataType::string())}});
    const Value list = Value::of(std::vector<Value>{Value::of("x"), Value::null()});
    EXPECT_EQ(json(row, Value::of(std::vector<Value>{Value::of(1), list})), R"({"a":1,"b c":["x",null]})");
    const DataType map = DataType::map(DataType::integer(), DataType::boolean());
    EXPECT_EQ(
        json(map, Value::of(std::vector<Value>{Value::of(1), Value::of(true), Value::of(2), Value::null()})),
        R"({"1":true,"2":null})");
}

}  // namespace
}  // namespace mr
