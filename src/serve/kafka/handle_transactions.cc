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
constexpr std::int16_t kImplicitOffsetsSince = 5;

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
            part.error_code = known_to(errors.at(i++), version, kFencedSince, kBumpSince);
        }
    }
    return out;
}

void add_one(Service& service, const CallPtr& call, wire::AddPartitionsToTxnRequest request) {
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

/// May this member commit the group's offsets? Who does not say that it is one may (KIP-447 came late).
KafkaError check_member(Service& service, const wire::TxnOffsetCommitRequest& request) {
    if (request.generation_id < 0 && request.member_id.empty() && !request.group_instance_id)
        return KafkaError::none;
    const KafkaError error = service.coordinator().check_commit(
        service.now_ms(), request.group_id,
        {request.member_id, request.group_instance_id, request.generation_id});
    service.coordinator_changed();
    // A rebalance on its way does not unmake what the members of this generation did.
    if (error == KafkaError::rebalance_in_progress) return KafkaError::none;
    return error == KafkaError::stale_member_epoch ? KafkaError::illegal_generation : error;
}

}  // namespace

void handle_add_partitions_to_txn(Service& service, const CallPtr& call,
                                  wire::AddPartitionsToTxnRequest request) {
    if (call->version() >= kBatchedSince) return add_batched(service, call, std::move(request));
    add_one(service, call, std::move(request));
}

void handle_add_offsets_to_txn(Service& service, const CallPtr& call, wire::AddOffsetsToTxnRequest request) {
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
    const ErrorCode refused = to_wire(check_member(service, request));
    std::vector<broker::OffsetToCommit> offsets;
    for (auto& topic : request.topics) {
        auto& out = response->topics.emplace_back();
        out.name = topic.name;
        for (auto& partition : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition.partition_index;
            part.error_code = refused;
            broker::OffsetToCommit& offset = offsets.emplace_back();
            offset.topic = topic.name;
            offset.partition = PartitionId(partition.partition_index);
            offset.offset = Offset(partition.committed_offset);
            offset.leader_epoch = LeaderEpoch(partition.committed_leader_epoch);
            offset.metadata = std::move(partition.committed_metadata).value_or("");
        }
    }
    if (refused != ErrorCode::none || offsets.empty()) return call->answer(*response);
    auto answer =
        service.on_loop<std::vector<KafkaError>>([call, response](const std::vector<KafkaError>& errors) {
            std::size_t i = 0;
            for (auto& topic : response->topics) {
                for (auto& partition : topic.partitions) {
                    const KafkaError error = errors.at(i++);
                    const bool old = error == KafkaError::transaction_abortable && call->version() < 4;
                    partition.error_code = old ? ErrorCode::invalid_producer_epoch : to_wire(error);
                }
            }
            call->answer(*response);
        });
    service.submit(
        journal::Lane::control,
        broker::txn::commit_offsets(service.broker(),
                                    {request.transactional_id, request.producer_id, request.producer_epoch},
                                    std::move(request.group_id), std::move(offsets),
                                    call->version() >= kImplicitOffsetsSince, std::move(answer)));
}

void handle_end_txn(Service& service, const CallPtr& call, wire::EndTxnRequest request) {
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
