// The payloads of Kind::transaction: what a transaction gains, and how it ends.
// Format: docs/formats/broker-entries.md, "transaction"
//
// Records inside a transaction are topic_batch entries like all others; the first of them begins the
// transaction where nothing here did (transactions v2). Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"
#include "broker/internal/entries.h"

namespace mr::broker::txn {

/// AddPartitionsToTxn, AddOffsetsToTxn: begins the transaction if it is not open.
struct TxnAdded {
    std::string id;
    TimestampMs time;
    std::vector<std::pair<Uuid, PartitionId>> partitions;
    std::vector<std::string> groups;
};

/// TxnOffsetCommit: offsets that count once the transaction commits.
struct TxnOffsets {
    std::string id;
    TimestampMs time;
    std::string group;
    std::vector<internal::OffsetChange> changes;  ///< none `removed`
};

/// The end of a transaction, with its markers in all partitions: all or nothing.
struct TxnEnded {
    enum class Why : std::uint8_t { client = 1, timeout = 2, fenced = 3, restart = 4, tool = 5 };
    struct Marker {
        Uuid topic;
        PartitionId partition;
        Offset base_offset;
        LeaderEpoch leader_epoch;
        std::string_view batch;  ///< owner: the payload, or whoever encodes
    };
    std::string id;
    TimestampMs time;
    bool commit = false;
    Why why = Why::client;
    std::int64_t producer_id = -1;   ///< that of the markers
    std::int16_t marker_epoch = -1;  ///< v2 and aborts by the broker: one more than the transaction's
    // What the transactional id is bound to afterwards.
    std::int64_t next_producer_id = -1;
    std::int16_t next_epoch = -1;
    std::int16_t last_epoch = -1;
    std::vector<Marker> markers;
};

/// Transactional ids that nobody used for long.
struct TxnForgotten {
    TimestampMs time;
    std::vector<std::string> ids;
};

std::string encode(const TxnAdded& entry);
std::string encode(const TxnOffsets& entry);
std::string encode(const TxnEnded& entry);
std::string encode(const TxnForgotten& entry);

using TxnEntry = std::variant<TxnAdded, TxnOffsets, TxnEnded, TxnForgotten>;
Result<TxnEntry> decode_transaction(std::string_view payload);

}  // namespace mr::broker::txn
