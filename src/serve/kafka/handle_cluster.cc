// DescribeCluster, UpdateFeatures, DescribeQuorum, ListConfigResources: the cluster as a whole.
#include <algorithm>
#include <utility>

#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

/// Of a cluster (KIP-430): create, alter, describe, cluster action, describe and alter configs, idempotent
/// write.
constexpr std::int32_t kAllClusterOperations = 0b1'1111'1010'0000;
constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;
constexpr std::int8_t kBrokerLoggerResource = 8;
constexpr std::int8_t kClientMetricsResource = 16;
constexpr std::int8_t kGroupResource = 32;

}  // namespace

void handle_describe_cluster(Service& service, const CallPtr& call, wire::DescribeClusterRequest request) {
    wire::DescribeClusterResponse response;
    response.endpoint_type = request.endpoint_type;
    constexpr std::int8_t kBrokers = 1;
    if (request.endpoint_type != kBrokers) {
        response.error_code = ErrorCode::unsupported_endpoint_type;
        response.error_message = "only the endpoints of brokers can be described here";
        return call->answer(response);
    }
    response.cluster_id = service.cluster_id();
    response.controller_id = kNodeId;
    auto& self = response.brokers.emplace_back();
    self.broker_id = kNodeId;
    self.host = call->listener().advertise.host;
    self.port = call->listener().advertise.port;
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations =
            call->may_cluster(Operation::describe)
                ? call->operations(ResourceType::cluster, security::kClusterName, kAllClusterOperations)
                : 0;
    }
    call->answer(response);
}

void handle_update_features(Service& service, const CallPtr& call, wire::UpdateFeaturesRequest request) {
    static_cast<void>(service);
    wire::UpdateFeaturesResponse response;
    if (!call->may_cluster(Operation::alter)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        response.error_message = message_of(response.error_code);
        return call->answer(response);
    }
    for (const auto& update : request.feature_updates) {
        auto& out = response.results.emplace_back();
        out.feature = update.feature;
        out.error_code = ErrorCode::invalid_update_version;
        out.error_message = fmt::format(
            "Invalid update version {} for feature {}. Features of millrace are those of its release and are "
            "not "
            "changed one by one.",
            update.max_version_level, update.feature);
        response.error_code = out.error_code;
        response.error_message = out.error_message;
    }
    call->answer(response);
}

void handle_describe_quorum(Service& service, const CallPtr& call, wire::DescribeQuorumRequest request) {
    wire::DescribeQuorumResponse response;
    if (!call->may_cluster(Operation::describe)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        response.error_message = message_of(response.error_code);
        return call->answer(response);
    }
    for (const auto& topic : request.topics) {
        auto& out = response.topics.emplace_back();
        out.topic_name = topic.topic_name;
        for (const auto& partition : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition.partition_index;
            if (topic.topic_name != "__cluster_metadata" || partition.partition_index != 0) {
                part.error_code = ErrorCode::unknown_topic_or_partition;
                part.error_message = "This server does not host this topic-partition.";
                continue;
            }
            // The journal is the metadata log: one voter, which is always caught up.
            part.leader_id = kNodeId;
            part.leader_epoch = 1;
            part.high_watermark = static_cast<std::int64_t>(service.broker().durable_through().value);
            wire::DescribeQuorumResponse::Replica self;
            self.replica_id = kNodeId;
            self.log_end_offset = part.high_watermark;
            self.last_fetch_timestamp = self.last_caught_up_timestamp = service.clock().now().value;
            part.current_voters.push_back(self);
        }
    }
    auto& node = response.nodes.emplace_back();
    node.node_id = kNodeId;
    const Listener& listener = call->listener();
    node.listeners.push_back({listener.protocol, listener.advertise.host, listener.advertise.port});
    call->answer(response);
}

void handle_list_config_resources(Service& service, const CallPtr& call,
                                  wire::ListConfigResourcesRequest request) {
    wire::ListConfigResourcesResponse response;
    if (!call->may_cluster(Operation::describe_configs)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        return call->answer(response);
    }
    auto types = request.resource_types;
    if (call->version() == 0) {
        types = {kClientMetricsResource};
    } else if (types.empty()) {
        types = {kTopicResource, kBrokerResource, kBrokerLoggerResource, kClientMetricsResource,
                 kGroupResource};
    }
    const auto add = [&](std::int8_t type, std::string name) {
        response.config_resources.push_back({std::move(name), type});
    };
    for (const std::int8_t type : types) {
        if (type == kTopicResource) {
            for (const auto& [name, topic] : service.broker().topics()->by_name) add(type, name);
        } else if (type == kBrokerResource || type == kBrokerLoggerResource) {
            add(type, std::to_string(kNodeId));
        } else if (type != kClientMetricsResource && type != kGroupResource) {
            response.error_code = ErrorCode::unsupported_version;
            response.config_resources.clear();
            break;
        }
    }
    call->answer(response);
}

}  // namespace mr::serve::kafka
