// DescribeTopicPartitions (75), ElectLeaders (43), AlterPartitionReassignments (45),
// ListPartitionReassignments (46) and AlterReplicaLogDirs (34).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct DescribeTopicPartitionsRequest {
    static constexpr ApiKey kApi = ApiKey::describe_topic_partitions;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        std::string name;

        template <class V>
        void fields(V& v) {
            v(name);
        }
    };

    struct Cursor {
        std::string topic_name;
        std::int32_t partition_index = 0;

        template <class V>
        void fields(V& v) {
            v(topic_name);
            v(partition_index);
        }
    };

    std::vector<Topic> topics;
    std::int32_t response_partition_limit = 2000;
    std::optional<Cursor> cursor;

    template <class V>
    void fields(V& v) {
        v(topics);
        v(response_partition_limit);
        v(cursor);
    }
};

struct DescribeTopicPartitionsResponse {
    static constexpr ApiKey kApi = ApiKey::describe_topic_partitions;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        struct Partition {
            ErrorCode error_code = ErrorCode::none;
            std::int32_t partition_index = 0;
            std::int32_t leader_id = 0;
            std::int32_t leader_epoch = -1;
            std::vector<std::int32_t> replica_nodes;
            std::vector<std::int32_t> isr_nodes;
            std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
            std::optional<std::vector<std::int32_t>> last_known_elr;
            std::vector<std::int32_t> offline_replicas;

            template <class V>
            void fields(V& v) {
                v(error_code);
                v(partition_index);
                v(leader_id);
                v(leader_epoch);
                v(replica_nodes);
                v(isr_nodes);
                v(eligible_leader_replicas);
                v(last_known_elr);
                v(offline_replicas);
            }
        };

        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name;
        Uuid topic_id;
        bool is_internal = false;
        std::vector<Partition> partitions;
        std::int32_t topic_authorized_operations = kNoOperations;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(name);
            v(topic_id);
            v(is_internal);
            v(partitions);
            v(topic_authorized_operations);
        }
    };

    struct Cursor {
        std::string topic_name;
        std::int32_t partition_index = 0;

        template <class V>
        void fields(V& v) {
            v(topic_name);
            v(partition_index);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;
    std::optional<Cursor> next_cursor;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(topics);
        v(next_cursor);
    }
};

struct ElectLeadersRequest {
    static constexpr ApiKey kApi = ApiKey::elect_leaders;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct TopicPartitions {
        std::string topic;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(topic);
            v(partitions);
        }
    };

    std::int8_t election_type = 0;
    std::optional<std::vector<TopicPartitions>> topic_partitions;
    std::int32_t timeout_ms = 60000;

    template <class V>
    void fields(V& v) {
        v(election_type, since(1));
        v(topic_partitions);
        v(timeout_ms);
    }
};

struct ElectLeadersResponse {
    static constexpr ApiKey kApi = ApiKey::elect_leaders;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Topic {
        struct Partition {
            std::int32_t partition_id = 0;
            ErrorCode error_code = ErrorCode::none;
            std::optional<std::string> error_message;

            template <class V>
            void fields(V& v) {
                v(partition_id);
                v(error_code);
                v(error_message);
            }
        };

        std::string topic;
        std::vector<Partition> partition_result;

        template <class V>
        void fields(V& v) {
            v(topic);
            v(partition_result);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Topic> replica_election_results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code, since(1));
        v(replica_election_results);
    }
};

struct AlterPartitionReassignmentsRequest {
    static constexpr ApiKey kApi = ApiKey::alter_partition_reassignments;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        struct Partition {
            std::int32_t partition_index = 0;
            std::optional<std::vector<std::int32_t>> replicas;

            template <class V>
            void fields(V& v) {
                v(partition_index);
                v(replicas);
            }
        };

        std::string name;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partitions);
        }
    };

    std::int32_t timeout_ms = 60000;
    bool allow_replication_factor_change = true;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(timeout_ms);
        v(allow_replication_factor_change, since(1));
        v(topics);
    }
};

struct AlterPartitionReassignmentsResponse {
    static constexpr ApiKey kApi = ApiKey::alter_partition_reassignments;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        struct Partition {
            std::int32_t partition_index = 0;
            ErrorCode error_code = ErrorCode::none;
            std::optional<std::string> error_message;

            template <class V>
            void fields(V& v) {
                v(partition_index);
                v(error_code);
                v(error_message);
            }
        };

        std::string name;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    bool allow_replication_factor_change = true;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Topic> responses;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(allow_replication_factor_change, since(1));
        v(error_code);
        v(error_message);
        v(responses);
    }
};

struct ListPartitionReassignmentsRequest {
    static constexpr ApiKey kApi = ApiKey::list_partition_reassignments;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partition_indexes);
        }
    };

    std::int32_t timeout_ms = 60000;
    std::optional<std::vector<Topic>> topics;

    template <class V>
    void fields(V& v) {
        v(timeout_ms);
        v(topics);
    }
};

struct ListPartitionReassignmentsResponse {
    static constexpr ApiKey kApi = ApiKey::list_partition_reassignments;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        struct Partition {
            std::int32_t partition_index = 0;
            std::vector<std::int32_t> replicas;
            std::vector<std::int32_t> adding_replicas;
            std::vector<std::int32_t> removing_replicas;

            template <class V>
            void fields(V& v) {
                v(partition_index);
                v(replicas);
                v(adding_replicas);
                v(removing_replicas);
            }
        };

        std::string name;
        std::vector<Partition> partitions;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(error_message);
        v(topics);
    }
};

struct AlterReplicaLogDirsRequest {
    static constexpr ApiKey kApi = ApiKey::alter_replica_log_dirs;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Dir {
        struct Topic {
            std::string name;
            std::vector<std::int32_t> partitions;

            template <class V>
            void fields(V& v) {
                v(name);
                v(partitions);
            }
        };

        std::string path;
        std::vector<Topic> topics;

        template <class V>
        void fields(V& v) {
            v(path);
            v(topics);
        }
    };

    std::vector<Dir> dirs;

    template <class V>
    void fields(V& v) {
        v(dirs);
    }
};

struct AlterReplicaLogDirsResponse {
    static constexpr ApiKey kApi = ApiKey::alter_replica_log_dirs;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Topic {
        struct Partition {
            std::int32_t partition_index = 0;
            ErrorCode error_code = ErrorCode::none;

            template <class V>
            void fields(V& v) {
                v(partition_index);
                v(error_code);
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

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(results);
    }
};

MR_WIRE_MESSAGE(DescribeTopicPartitionsRequest);
MR_WIRE_MESSAGE(DescribeTopicPartitionsResponse);
MR_WIRE_MESSAGE(ElectLeadersRequest);
MR_WIRE_MESSAGE(ElectLeadersResponse);
MR_WIRE_MESSAGE(AlterPartitionReassignmentsRequest);
MR_WIRE_MESSAGE(AlterPartitionReassignmentsResponse);
MR_WIRE_MESSAGE(ListPartitionReassignmentsRequest);
MR_WIRE_MESSAGE(ListPartitionReassignmentsResponse);
MR_WIRE_MESSAGE(AlterReplicaLogDirsRequest);
MR_WIRE_MESSAGE(AlterReplicaLogDirsResponse);

}  // namespace mr::wire
