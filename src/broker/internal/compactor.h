// Compaction of topics with cleanup.policy=compact: of each key the newest record stays, and a tombstone for
// delete.retention.ms. Offsets never change. The rules are those of Kafka's log cleaner (KIP-58, KIP-354,
// KIP-534): records of aborted transactions go; the marker of a transaction stays until a compaction finds no
// batch of it, and delete.retention.ms beyond. Format: docs/formats/topic-segment.md, "Compaction"
//
// It rewrites closed segments, a slice at a time, into files beside them; readers change over when all is
// synced. So it lies outside the journal, as settling does: which segments count is in the checkpoint, the
// files it replaces stay until the checkpoint that names the new ones is stored, and after a crash the log is
// one or the other as a whole. Nothing is compacted
//   - from the open segment, or from what is younger than min.compaction.lag.ms;
//   - at or beyond the position of a reader's hold (settings.hold), or the last stable offset.
// Memory: one map of keys (KeyMap) of at most BrokerOptions::compaction_map_bytes, and one batch. When the
// map is full, what it covers is compacted and the rest stays for the next time. Thread: settle.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "broker/internal/key_map.h"
#include "broker/internal/settler.h"

namespace mr::broker {

class HoldTable;

class Compactor {
  public:
    Compactor(FileSystem& fs, Metrics& metrics, const BrokerOptions& options, const LogAccess& access,
              const HoldTable& holds, Publisher& publisher, Settler& settler);
    ~Compactor();

    /// One bounded slice: of the job under way or, every compaction_check_ms, of the log that needs it most.
    /// True if there was work.
    Result<bool> run_slice(TimestampMs now);
    /// Compactions completed since the start.
    [[nodiscard]] std::uint64_t completed() const { return completed_; }

  private:
    struct Job;
    struct Candidate;

    [[nodiscard]] Result<std::optional<Candidate>> examine(const std::shared_ptr<PartitionLog>& log,
                                                           const TopicSettings& settings,
                                                           std::optional<Seq> held, TimestampMs now) const;
    Status choose(TimestampMs now);
    static bool is_void_batch(const Job& job, const wire::BatchHeader& header);
    static bool marker_reveals(const Job& job);
    static TimestampMs horizon_of(const Job& job);
    Status put(Job& job, const Segment& input, const Segment::Place& place, std::string_view bytes);
    Status build_slice(Job& job);
    Status rewrite_slice(Job& job);
    Status rewrite_batch(Job& job, const Segment& input, const Segment::Place& place,
                         const SharedBytes& batch, bool last);
    Status rewrite_marker(Job& job, const Segment& input, const Segment::Place& place,
                          const wire::BatchHeader& header, std::string_view batch, bool last);
    Status finish(Job& job);
    void abandon(std::string_view why);

    FileSystem& fs_;
    const BrokerOptions& options_;
    const LogAccess& access_;
    const HoldTable& holds_;
    Publisher& publisher_;
    Settler& settler_;
    const internal::HashKey hash_key_;
    std::unique_ptr<Job> job_;
    TimestampMs next_check_{INT64_MIN};
    std::uint64_t completed_ = 0;
    Counter& runs_;
    Counter& bytes_before_;
    Counter& bytes_after_;
};

}  // namespace mr::broker
