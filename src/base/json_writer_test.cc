// JSON text and base64: exact bytes, and hostile input.
#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/base64.h"

namespace mr {
namespace {

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}
std::string number(double v) {
    std::string out;
    append_json_double(out, v);
    return out;
}

TEST(JsonWriter, NestsAndSeparates) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("a", 1).member("b", "x").key("c").begin_array().value(true).null().value(0.5);
    w.begin_object().end_object().end_array().member("d", std::uint64_t{18446744073709551615U}).end_object();
    EXPECT_EQ(out, R"({"a":1,"b":"x","c":[true,null,0.5,{}],"d":18446744073709551615})");
}

TEST(JsonWriter, Strings) {
    EXPECT_EQ(quoted(""), "\"\"");
    EXPECT_EQ(quoted("a\"b\\c\n\x01\x7f"), "\"a\\\"b\\\\c\\n\\u0001\x7f\"");
    EXPECT_EQ(quoted("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x9a"),
              "\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x9a\"");
    // Overlong, surrogate, above U+10FFFF, truncated, stray continuation: each byte is replaced.
    for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xff"}) {
        EXPECT_EQ(quoted(bad).substr(0, 4), "\"\xEF\xBF\xBD") << bad;
    }
    EXPECT_EQ(quoted("a\xff"
                     "b"),
              "\"a\xEF\xBF\xBD"
              "b\"");
}

TEST(JsonWriter, Numbers) {
    EXPECT_EQ(number(0.1), "0.1");
    EXPECT_EQ(number(100), "100");
    EXPECT_EQ(number(-0.0), "-0");
    EXPECT_EQ(number(1e300), "1e+300");
    EXPECT_EQ(number(std::nan("")), "null");
    EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(std::stod(number(0.1 + 0.2)), 0.1 + 0.2);
}

TEST(Base64, RoundTripsAndRefuses) {
    EXPECT_EQ(base64_encode(""), "");
    EXPECT_EQ(base64_encode("f"), "Zg==");
    EXPECT_EQ(base64_encode("fo"), "Zm8=");
    EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
    std::string all;
    for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
    for (std::size_t n = 0; n <= all.size(); ++n) {
        EXPECT_EQ(base64_decode(base64_encode(all.substr(0, n))), all.substr(0, n));
    }
    for (const char* bad : {"Z", "Zg=", "Zh==", "Zg==Zg==", "Z===", "Zm9=", "Zm8*", "===="}) {
        EXPECT_FALSE(base64_decode(bad)) << bad;
    }
}

}  // namespace
}  // namespace mr
