// OffsetCommit (8), OffsetFetch (9) and OffsetDelete (47): positions of consumer groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct OffsetCommitRequest {
    static constexpr ApiKey kApi = ApiKey::offset_commit;
    static constexpr std::int16_t kFlexibleSince = 8;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> committed_metadata;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(committed_offset);
            v(committed_leader_epoch, since(6));
            v(committed_metadata);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name, until(9));
            v(topic_id, since(10));
            v(partitions);
        }
    };

    std::string group_id;
    std::int32_t generation_id_or_member_epoch = -1;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::int64_t retention_time_ms = -1;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(group_id);
        v(generation_id_or_member_epoch, since(1));
        v(member_id, since(1));
        v(group_instance_id, since(7));
        v(retention_time_ms, between(2, 4));
        v(topics);
    }
};

struct OffsetCommitResponse {
    static constexpr ApiKey kApi = ApiKey::offset_commit;
    static constexpr std::int16_t kFlexibleSince = 8;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(error_code);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name, until(9));
            v(topic_id, since(10));
            v(partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(3));
        v(topics);
    }
};

/// Topics null: every partition the group has committed.
struct OffsetFetchRequest {
    static constexpr ApiKey kApi = ApiKey::offset_fetch;
    static constexpr std::int16_t kFlexibleSince = 6;

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<std::int32_t> partition_indexes;

        template <class V>
        void fields(V& v) {
            v(name, until(9));
            v(topic_id, since(10));
            v(partition_indexes);
        }
    };

    struct Group {
        std::string group_id;
        std::optional<std::string> member_id;
        std::int32_t member_epoch = -1;
        std::optional<std::vector<Topic>> topics;

        template <class V>
        void fields(V& v) {
            v(group_id);
            v(member_id, since(9));
            v(member_epoch, since(9));
            v(topics);
        }
    };

    std::string group_id;
    std::optional<std::vector<Topic>> topics;
    std::vector<Group> groups;
    bool require_stable = false;

    template <class V>
    void fields(V& v) {
        v(group_id, until(7));
        v(topics, until(7).nullable(2));
        v(groups, since(8));
        v(require_stable, since(7));
    }
};

struct OffsetFetchResponse {
    static constexpr ApiKey kApi = ApiKey::offset_fetch;
    static constexpr std::int16_t kFlexibleSince = 6;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = -1;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata;
        ErrorCode error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(committed_offset);
            v(committed_leader_epoch, since(5));
            v(metadata);
            v(error_code);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name, until(9));
            v(topic_id, since(10));
            v(partitions);
        }
    };

    struct Group {
        std::string group_id;
        std::vector<Topic> topics;
        ErrorCode error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(group_id);
            v(topics);
            v(error_code);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Group> groups;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(3));
        v(topics, until(7));
        v(error_code, between(2, 7));
        v(groups, since(8));
    }
};

struct OffsetDeleteRequest {
    static constexpr ApiKey kApi = ApiKey::offset_delete;
    static constexpr std::int16_t kFlexibleSince = kNeverFlexible;

    struct Partition {
        std::int32_t partition_index = 0;

        template <class V>
        void fields(V& v) {
            v(partition_index);
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

    std::string group_id;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(group_id);
        v(topics);
    }
};

struct OffsetDeleteResponse {
    static constexpr ApiKey kApi = ApiKey::offset_delete;
    static constexpr std::int16_t kFlexibleSince = kNeverFlexible;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(error_code);
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

    ErrorCode error_code = ErrorCode::none;
    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(error_code);
        v(throttle_time_ms);
        v(topics);
    }
};

MR_WIRE_MESSAGE(OffsetCommitRequest);
MR_WIRE_MESSAGE(OffsetCommitResponse);
MR_WIRE_MESSAGE(OffsetFetchRequest);
MR_WIRE_MESSAGE(OffsetFetchResponse);
MR_WIRE_MESSAGE(OffsetDeleteRequest);
MR_WIRE_MESSAGE(OffsetDeleteResponse);

}  // namespace mr::wire
