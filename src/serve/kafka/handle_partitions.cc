// DescribeTopicPartitions, ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments,
// AlterReplicaLogDirs: what tools of a cluster ask, answered as a cluster of one broker does.
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "broker/partition_log.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

/// Kafka's max.request.partition.size.limit: partitions in one DescribeTopicPartitions answer.
constexpr std::int32_t kPartitionsMax = 2'000;

using Described = wire::DescribeTopicPartitionsResponse;

Described::Topic::Partition describe_partition(const broker::PartitionLog& log) {
    Described::Topic::Partition out;
    out.partition_index = log.id().value;
    out.leader_id = kNodeId;
    out.leader_epoch = log.shown()->leader_epoch.value;
    out.replica_nodes = {kNodeId};
    out.isr_nodes = {kNodeId};
    out.eligible_leader_replicas.emplace();
    out.last_known_elr.emplace();
    return out;
}

/// A request's topic and partition in the topics there are now.
std::shared_ptr<broker::PartitionLog> find_log(const broker::TopicsView& topics, const std::string& name,
                                               std::int32_t partition) {
    return find_partition(topics, name, {}, false, partition).log;
}

void describe_wanted(const Call& call, const std::set<std::string>& names, const broker::TopicsView& topics,
                     const std::optional<wire::DescribeTopicPartitionsRequest::Cursor>& cursor,
                     std::int32_t room, Described& response) {
    for (const std::string& name : names) {
        const auto topic = topics.find(name);
        Described::Topic out;
        out.name = name;
        if (!call.may_topic(Operation::describe, name)) {
            out.error_code = ErrorCode::topic_authorization_failed;
            response.topics.push_back(std::move(out));
            continue;
        }
        if (!topic) {
            out.error_code = broker::check_topic_name(name) ? ErrorCode::unknown_topic_or_partition
                                                            : ErrorCode::invalid_topic_exception;
            response.topics.push_back(std::move(out));
            continue;
        }
        out.topic_id = topic->id;
        out.topic_authorized_operations = call.operations(ResourceType::topic, name, kAllTopicOperations);
        std::size_t index = 0;
        if (cursor && cursor->topic_name == name)
            index = static_cast<std::size_t>(std::max(cursor->partition_index, 0));
        for (; index < topic->partitions.size() && room > 0; ++index, --room) {
            out.partitions.push_back(describe_partition(*topic->partitions[index]));
        }
        const bool whole = index >= topic->partitions.size();
        if (!out.partitions.empty() || whole) response.topics.push_back(std::move(out));
        if (whole) continue;
        response.next_cursor = Described::Cursor{name, static_cast<std::int32_t>(index)};
        return;
    }
}

}  // namespace

void handle_describe_topic_partitions(Service& service, const CallPtr& call,
                                      wire::DescribeTopicPartitionsRequest request) {
    Described response;
    const auto topics = service.broker().topics();
    std::set<std::string> names;
    for (const auto& topic : request.topics) names.insert(topic.name);
    if (request.topics.empty()) {
        for (const auto& [name, topic] : topics->by_name) {
            if (call->may_topic(Operation::describe, name)) names.insert(name);
        }
    }
    // A cursor says where the answer before ended; names come in order.
    if (request.cursor) names.erase(names.begin(), names.lower_bound(request.cursor->topic_name));
    const std::int32_t room = std::clamp(request.response_partition_limit, 1, kPartitionsMax);
    describe_wanted(*call, names, *topics, request.cursor, room, response);
    call->answer(response);
}

void handle_elect_leaders(Service& service, const CallPtr& call, wire::ElectLeadersRequest request) {
    wire::ElectLeadersResponse response;
    const bool allowed = call->may_cluster(Operation::alter);
    if (!allowed) response.error_code = ErrorCode::cluster_authorization_failed;
    // For all partitions, only those that changed are told: none ever does.
    if (!request.topic_partitions) return call->answer(response);
    const auto topics = service.broker().topics();
    for (const auto& topic : *request.topic_partitions) {
        auto& out = response.replica_election_results.emplace_back();
        out.topic = topic.topic;
        for (const std::int32_t partition : topic.partitions) {
            auto& part = out.partition_result.emplace_back();
            part.partition_id = partition;
            if (!allowed) {
                part.error_code = response.error_code;
                part.error_message = message_of(part.error_code);
                continue;
            }
            const bool known = find_log(*topics, topic.topic, partition) != nullptr;
            part.error_code = known ? ErrorCode::election_not_needed : ErrorCode::unknown_topic_or_partition;
            part.error_message = known ? "Leader election not needed for topic partition."
                                       : "This server does not host this topic-partition.";
        }
    }
    call->answer(response);
}

void handle_alter_partition_reassignments(Service& service, const CallPtr& call,
                                          wire::AlterPartitionReassignmentsRequest request) {
    wire::AlterPartitionReassignmentsResponse response;
    if (!call->may_cluster(Operation::alter)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        response.error_message = message_of(response.error_code);
        return call->answer(response);
    }
    const auto topics = service.broker().topics();
    for (const auto& topic : request.topics) {
        auto& out = response.responses.emplace_back();
        out.name = topic.name;
        for (const auto& partition : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition.partition_index;
            if (find_log(*topics, topic.name, partition.partition_index) == nullptr) {
                part.error_code = ErrorCode::unknown_topic_or_partition;
                part.error_message = "This server does not host this topic-partition.";
            } else if (!partition.replicas) {
                part.error_code = ErrorCode::no_reassignment_in_progress;
                part.error_message = "No partition reassignment is in progress.";
            } else if (*partition.replicas != std::vector<std::int32_t>{kNodeId}) {
                part.error_code = ErrorCode::invalid_replica_assignment;
                part.error_message = fmt::format(
                    "The only broker is {}: every partition must have exactly this replica", kNodeId);
            }
        }
    }
    call->answer(response);
}

void handle_list_partition_reassignments(Service& service, const CallPtr& call,
                                         wire::ListPartitionReassignmentsRequest request) {
    static_cast<void>(service);
    static_cast<void>(request);
    wire::ListPartitionReassignmentsResponse response;
    if (!call->may_cluster(Operation::describe)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        response.error_message = message_of(response.error_code);
    }
    call->answer(response);
}

void handle_alter_replica_log_dirs(Service& service, const CallPtr& call,
                                   wire::AlterReplicaLogDirsRequest request) {
    wire::AlterReplicaLogDirsResponse response;
    const auto topics = service.broker().topics();
    for (const auto& dir : request.dirs) {
        for (const auto& topic : dir.topics) {
            auto& out = response.results.emplace_back();
            out.topic_name = topic.name;
            for (const std::int32_t partition : topic.partitions) {
                auto& part = out.partitions.emplace_back();
                part.partition_index = partition;
                if (!call->may_cluster(Operation::alter)) {
                    part.error_code = ErrorCode::cluster_authorization_failed;
                } else if (dir.path != service.options().log_directory) {
                    part.error_code = ErrorCode::log_dir_not_found;
                } else if (find_log(*topics, topic.name, partition) == nullptr) {
                    part.error_code = ErrorCode::unknown_topic_or_partition;
                }
            }
        }
    }
    call->answer(response);
}

}  // namespace mr::serve::kafka
