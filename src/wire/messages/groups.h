// DescribeGroups (15), ListGroups (16) and DeleteGroups (42).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct DescribeGroupsRequest {
    static constexpr ApiKey kApi = ApiKey::describe_groups;
    static constexpr std::int16_t kFlexibleSince = 5;

    std::vector<std::string> groups;
    bool include_authorized_operations = false;

    template <class V>
    void fields(V& v) {
        v(groups);
        v(include_authorized_operations, since(3));
    }
};

struct DescribeGroupsResponse {
    static constexpr ApiKey kApi = ApiKey::describe_groups;
    static constexpr std::int16_t kFlexibleSince = 5;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::string client_id;
        std::string client_host;
        Bytes member_metadata;
        Bytes member_assignment;

        template <class V>
        void fields(V& v) {
            v(member_id);
            v(group_instance_id, since(4));
            v(client_id);
            v(client_host);
            v(member_metadata);
            v(member_assignment);
        }
    };

    struct Group {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::string protocol_type;
        std::string protocol_data;
        std::vector<Member> members;
        std::int32_t authorized_operations = kNoOperations;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message, since(6));
            v(group_id);
            v(group_state);
            v(protocol_type);
            v(protocol_data);
            v(members);
            v(authorized_operations, since(3));
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Group> groups;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(groups);
    }
};

struct ListGroupsRequest {
    static constexpr ApiKey kApi = ApiKey::list_groups;
    static constexpr std::int16_t kFlexibleSince = 3;

    std::vector<std::string> states_filter;
    std::vector<std::string> types_filter;

    template <class V>
    void fields(V& v) {
        v(states_filter, since(4));
        v(types_filter, since(5));
    }
};

struct ListGroupsResponse {
    static constexpr ApiKey kApi = ApiKey::list_groups;
    static constexpr std::int16_t kFlexibleSince = 3;

    struct Group {
        std::string group_id;
        std::string protocol_type;
        std::string group_state;
        std::string group_type;

        template <class V>
        void fields(V& v) {
            v(group_id);
            v(protocol_type);
            v(group_state, since(4));
            v(group_type, since(5));
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Group> groups;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(error_code);
        v(groups);
    }
};

struct DeleteGroupsRequest {
    static constexpr ApiKey kApi = ApiKey::delete_groups;
    static constexpr std::int16_t kFlexibleSince = 2;

    std::vector<std::string> groups_names;

    template <class V>
    void fields(V& v) {
        v(groups_names);
    }
};

struct DeleteGroupsResponse {
    static constexpr ApiKey kApi = ApiKey::delete_groups;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Result {
        std::string group_id;
        ErrorCode error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(group_id);
            v(error_code);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(results);
    }
};

MR_WIRE_MESSAGE(DescribeGroupsRequest);
MR_WIRE_MESSAGE(DescribeGroupsResponse);
MR_WIRE_MESSAGE(ListGroupsRequest);
MR_WIRE_MESSAGE(ListGroupsResponse);
MR_WIRE_MESSAGE(DeleteGroupsRequest);
MR_WIRE_MESSAGE(DeleteGroupsResponse);

}  // namespace mr::wire
