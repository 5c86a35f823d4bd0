// Protobuf messages as rows and back. Goal: the bytes other implementations write are read as Flink reads
// them, ours are what they would write, and foreign bytes give errors. The bytes were made with Google's
// Python library or put together by the specification of the wire format.
#include "formats/protobuf/protobuf_format.h"

#include <gtest/gtest.h>

#include <random>

#include "base/bytes.h"

namespace mr::formats {
namespace {

using Strings = std::vector<std::string>;

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

const DataType kInt = DataType::integer();
const DataType kLong = DataType::bigint();
const DataType kText = DataType::string();

Schema order_columns() {
    const DataType place = DataType::row({{"city", kText}, {"code", kInt}});
    return {{{"id", kLong},
             {"name", kText},
             {"price", DataType::double_type()},
             {"counts", DataType::array(kInt)},
             {"stock", DataType::map(kText, kLong)},
             {"state", kText},
             {"place", place},
             {"stops", DataType::array(place)},
             {"paid", DataType::boolean()},
             {"blob", DataType::bytes()},
             {"at", DataType::row({{"seconds", kLong}, {"nanos", kInt}})},
             {"ratio", DataType::of(TypeKind::float_)},
             {"big", kInt}}};
}

std::string from_hex(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (c != ' ') digits += c;
    }
    std::string out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    return out;
}

/// One kind of message and the columns it is read into.
class Messages {
  public:
    Messages(std::string schema, Schema columns, ProtobufOptions options = {})
        : columns_(std::move(columns)), options_(std::move(options)) {
        options_.schema = std::move(schema);
        const std::vector<bool> wanted(columns_.size(), true);
        auto decoder = protobuf_decoder(columns_, wanted, options_);
        EXPECT_TRUE(decoder) << decoder.error().message;
        decoder_ = std::move(*decoder);
    }

    Result<std::vector<ColumnPtr>> decode(std::string_view bytes) {
        std::vector<ColumnBuilder> builders;
        for (const Field& f : columns_.fields) builders.emplace_back(f.type);
        const Status read = decoder_->decode(bytes, Seq(0), builders);
        for (const ColumnBuilder& b : builders) EXPECT_EQ(b.size(), read ? 1U : 0U);
        MR_TRY_VOID(read);
        std::vector<ColumnPtr> out;
        for (ColumnBuilder& b : builders) out.push_back(b.finish());
        return out;
    }
    /// "1 | a", or what is wrong.
    std::string read(std::string_view text) {
        const auto row = decode(from_hex(text));
        if (!row) return row.error().message;
        std::string out;
        for (std::size_t c = 0; c < row->size(); ++c)
            out += (c == 0 ? "" : " | ") + to_string((*row)[c]->value(0), columns_[c].type);
        return out;
    }
    /// In hexadecimal, or what is wrong.
    std::string write(const std::vector<ColumnPtr>& row) {
        auto encoder = protobuf_encoder(columns_, options_);
        if (!encoder) return encoder.error().message;
        std::string out = "before";
        const auto made = (*encoder)->encode(row, 0, out);
        EXPECT_EQ(out.substr(0, 6), "before");
        if (!made) {
            EXPECT_EQ(out, "before");
            return made.error().message;
        }
        return hex(out.substr(6), out.size());
    }
    std::string write(const std::vector<Value>& row) {
        std::vector<ColumnPtr> columns;
        for (std::size_t i = 0; i < row.size(); ++i)
            columns.push_back(Column::constant(columns_[i].type, row[i], 1));
        return write(columns);
    }
    std::string write_again(std::string_view text) {
        const auto row = decode(from_hex(text));
        return row ? write(*row) : row.error().message;
    }

  private:
    const Schema columns_;
    ProtobufOptions options_;
    std::unique_ptr<RowDecoder> decoder_;
};

// Order(id=5, name="lamp", price=2.5, counts=[1, -1, 300], stock={"a": -2}, state=LOST,
// place=Place(city="Lyon", code=7), stops=[Place(city="x"), Place()], paid=True, blob=b"\0\xff",
// at=Timestamp(seconds=10, nanos=5), ratio=0.5, big=4294967295).SerializeToString(deterministic=True);
// docs/formats/protobuf.md.
constexpr const char* kBytes =
    "08 05 12 04 6c 61 6d 70 19 00 00 00 00 00 00 04 40 22 0d 01 ff ff ff ff ff ff ff ff ff 01 ac 02 "
    "2a 05 0a 01 61 10 03 30 07 3a 0b 0a 04 4c 79 6f 6e 15 07 00 00 00 42 03 0a 01 78 42 00 48 01 "
    "52 02 00 ff 5a 04 08 0a 10 05 65 00 00 00 3f 68 ff ff ff ff 0f";

TEST(Protobuf, ReadsWhatOthersWrite) {
    Messages orders(kSchema, order_columns(), {.message = "shop.Order"});
    EXPECT_EQ(orders.read(kBytes),
              "5 | lamp | 2.5 | [1, -1, 300] | {a=-2} | LOST | (Lyon, 7) | [(x, 0), (, 0)] | TRUE | " +
                  std::string("\0\xff", 2) + " | (10, 5) | 0.5 | -1");
    // Nothing in it: proto3's scalars are their defaults, the rest is NULL.
    EXPECT_EQ(orders.read(""), "0 |  | 0.0 | NULL | NULL | NEW | NULL | NULL | FALSE |  | NULL | 0.0 | 0");
    Messages defaults(kSchema, order_columns(), {.message = "Order", .read_default_values = true});
    EXPECT_EQ(defaults.read(""), "0 |  | 0.0 | [] | {} | NEW | (, 0) | [] | FALSE |  | (0, 0) | 0.0 | 0");
}

TEST(Protobuf, WritesWhatOthersWrite) {
    Messages orders(kSchema, order_columns(), {.message = "com.acme.Outer$Order"});
    EXPECT_EQ(orders.write_again(kBytes), kBytes);
    // NULL is left out, and so are proto3's defaults.
    EXPECT_EQ(orders.write(std::vector<Value>(13)), "");
    EXPECT_EQ(orders.write_again("08 00"), "");
}

TEST(Protobuf, ColumnsThatNobodyReadsArePassedOver) {
    const Schema all = order_columns();
    std::vector<bool> wanted(all.size(), false);
    wanted[1] = wanted[12] = true;
    auto decoder = protobuf_decoder(all, wanted, {.schema = kSchema, .message = "Order"});
    ASSERT_TRUE(decoder) << decoder.error().message;
    std::vector<ColumnBuilder> builders;
    builders.emplace_back(all[1].type);
    builders.emplace_back(all[12].type);
    ASSERT_TRUE((*decoder)->decode(from_hex(kBytes), Seq(0), builders));
    EXPECT_EQ(builders[0].finish()->text(0), "lamp");
    EXPECT_EQ(builders[1].finish()->integer(0), -1);
}

TEST(Protobuf, EveryScalar) {
    Messages all(
        "syntax = 'proto3'; message M { int32 a = 1; sint32 b = 2; uint64 c = 3; sint64 d = 4; sfixed32 e = "
        "5; "
        "fixed64 f = 6; sfixed64 g = 7; int32 h = 8; }",
        {{{"a", kInt},
          {"b", kInt},
          {"c", kLong},
          {"d", kLong},
          {"e", kInt},
          {"f", kLong},
          {"g", kLong},
          {"h", kInt}}});
    const char* bytes =
        "08 ff ff ff ff ff ff ff ff ff 01 10 ff ff ff ff 0f 18 ff ff ff ff ff ff ff ff ff 01 "
        "20 ff ff ff ff ff ff ff ff ff 01 2d fe ff ff ff 31 01 00 00 00 00 00 00 80 "
        "39 ff ff ff ff ff ff ff ff 40 80 80 80 80 f8 ff ff ff ff 01";
    EXPECT_EQ(all.read(bytes),
              "-1 | -2147483648 | -1 | -9223372036854775808 | -2 | -9223372036854775807 | -1 | -2147483648");
    EXPECT_EQ(all.write_again(bytes), bytes);
    // More than 32 bits are cut, as in every implementation.
    EXPECT_EQ(all.read("08 81 80 80 80 10 10 83 80 80 80 10"), "1 | -2 | 0 | 0 | 0 | 0 | 0 | 0");
}

TEST(Protobuf, Proto2HasNullsUnlessDefaultsAreWanted) {
    const std::string schema =
        "message M { optional int32 a = 1 [default = -0x10]; optional string b = 2 [default = 'x\\n\\101'];"
        " repeated int32 c = 3; optional E e = 4 [default = TWO]; enum E { ONE = 1; TWO = 2; }"
        " optional float f = 5 [default = -inf]; optional bool g = 6 [default = true]; optional E h = 7; }";
    const Schema row = {{{"a", kInt},
                         {"b", kText},
                         {"c", DataType::array(kInt)},
                         {"e", kText},
                         {"f", DataType::of(TypeKind::float_)},
                         {"g", DataType::boolean()},
                         {"h", kInt}}};
    Messages plain(schema, row);
    EXPECT_EQ(plain.read(""), "NULL | NULL | NULL | NULL | NULL | NULL | NULL");
    Messages defaults(schema, row, {.read_default_values = true});
    EXPECT_EQ(defaults.read(""), "-16 | x\nA | [] | TWO | -Infinity | TRUE | 1");
    // What is set is written, also where it is the default.
    EXPECT_EQ(plain.write_again("08 00 12 00"), "08 00 12 00");
}

// proto3's scalars are read without asking whether they are there, as Flink does; written they are asked.
TEST(Protobuf, PresenceOfProto3AndEditions) {
    const Schema row = {{{"a", kInt}, {"b", kInt}}};
    Messages three("syntax = 'proto3'; message M { optional int32 a = 1; int32 b = 2; }", row);
    EXPECT_EQ(three.read(""), "0 | 0");
    EXPECT_EQ(three.write({Value::of(0), Value::of(0)}), "08 00");
    EXPECT_EQ(three.write({Value::null(), Value::of(0)}), "");
    Messages edition(
        "edition = '2023'; message M { int32 a = 1; int32 b = 2 [features.field_presence = IMPLICIT]; }",
        row);
    EXPECT_EQ(edition.read(""), "NULL | 0");
    EXPECT_EQ(edition.write({Value::of(0), Value::of(0)}), "08 00");
}

TEST(Protobuf, RequiredFieldsMustBeThere) {
    const std::string schema =
        "message M { required int32 a = 1; required string b = 2; optional int32 c = 3; }";
    Messages both(schema, {{{"a", kInt}, {"b", kText}}});
    EXPECT_EQ(both.read("08 01 12 01 78"), "1 | x");
    EXPECT_EQ(both.read("08 01"), "protobuf: M lacks its required field b");
    EXPECT_EQ(both.write({Value::of(1), Value::null()}), "field `b` of message M is required and NULL");
    // Also one without a column.
    Messages one(schema, {{{"a", kInt}}});
    EXPECT_EQ(one.read("08 01"), "protobuf: M lacks its required field b");
    EXPECT_EQ(one.read("08 01 12 01 78"), "1");
    EXPECT_EQ(one.write({Value::of(1)}),
              "field M.b is required and has no column, so no record can be written");
}

TEST(Protobuf, RepeatedFields) {
    const std::string fields =
        "message M { repeated int32 a = 1; repeated string b = 2; repeated fixed64 c = 3";
    const Schema row = {
        {{"a", DataType::array(kInt)}, {"b", DataType::array(kText)}, {"c", DataType::array(kLong)}}};
    Messages two("syntax = 'proto2'; " + fields + " [packed = true]; }", row);
    // Packed, not packed and mixed; a packed field of none is none.
    EXPECT_EQ(two.read("08 01 0a 02 02 03 08 04 12 00 12 01 78 0a 00"), "[1, 2, 3, 4] | [, x] | NULL");
    EXPECT_EQ(two.read("0a 00"), "NULL | NULL | NULL");
    EXPECT_EQ(two.read("0a 01 80"), "protobuf: field `a` is torn");
    const std::vector<Value> values = {Value::of({Value::of(1), Value::null()}), Value::of({Value::null()}),
                                       Value::of({Value::of(7)})};
    // NULLs among the elements are defaults; proto2 packs what says so, proto3 what does not say otherwise.
    EXPECT_EQ(two.write(values), "08 01 08 00 12 00 1a 08 07 00 00 00 00 00 00 00");
    Messages three("syntax = 'proto3'; " + fields + " [packed = false]; }", row, {.null_string = "none"});
    EXPECT_EQ(three.write(values), "0a 02 01 00 12 04 6e 6f 6e 65 19 07 00 00 00 00 00 00 00");
    EXPECT_EQ(three.write({Value::of(std::vector<Value>{}), Value::null(), Value::null()}), "");
}

TEST(Protobuf, Maps) {
    const DataType inner = DataType::row({{"x", kInt}});
    Messages maps(
        "syntax = 'proto3'; message M { map<int32, string> a = 1; map<bool, I> b = 2; message I { int32 x = "
        "1; } }",
        {{{"a", DataType::map(kInt, kText)}, {"b", DataType::map(DataType::boolean(), inner)}}});
    // The last entry of a key counts; without a key or value it is the default's.
    EXPECT_EQ(maps.read("0a 05 08 01 12 01 78 0a 05 12 01 79 08 01 0a 03 12 01 7a 0a 02 08 02"),
              "{1=y, 0=z, 2=} | NULL");
    EXPECT_EQ(maps.read("12 02 08 01 12 06 08 02 12 02 08 05"), "NULL | {TRUE=(5)}");
    EXPECT_EQ(maps.read("12 02 08 01"), "NULL | {TRUE=(0)}");
    EXPECT_EQ(maps.read("0a 02 08"), "protobuf: field 1 of M is torn at byte 0");
    EXPECT_EQ(maps.read("0a 01 08"), "protobuf: field 1 of a is torn at byte 0");
    // Both are written, also where they are the default.
    EXPECT_EQ(
        maps.write({Value::of({Value::of(0), Value::null()}), Value::of({Value::of(true), Value::null()})}),
        "0a 04 08 00 12 00 12 04 08 01 12 00");
}

TEST(Protobuf, Enums) {
    const Schema row = {
        {{"a", kText}, {"b", kLong}, {"c", DataType::array(kText)}, {"d", DataType::map(kInt, kText)}}};
    const std::string fields =
        "E a = 1; %E b = 2; repeated E c = 3; map<int32, E> d = 4;"
        " enum E { option allow_alias = true; ZERO = 0; ONE = 1; UNO = 1; MINUS = -1; } }";
    const auto with = [&](std::string_view label) {
        std::string text = fields;
        return text.replace(text.find('%'), 1, label);
    };
    Messages open("syntax = 'proto3'; message M { " + with(""), row);
    EXPECT_EQ(open.read("08 01 10 ff ff ff ff ff ff ff ff ff 01 1a 02 00 05 22 04 08 01 10 09"),
              "ONE | -1 | [ZERO, UNRECOGNIZED] | {1=UNRECOGNIZED}");
    // Without a value of that name or number the first one is written.
    EXPECT_EQ(open.write({Value::of("UNO"), Value::of(-1), Value::of({Value::of("TWO"), Value::of("MINUS")}),
                          Value::null()}),
              "08 01 10 ff ff ff ff ff ff ff ff ff 01 1a 0b 00 ff ff ff ff ff ff ff ff ff 01");
    EXPECT_EQ(open.write({Value::of("TWO"), Value::of(5), Value::null(), Value::null()}), "");
    // proto2: a number that is no value is as if it were not there.
    Messages closed("message M { optional " + with("optional "), row);
    EXPECT_EQ(closed.read("08 01 08 09 10 05 18 00 18 05 1a 02 01 09 22 04 08 01 10 09 22 04 08 02 10 01"),
              "ONE | NULL | [ZERO, ONE] | {2=ONE}");
}

TEST(Protobuf, OneofHasOneFieldAtMost) {
    const std::string schema =
        "message M { oneof one { int32 a = 1; string b = 2; I c = 3; bytes hidden = 4; }"
        " message I { optional int32 x = 1; optional int32 y = 2; } }";
    Messages m(schema, {{{"a", kInt}, {"b", kText}, {"c", DataType::row({{"x", kInt}, {"y", kInt}})}}});
    EXPECT_EQ(m.read("08 01 12 01 78"), "NULL | x | NULL");
    EXPECT_EQ(m.read("12 01 78 08 01"), "1 | NULL | NULL");
    // Parts of one message are merged, but not across another field.
    EXPECT_EQ(m.read("1a 02 08 01 1a 02 10 02"), "NULL | NULL | (1, 2)");
    EXPECT_EQ(m.read("1a 02 08 01 08 05 1a 02 10 02"), "NULL | NULL | (NULL, 2)");
    EXPECT_EQ(m.read("08 01 22 00"), "NULL | NULL | NULL");
    // The last column that is not NULL is written.
    EXPECT_EQ(m.write({Value::of(1), Value::of("x"), Value::null()}), "12 01 78");
    EXPECT_EQ(m.write({Value::of(1), Value::null(), Value::null()}), "08 01");
}

TEST(Protobuf, GroupsAreMessages) {
    Messages m(
        "message M { optional group Part = 1 { optional int32 x = 1; } repeated group Many = 2 "
        "{ optional int32 y = 1; } }",
        {{{"part", DataType::row({{"x", kInt}})}, {"many", DataType::array(DataType::row({{"y", kInt}}))}}});
    const char* bytes = "0b 08 05 0c 13 08 06 14 13 14";
    EXPECT_EQ(m.read(bytes), "(5) | [(6), (NULL)]");
    EXPECT_EQ(m.write_again(bytes), bytes);
    EXPECT_EQ(m.read("0b 08 05 14"), "protobuf: field 1 of M is torn at byte 0");
    EXPECT_EQ(m.read("0c"), "protobuf: field 1 of M is torn at byte 0");
}

TEST(Protobuf, WhatIsNotKnownIsPassedOver) {
    Messages m("message M { optional int32 a = 1; }", {{{"a", kInt}}});
    // Every wire type, a group in a group; a known number of another encoding than its own; the last counts.
    EXPECT_EQ(
        m.read(
            "08 01 10 05 19 00 00 00 00 00 00 00 00 22 01 78 2b 33 08 09 34 2c 3d 00 00 00 00 0d 00 00 00 00 "
            "0a 01 05 08 02"),
        "2");
    std::string deep;
    for (int i = 0; i < 90; ++i) deep += "13";
    for (int i = 0; i < 90; ++i) deep += "14";
    EXPECT_EQ(m.read(deep + "0801"), "1");
    for (int i = 0; i < 30; ++i) deep = "13" + deep + "14";
    EXPECT_EQ(m.read(deep + "0801"), "protobuf: field 2 of M is torn at byte 0");
}

TEST(Protobuf, TornBytesAreNamed) {
    Messages m("message M { optional int32 a = 1; optional string b = 2; }", {{{"a", kInt}, {"b", kText}}});
    EXPECT_EQ(m.read("08 01 00"), "protobuf: no field begins at byte 2 of M");
    EXPECT_EQ(m.read("08 01 80"), "protobuf: no field begins at byte 2 of M");
    EXPECT_EQ(m.read("ff ff ff ff ff 01"), "protobuf: no field begins at byte 0 of M");
    EXPECT_EQ(m.read("08 ff ff ff ff ff ff ff ff ff ff 01"), "protobuf: field 1 of M is torn at byte 0");
    EXPECT_EQ(m.read("12 05 78"), "protobuf: field 2 of M is torn at byte 0");
    EXPECT_EQ(m.read("0f"), "protobuf: field 1 of M is torn at byte 0");
    EXPECT_EQ(m.read("12 01 ff"), "protobuf: field `b` is not UTF-8");
    Messages strict("message M { optional int32 a = 1; }", {{{"a", kInt.with_nullable(false)}}});
    EXPECT_EQ(strict.read(""), "protobuf: field `a` is not there, and its column is NOT NULL");
}

TEST(Protobuf, MistakesAreNamed) {
    const auto problem = [](const Schema& row, const std::string& schema, const std::string& message) {
        const auto made = protobuf_decoder(row, std::vector<bool>(row.size(), true),
                                           {.schema = schema, .message = message});
        return made ? std::string("none") : made.error().message;
    };
    const Schema id = {{{"id", kLong}}};
    EXPECT_EQ(problem({{{"idd", kLong}}}, kSchema, "Order"),
              "message shop.Order has no field `idd`; did you mean `id`?");
    EXPECT_EQ(problem({{{"id", kText}}}, kSchema, "Order"),
              "field `id` of message shop.Order is int64, which cannot be STRING");
    EXPECT_EQ(problem({{{"id", kInt}}}, kSchema, "Order"),
              "field `id` of message shop.Order is int64, which cannot be INT");
    EXPECT_EQ(problem({{{"counts", kInt}}}, kSchema, "Order"),
              "field `counts` of message shop.Order is repeated int32, which cannot be INT");
    EXPECT_EQ(problem(id, kSchema, "Ordr"), "there is no message Ordr; messages are Order");
    EXPECT_EQ(problem(id, "message A {} message B {}", ""),
              "'protobuf.message-class-name' does not say which message a record is; messages are A, B");
    EXPECT_NE(problem(id, "message {", ""), "none");
    EXPECT_EQ(problem({{{"a", kInt}}}, "message M { optional int32 a = 1 [default = 1x]; }", ""),
              "field `a` of message M: its default is not of its type");
    EXPECT_EQ(problem({{{"x", DataType::row({{"a", kInt}})}}}, "message M { optional other.T x = 1; }", ""),
              "field `x` of message M: there is no other.T; put what is imported into the schema itself");
}

TEST(Protobuf, ForeignBytesGiveErrorsAndChangeNothing) {
    Messages orders(kSchema, order_columns(), {.message = "Order"});
    const std::string good = from_hex(kBytes);
    std::mt19937 random(3);
    std::size_t refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = good.substr(0, random() % (good.size() + 1));
        for (unsigned n = random() % 4; n > 0 && !bytes.empty(); --n)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        if (!orders.decode(bytes)) ++refused;
    }
    EXPECT_GT(refused, 1'000U);
    EXPECT_EQ(orders.read("08 07").substr(0, 3), "7 |");
}

}  // namespace
}  // namespace mr::formats
