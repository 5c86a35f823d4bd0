// Record batches as a client may send them. The CRC is made right first, so that what lies behind it is
// reached. Invariants: no crash, bounded decompression; what validates reads the same number of records
// again.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/crc32c.h"
#include "wire/record.h"
#include "wire/record_batch.h"

namespace {

namespace wire = mr::wire;
constexpr std::size_t kDecompressedMax = 1U << 20;

void try_batch(const std::string& bytes) {
    const auto facts = wire::validate_batch(
        bytes, {.batch_bytes_max = 1U << 20, .decompressed_bytes_max = kDecompressedMax});
    auto reader = wire::RecordReader::open(bytes, kDecompressedMax);
    int records = 0;
    if (reader) {
        wire::Record record;
        std::size_t bytes_seen = 0;
        while (reader->next(record)) {
            ++records;
            bytes_seen += record.key.value_or("").size() + record.value.value_or("").size();
            record.headers.each([&](const wire::RecordHeader& h) { bytes_seen += h.key.size(); });
        }
        MR_CHECK(bytes_seen <= kDecompressedMax + bytes.size(), "{}", bytes_seen);
    }
    if (facts) MR_CHECK(records == facts->header.record_count, "{}", records);
    std::string_view rest = bytes;
    while (true) {
        const auto next = wire::next_batch(rest);
        if (!next || !*next) break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string input(reinterpret_cast<const char*>(data), size);
    try_batch(input);
    if (size < wire::kBatchHeaderBytes) return 0;
    mr::ByteWriter(input, mr::Endian::big)
        .patch(8, static_cast<std::int32_t>(size - wire::kBatchLogOverhead));
    mr::ByteWriter(input, mr::Endian::big)
        .patch(wire::kBatchCrcAt, mr::crc32c(std::string_view(input).substr(wire::kBatchAttributesAt)));
    try_batch(input);
    return 0;
}
