#include "pipeline/partitioner.h"

#include "base/bytes.h"
#include "base/check.h"

namespace mr::pipeline {

std::uint32_t murmur2(std::string_view bytes) {
    constexpr std::uint32_t m = 0x5bd1e995;
    auto h = 0x9747b28cU ^ static_cast<std::uint32_t>(bytes.size());
    std::size_t i = 0;
    for (; i + 4 <= bytes.size(); i += 4) {
        auto k = internal::load<std::uint32_t>(bytes.data() + i, Endian::little);
        k *= m;
        k ^= k >> 24;
        k *= m;
        h *= m;
        h ^= k;
    }
    const std::size_t rest = bytes.size() - i;
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + at]));
    };
    if (rest >= 3) h ^= byte(2) << 16;
    if (rest >= 2) h ^= byte(1) << 8;
    if (rest >= 1) {
        h ^= byte(0);
        h *= m;
    }
    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;
    return h;
}

PartitionId choose_partition(std::optional<std::string_view> key, std::uint64_t turn,
                             std::int32_t partitions) {
    MR_CHECK(partitions > 0, "{} partitions", partitions);
    const auto count = static_cast<std::uint32_t>(partitions);
    if (!key) return PartitionId(static_cast<std::int32_t>(turn % count));
    return PartitionId(static_cast<std::int32_t>((murmur2(*key) & 0x7fffffffU) % count));
}

}  // namespace mr::pipeline
