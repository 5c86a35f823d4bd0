// Records of hostile bytes in the formats beside JSON and Avro: CSV ('c', with other separators 'C'), raw
// ('r') and Debezium's events ('d', under "payload" 'D'). Invariant: one value in each column (Debezium: two
// for an update), or none and a reason.
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "formats/csv_format.h"
#include "formats/debezium_decoder.h"
#include "formats/raw_format.h"

namespace {

using namespace mr;

std::vector<ColumnBuilder> builders_of(const Schema& schema) {
    std::vector<ColumnBuilder> out;
    for (const Field& field : schema.fields) out.emplace_back(field.type);
    return out;
}

void check_sizes(std::vector<ColumnBuilder>& builders, std::size_t rows) {
    for (ColumnBuilder& builder : builders) {
        MR_CHECK(builder.size() == rows, "{} values, {} wanted", builder.size(), rows);
        const ColumnPtr column = builder.finish();
        for (std::size_t row = 0; row < column->size(); ++row)
            static_cast<void>(to_string(column->value(row), column->type()));
    }
}

void decode(formats::RowDecoder& decoder, const Schema& schema, std::string_view record) {
    auto builders = builders_of(schema);
    const bool taken = decoder.decode(record, Seq(1), builders).has_value();
    check_sizes(builders, taken ? 1 : 0);
}

void csv(std::string_view record, bool other) {
    const Schema schema = {{{"i", DataType::integer()},
                            {"s", DataType::string()},
                            {"d", DataType::decimal(10, 2)},
                            {"f", DataType::double_type()},
                            {"b", DataType::boolean()},
                            {"ts", DataType::timestamp(3)},
                            {"day", DataType::date()},
                            {"x", DataType::bytes()},
                            {"list", DataType::array(DataType::bigint())}}};
    formats::CsvOptions options;
    if (other) {
        options = {.delimiter = '|', .quote = '\'', .escape = '\\', .array_delimiter = "::"};
        options.null_literal = "n/a";
        options.allow_comments = options.ignore_parse_errors = true;
    }
    const auto decoder =
        formats::csv_decoder(schema, std::vector<bool>(schema.fields.size(), true), std::move(options));
    MR_CHECK(decoder.has_value(), "{}", decoder.error().message);
    decode(**decoder, schema, record);
}

void raw(std::string_view record) {
    for (const DataType& type : {DataType::string(), DataType::bytes(), DataType::boolean(),
                                 DataType::integer(), DataType::double_type()}) {
        const Schema schema = {{{"v", type}}};
        for (const auto charset : {formats::Charset::utf_8, formats::Charset::us_ascii})
            decode(*formats::raw_decoder(schema, {.charset = charset}), schema, record);
    }
}

void debezium(std::string_view record, bool under_payload) {
    const Schema schema = {{{"id", DataType::integer()},
                            {"name", DataType::string()},
                            {"tags", DataType::map(DataType::string(), DataType::string())}}};
    formats::DebeziumDecoder decoder(schema, {}, under_payload);
    // Twice, with what the first one left behind.
    for (int i = 0; i < 2; ++i) {
        auto builders = builders_of(schema);
        const auto change = decoder.decode(record, builders);
        check_sizes(builders, !change ? 0 : *change == formats::DebeziumChange::update ? 2 : 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view record(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0]) {
        case 'c':
        case 'C':
            csv(record, data[0] == 'C');
            break;
        case 'r':
            raw(record);
            break;
        case 'd':
        case 'D':
            debezium(record, data[0] == 'D');
            break;
        default:
            break;
    }
    return 0;
}
