// Committed offsets of one consumer group: an immutable value, replaced whole by each commit.
// Thread: any (immutable).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/uuid.h"

namespace mr::broker {

struct CommittedOffset {
    Offset offset;
    LeaderEpoch leader_epoch{-1};
    std::string metadata;  ///< comes back byte for byte
    TimestampMs committed_at;
};

struct GroupOffsets {
    std::map<std::pair<Uuid, PartitionId>, CommittedOffset> offsets;
    /// Partitions with offsets in transactions that are still open, and in how many.
    std::map<std::pair<Uuid, PartitionId>, std::uint32_t> pending;
    TimestampMs last_commit;

    [[nodiscard]] bool empty() const { return offsets.empty() && pending.empty(); }
    /// The committed offset is about to change (KIP-447).
    [[nodiscard]] bool unstable(const Uuid& topic, PartitionId partition) const {
        return pending.contains({topic, partition});
    }
    /// nullptr when nothing is committed there.
    [[nodiscard]] const CommittedOffset* find(const Uuid& topic, PartitionId partition) const {
        const auto it = offsets.find({topic, partition});
        return it == offsets.end() ? nullptr : &it->second;
    }
};

}  // namespace mr::broker
