// Goal: key bytes sort as values do and read back; rows read back; damaged bytes are errors, never crashes.
#include "columnar/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "columnar/row_bytes.h"

namespace mr {
namespace {

std::string key_of(const DataType& type, const Value& v, bool descending = false) {
    std::string out;
    append_key(out, type, v, descending);
    return out;
}

/// Ascending values of one type.
const std::vector<std::pair<DataType, std::vector<Value>>>& ordered() {
    static const std::vector<std::pair<DataType, std::vector<Value>>> all = {
        {DataType::bigint(),
         {Value::null(), Value::of(INT64_MIN), Value::of(-1), Value::of(0), Value::of(INT64_MAX)}},
        {DataType::double_type(),
         {Value::null(), Value::of(-INFINITY), Value::of(-1.5), Value::of(0.0), Value::of(1e-300),
          Value::of(INFINITY), Value::of(std::nan(""))}},
        {DataType::string(),
         {Value::null(), Value::of(""), Value::of(std::string("\0", 1)), Value::of(std::string("\0a", 2)),
          Value::of("a"), Value::of("aa"), Value::of("b"), Value::of("\xff")}},
        {DataType::decimal(38, 4),
         {Value::null(), Value::of(-(static_cast<Int128>(1) << 100)), Value::of(Int128{5})}},
        {DataType::boolean(), {Value::null(), Value::of(false), Value::of(true)}},
        {DataType::array(DataType::integer()),
         {Value::null(), Value::of(std::vector<Value>{}), Value::of(std::vector<Value>{Value::of(1)}),
          Value::of(std::vector<Value>{Value::of(1), Value::of(0)}),
          Value::of(std::vector<Value>{Value::of(2)})}},
    };
    return all;
}

TEST(KeyCodec, BytesSortAsValues) {
    for (const auto& [type, values] : ordered()) {
        for (const bool descending : {false, true}) {
            std::vector<std::string> keys;
            for (const Value& v : values) keys.push_back(key_of(type, v, descending));
            if (descending) std::ranges::reverse(keys);
            EXPECT_TRUE(std::ranges::is_sorted(keys)) << type.to_string();
            EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end()) << type.to_string();
        }
    }
}

TEST(KeyCodec, ReadsBackAndColumnsAgreeWithValues) {
    for (const auto& [type, values] : ordered()) {
        ColumnBuilder builder(type);
        for (const Value& v : values) builder.append_value(v);
        const ColumnPtr column = builder.finish();
        for (std::size_t i = 0; i < values.size(); ++i) {
            for (const bool descending : {false, true}) {
                const std::string key = key_of(type, values[i], descending);
                std::string from_column;
                append_key(from_column, *column, i, descending);
                EXPECT_EQ(key, from_column);
                ByteReader reader(key);
                EXPECT_EQ(read_key(reader, type, descending).value(), values[i]) << type.to_string();
                EXPECT_TRUE(reader.at_end());
            }
        }
    }
}

TEST(KeyCodec, MinusZeroIsZero) {
    EXPECT_EQ(key_of(DataType::double_type(), Value::of(-0.0)),
              key_of(DataType::double_type(), Value::of(0.0)));
}

// The worked example of docs/formats/state-keys.md.
TEST(Codec, GoldenBytes) {
    std::string key = key_of(DataType::bigint(), Value::of(258));
    append_key(key, DataType::string(), Value::of("ab"));
    append_key(key, DataType::string(), Value::null());
    EXPECT_EQ(hex(key), "01 80 00 00 00 00 00 01 02 01 61 62 00 00 00");
    const Schema schema{{{"a", DataType::bigint()}, {"b", DataType::string()}, {"c", DataType::boolean()}}};
    std::string row;
    append_row(row, schema, std::vector<Value>{Value::of(-3), Value::of("ab"), Value::null()});
    EXPECT_EQ(hex(row), "01 01 05 01 02 61 62 00");
}

TEST(RowCodec, SameRowIsTheSameBytes) {
    for (const auto& [type, values] : ordered()) {
        ColumnBuilder builder(type);
        for (const Value& v : values) builder.append_value(v);
        for (const Value& v : values) builder.append_value(v);
        if (type.kind == TypeKind::double_) builder.append_real(-0.0);
        const std::vector<ColumnPtr> columns = {builder.finish()};
        for (std::size_t a = 0; a < columns[0]->size(); ++a) {
            for (std::size_t b = 0; b < columns[0]->size(); ++b) {
                std::string of_a, of_b;
                append_row(of_a, columns, a);
                append_row(of_b, columns, b);
                EXPECT_EQ(same_row(columns, a, b), of_a == of_b) << type.to_string() << a << " " << b;
            }
        }
    }
}

TEST(RowCodec, ReadsBackAndRefusesDamage) {
    Schema schema;
    std::vector<Value> values;
    for (const auto& [type, samples] : ordered()) {
        for (const Value& v : samples) {
            schema.fields.push_back({"c", type});
            values.push_back(v);
        }
    }
    std::string bytes;
    append_row(bytes, schema, values);
    const auto back = read_row(bytes, schema);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, values);
    std::vector<ColumnBuilder> builders;
    for (const Field& f : schema.fields) builders.emplace_back(f.type);
    ASSERT_TRUE(read_row_into(bytes, schema, builders).has_value());
    for (std::size_t i = 0; i < builders.size(); ++i) EXPECT_EQ(builders[i].finish()->value(0), values[i]);

    EXPECT_TRUE(check_row(bytes, schema).has_value());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_FALSE(read_row(std::string_view(bytes).substr(0, length), schema).has_value());
        EXPECT_FALSE(check_row(std::string_view(bytes).substr(0, length), schema).has_value());
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x81);
        EXPECT_EQ(check_row(damaged, schema).has_value(), read_row(damaged, schema).has_value()) << at;
    }
    bytes[0] = 9;
    EXPECT_NE(read_row(bytes, schema).error().message.find("version 9"), std::string::npos);
}

}  // namespace
}  // namespace mr
