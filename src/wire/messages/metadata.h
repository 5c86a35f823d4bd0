// Metadata (3) and DescribeCluster (60): brokers, topics, partitions and their leaders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
/// Topics null (from v1) or empty (v0): all topics.
struct MetadataRequest {
    static constexpr ApiKey kApi = ApiKey::metadata;
    static constexpr std::int16_t kFlexibleSince = 9;

    struct Topic {
        Uuid topic_id;
        std::optional<std::string> name;

        template <class V>
        void fields(V& v) {
            v(topic_id, since(10));
            v(name, nullable_since(10));
        }
    };

    std::optional<std::vector<Topic>> topics;
    bool allow_auto_topic_creation = true;
    bool include_cluster_authorized_operations = false;
    bool include_topic_authorized_operations = false;

    template <class V>
    void fields(V& v) {
        v(topics, nullable_since(1));
        v(allow_auto_topic_creation, since(4));
        v(include_cluster_authorized_operations, between(8, 10));
        v(include_topic_authorized_operations, since(8));
    }
};

struct MetadataResponse {
    static constexpr ApiKey kApi = ApiKey::metadata;
    static constexpr std::int16_t kFlexibleSince = 9;

    struct Broker {
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        template <class V>
        void fields(V& v) {
            v(node_id);
            v(host);
            v(port);
            v(rack, since(1));
        }
    };

    struct Partition {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes;
        std::vector<std::int32_t> isr_nodes;
        std::vector<std::int32_t> offline_replicas;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(partition_index);
            v(leader_id);
            v(leader_epoch, since(7));
            v(replica_nodes);
            v(isr_nodes);
            v(offline_replicas, since(5));
        }
    };

    struct Topic {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name;
        Uuid topic_id;
        bool is_internal = false;
        std::vector<Partition> partitions;
        std::int32_t topic_authorized_operations = kNoOperations;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(name, nullable_since(12));
            v(topic_id, since(10));
            v(is_internal, since(1));
            v(partitions);
            v(topic_authorized_operations, since(8));
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Broker> brokers;
    std::optional<std::string> cluster_id;
    std::int32_t controller_id = -1;
    std::vector<Topic> topics;
    std::int32_t cluster_authorized_operations = kNoOperations;
    ErrorCode error_code = ErrorCode::none;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(3));
        v(brokers);
        v(cluster_id, since(2));
        v(controller_id, since(1));
        v(topics);
        v(cluster_authorized_operations, between(8, 10));
        v(error_code, since(13));
    }
};

struct DescribeClusterRequest {
    static constexpr ApiKey kApi = ApiKey::describe_cluster;
    static constexpr std::int16_t kFlexibleSince = 0;

    bool include_cluster_authorized_operations = false;
    std::int8_t endpoint_type = 1;
    bool include_fenced_brokers = false;

    template <class V>
    void fields(V& v) {
        v(include_cluster_authorized_operations);
        v(endpoint_type, since(1));
        v(include_fenced_brokers, since(2));
    }
};

struct DescribeClusterResponse {
    static constexpr ApiKey kApi = ApiKey::describe_cluster;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Broker {
        std::int32_t broker_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;
        bool is_fenced = false;

        template <class V>
        void fields(V& v) {
            v(broker_id);
            v(host);
            v(port);
            v(rack);
            v(is_fenced, since(2));
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int8_t endpoint_type = 1;
    std::string cluster_id;
    std::int32_t controller_id = -1;
    std::vector<Broker> brokers;
    std::int32_t cluster_authorized_operations = kNoOperations;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(error_message);
        v(endpoint_type, since(1));
        v(cluster_id);
        v(controller_id);
        v(brokers);
        v(cluster_authorized_operations);
    }
};

MR_WIRE_MESSAGE(MetadataRequest);
MR_WIRE_MESSAGE(MetadataResponse);
MR_WIRE_MESSAGE(DescribeClusterRequest);
MR_WIRE_MESSAGE(DescribeClusterResponse);

}  // namespace mr::wire
