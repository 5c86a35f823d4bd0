// Can data written with one Avro schema be read with another? Avro's schema resolution (specification 1.12,
// "Schema Resolution"), with the findings Apache Avro's and Confluent's checkers report. Thread: any.
#pragma once

#include <string>
#include <vector>

#include "formats/avro/schema.h"

namespace mr::formats::avro {

struct Incompatibility {
    std::string type;     ///< "READER_FIELD_MISSING_DEFAULT_VALUE", "TYPE_MISMATCH", …
    std::string path;     ///< "/fields/2/type"
    std::string message;  ///< what is missing
};

/// Empty when a reader with `reader` understands everything `writer` wrote.
std::vector<Incompatibility> check_can_read(const Schema& reader, const Schema& writer);

}  // namespace mr::formats::avro
