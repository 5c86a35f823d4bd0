#include "broker/internal/producer_table.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace mr::broker::internal {
namespace {

bool expired(const ProducerTable::State& state, TimestampMs now, std::int64_t expiration_ms) {
    return state.txn_first.value < 0 && now.value - state.last_time.value > expiration_ms;
}

bool follows(std::int32_t last, std::int32_t next) {
    return last == std::numeric_limits<std::int32_t>::max() ? next == 0 : next == last + 1;
}

}  // namespace

ProducerTable::Verdict ProducerTable::check(const wire::BatchHeader& header, TimestampMs now,
                                            std::int64_t expiration_ms, bool strict) const {
    const auto it = states_.find(header.producer_id);
    if (it == states_.end() || expired(it->second, now, expiration_ms)) {
        const bool refused = strict && header.base_sequence != 0;
        return {refused ? KafkaError::out_of_order_sequence_number : KafkaError::none};
    }
    const State& state = it->second;
    if (header.producer_epoch < state.epoch) return {KafkaError::invalid_producer_epoch};
    if (header.producer_epoch > state.epoch) {
        return {header.base_sequence == 0 ? KafkaError::none : KafkaError::out_of_order_sequence_number};
    }
    // Known by the epoch of a marker only: whoever goes on with that epoch begins anew.
    if (state.count == 0) {
        return {header.base_sequence == 0 ? KafkaError::none : KafkaError::out_of_order_sequence_number};
    }
    for (std::size_t i = 0; i < state.count; ++i) {
        const Batch& batch = state.batches[i];
        if (batch.first_sequence == header.base_sequence && batch.last_sequence == header.last_sequence()) {
            // Nobody sends again what is of a transaction that has ended: it is another record under a
            // sequence that was used (librdkafka does so after an abort in which an answer was lost). Taken
            // for a duplicate, as Kafka takes it, it would be acknowledged and lost. So the producer is made
            // to abort and to ask for a new epoch, in which sequences begin anew.
            const bool ended = state.txn_first.value < 0 || batch.base_offset < state.txn_first;
            if (header.is_transactional() && ended) return {KafkaError::transaction_abortable};
            return {KafkaError::none, &batch};
        }
    }
    const std::int32_t last = state.batches[state.count - 1U].last_sequence;
    return {follows(last, header.base_sequence) ? KafkaError::none
                                                : KafkaError::out_of_order_sequence_number};
}

void ProducerTable::record(const wire::BatchHeader& header, Offset base_offset, TimestampMs time,
                           std::int64_t expiration_ms) {
    if (time.value - swept_.value > expiration_ms / 16) {
        std::erase_if(states_, [&](const auto& item) { return expired(item.second, time, expiration_ms); });
        swept_ = time;
    }
    State& state = states_[header.producer_id];
    if (state.epoch != header.producer_epoch || expired(state, time, expiration_ms)) {
        const Offset txn_first = state.txn_first;
        state = State{};
        state.epoch = header.producer_epoch;
        state.last_time = time;
        state.txn_first = txn_first;
    }
    if (header.is_transactional() && state.txn_first.value < 0) state.txn_first = base_offset;
    if (state.count == State::kBatches) {
        std::move(state.batches.begin() + 1, state.batches.end(), state.batches.begin());
        --state.count;
    }
    state.batches[state.count] = {header.base_sequence, header.last_sequence(), base_offset,
                                  header.max_timestamp};
    ++state.count;
    state.last_time = std::max(state.last_time, time);
    state.last_timestamp = header.max_timestamp;
}

Offset ProducerTable::open_transaction(std::int64_t producer_id) const {
    const auto it = states_.find(producer_id);
    return it == states_.end() ? Offset(-1) : it->second.txn_first;
}

void ProducerTable::end_transaction(std::int64_t producer_id, std::int16_t epoch, TimestampMs time) {
    const auto it = states_.find(producer_id);
    // Who never wrote here is nobody to be fenced here.
    if (it == states_.end()) return;
    State& state = it->second;
    state.txn_first = Offset(-1);
    if (epoch > state.epoch) {
        state.epoch = epoch;
        state.count = 0;
    }
    state.last_time = std::max(state.last_time, time);
    state.last_timestamp = time;
}

void ProducerTable::write(ByteWriter& out) const {
    out.i64(swept_.value);
    out.uvarint(states_.size());
    for (const auto& [id, state] : states_) {
        out.i64(id);
        out.i16(state.epoch);
        out.i64(state.last_time.value);
        out.i64(state.last_timestamp.value);
        out.i64(state.txn_first.value);
        out.u8(state.count);
        for (std::size_t i = 0; i < state.count; ++i) {
            const Batch& batch = state.batches[i];
            out.i32(batch.first_sequence);
            out.i32(batch.last_sequence);
            out.i64(batch.base_offset.value);
            out.i64(batch.timestamp.value);
        }
    }
}

void ProducerTable::read(ByteReader& in) {
    states_.clear();
    swept_ = TimestampMs(in.i64());
    const std::uint64_t count = in.uvarint();
    for (std::uint64_t n = 0; n < count && !in.bad(); ++n) {
        const std::int64_t id = in.i64();
        State state;
        state.epoch = in.i16();
        state.last_time = TimestampMs(in.i64());
        state.last_timestamp = TimestampMs(in.i64());
        state.txn_first = Offset(in.i64());
        state.count = in.u8();
        if (state.count > State::kBatches) return in.set_bad();
        for (std::size_t i = 0; i < state.count; ++i) {
            Batch& batch = state.batches[i];
            batch.first_sequence = in.i32();
            batch.last_sequence = in.i32();
            batch.base_offset = Offset(in.i64());
            batch.timestamp = TimestampMs(in.i64());
        }
        states_.emplace(id, state);
    }
}

}  // namespace mr::broker::internal
