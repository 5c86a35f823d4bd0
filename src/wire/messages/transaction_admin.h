// WriteTxnMarkers (27), DescribeProducers (61), DescribeTransactions (65) and ListTransactions (66): what the
// tools that look after transactions send (KIP-664).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/message.h"

namespace mr::wire {

struct WriteTxnMarkersRequest {
    static constexpr ApiKey kApi = ApiKey::write_txn_markers;
    static constexpr std::int16_t kFlexibleSince = 1;

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partition_indexes);
        }
    };

    struct Marker {
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool transaction_result = false;  ///< true: commit
        std::vector<Topic> topics;
        std::int32_t coordinator_epoch = 0;
        std::int8_t transaction_version = 0;

        template <class V>
        void fields(V& v) {
            v(producer_id);
            v(producer_epoch);
            v(transaction_result);
            v(topics);
            v(coordinator_epoch);
            v(transaction_version, since(2));
        }
    };

    std::vector<Marker> markers;

    template <class V>
    void fields(V& v) {
        v(markers);
    }
};

struct WriteTxnMarkersResponse {
    static constexpr ApiKey kApi = ApiKey::write_txn_markers;
    static constexpr std::int16_t kFlexibleSince = 1;

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

    struct Marker {
        std::int64_t producer_id = 0;
        std::vector<Topic> topics;

        template <class V>
        void fields(V& v) {
            v(producer_id);
            v(topics);
        }
    };

    std::vector<Marker> markers;

    template <class V>
    void fields(V& v) {
        v(markers);
    }
};

struct DescribeProducersRequest {
    static constexpr ApiKey kApi = ApiKey::describe_producers;
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

    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(topics);
    }
};

struct DescribeProducersResponse {
    static constexpr ApiKey kApi = ApiKey::describe_producers;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Producer {
        std::int64_t producer_id = 0;
        std::int32_t producer_epoch = 0;
        std::int32_t last_sequence = -1;
        std::int64_t last_timestamp = -1;
        std::int32_t coordinator_epoch = 0;
        std::int64_t current_txn_start_offset = -1;

        template <class V>
        void fields(V& v) {
            v(producer_id);
            v(producer_epoch);
            v(last_sequence);
            v(last_timestamp);
            v(coordinator_epoch);
            v(current_txn_start_offset);
        }
    };

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<Producer> active_producers;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(error_code);
            v(error_message);
            v(active_producers);
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

struct DescribeTransactionsRequest {
    static constexpr ApiKey kApi = ApiKey::describe_transactions;
    static constexpr std::int16_t kFlexibleSince = 0;

    std::vector<std::string> transactional_ids;

    template <class V>
    void fields(V& v) {
        v(transactional_ids);
    }
};

struct DescribeTransactionsResponse {
    static constexpr ApiKey kApi = ApiKey::describe_transactions;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Topic {
        std::string topic;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(topic);
            v(partitions);
        }
    };

    struct Transaction {
        ErrorCode error_code = ErrorCode::none;
        std::string transactional_id;
        std::string state;
        std::int32_t timeout_ms = 0;
        std::int64_t start_time_ms = 0;
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        std::vector<Topic> topics;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(transactional_id);
            v(state);
            v(timeout_ms);
            v(start_time_ms);
            v(producer_id);
            v(producer_epoch);
            v(topics);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Transaction> transactions;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(transactions);
    }
};

struct ListTransactionsRequest {
    static constexpr ApiKey kApi = ApiKey::list_transactions;
    static constexpr std::int16_t kFlexibleSince = 0;

    std::vector<std::string> state_filters;
    std::vector<std::int64_t> producer_id_filters;
    std::int64_t duration_filter = -1;
    std::optional<std::string> transactional_id_pattern;  ///< a regular expression

    template <class V>
    void fields(V& v) {
        v(state_filters);
        v(producer_id_filters);
        v(duration_filter, since(1));
        v(transactional_id_pattern, since(2));
    }
};

struct ListTransactionsResponse {
    static constexpr ApiKey kApi = ApiKey::list_transactions;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Transaction {
        std::string transactional_id;
        std::int64_t producer_id = 0;
        std::string state;

        template <class V>
        void fields(V& v) {
            v(transactional_id);
            v(producer_id);
            v(state);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> unknown_state_filters;
    std::vector<Transaction> transactions;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(unknown_state_filters);
        v(transactions);
    }
};

MR_WIRE_MESSAGE(WriteTxnMarkersRequest);
MR_WIRE_MESSAGE(WriteTxnMarkersResponse);
MR_WIRE_MESSAGE(DescribeProducersRequest);
MR_WIRE_MESSAGE(DescribeProducersResponse);
MR_WIRE_MESSAGE(DescribeTransactionsRequest);
MR_WIRE_MESSAGE(DescribeTransactionsResponse);
MR_WIRE_MESSAGE(ListTransactionsRequest);
MR_WIRE_MESSAGE(ListTransactionsResponse);

}  // namespace mr::wire
