// A produce request on its way into the journal: batches of several partitions, each its own entry.
//
// The loop thread builds it: it validates each batch (wire::validate_batch; a batch that fails there is
// answered without coming here), and the journal copies the bytes from the request they came in. The journal
// thread decides: does the topic still exist, is the sequence in order, which offset. The answer is delivered
// when everything is durable, refusals included; when it is written where every topic is async, or inside a
// transaction that has durably begun (txn/transactions.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/uuid.h"
#include "broker/error.h"
#include "broker/txn/transactions.h"
#include "journal/journal.h"
#include "wire/record_batch.h"

namespace mr::broker {

class Broker;
struct PartitionState;

struct ProduceResult {
    KafkaError error = KafkaError::none;
    std::string message{};  ///< Kafka's error_message; empty for most
    Offset base_offset{-1};
    TimestampMs log_append_time{-1};  ///< of a duplicate: the batch's timestamp
    Offset log_start{-1};
};

class ProduceProposal final : public journal::Proposal {
  public:
    /// `answer` gets one result a part, in the order of add(); on the sync or journal thread, so it only
    /// posts. With acks=0 leave it empty.
    using Answer = std::move_only_function<void(std::vector<ProduceResult>)>;
    ProduceProposal(Broker& broker, Answer answer);
    ~ProduceProposal() override;

    /// Loop thread. `by_id`: the client named the topic by id, so that a topic that is gone answers
    /// unknown_topic_id rather than unknown_topic_or_partition.
    void add(const Uuid& topic, PartitionId partition, SharedBytes batch, const wire::BatchFacts& facts,
             bool by_id = false);
    /// Copies the batch.
    void add(const Uuid& topic, PartitionId partition, std::string_view batch, const wire::BatchFacts& facts,
             bool by_id = false) {
        add(topic, partition, SharedBytes(std::string(batch)), facts, by_id);
    }
    /// Transactional batches of this request belong to this id. Without, they are refused.
    void set_transaction(std::string transactional_id, txn::Membership membership) {
        transactional_id_ = std::move(transactional_id);
        membership_ = membership;
    }
    [[nodiscard]] bool has_transaction() const { return !transactional_id_.empty(); }
    [[nodiscard]] std::size_t parts() const { return parts_.size(); }

    void order(journal::Appender& out) override;
    void written() override;
    [[nodiscard]] bool awaited() const override { return !early_; }
    void done() override;
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  private:
    struct Part {
        Uuid topic;
        PartitionId partition;
        bool by_id = false;
        wire::BatchFacts facts;
        SharedBytes batch;
        bool async = false;  ///< ordered: its topic does not wait for the disk
    };
    ProduceResult order_part(Part& part, journal::Appender& out);
    [[nodiscard]] KafkaError check_producer(const Part& part, const PartitionState& partition,
                                            journal::Appender& out) const;
    [[nodiscard]] bool may_answer_early() const;

    Broker& broker_;
    Answer answer_;
    std::vector<Part> parts_;
    std::vector<ProduceResult> results_;
    std::string transactional_id_;
    txn::Membership membership_ = txn::Membership::required;
    std::size_t bytes_ = 0;
    bool early_ = false;
    Seq last_;
};

}  // namespace mr::broker
