// JoinGroup (11), SyncGroup (14), Heartbeat (12) and LeaveGroup (13): the classic group protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct JoinGroupRequest {
    static constexpr ApiKey kApi = ApiKey::join_group;
    static constexpr std::int16_t kFlexibleSince = 6;

    struct Protocol {
        std::string name;
        Bytes metadata;

        template <class V>
        void fields(V& v) {
            v(name);
            v(metadata);
        }
    };

    std::string group_id;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = -1;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string protocol_type;
    std::vector<Protocol> protocols;
    std::optional<std::string> reason;

    template <class V>
    void fields(V& v) {
        v(group_id);
        v(session_timeout_ms);
        v(rebalance_timeout_ms, since(1));
        v(member_id);
        v(group_instance_id, since(5));
        v(protocol_type);
        v(protocols);
        v(reason, since(8));
    }
};

struct JoinGroupResponse {
    static constexpr ApiKey kApi = ApiKey::join_group;
    static constexpr std::int16_t kFlexibleSince = 6;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        Bytes metadata;

        template <class V>
        void fields(V& v) {
            v(member_id);
            v(group_instance_id, since(5));
            v(metadata);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int32_t generation_id = -1;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::string leader;
    bool skip_assignment = false;
    std::string member_id;
    std::vector<Member> members;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(2));
        v(error_code);
        v(generation_id);
        v(protocol_type, since(7));
        v(protocol_name, nullable_since(7));
        v(leader);
        v(skip_assignment, since(9));
        v(member_id);
        v(members);
    }
};

struct SyncGroupRequest {
    static constexpr ApiKey kApi = ApiKey::sync_group;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Assignment {
        std::string member_id;
        Bytes assignment;

        template <class V>
        void fields(V& v) {
            v(member_id);
            v(assignment);
        }
    };

    std::string group_id;
    std::int32_t generation_id = 0;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::vector<Assignment> assignments;

    template <class V>
    void fields(V& v) {
        v(group_id);
        v(generation_id);
        v(member_id);
        v(group_instance_id, since(3));
        v(protocol_type, since(5));
        v(protocol_name, since(5));
        v(assignments);
    }
};

struct SyncGroupResponse {
    static constexpr ApiKey kApi = ApiKey::sync_group;
    static constexpr std::int16_t kFlexibleSince = 4;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    Bytes assignment;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(error_code);
        v(protocol_type, since(5));
        v(protocol_name, since(5));
        v(assignment);
    }
};

struct HeartbeatRequest {
    static constexpr ApiKey kApi = ApiKey::heartbeat;
    static constexpr std::int16_t kFlexibleSince = 4;

    std::string group_id;
    std::int32_t generation_id = 0;
    std::string member_id;
    std::optional<std::string> group_instance_id;

    template <class V>
    void fields(V& v) {
        v(group_id);
        v(generation_id);
        v(member_id);
        v(group_instance_id, since(3));
    }
};

struct HeartbeatResponse {
    static constexpr ApiKey kApi = ApiKey::heartbeat;
    static constexpr std::int16_t kFlexibleSince = 4;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(error_code);
    }
};

struct LeaveGroupRequest {
    static constexpr ApiKey kApi = ApiKey::leave_group;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::optional<std::string> reason;

        template <class V>
        void fields(V& v) {
            v(member_id);
            v(group_instance_id);
            v(reason, since(5));
        }
    };

    std::string group_id;
    std::string member_id;
    std::vector<Member> members;

    template <class V>
    void fields(V& v) {
        v(group_id);
        v(member_id, until(2));
        v(members, since(3));
    }
};

struct LeaveGroupResponse {
    static constexpr ApiKey kApi = ApiKey::leave_group;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        ErrorCode error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(member_id);
            v(group_instance_id);
            v(error_code);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Member> members;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(error_code);
        v(members, since(3));
    }
};

MR_WIRE_MESSAGE(JoinGroupRequest);
MR_WIRE_MESSAGE(JoinGroupResponse);
MR_WIRE_MESSAGE(SyncGroupRequest);
MR_WIRE_MESSAGE(SyncGroupResponse);
MR_WIRE_MESSAGE(HeartbeatRequest);
MR_WIRE_MESSAGE(HeartbeatResponse);
MR_WIRE_MESSAGE(LeaveGroupRequest);
MR_WIRE_MESSAGE(LeaveGroupResponse);

}  // namespace mr::wire
