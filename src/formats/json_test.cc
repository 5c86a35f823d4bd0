// Goal: records decode as Flink's json format decodes them, whatever order and shape they come in; a bad one
// leaves no trace in the columns and names field and reason; what is encoded reads back.
#include <gtest/gtest.h>

#include "formats/json_decoder.h"
#include "formats/json_encoder.h"

namespace mr::formats {
namespace {

struct Decoding {
    explicit Decoding(Schema s, JsonOptions options = {}, const std::vector<FieldsRead>& reads = {})
        : schema(std::move(s)), decoder(schema, options, reads) {
        for (const Field& f : schema.fields) builders.emplace_back(f.type);
    }
    Status add(std::string_view record) { return decoder.decode(record, builders); }
    /// Why the record was refused; empty if it was not.
    std::string refusal(std::string_view record) {
        const auto status = add(record);
        return status ? "" : status.error().message;
    }
    /// Rows as text, one a line.
    std::string rows() {
        std::vector<ColumnPtr> columns;
        for (ColumnBuilder& b : builders) columns.push_back(b.finish());
        std::string out;
        for (std::size_t row = 0; row < columns[0]->size(); ++row) {
            for (std::size_t i = 0; i < columns.size(); ++i) {
                out += (i == 0 ? "" : "|") + to_string(columns[i]->value(row), schema[i].type);
            }
            out += "\n";
        }
        return out;
    }
    Schema schema;
    JsonDecoder decoder;
    std::vector<ColumnBuilder> builders;
};

TEST(JsonDecoder, AListThatBreaksOffLeavesNothingBehind) {
    Decoding d({{{"a", DataType::array(DataType::integer())},
                 {"m", DataType::map(DataType::string(), DataType::integer())}}});
    EXPECT_NE(d.refusal(R"({"a":[1,"x"]})"), "");
    EXPECT_NE(d.refusal(R"({"a":[7],"m":{"k":1,"l":"x"}})"), "");
    EXPECT_EQ(d.refusal(R"({"a":[2],"m":{"n":3}})"), "");
    EXPECT_EQ(d.rows(), "[2]|{n=3}\n");
}

TEST(JsonDecoder, KeysAreLearnedAndEscapesAreNotMistaken) {
    Decoding d({{{"a", DataType::integer()}, {"ab", DataType::integer()}, {"q\"", DataType::integer()}}});
    for (const char* record :
         {R"({"a":1,"ab":2,"q\"":3})", R"({"ab":4,"a":5,"q\u0022":6})", R"({"a":7,"ab":8,"\u0061":9})"})
        EXPECT_EQ(d.refusal(record), "") << record;
    EXPECT_EQ(d.rows(), "1|2|3\n5|4|6\n9|8|NULL\n");
}

TEST(JsonDecoder, FieldsOfRowsNobodyReadsAreNull) {
    const DataType inner = DataType::row({{"p", DataType::integer()}, {"q", DataType::integer()}});
    const DataType outer =
        DataType::row({{"x", DataType::integer()}, {"in", inner}, {"y", DataType::integer()}});
    // Of `r`: x, and q of `in`; of `s`, which was asked for all the same, everything.
    const FieldsRead all{.all = true, .fields = {}};
    const FieldsRead in{.all = false, .fields = {{}, all}};
    Decoding d({{{"r", outer}, {"s", outer}}}, {.fail_on_missing_field = true},
               {{.all = false, .fields = {all, in}}, {}});
    EXPECT_EQ(
        d.refusal(R"({"r":{"x":1,"in":{"p":"bad","q":2},"y":{}},"s":{"x":1,"in":{"p":2,"q":3},"y":4}})"), "");
    EXPECT_EQ(d.refusal(R"({"r":{"in":{"q":5},"x":6},"s":null})"), "");
    EXPECT_EQ(d.refusal(R"({"r":{"x":1,"in":{"p":2}},"s":null})"), "field `r.in.q`: is missing");
    EXPECT_EQ(d.rows(), "(1, (NULL, 2), NULL)|(1, (2, 3), 4)\n(6, (NULL, 5), NULL)|NULL\n");
}

TEST(JsonDecoder, FieldsInAnyOrderMissingAndUnknown) {
    Decoding d({{{"a", DataType::bigint()}, {"b", DataType::string()}, {"c", DataType::double_type()}}});
    EXPECT_EQ(d.refusal(R"({"a":1,"b":"x","c":1.5})"), "");
    EXPECT_EQ(d.refusal(R"({"c":2,"unknown":{"a":[1,{"b":2}]},"b":"y","a":2})"), "");
    EXPECT_EQ(d.refusal(R"({"b":null})"), "");
    EXPECT_EQ(d.refusal(R"( {"a" : 3 , "b" : "\u00e4\n" } )"), "");
    EXPECT_EQ(d.refusal(R"({})"), "");
    EXPECT_EQ(d.refusal(R"({"\u0061":7,"a":8})"), "");  // an escaped key; the last of equal keys counts
    EXPECT_EQ(d.rows(), "1|x|1.5\n2|y|2.0\nNULL|NULL|NULL\n3|ä\n|NULL\nNULL|NULL|NULL\n8|NULL|NULL\n");
}

TEST(JsonDecoder, ConvertsAsFlinkDoes) {
    Decoding d({{{"i", DataType::integer()},
                 {"s", DataType::string()},
                 {"d", DataType::decimal(5, 2)},
                 {"b", DataType::boolean()}}});
    EXPECT_EQ(d.refusal(R"({"i":"12","s":1.50,"d":"123.456","b":"true"})"), "");
    EXPECT_EQ(d.refusal(R"({"i":1.9,"s":{"x": [1, 2]},"d":1e9,"b":0})"), "");
    EXPECT_EQ(d.refusal(R"({"i":-2147483648,"s":true,"d":-0.005,"b":true})"), "");
    EXPECT_EQ(d.rows(), "12|1.50|123.46|TRUE\n1|{\"x\":[1,2]}|NULL|FALSE\n-2147483648|true|-0.01|TRUE\n");
}

TEST(JsonDecoder, NestedTypes) {
    const DataType row = DataType::row({{"id", DataType::string()}, {"n", DataType::integer()}});
    Decoding d({{{"l", DataType::array(row)},
                 {"m", DataType::map(DataType::string(), DataType::string())},
                 {"r", row}}});
    EXPECT_EQ(
        d.refusal(
            R"({"l":[{"id":"a","n":1,"z":0},null,{}],"m":{"Amount of Goods":450,"d":"2023","n":null},"r":{"n":5}})"),
        "");
    EXPECT_EQ(d.rows(), "[(a, 1), NULL, (NULL, NULL)]|{Amount of Goods=450, d=2023, n=NULL}|(NULL, 5)\n");
}

TEST(JsonDecoder, TimesByStyle) {
    Decoding sql({{{"t", DataType::timestamp()}, {"z", DataType::timestamp_ltz()}, {"d", DataType::date()}}});
    EXPECT_EQ(sql.refusal(R"({"t":"2023-05-26 18:26:40","z":"2023-05-26 18:26:40.5Z","d":"2023-05-26"})"),
              "");
    EXPECT_EQ(sql.rows(), "2023-05-26 18:26:40.000|2023-05-26 18:26:40.500|2023-05-26\n");
    EXPECT_EQ(sql.refusal(R"({"t":"2023-05-26T18:26:40"})"),
              "field `t`: expected TIMESTAMP(3), found `2023-05-26T18:26:40`");
    Decoding iso({{{"t", DataType::timestamp_ltz()}}}, {.timestamps = TimestampStyle::iso_8601});
    EXPECT_EQ(iso.refusal(R"({"t":"2023-05-26T18:26:40Z"})"), "");
    EXPECT_EQ(iso.rows(), "2023-05-26 18:26:40.000\n");
}

TEST(JsonDecoder, ABadRecordLeavesNoTrace) {
    const DataType list = DataType::array(DataType::row({{"n", DataType::integer()}}));
    Decoding d({{{"s", DataType::string()}, {"l", list}, {"i", DataType::integer()}}});
    EXPECT_EQ(d.refusal(R"({"s":"before","l":[{"n":1}],"i":1})"), "");
    EXPECT_EQ(d.refusal(R"({"s":"x","l":[{"n":1},{"n":"y"}],"i":1})"),
              "field `l.n`: expected INT, found `y`");
    EXPECT_EQ(d.refusal(R"({"s":"x","i":99999999999})"), "field `i`: expected INT, found `99999999999`");
    EXPECT_EQ(d.refusal("[1]"), "not a JSON object");
    EXPECT_EQ(d.refusal("nonsense"), "not a JSON object");
    for (const char* bad : {"", "{", R"({"s":"x")", R"({"s":"x"}})", R"({"s" "x"})", R"({"s":"x"} {"s":"y"})",
                            "{\"s\":\"\xff\"}"}) {
        EXPECT_NE(d.refusal(bad), "") << bad;
    }
    EXPECT_EQ(d.refusal(R"({"s":"after"})"), "");
    EXPECT_EQ(d.rows(), "before|[(1)]|1\nafter|NULL|NULL\n");
}

TEST(JsonDecoder, Options) {
    Decoding strict({{{"a", DataType::integer()}, {"b", DataType::integer()}}},
                    {.fail_on_missing_field = true});
    EXPECT_EQ(strict.refusal(R"({"a":1})"), "field `b`: is missing");
    EXPECT_EQ(strict.refusal(R"({"a":1,"b":null})"), "");
    Decoding lenient({{{"a", DataType::integer()}, {"b", DataType::integer()}}},
                     {.ignore_parse_errors = true});
    EXPECT_EQ(lenient.refusal(R"({"a":"x","b":2})"), "");
    EXPECT_EQ(lenient.rows(), "NULL|2\n");
}

TEST(JsonEncoder, WritesWhatFlinkWrites) {
    const Schema schema{{{"s", DataType::string()},
                         {"d", DataType::decimal(38, 2)},
                         {"f", DataType::double_type()},
                         {"t", DataType::timestamp()},
                         {"z", DataType::timestamp_ltz()},
                         {"a", DataType::array(DataType::integer())},
                         {"m", DataType::map(DataType::string(), DataType::boolean())},
                         {"n", DataType::integer()}}};
    const std::vector<Value> row = {Value::of("a\"b"),
                                    Value::of(Int128{36360}),
                                    Value::of(100.0),
                                    Value::of(std::int64_t{1685125600000}),
                                    Value::of(std::int64_t{1685125600330}),
                                    Value::of(std::vector<Value>{Value::of(1), Value::null()}),
                                    Value::of(std::vector<Value>{Value::of("k"), Value::of(true)}),
                                    Value::null()};
    std::vector<ColumnPtr> columns;
    for (std::size_t i = 0; i < row.size(); ++i)
        columns.push_back(Column::constant(schema[i].type, row[i], 1));
    std::string out;
    JsonEncoder(schema, {}).encode(columns, 0, out);
    EXPECT_EQ(out,
              R"({"s":"a\"b","d":363.6,"f":100.0,"t":"2023-05-26 18:26:40","z":"2023-05-26 18:26:40.33Z",)"
              R"("a":[1,null],"m":{"k":true},"n":null})");
    Decoding back(schema);
    EXPECT_EQ(back.refusal(out), "");
    for (std::size_t i = 0; i < row.size(); ++i)
        EXPECT_EQ(back.builders[i].finish()->value(0), row[i]) << schema[i].name;
}

}  // namespace
}  // namespace mr::formats
