// The four compressions of Kafka's record batches, as pure functions on bytes.
//
//   gzip    RFC 1952, one or more members
//   snappy  written in xerial's framing (magic, version, compat, then [int32 length, raw snappy block]*), as
//           Java clients do; read framed or raw (librdkafka and Go clients write raw)
//   lz4     LZ4 frame format
//   zstd    one or more zstd frames, window at most 128 MiB
//
// Decompression never produces more than `bytes_max` bytes, whatever the input claims (decompression bombs),
// and allocates in proportion to what was really produced. Thread: any.
// Format: docs/formats/record-batch.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mr::wire {

/// Bits 0-2 of a batch's attributes.
enum class Compression : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

std::string_view to_string(Compression compression);
/// "none", "gzip", "snappy", "lz4", "zstd"; invalid_argument otherwise.
Result<Compression> parse_compression(std::string_view name);

/// Appends the compressed form of `bytes` to `out`. Levels are the libraries' defaults (zstd 3, gzip 6).
Status compress(Compression compression, std::string_view bytes, std::string& out);

/// Appends the decompressed form to `out`. corrupt when the bytes are not what they claim, resource_exhausted
/// when they would grow beyond `bytes_max`.
Status decompress(Compression compression, std::string_view bytes, std::size_t bytes_max, std::string& out);

}  // namespace mr::wire
