#include "wire/batch_writer.h"

#include "base/check.h"
#include "base/crc32c.h"

namespace mr::wire {

std::string seal_batch(const BatchHeader& header, const RecordsWriter& records) {
    std::string batch;
    batch.reserve(kBatchHeaderBytes + records.bytes().size());
    ByteWriter out(batch, Endian::big);
    out.i64(header.base_offset.value);
    out.i32(0);  // length, patched below
    out.i32(header.leader_epoch.value);
    out.i8(header.magic);
    out.u32(0);  // crc, patched below
    out.i16(header.attributes);
    out.i32(header.last_offset_delta);
    out.i64(header.base_timestamp.value);
    out.i64(header.max_timestamp.value);
    out.i64(header.producer_id);
    out.i16(header.producer_epoch);
    out.i32(header.base_sequence);
    out.i32(records.count());
    // An empty batch has no compressed form: nothing follows its header.
    if (records.count() > 0) {
        const Status compressed = compress(header.compression(), records.bytes(), batch);
        MR_CHECK(compressed.has_value(), "{}", compressed.error().message);
    }
    out.patch(8, static_cast<std::int32_t>(batch.size() - kBatchLogOverhead));
    out.patch(kBatchCrcAt, crc32c(std::string_view(batch).substr(kBatchAttributesAt)));
    return batch;
}

}  // namespace mr::wire
