// What tools ask about transactions and producers (KIP-664), as proposals that change nothing: they look at
// the state of their moment and answer when that is durable. Callbacks only post.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "broker/error.h"
#include "journal/journal.h"

namespace mr::broker {

class Broker;

namespace txn {

struct TransactionInfo {
    KafkaError error = KafkaError::none;  ///< transactional_id_not_found
    std::string id;
    std::string state;
    std::int64_t producer_id = -1;
    std::int16_t epoch = -1;
    std::int32_t timeout_ms = 0;
    std::int64_t started_ms = -1;  ///< -1: none is open
    std::vector<std::pair<std::string, std::vector<std::int32_t>>> topics;
};
/// The named ones, in order; all there are where `ids` is absent (then without topics).
std::unique_ptr<journal::Proposal> describe(
    Broker& broker, std::optional<std::vector<std::string>> ids,
    std::move_only_function<void(std::vector<TransactionInfo>)> answer);

struct ProducerInfo {
    std::int64_t producer_id = -1;
    std::int32_t epoch = -1;
    std::int32_t last_sequence = -1;
    std::int64_t last_timestamp = -1;
    std::int64_t transaction_start = -1;
};
struct PartitionProducers {
    KafkaError error = KafkaError::none;
    std::vector<ProducerInfo> producers;
};
std::unique_ptr<journal::Proposal> describe_producers(
    Broker& broker, std::vector<std::pair<std::string, PartitionId>> partitions,
    std::move_only_function<void(std::vector<PartitionProducers>)> answer);

}  // namespace txn
}  // namespace mr::broker
