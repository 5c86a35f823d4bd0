// Batches of a segment as a part of its file, to be sent without being copied into memory: what a consumer
// that reads old data gets.
// Thread: any.
#pragma once

#include <cstddef>
#include <optional>

#include "base/disk_file.h"
#include "base/ids.h"
#include "base/result.h"
#include "broker/internal/segment.h"

namespace mr::broker {

struct SegmentSlice {
    FileSlice file;
    Offset next;  ///< after its last record
};

/// The batches from the one that holds `from` (or the first after it) on that begin below `end`: at least
/// one, further ones while they fit `bytes_max`; nothing where there is none, or where the file cannot be
/// sent. Each is read: its checksum must fit (corrupt), and what was just read does not wait for the disk
/// when it is sent. Only what was found whole before and is in the page cache still (CheckedRanges) is sent
/// as it is. With Disk::cached_only unavailable where that would wait.
Result<std::optional<SegmentSlice>> slice_of(const Segment& segment, Offset from, Offset end,
                                             std::size_t bytes_max, Segment::Disk disk);

/// "What is there is not the batch that was written": names file, place and remedy.
std::unexpected<Error> damaged(const Segment& segment, const Segment::Place& place);

}  // namespace mr::broker
