// ConsumerGroupHeartbeat, ConsumerGroupDescribe: the wire of KIP-848 groups. What they mean is decided by
// broker::groups::Coordinator.
#include <utility>
#include <vector>

#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

namespace groups = broker::groups;

/// Since v1 the client makes its member id (KIP-1082).
constexpr std::int16_t kMemberIdByClientSince = 1;
constexpr std::int8_t kMemberTypeConsumer = 1;
constexpr std::int32_t kAllGroupOperations = (1 << 3) | (1 << 6) | (1 << 8);

using Described = wire::ConsumerGroupDescribeResponse;

Described::Assignment to_wire_assignment(std::vector<groups::DescribedConsumerGroup::TopicPartitions> from) {
    Described::Assignment out;
    for (auto& topic : from) {
        auto& to = out.topic_partitions.emplace_back();
        to.topic_id = topic.topic;
        to.topic_name = std::move(topic.name);
        to.partitions = std::move(topic.partitions);
    }
    return out;
}

void fill(groups::DescribedConsumerGroup from, Described::Group& out) {
    out.error_code = to_wire(from.error);
    if (from.error != broker::KafkaError::none) out.error_message = std::move(from.message);
    out.group_state = std::move(from.state);
    out.group_epoch = from.group_epoch;
    out.assignment_epoch = from.assignment_epoch;
    out.assignor_name = std::move(from.assignor);
    for (auto& member : from.members) {
        auto& to = out.members.emplace_back();
        to.member_id = std::move(member.member_id);
        to.instance_id = std::move(member.instance_id);
        to.rack_id = std::move(member.rack_id);
        to.member_epoch = member.epoch;
        to.client_id = std::move(member.client_id);
        to.client_host = std::move(member.client_host);
        to.subscribed_topic_names = std::move(member.topic_names);
        if (!member.regex.empty()) to.subscribed_topic_regex = std::move(member.regex);
        to.assignment = to_wire_assignment(std::move(member.assigned));
        to.target_assignment = to_wire_assignment(std::move(member.target));
        to.member_type = kMemberTypeConsumer;
    }
}

}  // namespace

void handle_consumer_group_heartbeat(Service& service, const CallPtr& call,
                                     wire::ConsumerGroupHeartbeatRequest request) {
    groups::ConsumerHeartbeat beat;
    beat.group = std::move(request.group_id);
    beat.member_id = std::move(request.member_id);
    beat.epoch = request.member_epoch;
    beat.instance_id = std::move(request.instance_id);
    beat.rack_id = std::move(request.rack_id);
    beat.rebalance_timeout_ms = request.rebalance_timeout_ms;
    beat.topic_names = std::move(request.subscribed_topic_names);
    beat.regex = std::move(request.subscribed_topic_regex);
    beat.assignor = std::move(request.server_assignor);
    beat.client_id = call->client_id();
    beat.client_host = client_host(*call);
    beat.member_id_required = call->version() >= kMemberIdByClientSince;
    if (request.topic_partitions) {
        beat.owned.emplace();
        for (const auto& topic : *request.topic_partitions) {
            if (topic.partitions.empty()) continue;
            (*beat.owned)[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
        }
    }
    groups::ConsumerHeartbeatAnswer answer =
        service.coordinator().consumer_heartbeat(service.now_ms(), std::move(beat));
    service.coordinator_changed();
    wire::ConsumerGroupHeartbeatResponse response;
    response.error_code = to_wire(answer.error);
    if (answer.error != broker::KafkaError::none) {
        response.error_message = std::move(answer.message);
        return call->answer(response);
    }
    response.member_id = std::move(answer.member_id);
    response.member_epoch = answer.epoch;
    response.heartbeat_interval_ms = answer.heartbeat_interval_ms;
    if (answer.assignment) {
        response.assignment.emplace();
        for (const auto& [topic, partitions] : *answer.assignment) {
            if (partitions.empty()) continue;
            response.assignment->topic_partitions.push_back({topic, {partitions.begin(), partitions.end()}});
        }
    }
    call->answer(response);
}

void handle_consumer_group_describe(Service& service, const CallPtr& call,
                                    wire::ConsumerGroupDescribeRequest request) {
    Described response;
    for (std::string& name : request.group_ids) {
        auto& out = response.groups.emplace_back();
        fill(service.coordinator().describe_consumer(name), out);
        out.group_id = std::move(name);
        if (request.include_authorized_operations) out.authorized_operations = kAllGroupOperations;
    }
    call->answer(response);
}

}  // namespace mr::serve::kafka
