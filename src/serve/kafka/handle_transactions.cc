// AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit, EndTxn: the producer's side of transactions.
//
// The coordinator knows one vocabulary of errors (broker/txn/transactions.h); clients know as much of it as
// their version of the request allows.
#include <utility>
#include <vector>

#include "broker/txn/transactions.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using broker::KafkaError;
using broker::txn::Producer;

/// PRODUCER_FENCED came with one version of each request, TRANSACTION_ABORTABLE with another; before that
/// one, INVALID_PRODUCER_ID_MAPPING makes clients abort and ask for a new epoch as well.
ErrorCode known_to(KafkaError error, std::int16_t version, std::int16_t fenced_since,
                   std::int16_t abortable_since) {
    if (error == KafkaError::producer_fenced && version < fenced_since)
        return ErrorCode::invalid_producer_epoch;
    if (error == KafkaError::transaction_abortable && version < abortable_since)
        return ErrorCode::invalid_producer_id_mapping;
    return to_wire(error);
}

constexpr std::int16_t kFencedSince = 2;
constexpr std::int16_t kBatchedSince = 4;
constexpr std::int16_t kBumpSince = 5;

broker::txn::Membership membership_of_offsets(std::int16_t version) {
    if (version >= 5) return broker::txn::Membership::implicit;
    return version == 4 ? broker::txn::Membership::required_abortable : broker::txn::Membership::required;
}

std::vector<broker::txn::PartitionName> names_of(
    const std::vector<wire::AddPartitionsToTxnRequest::Topic>& topics) {
    std::vector<broker::txn::PartitionName> names;
    for (const auto& topic : topics) {
        for (const std::int32_t partition : topic.partitions)
            names.push_back({topic.name, PartitionId(partition)});
    }
    return names;
}

/// Puts one error after the other into the partitions of the request.
std::vector<wire::AddPartitionsToTxnResponse::Topic> fill(
    const std::vector<wire::AddPartitionsToTxnRequest::Topic>& topics, const std::vector<KafkaError>& errors,
    std::int16_t version) {
    std::vector<wire::AddPartitionsToTxnResponse::Topic> out;
    std::size_t i = 0;
    for (const auto& topic : topics) {
        auto& to = out.emplace_back();
        to.name = topic.name;
        for (const std::int32_t partition : topic.partitions) {
            auto& part = to.partitions.emplace_back();
            part.partition_index = partition;
            part.error_code = known_to(errors.at(i++), version, kFencedSince, kBatchedSince);
        }
    }
    return out;
}

/// Nothing when all of it is allowed. One topic that is not makes the others not attempted, as in Kafka.
std::optional<std::vector<wire::AddPartitionsToTxnResponse::Topic>> refuse_topics(
    const Call& call, const std::string& transactional_id,
    const std::vector<wire::AddPartitionsToTxnRequest::Topic>& topics) {
    const bool all = !call.may_transaction(Operation::write, transactional_id);
    bool any = all;
    for (const auto& topic : topics) any = any || !call.may_topic(Operation::write, topic.name);
    if (!any) return std::nullopt;
    std::vector<wire::AddPartitionsToTxnResponse::Topic> out;
    for (const auto& topic : topics) {
        auto& to = out.emplace_back();
        to.name = topic.name;
        const ErrorCode error = all ? ErrorCode::transactional_id_authorization_failed
                                : call.may_topic(Operation::write, topic.name)
                                    ? ErrorCode::operation_not_attempted
                                    : ErrorCode::topic_authorization_failed;
        for (const std::int32_t partition : topic.partitions) {
            auto& part = to.partitions.emplace_back();
            part.partition_index = partition;
            part.error_code = error;
        }
    }
    return out;
}

void add_one(Service& service, const CallPtr& call, wire::AddPartitionsToTxnRequest request) {
    if (call->restricted()) {
        if (auto refused = refuse_topics(*call, request.transactional_id, request.topics)) {
            wire::AddPartitionsToTxnResponse response;
            response.topics = std::move(*refused);
            return call->answer(response);
        }
    }
    Producer producer{request.transactional_id, request.producer_id, request.producer_epoch};
    auto names = names_of(request.topics);
    auto answer = service.on_loop<std::vector<KafkaError>>(
        [call, topics = std::move(request.topics)](const std::vector<KafkaError>& errors) {
            wire::AddPartitionsToTxnResponse response;
            response.topics = fill(topics, errors, call->version());
            call->answer(response);
        });
    service.submit(journal::Lane::control,
                   broker::txn::add_partitions(service.broker(), std::move(producer), std::move(names), false,
                                               std::move(answer)));
}

/// Version 4 and later: several transactions, each answered on its own; the call when all are.
void add_batched(Service& service, const CallPtr& call, wire::AddPartitionsToTxnRequest request) {
    struct Job {
        wire::AddPartitionsToTxnRequest request;
        wire::AddPartitionsToTxnResponse response;
        std::size_t waiting = 0;
    };
    auto job = std::make_shared<Job>();
    job->request = std::move(request);
    // Only brokers speak for several producers at once.
    if (!call->may_cluster(Operation::cluster_action)) {
        job->response.error_code = ErrorCode::cluster_authorization_failed;
        return call->answer(job->response);
    }
    job->waiting = job->request.transactions.size();
    job->response.transactions.resize(job->waiting);
    if (job->waiting == 0) return call->answer(job->response);
    for (std::size_t i = 0; i < job->request.transactions.size(); ++i) {
        const auto& one = job->request.transactions[i];
        auto answer =
            service.on_loop<std::vector<KafkaError>>([call, job, i](const std::vector<KafkaError>& errors) {
                const auto& asked = job->request.transactions[i];
                auto& result = job->response.transactions[i];
                result.transactional_id = asked.transactional_id;
                result.topics = fill(asked.topics, errors, call->version());
                if (--job->waiting == 0) call->answer(job->response);
            });
        service.submit(journal::Lane::control,
                       broker::txn::add_partitions(
                           service.broker(), {one.transactional_id, one.producer_id, one.producer_epoch},
                           names_of(one.topics), one.verify_only, std::move(answer)));
    }
}

/// May this member commit the group's offsets? One error an offset where it may not, else none at all.
std::vector<KafkaError> check_member(Service& service, const wire::TxnOffsetCommitRequest& request,
                                     const std::vector<broker::OffsetToCommit>& offsets) {
    const auto topics = service.broker().topics();
    if (!broker::any_there(*topics, offsets)) return {};
    const auto metadata_max = static_cast<std::size_t>(service.broker().options().offset_metadata_bytes_max);
    KafkaError error = service.coordinator().check_commit(
        service.now_ms(), request.group_id,
        {.who = {request.member_id, request.group_instance_id, request.generation_id},
         .transactional = true,
         .partitions = [&] { return broker::partitions_of(*topics, offsets, metadata_max); }});
    service.coordinator_changed();
    if (error == KafkaError::none) return {};
    if (error == KafkaError::stale_member_epoch) error = KafkaError::illegal_generation;
    return broker::refuse(*topics, offsets, error);
}

/// May the caller commit offsets of that group in that transaction?
ErrorCode check_caller(const Call& call, const std::string& transactional_id, const std::string& group) {
    if (!call.may_transaction(Operation::write, transactional_id))
        return ErrorCode::transactional_id_authorization_failed;
    return call.may_group(Operation::read, group) ? ErrorCode::none : ErrorCode::group_authorization_failed;
}

}  // namespace

void handle_add_partitions_to_txn(Service& service, const CallPtr& call,
                                  wire::AddPartitionsToTxnRequest request) {
    if (call->version() >= kBatchedSince) return add_batched(service, call, std::move(request));
    add_one(service, call, std::move(request));
}

void handle_add_offsets_to_txn(Service& service, const CallPtr& call, wire::AddOffsetsToTxnRequest request) {
    if (const ErrorCode refused = check_caller(*call, request.transactional_id, request.group_id);
        refused != ErrorCode::none) {
        wire::AddOffsetsToTxnResponse response;
        response.error_code = refused;
        return call->answer(response);
    }
    auto answer = service.on_loop<KafkaError>([call](KafkaError error) {
        wire::AddOffsetsToTxnResponse response;
        response.error_code = known_to(error, call->version(), kFencedSince, 4);
        call->answer(response);
    });
    service.submit(
        journal::Lane::control,
        broker::txn::add_offsets(service.broker(),
                                 {request.transactional_id, request.producer_id, request.producer_epoch},
                                 std::move(request.group_id), std::move(answer)));
}

void handle_txn_offset_commit(Service& service, const CallPtr& call, wire::TxnOffsetCommitRequest request) {
    auto response = std::make_shared<wire::TxnOffsetCommitResponse>();
    const ErrorCode refused = check_caller(*call, request.transactional_id, request.group_id);
    std::vector<broker::OffsetToCommit> offsets;
    auto places = std::make_shared<std::vector<std::pair<std::size_t, std::size_t>>>();
    for (auto& topic : request.topics) {
        auto& out = response->topics.emplace_back();
        out.name = topic.name;
        const bool may = call->may_topic(Operation::read, topic.name);
        for (auto& partition : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition.partition_index;
            if (!may) {
                part.error_code = ErrorCode::topic_authorization_failed;
                continue;
            }
            places->emplace_back(response->topics.size() - 1, out.partitions.size() - 1);
            broker::OffsetToCommit& offset = offsets.emplace_back();
            offset.topic = topic.name;
            offset.partition = PartitionId(partition.partition_index);
            offset.offset = Offset(partition.committed_offset);
            offset.leader_epoch = LeaderEpoch(partition.committed_leader_epoch);
            offset.metadata = std::move(partition.committed_metadata).value_or("");
        }
    }
    if (refused != ErrorCode::none) {
        for (auto& topic : response->topics) {
            for (auto& partition : topic.partitions) partition.error_code = refused;
        }
    }
    if (refused != ErrorCode::none || offsets.empty()) return call->answer(*response);
    const auto finish = [call, response, places](const std::vector<KafkaError>& errors) {
        for (std::size_t i = 0; i < errors.size(); ++i) {
            const auto [t, p] = places->at(i);
            const bool old = errors[i] == KafkaError::transaction_abortable && call->version() < 4;
            response->topics[t].partitions[p].error_code =
                old ? ErrorCode::invalid_producer_epoch : to_wire(errors[i]);
        }
        call->answer(*response);
    };
    if (const auto errors = check_member(service, request, offsets); !errors.empty()) return finish(errors);
    auto answer = service.on_loop<std::vector<KafkaError>>(finish);
    service.submit(
        journal::Lane::control,
        broker::txn::commit_offsets(service.broker(),
                                    {request.transactional_id, request.producer_id, request.producer_epoch},
                                    std::move(request.group_id), std::move(offsets),
                                    membership_of_offsets(call->version()), std::move(answer)));
}

void handle_end_txn(Service& service, const CallPtr& call, wire::EndTxnRequest request) {
    if (!call->may_transaction(Operation::write, request.transactional_id)) {
        wire::EndTxnResponse response;
        response.error_code = ErrorCode::transactional_id_authorization_failed;
        return call->answer(response);
    }
    const bool bump = call->version() >= kBumpSince;
    auto answer = service.on_loop<broker::ProducerIdResult>([call](const broker::ProducerIdResult& result) {
        wire::EndTxnResponse response;
        response.error_code = known_to(result.error, call->version(), kFencedSince, 4);
        response.producer_id = result.producer_id;
        response.producer_epoch = result.producer_epoch;
        call->answer(response);
    });
    service.submit(journal::Lane::control,
                   broker::txn::end(service.broker(),
                                    {request.transactional_id, request.producer_id, request.producer_epoch},
                                    request.committed, bump, std::move(answer)));
}

}  // namespace mr::serve::kafka
