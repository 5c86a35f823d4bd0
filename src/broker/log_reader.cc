#include "broker/log_reader.h"

#include <algorithm>
#include <deque>

#include "base/check.h"
#include "base/suggest.h"
#include "broker/holds.h"
#include "broker/internal/log_access.h"
#include "broker/internal/publisher.h"
#include "broker/internal/tail_ring.h"

namespace mr::broker {
namespace {

/// What a catch-up reads ahead for one partition: enough to make a pread worth it, little enough for hundreds
/// of partitions (the share of the call's bytes lies between these).
constexpr std::size_t kReadAheadMin = 64U << 10;
constexpr std::size_t kReadAheadMax = 1U << 20;

}  // namespace

class LogReader::Impl {
  public:
    Impl(Broker& broker, LogReaderOptions options, std::vector<Uuid> ids)
        : broker_(broker),
          options_(std::move(options)),
          ids_(std::move(ids)),
          position_(options_.after),
          subscription_(std::make_shared<Subscription>(ids_, options_.visibility)) {
        if (options_.hold) hold_ = broker_.holds().take(options_.name, ids_, options_.after);
        broker_.subscribe(subscription_);
    }
    ~Impl() { subscription_->close(); }

    Status read(const LogReadLimits& limits, LogSlice& out);
    [[nodiscard]] Seq position() const { return position_; }
    void confirm(Seq consumed) {
        if (hold_ != nullptr) hold_->move_to(consumed);
    }
    void set_wakeup(std::function<void()> wakeup) { subscription_->set_wakeup(std::move(wakeup)); }
    [[nodiscard]] const std::vector<std::string>& topics() const { return options_.topics; }

  private:
    struct Source {
        std::shared_ptr<PartitionLog> log;
        std::uint32_t topic = 0;
        /// Everything visible below was delivered; nothing: to be found from the position.
        std::optional<Offset> next;
        bool held = false;  ///< batches that are not yet visible lie between `next` and what was seen
        // Catch-up:
        std::optional<Offset> scan;  ///< next batch to look at
        std::deque<StoredBatch> ahead;
    };

    [[nodiscard]] Seq horizon() const {
        return options_.visibility == Visibility::applied ? broker_.applied_seq() : broker_.durable_through();
    }
    void refresh_partitions();
    Status read_ring(const TailRing::View& ring, Seq until, const LogReadLimits& limits, LogSlice& out);
    Status read_merged(Seq until, const LogReadLimits& limits, LogSlice& out);
    Status fill(Source& source, Seq until, std::size_t bytes, LogSlice& out);
    [[nodiscard]] std::shared_ptr<const PartitionView> view_of(const Source& source) const {
        return options_.visibility == Visibility::applied ? source.log->applied() : source.log->durable();
    }
    /// A batch that was appended after the position: delivers what it makes visible.
    Status see(Source& source, const BatchRef& ref, const SharedBytes& bytes, LogSlice& out);
    Status find_next(Source& source, LogSlice& out);
    Status release(Source& source, const BatchRef& by, LogSlice& out);
    static void add(LogSlice& out, const BatchRef& ref, const Source& source, Offset from, SharedBytes bytes);
    /// No further entry fits. An entry is never split, so this is asked where one ends.
    static bool full(const LogSlice& out, const LogReadLimits& limits) {
        return !out.batches.empty() &&
               (out.batches.size() >= limits.batches_max || out.bytes >= limits.bytes_max);
    }

    Broker& broker_;
    const LogReaderOptions options_;
    const std::vector<Uuid> ids_;
    Seq position_;
    std::shared_ptr<Subscription> subscription_;
    std::unique_ptr<Hold> hold_;
    std::shared_ptr<const TopicsView> topics_;
    std::vector<std::pair<const PartitionLog*, std::size_t>> wanted_;  ///< to sources_; sorted by pointer
    std::vector<Source> sources_;
};

void LogReader::Impl::refresh_partitions() {
    // Applied topics also for durable readers: a batch that is on disk implies its partition is.
    auto topics = broker_.topics(Visibility::applied);
    if (topics == topics_) return;
    topics_ = std::move(topics);
    std::vector<Source> sources;
    wanted_.clear();
    for (std::uint32_t i = 0; i < ids_.size(); ++i) {
        const auto topic = topics_->find(ids_[i]);
        if (topic == nullptr) continue;
        for (const auto& log : topic->partitions) {
            const auto old =
                std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.log == log; });
            wanted_.emplace_back(log.get(), sources.size());
            if (old != sources_.end()) {
                sources.push_back(std::move(*old));
            } else {
                sources.emplace_back().log = log;
                sources.back().topic = i;
            }
        }
    }
    sources_ = std::move(sources);
    std::sort(wanted_.begin(), wanted_.end());
}

void LogReader::Impl::add(LogSlice& out, const BatchRef& ref, const Source& source, Offset from,
                          SharedBytes bytes) {
    out.bytes += bytes.size();
    out.batches.push_back({.seq = ref.seq,
                           .topic = source.topic,
                           .partition = source.log->id(),
                           .base_offset = ref.base_offset,
                           .last_offset = ref.last_offset(),
                           .first_offset = std::max(ref.base_offset, std::min(from, ref.next_offset())),
                           .leader_epoch = ref.leader_epoch,
                           .batch = std::move(bytes)});
}

Status LogReader::Impl::find_next(Source& source, LogSlice& out) {
    const auto view = view_of(source);
    MR_TRY(const Offset appended, broker_.access().first_after(*source.log, *view, position_));
    MR_TRY(const Offset stable, broker_.access().stable_at(*source.log, *view, position_));
    // Where nothing is left of what the position refers to, it is about what comes first now.
    source.next = std::min(appended, stable);
    source.held = *source.next < appended;
    if (appended < view->log_start) {
        out.skipped += static_cast<std::uint64_t>(view->log_start.value - appended.value);
        source.next = view->log_start;
        source.held = false;
    }
    return {};
}

Status LogReader::Impl::see(Source& source, const BatchRef& ref, const SharedBytes& bytes, LogSlice& out) {
    if (!source.next) MR_TRY_VOID(find_next(source, out));
    if (source.held || ref.stable != ref.next_offset()) return release(source, ref, out);
    // The usual case: it is visible at once, and nothing waits before it.
    MR_TRY(const auto header, wire::decode_batch_header(bytes.view()));
    if (!header.is_control() && ref.next_offset() > *source.next) add(out, ref, source, *source.next, bytes);
    source.next = std::max(*source.next, ref.stable);
    return {};
}

/// Delivers everything between what was delivered and the stable offset as of `by`.
Status LogReader::Impl::release(Source& source, const BatchRef& by, LogSlice& out) {
    source.held = by.stable < by.next_offset();
    const auto view = view_of(source);
    Offset at = std::max(*source.next, view->log_start);
    const auto aborted = view->aborted.overlapping(at, by.stable);
    while (at < by.stable) {
        std::vector<StoredBatch> batches;
        const Status status = broker_.access().collect(*source.log, *view, at, {.end = by.stable}, batches);
        if (!status) {
            // Retention may have taken it away between our two looks.
            const Offset start = view_of(source)->log_start;
            if (status.error().code != Code::out_of_range || start <= at) return status;
            out.skipped += static_cast<std::uint64_t>(start.value - at.value);
            at = start;
            continue;
        }
        if (batches.empty()) break;
        for (auto& batch : batches) {
            const Offset from = at;
            at = batch.ref.next_offset();
            MR_TRY(const auto header, wire::decode_batch_header(batch.bytes.view()));
            if (header.is_control()) continue;
            if (header.is_transactional() && is_aborted(aborted, header.producer_id, batch.ref.base_offset))
                continue;
            batch.ref.seq = by.seq;
            add(out, batch.ref, source, from, std::move(batch.bytes));
        }
    }
    source.next = std::max(*source.next, by.stable);
    return {};
}

Status LogReader::Impl::read_ring(const TailRing::View& ring, Seq until, const LogReadLimits& limits,
                                  LogSlice& out) {
    TailRing::Cursor cursor = TailRing::after(ring, position_);
    Seq last = position_;
    for (; cursor.chunk < ring.chunks.size(); ++cursor.chunk, cursor.index = 0) {
        const TailRing::Chunk& chunk = *ring.chunks[cursor.chunk];
        const std::size_t count = chunk.count.load(std::memory_order_acquire);
        for (; cursor.index < count; ++cursor.index) {
            const TailRing::Item& item = chunk.items[cursor.index];
            if (item.ref.seq > until) {
                out.through = until;
                return {};
            }
            if (item.ref.seq != last && full(out, limits)) {
                out.through = Seq(item.ref.seq.value - 1);
                return {};
            }
            last = item.ref.seq;
            const auto found = std::lower_bound(
                wanted_.begin(), wanted_.end(), item.log.get(),
                [](const auto& entry, const PartitionLog* log) { return entry.first < log; });
            if (found == wanted_.end() || found->first != item.log.get()) continue;
            MR_TRY_VOID(see(sources_[found->second], item.ref, item.batch(), out));
        }
    }
    out.through = until;
    return {};
}

Status LogReader::Impl::fill(Source& source, Seq until, std::size_t bytes, LogSlice& out) {
    const auto view = view_of(source);
    for (int attempt = 0; attempt < 8; ++attempt) {
        if (!source.next) MR_TRY_VOID(find_next(source, out));
        if (!source.scan) {
            MR_TRY(source.scan, broker_.access().first_after(*source.log, *view, position_));
        }
        source.scan = std::max(*source.scan, view->log_start);
        if (*source.scan >= view->log_end) return {};
        std::vector<StoredBatch> batches;
        const Status status = broker_.access().collect(*source.log, *view, *source.scan,
                                                       {.bytes_max = bytes, .not_after = until}, batches);
        if (!status && status.error().code != Code::out_of_range) return status;
        if (status) {
            for (auto& batch : batches) {
                source.scan = batch.ref.next_offset();
                if (batch.ref.seq > position_) source.ahead.push_back(std::move(batch));
            }
            return {};
        }
        // Retention took it away between our two looks; go on where the log begins now.
        if (source.log->deleted()) return {};
        const auto now = view_of(source);
        if (now->log_start <= *source.scan) return status;
        source.scan = now->log_start;
        if (*source.next >= now->log_start) continue;
        out.skipped += static_cast<std::uint64_t>(now->log_start.value - source.next->value);
        source.next = now->log_start;
    }
    return {};
}

Status LogReader::Impl::read_merged(Seq until, const LogReadLimits& limits, LogSlice& out) {
    const std::size_t share = std::clamp(limits.bytes_max / std::max<std::size_t>(sources_.size(), 1),
                                         kReadAheadMin, kReadAheadMax);
    for (auto& source : sources_) {
        if (source.ahead.empty()) MR_TRY_VOID(fill(source, until, share, out));
    }
    Seq last = position_;
    while (true) {
        Source* first = nullptr;
        for (auto& source : sources_) {
            if (source.ahead.empty() || source.ahead.front().ref.seq > until) continue;
            if (first == nullptr || source.ahead.front().ref.seq < first->ahead.front().ref.seq)
                first = &source;
        }
        if (first == nullptr) {
            out.through = until;
            return {};
        }
        StoredBatch& batch = first->ahead.front();
        if (batch.ref.seq != last && full(out, limits)) {
            out.through = Seq(batch.ref.seq.value - 1);
            return {};
        }
        last = batch.ref.seq;
        // What was deleted since it was read ahead is not delivered any more.
        if (first->next)
            first->next =
                std::max(*first->next, std::min(batch.ref.next_offset(), view_of(*first)->log_start));
        MR_TRY_VOID(see(*first, batch.ref, batch.bytes, out));
        first->ahead.pop_front();
        if (first->ahead.empty()) MR_TRY_VOID(fill(*first, until, share, out));
    }
}

Status LogReader::Impl::read(const LogReadLimits& limits, LogSlice& out) {
    out.batches.clear();
    out.bytes = 0;
    out.up_to_date = false;
    out.skipped = 0;
    out.through = position_;
    // Armed before the look, so that what comes after it wakes us.
    subscription_->arm();
    const Seq newest = horizon();
    const Seq until = std::min(newest, limits.not_after);
    if (until > position_) {
        refresh_partitions();
        const auto ring = broker_.ring().view();
        if (position_ >= ring->floor) {
            for (auto& source : sources_) {
                source.scan.reset();
                source.ahead.clear();
            }
            MR_TRY_VOID(read_ring(*ring, until, limits, out));
        } else {
            MR_TRY_VOID(read_merged(until, limits, out));
        }
        MR_CHECK(out.through >= position_ && out.through <= until, "{} {} {}", position_, out.through, until);
        position_ = out.through;
    }
    out.up_to_date = position_ >= until;
    if (!out.up_to_date) subscription_->disarm();
    return {};
}

Result<std::unique_ptr<LogReader>> LogReader::open(Broker& broker, LogReaderOptions options) {
    const auto topics = broker.topics(Visibility::applied);
    std::vector<Uuid> ids;
    for (const auto& name : options.topics) {
        const auto topic = topics->find(name);
        if (topic == nullptr) {
            std::vector<std::string> known;
            for (const auto& [other, view] : topics->by_name) known.push_back(other);
            return fail(Code::not_found, "unknown topic: {}{}", name, did_you_mean(name, known));
        }
        ids.push_back(topic->id);
    }
    return std::make_unique<LogReader>(Private{},
                                       std::make_unique<Impl>(broker, std::move(options), std::move(ids)));
}

LogReader::LogReader(Private, std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogReader::~LogReader() = default;
Status LogReader::read(const LogReadLimits& limits, LogSlice& out) {
    return impl_->read(limits, out);
}
Seq LogReader::position() const {
    return impl_->position();
}
void LogReader::confirm(Seq consumed) {
    impl_->confirm(consumed);
}
void LogReader::set_wakeup(std::function<void()> wakeup) {
    impl_->set_wakeup(std::move(wakeup));
}
const std::vector<std::string>& LogReader::topics() const {
    return impl_->topics();
}

}  // namespace mr::broker
