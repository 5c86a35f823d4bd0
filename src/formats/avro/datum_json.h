// One Avro datum as JSON, for people: what `millrace topic tail` and the dashboard show of a record.
//
// As values read best, not as Avro's JSON encoding has it: a union is its value without the branch's name,
// decimals are numbers, dates and instants ISO-8601, bytes and fixed base64. The bytes are foreign: depth,
// counts and the size of the text are bounded. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/avro/schema.h"

namespace mr::formats::avro {

/// Larger texts are refused.
inline constexpr std::size_t kDatumJsonMax = 16U << 20;

/// corrupt when the bytes are no datum of that schema, or go on behind it.
Result<std::string> datum_json(const Schema& schema, std::string_view bytes);

}  // namespace mr::formats::avro
