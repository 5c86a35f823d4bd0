// Which idempotent producers wrote to a partition lately, and their last five batches: decides whether a
// batch is next, a duplicate or a gap (KIP-98, and Kafka 4.3's answers).
//
// A state nobody touched for `expiration` is as good as none: whatever sequence comes then is accepted. Time
// is that of entries, so that recovery decides alike. Thread: journal.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "broker/error.h"
#include "wire/record_batch.h"

namespace mr::broker::internal {

class ProducerTable {
  public:
    /// One remembered batch.
    struct Batch {
        std::int32_t first_sequence = -1;
        std::int32_t last_sequence = -1;
        Offset base_offset;
        TimestampMs timestamp;  ///< its largest; what a duplicate is answered with
    };
    struct State {
        static constexpr std::size_t kBatches = 5;
        std::int16_t epoch = -1;
        std::uint8_t count = 0;  ///< of `batches`, oldest first
        std::array<Batch, kBatches> batches{};
        TimestampMs last_time;
        TimestampMs last_timestamp{-1};  ///< largest of its newest batch, or its last marker's
        Offset txn_first{-1};            ///< where its open transaction begins here
    };

    struct Verdict {
        KafkaError error = KafkaError::none;
        const Batch* duplicate = nullptr;  ///< error none, and already there
    };
    /// What is to be answered to this batch at `now`. `strict` (transactions v2): who is not known here
    /// begins at 0. REQUIRES: header.is_idempotent().
    [[nodiscard]] Verdict check(const wire::BatchHeader& header, TimestampMs now, std::int64_t expiration_ms,
                                bool strict = false) const;
    /// Its open transaction begins here; -1: it has none here.
    [[nodiscard]] Offset open_transaction(std::int64_t producer_id) const;
    /// The batch is in the log. `base_offset` is where.
    void record(const wire::BatchHeader& header, Offset base_offset, TimestampMs time,
                std::int64_t expiration_ms);

    /// The marker that ends its transaction is in the log.
    void end_transaction(std::int64_t producer_id, std::int16_t epoch, TimestampMs time);

    /// For DescribeProducers and the snapshot.
    [[nodiscard]] const std::map<std::int64_t, State>& all() const { return states_; }
    void write(ByteWriter& out) const;
    void read(ByteReader& in);

  private:
    std::map<std::int64_t, State> states_;
    TimestampMs swept_;
};

}  // namespace mr::broker::internal
