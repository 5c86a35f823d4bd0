// Decimals against hand-computed Java results; dates over four centuries; what truncate() leaves behind.
#include "columnar/decimal.h"

#include <gtest/gtest.h>

#include "columnar/column.h"
#include "columnar/temporal.h"

namespace mr {
namespace {

std::string text(std::optional<Int128> v, int scale) {
    return v ? decimal_to_string(*v, scale) : "none";
}

TEST(Decimal, rounds_half_up_away_from_zero) {
    EXPECT_EQ(text(decimal_rescale({2345, 3}, {5, 2}), 2), "2.35");
    EXPECT_EQ(text(decimal_rescale({-2345, 3}, {5, 2}), 2), "-2.35");
    EXPECT_EQ(text(decimal_rescale({2344, 3}, {5, 2}), 2), "2.34");
    EXPECT_EQ(text(decimal_rescale({12345, 0}, {5, 2}), 2), "none");
}

TEST(Decimal, products_and_quotients_need_256_bits) {
    const Int128 big = parse_decimal("99999999999999999999.999999999999999999", {38, 18}).value();
    EXPECT_EQ(
        text(decimal_multiply({big, 18}, {parse_decimal("0.000001", {38, 18}).value(), 18}, {38, 6}), 6),
        "100000000000000.000000");
    EXPECT_EQ(text(decimal_multiply({big, 18}, {big, 18}, {38, 6}), 6), "none");
    EXPECT_EQ(text(decimal_divide({100, 2}, {300, 2}, {23, 13}), 13), "0.3333333333333");
    EXPECT_EQ(text(decimal_divide({-200, 2}, {300, 2}, {23, 13}), 13), "-0.6666666666667");
    EXPECT_EQ(text(decimal_divide({big, 18}, {3, 0}, {38, 18}), 18),
              "33333333333333333333.333333333333333333");
    EXPECT_EQ(text(decimal_remainder({-750, 2}, {2, 0}, {10, 2}), 2), "-1.50");
    EXPECT_EQ(text(decimal_subtract({1, 2}, {1, 0}, {10, 2}), 2), "-0.99");
}

TEST(Decimal, texts) {
    EXPECT_EQ(text(parse_decimal("1.5e3", {10, 2}), 2), "1500.00");
    EXPECT_EQ(text(parse_decimal("123.456", {5, 2}), 2), "123.46");
    EXPECT_EQ(text(parse_decimal("-0.005", {5, 2}), 2), "-0.01");
    for (const char* bad : {"", "-", "abc", "1.2.3", "1e", "1e99999999999", "0x1", " 1"})
        EXPECT_FALSE(parse_decimal(bad, {38, 2})) << bad;
    EXPECT_EQ(text(decimal_from_double(1.005, {10, 2}), 2), "1.01");
    EXPECT_DOUBLE_EQ(decimal_to_double({123456, 3}), 123.456);
    EXPECT_DOUBLE_EQ(decimal_to_double({power_of_ten(30) + 1, 20}), 1e10);
}

TEST(Temporal, every_day_of_four_centuries_goes_there_and_back) {
    for (std::int64_t d = days_from_civil({1600, 1, 1}); d < days_from_civil({2001, 1, 1}); ++d) {
        ASSERT_EQ(days_from_civil(civil_from_days(d)), d);
    }
    EXPECT_EQ(days_from_civil({1970, 1, 1}), 0);
    EXPECT_EQ(date_to_string(add_months(days_from_civil({2024, 1, 31}), 1)), "2024-02-29");
    EXPECT_EQ(date_to_string(add_months(days_from_civil({2024, 3, 31}), -13)), "2023-02-28");
}

TEST(Temporal, texts) {
    EXPECT_TRUE(parse_timestamp("2024-01-31 10:05:09.5", TimestampText::sql));
    EXPECT_FALSE(parse_timestamp("2024-01-31T10:05:09", TimestampText::sql));
    EXPECT_FALSE(parse_timestamp("2024-01-31 10:05", TimestampText::sql));
    EXPECT_TRUE(parse_timestamp("2024-01-31T10:05", TimestampText::iso));
    EXPECT_TRUE(parse_timestamp("2024-1-3", TimestampText::lenient));
    EXPECT_FALSE(parse_timestamp("2024-02-30", TimestampText::lenient));
    EXPECT_EQ(parse_timestamp("1969-12-31 23:59:59.5", TimestampText::sql)->ticks(1000), -500);
}

TEST(ColumnBuilder, truncate_takes_back_rows) {
    ColumnBuilder b(DataType::array(DataType::string()));
    const auto add = [&](const char* s) {
        b.child(0).append_text(s);
        b.child(0).append_null();
        b.append_list();
    };
    add("a");
    b.append_null();
    b.truncate(1);
    add("bb");
    b.append_null();
    b.child(0).append_text("half");
    b.truncate(3);
    b.child(0).truncate(4);
    add("c");
    const ColumnPtr c = b.finish();
    EXPECT_EQ(to_string(c->value(0), c->type()), "[a, NULL]");
    EXPECT_EQ(to_string(c->value(1), c->type()), "[bb, NULL]");
    EXPECT_TRUE(c->is_null(2));
    EXPECT_EQ(to_string(c->value(3), c->type()), "[c, NULL]");
    ColumnBuilder bits(DataType::boolean());
    for (int i = 0; i < 20; ++i) bits.append_boolean(true);
    bits.truncate(11);
    bits.append_boolean(false);
    EXPECT_TRUE(bits.finish()->boolean(10));
}

}  // namespace
}  // namespace mr
