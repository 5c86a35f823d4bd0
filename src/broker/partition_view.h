// What readers see of one partition: an immutable snapshot, published by pointer swap, so that a fetch never
// enters the journal's queue.
//
// A log is, from old to new:
//   segments   files in Kafka's format, written by the settle thread        (docs/formats/topic-segment.md)
//   tail       batches that are only in the journal so far: an index here, their bytes in the tail ring
//              (memory) or, when they have left it, in the journal's files
// The two overlap for a while: a batch stays in the tail until the journal thread has noticed that it was
// settled. Whoever reads prefers memory, then the segments, then the journal.
//
// Each partition has three such views: `applied` (everything appended; for pipelines and the journal thread),
// `durable` (what is on disk) and `shown` (what consumers may have: the durable one, where the topic's
// durability is async already what is written).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "broker/txn/aborted_index.h"

namespace mr::broker {

/// Where one batch of the tail lies.
struct BatchRef {
    Offset base_offset;
    std::int32_t last_offset_delta = 0;
    LeaderEpoch leader_epoch;
    Seq seq;                       ///< the entry that holds it
    std::uint32_t payload_at = 0;  ///< where the batch begins in that entry's payload
    std::uint32_t bytes = 0;
    TimestampMs max_timestamp;
    TimestampMs time;  ///< of the append, from the entry
    Offset stable;     ///< the last stable offset once this batch was in

    [[nodiscard]] Offset last_offset() const { return base_offset.plus(last_offset_delta); }
    [[nodiscard]] Offset next_offset() const { return base_offset.plus(last_offset_delta + 1); }
};

/// A piece of the tail. Written slot by slot by the journal thread; a reader looks only at slots its view
/// counts.
struct TailChunk {
    static constexpr std::size_t kRefs = 64;
    std::array<BatchRef, kRefs> refs;
};

/// "From `start` on, batches were written by leader epoch `epoch`."
struct EpochStart {
    LeaderEpoch epoch;
    Offset start;
};

struct PartitionView {
    /// 1. log_start <= last_stable <= log_end.  2. The tail is contiguous and ends at log_end.
    Offset log_start;
    Offset log_end;      ///< of the next record; in the shown view this is the high watermark
    Offset last_stable;  ///< exclusive: where the oldest open transaction begins, or log_end
    AbortedIndex aborted;
    LeaderEpoch leader_epoch;
    Seq last_seq;  ///< entry of the newest batch; 0 if there was none
    Seq as_of;     ///< entry that made this view
    std::shared_ptr<const std::vector<EpochStart>> epochs;
    /// Every chunk but the last is full.
    std::shared_ptr<const std::vector<std::shared_ptr<const TailChunk>>> chunks;
    std::size_t tail_count = 0;

    [[nodiscard]] const BatchRef& tail(std::size_t i) const {
        return (*chunks)[i / TailChunk::kRefs]->refs[i % TailChunk::kRefs];
    }
    /// First offset the tail holds; log_end when it is empty.
    [[nodiscard]] Offset tail_start() const { return tail_count == 0 ? log_end : tail(0).base_offset; }
    /// Index of the batch that holds `offset`, or of the first one after it; tail_count if there is none.
    [[nodiscard]] std::size_t find_offset(Offset offset) const;
    /// Index of the first batch of an entry after `seq`.
    [[nodiscard]] std::size_t find_seq(Seq seq) const;

    struct EpochEnd {
        LeaderEpoch epoch;  ///< the largest epoch <= the one asked for; -1 if there is none
        Offset end;         ///< where the next larger epoch begins, or log_end; -1 if there is none
    };
    /// OffsetForLeaderEpoch (KIP-101, KIP-279).
    [[nodiscard]] EpochEnd end_of_epoch(LeaderEpoch epoch) const;
};

}  // namespace mr::broker
