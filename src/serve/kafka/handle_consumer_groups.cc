// ConsumerGroupHeartbeat, ConsumerGroupDescribe: the wire of KIP-848 groups. What they mean is decided by
// broker::groups::Coordinator.
#include <algorithm>
#include <utility>
#include <vector>

#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

namespace groups = broker::groups;

/// Since v1 the client makes its member id (KIP-1082).
constexpr std::int16_t kMemberIdByClientSince = 1;
constexpr std::int8_t kMemberTypeClassic = 0;
constexpr std::int8_t kMemberTypeConsumer = 1;

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
        to.member_type = member.classic ? kMemberTypeClassic : kMemberTypeConsumer;
    }
}

/// Reads of the group, and every topic it names visible to the caller.
ErrorCode check_heartbeat(const Call& call, const wire::ConsumerGroupHeartbeatRequest& request) {
    if (!call.restricted()) return ErrorCode::none;
    if (!call.may_group(Operation::read, request.group_id)) return ErrorCode::group_authorization_failed;
    if (request.subscribed_topic_names) {
        for (const std::string& topic : *request.subscribed_topic_names) {
            if (!call.may_topic(Operation::describe, topic)) return ErrorCode::topic_authorization_failed;
        }
    }
    return ErrorCode::none;
}

/// A group whose members read topics that the caller may not see is not shown to him.
bool may_see_topics(const Call& call, const Described::Group& group) {
    if (!call.restricted()) return true;
    const auto visible = [&](const Described::Assignment& assignment) {
        return std::all_of(
            assignment.topic_partitions.begin(), assignment.topic_partitions.end(),
            [&](const auto& topic) { return call.may_topic(Operation::describe, topic.topic_name); });
    };
    return std::all_of(group.members.begin(), group.members.end(), [&](const auto& member) {
        return visible(member.assignment) && visible(member.target_assignment) &&
               std::all_of(
                   member.subscribed_topic_names.begin(), member.subscribed_topic_names.end(),
                   [&](const std::string& topic) { return call.may_topic(Operation::describe, topic); });
    });
}

}  // namespace

void handle_consumer_group_heartbeat(Service& service, const CallPtr& call,
                                     wire::ConsumerGroupHeartbeatRequest request) {
    if (const ErrorCode refused = check_heartbeat(*call, request); refused != ErrorCode::none) {
        wire::ConsumerGroupHeartbeatResponse response;
        response.error_code = refused;
        response.error_message = message_of(refused);
        return call->answer(response);
    }
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
    beat.may_describe = may_describe(call);
    beat.member_id_required = call->version() >= kMemberIdByClientSince;
    if (request.topic_partitions) {
        beat.owned.emplace();
        for (const auto& topic : *request.topic_partitions) {
            if (topic.partitions.empty()) continue;
            (*beat.owned)[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
        }
    }
    const std::string group = beat.group;
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
    // What the member is told holds after a restart, too.
    service.coordinator().when_stored(group,
                                      [call, response = std::move(response)] { call->answer(response); });
}

void handle_consumer_group_describe(Service& service, const CallPtr& call,
                                    wire::ConsumerGroupDescribeRequest request) {
    Described response;
    for (std::string& name : request.group_ids) {
        auto& out = response.groups.emplace_back();
        if (call->may_group(Operation::describe, name)) {
            fill(service.coordinator().describe_consumer(name), out);
            if (!may_see_topics(*call, out)) {
                out = {};
                out.error_code = ErrorCode::topic_authorization_failed;
                out.error_message =
                    "The group has described topic(s) that the client is not authorized to describe.";
            } else if (request.include_authorized_operations) {
                out.authorized_operations = call->operations(ResourceType::group, name, kAllGroupOperations);
            }
        } else {
            out.error_code = ErrorCode::group_authorization_failed;
            out.error_message = message_of(out.error_code);
        }
        out.group_id = std::move(name);
    }
    call->answer(response);
}

}  // namespace mr::serve::kafka
