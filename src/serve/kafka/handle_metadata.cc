#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "broker/partition_log.h"
#include "broker/topic_admin.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/mutation_quota.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using Answer = wire::MetadataResponse;

/// Of a cluster, as a bit set (5 create, 7 alter, 8 describe, 9 cluster action, 10 describe configs, 11 alter
/// configs, 12 idempotent write).
constexpr std::int32_t kAllClusterOperations = 0b1'1111'1010'0000;

Answer::Topic describe(const Call& call, const broker::TopicView& topic,
                       const wire::MetadataRequest& request) {
    Answer::Topic out;
    out.name = topic.name;
    out.topic_id = topic.id;
    out.is_internal = topic.name == "__consumer_offsets" || topic.name == "__transaction_state";
    if (request.include_topic_authorized_operations) {
        out.topic_authorized_operations =
            call.operations(ResourceType::topic, topic.name, kAllTopicOperations);
    }
    out.partitions.resize(topic.partitions.size());
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
        Answer::Partition& part = out.partitions[i];
        part.partition_index = static_cast<std::int32_t>(i);
        part.leader_id = kNodeId;
        part.leader_epoch = topic.partitions[i]->shown()->leader_epoch.value;
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

/// May the caller have this topic made by asking for it?
bool may_create(const Call& call, const std::string& name) {
    return call.may_cluster(Operation::create) || call.may_topic(Operation::create, name);
}

/// One topic that was asked for by name or id.
Answer::Topic describe_wanted(Service& service, const Call& call, const broker::TopicsView& topics,
                              const wire::MetadataRequest& request,
                              const wire::MetadataRequest::Topic& wanted) {
    const bool by_id = !wanted.topic_id.is_zero();
    const std::string name = wanted.name.value_or("");
    const auto topic = by_id ? topics.find(wanted.topic_id) : topics.find(name);
    if (by_id && !topic) return describe_missing(wanted, ErrorCode::unknown_topic_id);
    // Whether a name is taken is told only to who may know.
    if (!call.may_topic(Operation::describe, by_id ? topic->name : name))
        return describe_missing(wanted, ErrorCode::topic_authorization_failed);
    if (topic) return describe(call, *topic, request);
    if (!broker::check_topic_name(name)) return describe_missing(wanted, ErrorCode::invalid_topic_exception);
    const bool refused = request.allow_auto_topic_creation && service.options().auto_create_topics &&
                         call.restricted() && !may_create(call, name);
    return describe_missing(
        wanted, refused ? ErrorCode::topic_authorization_failed : ErrorCode::unknown_topic_or_partition);
}

/// The answer for the topics as they are now.
Answer make_answer(Service& service, const Call& call, const wire::MetadataRequest& request) {
    Answer response;
    Answer::Broker& self = response.brokers.emplace_back();
    self.node_id = kNodeId;
    self.host = call.listener().advertise.host;
    self.port = call.listener().advertise.port;
    if (const std::string id = service.cluster_id(); !id.empty()) response.cluster_id = id;
    response.controller_id = kNodeId;
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations =
            call.may_cluster(Operation::describe)
                ? call.operations(ResourceType::cluster, security::kClusterName, kAllClusterOperations)
                : 0;
    }
    const auto topics = service.broker().topics();
    const bool all = !request.topics || (call.version() == 0 && request.topics->empty());
    if (all) {
        for (const auto& [name, topic] : topics->by_name) {
            if (call.may_topic(Operation::describe, name))
                response.topics.push_back(describe(call, *topic, request));
        }
        return response;
    }
    for (const auto& wanted : *request.topics)
        response.topics.push_back(describe_wanted(service, call, *topics, request, wanted));
    return response;
}

/// Names that are asked for, valid, not there, and that the caller may see and create, now.
std::vector<broker::NewTopic> missing_topics(Service& service, const Call& call,
                                             const wire::MetadataRequest& request) {
    std::vector<broker::NewTopic> missing;
    if (!request.topics) return missing;
    const auto topics = service.broker().topics();
    // As Kafka does: what the quota does not allow now is not there yet, and nobody is told to wait.
    MutationQuota quota(service, call, true);
    std::set<std::string> seen;
    for (const auto& wanted : *request.topics) {
        if (!wanted.topic_id.is_zero() || !wanted.name || topics->find(*wanted.name)) continue;
        if (!broker::check_topic_name(*wanted.name) || !seen.insert(*wanted.name).second) continue;
        if (!call.may_topic(Operation::describe, *wanted.name) || !may_create(call, *wanted.name)) continue;
        if (!quota.take(service.options().num_partitions)) continue;
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

FoundPartition find_partition(const Call& call, Operation operation, const broker::TopicsView& topics,
                              const std::string& name, const Uuid& id, bool by_id, std::int32_t partition) {
    if (!call.restricted()) return find_partition(topics, name, id, by_id, partition);
    FoundPartition refused;
    refused.error = ErrorCode::topic_authorization_failed;
    if (!by_id) {
        return call.may_topic(operation, name) ? find_partition(topics, name, id, by_id, partition) : refused;
    }
    FoundPartition found = find_partition(topics, name, id, by_id, partition);
    return found.topic && !call.may_topic(operation, found.topic->name) ? refused : found;
}

/// Kafka answers UNKNOWN_TOPIC_OR_PARTITION first and creates behind; we answer when the topic is there,
/// which spares clients that pass the error on (kafka-go) and a retry to all others.
void handle_metadata(Service& service, const CallPtr& call, wire::MetadataRequest request) {
    std::vector<broker::NewTopic> missing;
    if (request.allow_auto_topic_creation && service.options().auto_create_topics) {
        missing = missing_topics(service, *call, request);
    }
    if (missing.empty()) return call->answer(make_answer(service, *call, request));
    auto created = service.on_loop<std::vector<broker::CreatedTopic>>(
        [&service, call, request = std::move(request)](const std::vector<broker::CreatedTopic>&) {
            if (call->wanted()) call->answer(make_answer(service, *call, request));
        });
    service.submit(journal::Lane::control,
                   broker::create_topics(service.broker(), std::move(missing), false, std::move(created)));
}

}  // namespace mr::serve::kafka
