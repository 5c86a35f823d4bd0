// How a transaction ends: the one entry with all its markers. Thread: journal.
#pragma once

#include <cstdint>
#include <string>

#include "broker/broker.h"
#include "broker/internal/state.h"
#include "broker/txn/entries.h"

namespace mr::broker::txn {

/// The last epoch a producer id may be used with; the one after it is for fencing alone.
inline constexpr std::int16_t kEpochMax = INT16_MAX - 1;

struct EndPlan {
    bool commit = false;
    TxnEnded::Why why = TxnEnded::Why::client;
    /// The markers carry the next epoch, and the id goes on with it. The producer may still name the epoch
    /// that ends here, to ask for the next one.
    bool bump = false;
};
/// Appends the end of `id`'s transaction (open, or an empty one to be aborted). The transaction is ended
/// when this returns.
void append_end(Broker& broker, journal::Appender& out, const std::string& id, const EndPlan& plan);

/// One control batch (KIP-98): key {version 0, type}, value {version 0, coordinator epoch 0}.
std::string make_marker(bool commit, std::int64_t producer_id, std::int16_t epoch, TimestampMs time);

}  // namespace mr::broker::txn
