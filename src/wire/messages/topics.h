// CreateTopics (19), DeleteTopics (20), CreatePartitions (37), DeleteRecords (21) and DescribeLogDirs (35).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct CreateTopicsRequest {
    static constexpr ApiKey kApi = ApiKey::create_topics;
    static constexpr std::int16_t kFlexibleSince = 5;

    struct Assignment {
        std::int32_t partition_index = 0;
        std::vector<std::int32_t> broker_ids;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(broker_ids);
        }
    };

    struct Config {
        std::string name;
        std::optional<std::string> value;

        template <class V>
        void fields(V& v) {
            v(name);
            v(value);
        }
    };

    struct Topic {
        std::string name;
        std::int32_t num_partitions = 0;
        std::int16_t replication_factor = 0;
        std::vector<Assignment> assignments;
        std::vector<Config> configs;

        template <class V>
        void fields(V& v) {
            v(name);
            v(num_partitions);
            v(replication_factor);
            v(assignments);
            v(configs);
        }
    };

    std::vector<Topic> topics;
    std::int32_t timeout_ms = 60000;
    bool validate_only = false;

    template <class V>
    void fields(V& v) {
        v(topics);
        v(timeout_ms);
        v(validate_only, since(1));
    }
};

struct CreateTopicsResponse {
    static constexpr ApiKey kApi = ApiKey::create_topics;
    static constexpr std::int16_t kFlexibleSince = 5;

    struct Config {
        std::string name;
        std::optional<std::string> value;
        bool read_only = false;
        std::int8_t config_source = -1;
        bool is_sensitive = false;

        template <class V>
        void fields(V& v) {
            v(name);
            v(value);
            v(read_only);
            v(config_source);
            v(is_sensitive);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::int32_t num_partitions = -1;
        std::int16_t replication_factor = -1;
        std::optional<std::vector<Config>> configs;
        ErrorCode topic_config_error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(name);
            v(topic_id, since(7));
            v(error_code);
            v(error_message, since(1));
            v(num_partitions, since(5));
            v(replication_factor, since(5));
            v(configs, since(5));
            v.tagged(topic_config_error_code, 0, ErrorCode::none, since(5));
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

struct DeleteTopicsRequest {
    static constexpr ApiKey kApi = ApiKey::delete_topics;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Topic {
        std::optional<std::string> name;
        Uuid topic_id;

        template <class V>
        void fields(V& v) {
            v(name);
            v(topic_id);
        }
    };

    std::vector<Topic> topics;
    std::vector<std::string> topic_names;
    std::int32_t timeout_ms = 0;

    template <class V>
    void fields(V& v) {
        v(topics, since(6));
        v(topic_names, until(5));
        v(timeout_ms);
    }
};

struct DeleteTopicsResponse {
    static constexpr ApiKey kApi = ApiKey::delete_topics;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Topic {
        std::optional<std::string> name;
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        template <class V>
        void fields(V& v) {
            v(name, nullable_since(6));
            v(topic_id, since(6));
            v(error_code);
            v(error_message, since(5));
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> responses;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(responses);
    }
};

struct CreatePartitionsRequest {
    static constexpr ApiKey kApi = ApiKey::create_partitions;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Assignment {
        std::vector<std::int32_t> broker_ids;

        template <class V>
        void fields(V& v) {
            v(broker_ids);
        }
    };

    struct Topic {
        std::string name;
        std::int32_t count = 0;
        std::optional<std::vector<Assignment>> assignments;

        template <class V>
        void fields(V& v) {
            v(name);
            v(count);
            v(assignments);
        }
    };

    std::vector<Topic> topics;
    std::int32_t timeout_ms = 0;
    bool validate_only = false;

    template <class V>
    void fields(V& v) {
        v(topics);
        v(timeout_ms);
        v(validate_only);
    }
};

struct CreatePartitionsResponse {
    static constexpr ApiKey kApi = ApiKey::create_partitions;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Topic {
        std::string name;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        template <class V>
        void fields(V& v) {
            v(name);
            v(error_code);
            v(error_message);
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

struct DeleteRecordsRequest {
    static constexpr ApiKey kApi = ApiKey::delete_records;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t offset = 0;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(offset);
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

    std::vector<Topic> topics;
    std::int32_t timeout_ms = 0;

    template <class V>
    void fields(V& v) {
        v(topics);
        v(timeout_ms);
    }
};

struct DeleteRecordsResponse {
    static constexpr ApiKey kApi = ApiKey::delete_records;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t low_watermark = -1;
        ErrorCode error_code = ErrorCode::none;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(low_watermark);
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

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(topics);
    }
};

struct DescribeLogDirsRequest {
    static constexpr ApiKey kApi = ApiKey::describe_log_dirs;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Topic {
        std::string topic;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(topic);
            v(partitions);
        }
    };

    std::optional<std::vector<Topic>> topics;

    template <class V>
    void fields(V& v) {
        v(topics);
    }
};

struct DescribeLogDirsResponse {
    static constexpr ApiKey kApi = ApiKey::describe_log_dirs;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;
        bool is_future_key = false;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(partition_size);
            v(offset_lag);
            v(is_future_key);
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

    struct Directory {
        ErrorCode error_code = ErrorCode::none;
        std::string log_dir;
        std::vector<Topic> topics;
        std::int64_t total_bytes = -1;
        std::int64_t usable_bytes = -1;
        bool is_cordoned = false;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(log_dir);
            v(topics);
            v(total_bytes, since(4));
            v(usable_bytes, since(4));
            v(is_cordoned, since(5));
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Directory> results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code, since(3));
        v(results);
    }
};

MR_WIRE_MESSAGE(CreateTopicsRequest);
MR_WIRE_MESSAGE(CreateTopicsResponse);
MR_WIRE_MESSAGE(DeleteTopicsRequest);
MR_WIRE_MESSAGE(DeleteTopicsResponse);
MR_WIRE_MESSAGE(CreatePartitionsRequest);
MR_WIRE_MESSAGE(CreatePartitionsResponse);
MR_WIRE_MESSAGE(DeleteRecordsRequest);
MR_WIRE_MESSAGE(DeleteRecordsResponse);
MR_WIRE_MESSAGE(DescribeLogDirsRequest);
MR_WIRE_MESSAGE(DescribeLogDirsResponse);

}  // namespace mr::wire
