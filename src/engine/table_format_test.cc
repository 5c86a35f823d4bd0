// Goal: a table's options become the formats they name, for key and value; what does not go together is
// refused with the table's place, the option and what to do.
#include "engine/table_format.h"

#include <gtest/gtest.h>

#include "engine/record_decoder.h"

namespace mr::engine {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

plan::TablePtr table(const Options& options, std::string connector = "kafka") {
    auto t = std::make_shared<plan::Table>();
    t->name = "orders";
    t->file = "streams/orders.sql";
    t->line = 3;
    const auto add = [&](const char* name, DataType type) {
        plan::TableColumn column;
        column.name = name;
        column.type = std::move(type);
        t->columns.push_back(std::move(column));
    };
    add("k_id", DataType::integer());
    add("city", DataType::string());
    add("n", DataType::bigint());
    t->primary_key = connector == "upsert-kafka" ? std::vector<int>{0} : std::vector<int>{};
    t->options["connector"] = {.value = std::move(connector), .line = 4};
    for (const auto& [key, value] : options) t->options[key] = {.value = value, .line = 5};
    return t;
}

/// "put 1|x|2", "remove 1|NULL|NULL" or "!" and why not.
std::string decode(const plan::TablePtr& t, std::optional<std::string_view> key,
                   std::optional<std::string_view> value) {
    auto decoder = RecordDecoder::create(t, std::vector<bool>(t->columns.size(), true), nullptr);
    if (!decoder) return "!!" + decoder.error().message;
    wire::Record record;
    record.key = key;
    record.value = value;
    const auto kind = (*decoder)->decode(PartitionId(0), record, Seq(1));
    if (!kind) return "!" + kind.error().message;
    std::string out = *kind == RowKind::put ? "put" : *kind == RowKind::remove ? "remove" : "update";
    for (std::size_t i = 0; i < t->columns.size(); ++i) {
        const ColumnPtr c = (*decoder)->take(i);
        EXPECT_EQ(c->size(), 1U);
        out += (i == 0 ? " " : "|") + to_string(c->value(0), c->type());
    }
    return out;
}

TEST(TableFormat, KeyAndValueAreWhatTheOptionsSay) {
    EXPECT_EQ(decode(table({{"format", "json"}}), "ignored", R"({"k_id":1,"city":"x","n":2})"), "put 1|x|2");
    EXPECT_EQ(decode(table({{"format", "csv"}, {"csv.field-delimiter", "\\t"}}), {}, "1\tx\t2"), "put 1|x|2");
    const Options keyed = {{"key.format", "json"},
                           {"value.format", "csv"},
                           {"key.fields", "k_id"},
                           {"key.fields-prefix", "k_"},
                           {"value.fields-include", "EXCEPT_KEY"}};
    EXPECT_EQ(decode(table(keyed), R"({"id":7})", "x,2"), "put 7|x|2");
    EXPECT_EQ(decode(table(keyed), "7", "x,2"), "!key: not a JSON object");
    // In both: the value's counts, as in Flink.
    EXPECT_EQ(decode(table({{"key.format", "raw"}, {"value.format", "json"}, {"key.fields", "k_id"}}), "x",
                     R"({"k_id":1,"city":"x","n":2})"),
              "put 1|x|2");
    const Options upsert = {{"key.format", "json"}, {"value.format", "json"}};
    EXPECT_EQ(decode(table(upsert, "upsert-kafka"), R"({"k_id":1})", R"({"k_id":1,"city":"x"})"),
              "put 1|x|NULL");
    EXPECT_EQ(decode(table(upsert, "upsert-kafka"), R"({"k_id":1})", {}), "remove 1|NULL|NULL");
    EXPECT_EQ(decode(table({{"format", "json"}}), {}, {}), "!the record has no value (a tombstone)");
}

TEST(TableFormat, Protobuf) {
    const Options options = {{"key.format", "protobuf"},
                             {"key.protobuf.schema", "message K { optional sint32 id = 1; }"},
                             {"key.fields", "k_id"},
                             {"key.fields-prefix", "k_"},
                             {"value.format", "protobuf"},
                             {"value.fields-include", "EXCEPT_KEY"},
                             {"value.protobuf.schema",
                              "syntax = 'proto3'; message M { string city = 1; int64 n = 2; } message N {}"},
                             {"value.protobuf.message-class-name", "com.acme.M"}};
    EXPECT_EQ(decode(table(options), "\x08\x05", "\x0a\x01x\x10\x02"), "put -3|x|2");
    EXPECT_EQ(decode(table(options), "\x08\x05", ""), "put -3||0");
    EXPECT_EQ(decode(table(options), "\x08\x05", "\x0a"), "!protobuf: field 1 of M is torn at byte 0");
}

TEST(TableFormat, WhatDoesNotGoTogetherIsRefusedWithItsPlace) {
    const auto why = [](const Options& options) { return decode(table(options), {}, "").substr(2); };
    EXPECT_EQ(
        why({{"format", "raw"}}),
        "streams/orders.sql:5: table orders, option 'format': 'raw' is one column, and there are 3: name the "
        "key's with 'key.fields' and leave them out of the value with 'value.fields-include' = 'EXCEPT_KEY'");
    EXPECT_EQ(
        why({{"format", "avro-confluent"}}),
        "streams/orders.sql:5: table orders, option 'format': 'avro-confluent' needs the schema registry, "
        "which is not here");
    EXPECT_EQ(
        why({{"format", "cvs"}}),
        "streams/orders.sql:5: table orders, option 'format': format 'cvs' is not supported yet; supported "
        "are json, csv, avro, avro-confluent, raw, protobuf, debezium-json; did you mean `csv`?");
    EXPECT_EQ(
        why({{"format", "protobuf"}}),
        "streams/orders.sql:5: table orders, option 'format': 'protobuf' needs 'protobuf.schema', the text "
        "of the .proto file: there are no Java classes here");
    EXPECT_EQ(why({{"format", "protobuf"}, {"protobuf.schema", "message M { optional int32 k_id = 1; }"}}),
              "streams/orders.sql:5: table orders, option 'protobuf.schema': message M has no field `city`");
    EXPECT_EQ(
        why({{"format", "csv"}, {"csv.quote-character", "''"}}),
        "streams/orders.sql:5: table orders, option 'csv.quote-character': expected one character, found "
        "''''");
    EXPECT_EQ(
        why({{"value.format", "json"}, {"key.format", "json"}, {"key.fields", "k_id;citi"}}),
        "streams/orders.sql:5: table orders, option 'key.fields': no column `citi`; did you mean `city`?");
    EXPECT_EQ(why({{"value.format", "json"}, {"key.format", "json"}}),
              "streams/orders.sql:5: table orders, option 'key.format': it needs 'key.fields': the columns a "
              "record's key holds");
    EXPECT_EQ(why({{"format", "json"},
                   {"json.fail-on-missing-field", "true"},
                   {"json.ignore-parse-errors", "true"}}),
              "streams/orders.sql:5: table orders, option 'json.ignore-parse-errors': "
              "json.fail-on-missing-field and json.ignore-parse-errors exclude each other");
}

/// All rows a record of Debezium gives.
std::string change(std::string_view value, const Options& more = {}) {
    Options options = {{"format", "debezium-json"}};
    options.insert(options.end(), more.begin(), more.end());
    const plan::TablePtr t = table(options);
    auto decoder = RecordDecoder::create(t, {true, true, false}, nullptr);
    EXPECT_TRUE(decoder) << decoder.error().message;
    wire::Record record;
    if (!value.empty()) record.value = value;
    const auto kind = (*decoder)->decode(PartitionId(0), record, Seq(1));
    if (!kind) return "!" + kind.error().message;
    const ColumnPtr id = (*decoder)->take(0), city = (*decoder)->take(1);
    std::string out = std::to_string(static_cast<int>(*kind));
    for (std::size_t row = 0; row < id->size(); ++row)
        out += " " + to_string(id->value(row), id->type()) + "," + to_string(city->value(row), city->type());
    return out;
}

TEST(TableFormat, DebeziumsEventsAreChanges) {
    EXPECT_EQ(change(R"({"before":null,"after":{"k_id":1,"city":"a","n":2},"op":"c","ts_ms":5})"), "0 1,a");
    EXPECT_EQ(change(R"({"before":null,"after":{"k_id":1,"city":"a"},"op":"r"})"), "0 1,a");
    EXPECT_EQ(change(R"({"op":"u","before":{"k_id":1,"city":"a"},"after":{"k_id":1,"city":"b"}})"),
              "2 1,a 1,b");
    EXPECT_EQ(change(R"({"op":"d","before":{"k_id":1,"city":"a"},"after":null})"), "1 1,a");
    EXPECT_EQ(change(""), "3");  // the tombstone after a removal
    const Options inside = {{"debezium-json.schema-include", "true"}};
    EXPECT_EQ(change(R"({"schema":{},"payload":{"after":{"k_id":3},"op":"c"}})", inside), "0 3,NULL");
    EXPECT_EQ(
        change(R"({"op":"u","before":null,"after":{"k_id":1}})"),
        "!the 'before' field of an event with op \"u\" is null; with PostgreSQL, set the table's REPLICA "
        "IDENTITY to FULL");
    EXPECT_EQ(
        change(R"({"schema":{},"payload":{"after":{"k_id":3},"op":"c"}})"),
        "!unknown \"op\" value \"\": an event of Debezium has c, r, u or d (is debezium-json.schema-include "
        "meant to be 'true'?)");
    EXPECT_EQ(change("{"), change("{"));
}

TEST(TableFormat, BareAvroIsReadAsItIsWritten) {
    const plan::TablePtr t = table({{"format", "avro"}});
    const auto layout = record_layout(*t);
    ASSERT_TRUE(layout);
    auto encoder = make_encoder(*t, RecordPart::value, layout->value_schema, nullptr);
    ASSERT_TRUE(encoder) << encoder.error().message;
    ColumnBuilder id(DataType::integer()), city(DataType::string()), n(DataType::bigint());
    id.append_integer(1);
    city.append_null();
    n.append_integer(-5);
    std::string bytes;
    ASSERT_TRUE((*encoder)->encode(std::vector<ColumnPtr>{id.finish(), city.finish(), n.finish()}, 0, bytes));
    EXPECT_EQ(bytes, std::string("\x02\x02\x00\x02\x09", 5));
    EXPECT_EQ(decode(t, {}, bytes), "put 1|NULL|-5");
}

}  // namespace
}  // namespace mr::engine
