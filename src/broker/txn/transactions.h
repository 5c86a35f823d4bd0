// The transaction coordinator, as proposals: what InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn,
// TxnOffsetCommit and EndTxn decide on the journal thread. Answers are Kafka 4.3's, for transactions of
// version 1 and 2 (KIP-98, KIP-360, KIP-447, KIP-890).
//
// An end is one entry, so there is no "prepare" and nobody is ever told CONCURRENT_TRANSACTIONS: whoever
// begins anew finds the old transaction ended.
//
// Durability. What ends a transaction is answered when it is on disk. What only adds to one may be answered
// when it is written (write(2)), as long as the transaction's beginning is on disk. A process that dies loses
// nothing that was written, so a transaction goes on after it, as in Kafka. What a power loss or a crash of
// the system may have lost is not known; so where the system was started anew since (BrokerOptions::boot_id,
// which the journal remembers as cluster setting node.boot-id once it holds no older transaction), every
// transaction that is open is aborted and its epoch raised. Its producer is told transaction_abortable and
// goes on after an abort (serve/kafka translates for clients that do not know that error).
//
// Answers come from the journal or the sync thread: callbacks only post.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/uuid.h"
#include "broker/error.h"
#include "broker/offset_commit.h"
#include "journal/journal.h"
#include "wire/record_batch.h"

namespace mr::broker {

class Broker;
class BrokerState;

struct ProducerIdResult {
    KafkaError error = KafkaError::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
};
struct ProducerIdRequest {
    std::optional<std::string> transactional_id{};
    std::int32_t transaction_timeout_ms = 60'000;
    std::int64_t producer_id = -1;  ///< KIP-360: what the producer has
    std::int16_t producer_epoch = -1;
};
std::unique_ptr<journal::Proposal> init_producer_id(Broker& broker, ProducerIdRequest request,
                                                    std::move_only_function<void(ProducerIdResult)> answer);

namespace txn {

/// Longer transactional ids and group names are invalid_request.
inline constexpr std::size_t kNameBytesMax = 32'767;
/// Groups whose offsets one transaction may commit.
inline constexpr std::size_t kGroupsMax = 1'000;

/// Who speaks.
struct Producer {
    std::string transactional_id{};
    std::int64_t producer_id = -1;
    std::int16_t epoch = -1;
};

struct PartitionName {
    std::string topic{};
    PartitionId partition{};
};
/// One error a partition: what the coordinator says to all of them, or unknown_topic_or_partition to some
/// and operation_not_attempted to the rest. `verify_only`: nothing is added; transaction_abortable where it
/// is not in the transaction.
std::unique_ptr<journal::Proposal> add_partitions(
    Broker& broker, Producer producer, std::vector<PartitionName> partitions, bool verify_only,
    std::move_only_function<void(std::vector<KafkaError>)> answer);

std::unique_ptr<journal::Proposal> add_offsets(Broker& broker, Producer producer, std::string group,
                                               std::move_only_function<void(KafkaError)> answer);

/// How a batch or offsets may come into a transaction: Produce, TxnOffsetCommit.
enum class Membership : std::uint8_t {
    required,            ///< up to v10, v3: invalid_txn_state where the partition, the group was not added
    required_abortable,  ///< v11, v4: transaction_abortable instead
    implicit,            ///< v12, v5: they add it (KIP-890)
};

/// One error a partition.
std::unique_ptr<journal::Proposal> commit_offsets(
    Broker& broker, Producer producer, std::string group, std::vector<OffsetToCommit> offsets,
    Membership membership, std::move_only_function<void(std::vector<KafkaError>)> answer);

/// `bump` (v5): the epoch rises with every transaction; the answer says to what.
std::unique_ptr<journal::Proposal> end(Broker& broker, Producer producer, bool commit, bool bump,
                                       std::move_only_function<void(ProducerIdResult)> answer);

/// Aborts what is overdue or was open when the system failed, notes the boot id, and forgets transactional
/// ids nobody used for long. To be proposed every second or so while Broker::transactions_due() has passed;
/// cheap.
std::unique_ptr<journal::Proposal> expire(Broker& broker);

/// WriteTxnMarkers: a tool aborts (never commits) what it takes for a hanging transaction. All of it is
/// aborted, not the named partitions only: half a transaction would be worse. none, invalid_producer_epoch,
/// invalid_txn_state (nothing open, or a commit).
std::unique_ptr<journal::Proposal> force_abort(Broker& broker, std::int64_t producer_id, std::int16_t epoch,
                                               bool commit, std::move_only_function<void(KafkaError)> answer);

/// For ProduceProposal::order(): may this transactional batch go to this partition? May append.
KafkaError check_batch(Broker& broker, journal::Appender& out, const std::string& transactional_id,
                       const wire::BatchHeader& header, const Uuid& topic, PartitionId partition,
                       Membership membership);
/// The transaction's beginning is on disk: a batch in it may be acknowledged once it is written.
bool may_answer_early(Broker& broker, const std::string& transactional_id);

}  // namespace txn
}  // namespace mr::broker
