// Writing a stored batch anew with only some of its records: what compaction does.
// Format: docs/formats/record-batch.md
//
// What stays is as Kafka's cleaner leaves it: the batch keeps its base offset and last offset delta (so
// offsets have gaps and readers still see how far it reached), leader epoch, producer id, epoch and sequence,
// codec and type of timestamp; each record keeps offset, timestamp, key, value and headers. A batch may be
// left without records: then it only says that its offsets are gone. Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "wire/record.h"
#include "wire/record_batch.h"

namespace mr::wire {

struct FilteredBatch {
    std::string
        bytes;  ///< of the new batch; empty: every record stays and nothing changes, use the old bytes
    std::int32_t kept = 0;
    std::int32_t dropped = 0;
};

/// `keep` is asked about each record in order. With `delete_horizon`, a batch that keeps a tombstone and has
/// no horizon yet gets this one (KIP-534: attribute bit 6, the instant stands in the base timestamp and the
/// records' deltas count from it); until then its tombstones stay.
/// corrupt when a record cannot be read. REQUIRES: `batch` is one whole batch, no control batch.
Result<FilteredBatch> filter_batch(std::string_view batch, const std::function<bool(const Record&)>& keep,
                                   std::optional<TimestampMs> delete_horizon);

/// The control batch with that delete horizon: when the marker of a transaction without records may go.
/// REQUIRES: `batch` is one whole control batch.
Result<std::string> stamp_delete_horizon(std::string_view batch, TimestampMs delete_horizon);

/// When the tombstones (or the marker) of this batch may go; nothing if that was not decided yet.
[[nodiscard]] std::optional<TimestampMs> delete_horizon_of(const BatchHeader& header);

}  // namespace mr::wire
