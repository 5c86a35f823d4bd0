#include "broker/internal/log_access.h"

#include <algorithm>

#include "base/check.h"
#include "wire/record.h"

namespace mr::broker {
namespace {

/// How often a reader starts over because what it wanted to read moved (settled, then freed) under it.
constexpr int kAttempts = 8;

bool full(const CollectLimits& limits, std::size_t bytes, std::size_t next, std::size_t count) {
    return count > 0 && (bytes + next > limits.bytes_max || count >= limits.batches_max);
}

BatchRef ref_of(const wire::BatchHeader& header, const Segment::Place& place) {
    return {.base_offset = header.base_offset,
            .last_offset_delta = header.last_offset_delta,
            .leader_epoch = header.leader_epoch,
            .seq = place.seq,
            .payload_at = 0,
            .bytes = static_cast<std::uint32_t>(header.total_bytes()),
            .max_timestamp = header.max_timestamp,
            .time = TimestampMs(-1),
            .stable = place.stable};
}

/// First segment that ends after `offset`.
SegmentList::const_iterator segment_of(const SegmentList& list, Offset offset) {
    return std::partition_point(list.begin(), list.end(),
                                [&](const auto& segment) { return segment->info().next <= offset; });
}

/// Whoever reads prefers memory, then the segments, then the journal. REQUIRES: offset < view.log_end.
bool from_segments(const PartitionLog& log, const PartitionView& view, const TailRing::View& ring,
                   Offset offset) {
    if (offset < view.tail_start()) return true;
    const BatchRef& ref = view.tail(view.find_offset(offset));
    return ref.seq <= ring.floor && ref.next_offset() <= log.settled_end();
}

}  // namespace

Status LogAccess::collect_segments(const PartitionLog& log, Offset end, Offset& at,
                                   const CollectLimits& limits, std::size_t& bytes,
                                   std::vector<StoredBatch>& out) const {
    const auto list = log.segments();
    for (auto it = segment_of(*list, at); it != list->end() && at < end; ++it) {
        const Segment& segment = **it;
        if (segment.info().base > at) {
            return fail(Code::out_of_range, "{}-{}: offset {} is gone, the log begins at {}", log.topic(),
                        log.id(), at, segment.info().base);
        }
        MR_TRY(std::uint32_t index, segment.find_offset(at));
        while (index < segment.info().batches) {
            const std::size_t room = limits.bytes_max > bytes ? limits.bytes_max - bytes : 0;
            if (!out.empty() && (room == 0 || out.size() >= limits.batches_max)) return {};
            MR_TRY(const auto run, segment.read(index, room, limits.batches_max - out.size()));
            for (std::size_t i = 0; i < run.places.size(); ++i) {
                // The segments may already hold more than the caller's view.
                if (run.places[i].base_offset >= end) return {};
                const SharedBytes batch = run.batch(i);
                const auto header = wire::decode_batch_header(batch.view());
                if (!header || header->total_bytes() != batch.size() ||
                    header->base_offset != run.places[i].base_offset) {
                    return damaged(segment, run.places[i]);
                }
                // After compaction, the last batch to begin at or before an offset may end before it, too.
                if (header->next_offset() <= at) continue;
                if (run.places[i].seq > limits.not_after || full(limits, bytes, batch.size(), out.size()))
                    return {};
                // What was synced can still rot; what is computed or archived from it would be wrong for
                // good.
                if (!wire::batch_crc_ok(batch.view(), *header)) return damaged(segment, run.places[i]);
                out.push_back({ref_of(*header, run.places[i]), batch, true});
                bytes += batch.size();
                at = header->next_offset();
            }
            index += static_cast<std::uint32_t>(run.places.size());
        }
    }
    return {};
}

Status LogAccess::collect_journal(const PartitionView& view, std::size_t& index, const CollectLimits& limits,
                                  std::size_t& bytes, std::vector<StoredBatch>& out) const {
    if (!journal_read_) return fail(Code::unavailable, "the journal cannot be read yet");
    bool stopped = false;
    const auto visit = [&](const journal::Entry& entry) {
        if (index < view.tail_count && entry.seq > view.tail(index).seq) return false;  // freed
        while (index < view.tail_count && view.tail(index).seq == entry.seq) {
            const BatchRef& ref = view.tail(index);
            if (full(limits, bytes, ref.bytes, out.size()) || ref.seq > limits.not_after ||
                ref.base_offset >= limits.end) {
                stopped = true;
                return false;
            }
            if (std::size_t{ref.payload_at} + ref.bytes > entry.payload.size()) {
                stopped = true;
                return false;
            }
            // Copied, so that what is kept does not pin a whole block of the file.
            out.push_back({ref,
                           SharedBytes(std::string(entry.payload.view().substr(ref.payload_at, ref.bytes))),
                           false});
            bytes += ref.bytes;
            ++index;
        }
        // Only while the next one cannot be had from memory.
        if (index >= view.tail_count || view.tail(index).seq > limits.not_after ||
            view.tail(index).base_offset >= limits.end) {
            return false;
        }
        return view.tail(index).seq > ring_.view()->floor ? false : true;
    };
    const std::size_t before = index;
    MR_TRY_VOID(journal_read_(Seq(view.tail(index).seq.value - 1), visit));
    if (index == before && !stopped) {
        return fail(Code::out_of_range, "entry {} is no longer in the journal", view.tail(index).seq);
    }
    return {};
}

Status LogAccess::collect(const PartitionLog& log, const PartitionView& view, Offset from,
                          const CollectLimits& limits, std::vector<StoredBatch>& out) const {
    std::size_t bytes = 0;
    Offset at = from;
    const auto ring = ring_.view();
    int attempts = 0;
    const std::size_t first = out.size();
    MR_CHECK(first == 0, "{}", first);
    const Offset end = std::min(view.log_end, limits.end);
    while (at < end) {
        if (from_segments(log, view, *ring, at)) {
            const Offset before = at;
            const auto list = log.segments();
            if (auto status = collect_segments(log, end, at, limits, bytes, out); !status) {
                // Compaction has put other files in their place since we looked: those have it.
                if (log.segments() == list || ++attempts >= kAttempts) return status;
                continue;
            }
            // Nothing more fits, or the segments end here.
            if (at == before) {
                if (out.empty() && at < view.tail_start() && limits.not_after.value == UINT64_MAX) {
                    return fail(Code::out_of_range, "{}-{}: offset {} is gone", log.topic(), log.id(), at);
                }
                return {};
            }
            continue;
        }
        std::size_t index = view.find_offset(at);
        const BatchRef& ref = view.tail(index);
        if (ref.base_offset >= end || ref.seq > limits.not_after ||
            full(limits, bytes, ref.bytes, out.size())) {
            return {};
        }
        if (const auto item = TailRing::find(*ring, ref.seq, ref.payload_at)) {
            out.push_back({ref, item->batch(), false});
            bytes += ref.bytes;
            at = ref.next_offset();
            continue;
        }
        const std::size_t count = out.size();
        if (auto status = collect_journal(view, index, limits, bytes, out); !status) {
            // It may have been settled, and the file freed, since we looked: then the segments have it.
            if (status.error().code != Code::out_of_range || ++attempts >= kAttempts) return status;
            continue;
        }
        if (out.size() == count) return {};
        at = out.back().ref.next_offset();
    }
    return {};
}

Result<std::optional<SegmentSlice>> LogAccess::slice(const PartitionLog& log, const PartitionView& view,
                                                     Offset from, const CollectLimits& limits,
                                                     Segment::Disk disk) const {
    const Offset end = std::min(view.log_end, limits.end);
    if (from >= end || !from_segments(log, view, *ring_.view(), from)) return std::nullopt;
    const auto list = log.segments();
    const auto segment = segment_of(*list, from);
    if (segment == list->end() || (*segment)->info().base > from) return std::nullopt;
    return slice_of(**segment, from, end, limits.bytes_max, disk);
}

Result<Offset> LogAccess::first_after(const PartitionLog& log, const PartitionView& view, Seq seq) const {
    if (view.tail_count > 0 && seq >= view.tail(0).seq) {
        const std::size_t index = view.find_seq(seq);
        return index == view.tail_count ? view.log_end : view.tail(index).base_offset;
    }
    const auto list = log.segments();
    const auto it = std::partition_point(
        list->begin(), list->end(), [&](const auto& segment) { return segment->info().last_seq <= seq; });
    if (it != list->end()) {
        MR_TRY(const std::uint32_t index, (*it)->find_seq(seq));
        MR_TRY(const auto place, (*it)->place(index));
        return std::max(place.base_offset, Offset(0));
    }
    return view.tail_start();
}

Result<Offset> LogAccess::stable_at(const PartitionLog& log, const PartitionView& view, Seq seq) const {
    // It moves with batches only, so the newest one up to `seq` tells; where that is gone, nothing older is
    // there to be read.
    if (view.tail_count > 0 && seq >= view.tail(0).seq) {
        return std::max(view.tail(view.find_seq(seq) - 1).stable, view.log_start);
    }
    const auto list = log.segments();
    auto it = std::partition_point(list->begin(), list->end(),
                                   [&](const auto& segment) { return segment->info().first_seq <= seq; });
    if (it == list->begin()) {
        MR_TRY(const Offset first, first_after(log, view, seq));
        return std::max(first, view.log_start);
    }
    --it;
    MR_TRY(const std::uint32_t index, (*it)->find_seq(seq));
    MR_TRY(const auto place, (*it)->place(index - 1));
    return std::max(place.stable, view.log_start);
}

Result<std::optional<LogAccess::Timed>> LogAccess::scan_for_time(const PartitionLog& log,
                                                                 const PartitionView& view, Offset from,
                                                                 TimestampMs timestamp) const {
    Offset at = from;
    while (at < view.log_end) {
        std::vector<StoredBatch> batches;
        MR_TRY_VOID(collect(log, view, at, {.bytes_max = 1U << 20}, batches));
        if (batches.empty()) break;
        for (const auto& batch : batches) {
            at = batch.ref.next_offset();
            if (batch.ref.max_timestamp < timestamp || at <= view.log_start) continue;
            MR_TRY(auto reader, wire::RecordReader::open(batch.bytes.view()));
            wire::Record record;
            const std::int64_t shift = batch.ref.base_offset.value - reader.header().base_offset.value;
            while (reader.next(record)) {
                const Offset offset = record.offset.plus(shift);
                if (record.timestamp < timestamp || offset < view.log_start || offset >= view.log_end)
                    continue;
                return Timed{offset, record.timestamp, batch.ref.leader_epoch};
            }
        }
    }
    return std::nullopt;
}

Result<std::optional<LogAccess::Timed>> LogAccess::find_time(const PartitionLog& log,
                                                             const PartitionView& view,
                                                             TimestampMs timestamp) const {
    const auto list = log.segments();
    for (const auto& segment : *list) {
        const SegmentInfo& info = segment->info();
        if (info.next <= view.log_start || info.max_timestamp < timestamp) continue;
        MR_TRY(const std::uint32_t index, segment->find_time(timestamp));
        if (index >= info.batches) continue;
        MR_TRY(const auto place, segment->place(index));
        return scan_for_time(log, view, std::max(place.base_offset, view.log_start), timestamp);
    }
    // Not in the segments, so in the tail: its index has the largest timestamp of each batch.
    for (std::size_t i = 0; i < view.tail_count; ++i) {
        const BatchRef& ref = view.tail(i);
        if (ref.max_timestamp < timestamp || ref.next_offset() <= view.log_start) continue;
        if (!list->empty() && ref.next_offset() <= list->back()->info().next) continue;
        return scan_for_time(log, view, ref.base_offset, timestamp);
    }
    return std::nullopt;
}

Result<std::optional<LogAccess::Timed>> LogAccess::find_max_time(const PartitionLog& log,
                                                                 const PartitionView& view) const {
    TimestampMs largest(INT64_MIN);
    for (auto list = log.segments(); const auto& segment : *list) {
        if (segment->info().next > view.log_start) largest = std::max(largest, segment->info().max_timestamp);
    }
    for (std::size_t i = 0; i < view.tail_count; ++i) {
        if (view.tail(i).next_offset() > view.log_start)
            largest = std::max(largest, view.tail(i).max_timestamp);
    }
    if (largest.value == INT64_MIN) return std::nullopt;
    return find_time(log, view, largest);
}

}  // namespace mr::broker
