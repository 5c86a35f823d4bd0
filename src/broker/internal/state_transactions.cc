// BrokerState: applying Kind::transaction.
#include <algorithm>

#include "base/check.h"
#include "broker/internal/state.h"
#include "wire/record_batch.h"

namespace mr::broker {

std::vector<Uuid> BrokerState::apply_transaction(const journal::Entry& entry) {
    auto decoded = txn::decode_transaction(entry.payload.view());
    MR_CHECK(decoded.has_value(), "entry {}: {}", entry.seq, decoded.error().message);
    std::vector<Uuid> touched;
    if (const auto* added = std::get_if<txn::TxnAdded>(&*decoded)) {
        transactions_.on_added(*added, entry.seq);
    } else if (const auto* offsets = std::get_if<txn::TxnOffsets>(&*decoded)) {
        apply_txn_offsets(*offsets);
    } else if (const auto* ended = std::get_if<txn::TxnEnded>(&*decoded)) {
        touched = apply_txn_ended(entry, *ended);
    } else {
        transactions_.on_forgotten(std::get<txn::TxnForgotten>(*decoded));
    }
    note_deadline();
    return touched;
}

void BrokerState::note_deadline() {
    std::int64_t due = INT64_MAX;
    if (!transactions_.deadlines().empty()) due = transactions_.deadlines().begin()->first;
    if (!transactions_.all_doomed().empty() || !boot_noted()) due = 0;
    transactions_due_.store(due);
}

void BrokerState::apply_txn_offsets(const txn::TxnOffsets& offsets) {
    const auto it = groups_.find(offsets.group);
    auto next = it == groups_.end() ? std::make_shared<GroupOffsets>()
                                    : std::make_shared<GroupOffsets>(*it->second.offsets);
    transactions_.on_offsets(offsets, applied_, [&](const auto& key) { ++next->pending[key]; });
    set_group(offsets.group, std::move(next));
}

void BrokerState::settle_pending(const std::string& group, const txn::PendingOffsets& pending, bool commit) {
    if (pending.empty()) return;
    const auto it = groups_.find(group);
    auto next = it == groups_.end() ? std::make_shared<GroupOffsets>()
                                    : std::make_shared<GroupOffsets>(*it->second.offsets);
    for (const auto& [key, offset] : pending) {
        if (const auto waiting = next->pending.find(key); waiting != next->pending.end()) {
            if (--waiting->second == 0) next->pending.erase(waiting);
        }
        if (!commit || !by_id_.contains(key.first)) continue;
        next->offsets[key] = offset;
        next->last_commit = std::max(next->last_commit, offset.committed_at);
    }
    set_group(group, std::move(next));
}

std::vector<Uuid> BrokerState::apply_txn_ended(const journal::Entry& entry, const txn::TxnEnded& ended) {
    const std::string_view payload = entry.payload.view();
    next_producer_id_ = std::max(next_producer_id_, ended.next_producer_id + 1);
    std::vector<BatchRef> refs;
    std::vector<std::shared_ptr<PartitionLog>> logs;
    std::vector<PartitionState*> partitions;
    std::vector<Uuid> touched;
    for (const auto& marker : ended.markers) {
        PartitionState* partition = must_find(marker.topic).partition(marker.partition);
        MR_CHECK(partition != nullptr, "entry {}: {} has no partition {}", entry.seq,
                 marker.topic.to_string(), marker.partition);
        refs.push_back({.base_offset = marker.base_offset,
                        .last_offset_delta = 0,
                        .leader_epoch = marker.leader_epoch,
                        .seq = entry.seq,
                        .payload_at = static_cast<std::uint32_t>(marker.batch.data() - payload.data()),
                        .bytes = static_cast<std::uint32_t>(marker.batch.size()),
                        .max_timestamp = ended.time,
                        .time = ended.time,
                        .stable = {}});
        const Offset first = partition->producers.open_transaction(ended.producer_id);
        partition->open.erase(first);
        partition->producers.end_transaction(ended.producer_id, ended.marker_epoch, ended.time);
        append_batch(*partition, refs.back());
        if (!ended.commit && first.value >= 0) {
            PartitionView& view = partition->view;
            view.aborted =
                view.aborted.with({ended.producer_id, first, marker.base_offset, view.last_stable});
        }
        logs.push_back(partition->log);
        partitions.push_back(partition);
        touched.push_back(marker.topic);
    }
    ring_.append(refs, entry.payload, logs);
    for (PartitionState* partition : partitions) publish_partition(*partition);
    const auto pending = transactions_.on_ended(ended);
    for (const auto& [group, offsets] : pending) settle_pending(group, offsets, ended.commit);
    return touched;
}

}  // namespace mr::broker
