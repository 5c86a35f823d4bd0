// Changes to topics, as proposals. Each answers on the sync thread when it is durable: the callback only
// posts.
//
// They decide on the journal thread, so two that race are answered as if one came after the other. Error
// codes and sentences are those of Kafka 4.3.
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
#include "broker/topic_config.h"
#include "journal/journal.h"

namespace mr::broker {

class Broker;

struct NewTopic {
    std::string name{};
    std::int32_t partitions = 1;  ///< -1: the default, 1 (callers put their own `num.partitions` here)
    std::int16_t replication_factor = -1;  ///< -1 or 1; anything else is invalid_replication_factor
    ConfigMap config{};
};
struct CreatedTopic {
    std::string name{};
    KafkaError error = KafkaError::none;
    std::string message{};
    Uuid id{};
    std::int32_t partitions = -1;
};
/// `validate_only` checks and answers, and creates nothing.
std::unique_ptr<journal::Proposal> create_topics(
    Broker& broker, std::vector<NewTopic> topics, bool validate_only,
    std::move_only_function<void(std::vector<CreatedTopic>)> answer);

/// A topic by name, or by id where `id` is not zero.
struct TopicRef {
    std::string name{};
    Uuid id{};
};
struct TopicResult {
    std::string name{};  ///< filled in where found by id
    Uuid id{};
    KafkaError error = KafkaError::none;
    std::string message{};
};
std::unique_ptr<journal::Proposal> delete_topics(
    Broker& broker, std::vector<TopicRef> topics,
    std::move_only_function<void(std::vector<TopicResult>)> answer);

struct MorePartitions {
    std::string topic{};
    std::int32_t total = 0;  ///< the new number, not how many are added
};
std::unique_ptr<journal::Proposal> create_partitions(
    Broker& broker, std::vector<MorePartitions> topics, bool validate_only,
    std::move_only_function<void(std::vector<TopicResult>)> answer);

struct TopicConfigChange {
    std::string topic{};
    std::vector<ConfigChange> changes{};
    bool replace = false;  ///< AlterConfigs: everything not named goes back to the default
};
std::unique_ptr<journal::Proposal> alter_configs(
    Broker& broker, std::vector<TopicConfigChange> topics, bool validate_only,
    std::move_only_function<void(std::vector<TopicResult>)> answer);

struct DeleteRecordsTo {
    std::string topic{};
    PartitionId partition{};
    Offset before{};  ///< -1: up to the high watermark
};
struct DeletedRecords {
    std::string topic{};
    PartitionId partition{};
    KafkaError error = KafkaError::none;
    Offset low_watermark{-1};
};
std::unique_ptr<journal::Proposal> delete_records(
    Broker& broker, std::vector<DeleteRecordsTo> parts,
    std::move_only_function<void(std::vector<DeletedRecords>)> answer);

}  // namespace mr::broker
