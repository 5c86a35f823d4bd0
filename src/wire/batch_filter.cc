#include "wire/batch_filter.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace mr::wire {
namespace {

constexpr std::int16_t kDeleteHorizonBit = 0x40;

/// Records of one batch under way to a new one.
class Rewriter {
  public:
    Rewriter(const BatchHeader& from, TimestampMs base) : from_(from), base_(base) {}

    void add(const Record& record) {
        const TimestampMs timestamp = record.timestamp;
        max_timestamp_ = std::max(max_timestamp_, timestamp);
        body_.clear();
        ByteWriter out(body_, Endian::big);
        out.i8(0);
        out.varint(timestamp.value - base_.value);
        out.varint(record.offset.value - from_.base_offset.value);
        write_nullable(out, record.key);
        write_nullable(out, record.value);
        out.varint(static_cast<std::int64_t>(record.headers.size()));
        record.headers.each([&](const RecordHeader& header) {
            write_nullable(out, header.key);
            write_nullable(out, header.value);
        });
        ByteWriter records(records_, Endian::big);
        records.varint(static_cast<std::int64_t>(body_.size()));
        records.raw(body_);
        ++count_;
    }

    std::string finish(std::int16_t attributes) {
        std::string batch;
        ByteWriter out(batch, Endian::big);
        out.i64(from_.base_offset.value);
        out.i32(0);  // length, patched below
        out.i32(from_.leader_epoch.value);
        out.i8(2);
        out.u32(0);  // crc, patched below
        out.i16(attributes);
        out.i32(from_.last_offset_delta);
        out.i64(base_.value);
        const bool stamped = from_.timestamp_type() == TimestampType::log_append_time;
        out.i64(count_ == 0 ? kNoTimestamp : stamped ? from_.max_timestamp.value : max_timestamp_.value);
        out.i64(from_.producer_id);
        out.i16(from_.producer_epoch);
        out.i32(from_.base_sequence);
        out.i32(count_);
        if (count_ > 0) {
            const Status compressed = compress(from_.compression(), records_, batch);
            MR_CHECK(compressed.has_value(), "{}", compressed.error().message);
        }
        out.patch(8, static_cast<std::int32_t>(batch.size() - kBatchLogOverhead));
        out.patch(kBatchCrcAt, crc32c(std::string_view(batch).substr(kBatchAttributesAt)));
        return batch;
    }

  private:
    static void write_nullable(ByteWriter& out, std::optional<std::string_view> bytes) {
        if (!bytes) return out.varint(-1);
        out.varint(static_cast<std::int64_t>(bytes->size()));
        out.raw(*bytes);
    }

    const BatchHeader& from_;
    const TimestampMs base_;
    TimestampMs max_timestamp_{kNoTimestamp};
    std::string records_;
    std::string body_;
    std::int32_t count_ = 0;
};

}  // namespace

std::optional<TimestampMs> delete_horizon_of(const BatchHeader& header) {
    if (!header.has_delete_horizon()) return std::nullopt;
    return header.base_timestamp;
}

Result<FilteredBatch> filter_batch(std::string_view batch, const std::function<bool(const Record&)>& keep,
                                   std::optional<TimestampMs> delete_horizon) {
    // Twice over the records, rather than holding on to them: a batch may be large.
    MR_TRY(auto first, RecordReader::open(batch));
    const BatchHeader header = first.header();
    MR_CHECK(!header.is_control(), "control batch at {}", header.base_offset);
    FilteredBatch result;
    std::vector<bool> kept;
    kept.reserve(static_cast<std::size_t>(header.record_count));
    bool tombstones = false;
    Record record;
    while (first.next(record)) {
        kept.push_back(keep(record));
        result.kept += kept.back() ? 1 : 0;
        result.dropped += kept.back() ? 0 : 1;
        tombstones = tombstones || (kept.back() && !record.value);
    }
    MR_TRY_VOID(first.status());
    const bool stamp = tombstones && delete_horizon && !header.has_delete_horizon();
    if (result.dropped == 0 && !stamp) return result;
    auto attributes = header.attributes;
    TimestampMs base = header.base_timestamp;
    if (stamp) {
        base = *delete_horizon;
        attributes = static_cast<std::int16_t>(attributes | kDeleteHorizonBit);
    } else if (!tombstones && header.has_delete_horizon()) {
        attributes = static_cast<std::int16_t>(attributes & ~kDeleteHorizonBit);
    }
    Rewriter out(header, base);
    MR_TRY(auto second, RecordReader::open(batch));
    for (std::size_t i = 0; second.next(record); ++i) {
        if (kept[i]) out.add(record);
    }
    MR_TRY_VOID(second.status());
    result.bytes = out.finish(attributes);
    return result;
}

}  // namespace mr::wire
