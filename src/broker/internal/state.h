// The broker's state: what applying all entries up to now has made. Only the journal thread touches it; what
// others read is published from it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "broker/cluster_settings.h"
#include "broker/group_offsets.h"
#include "broker/groups/stored.h"
#include "broker/internal/entries.h"
#include "broker/internal/producer_table.h"
#include "broker/internal/publisher.h"
#include "broker/internal/tail_ring.h"
#include "broker/partition_log.h"
#include "broker/topics_view.h"
#include "broker/txn/transaction_table.h"

namespace mr::broker {

struct PartitionState {
    std::shared_ptr<PartitionLog> log;
    PartitionView view;                     ///< working copy of the applied view
    std::shared_ptr<TailChunk> open_chunk;  ///< the last of view.chunks
    internal::ProducerTable producers;
    std::set<Offset> open;  ///< first offsets of open transactions; follows from `producers`
};

struct TopicState {
    Uuid id;
    std::string name;
    TimestampMs created_at;
    TopicConfig config;
    std::vector<std::unique_ptr<PartitionState>> partitions;

    /// nullptr for a partition there is not.
    [[nodiscard]] PartitionState* partition(PartitionId number) const {
        if (number.value < 0 || static_cast<std::size_t>(number.value) >= partitions.size()) return nullptr;
        return partitions[static_cast<std::size_t>(number.value)].get();
    }
};

struct GroupState {
    std::shared_ptr<const GroupOffsets> offsets;
    std::shared_ptr<GroupCell> cell;
};

/// Changed in place until somebody has been given it: then a copy is changed.
struct GroupMembersState {
    std::shared_ptr<groups::StoredGroup> stored;
    std::uint64_t made_in = 0;  ///< of BrokerState::group_copies_
};

/// A partition as of a cut.
struct FrozenPartition {
    std::shared_ptr<PartitionLog> log;
    PartitionView view;
    internal::ProducerTable producers;
};
struct FrozenTopic {
    Uuid id;
    std::string name;
    TimestampMs created_at;
    ConfigMap config;
    std::vector<FrozenPartition> partitions;
};
/// Everything but the segments, as of a cut.
struct FrozenState {
    Seq through;
    std::vector<FrozenTopic> topics;
    std::map<std::string, std::shared_ptr<const GroupOffsets>, std::less<>> groups;
    broker::groups::StoredGroups members;
    txn::TransactionTable transactions;
    std::map<std::string, LeaderEpoch, std::less<>> retired_epochs;
    std::int64_t next_producer_id = 0;
    std::shared_ptr<const ClusterSettings> cluster_settings = std::make_shared<const ClusterSettings>();
};

class BrokerState {
  public:
    BrokerState(const BrokerOptions& options, TailRing& ring, Publisher& publisher);

    /// Changes the state by one entry and publishes (applied at once; durable when the publisher is told).
    /// Returns the topics that got a batch, one each batch.
    std::vector<Uuid> apply(const journal::Entry& entry);

    [[nodiscard]] TopicState* find(std::string_view name) const;
    [[nodiscard]] TopicState* find(const Uuid& id) const;
    [[nodiscard]] const std::map<std::string, TopicState*, std::less<>>& topics() const { return by_name_; }
    [[nodiscard]] std::int64_t partition_total() const { return partition_total_; }
    /// nullptr when the group has no offsets.
    [[nodiscard]] const GroupOffsets* group(std::string_view name) const;
    /// What is written of the groups' members.
    [[nodiscard]] groups::StoredGroups group_members();
    [[nodiscard]] std::int64_t next_producer_id() const { return next_producer_id_; }
    [[nodiscard]] const txn::TransactionTable& transactions() const { return transactions_; }
    /// When the next open transaction times out, in the node's wall clock; 0: one must be aborted now,
    /// INT64_MAX: none is open. Any thread.
    [[nodiscard]] std::int64_t transactions_due() const { return transactions_due_.load(); }
    /// The leader epoch a new topic of that name must begin with.
    [[nodiscard]] LeaderEpoch first_epoch(std::string_view name) const;
    [[nodiscard]] const ClusterSettings& cluster_settings() const { return *cluster_settings_; }
    /// The node's, with what was altered since (cluster_settings.h).
    [[nodiscard]] const ConfigMap& topic_defaults() const { return topic_defaults_; }
    /// Every open transaction was written in this run of the system, and the journal says so. (True also
    /// where the run has no name.)
    [[nodiscard]] bool boot_noted() const;
    [[nodiscard]] Seq applied() const { return applied_; }

    /// Bytes of batches applied since the beginning (or the restore): what settling works off.
    [[nodiscard]] std::uint64_t batch_bytes() const { return batch_bytes_.load(std::memory_order_relaxed); }

    [[nodiscard]] FrozenState freeze();
    /// REQUIRES: empty so far.
    Status thaw(FrozenState state);
    /// Until then nothing is published; from then on everything so far counts as durable, and transactions
    /// that are open are doomed, unless they were written in this run of the system.
    void end_recovery();
    /// The system was started anew since the journal was written (or may have been): what had been written
    /// and not synced may be lost.
    [[nodiscard]] bool in_new_run() const { return in_new_run_; }
    /// Consumers may have what was appended to async topics: it is written.
    void show_written();

    [[nodiscard]] std::shared_ptr<const TopicsView> applied_topics() const { return applied_topics_.load(); }
    /// "<topics>/<name>/<id>/<partition>"
    [[nodiscard]] std::string log_directory(std::string_view name, const Uuid& id,
                                            PartitionId partition) const;

  private:
    std::vector<Uuid> apply_batch(const journal::Entry& entry);
    std::vector<Uuid> apply_step(const journal::Entry& entry);
    void apply_topic_created(const internal::TopicCreated& created);
    void apply_topic_deleted(const internal::TopicDeleted& deleted);
    void apply_partitions_added(const internal::PartitionsAdded& added);
    void apply_topic_config(const internal::TopicConfigSet& set);
    void apply_producer_id(const internal::ProducerIdGiven& given);
    std::vector<Uuid> apply_transaction(const journal::Entry& entry);
    std::vector<Uuid> apply_txn_ended(const journal::Entry& entry, const txn::TxnEnded& ended);
    void apply_txn_offsets(const txn::TxnOffsets& offsets);
    void settle_pending(const std::string& group, const txn::PendingOffsets& pending, bool commit);
    void note_deadline();
    void apply_group_offsets(const internal::GroupOffsetsEntry& entry);
    void apply_group_deleted(const internal::GroupDeleted& deleted);
    void apply_group_members(internal::GroupMembersEntry entry);
    void apply_log_start(const internal::LogStartMoved& moved);
    void apply_leader_epoch(const internal::LeaderEpochRaised& raised);
    void apply_cluster_settings(const internal::ClusterSettingsChanged& changed);

    void apply_other(const journal::Entry& entry);
    void append_batch(PartitionState& partition, BatchRef& ref);
    void add_partition(TopicState& topic, LeaderEpoch epoch);
    void set_group(const std::string& name, std::shared_ptr<const GroupOffsets> offsets);
    void publish_partition(PartitionState& partition);
    /// `changed`: whose view is to be made anew; `all`: everybody's.
    void publish_topics(const TopicState* changed, bool all = false);
    void inherit_defaults();
    void publish_group_index();
    void publish_cluster_settings();
    /// Forgets chunks whose batches are all settled. True if there were any.
    bool trim_tail(PartitionState& partition);
    TopicState& must_find(const Uuid& id);

    const BrokerOptions& options_;
    TailRing& ring_;
    Publisher& publisher_;
    std::unordered_map<Uuid, std::unique_ptr<TopicState>> by_id_;
    std::map<std::string, TopicState*, std::less<>> by_name_;
    std::int64_t partition_total_ = 0;
    std::map<std::string, GroupState, std::less<>> groups_;
    std::map<std::string, GroupMembersState, std::less<>> members_;
    std::uint64_t group_copies_ = 0;  ///< how often all of members_ were given away
    txn::TransactionTable transactions_;
    std::atomic<std::int64_t> transactions_due_{INT64_MAX};
    std::map<std::string, LeaderEpoch, std::less<>> retired_epochs_;
    std::int64_t next_producer_id_ = 0;
    std::shared_ptr<const ClusterSettings> cluster_settings_ = std::make_shared<const ClusterSettings>();
    ConfigMap topic_defaults_ = options_.topic_defaults;
    Seq applied_;
    bool recovering_ = true;
    bool in_new_run_ = false;
    std::vector<std::shared_ptr<PartitionLog>> unshown_;  ///< of async topics, that grew in this group
    std::atomic<std::uint64_t> batch_bytes_{0};
    Published<const TopicsView> applied_topics_;
};

}  // namespace mr::broker
