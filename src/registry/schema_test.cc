// Avro's canonical text and its compatibility rules (vectors after Apache Avro's TestSchemaCompatibility and
// Confluent's AvroCompatibilityTest), JSON Schema's diff, and hostile schemas.
#include "registry/schema.h"

#include <gtest/gtest.h>

#include "formats/avro/compatibility.h"
#include "formats/avro/schema.h"

namespace mr::registry {
namespace {

namespace avro = formats::avro;

ParsedPtr parsed(SchemaType type, std::string_view text) {
    auto schema = parse_schema(type, text, {}, {}, true);
    EXPECT_TRUE(schema) << schema.error().message << " in " << text;
    return schema ? *schema : nullptr;
}
std::string canonical(std::string_view text) {
    return parsed(SchemaType::avro, text)->canonical();
}
std::string broken(std::string_view text) {
    const auto schema = parse_schema(SchemaType::avro, text, {}, {}, true);
    return schema ? "" : schema.error().message;
}
bool fits(Compatibility level, std::string_view schema, std::vector<std::string_view> newest_first,
          SchemaType type = SchemaType::avro) {
    std::vector<ParsedPtr> previous;
    for (const auto text : newest_first) previous.push_back(parsed(type, text));
    return check_compatible(*parsed(type, schema), previous, level).empty();
}
std::string record(std::string_view fields) {
    return fmt::format(R"({{"type":"record","name":"myrecord","fields":[{}]}})", fields);
}

const std::string kOne = record(R"({"type":"string","name":"f1"})");
const std::string kTwo =
    record(R"({"type":"string","name":"f1"},{"type":"string","name":"f2","default":"foo"})");
const std::string kTwoNoDefault = record(R"({"type":"string","name":"f1"},{"type":"string","name":"f2"})");
const std::string kRenamed = record(R"({"type":"string","name":"f1_new","aliases":["f1"]})");
const std::string kOptional = record(R"({"type":["null","string"],"name":"f1"})");
const std::string kWider = record(R"({"type":["null","string","int"],"name":"f1"})");

TEST(Avro, CanonicalText) {
    EXPECT_EQ(canonical("\"string\""), "\"string\"");
    EXPECT_EQ(canonical("string"), "\"string\"");
    EXPECT_EQ(
        canonical(
            R"( {"fields": [ {"type": {"type":"string"}, "name": "a"} ], "name":"R", "type":"record"} )"),
        R"({"type":"record","name":"R","fields":[{"name":"a","type":"string"}]})");
    // Named types are printed once, then named, in the namespace they stand in.
    EXPECT_EQ(
        canonical(R"({"type":"record","name":"a.b.R","doc":"d","fields":[
                {"name":"next","type":["null","R"],"default":null},
                {"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"],"default":"X"},"order":"ignore"},
                {"name":"f","type":{"type":"fixed","name":"c.F","size":4}},
                {"name":"g","type":"c.F"},
                {"name":"t","type":{"type":"long","logicalType":"timestamp-millis"}},
                {"name":"m","type":{"type":"map","values":{"type":"array","items":"E"}}}]})"),
        R"({"type":"record","name":"R","namespace":"a.b","doc":"d","fields":[)"
        R"({"name":"next","type":["null","R"],"default":null},)"
        R"({"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"],"default":"X"},"order":"ignore"},)"
        R"({"name":"f","type":{"type":"fixed","name":"F","namespace":"c","size":4}},)"
        R"({"name":"g","type":"c.F"},)"
        R"({"name":"t","type":{"type":"long","logicalType":"timestamp-millis"}},)"
        R"({"name":"m","type":{"type":"map","values":{"type":"array","items":"E"}}}]})");
}

TEST(Avro, RefusesWhatIsNotASchema) {
    EXPECT_EQ(broken("{"), "not JSON");
    EXPECT_NE(broken("\"strin\""), "");
    EXPECT_NE(broken(R"({"type":"record","name":"R"})").find("no fields"), std::string::npos);
    EXPECT_NE(broken(R"({"type":"record","fields":[]})").find("No name"), std::string::npos);
    EXPECT_NE(broken(R"({"type":"enum","name":"E","symbols":["A","A"]})").find("Duplicate"),
              std::string::npos);
    EXPECT_NE(broken(R"(["null",["int"]])").find("Nested union"), std::string::npos);
    EXPECT_NE(broken(R"(["int","int"])").find("Duplicate in union"), std::string::npos);
    EXPECT_NE(broken(R"({"type":"fixed","name":"F","size":-1})").find("size"), std::string::npos);
    EXPECT_NE(broken(record(R"({"name":"a b","type":"int"})")).find("a b"), std::string::npos);
    // A default of null needs null as the first branch.
    EXPECT_NE(
        broken(record(R"({"name":"a","type":["string","null"],"default":null})")).find("Invalid default"),
        std::string::npos);
    EXPECT_NE(broken(record(R"({"name":"a","type":"int","default":"x"})")).find("Invalid default"),
              std::string::npos);
    EXPECT_TRUE(
        parse_schema(SchemaType::avro, record(R"({"name":"a","type":"int","default":"x"})"), {}, {}, false));
    std::string deep;
    for (int i = 0; i < 5'000; ++i) deep += R"({"type":"array","items":)";
    EXPECT_NE(broken(deep + "\"int\"" + std::string(5'000, '}')).find("nested deeper"), std::string::npos);
    EXPECT_NE(broken(std::string(100'000, '[')), "");
    EXPECT_NE(broken(R"({"type":"int","x":)" + std::string(400'000, '[') + std::string(400'000, ']') + "}"),
              "");
}

TEST(Avro, BasicCompatibility) {
    using enum Compatibility;
    EXPECT_TRUE(fits(backward, kTwo, {kOne}));            // added with default
    EXPECT_FALSE(fits(backward, kTwoNoDefault, {kOne}));  // added without
    EXPECT_TRUE(fits(backward, kRenamed, {kOne}));        // alias
    EXPECT_TRUE(fits(backward, kOptional, {kOne}));       // into a union
    EXPECT_FALSE(fits(backward, kOne, {kOptional}));
    EXPECT_TRUE(fits(backward, kWider, {kOptional}));
    EXPECT_FALSE(fits(backward, kOptional, {kWider}));
    EXPECT_TRUE(fits(backward, kOne, {kTwoNoDefault}));  // removed
    EXPECT_TRUE(fits(none, "\"int\"", {kOne}));

    EXPECT_TRUE(fits(forward, kOne, {kTwo}));
    EXPECT_TRUE(fits(forward, kTwoNoDefault, {kOne}));
    EXPECT_FALSE(fits(forward, kOne, {kTwoNoDefault}));
    EXPECT_TRUE(fits(full, kTwo, {kOne}));
    EXPECT_FALSE(fits(full, kTwoNoDefault, {kOne}));
}

TEST(Avro, TransitiveLooksAtEveryVersion) {
    using enum Compatibility;
    // "add a default, then drop it": fits the latest, not the first.
    EXPECT_TRUE(fits(backward, kTwoNoDefault, {kTwo, kOne}));
    EXPECT_FALSE(fits(backward_transitive, kTwoNoDefault, {kTwo, kOne}));
    EXPECT_TRUE(fits(forward, kOne, {kTwo, kTwoNoDefault}));
    EXPECT_FALSE(fits(forward_transitive, kOne, {kTwo, kTwoNoDefault}));
    EXPECT_FALSE(fits(full_transitive, kTwoNoDefault, {kTwo, kOne}));
}

TEST(Avro, Promotions) {
    const auto reads = [](std::string_view reader, std::string_view writer) {
        return fits(Compatibility::backward, fmt::format("\"{}\"", reader), {fmt::format("\"{}\"", writer)});
    };
    for (const auto& [reader, writer] :
         {std::pair("long", "int"), std::pair("float", "int"), std::pair("float", "long"),
          std::pair("double", "int"), std::pair("double", "long"), std::pair("double", "float"),
          std::pair("bytes", "string"), std::pair("string", "bytes"), std::pair("int", "int")}) {
        EXPECT_TRUE(reads(reader, writer)) << reader << writer;
    }
    for (const auto& [reader, writer] :
         {std::pair("int", "long"), std::pair("long", "float"), std::pair("float", "double"),
          std::pair("string", "int"), std::pair("boolean", "int"), std::pair("null", "int")}) {
        EXPECT_FALSE(reads(reader, writer)) << reader << writer;
    }
}

TEST(Avro, NamedTypes) {
    using enum Compatibility;
    const auto enumeration = [](std::string_view symbols, std::string_view rest = "") {
        return fmt::format(R"({{"type":"enum","name":"E","symbols":[{}]{}}})", symbols, rest);
    };
    EXPECT_TRUE(fits(backward, enumeration(R"("A","B","C")"), {enumeration(R"("A","B")")}));
    EXPECT_FALSE(fits(backward, enumeration(R"("A")"), {enumeration(R"("A","B")")}));
    EXPECT_TRUE(fits(backward, enumeration(R"("A")", R"(,"default":"A")"), {enumeration(R"("A","B")")}));
    EXPECT_FALSE(fits(backward, R"({"type":"fixed","name":"F","size":8})",
                      {R"({"type":"fixed","name":"F","size":4})"}));
    EXPECT_FALSE(fits(backward, R"({"type":"fixed","name":"G","size":4})",
                      {R"({"type":"fixed","name":"F","size":4})"}));
    EXPECT_TRUE(fits(backward, R"({"type":"fixed","name":"G","aliases":["F"],"size":4})",
                     {R"({"type":"fixed","name":"F","size":4})"}));
    EXPECT_TRUE(fits(backward, R"({"type":"record","name":"x.R","fields":[]})",
                     {R"({"type":"record","name":"y.R","fields":[]})"}));
    // Records that contain themselves.
    const std::string list = R"({"type":"record","name":"L","fields":[{"name":"v","type":"int"},
                                 {"name":"next","type":["null","L"]}]})";
    const std::string longs = R"({"type":"record","name":"L","fields":[{"name":"v","type":"long"},
                                  {"name":"next","type":["null","L"]}]})";
    EXPECT_TRUE(fits(backward, longs, {list}));
    EXPECT_FALSE(fits(backward, list, {longs}));
}

TEST(Avro, FindingsNameTheirPlace) {
    const auto reader = avro::Document::parse(kTwoNoDefault);
    const auto writer = avro::Document::parse(kOne);
    const auto found = avro::check_can_read((*reader)->root(), (*writer)->root());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].type, "READER_FIELD_MISSING_DEFAULT_VALUE");
    EXPECT_EQ(found[0].path, "/fields/1");
    EXPECT_EQ(found[0].message, "f2");
}

TEST(Avro, References) {
    const auto customer = parsed(SchemaType::avro, R"({"type":"record","name":"shop.Customer","fields":[]})");
    const std::string order = R"({"type":"record","name":"Order","namespace":"shop","fields":[
                                  {"name":"by","type":"Customer"}]})";
    EXPECT_FALSE(parse_schema(SchemaType::avro, order, {}, {}, true));
    const auto with =
        parse_schema(SchemaType::avro, order, {{"shop.Customer", "customer", 1}}, {customer}, true);
    ASSERT_TRUE(with) << with.error().message;
    EXPECT_EQ(
        (*with)->canonical(),
        R"({"type":"record","name":"Order","namespace":"shop","fields":[{"name":"by","type":"Customer"}]})");
}

TEST(JsonSchemas, ParseAndCompare) {
    EXPECT_FALSE(parse_schema(SchemaType::json, R"({"type":"strin"})", {}, {}, true));
    EXPECT_FALSE(parse_schema(SchemaType::json, "7", {}, {}, true));
    EXPECT_EQ(parsed(SchemaType::json, R"({ "type" : "object" })")->canonical(), R"({"type":"object"})");
    const auto backward = [](std::string_view now, std::string_view old) {
        return fits(Compatibility::backward, now, {old}, SchemaType::json);
    };
    EXPECT_TRUE(backward(R"({"type":"number"})", R"({"type":"integer"})"));
    EXPECT_FALSE(backward(R"({"type":"integer"})", R"({"type":"number"})"));
    EXPECT_TRUE(backward(R"({"type":["string","null"]})", R"({"type":"string"})"));
    EXPECT_FALSE(backward(R"({"type":"string","maxLength":3})", R"({"type":"string"})"));
    EXPECT_TRUE(backward(R"({"type":"string","maxLength":9})", R"({"type":"string","maxLength":3})"));
    EXPECT_TRUE(backward(R"({"enum":["a","b"]})", R"({"enum":["a"]})"));
    EXPECT_FALSE(backward(R"({"enum":["a"]})", R"({"enum":["a","b"]})"));
    // Open content model: adding a property may contradict what documents already hold there; removing is
    // fine.
    const std::string open = R"({"type":"object","properties":{"a":{"type":"string"}}})";
    const std::string open_more =
        R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}})";
    EXPECT_FALSE(backward(open_more, open));
    EXPECT_TRUE(backward(open, open_more));
    // Closed: the other way round.
    const std::string closed =
        R"({"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false})";
    const std::string closed_more =
        R"({"type":"object","properties":{"a":{"type":"string"},"b":{}},"additionalProperties":false})";
    EXPECT_TRUE(backward(closed_more, closed));
    EXPECT_FALSE(backward(closed, closed_more));
    EXPECT_FALSE(backward(R"({"type":"object","required":["a"]})", R"({"type":"object"})"));
    EXPECT_TRUE(
        backward(R"({"oneOf":[{"type":"string"},{"type":"integer"}]})", R"({"oneOf":[{"type":"string"}]})"));
    EXPECT_FALSE(
        backward(R"({"oneOf":[{"type":"string"}]})", R"({"oneOf":[{"type":"string"},{"type":"integer"}]})"));
    // A schema that refers to itself ends.
    const std::string tree = R"({"type":"object","properties":{"child":{"$ref":"#"}}})";
    EXPECT_TRUE(backward(tree, tree));
}

}  // namespace
}  // namespace mr::registry
