#include "wire/batch_filter.h"

#include <algorithm>

#include "base/check.h"

namespace mr::wire {
namespace {

constexpr std::int16_t kDeleteHorizonBit = 0x40;

}  // namespace

std::optional<TimestampMs> delete_horizon_of(const BatchHeader& header) {
    if (!header.has_delete_horizon()) return std::nullopt;
    return header.base_timestamp;
}

Result<std::string> stamp_delete_horizon(std::string_view batch, TimestampMs delete_horizon) {
    MR_TRY(auto reader, RecordReader::open(batch));
    const BatchHeader header = reader.header();
    MR_CHECK(header.is_control(), "data batch at {}", header.base_offset);
    BatchHeader stamped = header;
    stamped.base_timestamp = delete_horizon;
    stamped.attributes = static_cast<std::int16_t>(header.attributes | kDeleteHorizonBit);
    RecordsWriter out;
    Record record;
    while (reader.next(record)) {
        out.add(record.timestamp.value - delete_horizon.value, record.offset.value - header.base_offset.value,
                record.key, record.value, record.headers.size(),
                [&](auto&& write) { record.headers.each(write); });
    }
    MR_TRY_VOID(reader.status());
    return seal_batch(stamped, out);
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
    BatchHeader filtered = header;
    if (stamp) {
        filtered.base_timestamp = *delete_horizon;
        filtered.attributes = static_cast<std::int16_t>(header.attributes | kDeleteHorizonBit);
    } else if (!tombstones && header.has_delete_horizon()) {
        filtered.attributes = static_cast<std::int16_t>(header.attributes & ~kDeleteHorizonBit);
    }
    RecordsWriter out;
    TimestampMs max_timestamp{kNoTimestamp};
    MR_TRY(auto second, RecordReader::open(batch));
    for (std::size_t i = 0; second.next(record); ++i) {
        if (!kept[i]) continue;
        max_timestamp = std::max(max_timestamp, record.timestamp);
        out.add(record.timestamp.value - filtered.base_timestamp.value,
                record.offset.value - header.base_offset.value, record.key, record.value,
                record.headers.size(), [&](auto&& write) { record.headers.each(write); });
    }
    MR_TRY_VOID(second.status());
    // With LogAppendTime the largest timestamp is the records' own: it stays while there are any.
    const bool appended = header.timestamp_type() == TimestampType::log_append_time && out.count() > 0;
    if (!appended) filtered.max_timestamp = max_timestamp;
    result.bytes = seal_batch(filtered, out);
    return result;
}

}  // namespace mr::wire
