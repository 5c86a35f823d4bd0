// Moves durable batches from the journal into segments, removes what retention and deletion left, and settles
// everything up to a checkpoint's position when that checkpoint is written.
//
// Between a cut and its write nothing beyond the cut's position is settled (the barrier), so that the
// segments' lengths of that moment are those of the cut. Thread: settle, but for the barrier.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"
#include "broker/internal/log_access.h"
#include "broker/internal/publisher.h"
#include "broker/internal/segment_writer.h"
#include "broker/internal/state.h"

namespace mr::broker {

class Settler {
  public:
    Settler(FileSystem& fs, Metrics& metrics, const BrokerOptions& options, const LogAccess& access,
            Publisher& publisher);

    /// One slice. True if there was work. `applied_bytes` is BrokerState::batch_bytes().
    Result<bool> run_slice(std::uint64_t applied_bytes);
    [[nodiscard]] std::uint64_t settled_bytes() const { return settled_bytes_.load(); }

    /// Any thread: from now on nothing after `through` is settled, until the returned object dies.
    [[nodiscard]] std::shared_ptr<void> hold_back(Seq through);
    /// Settles and syncs all of `frozen`. REQUIRES: frozen.through is durable and held back.
    Status settle_through(const FrozenState& frozen);
    /// The segments of a partition, for the snapshot.
    [[nodiscard]] std::vector<SegmentInfo> infos(const PartitionLog& log) const;

    /// nullptr when nothing of it was settled yet.
    [[nodiscard]] SegmentWriter* find_writer(const PartitionLog& log) const;
    /// A checkpoint that names today's infos() is being written.
    void mark_obsolete();
    /// The last one so marked is stored.
    Status remove_obsolete();

    /// Starting thread.
    /// Gives the aborted transactions that the segments list.
    Result<AbortedIndex> restore(const std::shared_ptr<PartitionLog>& log,
                                 const std::vector<SegmentInfo>& infos);
    /// Directories of topics and partitions that no checkpoint knows.
    Status remove_strays(const std::vector<FrozenTopic>& known);
    Status verify(const PartitionLog& log, Offset start) const;

  private:
    SegmentWriter& writer_of(const std::shared_ptr<PartitionLog>& log);
    /// Up to `budget` bytes of one partition; returns how many.
    Result<std::size_t> settle_partition(const std::shared_ptr<PartitionLog>& log, const PartitionView& view,
                                         const TopicSettings& settings, Seq not_after, std::size_t budget);
    Result<bool> remove_deleted();
    Status remove_expired();

    FileSystem& fs_;
    const BrokerOptions& options_;
    const LogAccess& access_;
    Publisher& publisher_;
    Counter& settled_counter_;
    std::unordered_map<const PartitionLog*, std::unique_ptr<SegmentWriter>> writers_;
    std::atomic<std::uint64_t> barrier_{UINT64_MAX};
    std::atomic<std::uint64_t> settled_bytes_{0};
    std::size_t next_partition_ = 0;
    std::uint64_t slices_ = 0;
};

}  // namespace mr::broker
