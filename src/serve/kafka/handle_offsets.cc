// OffsetCommit, OffsetFetch, OffsetDelete: positions of consumer groups.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "broker/offset_commit.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

constexpr std::int16_t kByIdSince = 10;
constexpr std::int16_t kGroupsSince = 8;
/// Since OffsetCommit 9 the generation may be the epoch of a member of the new protocol.
constexpr std::int16_t kEpochSince = 9;

using FetchAnswer = wire::OffsetFetchResponse;

/// Puts one error into every partition of the request.
wire::OffsetCommitResponse commit_answer(const wire::OffsetCommitRequest& request, ErrorCode error) {
    wire::OffsetCommitResponse response;
    for (const auto& topic : request.topics) {
        auto& out = response.topics.emplace_back();
        out.name = topic.name;
        out.topic_id = topic.topic_id;
        for (const auto& partition : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition.partition_index;
            part.error_code = error;
        }
    }
    return response;
}

FetchAnswer::Partition committed(const broker::GroupOffsets* offsets, const Uuid& topic,
                                 std::int32_t partition) {
    FetchAnswer::Partition out;
    out.partition_index = partition;
    out.metadata = "";
    const broker::CommittedOffset* found =
        offsets == nullptr ? nullptr : offsets->find(topic, PartitionId(partition));
    if (found == nullptr) return out;
    out.committed_offset = found->offset.value;
    out.committed_leader_epoch = found->leader_epoch.value;
    out.metadata = found->metadata;
    return out;
}

/// Everything the group has committed, for topics that still exist and that the caller may see.
std::vector<FetchAnswer::Topic> all_committed(const Call& call, const broker::TopicsView& topics,
                                              const broker::GroupOffsets* offsets) {
    std::vector<FetchAnswer::Topic> answer;
    if (offsets == nullptr) return answer;
    for (const auto& [where, offset] : offsets->offsets) {
        const auto& [id, partition] = where;
        const auto topic = topics.find(id);
        if (!topic || !call.may_topic(Operation::describe, topic->name)) continue;
        if (answer.empty() || answer.back().topic_id != id) {
            auto& out = answer.emplace_back();
            out.name = topic->name;
            out.topic_id = id;
        }
        answer.back().partitions.push_back(committed(offsets, id, partition.value));
    }
    return answer;
}

/// Who asked for stable offsets is told to come back where a transaction is about to change one (KIP-447).
void mark_unstable(const broker::GroupOffsets& offsets, std::vector<FetchAnswer::Topic>& topics) {
    for (auto& topic : topics) {
        for (auto& partition : topic.partitions) {
            if (!offsets.unstable(topic.topic_id, PartitionId(partition.partition_index))) continue;
            FetchAnswer::Partition unstable;
            unstable.partition_index = partition.partition_index;
            unstable.metadata = "";
            unstable.error_code = ErrorCode::unstable_offset_commit;
            partition = std::move(unstable);
        }
    }
}

std::vector<FetchAnswer::Topic> fetch_offsets(
    Service& service, const Call& call, const std::string& group,
    const std::optional<std::vector<wire::OffsetFetchRequest::Topic>>& wanted, bool by_id, bool stable) {
    const auto topics = service.broker().topics();
    const auto offsets = service.broker().group_offsets(group);
    if (!wanted) {
        auto all = all_committed(call, *topics, offsets.get());
        if (stable && offsets != nullptr) mark_unstable(*offsets, all);
        return all;
    }
    std::vector<FetchAnswer::Topic> answer;
    for (const auto& topic : *wanted) {
        auto& out = answer.emplace_back();
        out.name = topic.name;
        out.topic_id = topic.topic_id;
        const auto known = by_id ? topics->find(topic.topic_id) : topics->find(topic.name);
        const bool refused = call.restricted() && (known || !by_id) &&
                             !call.may_topic(Operation::describe, known ? known->name : topic.name);
        for (const std::int32_t partition : topic.partition_indexes) {
            if (refused) {
                out.partitions.push_back(committed(nullptr, {}, partition));
                out.partitions.back().error_code = ErrorCode::topic_authorization_failed;
                continue;
            }
            // A topic that is not there has nothing committed; by id, that it is unknown is said.
            out.partitions.push_back(
                committed(known ? offsets.get() : nullptr, known ? known->id : Uuid{}, partition));
            if (!known && by_id) out.partitions.back().error_code = ErrorCode::unknown_topic_id;
        }
        if (known && !refused) out.topic_id = known->id;
    }
    if (stable && offsets != nullptr) mark_unstable(*offsets, answer);
    return answer;
}

/// The group may not be seen: said at the top, and where clients look before there was a top (v2).
FetchAnswer refused_fetch(const wire::OffsetFetchRequest& request, std::int16_t version) {
    FetchAnswer response;
    response.error_code = ErrorCode::group_authorization_failed;
    if (version >= 2 || !request.topics) return response;
    for (const auto& topic : *request.topics) {
        auto& out = response.topics.emplace_back();
        out.name = topic.name;
        for (const std::int32_t partition : topic.partition_indexes) {
            out.partitions.push_back(committed(nullptr, {}, partition));
            out.partitions.back().error_code = ErrorCode::group_authorization_failed;
        }
    }
    return response;
}

/// A topic that is not there cannot be hidden behind its id.
bool may_read_topic(Service& service, const Call& call, const std::string& name, const Uuid& id, bool by_id) {
    if (!call.restricted()) return true;
    if (!by_id) return call.may_topic(Operation::read, name);
    const auto topic = service.broker().topics()->find(id);
    return !topic || call.may_topic(Operation::read, topic->name);
}

}  // namespace

void handle_offset_commit(Service& service, const CallPtr& call, wire::OffsetCommitRequest request) {
    if (!call->may_group(Operation::read, request.group_id))
        return call->answer(commit_answer(request, ErrorCode::group_authorization_failed));
    auto response = std::make_shared<wire::OffsetCommitResponse>(commit_answer(request, ErrorCode::none));
    std::vector<broker::OffsetToCommit> offsets;
    const bool by_id = call->version() >= kByIdSince;
    auto places = std::make_shared<std::vector<std::pair<std::size_t, std::size_t>>>();
    for (std::size_t t = 0; t < request.topics.size(); ++t) {
        auto& topic = request.topics[t];
        const bool may = may_read_topic(service, *call, topic.name, topic.topic_id, by_id);
        for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
            auto& partition = topic.partitions[p];
            if (!may) {
                response->topics[t].partitions[p].error_code = ErrorCode::topic_authorization_failed;
                continue;
            }
            places->emplace_back(t, p);
            broker::OffsetToCommit& offset = offsets.emplace_back();
            offset.topic = topic.name;
            if (by_id) offset.topic_id = topic.topic_id;
            offset.partition = PartitionId(partition.partition_index);
            offset.offset = Offset(partition.committed_offset);
            offset.leader_epoch = LeaderEpoch(partition.committed_leader_epoch);
            offset.metadata = std::move(partition.committed_metadata).value_or("");
        }
    }
    if (offsets.empty()) return call->answer(*response);
    const auto finish = [call, response, places](const std::vector<broker::KafkaError>& errors) {
        for (std::size_t i = 0; i < errors.size(); ++i) {
            const auto [t, p] = places->at(i);
            response->topics[t].partitions[p].error_code = to_wire(errors[i]);
        }
        call->answer(*response);
    };
    const auto topics = service.broker().topics();
    if (broker::any_there(*topics, offsets)) {
        const auto metadata_max =
            static_cast<std::size_t>(service.broker().options().offset_metadata_bytes_max);
        const broker::KafkaError refused = service.coordinator().check_commit(
            service.now_ms(), request.group_id,
            {.who = {request.member_id, request.group_instance_id, request.generation_id_or_member_epoch},
             .modern = call->version() >= kEpochSince,
             .partitions = [&] { return broker::partitions_of(*topics, offsets, metadata_max); }});
        service.coordinator_changed();
        if (refused != broker::KafkaError::none) return finish(broker::refuse(*topics, offsets, refused));
    }
    auto answer = service.on_loop<std::vector<broker::KafkaError>>(finish);
    service.submit(journal::Lane::control,
                   broker::commit_offsets(service.broker(), std::move(request.group_id), std::move(offsets),
                                          std::move(answer)));
}

void handle_offset_fetch(Service& service, const CallPtr& call, wire::OffsetFetchRequest request) {
    FetchAnswer response;
    const bool by_id = call->version() >= kByIdSince;
    if (call->version() < kGroupsSince) {
        if (call->may_group(Operation::describe, request.group_id)) {
            response.topics = fetch_offsets(service, *call, request.group_id, request.topics, by_id,
                                            request.require_stable);
        } else {
            response = refused_fetch(request, call->version());
        }
        return call->answer(response);
    }
    for (const auto& group : request.groups) {
        auto& out = response.groups.emplace_back();
        out.group_id = group.group_id;
        out.error_code = call->may_group(Operation::describe, group.group_id)
                             ? to_wire(service.coordinator().check_fetch(group.group_id, group.member_id,
                                                                         group.member_epoch))
                             : ErrorCode::group_authorization_failed;
        if (out.error_code != ErrorCode::none) continue;
        out.topics =
            fetch_offsets(service, *call, group.group_id, group.topics, by_id, request.require_stable);
    }
    call->answer(response);
}

void handle_offset_delete(Service& service, const CallPtr& call, wire::OffsetDeleteRequest request) {
    auto response = std::make_shared<wire::OffsetDeleteResponse>();
    if (!call->may_group(Operation::remove, request.group_id)) {
        response->error_code = ErrorCode::group_authorization_failed;
        return call->answer(*response);
    }
    std::vector<std::string> subscribed;
    response->error_code = to_wire(service.coordinator().check_offset_delete(request.group_id, subscribed));
    if (response->error_code != ErrorCode::none) return call->answer(*response);
    std::vector<broker::OffsetToDelete> offsets;
    auto places = std::make_shared<std::vector<std::pair<std::size_t, std::size_t>>>();
    for (const auto& topic : request.topics) {
        auto& out = response->topics.emplace_back();
        out.name = topic.name;
        const bool may = call->may_topic(Operation::read, topic.name);
        const bool in_use = std::find(subscribed.begin(), subscribed.end(), topic.name) != subscribed.end();
        for (const auto& partition : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition.partition_index;
            if (in_use || !may) {
                part.error_code =
                    may ? ErrorCode::group_subscribed_to_topic : ErrorCode::topic_authorization_failed;
                continue;
            }
            places->emplace_back(response->topics.size() - 1, out.partitions.size() - 1);
            offsets.push_back({topic.name, PartitionId(partition.partition_index)});
        }
    }
    if (offsets.empty()) return call->answer(*response);
    auto answer = service.on_loop<std::vector<broker::KafkaError>>(
        [call, response, places](const std::vector<broker::KafkaError>& errors) {
            for (std::size_t i = 0; i < errors.size(); ++i) {
                const auto [topic, partition] = places->at(i);
                response->topics[topic].partitions[partition].error_code = to_wire(errors[i]);
            }
            call->answer(*response);
        });
    service.submit(journal::Lane::control,
                   broker::delete_offsets(service.broker(), std::move(request.group_id), std::move(offsets),
                                          std::move(answer)));
}

}  // namespace mr::serve::kafka
