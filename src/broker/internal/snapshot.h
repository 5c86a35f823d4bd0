// The broker's part of a checkpoint: state and segments as of a cut.
// Format: docs/formats/broker-entries.md, "Snapshot"
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/internal/segment.h"
#include "broker/internal/state.h"

namespace mr::broker::internal {

/// 3 added generation and clean offset to segments, and cluster settings; 4 the members of groups. 2 is still
/// read.
inline constexpr std::uint8_t kSnapshotVersion = 4;

void write_snapshot(const FrozenState& state,
                    const std::function<std::vector<SegmentInfo>(const PartitionLog&)>& segments_of,
                    std::string& out);

struct Snapshot {
    FrozenState state;  ///< without logs
    /// By topic, then partition.
    std::vector<std::vector<std::vector<SegmentInfo>>> segments;
};
Result<Snapshot> read_snapshot(std::string_view bytes, Seq through);

}  // namespace mr::broker::internal
