#include "broker/internal/compactor.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "base/log.h"
#include "base/uuid.h"
#include "broker/holds.h"
#include "broker/internal/segment_slice.h"
#include "wire/batch_filter.h"

namespace mr::broker {
namespace {

constexpr std::string_view kLog = "compaction";

internal::HashKey random_key() {
    const Uuid random = Uuid::random();
    return {mr::internal::load<std::uint64_t>(random.view().data(), Endian::little),
            mr::internal::load<std::uint64_t>(random.view().data() + 8, Endian::little)};
}

std::int64_t newest_of(const SegmentInfo& info) {
    return info.max_timestamp.value >= 0 ? info.max_timestamp.value : info.first_append.value;
}

}  // namespace

/// A log worth compacting: its cleanable segments, and how much of them is dirty.
struct Compactor::Candidate {
    std::vector<std::shared_ptr<const Segment>> inputs;
    Offset dirty_from;
    double ratio = 0;
    bool overdue = false;  ///< max.compaction.lag.ms has passed
};

struct Compactor::Job {
    std::shared_ptr<PartitionLog> log;
    TopicSettings settings;
    TimestampMs now;
    std::vector<std::shared_ptr<const Segment>> inputs;
    Offset dirty_from;
    internal::KeyMap map;
    AbortedIndex aborted;
    /// The newest record of every key below it is in the map; what lies beyond stays as it is.
    Offset map_end;
    bool built = false;
    std::size_t segment = 0;  ///< where building or rewriting goes on
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    std::unique_ptr<SegmentWriter> out;
    /// Producers whose transaction has had a batch so far: their next marker stays.
    std::unordered_set<std::int64_t> with_batches;
    Offset kept_stable;  ///< last stable offset that the newest batch written names
    Offset data_end;     ///< end of the newest batch with records that was written
};

Compactor::Compactor(FileSystem& fs, Metrics& metrics, const BrokerOptions& options, const LogAccess& access,
                     const HoldTable& holds, Publisher& publisher, Settler& settler)
    : fs_(fs),
      options_(options),
      access_(access),
      holds_(holds),
      publisher_(publisher),
      settler_(settler),
      hash_key_(random_key()),
      runs_(metrics.counter("millrace_broker_compactions_total", "Logs compacted.")),
      bytes_before_(metrics.counter("millrace_broker_compaction_bytes_in_total",
                                    "Bytes of segments that compaction has read.")),
      bytes_after_(metrics.counter("millrace_broker_compaction_bytes_out_total",
                                   "Bytes of segments that compaction has written in their place.")) {}

Compactor::~Compactor() = default;

Result<std::optional<Compactor::Candidate>> Compactor::examine(const std::shared_ptr<PartitionLog>& log,
                                                               const TopicSettings& settings,
                                                               std::optional<Seq> held,
                                                               TimestampMs now) const {
    const SegmentWriter* writer = settler_.find_writer(*log);
    if (writer == nullptr) return std::nullopt;
    const auto view = log->durable();
    Offset limit = view->last_stable;
    if (held) {
        MR_TRY(const Offset first, access_.first_after(*log, *view, *held));
        limit = std::min(limit, first);
    }
    Candidate found;
    for (const auto& segment : writer->closed()) {
        const SegmentInfo& info = segment->info();
        if (info.next > limit) break;
        if (settings.min_compaction_lag_ms > 0 &&
            newest_of(info) > now.value - settings.min_compaction_lag_ms)
            break;
        if (info.next <= view->log_start) continue;
        found.inputs.push_back(segment);
        found.dirty_from = std::max(found.dirty_from, info.clean_to);
    }
    std::uint64_t total = 0;
    std::uint64_t dirty = 0;
    for (const auto& segment : found.inputs) {
        const SegmentInfo& info = segment->info();
        total += info.log_bytes;
        if (info.next <= found.dirty_from) continue;
        dirty += info.log_bytes;
        found.overdue = found.overdue || now.value - info.first_append.value > settings.max_compaction_lag_ms;
    }
    if (dirty == 0) return std::nullopt;
    found.ratio = static_cast<double>(dirty) / static_cast<double>(total);
    if (!found.overdue && found.ratio <= settings.min_cleanable_dirty_ratio) return std::nullopt;
    return found;
}

Status Compactor::choose(TimestampMs now) {
    std::optional<Candidate> best;
    std::shared_ptr<PartitionLog> best_log;
    const TopicView* best_topic = nullptr;
    const auto topics = publisher_.topics.load();
    for (const auto& [name, topic] : topics->by_name) {
        const TopicSettings& settings = topic->config.settings();
        if (!settings.compact) continue;
        const auto held = settings.hold ? holds_.lowest(topic->id) : std::nullopt;
        for (const auto& log : topic->partitions) {
            MR_TRY(auto found, examine(log, settings, held, now));
            if (!found) continue;
            const auto rank = [](const Candidate& c) { return std::pair(c.overdue, c.ratio); };
            if (best && rank(*best) >= rank(*found)) continue;
            best = std::move(found);
            best_log = log;
            best_topic = topic.get();
        }
    }
    if (!best) {
        next_check_ = TimestampMs(now.value + options_.compaction_check_ms);
        return {};
    }
    job_ = std::make_unique<Job>(Job{.log = best_log,
                                     .settings = best_topic->config.settings(),
                                     .now = now,
                                     .inputs = std::move(best->inputs),
                                     .dirty_from = best->dirty_from,
                                     .map = {hash_key_, options_.compaction_map_bytes},
                                     .aborted = {},
                                     .map_end = {},
                                     .out = nullptr,
                                     .with_batches = {},
                                     .kept_stable = {},
                                     .data_end = {}});
    job_->map_end = job_->inputs.back()->info().next;
    job_->aborted = best_log->durable()->aborted;
    return {};
}

/// A batch of a transaction that was aborted: its records count for nobody.
bool Compactor::is_void_batch(const Job& job, const wire::BatchHeader& header) {
    if (!header.is_transactional() || header.is_control()) return false;
    return is_aborted(job.aborted.overlapping(header.base_offset, header.next_offset()), header.producer_id,
                      header.base_offset);
}

/// Reads the dirty part into the map, until it or the map ends.
Status Compactor::build_slice(Job& job) {
    std::size_t budget = options_.settle_slice_bytes;
    while (job.segment < job.inputs.size() && budget > 0) {
        const Segment& input = *job.inputs[job.segment];
        if (input.info().next <= job.dirty_from || job.index >= input.info().batches) {
            ++job.segment;
            job.index = 0;
            continue;
        }
        MR_TRY(const auto run, input.read(job.index, budget, SIZE_MAX));
        job.index += static_cast<std::uint32_t>(run.places.size());
        budget -= std::min(budget, run.bytes.size());
        for (std::size_t i = 0; i < run.places.size(); ++i) {
            const SharedBytes batch = run.batch(i);
            MR_TRY(auto reader, wire::RecordReader::open(batch.view()));
            if (reader.header().is_control() || is_void_batch(job, reader.header())) continue;
            wire::Record record;
            while (reader.next(record)) {
                if (!record.key || record.offset < job.dirty_from) continue;
                if (job.map.put(*record.key, record.offset)) continue;
                job.map_end = record.offset;
                job.segment = job.inputs.size();
                break;
            }
            MR_TRY_VOID(reader.status());
            if (job.segment == job.inputs.size()) break;
        }
    }
    if (job.segment < job.inputs.size()) return {};
    while (job.inputs.size() > 1 && job.inputs.back()->info().base >= job.map_end) job.inputs.pop_back();
    job.built = true;
    job.segment = 0;
    job.index = 0;
    SegmentWriter* writer = settler_.find_writer(*job.log);
    MR_CHECK(writer != nullptr, "{}-{}", job.log->topic(), job.log->id());
    job.generation = writer->next_generation();
    // A log of its own, so that nobody sees the new segments before they are whole.
    const auto hidden = std::make_shared<PartitionLog>(job.log->topic_id(), job.log->topic(), job.log->id(),
                                                       job.log->directory(), job.log->durable());
    job.out = std::make_unique<SegmentWriter>(fs_, hidden, job.generation, job.inputs.front()->info().base);
    return {};
}

TimestampMs Compactor::horizon_of(const Job& job) {
    const std::int64_t retention = job.settings.delete_retention_ms;
    return TimestampMs(retention > INT64_MAX - job.now.value ? INT64_MAX : job.now.value + retention);
}

Status Compactor::put(Job& job, const Segment& input, const Segment::Place& place, std::string_view bytes) {
    MR_TRY(const auto written, wire::decode_batch_header(bytes));
    BatchRef ref;
    ref.seq = place.seq;
    ref.time = input.info().first_append;
    ref.stable = place.stable;
    const AbortedTxn* ended = written.is_control() ? job.aborted.find_marker(written.base_offset) : nullptr;
    MR_TRY_VOID(job.out->append(bytes, written, ref, ended, job.settings));
    job.kept_stable = place.stable;
    if (!written.is_control() && written.record_count > 0) job.data_end = written.next_offset();
    return {};
}

/// Records before the marker became visible with it (their own transactions had ended, this one was open): a
/// reader in journal order would get them again if another batch had to stand for that moment.
bool Compactor::marker_reveals(const Job& job) {
    return job.data_end > job.kept_stable;
}

Status Compactor::rewrite_marker(Job& job, const Segment& input, const Segment::Place& place,
                                 const wire::BatchHeader& header, std::string_view batch, bool last) {
    const bool had_batches = job.with_batches.erase(header.producer_id) > 0;
    if (had_batches) return put(job, input, place, batch);
    const auto horizon = wire::delete_horizon_of(header);
    if (!horizon) {
        MR_TRY(const auto stamped, wire::stamp_delete_horizon(batch, horizon_of(job)));
        return put(job, input, place, stamped);
    }
    if (job.now < *horizon || last || marker_reveals(job)) return put(job, input, place, batch);
    return {};
}

Status Compactor::rewrite_batch(Job& job, const Segment& input, const Segment::Place& place,
                                const SharedBytes& batch, bool last) {
    const auto decoded = wire::decode_batch_header(batch.view());
    // A damaged batch stays where it is, to be found by whoever reads it: nothing new is made of it.
    if (!decoded || decoded->base_offset != place.base_offset ||
        !wire::batch_crc_ok(batch.view(), *decoded)) {
        return damaged(input, place);
    }
    const wire::BatchHeader& header = *decoded;
    if (header.base_offset >= job.map_end) return put(job, input, place, batch.view());
    if (header.is_control()) return rewrite_marker(job, input, place, header, batch.view(), last);
    if (header.is_transactional()) job.with_batches.insert(header.producer_id);
    const auto horizon = wire::delete_horizon_of(header);
    const bool tombstones_go = horizon && job.now >= *horizon;
    const bool is_void = is_void_batch(job, header);
    const auto keep = [&](const wire::Record& record) {
        if (record.offset >= job.map_end) return true;
        if (is_void) return false;
        if (!record.key) return false;
        if (const auto newest = job.map.find(*record.key); newest && record.offset < *newest) return false;
        return record.value.has_value() || !tombstones_go;
    };
    MR_TRY(const auto filtered, wire::filter_batch(batch.view(), keep, horizon_of(job)));
    // The last batch of a segment says how far it goes, even without records.
    if (filtered.kept == 0 && !last) return {};
    return put(job, input, place, filtered.bytes.empty() ? batch.view() : std::string_view(filtered.bytes));
}

Status Compactor::rewrite_slice(Job& job) {
    std::size_t budget = options_.settle_slice_bytes;
    while (job.segment < job.inputs.size() && budget > 0) {
        const Segment& input = *job.inputs[job.segment];
        if (job.index >= input.info().batches) {
            ++job.segment;
            job.index = 0;
            continue;
        }
        MR_TRY(const auto run, input.read(job.index, budget, SIZE_MAX));
        for (std::size_t i = 0; i < run.places.size(); ++i) {
            const bool last = job.index + i + 1 == input.info().batches;
            MR_TRY_VOID(rewrite_batch(job, input, run.places[i], run.batch(i), last));
        }
        job.index += static_cast<std::uint32_t>(run.places.size());
        budget -= std::min(budget, run.bytes.size());
        MR_TRY_VOID(job.out->flush());
    }
    return job.segment < job.inputs.size() ? Status{} : finish(job);
}

Status Compactor::finish(Job& job) {
    MR_TRY_VOID(job.out->finish());
    MR_TRY_VOID(job.out->sync());
    std::vector<std::shared_ptr<const Segment>> outputs;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    for (const auto& input : job.inputs) before += input->info().log_bytes;
    for (const auto& written : job.out->closed()) {
        SegmentInfo info = written->info();
        info.clean_to = std::min(job.map_end, info.next);
        after += info.log_bytes;
        outputs.push_back(std::make_shared<const Segment>(info, written->shared_files()));
    }
    SegmentWriter* writer = settler_.find_writer(*job.log);
    if (writer == nullptr || !writer->replace(job.inputs, outputs)) {
        abandon("its segments are gone");
        return {};
    }
    runs_.add();
    bytes_before_.add(before);
    bytes_after_.add(after);
    ++completed_;
    log_info(kLog, "{}-{}: offsets {} to {}, {} keys: {} bytes became {}", job.log->topic(), job.log->id(),
             job.inputs.front()->info().base, job.inputs.back()->info().next, job.map.size(), before, after);
    job_.reset();
    return {};
}

void Compactor::abandon(std::string_view why) {
    log_info(kLog, "{}-{}: given up: {}", job_->log->topic(), job_->log->id(), why);
    const std::uint32_t generation = job_->generation;
    const std::string directory = job_->log->directory();
    job_.reset();
    if (generation == 0) return;
    // What cannot be removed now the next start removes.
    if (const auto removed = fs_.remove_all(segment_directory(directory, generation)); !removed) {
        log_warn(kLog, "{}: {}", segment_directory(directory, generation), removed.error().message);
    }
}

Result<bool> Compactor::run_slice(TimestampMs now) {
    if (job_ == nullptr) {
        if (now < next_check_) return false;
        MR_TRY_VOID(choose(now));
        return job_ != nullptr;
    }
    const SegmentWriter* writer = settler_.find_writer(*job_->log);
    if (job_->log->deleted() || writer == nullptr) {
        abandon("the topic was deleted");
        return true;
    }
    const auto& closed = writer->closed();
    if (std::find(closed.begin(), closed.end(), job_->inputs.front()) == closed.end()) {
        abandon("retention has removed its oldest segment");
        return true;
    }
    Status status = job_->built ? rewrite_slice(*job_) : build_slice(*job_);
    if (!status) {
        const std::string why = status.error().message;
        abandon(why);
        next_check_ = TimestampMs(now.value + options_.compaction_check_ms);
        // Failed input or output of one log: the others go on; a full disk comes right by itself.
        if (status.error().code == Code::io_error) return std::unexpected(std::move(status).error());
    }
    return true;
}

}  // namespace mr::broker
