#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "broker/partition_log.h"
#include "broker/topic_admin.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using Answer = wire::MetadataResponse;

/// Of a cluster, as a bit set (5 create, 7 alter, 8 describe, 9 cluster action, 10 describe configs, 11 alter
/// configs, 12 idempotent write).
constexpr std::int32_t kAllClusterOperations = 0b1'1111'1010'0000;

Answer::Topic describe(const broker::TopicView& topic, const wire::MetadataRequest& request) {
    Answer::Topic out;
    out.name = topic.name;
    out.topic_id = topic.id;
    out.is_internal = topic.name == "__consumer_offsets" || topic.name == "__transaction_state";
    if (request.include_topic_authorized_operations) out.topic_authorized_operations = kAllTopicOperations;
    out.partitions.resize(topic.partitions.size());
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
        Answer::Partition& part = out.partitions[i];
        part.partition_index = static_cast<std::int32_t>(i);
        part.leader_id = kNodeId;
        part.leader_epoch = topic.partitions[i]->durable()->leader_epoch.value;
        part.replica_nodes = {kNodeId};
        part.isr_nodes = {kNodeId};
    }
    return out;
}

Answer::Topic describe_missing(const wire::MetadataRequest::Topic& wanted, ErrorCode error) {
    Answer::Topic out;
    out.error_code = error;
    out.name = wanted.name;
    out.topic_id = wanted.topic_id;
    return out;
}

/// The answer for the topics as they are now.
Answer make_answer(Service& service, const wire::MetadataRequest& request, std::int16_t version) {
    Answer response;
    const Options& options = service.options();
    Answer::Broker& self = response.brokers.emplace_back();
    self.node_id = kNodeId;
    self.host = options.advertise.host;
    self.port = options.advertise.port;
    if (const std::string id = service.cluster_id(); !id.empty()) response.cluster_id = id;
    response.controller_id = kNodeId;
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations = kAllClusterOperations;
    }
    const auto topics = service.broker().topics();
    const bool all = !request.topics || (version == 0 && request.topics->empty());
    if (all) {
        for (const auto& [name, topic] : topics->by_name)
            response.topics.push_back(describe(*topic, request));
        return response;
    }
    for (const auto& wanted : *request.topics) {
        const bool by_id = !wanted.topic_id.is_zero();
        const auto topic = by_id ? topics->find(wanted.topic_id) : topics->find(wanted.name.value_or(""));
        if (topic) {
            response.topics.push_back(describe(*topic, request));
        } else if (by_id) {
            response.topics.push_back(describe_missing(wanted, ErrorCode::unknown_topic_id));
        } else {
            const bool valid = broker::check_topic_name(wanted.name.value_or("")).has_value();
            response.topics.push_back(describe_missing(
                wanted, valid ? ErrorCode::unknown_topic_or_partition : ErrorCode::invalid_topic_exception));
        }
    }
    return response;
}

/// Names that are asked for, valid and not there.
std::vector<broker::NewTopic> missing_topics(Service& service, const wire::MetadataRequest& request) {
    std::vector<broker::NewTopic> missing;
    if (!request.topics) return missing;
    const auto topics = service.broker().topics();
    std::set<std::string> seen;
    for (const auto& wanted : *request.topics) {
        if (!wanted.topic_id.is_zero() || !wanted.name || topics->find(*wanted.name)) continue;
        if (!broker::check_topic_name(*wanted.name) || !seen.insert(*wanted.name).second) continue;
        broker::NewTopic& topic = missing.emplace_back();
        topic.name = *wanted.name;
        topic.partitions = service.options().num_partitions;
    }
    return missing;
}

}  // namespace

FoundPartition find_partition(const broker::TopicsView& topics, const std::string& name, const Uuid& id,
                              bool by_id, std::int32_t partition) {
    FoundPartition found;
    found.topic = by_id ? topics.find(id) : topics.find(name);
    if (!found.topic) {
        found.error = by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
        return found;
    }
    const auto* log = found.topic->shared_partition(PartitionId(partition));
    if (log == nullptr) {
        found.error = ErrorCode::unknown_topic_or_partition;
    } else {
        found.log = *log;
    }
    return found;
}

/// Kafka answers UNKNOWN_TOPIC_OR_PARTITION first and creates behind; we answer when the topic is there,
/// which spares clients that pass the error on (kafka-go) and a retry to all others.
void handle_metadata(Service& service, const CallPtr& call, wire::MetadataRequest request) {
    std::vector<broker::NewTopic> missing;
    if (request.allow_auto_topic_creation && service.options().auto_create_topics) {
        missing = missing_topics(service, request);
    }
    if (missing.empty()) return call->answer(make_answer(service, request, call->version()));
    auto created = service.on_loop<std::vector<broker::CreatedTopic>>(
        [&service, call, request = std::move(request)](const std::vector<broker::CreatedTopic>&) {
            if (call->wanted()) call->answer(make_answer(service, request, call->version()));
        });
    service.submit(journal::Lane::control,
                   broker::create_topics(service.broker(), std::move(missing), false, std::move(created)));
}

}  // namespace mr::serve::kafka
