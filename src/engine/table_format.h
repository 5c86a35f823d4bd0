// Which format a table's records have, and with which options: the one place where 'format', 'key.format' and
// 'value.format' become decoders and encoders. The options are Flink's, prefixed with "key." or "value." or
// not. Every error names the table's place and the option. Thread: one each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/debezium_decoder.h"
#include "formats/fields_read.h"
#include "formats/row_format.h"
#include "formats/schema_source.h"
#include "plan/table.h"

namespace mr::engine {

enum class RecordPart : std::uint8_t { key, value };

/// Which physical columns a record's key and value hold, in order ('key.fields', 'key.fields-prefix',
/// 'value.fields-include'; an upsert table's key is its primary key).
struct RecordLayout {
    std::vector<int> key;    ///< table columns
    std::vector<int> value;  ///< table columns
    Schema key_schema;       ///< with the prefix taken off the names
    Schema value_schema;
    bool has_key = false;  ///< there is a key format and a column for it
};
Result<RecordLayout> record_layout(const plan::Table& table);

/// "json", "avro-confluent", …; empty: none is declared.
std::string_view format_name(const plan::Table& table, RecordPart part);

/// `schema` is all of the part; `wanted[i]`: field i has a builder, in order. `schemas` may be nullptr: then
/// formats with a registry are refused. `reads`, by builder: what of each is read; empty: everything.
Result<std::unique_ptr<formats::RowDecoder>> make_decoder(const plan::Table& table, RecordPart part,
                                                          const Schema& schema,
                                                          const std::vector<bool>& wanted,
                                                          formats::SchemaSource* schemas,
                                                          const std::vector<formats::FieldsRead>& reads = {});
/// For a table of format 'debezium-json', whose records are changes rather than rows.
bool has_changes(const plan::Table& table);
Result<std::unique_ptr<formats::DebeziumDecoder>> make_debezium_decoder(const plan::Table& table,
                                                                        const Schema& wanted);

/// May register a schema and wait until that is durable.
Result<std::unique_ptr<formats::RowEncoder>> make_encoder(const plan::Table& table, RecordPart part,
                                                          const Schema& schema,
                                                          formats::SchemaSource* schemas);

}  // namespace mr::engine
