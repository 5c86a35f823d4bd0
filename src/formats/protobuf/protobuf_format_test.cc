// Protobuf messages as rows and back. Goal: the bytes other implementations write are read as Flink reads
// them, ours are what they would write, and foreign bytes give errors. The bytes were made with Google's
// Python library.
#include "formats/protobuf/protobuf_format.h"

#include <gtest/gtest.h>

#include <random>

namespace mr::formats {
namespace {

constexpr const char* kSchema = R"(
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
enum State { NEW = 0; SENT = 1; LOST = 7; }
message Order {
  int64 id = 1;
  string name = 2;
  double price = 3;
  repeated int32 counts = 4;
  map<string, sint64> stock = 5;
  State state = 6;
  message Place { string city = 1; fixed32 code = 2; }
  Place place = 7;
  repeated Place stops = 8;
  bool paid = 9;
  bytes blob = 10;
  google.protobuf.Timestamp at = 11;
  float ratio = 12;
  uint32 big = 13;
}
)";

DataType of(TypeKind kind) {
    return DataType::of(kind);
}

Schema columns() {
    const DataType place = DataType::row({{"city", DataType::string()}, {"code", DataType::integer()}});
    return {{{"id", DataType::bigint()},
             {"name", DataType::string()},
             {"price", DataType::double_type()},
             {"counts", DataType::array(DataType::integer())},
             {"stock", DataType::map(DataType::string(), DataType::bigint())},
             {"state", DataType::string()},
             {"place", place},
             {"stops", DataType::array(place)},
             {"paid", DataType::boolean()},
             {"blob", DataType::bytes()},
             {"at", DataType::row({{"seconds", DataType::bigint()}, {"nanos", DataType::integer()}})},
             {"ratio", of(TypeKind::float_)},
             {"big", DataType::integer()}}};
}

std::string text_of(const std::vector<ColumnPtr>& row, const Schema& schema) {
    std::string out;
    for (std::size_t c = 0; c < row.size(); ++c)
        out += (c == 0 ? "" : " | ") + to_string(row[c]->value(0), schema[c].type);
    return out;
}

Result<std::vector<ColumnPtr>> decode(RowDecoder& decoder, const Schema& schema, std::string_view bytes) {
    std::vector<ColumnBuilder> builders;
    for (const Field& f : schema.fields) builders.emplace_back(f.type);
    MR_TRY_VOID(decoder.decode(bytes, Seq(0), builders));
    std::vector<ColumnPtr> out;
    for (ColumnBuilder& b : builders) out.push_back(b.finish());
    return out;
}

std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return out;
}

// Order(id=5, name="lamp", price=2.5, counts=[1, -1, 300], stock={"a": -2}, state=LOST,
// place=Place(city="Lyon", code=7), stops=[Place(city="x"), Place()], paid=True, blob=b"\0\xff",
// at=Timestamp(seconds=10, nanos=5), ratio=0.5, big=4294967295).SerializeToString(deterministic=True)
constexpr const char* kBytes =
    "080512046c616d70190000000000000440220d01ffffffffffffffffff01ac022a050a0161100330073a0b0a044c796f6e150700"
    "0000"
    "42030a017842004801520200ff5a04080a1005650000003f68ffffffff0f";

TEST(Protobuf, ReadsWhatOthersWrite) {
    auto decoder = protobuf_decoder(columns(), std::vector<bool>(13, true),
                                    {.schema = kSchema, .message = "shop.Order"});
    ASSERT_TRUE(decoder) << decoder.error().message;
    const auto row = decode(**decoder, columns(), from_hex(kBytes));
    ASSERT_TRUE(row) << row.error().message;
    EXPECT_EQ(text_of(*row, columns()),
              "5 | lamp | 2.5 | [1, -1, 300] | {a=-2} | LOST | (Lyon, 7) | [(x, 0), (, 0)] | TRUE | " +
                  std::string("\0\xff", 2) + " | (10, 5) | 0.5 | -1");
    // Nothing in it: proto3's defaults, and NULL for messages.
    const auto empty = decode(**decoder, columns(), "");
    ASSERT_TRUE(empty);
    EXPECT_EQ(text_of(*empty, columns()),
              "0 |  | 0.0 | [] | {} | NEW | NULL | [] | FALSE |  | NULL | 0.0 | 0");
}

TEST(Protobuf, WritesWhatOthersRead) {
    auto decoder =
        protobuf_decoder(columns(), std::vector<bool>(13, true), {.schema = kSchema, .message = "Order"});
    auto encoder = protobuf_encoder(columns(), {.schema = kSchema, .message = "com.acme.Outer$Order"});
    ASSERT_TRUE(decoder && encoder) << encoder.error().message;
    const auto row = decode(**decoder, columns(), from_hex(kBytes));
    std::string out;
    ASSERT_TRUE((*encoder)->encode(*row, 0, out));
    const auto again = decode(**decoder, columns(), out);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(text_of(*again, columns()), text_of(*row, columns()));
    // NULL is left out.
    std::vector<ColumnPtr> nulls;
    for (const Field& f : columns().fields) nulls.push_back(Column::nulls(f.type, 1));
    out.clear();
    ASSERT_TRUE((*encoder)->encode(nulls, 0, out));
    EXPECT_EQ(out, "");
}

TEST(Protobuf, Proto2HasNullsUnlessDefaultsAreWanted) {
    const std::string schema =
        "message M { optional int32 a = 1; optional string b = 2; repeated int32 c = 3; }";
    const Schema row = {
        {{"a", DataType::integer()}, {"b", DataType::string()}, {"c", DataType::array(DataType::integer())}}};
    auto plain = protobuf_decoder(row, {true, true, true}, {.schema = schema, .message = ""});
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(text_of(*decode(**plain, row, ""), row), "NULL | NULL | []");
    auto defaults = protobuf_decoder(row, {true, true, true},
                                     {.schema = schema, .message = "", .read_default_values = true});
    EXPECT_EQ(text_of(*decode(**defaults, row, ""), row), "0 |  | []");
    // Packed or not, last one wins, unknown fields and groups are passed over.
    EXPECT_EQ(text_of(*decode(**plain, row,
                              from_hex("0801"
                                       "0802"
                                       "1803"
                                       "1a020405"
                                       "23"
                                       "0801"
                                       "24"
                                       "3205"
                                       "68656c6c6f")),
                      row),
              "2 | NULL | [3, 4, 5]");
}

TEST(Protobuf, MistakesAreNamed) {
    const auto problem = [](const Schema& row, const std::string& schema, const std::string& message) {
        const auto made = protobuf_decoder(row, std::vector<bool>(row.size(), true),
                                           {.schema = schema, .message = message});
        return made ? std::string("none") : made.error().message;
    };
    const Schema id = {{{"id", DataType::bigint()}}};
    EXPECT_EQ(problem({{{"idd", DataType::bigint()}}}, kSchema, "Order"),
              "message shop.Order has no field `idd`; did you mean `id`?");
    EXPECT_EQ(problem({{{"id", DataType::string()}}}, kSchema, "Order"),
              "field `id` of message shop.Order is int64, which cannot be STRING");
    EXPECT_EQ(problem({{{"counts", DataType::integer()}}}, kSchema, "Order"),
              "field `counts` of message shop.Order is repeated int32, which cannot be INT");
    EXPECT_EQ(problem(id, kSchema, "Ordr"), "there is no message Ordr; messages are Order");
    EXPECT_NE(problem(id, "message {", ""), "none");
    EXPECT_EQ(
        problem({{{"x", DataType::row({{"a", DataType::integer()}})}}}, "message M { other.T x = 1; }", ""),
        "field `x` of message M: there is no other.T; put what is imported into the schema itself");
}

TEST(Protobuf, ForeignBytesGiveErrorsAndChangeNothing) {
    auto decoder =
        protobuf_decoder(columns(), std::vector<bool>(13, true), {.schema = kSchema, .message = "Order"});
    const std::string good = from_hex(kBytes);
    std::mt19937 random(3);
    std::size_t refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = good.substr(0, random() % (good.size() + 1));
        for (unsigned n = random() % 4; n > 0 && !bytes.empty(); --n)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        std::vector<ColumnBuilder> builders;
        for (const Field& f : columns().fields) builders.emplace_back(f.type);
        const Status read = (*decoder)->decode(bytes, Seq(0), builders);
        if (!read) ++refused;
        for (const ColumnBuilder& b : builders) ASSERT_EQ(b.size(), read ? 1U : 0U);
    }
    EXPECT_GT(refused, 1'000U);
    auto lenient = protobuf_decoder(columns(), std::vector<bool>(13, true),
                                    {.schema = kSchema, .message = "Order", .ignore_parse_errors = true});
    EXPECT_EQ((*decode(**lenient, columns(), "\x0a"))[0]->null_count(), 1U);
}

}  // namespace
}  // namespace mr::formats
