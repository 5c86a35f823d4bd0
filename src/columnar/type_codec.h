// Types and schemas as bytes, for entries and snapshots that must be readable without the SQL they came from.
// Format: docs/formats/state-keys.md, "Types". Thread: any.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "columnar/type.h"

namespace mr {

void append_type(ByteWriter& out, const DataType& type);
/// Bounded nesting: hostile bytes cannot recurse without end.
Result<DataType> read_type(ByteReader& reader);
void append_schema(ByteWriter& out, const Schema& schema);
Result<Schema> read_schema(ByteReader& reader);

}  // namespace mr
