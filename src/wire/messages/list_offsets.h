// ListOffsets (2) and OffsetForLeaderEpoch (23): finding offsets by time and by epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct ListOffsetsRequest {
    static constexpr ApiKey kApi = ApiKey::list_offsets;
    static constexpr std::int16_t kFlexibleSince = 6;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int32_t current_leader_epoch = -1;
        std::int64_t timestamp = 0;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(current_leader_epoch, since(4));
            v(timestamp);
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partitions);
        }
    };

    std::int32_t replica_id = -1;
    std::int8_t isolation_level = 0;
    std::vector<Topic> topics;
    std::int32_t timeout_ms = 0;

    template <class V>
    void fields(V& v) {
        v(replica_id);
        v(isolation_level, since(2));
        v(topics);
        v(timeout_ms, since(10));
    }
};

struct ListOffsetsResponse {
    static constexpr ApiKey kApi = ApiKey::list_offsets;
    static constexpr std::int16_t kFlexibleSince = 6;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::int64_t timestamp = -1;
        std::int64_t offset = -1;
        std::int32_t leader_epoch = -1;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(error_code);
            v(timestamp, since(1));
            v(offset, since(1));
            v(leader_epoch, since(4));
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(2));
        v(topics);
    }
};

struct OffsetForLeaderEpochRequest {
    static constexpr ApiKey kApi = ApiKey::offset_for_leader_epoch;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Partition {
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = -1;
        std::int32_t leader_epoch = 0;

        template <class V>
        void fields(V& v) {
            v(partition);
            v(current_leader_epoch, since(2));
            v(leader_epoch);
        }
    };

    struct Topic {
        std::string topic;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(topic);
            v(partitions);
        }
    };

    std::int32_t replica_id = -2;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(replica_id, since(3));
        v(topics);
    }
};

struct OffsetForLeaderEpochResponse {
    static constexpr ApiKey kApi = ApiKey::offset_for_leader_epoch;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Partition {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition = 0;
        std::int32_t leader_epoch = -1;
        std::int64_t end_offset = -1;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(partition);
            v(leader_epoch, since(1));
            v(end_offset);
        }
    };

    struct Topic {
        std::string topic;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(topic);
            v(partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(2));
        v(topics);
    }
};

MR_WIRE_MESSAGE(ListOffsetsRequest);
MR_WIRE_MESSAGE(ListOffsetsResponse);
MR_WIRE_MESSAGE(OffsetForLeaderEpochRequest);
MR_WIRE_MESSAGE(OffsetForLeaderEpochResponse);

}  // namespace mr::wire
