// Committed offsets of consumer groups, as proposals. Whether the member may commit (generation, member id)
// is decided before, by groups/coordinator.h on the loop; here only the topics are looked at.
//
// Each answers on the sync thread when it is durable: the callback only posts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/uuid.h"
#include "broker/error.h"
#include "broker/groups/assignors.h"
#include "journal/journal.h"

namespace mr::broker {

class Broker;
struct TopicsView;

struct OffsetToCommit {
    std::string topic{};  ///< by name, or
    Uuid topic_id{};      ///< by id where this is not zero
    PartitionId partition{};
    Offset offset{};
    LeaderEpoch leader_epoch{-1};
    std::string metadata{};
};
/// Any of them is there: whoever commits is asked for only then (Kafka).
[[nodiscard]] bool any_there(const TopicsView& topics, const std::vector<OffsetToCommit>& offsets);
/// Where the whole is refused: that for what is there, unknown_topic_or_partition or unknown_topic_id for the
/// rest. In order.
[[nodiscard]] std::vector<KafkaError> refuse(const TopicsView& topics,
                                             const std::vector<OffsetToCommit>& offsets, KafkaError why);
/// Those that are there, and whose metadata is not refused anyway.
[[nodiscard]] groups::PartitionSet partitions_of(const TopicsView& topics,
                                                 const std::vector<OffsetToCommit>& offsets,
                                                 std::size_t metadata_bytes_max);
/// One error a partition, in order: none, unknown_topic_or_partition, unknown_topic_id,
/// offset_metadata_too_large.
std::unique_ptr<journal::Proposal> commit_offsets(
    Broker& broker, std::string group, std::vector<OffsetToCommit> offsets,
    std::move_only_function<void(std::vector<KafkaError>)> answer);

struct OffsetToDelete {
    std::string topic{};
    PartitionId partition{};
};
/// OffsetDelete: one error a partition (unknown_topic_or_partition); a partition without offset is no error.
std::unique_ptr<journal::Proposal> delete_offsets(
    Broker& broker, std::string group, std::vector<OffsetToDelete> offsets,
    std::move_only_function<void(std::vector<KafkaError>)> answer);

/// Forgets the groups' offsets. One error a group: group_id_not_found where nothing is committed. That it has
/// no members is the coordinator's to check (Coordinator::remove).
std::unique_ptr<journal::Proposal> delete_group_offsets(
    Broker& broker, std::vector<std::string> groups,
    std::move_only_function<void(std::vector<KafkaError>)> answer);

}  // namespace mr::broker
