// Produce (0). Versions 0-2 (message formats before v2) are advertised and refused
// (docs/kafka-compatibility.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"
#include "wire/messages/leader.h"

namespace mr::wire {

struct ProduceRequest {
    static constexpr ApiKey kApi = ApiKey::produce;
    static constexpr std::int16_t kFlexibleSince = 9;

    struct Partition {
        std::int32_t index = 0;
        std::optional<RecordData> records;

        template <class V>
        void fields(V& v) {
            v(index);
            v(records);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name, until(12));
            v(topic_id, since(13));
            v(partitions);
        }
    };

    std::optional<std::string> transactional_id;
    std::int16_t acks = 0;
    std::int32_t timeout_ms = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(transactional_id, since(3));
        v(acks);
        v(timeout_ms);
        v(topics);
    }
};

struct ProduceResponse {
    static constexpr ApiKey kApi = ApiKey::produce;
    static constexpr std::int16_t kFlexibleSince = 9;

    struct RecordError {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message;

        template <class V>
        void fields(V& v) {
            v(batch_index);
            v(batch_index_error_message);
        }
    };

    struct Partition {
        std::int32_t index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::int64_t base_offset = 0;
        std::int64_t log_append_time_ms = -1;
        std::int64_t log_start_offset = -1;
        std::vector<RecordError> record_errors;
        std::optional<std::string> error_message;
        LeaderIdAndEpoch current_leader;

        template <class V>
        void fields(V& v) {
            v(index);
            v(error_code);
            v(base_offset);
            v(log_append_time_ms, since(2));
            v(log_start_offset, since(5));
            v(record_errors, since(8));
            v(error_message, since(8));
            v.tagged(current_leader, 0, {}, since(10));
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name, until(12));
            v(topic_id, since(13));
            v(partitions);
        }
    };

    std::vector<Topic> topics;
    std::int32_t throttle_time_ms = 0;
    std::vector<NodeEndpoint> node_endpoints;

    template <class V>
    void fields(V& v) {
        v(topics);
        v(throttle_time_ms, since(1));
        v.tagged(node_endpoints, 0, {}, since(10));
    }
};

MR_WIRE_MESSAGE(ProduceRequest);
MR_WIRE_MESSAGE(ProduceResponse);

}  // namespace mr::wire
