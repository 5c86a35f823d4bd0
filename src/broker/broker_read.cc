// Broker: what fetches and ListOffsets ask.
#include <algorithm>

#include "base/check.h"
#include "broker/broker.h"
#include "broker/internal/log_access.h"
#include "broker/internal/state.h"
#include "broker/internal/tail_ring.h"

namespace mr::broker {
namespace {

/// Base offset, length and leader epoch: what is rewritten towards a fetch.
constexpr std::size_t kHeadBytes = 16;

KafkaError error_of(const Error& error) {
    return error.code == Code::out_of_range ? KafkaError::offset_out_of_range
                                            : KafkaError::kafka_storage_error;
}

/// Keeps what a reader of committed records may have.
Status drop_uncommitted(const PartitionView& view, Offset from, std::vector<StoredBatch>& batches) {
    if (batches.empty()) return {};
    const auto aborted = view.aborted.overlapping(from, batches.back().ref.next_offset());
    std::vector<StoredBatch> kept;
    for (auto& batch : batches) {
        MR_TRY(const auto header, wire::decode_batch_header(batch.bytes.view()));
        if (header.is_control()) continue;
        if (header.is_transactional() && is_aborted(aborted, header.producer_id, batch.ref.base_offset))
            continue;
        kept.push_back(std::move(batch));
    }
    batches = std::move(kept);
    return {};
}

/// The aborted transactions that the batches have records of. No others: compaction may have dropped the
/// marker of one without records, at which a client forgets it; it would take later records of that producer
/// for void.
Result<std::vector<AbortedTxn>> aborted_among(const PartitionView& view, Offset from, Offset end,
                                              const std::vector<StoredBatch>& batches) {
    auto aborted = view.aborted.overlapping(from, end);
    if (aborted.empty()) return aborted;
    std::vector<bool> met(aborted.size());
    for (const auto& batch : batches) {
        MR_TRY(const auto header, wire::decode_batch_header(batch.bytes.view()));
        if (!header.is_transactional()) continue;
        for (std::size_t i = 0; i < aborted.size(); ++i) {
            met[i] = met[i] ||
                     (aborted[i].producer_id == header.producer_id &&
                      aborted[i].first <= batch.ref.base_offset && batch.ref.base_offset <= aborted[i].last);
        }
    }
    std::size_t i = 0;
    std::erase_if(aborted, [&](const AbortedTxn&) { return !met[i++]; });
    return aborted;
}

/// The batches as pieces; the first bytes of unpatched ones are written anew, the rest is shared.
void add_pieces(std::vector<StoredBatch> batches, ReadResult& out) {
    std::string heads;
    for (const auto& batch : batches) {
        out.bytes += batch.bytes.size();
        if (batch.patched) continue;
        heads += batch.bytes.view().substr(0, kHeadBytes);
        ByteWriter writer(heads, Endian::big);
        writer.patch(heads.size() - kHeadBytes, batch.ref.base_offset.value);
        writer.patch(heads.size() - kHeadBytes + 12, batch.ref.leader_epoch.value);
    }
    const SharedBytes shared(std::move(heads));
    std::size_t at = 0;
    for (const auto& batch : batches) {
        if (batch.patched) {
            out.pieces.push_back(batch.bytes);
            continue;
        }
        out.pieces.push_back(shared.slice(at, kHeadBytes));
        out.pieces.push_back(batch.bytes.slice(kHeadBytes));
        at += kHeadBytes;
    }
}

/// Reads from `from` as a part of a segment's file. False where that cannot be, and nothing was changed.
bool read_file(const LogAccess& access, const PartitionLog& log, const PartitionView& view, Offset from,
               const CollectLimits& limits, const ReadOptions& options, ReadResult& result) {
    if (!options.files || options.only_committed) return false;
    const auto disk = options.may_wait ? Segment::Disk::may_wait : Segment::Disk::cached_only;
    auto slice = access.slice(log, view, from, limits, disk);
    // What is wrong there, collect() finds and says as well.
    if (!slice || !*slice) return false;
    // Which batches belong to aborted transactions is seen in their headers.
    if (options.read_committed && !view.aborted.overlapping(from, (*slice)->next).empty()) return false;
    if (!options.min_one_batch && (*slice)->file.size > options.max_bytes) return true;
    result.next = (*slice)->next;
    result.bytes = (*slice)->file.size;
    result.files.push_back(std::move((*slice)->file));
    return true;
}

}  // namespace

void ReadResult::append_to(std::string& out) const {
    out.reserve(out.size() + bytes);
    for (const auto& piece : pieces) out += piece.view();
}

ReadResult Broker::read(const PartitionLog& log, Offset from, const ReadOptions& options) const {
    ReadResult result;
    const auto view = log.shown();
    if (log.deleted()) {
        result.error = KafkaError::unknown_topic_or_partition;
        return result;
    }
    if (from < view->log_start || from > view->log_end) {
        result.error = KafkaError::offset_out_of_range;
        return result;
    }
    result.log_start = view->log_start;
    result.high_watermark = view->log_end;
    result.last_stable = view->last_stable;
    result.next = from;
    const bool committed = options.read_committed || options.only_committed;
    const Offset end = committed ? view->last_stable : view->log_end;
    if (from >= end || (options.max_bytes == 0 && !options.min_one_batch)) return result;
    const CollectLimits limits{.bytes_max = options.max_bytes, .end = end};
    if (read_file(*access_, log, *view, from, limits, options, result)) return result;
    if (!options.may_wait && !is_resident(log, from)) {
        result.would_wait = true;
        return result;
    }
    std::vector<StoredBatch> batches;
    if (auto status = access_->collect(log, *view, from, limits, batches); !status) {
        result = {};
        result.error = log.deleted() ? KafkaError::unknown_topic_or_partition : error_of(status.error());
        result.message = std::move(status.error().message);
        return result;
    }
    if (!options.min_one_batch && !batches.empty() && batches.front().bytes.size() > options.max_bytes)
        return result;
    if (!batches.empty()) result.next = batches.back().ref.next_offset();
    if (options.only_committed) {
        if (auto status = drop_uncommitted(*view, from, batches); !status) {
            result = {};
            result.error = KafkaError::kafka_storage_error;
            result.message = std::move(status.error().message);
            return result;
        }
    } else if (options.read_committed) {
        auto aborted = aborted_among(*view, from, result.next, batches);
        if (!aborted) {
            result = {};
            result.error = KafkaError::kafka_storage_error;
            result.message = std::move(aborted).error().message;
            return result;
        }
        result.aborted = *std::move(aborted);
    }
    add_pieces(std::move(batches), result);
    return result;
}

bool Broker::is_resident(const PartitionLog& log, Offset from) const {
    const auto view = log.shown();
    if (from >= view->log_end || from < view->log_start) return true;
    if (from < view->tail_start()) return false;
    return view->tail(view->find_offset(from)).seq > ring_->view()->floor;
}

KafkaError Broker::check_leader_epoch(const PartitionLog& log, LeaderEpoch current) {
    const LeaderEpoch ours = log.shown()->leader_epoch;
    if (current.value < 0 || current == ours) return KafkaError::none;
    return current < ours ? KafkaError::fenced_leader_epoch : KafkaError::unknown_leader_epoch;
}

TimedOffset Broker::offset_for_time(const PartitionLog& log, std::int64_t timestamp,
                                    bool read_committed) const {
    constexpr std::int64_t kLatest = -1;
    constexpr std::int64_t kEarliest = -2;
    constexpr std::int64_t kMaxTimestamp = -3;
    constexpr std::int64_t kEarliestLocal = -4;
    constexpr std::int64_t kLatestTiered = -5;
    const auto view = log.shown();
    const auto epoch_at = [&](Offset offset) {
        LeaderEpoch epoch = view->epochs->front().epoch;
        for (const auto& start : *view->epochs) {
            if (start.start <= offset) epoch = start.epoch;
        }
        return epoch;
    };
    TimedOffset result;
    if (timestamp == kLatest) {
        result.offset = read_committed ? view->last_stable : view->log_end;
        result.leader_epoch = view->leader_epoch;
        return result;
    }
    if (timestamp == kEarliest || timestamp == kEarliestLocal) {
        result.offset = view->log_start;
        result.leader_epoch = epoch_at(view->log_start);
        return result;
    }
    if (timestamp == kLatestTiered) return result;
    if (timestamp < 0 && timestamp != kMaxTimestamp) {
        result.error = KafkaError::unsupported_version;
        return result;
    }
    const auto found = timestamp == kMaxTimestamp ? access_->find_max_time(log, *view)
                                                  : access_->find_time(log, *view, TimestampMs(timestamp));
    if (!found) {
        result.error = log.deleted() ? KafkaError::unknown_topic_or_partition : error_of(found.error());
        return result;
    }
    if (*found && !(read_committed && (*found)->offset >= view->last_stable)) {
        result.timestamp = (*found)->timestamp;
        result.offset = (*found)->offset;
        result.leader_epoch = (*found)->leader_epoch;
    }
    return result;
}

std::uint64_t Broker::log_bytes(const PartitionLog& log) const {
    const auto view = log.shown();
    std::uint64_t bytes = 0;
    Offset settled = view->log_start;
    for (auto list = log.segments(); const auto& segment : *list) {
        bytes += segment->info().log_bytes;
        settled = std::max(settled, segment->info().next);
    }
    for (std::size_t i = view->find_offset(settled); i < view->tail_count; ++i) bytes += view->tail(i).bytes;
    return bytes;
}

}  // namespace mr::broker
