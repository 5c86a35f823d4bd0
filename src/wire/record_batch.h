// Record batches v2: Kafka's unit of storage and transfer, as pure functions on bytes.
// Format: docs/formats/record-batch.md
//
// A batch is stored and sent on as the producer made it (compressed ones stay compressed). The first 21 bytes
// (base offset, length, leader epoch, magic, crc) lie outside the CRC, which covers everything from
// `attributes` to the end: base offset and leader epoch may be patched in place without touching the rest.
//
// Invariants of a batch that passed validate_batch():
//   1. it is one batch, exactly as long as it says, magic 2, CRC correct;
//   2. record count = last offset delta + 1 >= 1, and record i has offset delta i;
//   3. every record parses, decompressed size within the bound, and nothing is left over.
// Batches read back from a compacted log keep 1 and 3 only: their offsets may have gaps.
// Thread: any; nothing here holds state beyond its object.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/compression.h"

namespace mr::wire {

inline constexpr std::size_t kBatchHeaderBytes = 61;
/// Base offset and length: what `batch_length` does not count.
inline constexpr std::size_t kBatchLogOverhead = 12;
inline constexpr std::size_t kBatchCrcAt = 17;
/// Where the bytes covered by the CRC begin.
inline constexpr std::size_t kBatchAttributesAt = 21;
/// What one batch may decompress to. 64 MiB: 64 times the default largest batch (1 MiB), so real data of any
/// ratio passes, and a loop thread that validates holds at most this much for a moment.
inline constexpr std::size_t kBatchDecompressedMax = 64U << 20;

inline constexpr std::int64_t kNoProducerId = -1;
inline constexpr std::int64_t kNoTimestamp = -1;

enum class TimestampType : std::uint8_t { create_time = 0, log_append_time = 1 };

/// The 61 bytes before the records.
struct BatchHeader {
    Offset base_offset{};
    std::int32_t batch_length = 0;  ///< bytes after this field
    LeaderEpoch leader_epoch{};
    std::int8_t magic = 2;
    std::uint32_t crc = 0;
    std::int16_t attributes = 0;
    std::int32_t last_offset_delta = 0;
    TimestampMs base_timestamp{};
    TimestampMs max_timestamp{};
    std::int64_t producer_id = kNoProducerId;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::int32_t record_count = 0;

    [[nodiscard]] std::size_t total_bytes() const {
        return kBatchLogOverhead + static_cast<std::size_t>(batch_length);
    }
    [[nodiscard]] Offset last_offset() const { return base_offset.plus(last_offset_delta); }
    /// The offset after the last one this batch occupies.
    [[nodiscard]] Offset next_offset() const { return last_offset().next(); }
    /// Only values 0-4 after decode_batch_header().
    [[nodiscard]] Compression compression() const { return static_cast<Compression>(attributes & 0x07); }
    [[nodiscard]] TimestampType timestamp_type() const {
        return (attributes & 0x08) != 0 ? TimestampType::log_append_time : TimestampType::create_time;
    }
    [[nodiscard]] bool is_transactional() const { return (attributes & 0x10) != 0; }
    /// Markers of transactions; never from clients.
    [[nodiscard]] bool is_control() const { return (attributes & 0x20) != 0; }
    [[nodiscard]] bool has_delete_horizon() const { return (attributes & 0x40) != 0; }
    [[nodiscard]] bool is_idempotent() const { return producer_id >= 0; }
    /// Sequence of the last record; sequences wrap from 2^31-1 to 0.
    [[nodiscard]] std::int32_t last_sequence() const;
};

/// Reads the header only: no CRC, no records. corrupt when the bytes are shorter than the batch says, or its
/// length, counts or magic are impossible; unsupported for an unknown compression. Bytes after the batch are
/// allowed (a fetch holds several).
Result<BatchHeader> decode_batch_header(std::string_view bytes);
/// The same where only `head`, the first kBatchHeaderBytes of `available` bytes, is at hand.
Result<BatchHeader> decode_batch_head(std::string_view head, std::size_t available);

/// Whether the stored CRC fits the bytes. REQUIRES: decode_batch_header(bytes) succeeded.
[[nodiscard]] bool batch_crc_ok(std::string_view bytes, const BatchHeader& header);

struct ValidateOptions {
    std::size_t batch_bytes_max = 1U << 20;  ///< the topic's max.message.bytes, of the batch as sent
    std::size_t decompressed_bytes_max = kBatchDecompressedMax;
};

/// What validation learned by looking at every record.
struct BatchFacts {
    BatchHeader header;
    TimestampMs max_timestamp{};           ///< over the records, whatever the header says
    std::int32_t max_timestamp_delta = 0;  ///< offset delta of the first record that has it
    std::size_t records_bytes = 0;         ///< decompressed
    /// Offset delta of the first record without a key (a compacted topic refuses it); -1: all have one.
    std::int32_t keyless_delta = -1;
};

/// Everything a broker must know about one produced batch before it may enter a log (invariants 1-3).
///   corrupt             length, magic byte, CRC, undecodable records     -> CORRUPT_MESSAGE
///   resource_exhausted  larger than batch_bytes_max                      -> MESSAGE_TOO_LARGE
///   invalid_argument    well-formed but not allowed: several batches, control batch, counts or offset deltas
///                       that do not fit                   -> INVALID_RECORD
///   unsupported         unknown compression                              -> UNSUPPORTED_COMPRESSION_TYPE
Result<BatchFacts> validate_batch(std::string_view bytes, const ValidateOptions& options);

/// Writes base offset and leader epoch into the batch at `bytes`. The CRC does not cover them.
/// REQUIRES: bytes.size() >= kBatchHeaderBytes.
void patch_batch(std::span<char> bytes, Offset base_offset, LeaderEpoch leader_epoch);

/// Turns a batch into LogAppendTime: sets the attribute bit and the maximum timestamp, computes a new CRC.
/// REQUIRES: `bytes` is one whole batch.
void set_log_append_time(std::span<char> bytes, TimestampMs now);

/// Cuts the first batch off `rest` (several batches one after the other). nullopt when `rest` is empty or
/// ends in an incomplete batch, which a fetch may do; corrupt when what is there cannot be a batch.
Result<std::optional<std::string_view>> next_batch(std::string_view& rest);

}  // namespace mr::wire
