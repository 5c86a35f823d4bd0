// SQL values as JSON, the one rendering of HTTP answers, WebSocket frames and SQL results:
//
//   BOOLEAN true/false · integers and DECIMAL numbers with all their digits · FLOAT, DOUBLE shortest exact
//   form, NaN and infinities null · STRING text (bytes that are not UTF-8 become U+FFFD) · BYTES base64 ·
//   DATE "2026-11-22" · TIME "19:00:00.000" · TIMESTAMP and TIMESTAMP_LTZ "2026-11-22T19:00:00.000Z" (3, 6 or
//   9 fractional digits by precision) · INTERVAL a number of months or milliseconds · ARRAY array · ROW
//   object · MAP object, its keys as CAST(… AS STRING) gives them · NULL null
// Thread: any.
#pragma once

#include <string>

#include "columnar/type.h"
#include "columnar/value.h"

namespace mr {

void append_json_value(std::string& out, const DataType& type, const Value& value);

}  // namespace mr
