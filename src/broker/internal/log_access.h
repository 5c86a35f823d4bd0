// Finding the bytes of a batch wherever they are: memory, segments, the journal's files.
// Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "broker/internal/segment.h"
#include "broker/internal/segment_slice.h"
#include "broker/internal/tail_ring.h"
#include "broker/partition_log.h"
#include "journal/entry.h"

namespace mr::broker {

struct StoredBatch {
    BatchRef ref;
    SharedBytes bytes;
    bool patched = false;  ///< base offset and leader epoch stand in the bytes already
};

struct CollectLimits {
    std::size_t bytes_max = 1U << 20;  ///< the first batch is always delivered
    std::size_t batches_max = SIZE_MAX;
    Seq not_after{UINT64_MAX};
    Offset end{INT64_MAX};  ///< batches at or beyond it are left out
};

class LogAccess {
  public:
    /// As Journal::read.
    using JournalRead =
        std::function<Status(Seq after, const std::function<bool(const journal::Entry&)>& visit)>;

    explicit LogAccess(const TailRing& ring) : ring_(ring) {}
    void set_journal(JournalRead read) { journal_read_ = std::move(read); }

    /// Appends consecutive batches to `out`, from the one that holds `from` (or the first after it) on.
    /// out_of_range when retention took them away meanwhile.
    Status collect(const PartitionLog& log, const PartitionView& view, Offset from,
                   const CollectLimits& limits, std::vector<StoredBatch>& out) const;

    /// Batches from `from` on as a part of a segment's file; nothing where memory or the journal has them.
    /// Any error is one that collect() tells as well, or unavailable (Disk::cached_only).
    Result<std::optional<SegmentSlice>> slice(const PartitionLog& log, const PartitionView& view, Offset from,
                                              const CollectLimits& limits, Segment::Disk disk) const;

    /// Offset of the first batch of an entry after `seq`; the view's end when there is none.
    Result<Offset> first_after(const PartitionLog& log, const PartitionView& view, Seq seq) const;

    /// The last stable offset as of `seq`: everything below was visible to read_committed readers then.
    Result<Offset> stable_at(const PartitionLog& log, const PartitionView& view, Seq seq) const;

    struct Timed {
        Offset offset;
        TimestampMs timestamp;
        LeaderEpoch leader_epoch;
    };
    /// First record at or after `from` whose timestamp is at least `timestamp`.
    Result<std::optional<Timed>> find_time(const PartitionLog& log, const PartitionView& view,
                                           TimestampMs timestamp) const;
    /// First record among those with the largest timestamp.
    Result<std::optional<Timed>> find_max_time(const PartitionLog& log, const PartitionView& view) const;

  private:
    Status collect_segments(const PartitionLog& log, Offset end, Offset& at, const CollectLimits& limits,
                            std::size_t& bytes, std::vector<StoredBatch>& out) const;
    Status collect_journal(const PartitionView& view, std::size_t& index, const CollectLimits& limits,
                           std::size_t& bytes, std::vector<StoredBatch>& out) const;
    Result<std::optional<Timed>> scan_for_time(const PartitionLog& log, const PartitionView& view,
                                               Offset from, TimestampMs timestamp) const;

    const TailRing& ring_;
    JournalRead journal_read_;
};

}  // namespace mr::broker
