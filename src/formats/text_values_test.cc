// Goal: text becomes a value exactly where Flink's formats accept it.
#include "formats/text_values.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mr::formats {
namespace {

TEST(TextValues, Decimals) {
    bool overflow = false;
    EXPECT_EQ(parse_decimal("123.456", 5, 2, overflow), Int128{12346});
    EXPECT_EQ(parse_decimal("-2.345", 10, 2, overflow), Int128{-235});
    EXPECT_EQ(parse_decimal("1.5e3", 10, 1, overflow), Int128{15000});
    EXPECT_EQ(parse_decimal("0.004", 10, 2, overflow), Int128{0});
    EXPECT_EQ(parse_decimal("0.005", 10, 2, overflow), Int128{1});
    EXPECT_EQ(parse_decimal("00012", 2, 0, overflow), Int128{12});
    EXPECT_FALSE(overflow);
    parse_decimal("999.995", 5, 2, overflow);
    EXPECT_TRUE(overflow);
    parse_decimal("1e300", 38, 0, overflow);
    EXPECT_TRUE(overflow);
    for (const char* bad : {"", ".", "1.2.3", "1e", "abc", "1 "})
        EXPECT_FALSE(parse_decimal(bad, 10, 2, overflow)) << bad;
}

TEST(TextValues, Timestamps) {
    constexpr auto sql = TimestampStyle::sql;
    constexpr auto iso = TimestampStyle::iso_8601;
    EXPECT_EQ(parse_timestamp("2023-05-26 18:26:40.123", sql, 1000, false), 1685125600123);
    EXPECT_EQ(parse_timestamp("2023-05-26T18:26:40Z", iso, 1000, true), 1685125600000);
    EXPECT_EQ(parse_timestamp("2023-05-26T20:26:40.5+02:00", iso, 1000, true), 1685125600500);
    EXPECT_EQ(parse_timestamp("1969-12-31 23:59:59.999999", sql, 1'000'000, false), -1);
    for (const char* bad : {"2023-05-26T18:26:40", "2023-02-30 00:00:00", "2023-05-26 24:00:00", "2023-05-26",
                            "2023-05-26 18:26:40Z", ""}) {
        EXPECT_FALSE(parse_timestamp(bad, sql, 1000, false)) << bad;
    }
    std::string out;
    append_timestamp(out, 1685125600330, 1000, sql, true);
    append_timestamp(out, 1685125600000, 1000, iso, false);
    EXPECT_EQ(out, "2023-05-26 18:26:40.33Z2023-05-26T18:26:40");
}

TEST(TextValues, NumbersAndTimes) {
    EXPECT_EQ(parse_integer("-12"), -12);
    EXPECT_FALSE(parse_integer("1.0"));
    EXPECT_FALSE(parse_integer("9223372036854775808"));
    EXPECT_EQ(parse_real("1.0E20"), 1e20);
    EXPECT_TRUE(std::isinf(parse_real("1e999").value()));
    EXPECT_FALSE(parse_real("0x10"));
    EXPECT_EQ(parse_date("1970-01-02"), 1);
    EXPECT_EQ(parse_time("01:00:00.25"), 3'600'250);
}

}  // namespace
}  // namespace mr::formats
