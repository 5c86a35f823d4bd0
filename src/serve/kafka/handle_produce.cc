#include <utility>
#include <vector>

#include "broker/partition_log.h"
#include "broker/produce.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"
#include "wire/record_batch.h"

namespace mr::serve::kafka {
namespace {

using Answer = wire::ProduceResponse;

/// A request being turned into a proposal: the answer with what is already decided, and where in it the
/// proposal's results belong.
struct Job {
    Answer answer;
    struct Part {
        std::size_t topic;
        std::size_t partition;
        std::int32_t newest_delta;  ///< of the record with the largest timestamp
    };
    std::vector<Part> parts;

    Answer::Partition& part(std::size_t i) {
        return answer.topics[parts[i].topic].partitions[parts[i].partition];
    }
    [[nodiscard]] const Answer::Partition* first_error() const {
        for (const auto& topic : answer.topics) {
            for (const auto& partition : topic.partitions) {
                if (partition.error_code != ErrorCode::none) return &partition;
            }
        }
        return nullptr;
    }
};

void set_error(Answer::Partition& part, ErrorCode error, std::string_view message = {}) {
    part.error_code = error;
    part.base_offset = -1;
    part.error_message = message_of(error, message);
}

/// Names the record that made the broker refuse the batch (KIP-467).
void set_record_error(Answer::Partition& part, ErrorCode error, std::int32_t record, std::string message) {
    set_error(part, error,
              error == ErrorCode::invalid_timestamp
                  ? "One or more records have been rejected due to invalid timestamp"
                  : "One or more records have been rejected");
    Answer::RecordError& bad = part.record_errors.emplace_back();
    bad.batch_index = record;
    bad.batch_index_error_message = std::move(message);
}

/// Checks one partition's batch and adds it to the proposal, or sets the error.
std::optional<wire::BatchFacts> add_part(const FoundPartition& found,
                                         const wire::ProduceRequest::Partition& sent, bool by_id,
                                         broker::ProduceProposal& proposal, Answer::Partition& part) {
    if (found.error != ErrorCode::none) {
        set_error(part, found.error);
        return std::nullopt;
    }
    const broker::TopicSettings& settings = found.topic->config.settings();
    if (!sent.records || sent.records->parts.empty()) {
        set_error(part, ErrorCode::invalid_record, "Produce requests must hold exactly one record batch");
        return std::nullopt;
    }
    const SharedBytes& batch = sent.records->parts.front();
    const auto facts = wire::validate_batch(
        batch.view(), {.batch_bytes_max = static_cast<std::size_t>(settings.max_message_bytes)});
    if (!facts) {
        set_error(part, batch_error(facts.error()), facts.error().message);
        return std::nullopt;
    }
    if (settings.compact && facts->keyless_delta >= 0) {
        set_record_error(part, ErrorCode::invalid_record, facts->keyless_delta,
                         "Compacted topic cannot accept message without key");
        return std::nullopt;
    }
    if (!settings.log_append_time && facts->header.timestamp_type() == wire::TimestampType::log_append_time) {
        set_record_error(part, ErrorCode::invalid_timestamp, 0,
                         "Invalid timestamp type in message: producers send CreateTime");
        return std::nullopt;
    }
    if (facts->header.is_transactional() && !proposal.has_transaction()) {
        set_error(part, ErrorCode::transactional_id_authorization_failed,
                  "Transactional records in a request without a transactional id");
        return std::nullopt;
    }
    proposal.add(found.topic->id, PartitionId(part.index), batch, *facts, by_id);
    return *facts;
}

void fill(Job& job, const std::vector<broker::ProduceResult>& results, std::int16_t version) {
    MR_CHECK(results.size() == job.parts.size(), "{} results for {} batches", results.size(),
             job.parts.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        Answer::Partition& part = job.part(i);
        const broker::ProduceResult& result = results[i];
        part.error_code = to_wire(result.error);
        // The error that makes older clients abort and ask for a new epoch, rather than give up (KIP-360).
        if (part.error_code == ErrorCode::transaction_abortable && version < 11)
            part.error_code = ErrorCode::unknown_producer_id;
        part.base_offset = result.base_offset.value;
        part.log_append_time_ms = result.log_append_time.value;
        part.log_start_offset = result.log_start.value;
        part.error_message = message_of(part.error_code, result.message);
        if (part.error_code == ErrorCode::invalid_timestamp) {
            set_record_error(part, part.error_code, job.parts[i].newest_delta, result.message);
        }
    }
}

/// What makes the whole request impossible.
ErrorCode check_request(const Call& call, const wire::ProduceRequest& request) {
    if (request.transactional_id && !call.may_transaction(Operation::write, *request.transactional_id))
        return ErrorCode::transactional_id_authorization_failed;
    if (request.acks < -1 || request.acks > 1) return ErrorCode::invalid_required_acks;
    return ErrorCode::none;
}

broker::txn::Membership membership_of(std::int16_t version) {
    if (version >= 12) return broker::txn::Membership::implicit;
    return version == 11 ? broker::txn::Membership::required_abortable : broker::txn::Membership::required;
}

}  // namespace

void handle_produce(Service& service, const CallPtr& call, wire::ProduceRequest request) {
    auto job = std::make_shared<Job>();
    broker::ProduceProposal::Answer on_durable;
    if (request.acks != 0) {
        on_durable = service.on_loop<std::vector<broker::ProduceResult>>(
            [call, job](const std::vector<broker::ProduceResult>& results) {
                fill(*job, results, call->version());
                call->answer(job->answer);
            });
    }
    auto proposal = std::make_unique<broker::ProduceProposal>(service.broker(), std::move(on_durable));
    if (request.transactional_id)
        proposal->set_transaction(*request.transactional_id, membership_of(call->version()));
    const ErrorCode refused = check_request(*call, request);
    const auto topics = service.broker().topics();
    const bool by_id = call->version() >= 13;
    for (const auto& topic : request.topics) {
        Answer::Topic& out = job->answer.topics.emplace_back();
        out.name = topic.name;
        out.topic_id = topic.topic_id;
        out.partitions.resize(topic.partitions.size());
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            Answer::Partition& part = out.partitions[i];
            part.index = topic.partitions[i].index;
            if (refused != ErrorCode::none) {
                set_error(part, refused);
                continue;
            }
            const FoundPartition found = find_partition(*call, Operation::write, *topics, topic.name,
                                                        topic.topic_id, by_id, part.index);
            if (const auto facts = add_part(found, topic.partitions[i], by_id, *proposal, part)) {
                job->parts.push_back({job->answer.topics.size() - 1, i, facts->max_timestamp_delta});
            }
        }
    }
    std::size_t bytes = 0;
    for (const auto& topic : request.topics) {
        for (const auto& part : topic.partitions) bytes += part.records ? part.records->size() : 0;
    }
    const std::int64_t wait = service.quotas().count(Quotas::Kind::produce, {call->user(), call->client_id()},
                                                     bytes, service.now_ms());
    job->answer.throttle_time_ms = static_cast<std::int32_t>(wait);
    call->throttle(wait);
    const bool anything = !job->parts.empty();
    if (anything) service.submit(journal::Lane::clients, std::move(proposal));
    if (request.acks != 0) {
        if (!anything) call->answer(job->answer);
        return;
    }
    // With acks=0 the only way to make the producer look at its metadata again is to close the connection.
    if (const Answer::Partition* bad = job->first_error()) {
        return call->refuse(
            fmt::format("acks=0, and partition {} failed: {}", bad->index,
                        bad->error_message.value_or(std::string(to_string(bad->error_code)))));
    }
    call->answer_nothing();
}

}  // namespace mr::serve::kafka
