// Goal: .proto files are parsed as protoc parses them, errors have their place, and versions are compared as
// Confluent's registry compares them.
#include <gtest/gtest.h>

#include "formats/protobuf/proto_file.h"
#include "registry/schema.h"

namespace mr::registry {

namespace protobuf = formats::protobuf;

namespace {

std::string broken(std::string_view text) {
    const auto file = protobuf::parse_file(text);
    return file ? "" : file.error().message;
}

/// What keeps `now` from following `old`, by its names.
std::string diff(std::string_view now, std::string_view old) {
    const auto a = parse_schema(SchemaType::protobuf, now, {}, {}, true);
    const auto b = parse_schema(SchemaType::protobuf, old, {}, {}, true);
    EXPECT_TRUE(a) << a.error().message;
    EXPECT_TRUE(b) << b.error().message;
    std::string out;
    for (const std::string& line : (*a)->cannot_read(**b)) {
        const std::size_t from = line.find('\'') + 1;
        out += (out.empty() ? "" : " ") + line.substr(from, line.find('\'', from) - from);
    }
    return out;
}

constexpr std::string_view kEverything = R"(
// A file with most of the language in it.
edition = "2023";
package a.b.v1;
import public "google/protobuf/timestamp.proto";
import "x.proto";
option java_package = "com.example";
option (my.opt).deep = { a: 1 b { c: [1, 2] } s: "}" };
message Order {
  option deprecated = false;
  reserved 2, 15, 9 to 11, 100 to max;
  reserved "foo", "bar";
  extensions 60 to 90 [verification = DECLARATION];
  string id = 1 [json_name = "Id", (x.y) = 0x1f, deprecated = true];
  repeated Line lines = 3;
  map<string, .a.b.v1.Order.Line> by_sku = 4;
  google.protobuf.Timestamp at = 5;
  message Line { bytes sku = 1; sint64 n = 2; Kind kind = 3;
    enum Kind { option allow_alias = true; A = 0; B = 0; C = -0x1; } }
  oneof payment { option (z) = -inf; int32 card = 6; string iban = 7; }
  extend Other { optional int32 more = 200; }
  ;
}
enum E { ZERO = 0; reserved 5 to 7; ONE = 1 [deprecated = true]; }
service S { option deprecated = true; rpc B(Order) returns (Order);
  rpc A (stream Order) returns (stream Order.Line) { option (h) = "x" "y"; } }
)";

TEST(ProtobufFile, ParsesTheLanguage) {
    const auto file = protobuf::parse_file(kEverything);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->package, "a.b.v1");
    EXPECT_EQ(file->imports.size(), 2U);
    ASSERT_EQ(file->messages.size(), 1U);
    const protobuf::Message& order = file->messages[0];
    ASSERT_EQ(order.fields.size(), 6U);
    EXPECT_EQ(order.fields[2].type, "map<string,.a.b.v1.Order.Line>");
    EXPECT_EQ(order.fields[5].oneof, "payment");
    EXPECT_EQ(order.messages[0].enums[0].values[2].number, -1);
    const auto group =
        protobuf::parse_file("message M { repeated group Result = 1 { required string url = 2; } }");
    ASSERT_TRUE(group) << group.error().message;
    EXPECT_EQ(group->messages[0].fields[0].name, "result");
    EXPECT_TRUE(group->messages[0].messages[0].fields[0].required);
}

TEST(ProtobufFile, ErrorsHaveTheirPlace) {
    EXPECT_EQ(broken("message A {"), "1:12: expected a name, found the end of the file");
    EXPECT_EQ(broken("message A { int32 x = 1 }"), "1:25: expected ';', found '}'");
    EXPECT_EQ(broken("syntax = \"proto4\";"), "1:10: unknown syntax 'proto4'");
    EXPECT_EQ(broken("message A {\n  int32 x = 0;\n}"),
              "2:13: field number 0 is not within 1 to 536870911, 19000 to 19999 excepted");
    EXPECT_EQ(broken("message A { int32 x = 1; int64 y = 1; }"), "message A: field number 1 is used twice");
    EXPECT_EQ(broken("message A {} message A {}"), "A is defined twice");
    EXPECT_EQ(broken("hello"),
              "1:1: expected a message, enum, service, extend, import, option or package, found 'hello'");
    EXPECT_EQ(broken("message A { string x = 1; /* open"), "1:27: a comment is not closed");
    EXPECT_EQ(broken("syntax = \"proto3\"; enum E { A = 1; }"),
              "1:25: the first value of a proto3 enum must be 0");
    EXPECT_EQ(broken("import \"x"), "1:8: a string is not closed");
    EXPECT_EQ(broken("message A { map<float, string> x = 1; }"),
              "1:17: expected a whole number's type, bool or string, found 'float'");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "message A {";
    EXPECT_NE(broken(deep).find("nested too deeply"), std::string::npos);
    for (std::size_t n = 0; n < kEverything.size(); ++n) static_cast<void>(broken(kEverything.substr(0, n)));
}

TEST(ProtobufCompatibility, WhatTheWireToleratesIsCompatible) {
    const std::string_view old = "message A { int32 x = 1; string s = 2; E e = 3; } enum E { Z = 0; }";
    EXPECT_EQ(diff("message A { int64 renamed = 1; bytes s = 2; int32 e = 3; string more = 9; }", old), "");
    EXPECT_EQ(diff("message A { int32 x = 1; }", old), "");
    EXPECT_EQ(
        diff("package p; message A { int32 x = 1; B b = 4; } message B {} enum E { Z = 0; Y = 1; }", old),
        "");
    EXPECT_EQ(diff("message A { oneof o { int32 x = 1; } string s = 2; }", old), "");
    EXPECT_EQ(diff("message A { repeated string s = 2; }", old), "");
}

TEST(ProtobufCompatibility, WhatWouldBeMisreadIsNot) {
    const std::string_view old =
        "message A { int32 x = 1; string s = 2; B b = 3; oneof o { int32 p = 4; int32 q = 5; } } message B "
        "{} message C {}";
    EXPECT_EQ(diff("message A { string x = 1; string s = 2; B b = 3; oneof o { int32 p = 4; int32 q = 5; } } "
                   "message B {} message C {}",
                   old),
              "FIELD_SCALAR_KIND_CHANGED");
    EXPECT_EQ(
        diff("message A { sint32 x = 1; C b = 3; oneof o { int32 p = 4; } } message B {} message C {}", old),
        "FIELD_SCALAR_KIND_CHANGED FIELD_NAMED_TYPE_CHANGED ONEOF_FIELD_REMOVED");
    EXPECT_EQ(diff("message A { repeated int32 x = 1; int32 b = 3; oneof o { int32 p = 4; int32 q = 5; } } "
                   "message B {}",
                   old),
              "FIELD_NUMERIC_LABEL_CHANGED FIELD_KIND_CHANGED MESSAGE_REMOVED");
    EXPECT_EQ(diff("message A { required int32 n = 8; oneof o { int32 p = 4; int32 q = 5; string s = 2; } } "
                   "message B {} message C {}",
                   old),
              "REQUIRED_FIELD_ADDED FIELD_MOVED_TO_EXISTING_ONEOF");
    EXPECT_EQ(diff("message A { oneof n { int32 x = 1; string s = 2; } oneof o { int32 p = 4; int32 q = 5; } "
                   "} message B {} message C {}",
                   old),
              "MULTIPLE_FIELDS_MOVED_TO_ONEOF");
}

}  // namespace
}  // namespace mr::registry
