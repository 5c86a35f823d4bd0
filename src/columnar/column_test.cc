// Goal: what is appended is what is read, for every type, with and without NULLs, nested included.
#include "columnar/column.h"

#include <gtest/gtest.h>

#include "columnar/delta.h"

namespace mr {
namespace {

/// Values of every kind, NULL among them.
std::vector<std::pair<DataType, std::vector<Value>>> samples() {
    const DataType strings = DataType::array(DataType::string());
    const DataType map = DataType::map(DataType::string(), DataType::bigint());
    const DataType row = DataType::row({{"a", DataType::integer()}, {"b", strings}});
    const auto list = [](std::vector<Value> v) { return Value::of(std::move(v)); };
    return {
        {DataType::boolean(), {Value::of(true), Value::null(), Value::of(false), Value::of(true)}},
        {DataType::of(TypeKind::tinyint), {Value::of(-128), Value::of(127)}},
        {DataType::of(TypeKind::smallint), {Value::of(-32768), Value::null()}},
        {DataType::integer(), {Value::null(), Value::of(-1), Value::of(2147483647)}},
        {DataType::bigint(), {Value::of(INT64_MIN), Value::of(std::int64_t{0}), Value::of(INT64_MAX)}},
        {DataType::of(TypeKind::float_), {Value::of(1.5), Value::null()}},
        {DataType::double_type(), {Value::of(-2.25), Value::of(1e300)}},
        {DataType::decimal(38, 2),
         {Value::of(Int128{-12345}), Value::of(static_cast<Int128>(1) << 120), Value::null()}},
        {DataType::string(),
         {Value::of(""), Value::null(), Value::of("a"), Value::of(std::string("x\0y", 3))}},
        {DataType::date(), {Value::of(19503), Value::null()}},
        {DataType::timestamp(), {Value::of(std::int64_t{1685125600000})}},
        {strings, {list({Value::of("p"), Value::null()}), Value::null(), list({})}},
        {map, {list({Value::of("k"), Value::of(std::int64_t{1})}), list({})}},
        {row,
         {list({Value::of(7), list({Value::of("z")})}), Value::null(), list({Value::null(), Value::null()})}},
        {DataType::array(row), {list({list({Value::of(1), Value::null()}), Value::null()})}},
    };
}

TEST(Column, ReadsWhatWasAppended) {
    for (const auto& [type, values] : samples()) {
        ColumnBuilder builder(type);
        for (int round = 0; round < 2; ++round) {  // a builder is reusable
            for (int repeat = 0; repeat < 20; ++repeat) {
                for (const Value& v : values) builder.append_value(v);
            }
            const ColumnPtr column = builder.finish();
            ASSERT_EQ(column->size(), 20 * values.size());
            for (std::size_t i = 0; i < column->size(); ++i) {
                EXPECT_EQ(column->value(i), values[i % values.size()]) << type.to_string() << " row " << i;
            }
        }
    }
}

TEST(Column, TruncateTakesBackRows) {
    for (const auto& [type, values] : samples()) {
        ColumnBuilder builder(type);
        for (int round = 0; round < 13; ++round) {
            for (const Value& v : values) builder.append_value(v);
        }
        builder.truncate(values.size() * 2 + 1);
        for (const Value& v : values) builder.append_value(v);
        const ColumnPtr column = builder.finish();
        ASSERT_EQ(column->size(), values.size() * 3 + 1);
        std::size_t nulls = 0;
        for (std::size_t i = 0; i < column->size(); ++i) {
            const std::size_t at = i < values.size() * 2 + 1 ? i % values.size() : (i - 1) % values.size();
            EXPECT_EQ(column->value(i), values[at]) << type.to_string() << " row " << i;
            nulls += values[at].is_null() ? 1 : 0;
        }
        EXPECT_EQ(column->null_count(), nulls);
    }
}

TEST(Column, TakeCopiesRowsInTheOrderAsked) {
    for (const auto& [type, values] : samples()) {
        ColumnBuilder builder(type);
        for (const Value& v : values) builder.append_value(v);
        const std::vector<std::uint32_t> rows = {static_cast<std::uint32_t>(values.size() - 1), 0, 0};
        const ColumnPtr taken = Column::take(builder.finish(), rows);
        EXPECT_EQ(taken->value(0), values.back()) << type.to_string();
        EXPECT_EQ(taken->value(2), values.front()) << type.to_string();
    }
}

TEST(Column, TakeIsAppendFromManyTimes) {
    for (const auto& [type, values] : samples()) {
        ColumnBuilder source(type);
        for (int repeat = 0; repeat < 5; ++repeat) {
            for (const Value& v : values) source.append_value(v);
        }
        const ColumnPtr column = source.finish();
        const auto n = static_cast<std::uint32_t>(column->size());
        // Neighbours, gaps, repetitions, backwards; those without NULLs; none.
        std::vector<std::uint32_t> present;
        for (std::uint32_t i = 0; i < n; ++i) {
            if (!column->is_null(i)) present.push_back(i);
        }
        const std::vector<std::vector<std::uint32_t>> cases = {
            {0, 1, 2 % n, n - 1, 3, 3, 4, n - 2, n - 1, 0, 1, 2 % n}, present, {}};
        for (const auto& rows : cases) {
            ColumnBuilder one(type);
            for (const std::uint32_t row : rows) one.append_from(*column, row);
            const ColumnPtr a = Column::take(column, rows), b = one.finish();
            ASSERT_EQ(a->size(), rows.size());
            EXPECT_EQ(a->null_count(), b->null_count()) << type.to_string();
            for (std::size_t i = 0; i < rows.size(); ++i) {
                EXPECT_EQ(a->value(i), b->value(i)) << type.to_string() << " row " << i;
                EXPECT_EQ(a->is_null(i), b->is_null(i));
            }
        }
    }
}

TEST(Column, RetypeKeepsValuesReadable) {
    const ColumnPtr column = Column::constant(DataType::bigint(), Value::of(std::int64_t{42}), 3);
    const ColumnPtr other = Column::retype(column, DataType::bigint().with_nullable(false));
    EXPECT_EQ(other->integer(2), 42);
    EXPECT_FALSE(other->type().nullable);
}

TEST(Value, TextIsFlinks) {
    EXPECT_EQ(double_to_string(1e20), "1.0E20");
    EXPECT_EQ(double_to_string(100), "100.0");
    EXPECT_EQ(double_to_string(0.001), "0.001");
    EXPECT_EQ(double_to_string(1e7), "1.0E7");
    EXPECT_EQ(double_to_string(1234567.5), "1234567.5");
    EXPECT_EQ(double_to_string(1.0 / 0.0), "Infinity");
    EXPECT_EQ(float_to_string(0.1F), "0.1");
    EXPECT_EQ(decimal_to_string(-5, 2), "-0.05");
    EXPECT_EQ(decimal_to_string(123450, 2), "1234.50");
    EXPECT_EQ(decimal_to_string(7, 0), "7");
    EXPECT_EQ(timestamp_to_string(1685125600123, 1000, 3), "2023-05-26 18:26:40.123");
    EXPECT_EQ(timestamp_to_string(-1, 1000, 3), "1969-12-31 23:59:59.999");
    EXPECT_EQ(date_to_string(-1), "1969-12-31");
    EXPECT_EQ(to_string(Value::of(true), DataType::boolean()), "TRUE");
}

TEST(Type, NamesAreSql) {
    EXPECT_EQ(DataType::decimal(10, 2).with_nullable(false).to_string(), "DECIMAL(10, 2) NOT NULL");
    EXPECT_EQ(DataType::row({{"a", DataType::integer()}}).to_string(), "ROW<`a` INT>");
    EXPECT_TRUE(DataType::bigint().same_as(DataType::bigint().with_nullable(false)));
    EXPECT_FALSE(DataType::decimal(10, 2).same_as(DataType::decimal(10, 3)));
}

TEST(Delta, BuilderMakesACheckedDelta) {
    const Schema schema{{{"a", DataType::integer()}, {"b", DataType::string()}}};
    DeltaBuilder builder(schema);
    for (int i = 0; i < 3; ++i) {
        builder.column(0).append_integer(i);
        builder.column(1).append_text("x");
        builder.end_row(1, static_cast<std::uint64_t>(i), 10 * i);
    }
    const Delta delta = builder.finish(100);
    delta.check(schema);
    EXPECT_EQ(delta.watermark_after(1), 20);
    EXPECT_EQ(delta.watermark_after(2), 100);
    EXPECT_EQ(builder.size(), 0U);
}

}  // namespace
}  // namespace mr
