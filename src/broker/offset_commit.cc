#include "broker/offset_commit.h"

#include <algorithm>

#include "broker/broker.h"
#include "broker/internal/answer_proposal.h"
#include "broker/internal/entries.h"
#include "broker/internal/expire_offsets.h"
#include "broker/internal/state.h"
#include "broker/topics_view.h"

namespace mr::broker {
namespace {

using internal::answer_with;
using journal::Appender;
using journal::Kind;

/// A request may hold more than fits one entry: then it becomes several, which is no loss: offsets of
/// different partitions have nothing to do with each other.
constexpr std::size_t kChangesBytes = 4U << 20;
/// Kafka's longest string.
constexpr std::size_t kGroupBytesMax = 32'767;

void append_changes(Appender& out, internal::GroupOffsetsEntry& entry) {
    if (!entry.changes.empty())
        out.append(Kind::group_offsets, internal::encode(entry), internal::kEntryVersion);
    entry.changes.clear();
}

const TopicState* topic_of(const BrokerState& state, const OffsetToCommit& offset) {
    return offset.topic_id.is_zero() ? state.find(offset.topic) : state.find(offset.topic_id);
}

/// nullptr: not the topic, or not that partition of it.
std::shared_ptr<const TopicView> view_of(const TopicsView& topics, const OffsetToCommit& offset) {
    auto topic = offset.topic_id.is_zero() ? topics.find(offset.topic) : topics.find(offset.topic_id);
    if (topic != nullptr && topic->partition(offset.partition) == nullptr) topic = nullptr;
    return topic;
}

}  // namespace

bool any_there(const TopicsView& topics, const std::vector<OffsetToCommit>& offsets) {
    return std::any_of(offsets.begin(), offsets.end(),
                       [&](const OffsetToCommit& offset) { return view_of(topics, offset) != nullptr; });
}

std::vector<KafkaError> refuse(const TopicsView& topics, const std::vector<OffsetToCommit>& offsets,
                               KafkaError why) {
    std::vector<KafkaError> errors;
    for (const auto& offset : offsets) {
        const bool no_id = !offset.topic_id.is_zero() && topics.find(offset.topic_id) == nullptr;
        errors.push_back(view_of(topics, offset) != nullptr ? why
                         : no_id                            ? KafkaError::unknown_topic_id
                                                            : KafkaError::unknown_topic_or_partition);
    }
    return errors;
}

groups::PartitionSet partitions_of(const TopicsView& topics, const std::vector<OffsetToCommit>& offsets,
                                   std::size_t metadata_bytes_max) {
    groups::PartitionSet out;
    for (const auto& offset : offsets) {
        if (offset.metadata.size() > metadata_bytes_max) continue;
        if (const auto topic = view_of(topics, offset)) out[topic->id].insert(offset.partition.value);
    }
    return out;
}

std::unique_ptr<journal::Proposal> commit_offsets(
    Broker& broker, std::string group, std::vector<OffsetToCommit> offsets,
    std::move_only_function<void(std::vector<KafkaError>)> answer) {
    const std::size_t count = offsets.size();
    return answer_with<std::vector<KafkaError>>(
        broker, std::move(answer), count,
        [&broker, group = std::move(group), offsets = std::move(offsets)](BrokerState& state,
                                                                          Appender& out) mutable {
            std::vector<KafkaError> results;
            if (group.size() > kGroupBytesMax) {
                return std::vector(offsets.size(), KafkaError::invalid_group_id);
            }
            internal::GroupOffsetsEntry entry{std::move(group), out.now(), {}};
            std::size_t bytes = 0;
            for (auto& offset : offsets) {
                const TopicState* topic = topic_of(state, offset);
                if (topic == nullptr || topic->partition(offset.partition) == nullptr) {
                    const bool by_id = topic == nullptr && !offset.topic_id.is_zero();
                    results.push_back(by_id ? KafkaError::unknown_topic_id
                                            : KafkaError::unknown_topic_or_partition);
                    continue;
                }
                if (offset.metadata.size() >
                    static_cast<std::size_t>(broker.options().offset_metadata_bytes_max)) {
                    results.push_back(KafkaError::offset_metadata_too_large);
                    continue;
                }
                results.push_back(KafkaError::none);
                bytes += 64 + offset.metadata.size();
                entry.changes.push_back({topic->id, offset.partition, false, offset.offset,
                                         offset.leader_epoch, std::move(offset.metadata)});
                if (bytes < kChangesBytes) continue;
                append_changes(out, entry);
                bytes = 0;
            }
            append_changes(out, entry);
            return results;
        });
}

std::unique_ptr<journal::Proposal> delete_offsets(
    Broker& broker, std::string group, std::vector<OffsetToDelete> offsets,
    std::move_only_function<void(std::vector<KafkaError>)> answer) {
    const std::size_t count = offsets.size();
    return answer_with<std::vector<KafkaError>>(
        broker, std::move(answer), count,
        [group = std::move(group), offsets = std::move(offsets)](BrokerState& state, Appender& out) {
            std::vector<KafkaError> results;
            internal::GroupOffsetsEntry entry{group, out.now(), {}};
            const GroupOffsets* committed = state.group(group);
            for (const auto& offset : offsets) {
                const TopicState* topic = state.find(offset.topic);
                if (topic == nullptr || topic->partition(offset.partition) == nullptr) {
                    results.push_back(KafkaError::unknown_topic_or_partition);
                    continue;
                }
                results.push_back(KafkaError::none);
                if (committed == nullptr || committed->find(topic->id, offset.partition) == nullptr) continue;
                entry.changes.push_back({topic->id, offset.partition, true, Offset(0), LeaderEpoch(-1), {}});
            }
            if (!entry.changes.empty()) {
                out.append(Kind::group_offsets, internal::encode(entry), internal::kEntryVersion);
            }
            return results;
        });
}

std::unique_ptr<journal::Proposal> delete_group_offsets(
    Broker& broker, std::vector<std::string> groups,
    std::move_only_function<void(std::vector<KafkaError>)> answer) {
    const std::size_t count = groups.size();
    return answer_with<std::vector<KafkaError>>(
        broker, std::move(answer), count, [groups = std::move(groups)](BrokerState& state, Appender& out) {
            std::vector<KafkaError> results;
            for (const auto& group : groups) {
                if (state.group(group) == nullptr) {
                    results.push_back(KafkaError::group_id_not_found);
                    continue;
                }
                out.append(Kind::group_deleted, internal::encode(internal::GroupDeleted{group, out.now()}),
                           internal::kEntryVersion);
                results.push_back(KafkaError::none);
            }
            return results;
        });
}

namespace internal {

std::unique_ptr<journal::Proposal> expire_offsets(Broker& broker, std::string group, TimestampMs before) {
    return answer_with<bool>(
        broker, {}, 4, [group = std::move(group), before](BrokerState& state, Appender& out) {
            // Looked at again: the group may have committed since this was proposed.
            const GroupOffsets* committed = state.group(group);
            if (committed == nullptr) return false;
            GroupOffsetsEntry entry{group, out.now(), {}};
            for (const auto& [key, offset] : committed->offsets) {
                if (offset.committed_at >= before) continue;
                entry.changes.push_back({key.first, key.second, true, Offset(0), LeaderEpoch(-1), {}});
            }
            if (entry.changes.empty()) return false;
            out.append(Kind::group_offsets, encode(entry), kEntryVersion);
            return true;
        });
}

}  // namespace internal
}  // namespace mr::broker
