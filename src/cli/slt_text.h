// Values as text, exactly as the oracle prints Flink's (tests/slt/record.py), so that recorded answers can be
// compared byte by byte: NULL is an empty field, the empty string "", TIMESTAMP_LTZ ends in Z (UTC), BYTES
// are hexadecimal, ARRAY [a;b], MAP {k=v;…} sorted, ROW (a;b); fields with commas, quotes or line ends are
// quoted as CSV. Thread: any.
#pragma once

#include <span>
#include <string>

#include "columnar/type.h"
#include "columnar/value.h"

namespace mr::cli {

std::string record_text(std::span<const Value> values, const Schema& schema);
/// "id BIGINT, price DECIMAL(10, 2)": without nullability and lengths of texts.
std::string types_text(const Schema& schema);

}  // namespace mr::cli
