// Goal: Avro data of other libraries decode to the values their authors meant, through every rule of schema
// resolution; what is encoded reads back, byte for byte where fastavro wrote the same; hostile bytes are
// errors and leave nothing in the columns. The data come from tests/golden/avro/make.py (fastavro).
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/bytes.h"
#include "formats/avro/avro_format.h"
#include "formats/avro/datum_json.h"
#include "formats/avro/read_plan.h"
#include "formats/avro/table_schema.h"

namespace mr::formats::avro {
namespace {

using mr::Schema;

struct Golden {
    std::string schema;
    std::string bytes;
};

const std::map<std::string, Golden>& golden() {
    static const std::map<std::string, Golden> cases = [] {
        std::map<std::string, Golden> out;
        std::ifstream in(MR_SOURCE_DIR "/tests/golden/avro/data.txt");
        for (std::string line; std::getline(in, line);) {
            const auto a = line.find('\t'), b = line.rfind('\t');
            std::string bytes;
            for (std::size_t i = b + 1; i + 1 < line.size(); i += 2)
                bytes.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
            out[line.substr(0, a)] = {line.substr(a + 1, b - a - 1), bytes};
        }
        return out;
    }();
    return cases;
}

DocumentPtr document(std::string_view text) {
    auto parsed = Document::parse(text);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? *parsed : nullptr;
}

/// The row as text, or "!" and why not.
std::string read(const ReadPlan& plan, const Schema& columns, std::string_view bytes) {
    std::vector<ColumnBuilder> builders;
    for (const mr::Field& f : columns.fields) builders.emplace_back(f.type);
    if (const auto status = plan.read(bytes, builders); !status) {
        for (const ColumnBuilder& b : builders) EXPECT_EQ(b.size(), 0U);
        return "!" + status.error().message;
    }
    std::string out;
    for (std::size_t i = 0; i < builders.size(); ++i) {
        const ColumnPtr c = builders[i].finish();
        EXPECT_EQ(c->size(), 1U);
        const std::string value = to_string(c->value(0), columns[i].type);
        const bool raw = columns[i].type.kind == TypeKind::bytes && !c->is_null(0);
        out += (i == 0 ? "" : "|") + (raw ? hex(value) : value);
    }
    return out;
}

std::string read(const std::string& name, const Schema& columns, std::string_view reader = {}) {
    const Golden& g = golden().at(name);
    const DocumentPtr wanted = reader.empty() ? nullptr : document(reader);
    const auto plan = ReadPlan::make(document(g.schema)->root(), wanted ? &wanted->root() : nullptr, columns);
    return plan ? read(*plan, columns, g.bytes) : "!!" + plan.error().message;
}

DataType text() {
    return DataType::string();
}

Schema every_column() {
    const DataType item = DataType::row({{"sku", text()}, {"n", DataType::integer()}});
    return {{{"b", DataType::boolean()},
             {"i", DataType::integer()},
             {"l", DataType::bigint()},
             {"f", DataType::of(TypeKind::float_)},
             {"d", DataType::double_type()},
             {"s", text()},
             {"y", DataType::bytes()},
             {"dec", DataType::decimal(10, 2)},
             {"fdec", DataType::decimal(18, 3)},
             {"day", DataType::date()},
             {"tm", DataType::of(TypeKind::time)},
             {"tu", DataType::of(TypeKind::time)},
             {"ms", DataType::timestamp_ltz(3)},
             {"us", DataType::timestamp_ltz(6)},
             {"lms", DataType::timestamp(3)},
             {"lus", DataType::timestamp(6)},
             {"id", text()},
             {"e", text()},
             {"fx", DataType::bytes()},
             {"n", text()},
             {"n2", text()},
             {"list", DataType::array(DataType::integer())},
             {"map", DataType::map(text(), DataType::double_type())},
             {"r", DataType::row({{"x", DataType::integer()}, {"items", DataType::array(item)}})}}};
}

TEST(AvroRead, EveryTypeAsFastavroWroteIt) {
    EXPECT_EQ(read("every", every_column()),
              "TRUE|-7|1099511627776|1.5|-2.25|Gr\u00fc\u00dfe|00 ff|-123.45|98765.432|2024-02-29|01:02:"
              "03|23:59:59|"
              "2024-01-31 10:05:09.123|1969-12-31 23:59:59.999999|2024-01-31 10:05:09.005|"
              "2024-01-31 10:05:09.123456|00112233-4455-6677-8899-aabbccddeeff|BLUE|01 02 03 04|NULL|y|"
              "[1, NULL, -3]|{k=0.5, m=2.0}|(9, [(a, 1), (b, 2)])");
}

TEST(AvroRead, ColumnsAreMatchedByNameAndTheRestIsSkipped) {
    EXPECT_EQ(read("every", {{{"s", text()}, {"missing", text()}, {"i", DataType::bigint()}}}),
              "Gr\u00fc\u00dfe|NULL|-7");
    EXPECT_EQ(
        read("every",
             {{{"r", DataType::row({{"items", DataType::array(DataType::row({{"n", DataType::bigint()}}))},
                                    {"new", text()}})}}}),
        "([(1), (2)], NULL)");
    EXPECT_EQ(read("recursive", {{{"after", text()}, {"v", DataType::integer()}}}), "a|1");
    EXPECT_EQ(read("recursive", {{{"next", DataType::row({{"after", text()}})}}}), "(b)");
}

TEST(AvroRead, PromotionsAndUnitsOfLogicalTypes) {
    const Schema wider{{{"i", DataType::double_type()},
                        {"f", DataType::double_type()},
                        {"dec", DataType::decimal(12, 4)},
                        {"us", DataType::timestamp_ltz(3)},
                        {"ms", DataType::timestamp_ltz(9)},
                        {"s", DataType::bytes()}}};
    EXPECT_EQ(read("every", wider).substr(0, 68),
              "-7.0|1.5|-123.4500|1969-12-31 23:59:59.999|2024-01-31 10:05:09.12300");
    EXPECT_EQ(read("v1", {{{"id", DataType::bigint()}, {"amount", DataType::double_type()}}}), "1|0.5");
}

TEST(AvroRead, WhatCannotBeReadSaysWhichFieldAndWhy) {
    EXPECT_EQ(read("every", {{{"l", DataType::integer()}}}),
              "!field `l`: the writer's long cannot be read as INT");
    EXPECT_EQ(read("every", {{{"i", DataType::of(TypeKind::tinyint)}, {"s", DataType::bigint()}}}),
              "!field `s`: the writer's string cannot be read as BIGINT");
    EXPECT_EQ(read("every", {{{"dec", DataType::decimal(3, 2)}}}),
              "!field `dec`: a decimal of 2 bytes at scale 2 does not fit DECIMAL(3, 2)");
    EXPECT_EQ(read("every", {{{"r", DataType::row({{"x", text()}})}}}),
              "!field `r.x`: the writer's int cannot be read as STRING");
    EXPECT_EQ(read("odd_branch", {{{"a", text()}}}), "!field `a`: the writer's int cannot be read as STRING");
    EXPECT_EQ(read("odd_branch", {{{"a", DataType::integer()}}}), "3");
}

TEST(AvroRead, BareValuesAndUnionsAtTheTop) {
    EXPECT_EQ(read("bare_string", {{{"k", text()}}}), "key-1");
    EXPECT_EQ(read("bare_string", {{{"k", text()}, {"l", text()}}}),
              "!the writer's string cannot be read as a table of 2 columns: a record is needed");
    EXPECT_EQ(read("union_top", {{{"a", DataType::integer()}}}), "5");
}

TEST(AvroRead, AReadersSchemaBringsAliasesDefaultsAndEnumDefaults) {
    const std::string_view reader =
        R"({"type":"record","name":"order","fields":[{"name":"id","type":"long"},)"
        R"({"name":"city","type":"string","aliases":["town"]},{"name":"amount","type":"double","default":9.5},)"
        R"({"name":"tags","type":["null",{"type":"array","items":"string"}],"default":null},)"
        R"({"name":"lines","type":{"type":"array","items":{"type":"record","name":"l","fields":[)"
        R"({"name":"q","type":"int","default":3}]}},"default":[{},{"q":4}]}]})";
    const Schema columns{{{"id", DataType::bigint()},
                          {"city", text()},
                          {"amount", DataType::double_type()},
                          {"tags", DataType::array(text())},
                          {"lines", DataType::array(DataType::row({{"q", DataType::integer()}}))}}};
    EXPECT_EQ(read("v1", columns, reader), "1|Oslo|0.5|NULL|[(3), (4)]");
    EXPECT_EQ(read("v2", columns, reader), "2|Rome|1.5|NULL|[(3), (4)]");
    const std::string_view narrower =
        R"({"type":"record","name":"every","fields":[{"name":"e","type":{"type":"enum","name":"colour",)"
        R"("symbols":["RED","OTHER"],"default":"OTHER"}},{"name":"gone","type":"int"}]})";
    EXPECT_EQ(read("every", {{{"e", text()}}}, narrower), "OTHER");
    EXPECT_EQ(read("every", {{{"gone", DataType::integer()}}}, narrower),
              "!field `gone`: is missing in the writer's record millrace.test.every and has no default");
    EXPECT_EQ(read("every", {{{"x", text()}}}, narrower), "!!record every has no field `x`");
}

TEST(AvroRead, EveryCutAndEveryFlippedByteIsAnErrorOrAValue) {
    const Golden& g = golden().at("every");
    const Schema columns = every_column();
    const auto plan = ReadPlan::make(document(g.schema)->root(), nullptr, columns);
    for (std::size_t n = 0; n < g.bytes.size(); ++n)
        EXPECT_EQ(read(*plan, columns, g.bytes.substr(0, n))[0], '!') << n;
    EXPECT_NE(read(*plan, columns, g.bytes + "x").find("1 bytes follow the value"), std::string::npos);
    for (std::size_t i = 0; i < g.bytes.size(); ++i) {
        for (const int flip : {0x01, 0x80, 0xff}) {
            std::string hurt = g.bytes;
            hurt[i] = static_cast<char>(hurt[i] ^ flip);
            static_cast<void>(read(*plan, columns, hurt));
        }
    }
}

TEST(AvroRead, ListsWithoutContentAndEndlessNestingAreBounded) {
    const Schema columns{{{"a", DataType::array(DataType::integer())}, {"b", text()}}};
    const auto nulls = ReadPlan::make(
        document(
            R"({"type":"record","name":"t","fields":[{"name":"a","type":{"type":"array","items":"null"}}]})")
            ->root(),
        nullptr, columns);
    std::string bytes;
    ByteWriter(bytes).varint(std::int64_t{1} << 40);
    EXPECT_NE(read(*nulls, columns, bytes).find("items without content"), std::string::npos);
    const Golden& list = golden().at("recursive");
    const auto plan = ReadPlan::make(document(list.schema)->root(), nullptr, {{{"after", text()}}});
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += std::string("\x02\x02", 2);
    EXPECT_NE(read(*plan, {{{"after", text()}}}, deep).find("deep"), std::string::npos);
}

TEST(AvroJson, ADatumReadsAsAPersonWouldWriteIt) {
    const auto json = [](const std::string& name) {
        const Golden& g = golden().at(name);
        const auto text = datum_json(document(g.schema)->root(), g.bytes);
        return text ? *text : "!" + text.error().message;
    };
    EXPECT_EQ(
        json("every"),
        R"({"b":true,"i":-7,"l":1099511627776,"f":1.5,"d":-2.25,"s":"Grüße","y":"AP8=","dec":-123.45,)"
        R"("fdec":98765.432,"day":"2024-02-29","tm":"01:02:03.004","tu":"23:59:59.999999",)"
        R"("ms":"2024-01-31T10:05:09.123Z","us":"1969-12-31T23:59:59.999999Z","lms":"2024-01-31T10:05:09.005",)"
        R"("lus":"2024-01-31T10:05:09.123456","id":"00112233-4455-6677-8899-aabbccddeeff","e":"BLUE",)"
        R"("fx":"AQIDBA==","n":null,"n2":"y","list":[1,null,-3],"map":{"k":0.5,"m":2},)"
        R"("r":{"x":9,"items":[{"sku":"a","n":1},{"sku":"b","n":2}]}})");
    EXPECT_EQ(json("union_top"), R"({"a":5})");
    EXPECT_EQ(json("odd_branch"), R"({"a":3})");
}

TEST(AvroJson, HostileBytesAreErrors) {
    const Golden& g = golden().at("every");
    const DocumentPtr schema = document(g.schema);
    for (std::size_t size = 0; size < g.bytes.size(); ++size)
        EXPECT_FALSE(datum_json(schema->root(), std::string_view(g.bytes).substr(0, size))) << size;
    for (std::size_t i = 0; i < g.bytes.size() * 8; ++i) {
        std::string bytes = g.bytes;
        bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
        static_cast<void>(datum_json(schema->root(), bytes));
    }
    EXPECT_FALSE(datum_json(schema->root(), g.bytes + "x"));
    // 2^62 nulls in six bytes.
    std::string many;
    ByteWriter out(many);
    out.varint(INT64_MAX / 2);
    EXPECT_FALSE(datum_json(document(R"({"type":"array","items":"null"})")->root(), many));
}

TEST(AvroWrite, WhatIsWrittenReadsBackAndEqualsFastavros) {
    const Golden& g = golden().at("every");
    const Schema columns = every_column();
    const DocumentPtr schema = document(g.schema);
    const auto plan = ReadPlan::make(schema->root(), nullptr, columns);
    std::vector<ColumnBuilder> builders;
    for (const mr::Field& f : columns.fields) builders.emplace_back(f.type);
    ASSERT_TRUE(plan->read(g.bytes, builders));
    std::vector<ColumnPtr> row;
    for (ColumnBuilder& b : builders) row.push_back(b.finish());
    auto made = encoder(columns, schema, std::nullopt);
    // The times lost their microseconds: TIME has milliseconds.
    ASSERT_TRUE(made) << made.error().message;
    std::string bytes;
    ASSERT_TRUE((*made)->encode(row, 0, bytes));
    EXPECT_EQ(bytes.size(), g.bytes.size());
    EXPECT_EQ(read(*plan, columns, bytes), read(*plan, columns, g.bytes));

    // The schema Flink would derive, with Confluent's frame.
    const auto derived = table_schema(columns, {.legacy_timestamps = false});
    ASSERT_TRUE(derived) << derived.error().message;
    auto framed = encoder(columns, document(*derived), 258);
    ASSERT_TRUE(framed) << framed.error().message;
    std::string record;
    ASSERT_TRUE((*framed)->encode(row, 0, record));
    EXPECT_EQ(record.substr(0, 5), std::string("\0\0\0\x01\x02", 5));
    const auto back = ReadPlan::make(document(*derived)->root(), nullptr, columns);
    EXPECT_EQ(read(*back, columns, record.substr(5)), read(*plan, columns, g.bytes));
}

TEST(AvroWrite, TheDerivedSchemaIsFlinks) {
    const DataType inner = DataType::row({{"x", DataType::integer()}}).with_nullable(false);
    const auto text_of = table_schema({{{"id", DataType::bigint().with_nullable(false)},
                                        {"price", DataType::decimal(10, 2)},
                                        {"at", DataType::timestamp(3)},
                                        {"r", inner}}},
                                      {});
    ASSERT_TRUE(text_of);
    EXPECT_EQ(
        *text_of,
        R"({"type":"record","name":"record","namespace":"org.apache.flink.avro.generated","fields":[)"
        R"({"name":"id","type":"long"},{"name":"price","type":["null",{"type":"bytes","logicalType":"decimal",)"
        R"("precision":10,"scale":2}],"default":null},{"name":"at","type":["null",{"type":"long",)"
        R"("logicalType":"timestamp-millis"}],"default":null},{"name":"r","type":{"type":"record",)"
        R"("name":"record_r","namespace":"org.apache.flink.avro.generated","fields":[)"
        R"({"name":"x","type":["null","int"],"default":null}]}}]})");
    EXPECT_NE(table_schema({{{"order id", text()}}}, {}).error().message.find("order id"), std::string::npos);
}

TEST(AvroWrite, ASchemaThatDoesNotFitIsRefusedBeforeAnyRow) {
    const auto why = [](std::string_view schema, Schema columns) {
        const auto made = encoder(columns, document(schema), 1);
        return made ? std::string() : made.error().message;
    };
    const std::string_view schema =
        R"({"type":"record","name":"t","fields":[{"name":"a","type":"int"},{"name":"e","type":)"
        R"({"type":"enum","name":"c","symbols":["X"]}}]})";
    EXPECT_EQ(why(schema, {{{"a", DataType::integer()}}}),
              "field `e` of the schema has neither a column nor a default");
    EXPECT_EQ(why(schema, {{{"a", DataType::bigint()}, {"e", text()}}}),
              "field `a`: BIGINT cannot be written as int");
    EXPECT_EQ(why(schema, {{{"a", DataType::integer()}, {"e", text()}, {"z", text()}}}),
              "the schema has no field `z`");
    auto made = encoder({{{"a", DataType::integer()}, {"e", text()}}}, document(schema), 1);
    ASSERT_TRUE(made);
    ColumnBuilder a(DataType::integer()), e(text());
    a.append_integer(1);
    e.append_text("Y");
    std::string out = "before";
    const auto status = (*made)->encode(std::vector<ColumnPtr>{a.finish(), e.finish()}, 0, out);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "field `e`: `Y` is no symbol of c");
    EXPECT_EQ(out, "before");
}

class OneSchema final : public SchemaSource {
  public:
    Result<DocumentPtr> avro_schema(std::int32_t id, Seq at) override {
        if (id != 7 || at <= Seq(100)) return fail(Code::not_found, "schema {} is not known", id);
        return document(golden().at("v1").schema);
    }
    Status known(std::int32_t, Seq) override { return {}; }
    Result<std::int32_t> register_avro(const std::string&, const std::string&) override { return 7; }
};

TEST(AvroConfluent, TheFrameNamesTheWriterAsOfThePosition) {
    OneSchema schemas;
    const Schema columns{{{"city", text()}}};
    auto decoder = confluent_decoder(columns, schemas, nullptr);
    ASSERT_TRUE(decoder);
    std::vector<ColumnBuilder> builders;
    builders.emplace_back(text());
    const auto refusal = [&](const std::string& bytes, std::uint64_t at) {
        const auto status = (*decoder)->decode(bytes, Seq(at), builders);
        return status ? "" : status.error().message;
    };
    const std::string good = std::string("\0\0\0\0\x07", 5) + golden().at("v1").bytes;
    EXPECT_EQ(refusal(good, 100), "schema 7 is not known");
    EXPECT_EQ(refusal(good, 101), "");
    EXPECT_EQ(refusal("", 101), "empty: it has no schema id");
    EXPECT_EQ(refusal("{}", 101), "byte 0x7b is not the 0x00 that Confluent's serializers begin with");
    EXPECT_EQ(refusal(std::string("\0\0", 2), 101), "2 bytes are too few for a schema id");
    EXPECT_EQ(refusal(std::string("\0\0\0\0\x08x", 6), 101), "schema 8 is not known");
    EXPECT_EQ(refusal(good.substr(0, 8), 101),
              "schema 7: field `city`: the value ends too early: it was not written with this schema");
    EXPECT_EQ(builders[0].size(), 1U);
}

}  // namespace
}  // namespace mr::formats::avro
