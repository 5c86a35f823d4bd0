#include "broker/produce.h"

#include <algorithm>

#include "base/check.h"
#include "broker/broker.h"
#include "broker/internal/entries.h"
#include "broker/internal/state.h"

namespace mr::broker {
namespace {

ProduceResult refuse(KafkaError error, std::string message = {}) {
    ProduceResult result;
    result.error = error;
    result.message = std::move(message);
    return result;
}

/// CreateTime records must lie within the topic's bounds around the node's clock.
std::optional<std::string> bad_timestamp(const TopicSettings& settings, const wire::BatchFacts& facts,
                                         TimestampMs now) {
    const std::int64_t before = settings.timestamp_before_max_ms > now.value
                                    ? INT64_MIN
                                    : now.value - settings.timestamp_before_max_ms;
    const std::int64_t after = settings.timestamp_after_max_ms > INT64_MAX - now.value
                                   ? INT64_MAX
                                   : now.value + settings.timestamp_after_max_ms;
    const std::int64_t largest = facts.max_timestamp.value;
    // A producer that sets no timestamps sends -1.
    if (largest == wire::kNoTimestamp) return std::nullopt;
    const std::int64_t smallest = std::min(largest, facts.header.base_timestamp.value);
    const bool early = settings.timestamp_before_max_ms != INT64_MAX && smallest < before;
    if (!early && largest <= after) return std::nullopt;
    return fmt::format(
        "Timestamp {} of message with offset {} is out of range. The timestamp should be within [{}, {}]",
        early ? smallest : largest, early ? 0 : facts.max_timestamp_delta, before, after);
}

}  // namespace

ProduceProposal::ProduceProposal(Broker& broker, Answer answer)
    : broker_(broker), answer_(std::move(answer)) {}
ProduceProposal::~ProduceProposal() = default;

void ProduceProposal::add(const Uuid& topic, PartitionId partition, SharedBytes batch,
                          const wire::BatchFacts& facts, bool by_id) {
    MR_CHECK(facts.header.total_bytes() == batch.size(), "{} {}", facts.header.total_bytes(), batch.size());
    bytes_ += internal::kBatchEntryHeaderBytes + batch.size();
    parts_.push_back({topic, partition, by_id, facts, std::move(batch)});
}

void ProduceProposal::order(journal::Appender& out) {
    results_.reserve(parts_.size());
    for (Part& part : parts_) results_.push_back(order_part(part, out));
    last_ = Seq(out.next_seq().value - 1);
    early_ = may_answer_early();
}

void ProduceProposal::written() {
    broker_.show_written();
    if (answer_ && early_) std::exchange(answer_, {})(std::move(results_));
}

/// Every part is in the log as part of a transaction, or concerns a topic that does not wait for the disk.
bool ProduceProposal::may_answer_early() const {
    bool in_transaction = false;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (parts_[i].facts.header.is_transactional()) {
            if (results_[i].error != KafkaError::none) return false;
            in_transaction = true;
            continue;
        }
        if (!parts_[i].async) return false;
    }
    return !in_transaction || txn::may_answer_early(broker_, transactional_id_);
}

KafkaError ProduceProposal::check_producer(const Part& part, const PartitionState& partition,
                                           journal::Appender& out) const {
    const wire::BatchHeader& header = part.facts.header;
    if (header.is_transactional()) {
        return txn::check_batch(broker_, out, transactional_id_, header, part.topic, part.partition,
                                membership_);
    }
    // Inside its transaction a producer writes nothing else there.
    const bool open =
        header.is_idempotent() && partition.producers.open_transaction(header.producer_id).value >= 0;
    return open ? KafkaError::invalid_txn_state : KafkaError::none;
}

ProduceResult ProduceProposal::order_part(Part& part, journal::Appender& out) {
    const TopicState* topic = broker_.state().find(part.topic);
    if (topic == nullptr) {
        return refuse(part.by_id ? KafkaError::unknown_topic_id : KafkaError::unknown_topic_or_partition);
    }
    const TopicSettings& settings = topic->config.settings();
    part.async = settings.async;
    const PartitionState* partition = topic->partition(part.partition);
    if (partition == nullptr) return refuse(KafkaError::unknown_topic_or_partition);
    const wire::BatchHeader& header = part.facts.header;
    if (part.batch.size() > static_cast<std::size_t>(settings.max_message_bytes)) {
        return refuse(KafkaError::message_too_large);
    }
    if (internal::kBatchEntryHeaderBytes + part.batch.size() > journal::kEntryBytesMax) {
        return refuse(KafkaError::message_too_large);
    }
    if (const KafkaError error = check_producer(part, *partition, out); error != KafkaError::none) {
        return refuse(error, error == KafkaError::invalid_txn_state
                                 ? "The partition was not added to the transaction"
                                 : "");
    }
    const TimestampMs now = out.now();
    if (!settings.log_append_time) {
        if (auto why = bad_timestamp(settings, part.facts, now)) {
            return refuse(KafkaError::invalid_timestamp, std::move(*why));
        }
    }
    ProduceResult result;
    result.log_start = partition->view.log_start;
    if (header.is_idempotent()) {
        const auto verdict =
            partition->producers.check(header, now, broker_.options().producer_expiration_ms,
                                       header.is_transactional() && membership_ == txn::Membership::implicit);
        if (verdict.error != KafkaError::none) return refuse(verdict.error);
        if (verdict.duplicate != nullptr) {
            result.base_offset = verdict.duplicate->base_offset;
            result.log_append_time = verdict.duplicate->timestamp;
            return result;
        }
    }
    result.base_offset = partition->view.log_end;
    if (settings.log_append_time) {
        std::string stamped(part.batch.view());
        wire::set_log_append_time(stamped, now);
        part.batch = SharedBytes(std::move(stamped));
        result.log_append_time = now;
    }
    const std::string head = internal::encode_batch_entry({.topic = part.topic,
                                                           .partition = part.partition,
                                                           .base_offset = partition->view.log_end,
                                                           .leader_epoch = partition->view.leader_epoch,
                                                           .time = now});
    out.append(journal::Kind::topic_batch, head, part.batch.view(), internal::kEntryVersion);
    part.batch = {};  // the answer may take a while
    MR_CHECK(partition->view.log_end == result.base_offset.plus(header.last_offset_delta + 1),
             "{}-{}: {} after {}", topic->name, part.partition, partition->view.log_end, result.base_offset);
    return result;
}

void ProduceProposal::done() {
    broker_.publish_through(last_);
    if (answer_) answer_(std::move(results_));
}

}  // namespace mr::broker
