#include "broker/txn/transaction_table.h"

#include "base/check.h"

namespace mr::broker::txn {
namespace {

std::size_t read_count(ByteReader& in) {
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining()) in.set_bad();
    return in.bad() ? 0 : static_cast<std::size_t>(count);
}

void write_pending(ByteWriter& out, const PendingOffsets& pending) {
    out.uvarint(pending.size());
    for (const auto& [key, offset] : pending) {
        internal::write_uuid(out, key.first);
        out.i32(key.second.value);
        out.i64(offset.offset.value);
        out.i32(offset.leader_epoch.value);
        out.i64(offset.committed_at.value);
        out.sized(offset.metadata);
    }
}

void read_pending(ByteReader& in, PendingOffsets& pending) {
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        const Uuid topic = internal::read_uuid(in);
        const PartitionId partition(in.i32());
        CommittedOffset& offset = pending[{topic, partition}];
        offset.offset = Offset(in.i64());
        offset.leader_epoch = LeaderEpoch(in.i32());
        offset.committed_at = TimestampMs(in.i64());
        offset.metadata = in.sized();
    }
}

void read_transaction(ByteReader& in, Transaction& t) {
    t.producer_id = in.i64();
    t.previous_producer_id = in.i64();
    t.epoch = in.i16();
    t.last_epoch = in.i16();
    t.timeout_ms = in.i32();
    const std::uint8_t state = in.u8();
    if (state > static_cast<std::uint8_t>(TxnState::complete_abort)) in.set_bad();
    t.state = static_cast<TxnState>(state);
    t.interrupted = in.u8() != 0;
    t.updated = TimestampMs(in.i64());
    t.started = TimestampMs(in.i64());
    t.begun = Seq(in.u64());
    const std::size_t partitions = read_count(in);
    for (std::size_t i = 0; i < partitions && !in.bad(); ++i) {
        const Uuid topic = internal::read_uuid(in);
        t.partitions.emplace(topic, PartitionId(in.i32()));
    }
    const std::size_t groups = read_count(in);
    for (std::size_t i = 0; i < groups && !in.bad(); ++i) {
        std::string group(in.sized());
        read_pending(in, t.groups[std::move(group)]);
    }
}

}  // namespace

std::string_view to_string(TxnState state) {
    switch (state) {
        case TxnState::empty:
            return "Empty";
        case TxnState::ongoing:
            return "Ongoing";
        case TxnState::complete_commit:
            return "CompleteCommit";
        case TxnState::complete_abort:
            return "CompleteAbort";
    }
    return "Empty";
}

const Transaction* TransactionTable::find(std::string_view id) const {
    const auto it = all_.find(id);
    return it == all_.end() ? nullptr : &it->second;
}

const std::string* TransactionTable::id_of(std::int64_t producer_id) const {
    const auto it = by_producer_.find(producer_id);
    return it == by_producer_.end() ? nullptr : &it->second;
}

void TransactionTable::doom_open() {
    for (const auto& [deadline, id] : deadlines_) doomed_.insert(id);
}

void TransactionTable::bind(const std::string& id, std::int64_t from, std::int64_t to) {
    if (from != to) by_producer_.erase(from);
    by_producer_[to] = id;
}

void TransactionTable::on_producer_id(const internal::ProducerIdGiven& given) {
    Transaction& t = all_[given.transactional_id];
    MR_CHECK(!t.open(), "{}: a new epoch inside a transaction", given.transactional_id);
    bind(given.transactional_id, t.producer_id, given.producer_id);
    t.producer_id = given.producer_id;
    t.previous_producer_id = given.previous_producer_id;
    t.epoch = given.epoch;
    t.last_epoch = given.last_epoch;
    t.timeout_ms = given.transaction_timeout_ms;
    t.state = TxnState::empty;
    t.interrupted = false;
    t.updated = given.time;
}

Transaction& TransactionTable::begin(const std::string& id, TimestampMs time, Seq seq) {
    const auto it = all_.find(id);
    MR_CHECK(it != all_.end(), "unknown transactional id {}", id);
    Transaction& t = it->second;
    t.updated = time;
    if (!t.open()) {
        t.state = TxnState::ongoing;
        t.started = time;
        t.begun = seq;
        deadlines_.emplace(t.deadline(), id);
    }
    return t;
}

void TransactionTable::on_batch(std::int64_t producer_id, std::int16_t epoch, const Uuid& topic,
                                PartitionId partition, TimestampMs time, Seq seq) {
    const std::string* id = id_of(producer_id);
    MR_CHECK(id != nullptr, "a transactional batch of producer {}, whom nobody knows", producer_id);
    Transaction& t = begin(*id, time, seq);
    MR_CHECK(t.epoch == epoch, "{}: a batch of epoch {} in a transaction of epoch {}", *id, epoch, t.epoch);
    t.partitions.emplace(topic, partition);
}

void TransactionTable::on_added(const TxnAdded& added, Seq seq) {
    Transaction& t = begin(added.id, added.time, seq);
    t.partitions.insert(added.partitions.begin(), added.partitions.end());
    for (const auto& group : added.groups) t.groups[group];
}

std::map<std::string, PendingOffsets, std::less<>> TransactionTable::on_ended(const TxnEnded& ended) {
    const auto it = all_.find(ended.id);
    MR_CHECK(it != all_.end(), "unknown transactional id {}", ended.id);
    Transaction& t = it->second;
    if (t.open()) deadlines_.erase({t.deadline(), ended.id});
    doomed_.erase(ended.id);
    if (ended.next_producer_id != t.producer_id) {
        t.previous_producer_id = t.producer_id;
        bind(ended.id, t.producer_id, ended.next_producer_id);
        t.producer_id = ended.next_producer_id;
    }
    t.epoch = ended.next_epoch;
    t.last_epoch = ended.last_epoch;
    t.interrupted = ended.why == TxnEnded::Why::restart;
    t.state = ended.commit ? TxnState::complete_commit : TxnState::complete_abort;
    t.updated = ended.time;
    t.started = TimestampMs(-1);
    t.begun = Seq(0);
    t.partitions.clear();
    return std::exchange(t.groups, {});
}

void TransactionTable::on_forgotten(const TxnForgotten& forgotten) {
    for (const auto& id : forgotten.ids) {
        const auto it = all_.find(id);
        if (it == all_.end()) continue;
        MR_CHECK(!it->second.open(), "{} is in a transaction", id);
        by_producer_.erase(it->second.producer_id);
        all_.erase(it);
    }
}

void TransactionTable::on_group_deleted(std::string_view group) {
    for (const auto& [deadline, id] : deadlines_) {
        Transaction& t = all_.find(id)->second;
        if (const auto it = t.groups.find(group); it != t.groups.end()) it->second.clear();
    }
}

void TransactionTable::write(ByteWriter& out) const {
    out.uvarint(all_.size());
    for (const auto& [id, t] : all_) {
        out.sized(id);
        out.i64(t.producer_id);
        out.i64(t.previous_producer_id);
        out.i16(t.epoch);
        out.i16(t.last_epoch);
        out.i32(t.timeout_ms);
        out.u8(static_cast<std::uint8_t>(t.state));
        out.u8(t.interrupted ? 1 : 0);
        out.i64(t.updated.value);
        out.i64(t.started.value);
        out.u64(t.begun.value);
        out.uvarint(t.partitions.size());
        for (const auto& [topic, partition] : t.partitions) {
            internal::write_uuid(out, topic);
            out.i32(partition.value);
        }
        out.uvarint(t.groups.size());
        for (const auto& [group, pending] : t.groups) {
            out.sized(group);
            write_pending(out, pending);
        }
    }
}

void TransactionTable::read(ByteReader& in) {
    *this = TransactionTable();
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        std::string id(in.sized());
        Transaction t;
        read_transaction(in, t);
        if (t.producer_id >= 0) by_producer_[t.producer_id] = id;
        if (t.open()) deadlines_.emplace(t.deadline(), id);
        all_[std::move(id)] = std::move(t);
    }
}

}  // namespace mr::broker::txn
