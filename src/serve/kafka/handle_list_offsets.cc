#include <algorithm>
#include <utility>
#include <vector>

#include "broker/partition_log.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using Answer = wire::ListOffsetsResponse;

// The timestamps that mean something else (KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023), and the version of
// the request that brought them.
constexpr std::int64_t kEnd = -1;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLastTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;
constexpr std::int16_t kMaxTimestampSince = 7;
constexpr std::int16_t kEarliestLocalSince = 8;
constexpr std::int16_t kLastTieredSince = 9;
constexpr std::int16_t kEarliestPendingUploadSince = 11;

bool known_in(std::int64_t timestamp, std::int16_t version) {
    if (timestamp < kEarliestPendingUpload) return false;
    if (timestamp == kEarliestPendingUpload) return version >= kEarliestPendingUploadSince;
    if (timestamp == kLastTiered) return version >= kLastTieredSince;
    if (timestamp == kEarliestLocal) return version >= kEarliestLocalSince;
    if (timestamp == kMaxTimestamp) return version >= kMaxTimestampSince;
    return true;
}

/// Looking for a time may read segments; start and end are known.
bool may_block(std::int64_t timestamp) {
    return timestamp >= 0 || timestamp == kMaxTimestamp;
}

struct Job {
    Answer answer;
    struct Search {
        std::size_t topic;
        std::size_t partition;
        std::int64_t timestamp;
        std::shared_ptr<broker::PartitionLog> log;
    };
    std::vector<Search> searches;
    bool read_committed = false;

    Answer::Partition& place(const Search& one) { return answer.topics[one.topic].partitions[one.partition]; }
};

void search(broker::Broker& broker, Job& job) {
    for (const Job::Search& one : job.searches) {
        Answer::Partition& out = job.place(one);
        const broker::TimedOffset found = broker.offset_for_time(*one.log, one.timestamp, job.read_committed);
        out.error_code = to_wire(found.error);
        if (found.error != broker::KafkaError::none) continue;
        out.timestamp = one.timestamp == kEnd ? -1 : found.timestamp.value;
        out.offset = found.offset.value;
        out.leader_epoch = found.leader_epoch.value;
    }
}

}  // namespace

void handle_list_offsets(Service& service, const CallPtr& call, wire::ListOffsetsRequest request) {
    auto job = std::make_shared<Job>();
    job->read_committed = request.isolation_level == 1;
    const auto topics = service.broker().topics();
    bool blocking = false;
    for (const auto& topic : request.topics) {
        Answer::Topic& out = job->answer.topics.emplace_back();
        out.name = topic.name;
        for (const auto& wanted : topic.partitions) {
            Answer::Partition& part = out.partitions.emplace_back();
            part.partition_index = wanted.partition_index;
            const FoundPartition found = find_partition(*call, Operation::describe, *topics, topic.name, {},
                                                        false, wanted.partition_index);
            part.error_code = found.error;
            if (found.error != ErrorCode::none) continue;
            part.error_code = to_wire(
                broker::Broker::check_leader_epoch(*found.log, LeaderEpoch(wanted.current_leader_epoch)));
            if (part.error_code != ErrorCode::none) continue;
            if (!known_in(wanted.timestamp, call->version())) {
                part.error_code = ErrorCode::unsupported_version;
                continue;
            }
            // Nothing is ever tiered or about to be: no such offset.
            if (wanted.timestamp == kEarliestPendingUpload) continue;
            blocking = blocking || may_block(wanted.timestamp);
            job->searches.push_back(
                {job->answer.topics.size() - 1, out.partitions.size() - 1, wanted.timestamp, found.log});
        }
    }
    if (!blocking) {
        search(service.broker(), *job);
        return call->answer(job->answer);
    }
    service.run_blocking([&broker = service.broker(), job] { search(broker, *job); },
                         [call, job](bool done) {
                             for (const Job::Search& one : job->searches) {
                                 // Retriable: the pool that reads the disk was full.
                                 if (!done) job->place(one).error_code = ErrorCode::request_timed_out;
                             }
                             call->answer(job->answer);
                         });
}

void handle_offset_for_leader_epoch(Service& service, const CallPtr& call,
                                    wire::OffsetForLeaderEpochRequest request) {
    wire::OffsetForLeaderEpochResponse response;
    const auto topics = service.broker().topics();
    for (const auto& topic : request.topics) {
        auto& out = response.topics.emplace_back();
        out.topic = topic.topic;
        for (const auto& wanted : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition = wanted.partition;
            const FoundPartition found =
                find_partition(*call, Operation::describe, *topics, topic.topic, {}, false, wanted.partition);
            part.error_code = found.error;
            if (found.error != ErrorCode::none) continue;
            part.error_code = to_wire(
                broker::Broker::check_leader_epoch(*found.log, LeaderEpoch(wanted.current_leader_epoch)));
            if (part.error_code != ErrorCode::none) continue;
            const auto end = found.log->shown()->end_of_epoch(LeaderEpoch(wanted.leader_epoch));
            part.leader_epoch = end.epoch.value;
            part.end_offset = end.end.value;
        }
    }
    call->answer(response);
}

}  // namespace mr::serve::kafka
