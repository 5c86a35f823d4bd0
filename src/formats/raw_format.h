// Flink's `raw` format: a record is one value and nothing else. STRING in `charset`, BYTES as they are,
// BOOLEAN and numbers in their width and byte order. NULL is a record without value. Thread: one each.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "columnar/type.h"
#include "formats/row_format.h"

namespace mr::formats {

enum class Charset : std::uint8_t { utf_8, us_ascii, iso_8859_1 };

struct RawOptions {
    Charset charset = Charset::utf_8;  ///< raw.charset
    Endian endian = Endian::big;       ///< raw.endianness
};

/// nullptr: the type has no raw form. One builder (or none: the bytes are only looked at by nobody).
std::unique_ptr<RowDecoder> raw_decoder(const Schema& column, RawOptions options);
std::unique_ptr<RowEncoder> raw_encoder(const Schema& column, RawOptions options);

}  // namespace mr::formats
