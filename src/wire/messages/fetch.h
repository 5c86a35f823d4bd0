// Fetch (1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"
#include "wire/messages/leader.h"

namespace mr::wire {

/// The partitions' tagged fields (replica directory, high watermark) are for replicas and skipped.
struct FetchRequest {
    static constexpr ApiKey kApi = ApiKey::fetch;
    static constexpr std::int16_t kFlexibleSince = 12;

    struct ReplicaState {
        std::int32_t replica_id = -1;
        std::int64_t replica_epoch = -1;

        template <class V>
        void fields(V& v) {
            v(replica_id);
            v(replica_epoch);
        }
        bool operator==(const ReplicaState&) const = default;
    };

    struct Partition {
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = -1;
        std::int64_t fetch_offset = 0;
        std::int32_t last_fetched_epoch = -1;
        std::int64_t log_start_offset = -1;
        std::int32_t partition_max_bytes = 0;

        template <class V>
        void fields(V& v) {
            v(partition);
            v(current_leader_epoch, since(9));
            v(fetch_offset);
            v(last_fetched_epoch, since(12));
            v(log_start_offset, since(5));
            v(partition_max_bytes);
        }
    };

    struct Topic {
        std::string topic;
        Uuid topic_id;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(topic, until(12));
            v(topic_id, since(13));
            v(partitions);
        }
    };

    struct ForgottenTopic {
        std::string topic;
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(topic, until(12));
            v(topic_id, since(13));
            v(partitions);
        }
    };

    std::int32_t replica_id = -1;
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = 0x7fffffff;
    std::int8_t isolation_level = 0;
    std::int32_t session_id = 0;
    std::int32_t session_epoch = -1;
    std::vector<Topic> topics;
    std::vector<ForgottenTopic> forgotten_topics;
    std::string rack_id;
    std::optional<std::string> cluster_id;
    ReplicaState replica_state;

    template <class V>
    void fields(V& v) {
        v(replica_id, until(14));
        v(max_wait_ms);
        v(min_bytes);
        v(max_bytes, since(3));
        v(isolation_level, since(4));
        v(session_id, since(7));
        v(session_epoch, since(7));
        v(topics);
        v(forgotten_topics, since(7));
        v(rack_id, since(11));
        v.tagged(cluster_id, 0, {}, since(12));
        v.tagged(replica_state, 1, {}, since(15));
    }
};

struct FetchResponse {
    static constexpr ApiKey kApi = ApiKey::fetch;
    static constexpr std::int16_t kFlexibleSince = 12;

    struct EpochEndOffset {
        std::int32_t epoch = -1;
        std::int64_t end_offset = -1;

        template <class V>
        void fields(V& v) {
            v(epoch);
            v(end_offset);
        }
        bool operator==(const EpochEndOffset&) const = default;
    };

    struct AbortedTransaction {
        std::int64_t producer_id = 0;
        std::int64_t first_offset = 0;

        template <class V>
        void fields(V& v) {
            v(producer_id);
            v(first_offset);
        }
    };

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::int64_t high_watermark = 0;
        std::int64_t last_stable_offset = -1;
        std::int64_t log_start_offset = -1;
        std::optional<std::vector<AbortedTransaction>> aborted_transactions;
        std::int32_t preferred_read_replica = -1;
        std::optional<RecordData> records;
        EpochEndOffset diverging_epoch;
        LeaderIdAndEpoch current_leader;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(error_code);
            v(high_watermark);
            v(last_stable_offset, since(4));
            v(log_start_offset, since(5));
            v(aborted_transactions, since(4));
            v(preferred_read_replica, since(11));
            v(records);
            v.tagged(diverging_epoch, 0, {}, since(12));
            v.tagged(current_leader, 1, {}, since(12));
        }
    };

    struct Topic {
        std::string topic;
        Uuid topic_id;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(topic, until(12));
            v(topic_id, since(13));
            v(partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int32_t session_id = 0;
    std::vector<Topic> topics;
    std::vector<NodeEndpoint> node_endpoints;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(error_code, since(7));
        v(session_id, since(7));
        v(topics);
        v.tagged(node_endpoints, 0, {}, since(16));
    }
};

MR_WIRE_MESSAGE(FetchRequest);
MR_WIRE_MESSAGE(FetchResponse);

}  // namespace mr::wire
