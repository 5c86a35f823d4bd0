// Avro's logical types, taken from the attributes of a schema. As the specification asks, one that does not
// fit its base type (a decimal of more digits than its fixed holds, a date on a long) is as if it were not
// there. Thread: any.
#pragma once

#include <cstdint>

#include "formats/avro/schema.h"

namespace mr::formats::avro {

enum class Logical : std::uint8_t {
    none,
    decimal,
    date,
    time_millis,
    time_micros,
    timestamp,        ///< an instant
    local_timestamp,  ///< a wall clock
    uuid,
};

struct LogicalType {
    Logical kind = Logical::none;
    int precision = 0;                ///< decimal
    int scale = 0;                    ///< decimal
    std::int64_t units_a_second = 0;  ///< timestamps
};

LogicalType logical_type(const Schema& schema);

}  // namespace mr::formats::avro
