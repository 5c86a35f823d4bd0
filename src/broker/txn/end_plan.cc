#include "broker/txn/end_plan.h"

#include <vector>

#include "base/check.h"
#include "wire/record.h"

namespace mr::broker::txn {

std::string make_marker(bool commit, std::int64_t producer_id, std::int16_t epoch, TimestampMs time) {
    std::string key;
    ByteWriter key_out(key, Endian::big);
    key_out.i16(0);
    key_out.i16(commit ? 1 : 0);
    std::string value;
    ByteWriter value_out(value, Endian::big);
    value_out.i16(0);
    value_out.i32(0);
    wire::BatchOptions options;
    options.producer_id = producer_id;
    options.producer_epoch = epoch;
    options.transactional = true;
    options.control = true;
    wire::BatchBuilder builder(options);
    builder.add(time, key, value);
    return builder.finish();
}

void append_end(Broker& broker, journal::Appender& out, const std::string& id, const EndPlan& plan) {
    const BrokerState& state = broker.state();
    const Transaction* found = state.transactions().find(id);
    MR_CHECK(found != nullptr, "unknown transactional id {}", id);
    const Transaction& t = *found;
    TxnEnded ended;
    ended.id = id;
    ended.time = out.now();
    ended.commit = plan.commit;
    ended.why = plan.why;
    ended.producer_id = t.producer_id;
    ended.marker_epoch = t.epoch;
    ended.next_producer_id = t.producer_id;
    ended.next_epoch = t.epoch;
    ended.last_epoch = t.last_epoch;
    if (plan.bump) {
        ended.marker_epoch = t.epoch < INT16_MAX ? static_cast<std::int16_t>(t.epoch + 1) : t.epoch;
        ended.next_epoch = ended.marker_epoch;
        ended.last_epoch = t.epoch;
        // A producer that goes on needs an epoch it may use: where they run out, a new id.
        if (t.epoch >= kEpochMax) {
            ended.next_producer_id = state.next_producer_id();
            ended.next_epoch = 0;
        }
    }
    const std::string marker = make_marker(plan.commit, ended.producer_id, ended.marker_epoch, ended.time);
    for (const auto& [topic_id, number] : t.partitions) {
        const TopicState* topic = state.find(topic_id);
        const PartitionState* partition = topic == nullptr ? nullptr : topic->partition(number);
        if (partition == nullptr) continue;  // deleted meanwhile
        ended.markers.push_back(
            {topic_id, number, partition->view.log_end, partition->view.leader_epoch, marker});
    }
    out.append(journal::Kind::transaction, encode(ended), internal::kEntryVersion);
}

}  // namespace mr::broker::txn
