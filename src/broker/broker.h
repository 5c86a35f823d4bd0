// The broker: topics, partitions, producers and committed offsets as one participant of the journal. State,
// not wire: `serve/kafka` turns requests into the proposals of produce.h, topic_admin.h and offset_commit.h,
// and reads through the published views.
// Formats: docs/formats/broker-entries.md, docs/formats/topic-segment.md
//
// Threads
//   journal   apply(), cut(); proposals look at state() and append. Nothing else changes anything.
//   sync      durable(): publishes what outsiders may see, wakes those who wait for it
//   settle    settle_once(), a cut's write(): moves durable batches into segments; removes dead files
//   any       topics(), read(), offset_for_time(), group_offsets(), LogReader
//
// Promises
//   1. Whatever topics(), durable views, read(…durable…) and group_offsets() show is on disk.
//   2. After a proposal's answer, those show its effect (read your writes).
//   3. Offsets of a partition are dense and never reused; base offset and leader epoch are in the entry.
//   4. State is a function of the entries alone: no clock, no randomness, no configuration of the moment
//      decides in apply().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/disk_file.h"
#include "base/file_system.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/uuid.h"
#include "broker/cluster_settings.h"
#include "broker/error.h"
#include "broker/group_offsets.h"
#include "broker/groups/stored.h"
#include "broker/partition_log.h"
#include "broker/partition_view.h"
#include "broker/topic_config.h"
#include "broker/topics_view.h"
#include "journal/journal.h"
#include "journal/participant.h"

namespace mr::broker {

class BrokerState;
class Compactor;
class HoldTable;
class LogAccess;
class Publisher;
class Settler;
class TailRing;
class Subscription;

struct BrokerOptions {
    std::string directory;  ///< "<data>/topics"
    /// Names this run of the operating system (base/boot_id.h). Empty: not known, so nothing that was written
    /// and not synced is relied on after a start.
    std::string boot_id{};
    std::size_t tail_bytes = 64U << 20;  ///< newest entries kept in memory, over all partitions
    std::size_t settle_slice_bytes = 4U << 20;
    /// Below this many durable, unsettled bytes settle_once() has nothing to do (a checkpoint settles all).
    std::size_t settle_min_bytes = 1U << 20;
    std::uint64_t unsettled_bytes_max = 1ULL << 30;  ///< above it overloaded() is true
    std::size_t compaction_map_bytes = 32U
                                       << 20;   ///< of the keys of one log: 1 M keys (Kafka's dedupe buffer)
    std::int64_t compaction_check_ms = 15'000;  ///< Kafka's log.cleaner.backoff.ms
    ConfigMap topic_defaults{};                 ///< of the node, by topic setting name ("retention.ms")
    std::int32_t partitions_max = 10'000;       ///< of one topic, and of all topics together 10 times as many
    std::int32_t topics_max = 10'000;
    std::int64_t producer_expiration_ms = 86'400'000;   ///< Kafka's producer.id.expiration.ms
    std::int64_t offsets_retention_ms = 604'800'000;    ///< Kafka's offsets.retention.minutes (7 days)
    std::int64_t transaction_timeout_max_ms = 900'000;  ///< Kafka's transaction.max.timeout.ms
    std::int64_t transactional_id_expiration_ms = 604'800'000;  ///< Kafka's transactional.id.expiration.ms
    /// Beyond it those unused for longest are forgotten early, or, where all were used within the time below,
    /// a new one is told coordinator_not_available.
    std::int32_t transactional_ids_max = 100'000;
    std::int64_t transactional_id_idle_min_ms = 60'000;
    std::int32_t offset_metadata_bytes_max = 4'096;  ///< Kafka's offset.metadata.max.bytes
};

/// Which entries count: appended (inside the node only) or on disk (anybody).
enum class Visibility : std::uint8_t { applied, durable };

/// Record batches of one partition, ready for a fetch answer.
struct ReadResult {
    KafkaError error = KafkaError::none;
    Offset log_start{-1};
    Offset high_watermark{-1};
    Offset last_stable{-1};
    /// To be sent one after the other; base offsets and leader epochs are in place. The first batch may
    /// begin below the offset asked for.
    std::vector<SharedBytes> pieces;
    /// Instead of pieces, where ReadOptions::files allows it.
    std::vector<FileSlice> files;
    bool would_wait = false;  ///< for the disk (ReadOptions::may_wait): nothing was read
    std::size_t bytes = 0;
    /// For read_committed: the aborted transactions among the pieces.
    std::vector<AbortedTxn> aborted;
    Offset next{-1};      ///< after the last batch looked at, whether it is among the pieces or not
    std::string message;  ///< with kafka_storage_error: what failed, for the log

    void append_to(std::string& out) const;
};

struct ReadOptions {
    std::size_t max_bytes = 1U << 20;
    bool min_one_batch = true;    ///< the first batch whole, even if larger than max_bytes (KIP-74)
    bool read_committed = false;  ///< nothing at or beyond the last stable offset
    /// For readers of our own: leaves out markers and what was aborted. Implies read_committed.
    bool only_committed = false;
    /// What lies in segments as parts of their files, to be sent from there.
    bool files = false;
    /// False: nothing is read that is not in memory or in the page cache. Needs `files` to read segments.
    bool may_wait = true;
};

/// Answer of offset_for_time(); offset -1 when there is no such record.
struct TimedOffset {
    KafkaError error = KafkaError::none;
    TimestampMs timestamp{-1};
    Offset offset{-1};
    LeaderEpoch leader_epoch{-1};
};

class Broker final : public journal::Participant {
    struct Private {};

  public:
    /// Creates the directory where needed; reads nothing else: state comes by restore() and apply().
    static Result<std::unique_ptr<Broker>> open(FileSystem& fs, Metrics& metrics, BrokerOptions options);
    ~Broker() override;

    /// REQUIRES: once, after Journal::open, before the threads start and anything is submitted (in a new run
    /// of the system the first proposal is the broker's own: leader epochs). The journal must outlive all
    /// reads.
    void set_journal(journal::Journal& journal);

    // --- reading, any thread ---------------------------------------------------------------------------
    [[nodiscard]] std::shared_ptr<const TopicsView> topics(Visibility v = Visibility::durable) const;

    /// Batches from the one that holds `from`. offset_out_of_range below the start or beyond the end, with
    /// start, high watermark and last stable offset -1 (as Kafka answers); at the end: none, empty.
    /// May touch the disk unless is_resident() or told otherwise.
    [[nodiscard]] ReadResult read(const PartitionLog& log, Offset from, const ReadOptions& options) const;
    /// read() at `from` would be served from memory, or has nothing to serve.
    [[nodiscard]] bool is_resident(const PartitionLog& log, Offset from) const;
    /// `current` is the epoch the client believes in (-1: it does not say): none, fenced_leader_epoch or
    /// unknown_leader_epoch.
    [[nodiscard]] static KafkaError check_leader_epoch(const PartitionLog& log, LeaderEpoch current);

    /// ListOffsets: a timestamp, or -1 end, -2 start, -3 record with the largest timestamp, -4 start of the
    /// local log, -5 last tiered offset (there is none). May touch the disk. Others below 0:
    /// unsupported_version.
    [[nodiscard]] TimedOffset offset_for_time(const PartitionLog& log, std::int64_t timestamp,
                                              bool read_committed = false) const;
    /// Bytes of the partition's segments and tail, for DescribeLogDirs.
    [[nodiscard]] std::uint64_t log_bytes(const PartitionLog& log) const;

    /// Committed offsets (durable); nullptr for a group that has none.
    [[nodiscard]] std::shared_ptr<const GroupOffsets> group_offsets(std::string_view group) const;
    /// Names of the groups with committed offsets.
    [[nodiscard]] std::vector<std::string> groups_with_offsets() const;

    /// What had been written of the groups' members when the broker was recovered: for the coordinator, once.
    [[nodiscard]] groups::StoredGroups take_recovered_groups() {
        return std::exchange(recovered_groups_, {});
    }

    /// Settings of the cluster (cluster_settings.h), durable.
    [[nodiscard]] std::shared_ptr<const ClusterSettings> cluster_settings() const;
    [[nodiscard]] Seq durable_through() const;
    /// The last entry whose effect is in the applied views. Any thread (applied_through() is the journal's).
    [[nodiscard]] Seq applied_seq() const { return Seq(applied_.load()); }
    /// When txn::expire() has something to do, by the wall clock; INT64_MAX: not foreseeable. Any thread.
    [[nodiscard]] std::int64_t transactions_due() const;
    /// Settling is too far behind: producers must be throttled.
    [[nodiscard]] bool overloaded() const;

    // --- pipelines --------------------------------------------------------------------------------------
    /// Inside Proposal::order(): gives every output of an encoded step (journal/step_entry.h) its base offset
    /// and leader epoch, in place. not_found when a topic or partition is gone: the step must not be
    /// appended.
    Status prepare_outputs(std::string& step_payload);

    // --- upkeep -----------------------------------------------------------------------------------------
    /// Settle thread: one bounded slice of settling and removing. True if there was work.
    Result<bool> settle_once();
    /// Any one thread: proposes new log starts by retention.ms and retention.bytes, and expires committed
    /// offsets of groups that have not committed for offsets_retention_ms. `active` says whether a group has,
    /// or lately had, members (their offsets stay). Cheap; call it every few seconds to minutes, but not
    /// before every reader has taken its hold.
    void retention_once(TimestampMs now,
                        const std::function<bool(std::unique_ptr<journal::Proposal>)>& submit,
                        const std::function<bool(std::string_view group)>& active = {});
    /// Settle thread: one bounded slice of compacting topics with cleanup.policy=compact. True if there was
    /// work.
    Result<bool> compact_once(TimestampMs now);
    /// What keeps retention from going on: for the status page.
    [[nodiscard]] HoldTable& holds() const { return *holds_; }

    // --- journal::Participant ---------------------------------------------------------------------------
    [[nodiscard]] std::string_view name() const override { return "broker"; }
    [[nodiscard]] bool reads(journal::Kind kind) const override;
    void apply(const journal::Entry& entry) override;
    void durable(Seq through) override;
    [[nodiscard]] std::unique_ptr<journal::Cut> cut() override;
    void checkpoint_stored(Seq through) override;
    Status restore(std::string_view bytes, Seq through) override;
    [[nodiscard]] Seq applied_through() const override;
    Status recovered(Seq last) override;

    // --- for this module's proposals and readers ----------------------------------------------------------
    [[nodiscard]] BrokerState& state() { return *state_; }
    [[nodiscard]] const BrokerOptions& options() const { return options_; }
    [[nodiscard]] const LogAccess& access() const { return *access_; }
    [[nodiscard]] TailRing& ring() const { return *ring_; }
    void subscribe(const std::shared_ptr<Subscription>& subscription);
    /// Sync thread: what a proposal is about to answer must be visible first.
    void publish_through(Seq through);
    /// Journal thread: the same for async topics, as soon as it is written.
    void show_written();

    /// For open() only.
    Broker(Private, FileSystem& fs, Metrics& metrics, BrokerOptions options);

  private:
    FileSystem& fs_;
    const BrokerOptions options_;
    std::unique_ptr<TailRing> ring_;
    std::unique_ptr<HoldTable> holds_;
    std::unique_ptr<Publisher> publisher_;
    std::unique_ptr<BrokerState> state_;
    std::unique_ptr<LogAccess> access_;
    std::unique_ptr<Settler> settler_;
    std::unique_ptr<Compactor> compactor_;
    groups::StoredGroups recovered_groups_;
    std::atomic<std::uint64_t> applied_{0};
    Counter& batches_in_;
    Counter& bytes_in_;
};

}  // namespace mr::broker
