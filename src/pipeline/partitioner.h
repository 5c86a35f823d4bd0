// Which partition a record goes to: Java's default partitioner for keys (murmur2, seed 0x9747b28c), so that a
// topic written by us and one written by a Java or librdkafka client agree; without a key, by turns. Thread:
// any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"

namespace mr::pipeline {

/// REQUIRES: partitions > 0.
PartitionId choose_partition(std::optional<std::string_view> key, std::uint64_t turn,
                             std::int32_t partitions);
std::uint32_t murmur2(std::string_view bytes);

}  // namespace mr::pipeline
