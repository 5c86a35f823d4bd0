// Goal: csv and raw read and write what Flink's formats do, and refuse with the field and the reason.
#include <gtest/gtest.h>

#include "formats/csv_format.h"
#include "formats/raw_format.h"

namespace mr::formats {
namespace {

struct Table {
    Table(Schema s, std::unique_ptr<RowDecoder> d) : schema(std::move(s)), decoder(std::move(d)) {
        for (const Field& f : schema.fields) builders.emplace_back(f.type);
    }
    /// The row as text, or "!" and why not.
    std::string read(std::string_view bytes) {
        if (const auto status = decoder->decode(bytes, Seq(1), builders); !status) {
            for (const ColumnBuilder& b : builders) EXPECT_EQ(b.size(), 0U);
            return "!" + status.error().message;
        }
        std::string out;
        row.clear();
        for (std::size_t i = 0; i < builders.size(); ++i) {
            row.push_back(builders[i].finish());
            EXPECT_EQ(row[i]->size(), 1U);
            out += (i == 0 ? "" : "|") + to_string(row[i]->value(0), schema[i].type);
        }
        return out;
    }
    Schema schema;
    std::unique_ptr<RowDecoder> decoder;
    std::vector<ColumnBuilder> builders;
    std::vector<ColumnPtr> row;
};

Schema csv_schema() {
    return {{{"i", DataType::integer()},
             {"s", DataType::string()},
             {"d", DataType::decimal(6, 2)},
             {"t", DataType::timestamp(3)},
             {"l", DataType::array(DataType::bigint())}}};
}

Table csv(CsvOptions options = {}, Schema schema = csv_schema()) {
    auto made = csv_decoder(schema, std::vector<bool>(schema.size(), true), std::move(options));
    EXPECT_TRUE(made) << made.error().message;
    return {schema, std::move(*made)};
}

TEST(Csv, LinesAsFlinkReadsThem) {
    Table t = csv();
    EXPECT_EQ(t.read("1,plain text,2.5,2024-01-31 10:05:09.1,1;2;3\n"),
              "1|plain text|2.50|2024-01-31 10:05:09.100|[1, 2, 3]");
    EXPECT_EQ(t.read("\" 2 \",\"a \"\"quoted\"\", b\",0,2024-01-31 10:05:09,"),
              "2|a \"quoted\", b|0.00|2024-01-31 10:05:09.000|[]");
    EXPECT_EQ(t.read("1,x"), "!5 fields expected, found 2");
    EXPECT_EQ(t.read("x,,0,2024-01-31 10:05:09,"), "!field `i`: expected INT, found `x`");
    EXPECT_EQ(t.read(",,0,2024-01-31 10:05:09,"), "!field `i`: expected INT, found ``");
    EXPECT_EQ(t.read("1,\"open,0,2024-01-31 10:05:09,"),
              "!not one CSV line: a quote is not closed, or lines follow");
    EXPECT_EQ(t.read("1,a,0,2024-01-31 10:05:09,1;x"), "!field `l`: expected ARRAY<BIGINT>, found `1;x`");
    EXPECT_EQ(t.read("\xff"), "!not CSV: not UTF-8");
    EXPECT_EQ(t.read("1,a,0,2024-01-31 10:05:09,7"), "1|a|0.00|2024-01-31 10:05:09.000|[7]");
}

TEST(Csv, OptionsSayWhatNullIsAndWhatSeparates) {
    Table t = csv({.delimiter = '\t',
                   .quote = '\'',
                   .escape = '\\',
                   .array_delimiter = "|",
                   .null_literal = "n/a",
                   .allow_comments = true,
                   .ignore_parse_errors = true});
    EXPECT_EQ(t.read("n/a\t'n/a'\tx\tnot a time\t4|5"), "NULL|n/a|NULL|NULL|[4, 5]");
    EXPECT_EQ(t.read("1\ta\\\tb\t0\t2024-01-31 10:05:09\tn/a"), "1|a\tb|0.00|2024-01-31 10:05:09.000|NULL");
    EXPECT_EQ(t.read("# note"), "!a comment, not a row");
}

TEST(Csv, WhatIsWrittenReadsBack) {
    Table t = csv({.null_literal = "NULL"});
    auto encoder = csv_encoder(t.schema, {.null_literal = "NULL"});
    ASSERT_TRUE(encoder);
    for (const char* line : {"1,plain,2.50,2024-01-31 10:05:09.1,1;2", "NULL,\"NULL\",NULL,NULL,",
                             "3,\"a,\"\"b\n\",0.00,NULL,9", "4,,0.10,NULL,NULL"}) {
        const std::string before = t.read(line);
        std::string out;
        ASSERT_TRUE((*encoder)->encode(t.row, 0, out));
        EXPECT_EQ(out, line);
        EXPECT_EQ(t.read(out), before);
    }
    EXPECT_FALSE(csv_encoder({{{"m", DataType::map(DataType::string(), DataType::string())}}}, {}));
}

TEST(Raw, EveryWidthInBothOrders) {
    const auto raw = [](DataType type, RawOptions options = {}) {
        const Schema schema{{{"v", type}}};
        return Table{schema, raw_decoder(schema, options)};
    };
    EXPECT_EQ(raw(DataType::integer()).read(std::string("\0\0\1\2", 4)), "258");
    EXPECT_EQ(raw(DataType::integer(), {.endian = Endian::little}).read(std::string("\2\1\0\0", 4)), "258");
    EXPECT_EQ(raw(DataType::of(TypeKind::smallint)).read("\xff\xfe"), "-2");
    EXPECT_EQ(raw(DataType::integer()).read("abc"), "!a raw INT has 4 bytes, found 3");
    EXPECT_EQ(raw(DataType::boolean()).read("\1"), "TRUE");
    EXPECT_EQ(raw(DataType::string()).read("\xe4"), "!not UTF-8 (raw.charset)");
    EXPECT_EQ(raw(DataType::string(), {.charset = Charset::iso_8859_1}).read("\xe4"), "\u00e4");
    EXPECT_EQ(raw_decoder({{{"v", DataType::date()}}}, {}), nullptr);
    for (const DataType& type :
         {DataType::bigint(), DataType::double_type(), DataType::of(TypeKind::float_), DataType::bytes()}) {
        Table t = raw(type, {.endian = Endian::little});
        const std::string bytes(type.kind == TypeKind::float_ ? 4 : 8, '@');
        const std::string before = t.read(bytes);
        std::string out;
        EXPECT_TRUE(raw_encoder(t.schema, {.endian = Endian::little})->encode(t.row, 0, out).value());
        EXPECT_EQ(out, bytes) << before;
    }
    std::string out;
    const std::vector<ColumnPtr> null = {Column::nulls(DataType::string(), 1)};
    EXPECT_FALSE(raw_encoder({{{"v", DataType::string()}}}, {})->encode(null, 0, out).value());
    EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace mr::formats
