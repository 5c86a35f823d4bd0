// AddPartitionsToTxn (24), AddOffsetsToTxn (25), EndTxn (26) and TxnOffsetCommit (28): what a transactional
// producer asks of its coordinator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/message.h"

namespace mr::wire {

/// Versions up to 3 are the clients' (one transaction), later ones the brokers' (several, or a question).
struct AddPartitionsToTxnRequest {
    static constexpr ApiKey kApi = ApiKey::add_partitions_to_txn;
    static constexpr std::int16_t kFlexibleSince = 3;

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partitions;

        template <class V>
        void fields(V& v) {
            v(name);
            v(partitions);
        }
    };

    struct Transaction {
        std::string transactional_id;
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool verify_only = false;
        std::vector<Topic> topics;

        template <class V>
        void fields(V& v) {
            v(transactional_id);
            v(producer_id);
            v(producer_epoch);
            v(verify_only);
            v(topics);
        }
    };

    std::vector<Transaction> transactions;
    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(transactions, since(4));
        v(transactional_id, until(3));
        v(producer_id, until(3));
        v(producer_epoch, until(3));
        v(topics, until(3));
    }
};

struct AddPartitionsToTxnResponse {
    static constexpr ApiKey kApi = ApiKey::add_partitions_to_txn;
    static constexpr std::int16_t kFlexibleSince = 3;

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

    struct Result {
        std::string transactional_id;
        std::vector<Topic> topics;

        template <class V>
        void fields(V& v) {
            v(transactional_id);
            v(topics);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Result> transactions;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code, since(4));
        v(transactions, since(4));
        v(topics, until(3));
    }
};

struct AddOffsetsToTxnRequest {
    static constexpr ApiKey kApi = ApiKey::add_offsets_to_txn;
    static constexpr std::int16_t kFlexibleSince = 3;

    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::string group_id;

    template <class V>
    void fields(V& v) {
        v(transactional_id);
        v(producer_id);
        v(producer_epoch);
        v(group_id);
    }
};

struct AddOffsetsToTxnResponse {
    static constexpr ApiKey kApi = ApiKey::add_offsets_to_txn;
    static constexpr std::int16_t kFlexibleSince = 3;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
    }
};

struct EndTxnRequest {
    static constexpr ApiKey kApi = ApiKey::end_txn;
    static constexpr std::int16_t kFlexibleSince = 3;

    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool committed = false;

    template <class V>
    void fields(V& v) {
        v(transactional_id);
        v(producer_id);
        v(producer_epoch);
        v(committed);
    }
};

/// Since version 5 with what the producer is to use from now on (KIP-890).
struct EndTxnResponse {
    static constexpr ApiKey kApi = ApiKey::end_txn;
    static constexpr std::int16_t kFlexibleSince = 3;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(producer_id, since(5));
        v(producer_epoch, since(5));
    }
};

struct TxnOffsetCommitRequest {
    static constexpr ApiKey kApi = ApiKey::txn_offset_commit;
    static constexpr std::int16_t kFlexibleSince = 3;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> committed_metadata;

        template <class V>
        void fields(V& v) {
            v(partition_index);
            v(committed_offset);
            v(committed_leader_epoch, since(2));
            v(committed_metadata);
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

    std::string transactional_id;
    std::string group_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::int32_t generation_id = -1;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(transactional_id);
        v(group_id);
        v(producer_id);
        v(producer_epoch);
        v(generation_id, since(3));
        v(member_id, since(3));
        v(group_instance_id, since(3));
        v(topics);
    }
};

struct TxnOffsetCommitResponse {
    static constexpr ApiKey kApi = ApiKey::txn_offset_commit;
    static constexpr std::int16_t kFlexibleSince = 3;

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

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(topics);
    }
};

MR_WIRE_MESSAGE(AddPartitionsToTxnRequest);
MR_WIRE_MESSAGE(AddPartitionsToTxnResponse);
MR_WIRE_MESSAGE(AddOffsetsToTxnRequest);
MR_WIRE_MESSAGE(AddOffsetsToTxnResponse);
MR_WIRE_MESSAGE(EndTxnRequest);
MR_WIRE_MESSAGE(EndTxnResponse);
MR_WIRE_MESSAGE(TxnOffsetCommitRequest);
MR_WIRE_MESSAGE(TxnOffsetCommitResponse);

}  // namespace mr::wire
