// Goal: every type survives the round trip; damaged bytes are errors.
#include "columnar/type_codec.h"

#include <gtest/gtest.h>

namespace mr {
namespace {

TEST(TypeCodec, RoundTripAndDamage) {
    Schema schema;
    for (int k = 0; k <= static_cast<int>(TypeKind::interval_day); ++k) {
        DataType t = DataType::of(static_cast<TypeKind>(k));
        t.nullable = k % 2 == 0;
        schema.fields.push_back({"c" + std::to_string(k), t});
    }
    schema.fields.push_back({"d", DataType::decimal(38, 10)});
    schema.fields.push_back(
        {"n", DataType::array(
                  DataType::map(DataType::string(), DataType::row({{"x", DataType::timestamp_ltz()}})))});
    std::string bytes;
    ByteWriter writer(bytes);
    append_schema(writer, schema);
    ByteReader reader(bytes);
    EXPECT_EQ(read_schema(reader).value(), schema);
    EXPECT_TRUE(reader.at_end());
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        ByteReader cut(std::string_view(bytes).substr(0, n));
        EXPECT_FALSE(read_schema(cut).has_value()) << n;
    }
}

TEST(TypeCodec, EndlessNestingIsRefused) {
    std::string bytes;
    for (int i = 0; i < 100; ++i) bytes += std::string("\x11\x01\x00\x00\x01\x00", 6);  // array of array of …
    ByteReader reader(bytes);
    EXPECT_FALSE(read_type(reader).has_value());
}

}  // namespace
}  // namespace mr
