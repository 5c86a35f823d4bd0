// JoinGroup, SyncGroup, Heartbeat, LeaveGroup: the wire of the classic group protocol. What they mean is
// decided by broker::groups::Coordinator.
#include <utility>
#include <vector>

#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

namespace groups = broker::groups;

/// From this version on a member without an id is first given one and asked to come again (KIP-394).
constexpr std::int16_t kMemberIdFirstSince = 4;
constexpr std::int16_t kSkipAssignmentSince = 9;
constexpr std::int16_t kManyLeaveSince = 3;

wire::JoinGroupResponse to_response(groups::JoinResponse joined) {
    wire::JoinGroupResponse response;
    response.error_code = to_wire(joined.error);
    response.generation_id = joined.generation;
    response.protocol_type = std::move(joined.protocol_type);
    response.protocol_name = std::move(joined.protocol_name);
    response.leader = std::move(joined.leader);
    response.skip_assignment = joined.skip_assignment;
    response.member_id = std::move(joined.member_id);
    for (groups::JoinMember& member : joined.members) {
        auto& out = response.members.emplace_back();
        out.member_id = std::move(member.member_id);
        out.group_instance_id = std::move(member.instance_id);
        out.metadata.data = std::move(member.metadata);
    }
    return response;
}

}  // namespace

std::string client_host(const Call& call) {
    const std::string& peer = call.peer();
    return "/" + peer.substr(0, peer.rfind(':'));
}

std::function<bool(const std::string& topic)> may_describe(const CallPtr& call) {
    if (!call->restricted()) return {};
    return [call](const std::string& topic) { return call->may_topic(Operation::describe, topic); };
}

void handle_join_group(Service& service, const CallPtr& call, wire::JoinGroupRequest request) {
    if (!call->may_group(Operation::read, request.group_id)) {
        wire::JoinGroupResponse response;
        response.error_code = ErrorCode::group_authorization_failed;
        return call->answer(response);
    }
    groups::JoinRequest join;
    join.group = std::move(request.group_id);
    join.member_id = std::move(request.member_id);
    join.instance_id = std::move(request.group_instance_id);
    join.client_id = call->client_id();
    join.client_host = client_host(*call);
    join.protocol_type = std::move(request.protocol_type);
    for (auto& protocol : request.protocols) {
        join.protocols.push_back({std::move(protocol.name), std::move(protocol.metadata.data)});
    }
    join.may_describe = may_describe(call);
    join.session_timeout_ms = request.session_timeout_ms;
    join.rebalance_timeout_ms =
        request.rebalance_timeout_ms < 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
    join.require_member_id = call->version() >= kMemberIdFirstSince;
    join.support_skip_assignment = call->version() >= kSkipAssignmentSince;
    service.coordinator().join(service.now_ms(), std::move(join), [call](groups::JoinResponse joined) {
        call->answer(to_response(std::move(joined)));
    });
    service.coordinator_changed();
}

void handle_sync_group(Service& service, const CallPtr& call, wire::SyncGroupRequest request) {
    if (!call->may_group(Operation::read, request.group_id)) {
        wire::SyncGroupResponse response;
        response.error_code = ErrorCode::group_authorization_failed;
        return call->answer(response);
    }
    groups::SyncRequest sync;
    sync.group = std::move(request.group_id);
    sync.generation = request.generation_id;
    sync.member_id = std::move(request.member_id);
    sync.instance_id = std::move(request.group_instance_id);
    sync.protocol_type = std::move(request.protocol_type);
    sync.protocol_name = std::move(request.protocol_name);
    for (auto& assignment : request.assignments) {
        sync.assignments.push_back({std::move(assignment.member_id), std::move(assignment.assignment.data)});
    }
    service.coordinator().sync(service.now_ms(), std::move(sync), [call](groups::SyncResponse synced) {
        wire::SyncGroupResponse response;
        response.error_code = to_wire(synced.error);
        response.protocol_type = std::move(synced.protocol_type);
        response.protocol_name = std::move(synced.protocol_name);
        response.assignment.data = std::move(synced.assignment);
        call->answer(response);
    });
    service.coordinator_changed();
}

void handle_heartbeat(Service& service, const CallPtr& call, wire::HeartbeatRequest request) {
    wire::HeartbeatResponse response;
    if (!call->may_group(Operation::read, request.group_id)) {
        response.error_code = ErrorCode::group_authorization_failed;
        return call->answer(response);
    }
    response.error_code = to_wire(service.coordinator().heartbeat(
        service.now_ms(), request.group_id,
        {std::move(request.member_id), std::move(request.group_instance_id), request.generation_id}));
    service.coordinator_changed();
    call->answer(response);
}

void handle_leave_group(Service& service, const CallPtr& call, wire::LeaveGroupRequest request) {
    if (!call->may_group(Operation::read, request.group_id)) {
        wire::LeaveGroupResponse response;
        response.error_code = ErrorCode::group_authorization_failed;
        return call->answer(response);
    }
    std::vector<groups::LeaveMember> members;
    const bool many = call->version() >= kManyLeaveSince;
    if (!many) members.push_back({std::move(request.member_id), std::nullopt});
    for (auto& member : request.members) {
        members.push_back({std::move(member.member_id), std::move(member.group_instance_id)});
    }
    groups::LeaveResponse left =
        service.coordinator().leave(service.now_ms(), request.group_id, std::move(members));
    service.coordinator_changed();
    // That the last one has left is durable before it hears so.
    const std::string group = std::move(request.group_id);
    wire::LeaveGroupResponse response;
    response.error_code = to_wire(left.error);
    for (auto& member : left.members) {
        if (!many) {
            // Before v3 one member leaves, and its error is the answer's.
            if (response.error_code == ErrorCode::none) response.error_code = to_wire(member.error);
            continue;
        }
        auto& out = response.members.emplace_back();
        out.member_id = std::move(member.who.member_id);
        out.group_instance_id = std::move(member.who.instance_id);
        out.error_code = to_wire(member.error);
    }
    service.coordinator().when_stored(group,
                                      [call, response = std::move(response)] { call->answer(response); });
}

}  // namespace mr::serve::kafka
