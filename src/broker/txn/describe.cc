#include "broker/txn/describe.h"

#include "broker/broker.h"
#include "broker/internal/answer_proposal.h"
#include "broker/internal/state.h"

namespace mr::broker::txn {
namespace {

TransactionInfo info_of(const BrokerState& state, const std::string& id, const Transaction& t, bool topics) {
    TransactionInfo info;
    info.id = id;
    info.state = to_string(t.state);
    info.producer_id = t.producer_id;
    info.epoch = t.epoch;
    info.timeout_ms = t.timeout_ms;
    info.started_ms = t.started.value;
    if (!topics) return info;
    for (const auto& [topic_id, partition] : t.partitions) {
        const TopicState* topic = state.find(topic_id);
        if (topic == nullptr) continue;
        if (info.topics.empty() || info.topics.back().first != topic->name)
            info.topics.emplace_back(topic->name, std::vector<std::int32_t>());
        info.topics.back().second.push_back(partition.value);
    }
    return info;
}

PartitionProducers producers_of(const BrokerState& state, const std::string& name, PartitionId number) {
    PartitionProducers out;
    const TopicState* topic = state.find(name);
    const PartitionState* partition = topic == nullptr ? nullptr : topic->partition(number);
    if (partition == nullptr) {
        out.error = KafkaError::unknown_topic_or_partition;
        return out;
    }
    for (const auto& [id, producer] : partition->producers.all()) {
        ProducerInfo& info = out.producers.emplace_back();
        info.producer_id = id;
        info.epoch = producer.epoch;
        if (producer.count > 0) info.last_sequence = producer.batches[producer.count - 1U].last_sequence;
        info.last_timestamp = producer.last_timestamp.value;
        info.transaction_start = producer.txn_first.value;
    }
    return out;
}

}  // namespace

std::unique_ptr<journal::Proposal> describe(
    Broker& broker, std::optional<std::vector<std::string>> ids,
    std::move_only_function<void(std::vector<TransactionInfo>)> answer) {
    return internal::answer_with<std::vector<TransactionInfo>>(
        broker, std::move(answer), 0, [ids = std::move(ids)](BrokerState& state, journal::Appender&) {
            std::vector<TransactionInfo> out;
            if (!ids) {
                for (const auto& [id, t] : state.transactions().all())
                    out.push_back(info_of(state, id, t, false));
                return out;
            }
            for (const auto& id : *ids) {
                if (const Transaction* t = state.transactions().find(id)) {
                    out.push_back(info_of(state, id, *t, true));
                    continue;
                }
                TransactionInfo& info = out.emplace_back();
                info.id = id;
                info.error = KafkaError::transactional_id_not_found;
            }
            return out;
        });
}

std::unique_ptr<journal::Proposal> describe_producers(
    Broker& broker, std::vector<std::pair<std::string, PartitionId>> partitions,
    std::move_only_function<void(std::vector<PartitionProducers>)> answer) {
    return internal::answer_with<std::vector<PartitionProducers>>(
        broker, std::move(answer), 0,
        [partitions = std::move(partitions)](BrokerState& state, journal::Appender&) {
            std::vector<PartitionProducers> out;
            for (const auto& [topic, partition] : partitions)
                out.push_back(producers_of(state, topic, partition));
            return out;
        });
}

}  // namespace mr::broker::txn
