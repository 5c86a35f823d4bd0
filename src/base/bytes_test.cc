// Goal: integers survive a round trip in both byte orders, and no read goes past the end.
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace mr {
namespace {

TEST(Bytes, IntegersRoundTripInBothOrders) {
    for (const Endian order : {Endian::little, Endian::big}) {
        std::string out;
        ByteWriter w(out, order);
        w.u8(0xfe);
        w.i16(-2);
        w.u32(0xdeadbeef);
        w.i64(std::numeric_limits<std::int64_t>::min());
        w.f64(-0.5);
        ByteReader r(out, order);
        EXPECT_EQ(r.u8(), 0xfe);
        EXPECT_EQ(r.i16(), -2);
        EXPECT_EQ(r.u32(), 0xdeadbeefU);
        EXPECT_EQ(r.i64(), std::numeric_limits<std::int64_t>::min());
        EXPECT_EQ(r.f64(), -0.5);
        EXPECT_TRUE(r.finish("test").has_value());
    }
}

TEST(Bytes, BigEndianIsNetworkOrder) {
    std::string out;
    ByteWriter(out, Endian::big).u32(0x01020304);
    EXPECT_EQ(hex(out), "01 02 03 04");
}

TEST(Bytes, VarintsRoundTrip) {
    for (const std::int64_t v :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{-64}, std::int64_t{64},
          std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
        std::string out;
        ByteWriter(out).varint(v);
        ByteReader r(out);
        EXPECT_EQ(r.varint(), v);
        EXPECT_TRUE(r.at_end());
    }
}

TEST(Bytes, ReadingPastTheEndSticks) {
    ByteReader r("abc");
    EXPECT_EQ(r.u32(), 0U);
    EXPECT_TRUE(r.bad());
    EXPECT_EQ(r.u8(), 0);
    EXPECT_FALSE(r.status("test").has_value());
}

TEST(Bytes, OverlongVarintIsBad) {
    const std::string endless(11, '\xff');
    ByteReader r(endless);
    r.uvarint();
    EXPECT_TRUE(r.bad());
}

TEST(Bytes, SizedLengthBeyondTheEndIsBad) {
    std::string out;
    ByteWriter(out).uvarint(std::numeric_limits<std::uint64_t>::max());
    ByteReader r(out);
    EXPECT_TRUE(r.sized().empty());
    EXPECT_TRUE(r.bad());
}

}  // namespace
}  // namespace mr
