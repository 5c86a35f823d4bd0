#include "wire/record.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace mr::wire {
namespace {

std::int64_t add_wrapping(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// varint length (-1: null), then the bytes.
std::optional<std::string_view> nullable_bytes(ByteReader& in) {
    const std::int64_t length = in.varint();
    if (length == -1) return std::nullopt;
    if (length < 0) in.set_bad();
    return in.raw(length < 0 ? 0 : static_cast<std::size_t>(length));
}

/// Walks the headers so that RecordHeaders can decode them later without checks.
RecordHeaders checked_headers(ByteReader& in) {
    const std::int64_t count = in.varint();
    // A header is at least two bytes: the two lengths.
    if (count < 0 || static_cast<std::uint64_t>(count) > in.remaining() / 2) {
        if (count != 0) in.set_bad();
        return {};
    }
    const std::string_view raw = in.rest();
    const std::size_t begin = in.position();
    for (std::int64_t i = 0; i < count; ++i) {
        if (!nullable_bytes(in)) in.set_bad();  // a header's key is never null
        nullable_bytes(in);
    }
    return {raw.substr(0, in.position() - begin), static_cast<std::uint32_t>(count)};
}

}  // namespace

RecordHeader RecordHeaders::decode_one(ByteReader& in) {
    RecordHeader header;
    header.key = nullable_bytes(in).value_or(std::string_view());
    header.value = nullable_bytes(in);
    return header;
}

std::optional<std::optional<std::string_view>> RecordHeaders::find(std::string_view key) const {
    std::optional<std::optional<std::string_view>> found;
    each([&](const RecordHeader& header) {
        if (header.key == key) found = header.value;
    });
    return found;
}

Result<RecordReader> RecordReader::open(std::string_view batch, std::size_t decompressed_bytes_max) {
    MR_TRY(const BatchHeader header, decode_batch_header(batch));
    const std::string_view body = batch.substr(kBatchHeaderBytes, header.total_bytes() - kBatchHeaderBytes);
    if (header.compression() == Compression::none) return RecordReader(header, body, {});
    if (header.record_count == 0 && body.empty()) return RecordReader(header, body, {});
    std::string records;
    MR_TRY_VOID(decompress(header.compression(), body, decompressed_bytes_max, records));
    SharedBytes buffer(std::move(records));
    const std::string_view view = buffer.view();
    return RecordReader(header, view, std::move(buffer));
}

bool RecordReader::broken(std::string_view why) {
    status_ = fail(Code::corrupt, "record {} of {} in the batch at offset {}: {}", seen_,
                   header_.record_count, header_.base_offset, why);
    return false;
}

bool RecordReader::next(Record& out) {
    if (!status_) return false;
    if (seen_ >= header_.record_count) {
        return in_.at_end() ? false : broken("bytes left over after the last record");
    }
    const std::int64_t length = in_.varint();
    if (in_.bad() || length < 0 || static_cast<std::uint64_t>(length) > in_.remaining()) {
        return broken("truncated");
    }
    ByteReader record(in_.raw(static_cast<std::size_t>(length)), Endian::big);
    record.i8();  // attributes of a record: none defined
    const std::int64_t timestamp_delta = record.varint();
    const std::int64_t offset_delta = record.varint();
    out.key = nullable_bytes(record);
    out.value = nullable_bytes(record);
    out.headers = checked_headers(record);
    if (record.bad() || !record.at_end()) return broken("malformed");
    if (offset_delta < 0 || offset_delta > header_.last_offset_delta) {
        return broken("offset outside the batch");
    }
    out.offset = header_.base_offset.plus(offset_delta);
    out.timestamp = header_.timestamp_type() == TimestampType::log_append_time
                        ? header_.max_timestamp
                        : TimestampMs(add_wrapping(header_.base_timestamp.value, timestamp_delta));
    ++seen_;
    return true;
}

void BatchBuilder::add(TimestampMs timestamp, std::optional<std::string_view> key,
                       std::optional<std::string_view> value, std::span<const RecordHeader> headers) {
    if (empty()) base_timestamp_ = max_timestamp_ = timestamp;
    max_timestamp_ = std::max(max_timestamp_, timestamp);
    records_.add(add_wrapping(timestamp.value, -base_timestamp_.value), count(), key, value, headers.size(),
                 [&](auto&& write) { std::ranges::for_each(headers, write); });
}

std::string BatchBuilder::finish() {
    MR_CHECK(!empty(), "a batch without records");
    const int attributes = static_cast<int>(options_.compression) | (options_.transactional ? 0x10 : 0) |
                           (options_.control ? 0x20 : 0);
    std::string batch = seal_batch({.base_offset = options_.base_offset,
                                    .leader_epoch = options_.leader_epoch,
                                    .attributes = static_cast<std::int16_t>(attributes),
                                    .last_offset_delta = count() - 1,
                                    .base_timestamp = base_timestamp_,
                                    .max_timestamp = max_timestamp_,
                                    .producer_id = options_.producer_id,
                                    .producer_epoch = options_.producer_epoch,
                                    .base_sequence = options_.base_sequence},
                                   records_);
    records_.clear();
    return batch;
}

}  // namespace mr::wire
