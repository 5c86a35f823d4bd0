// Which snapshots stay: all of the last hour (beyond the newest 400 one a minute), then the last of each hour
// for the table's retention; always the current one, the newest of ours and those other refs name.
// Format: docs/formats/iceberg-mapping.md. Thread: any (pure).
#pragma once

#include <cstdint>
#include <vector>

#include "lake/metadata.h"

namespace mr::lake {

inline constexpr std::size_t kMetadataLogMax = 100;
inline constexpr std::size_t kNewestKept = 400;

/// Takes snapshots that are due out of `metadata` and returns them. `retention_ms` <= 0: for ever.
std::vector<Snapshot> expire_snapshots(TableMetadata& metadata, std::int64_t now_ms,
                                       std::int64_t retention_ms);

/// Whether the snapshots (sorted by sequence) are one line: what two neighbours lack, those between had only.
bool is_linear(const std::vector<Snapshot>& snapshots);

}  // namespace mr::lake
