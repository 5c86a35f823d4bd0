// Avro records: `avro` (bare data of one schema) and `avro-confluent` (a zero byte, the schema's id, the
// data). Format: docs/formats/confluent-avro.md. Thread: one each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "formats/avro/schema.h"
#include "formats/row_format.h"
#include "formats/schema_source.h"

namespace mr::formats::avro {

using DocumentPtr = std::shared_ptr<const Document>;

/// Data of `writer`, without a frame.
Result<std::unique_ptr<RowDecoder>> bare_decoder(const mr::Schema& columns, const DocumentPtr& writer);

/// Data of whatever schema the id says, read as `reader` if there is one.
Result<std::unique_ptr<RowDecoder>> confluent_decoder(const mr::Schema& columns, SchemaSource& schemas,
                                                      DocumentPtr reader);

/// Data of `schema`; with an id, Confluent's frame around them. invalid_argument where a column does not fit
/// the schema, or a field of it has neither a column nor a default.
Result<std::unique_ptr<RowEncoder>> encoder(const mr::Schema& columns, const DocumentPtr& schema,
                                            std::optional<std::int32_t> id);

}  // namespace mr::formats::avro
