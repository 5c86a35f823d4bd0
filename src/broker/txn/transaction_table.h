// What the broker knows of each transactional id: its producer, whether a transaction is open, what is in it.
// A function of the entries, like all of the broker's state. Thread: journal.
//
// A transaction has no "prepared" state here: its end is one entry, which puts all markers into all
// partitions and makes its offsets visible.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/uuid.h"
#include "broker/group_offsets.h"
#include "broker/txn/entries.h"

namespace mr::broker::txn {

enum class TxnState : std::uint8_t { empty = 0, ongoing = 1, complete_commit = 2, complete_abort = 3 };
/// "Ongoing", as DescribeTransactions names it.
std::string_view to_string(TxnState state);

using PendingOffsets = std::map<std::pair<Uuid, PartitionId>, CommittedOffset>;

struct Transaction {
    std::int64_t producer_id = -1;
    std::int64_t previous_producer_id = -1;  ///< before the epochs ran out
    std::int16_t epoch = -1;
    std::int16_t last_epoch = -1;  ///< of which a retry is still understood; -1: none
    std::int32_t timeout_ms = 0;
    TxnState state = TxnState::empty;
    bool interrupted = false;  ///< its last transaction was aborted because the node started anew
    TimestampMs updated;
    // While one is open:
    TimestampMs started{-1};
    Seq begun;  ///< the entry that opened it
    std::set<std::pair<Uuid, PartitionId>> partitions;
    std::map<std::string, PendingOffsets, std::less<>> groups;

    [[nodiscard]] bool open() const { return state == TxnState::ongoing; }
    [[nodiscard]] std::int64_t deadline() const { return started.value + timeout_ms; }
};

class TransactionTable {
  public:
    using All = std::map<std::string, Transaction, std::less<>>;

    [[nodiscard]] const Transaction* find(std::string_view id) const;
    /// The transactional id that `producer_id` is bound to; nullptr: none.
    [[nodiscard]] const std::string* id_of(std::int64_t producer_id) const;
    [[nodiscard]] const All& all() const { return all_; }
    /// Open ones in the order in which they time out.
    [[nodiscard]] const std::set<std::pair<std::int64_t, std::string>>& deadlines() const {
        return deadlines_;
    }
    /// Open when the system failed: what its producer believes to be in it may be lost, so it must be
    /// aborted.
    [[nodiscard]] bool doomed(std::string_view id) const { return doomed_.contains(id); }
    [[nodiscard]] const std::set<std::string, std::less<>>& all_doomed() const { return doomed_; }
    void doom_open();

    // --- applying entries -------------------------------------------------------------------------------
    void on_producer_id(const internal::ProducerIdGiven& given);
    void on_batch(std::int64_t producer_id, std::int16_t epoch, const Uuid& topic, PartitionId partition,
                  TimestampMs time, Seq seq);
    void on_added(const TxnAdded& added, Seq seq);
    /// Calls `fresh(topic, partition)` for each that was not pending before.
    template <class F>
    void on_offsets(const TxnOffsets& offsets, Seq seq, F&& fresh) {
        Transaction& transaction = begin(offsets.id, offsets.time, seq);
        PendingOffsets& pending = transaction.groups[offsets.group];
        for (const auto& change : offsets.changes) {
            const std::pair key(change.topic, change.partition);
            if (!pending.contains(key)) fresh(key);
            pending[key] = {change.offset, change.leader_epoch, change.metadata, offsets.time};
        }
    }
    /// Gives what was pending.
    std::map<std::string, PendingOffsets, std::less<>> on_ended(const TxnEnded& ended);
    void on_forgotten(const TxnForgotten& forgotten);
    /// Offsets that were pending for a deleted group are gone with it.
    void on_group_deleted(std::string_view group);

    void write(ByteWriter& out) const;
    void read(ByteReader& in);

  private:
    Transaction& begin(const std::string& id, TimestampMs time, Seq seq);
    void bind(const std::string& id, std::int64_t from, std::int64_t to);

    All all_;
    std::unordered_map<std::int64_t, std::string> by_producer_;
    std::set<std::pair<std::int64_t, std::string>> deadlines_;
    std::set<std::string, std::less<>> doomed_;
};

}  // namespace mr::broker::txn
