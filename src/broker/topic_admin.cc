#include "broker/topic_admin.h"

#include <algorithm>
#include <map>

#include "base/suggest.h"
#include "broker/broker.h"
#include "broker/internal/answer_proposal.h"
#include "broker/internal/entries.h"
#include "broker/internal/state.h"

namespace mr::broker {
namespace {

using internal::answer_with;
using journal::Appender;
using journal::Kind;

/// Kafka's metric names fold '.' and '_': two topics that differ only there collide.
std::string folded(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '.', '_');
    return out;
}

const std::string* colliding(const BrokerState& state, std::string_view name) {
    if (name.find_first_of("._") == std::string_view::npos) return nullptr;
    const std::string wanted = folded(name);
    for (const auto& [other, topic] : state.topics()) {
        if (other != name && folded(other) == wanted) return &other;
    }
    return nullptr;
}

struct Refusal {
    KafkaError error = KafkaError::none;
    std::string message;
};

Refusal check_new_topic(const BrokerState& state, const BrokerOptions& options, const NewTopic& topic,
                        std::int32_t partitions) {
    if (state.find(topic.name) != nullptr) {
        return {KafkaError::topic_already_exists, fmt::format("Topic '{}' already exists.", topic.name)};
    }
    if (const auto status = check_topic_name(topic.name); !status) {
        return {KafkaError::invalid_topic_exception, status.error().message};
    }
    if (const std::string* other = colliding(state, topic.name)) {
        return {KafkaError::invalid_topic_exception,
                fmt::format("Topic '{}' collides with existing topic: {}", topic.name, *other)};
    }
    if (topic.replication_factor == 0 || topic.replication_factor < -1) {
        return {KafkaError::invalid_replication_factor,
                "Replication factor must be larger than 0, or -1 to use the default value."};
    }
    if (topic.replication_factor > 1) {
        return {
            KafkaError::invalid_replication_factor,
            fmt::format(
                "Unable to replicate the partition {0} time(s): The target replication factor of {0} cannot "
                "be reached because only 1 broker(s) are registered.",
                topic.replication_factor)};
    }
    if (partitions < 1) {
        return {KafkaError::invalid_partitions,
                "Number of partitions was set to an invalid non-positive value."};
    }
    if (partitions > options.partitions_max ||
        state.partition_total() + partitions > std::int64_t{options.partitions_max} * 10) {
        return {KafkaError::policy_violation,
                fmt::format("Too many partitions: at most {} a topic and {} in all", options.partitions_max,
                            std::int64_t{options.partitions_max} * 10)};
    }
    if (state.topics().size() >= static_cast<std::size_t>(options.topics_max)) {
        return {KafkaError::policy_violation, fmt::format("Too many topics: at most {}", options.topics_max)};
    }
    if (const auto config = TopicConfig::make(topic.config, state.topic_defaults()); !config) {
        return {KafkaError::invalid_config, config.error().message};
    }
    return {};
}

}  // namespace

std::unique_ptr<journal::Proposal> create_topics(
    Broker& broker, std::vector<NewTopic> topics, bool validate_only,
    std::move_only_function<void(std::vector<CreatedTopic>)> answer) {
    // The ids are drawn here: what is applied must not depend on randomness.
    std::vector<Uuid> ids;
    for (std::size_t i = 0; i < topics.size(); ++i) ids.push_back(Uuid::random());
    const std::size_t count = topics.size();
    return answer_with<std::vector<CreatedTopic>>(
        broker, std::move(answer), count,
        [&broker, topics = std::move(topics), ids = std::move(ids), validate_only](BrokerState& state,
                                                                                   Appender& out) {
            std::vector<CreatedTopic> results;
            for (std::size_t i = 0; i < topics.size(); ++i) {
                const NewTopic& topic = topics[i];
                const std::int32_t partitions = topic.partitions == -1 ? 1 : topic.partitions;
                auto [error, message] = check_new_topic(state, broker.options(), topic, partitions);
                CreatedTopic& result = results.emplace_back();
                result.name = topic.name;
                result.error = error;
                result.message = std::move(message);
                if (error != KafkaError::none) continue;
                result.partitions = partitions;
                if (validate_only) continue;
                result.id = ids[i];
                out.append(Kind::topic_created,
                           internal::encode(internal::TopicCreated{ids[i], topic.name, partitions,
                                                                   state.first_epoch(topic.name), out.now(),
                                                                   topic.config}),
                           internal::kEntryVersion);
            }
            return results;
        });
}

std::unique_ptr<journal::Proposal> delete_topics(
    Broker& broker, std::vector<TopicRef> topics,
    std::move_only_function<void(std::vector<TopicResult>)> answer) {
    const std::size_t count = topics.size();
    return answer_with<std::vector<TopicResult>>(
        broker, std::move(answer), count, [topics = std::move(topics)](BrokerState& state, Appender& out) {
            std::vector<TopicResult> results;
            for (const auto& ref : topics) {
                const bool by_id = !ref.id.is_zero();
                const TopicState* topic = by_id ? state.find(ref.id) : state.find(ref.name);
                TopicResult& result =
                    results.emplace_back(TopicResult{ref.name, ref.id, KafkaError::none, {}});
                if (topic == nullptr) {
                    result.error =
                        by_id ? KafkaError::unknown_topic_id : KafkaError::unknown_topic_or_partition;
                    result.message = message_of(result.error);
                    continue;
                }
                result.name = topic->name;
                result.id = topic->id;
                out.append(Kind::topic_deleted,
                           internal::encode(internal::TopicDeleted{topic->id, out.now()}),
                           internal::kEntryVersion);
            }
            return results;
        });
}

std::unique_ptr<journal::Proposal> create_partitions(
    Broker& broker, std::vector<MorePartitions> topics, bool validate_only,
    std::move_only_function<void(std::vector<TopicResult>)> answer) {
    const std::size_t count = topics.size();
    return answer_with<std::vector<TopicResult>>(
        broker, std::move(answer), count,
        [&broker, topics = std::move(topics), validate_only](BrokerState& state, Appender& out) {
            std::vector<TopicResult> results;
            const BrokerOptions& options = broker.options();
            for (const auto& wanted : topics) {
                TopicResult& result =
                    results.emplace_back(TopicResult{wanted.topic, {}, KafkaError::none, {}});
                const TopicState* topic = state.find(wanted.topic);
                if (topic == nullptr) {
                    result.error = KafkaError::unknown_topic_or_partition;
                    result.message = message_of(result.error);
                    continue;
                }
                result.id = topic->id;
                const auto now = static_cast<std::int32_t>(topic->partitions.size());
                if (wanted.total == now) {
                    result.error = KafkaError::invalid_partitions;
                    result.message = fmt::format("Topic already has {} partition(s).", now);
                } else if (wanted.total < now) {
                    result.error = KafkaError::invalid_partitions;
                    result.message = fmt::format(
                        "The topic {} currently has {} partition(s); {} would not be an increase.",
                        wanted.topic, now, wanted.total);
                } else if (wanted.total > options.partitions_max ||
                           state.partition_total() + wanted.total - now >
                               std::int64_t{options.partitions_max} * 10) {
                    result.error = KafkaError::policy_violation;
                    result.message =
                        fmt::format("Too many partitions: at most {} a topic", options.partitions_max);
                }
                if (result.error != KafkaError::none || validate_only) continue;
                out.append(Kind::partitions_added,
                           internal::encode(internal::PartitionsAdded{topic->id, wanted.total, out.now()}),
                           internal::kEntryVersion);
            }
            return results;
        });
}

std::unique_ptr<journal::Proposal> alter_configs(
    Broker& broker, std::vector<TopicConfigChange> topics, bool validate_only,
    std::move_only_function<void(std::vector<TopicResult>)> answer) {
    const std::size_t count = topics.size();
    return answer_with<std::vector<TopicResult>>(
        broker, std::move(answer), count * 4,
        [topics = std::move(topics), validate_only](BrokerState& state, Appender& out) {
            std::vector<TopicResult> results;
            for (const auto& change : topics) {
                TopicResult& result =
                    results.emplace_back(TopicResult{change.topic, {}, KafkaError::none, {}});
                const TopicState* topic = state.find(change.topic);
                if (topic == nullptr) {
                    result.error = KafkaError::unknown_topic_or_partition;
                    result.message = fmt::format("The topic '{}' does not exist.", change.topic);
                    continue;
                }
                result.id = topic->id;
                auto own =
                    apply_config_changes(change.replace ? ConfigMap() : topic->config.own(), change.changes);
                Status valid;
                if (!own) {
                    valid = std::unexpected(std::move(own).error());
                } else if (auto made = TopicConfig::make(*own, state.topic_defaults()); !made) {
                    valid = std::unexpected(std::move(made).error());
                }
                if (!valid) {
                    result.error = KafkaError::invalid_config;
                    result.message = std::move(valid.error().message);
                    continue;
                }
                if (validate_only || *own == topic->config.own()) continue;
                out.append(Kind::topic_config,
                           internal::encode(internal::TopicConfigSet{topic->id, out.now(), std::move(*own)}),
                           internal::kEntryVersion);
            }
            return results;
        });
}

std::unique_ptr<journal::Proposal> delete_records(
    Broker& broker, std::vector<DeleteRecordsTo> parts,
    std::move_only_function<void(std::vector<DeletedRecords>)> answer) {
    const std::size_t count = parts.size();
    return answer_with<std::vector<DeletedRecords>>(
        broker, std::move(answer), count, [parts = std::move(parts)](BrokerState& state, Appender& out) {
            std::vector<DeletedRecords> results;
            for (const auto& part : parts) {
                DeletedRecords& result = results.emplace_back(DeletedRecords{part.topic, part.partition});
                const TopicState* topic = state.find(part.topic);
                const PartitionState* partition =
                    topic == nullptr ? nullptr : topic->partition(part.partition);
                if (partition == nullptr) {
                    result.error = KafkaError::unknown_topic_or_partition;
                    continue;
                }
                if (!topic->config.settings().del) {
                    result.error = KafkaError::policy_violation;
                    continue;
                }
                const PartitionView& view = partition->view;
                const Offset start = part.before.value == -1 ? view.log_end : part.before;
                if (start.value < 0 || start > view.log_end) {
                    result.error = KafkaError::offset_out_of_range;
                    continue;
                }
                if (start > view.log_start) {
                    out.append(Kind::log_start,
                               internal::encode(internal::LogStartMoved{
                                   topic->id, part.partition, start,
                                   internal::LogStartMoved::Why::delete_records, out.now()}),
                               internal::kEntryVersion);
                }
                result.low_watermark = view.log_start;
            }
            return results;
        });
}

}  // namespace mr::broker
