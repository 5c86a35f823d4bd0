#include "formats/debezium_decoder.h"

#include <fmt/format.h>

#include <string>

namespace mr::formats {
namespace {

void append_row(const ColumnPtr& row, std::span<ColumnBuilder> builders) {
    for (std::size_t i = 0; i < builders.size(); ++i) builders[i].append_from(*row->child(i), 0);
}

std::unexpected<Error> lacks(std::string_view what, std::string_view op) {
    return fail(Code::invalid_argument, "the '{}' field of an event with op \"{}\" is null{}", what, op,
                what == "before" ? "; with PostgreSQL, set the table's REPLICA IDENTITY to FULL" : "");
}

}  // namespace

Schema DebeziumDecoder::event_schema(const Schema& schema, bool schema_include) {
    const std::vector<Field> event = {{"before", DataType::row(schema.fields)},
                                      {"after", DataType::row(schema.fields)},
                                      {"op", DataType::string()}};
    if (!schema_include) return {event};
    return {{{"payload", DataType::row(event)}}};
}

DebeziumDecoder::DebeziumDecoder(const Schema& schema, JsonOptions options, bool schema_include)
    : json_(event_schema(schema, schema_include), options), schema_include_(schema_include) {
    for (const Field& f : event_schema(schema, schema_include).fields) event_.emplace_back(f.type);
}

Result<DebeziumChange> DebeziumDecoder::decode(std::string_view record, std::span<ColumnBuilder> builders) {
    MR_TRY_VOID(json_.decode(record, event_));
    std::vector<ColumnPtr> parts;
    for (ColumnBuilder& b : event_) parts.push_back(b.finish());
    if (schema_include_) {
        const ColumnPtr payload = parts[0];
        if (payload->is_null(0))
            return fail(Code::invalid_argument,
                        "no 'payload': is debezium-json.schema-include meant to be 'false'?");
        parts = {payload->child(0), payload->child(1), payload->child(2)};
    }
    const ColumnPtr &before = parts[0], &after = parts[1];
    const std::string op(parts[2]->is_null(0) ? std::string_view() : parts[2]->text(0));
    const bool insert = op == "c" || op == "r", update = op == "u", remove = op == "d";
    if (!insert && !update && !remove) {
        return fail(
            Code::invalid_argument, "unknown \"op\" value \"{}\": an event of Debezium has c, r, u or d{}",
            op.substr(0, 20),
            op.empty() && !schema_include_ ? " (is debezium-json.schema-include meant to be 'true'?)" : "");
    }
    if ((update || remove) && before->is_null(0)) return lacks("before", op);
    if ((update || insert) && after->is_null(0)) return lacks("after", op);
    if (update || remove) append_row(before, builders);
    if (update || insert) append_row(after, builders);
    return insert ? DebeziumChange::insert : update ? DebeziumChange::update : DebeziumChange::remove;
}

}  // namespace mr::formats
