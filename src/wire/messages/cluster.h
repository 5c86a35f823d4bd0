// UpdateFeatures (57), DescribeQuorum (55) and ListConfigResources (74).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct UpdateFeaturesRequest {
    static constexpr ApiKey kApi = ApiKey::update_features;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Update {
        std::string feature;
        std::int16_t max_version_level = 0;
        bool allow_downgrade = false;
        std::int8_t upgrade_type = 1;

        template <class V>
        void fields(V& v) {
            v(feature);
            v(max_version_level);
            v(allow_downgrade, until(0));
            v(upgrade_type, since(1));
        }
    };

    std::int32_t timeout_ms = 60000;
    std::vector<Update> feature_updates;
    bool validate_only = false;

    template <class V>
    void fields(V& v) {
        v(timeout_ms);
        v(feature_updates);
        v(validate_only, since(1));
    }
};

struct UpdateFeaturesResponse {
    static constexpr ApiKey kApi = ApiKey::update_features;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Feature {
        std::string feature;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        template <class V>
        void fields(V& v) {
            v(feature);
            v(error_code);
            v(error_message);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Feature> results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(error_message);
        v(results, until(1));
    }
};

struct DescribeQuorumRequest {
    static constexpr ApiKey kApi = ApiKey::describe_quorum;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        struct Partition {
            std::int32_t partition_index = 0;

            template <class V>
            void fields(V& v) {
                v(partition_index);
            }
        };

        std::string topic_name;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(topic_name);
            v(partitions);
        }
    };

    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(topics);
    }
};

struct DescribeQuorumResponse {
    static constexpr ApiKey kApi = ApiKey::describe_quorum;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Replica {
        std::int32_t replica_id = 0;
        Uuid replica_directory_id;
        std::int64_t log_end_offset = 0;
        std::int64_t last_fetch_timestamp = -1;
        std::int64_t last_caught_up_timestamp = -1;

        template <class V>
        void fields(V& v) {
            v(replica_id);
            v(replica_directory_id, since(2));
            v(log_end_offset);
            v(last_fetch_timestamp, since(1));
            v(last_caught_up_timestamp, since(1));
        }
    };

    struct Topic {
        struct Partition {
            std::int32_t partition_index = 0;
            ErrorCode error_code = ErrorCode::none;
            std::optional<std::string> error_message;
            std::int32_t leader_id = 0;
            std::int32_t leader_epoch = 0;
            std::int64_t high_watermark = 0;
            std::vector<Replica> current_voters;
            std::vector<Replica> observers;

            template <class V>
            void fields(V& v) {
                v(partition_index);
                v(error_code);
                v(error_message, since(2));
                v(leader_id);
                v(leader_epoch);
                v(high_watermark);
                v(current_voters);
                v(observers);
            }
        };

        std::string topic_name;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(topic_name);
            v(partitions);
        }
    };

    struct Node {
        struct Listener {
            std::string name;
            std::string host;
            std::uint16_t port = 0;

            template <class V>
            void fields(V& v) {
                v(name, since(2));
                v(host, since(2));
                v(port, since(2));
            }
        };

        std::int32_t node_id = 0;
        std::vector<Listener> listeners;

        template <class V>
        void fields(V& v) {
            v(node_id, since(2));
            v(listeners, since(2));
        }
    };

    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Topic> topics;
    std::vector<Node> nodes;

    template <class V>
    void fields(V& v) {
        v(error_code);
        v(error_message, since(2));
        v(topics);
        v(nodes, since(2));
    }
};

struct ListConfigResourcesRequest {
    static constexpr ApiKey kApi = ApiKey::list_config_resources;
    static constexpr std::int16_t kFlexibleSince = 0;

    std::vector<std::int8_t> resource_types;

    template <class V>
    void fields(V& v) {
        v(resource_types, since(1));
    }
};

struct ListConfigResourcesResponse {
    static constexpr ApiKey kApi = ApiKey::list_config_resources;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Resource {
        std::string resource_name;
        std::int8_t resource_type = 16;

        template <class V>
        void fields(V& v) {
            v(resource_name);
            v(resource_type, since(1));
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Resource> config_resources;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(config_resources);
    }
};

MR_WIRE_MESSAGE(UpdateFeaturesRequest);
MR_WIRE_MESSAGE(UpdateFeaturesResponse);
MR_WIRE_MESSAGE(DescribeQuorumRequest);
MR_WIRE_MESSAGE(DescribeQuorumResponse);
MR_WIRE_MESSAGE(ListConfigResourcesRequest);
MR_WIRE_MESSAGE(ListConfigResourcesResponse);

}  // namespace mr::wire
