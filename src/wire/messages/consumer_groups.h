// ConsumerGroupHeartbeat (68) and ConsumerGroupDescribe (69), KIP-848.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct ConsumerGroupHeartbeatRequest {
    static constexpr ApiKey kApi = ApiKey::consumer_group_heartbeat;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(topic_id);
            v(partitions);
        }
    };

    std::string group_id;
    std::string member_id;
    std::int32_t member_epoch = 0;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<std::vector<std::string>> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    std::optional<std::string> server_assignor;
    std::optional<std::vector<TopicPartitions>> topic_partitions;

    template <class V>
    void fields(V& v) {
        v(group_id);
        v(member_id);
        v(member_epoch);
        v(instance_id);
        v(rack_id);
        v(rebalance_timeout_ms);
        v(subscribed_topic_names);
        v(subscribed_topic_regex, since(1));
        v(server_assignor);
        v(topic_partitions);
    }
};

struct ConsumerGroupHeartbeatResponse {
    static constexpr ApiKey kApi = ApiKey::consumer_group_heartbeat;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(topic_id);
            v(partitions);
        }
    };

    struct Assignment {
        std::vector<TopicPartitions> topic_partitions;

        template <class V>
        void fields(V& v) {
            v(topic_partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = 0;
    std::int32_t heartbeat_interval_ms = 0;
    std::optional<Assignment> assignment;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(error_message);
        v(member_id);
        v(member_epoch);
        v(heartbeat_interval_ms);
        v(assignment);
    }
};

struct ConsumerGroupDescribeRequest {
    static constexpr ApiKey kApi = ApiKey::consumer_group_describe;
    static constexpr std::int16_t kFlexibleSince = 0;

    std::vector<std::string> group_ids;
    bool include_authorized_operations = false;

    template <class V>
    void fields(V& v) {
        v(group_ids);
        v(include_authorized_operations);
    }
};

struct ConsumerGroupDescribeResponse {
    static constexpr ApiKey kApi = ApiKey::consumer_group_describe;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct TopicPartitions {
        Uuid topic_id;
        std::string topic_name;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(topic_id);
            v(topic_name);
            v(partitions);
        }
    };

    struct Assignment {
        std::vector<TopicPartitions> topic_partitions;

        template <class V>
        void fields(V& v) {
            v(topic_partitions);
        }
    };

    struct Group {
        struct Member {
            std::string member_id;
            std::optional<std::string> instance_id;
            std::optional<std::string> rack_id;
            std::int32_t member_epoch = 0;
            std::string client_id;
            std::string client_host;
            std::vector<std::string> subscribed_topic_names;
            std::optional<std::string> subscribed_topic_regex;
            Assignment assignment;
            Assignment target_assignment;
            std::int8_t member_type = -1;

            template <class V>
            void fields(V& v) {
                v(member_id);
                v(instance_id);
                v(rack_id);
                v(member_epoch);
                v(client_id);
                v(client_host);
                v(subscribed_topic_names);
                v(subscribed_topic_regex);
                v(assignment);
                v(target_assignment);
                v(member_type, since(1));
            }
        };

        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::int32_t group_epoch = 0;
        std::int32_t assignment_epoch = 0;
        std::string assignor_name;
        std::vector<Member> members;
        std::int32_t authorized_operations = kNoOperations;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message);
            v(group_id);
            v(group_state);
            v(group_epoch);
            v(assignment_epoch);
            v(assignor_name);
            v(members);
            v(authorized_operations);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Group> groups;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(groups);
    }
};

MR_WIRE_MESSAGE(ConsumerGroupHeartbeatRequest);
MR_WIRE_MESSAGE(ConsumerGroupHeartbeatResponse);
MR_WIRE_MESSAGE(ConsumerGroupDescribeRequest);
MR_WIRE_MESSAGE(ConsumerGroupDescribeResponse);

}  // namespace mr::wire
