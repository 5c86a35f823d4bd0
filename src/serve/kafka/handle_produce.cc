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
    std::vector<std::pair<std::size_t, std::size_t>> parts;  ///< topic, partition

    Answer::Partition& part(std::size_t i) {
        return answer.topics[parts[i].first].partitions[parts[i].second];
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

/// Kafka's message.timestamp.after.max.ms and .before.max.ms; LogAppendTime replaces the client's times.
bool timestamps_ok(const wire::BatchFacts& facts, const broker::TopicSettings& settings, TimestampMs now,
                   Answer::Partition& part) {
    if (settings.log_append_time) return true;
    const bool append_time = facts.header.timestamp_type() == wire::TimestampType::log_append_time;
    const std::int64_t ahead = facts.max_timestamp.value - now.value;
    if (!append_time && ahead <= settings.timestamp_after_max_ms) return true;
    set_error(part, ErrorCode::invalid_timestamp,
              "One or more records have been rejected due to invalid timestamp");
    Answer::RecordError record;
    record.batch_index = facts.max_timestamp_delta;
    record.batch_index_error_message =
        append_time ? std::string("Producers must not send LogAppendTime batches")
                    : fmt::format(
                          "Timestamp {} is {} ms ahead of the broker's clock; at most {} are allowed "
                          "(message.timestamp.after.max.ms)",
                          facts.max_timestamp, ahead, settings.timestamp_after_max_ms);
    part.record_errors.push_back(std::move(record));
    return false;
}

/// Checks one partition's batch and adds it to the proposal, or sets the error.
bool add_part(Service& service, const FoundPartition& found, const wire::ProduceRequest::Partition& sent,
              bool by_id, broker::ProduceProposal& proposal, Answer::Partition& part) {
    if (found.error != ErrorCode::none) {
        set_error(part, found.error);
        return false;
    }
    const broker::TopicSettings& settings = found.topic->config.settings();
    if (!sent.records || sent.records->parts.empty()) {
        set_error(part, ErrorCode::invalid_record, "Produce requests must hold exactly one record batch");
        return false;
    }
    const std::string_view batch = sent.records->parts.front().view();
    const auto facts =
        wire::validate_batch(batch, {.batch_bytes_max = static_cast<std::size_t>(settings.max_message_bytes),
                                     .require_keys = settings.compact});
    if (!facts) {
        set_error(part, batch_error(facts.error()), facts.error().message);
        return false;
    }
    if (facts->header.is_transactional()) {
        set_error(part, ErrorCode::transactional_id_authorization_failed,
                  "transactions are not supported yet");
        return false;
    }
    if (!timestamps_ok(*facts, settings, service.clock().now(), part)) return false;
    proposal.add(found.topic->id, PartitionId(part.index), batch, *facts, by_id);
    return true;
}

void fill(Job& job, const std::vector<broker::ProduceResult>& results) {
    MR_CHECK(results.size() == job.parts.size(), "{} results for {} batches", results.size(),
             job.parts.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        Answer::Partition& part = job.part(i);
        const broker::ProduceResult& result = results[i];
        part.error_code = to_wire(result.error);
        part.base_offset = result.base_offset.value;
        part.log_append_time_ms = result.log_append_time.value;
        part.log_start_offset = result.log_start.value;
        part.error_message = message_of(part.error_code, result.message);
    }
}

/// What makes the whole request impossible.
ErrorCode check_request(const wire::ProduceRequest& request, std::string& message) {
    if (request.acks < -1 || request.acks > 1) return ErrorCode::invalid_required_acks;
    if (request.transactional_id) {
        message = "transactions are not supported yet: use an idempotent producer";
        return ErrorCode::transactional_id_authorization_failed;
    }
    return ErrorCode::none;
}

}  // namespace

void handle_produce(Service& service, const CallPtr& call, wire::ProduceRequest request) {
    auto job = std::make_shared<Job>();
    broker::ProduceProposal::Answer on_durable;
    if (request.acks != 0) {
        on_durable = service.on_loop<std::vector<broker::ProduceResult>>(
            [call, job](const std::vector<broker::ProduceResult>& results) {
                fill(*job, results);
                call->answer(job->answer);
            });
    }
    auto proposal = std::make_unique<broker::ProduceProposal>(service.broker(), std::move(on_durable));
    std::string refusal;
    const ErrorCode refused = check_request(request, refusal);
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
                set_error(part, refused, refusal);
                continue;
            }
            const FoundPartition found =
                find_partition(*topics, topic.name, topic.topic_id, by_id, part.index);
            if (add_part(service, found, topic.partitions[i], by_id, *proposal, part)) {
                job->parts.emplace_back(job->answer.topics.size() - 1, i);
            }
        }
    }
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
