#include "wire/record_batch.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/crc32c.h"
#include "wire/record.h"

namespace mr::wire {
namespace {

constexpr std::size_t kMagicAt = 16;
constexpr std::size_t kMaxTimestampAt = 35;
/// batch_length of a batch without records.
constexpr std::int32_t kBatchLengthMin = static_cast<std::int32_t>(kBatchHeaderBytes - kBatchLogOverhead);

Status check_header(const BatchHeader& h) {
    if (h.last_offset_delta < 0 || h.record_count < 0) {
        return fail(Code::corrupt, "record batch: last offset delta {} or record count {} is negative",
                    h.last_offset_delta, h.record_count);
    }
    if (static_cast<std::int64_t>(h.record_count) > static_cast<std::int64_t>(h.last_offset_delta) + 1) {
        return fail(Code::corrupt, "record batch: {} records cannot lie in offset deltas 0 to {}",
                    h.record_count, h.last_offset_delta);
    }
    if ((h.attributes & 0x07) > static_cast<int>(Compression::zstd)) {
        return fail(Code::unsupported, "record batch: unknown compression {}", h.attributes & 0x07);
    }
    return {};
}

/// What a client may not send although it is a well-formed batch.
Status check_produced(const BatchHeader& h) {
    if (h.is_control()) {
        return fail(Code::invalid_argument, "record batch: clients must not send control batches");
    }
    if (h.record_count == 0) return fail(Code::invalid_argument, "record batch: without records");
    if (h.record_count - 1 != h.last_offset_delta) {
        return fail(Code::invalid_argument, "record batch: {} records but a last offset delta of {}",
                    h.record_count, h.last_offset_delta);
    }
    if (h.is_idempotent() && (h.base_sequence < 0 || h.producer_epoch < 0)) {
        return fail(Code::invalid_argument,
                    "record batch: producer id {} needs an epoch and a sequence, not {} and {}",
                    h.producer_id, h.producer_epoch, h.base_sequence);
    }
    if (h.is_transactional() && !h.is_idempotent()) {
        return fail(Code::invalid_argument, "record batch: transactional without a producer id");
    }
    return {};
}

Result<BatchFacts> check_records(std::string_view batch, const ValidateOptions& options) {
    MR_TRY(RecordReader reader, RecordReader::open(batch, options.decompressed_bytes_max));
    BatchFacts facts{.header = reader.header(),
                     .max_timestamp = TimestampMs(std::numeric_limits<std::int64_t>::min()),
                     .max_timestamp_delta = 0,
                     .records_bytes = reader.records_bytes(),
                     .keyless_delta = -1};
    Record record;
    std::int32_t index = 0;
    while (reader.next(record)) {
        if (record.offset.value - facts.header.base_offset.value != index) {
            return fail(Code::invalid_argument, "record batch: record {} has offset delta {}", index,
                        record.offset.value - facts.header.base_offset.value);
        }
        if (!record.key && facts.keyless_delta < 0) facts.keyless_delta = index;
        if (record.timestamp > facts.max_timestamp) {
            facts.max_timestamp = record.timestamp;
            facts.max_timestamp_delta = index;
        }
        ++index;
    }
    if (!reader.status()) return std::unexpected(reader.status().error());
    return facts;
}

}  // namespace

std::int32_t BatchHeader::last_sequence() const {
    if (base_sequence < 0) return base_sequence;
    const std::int64_t last = static_cast<std::int64_t>(base_sequence) + last_offset_delta;
    return static_cast<std::int32_t>(last & std::numeric_limits<std::int32_t>::max());
}

Result<BatchHeader> decode_batch_header(std::string_view bytes) {
    return decode_batch_head(bytes, bytes.size());
}

Result<BatchHeader> decode_batch_head(std::string_view bytes, std::size_t available) {
    // The magic byte sits at the same place in all message formats, so that an old one can be named.
    if (bytes.size() > kMagicAt && bytes[kMagicAt] >= 0 && bytes[kMagicAt] < 2) {
        return fail(Code::invalid_argument,
                    "message format v{} is not supported: only record batches v2 (Kafka 0.11 and later)",
                    static_cast<int>(bytes[kMagicAt]));
    }
    ByteReader in(bytes, Endian::big);
    BatchHeader h;
    h.base_offset = Offset(in.i64());
    h.batch_length = in.i32();
    h.leader_epoch = LeaderEpoch(in.i32());
    h.magic = in.i8();
    h.crc = in.u32();
    h.attributes = in.i16();
    h.last_offset_delta = in.i32();
    h.base_timestamp = TimestampMs(in.i64());
    h.max_timestamp = TimestampMs(in.i64());
    h.producer_id = in.i64();
    h.producer_epoch = in.i16();
    h.base_sequence = in.i32();
    h.record_count = in.i32();
    MR_TRY_VOID(in.status("record batch header"));
    if (h.magic != 2) return fail(Code::corrupt, "record batch: magic {} instead of 2", h.magic);
    if (h.batch_length < kBatchLengthMin || h.total_bytes() > available) {
        return fail(Code::corrupt, "record batch: length {} does not fit the {} bytes there", h.batch_length,
                    available);
    }
    MR_TRY_VOID(check_header(h));
    return h;
}

bool batch_crc_ok(std::string_view bytes, const BatchHeader& header) {
    return crc32c(bytes.substr(kBatchAttributesAt, header.total_bytes() - kBatchAttributesAt)) == header.crc;
}

Result<BatchFacts> validate_batch(std::string_view bytes, const ValidateOptions& options) {
    if (bytes.empty()) return fail(Code::invalid_argument, "record batch: empty");
    MR_TRY(const BatchHeader header, decode_batch_header(bytes));
    if (header.total_bytes() > options.batch_bytes_max) {
        return fail(Code::resource_exhausted,
                    "record batch of {} bytes is larger than the topic's max.message.bytes {}",
                    header.total_bytes(), options.batch_bytes_max);
    }
    if (header.total_bytes() != bytes.size()) {
        return fail(Code::invalid_argument,
                    "a produced partition must hold exactly one record batch: {} bytes after the first",
                    bytes.size() - header.total_bytes());
    }
    if (!batch_crc_ok(bytes, header)) {
        return fail(Code::corrupt, "record batch: CRC32C does not match the bytes (stored {:08x})",
                    header.crc);
    }
    MR_TRY_VOID(check_produced(header));
    return check_records(bytes, options);
}

void patch_batch(std::span<char> bytes, Offset base_offset, LeaderEpoch leader_epoch) {
    MR_CHECK(bytes.size() >= kBatchHeaderBytes, "{} bytes", bytes.size());
    mr::internal::store(bytes.data(), base_offset.value, Endian::big);
    mr::internal::store(bytes.data() + kBatchLogOverhead, leader_epoch.value, Endian::big);
}

void set_log_append_time(std::span<char> bytes, TimestampMs now) {
    MR_CHECK(bytes.size() >= kBatchHeaderBytes, "{} bytes", bytes.size());
    char* const data = bytes.data();
    const auto attributes = mr::internal::load<std::int16_t>(data + kBatchAttributesAt, Endian::big);
    mr::internal::store(data + kBatchAttributesAt, static_cast<std::int16_t>(attributes | 0x08), Endian::big);
    mr::internal::store(data + kMaxTimestampAt, now.value, Endian::big);
    const std::uint32_t crc =
        crc32c(std::string_view(data + kBatchAttributesAt, bytes.size() - kBatchAttributesAt));
    mr::internal::store(data + kBatchCrcAt, crc, Endian::big);
}

Result<std::optional<std::string_view>> next_batch(std::string_view& rest) {
    if (rest.size() < kBatchLogOverhead) {
        rest = {};
        return std::nullopt;
    }
    const auto length = mr::internal::load<std::int32_t>(rest.data() + 8, Endian::big);
    if (length < kBatchLengthMin) {
        return fail(Code::corrupt, "record batch: length {} is shorter than a header", length);
    }
    const std::size_t total = kBatchLogOverhead + static_cast<std::size_t>(length);
    if (total > rest.size()) {
        rest = {};
        return std::nullopt;
    }
    const std::string_view batch = rest.substr(0, total);
    rest.remove_prefix(total);
    return batch;
}

}  // namespace mr::wire
