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
    /// Catch-up: one partition's next batches.
    struct Source {
        std::shared_ptr<PartitionLog> log;
        std::uint32_t topic = 0;
        std::optional<Offset> next;  ///< nothing: to be found from the position
        std::deque<StoredBatch> ahead;
    };

    [[nodiscard]] Seq horizon() const {
        return options_.visibility == Visibility::applied ? broker_.applied_seq() : broker_.durable_through();
    }
    void refresh_partitions();
    void read_ring(const TailRing::View& ring, Seq until, const LogReadLimits& limits, LogSlice& out);
    Status read_merged(Seq until, const LogReadLimits& limits, LogSlice& out);
    Status fill(Source& source, Seq until, std::size_t bytes, LogSlice& out);
    static void add(LogSlice& out, const BatchRef& ref, std::uint32_t topic, const PartitionLog& log,
                    SharedBytes bytes, Offset log_start);
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
    std::vector<std::pair<const PartitionLog*, std::uint32_t>> wanted_;  ///< sorted by pointer
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
            wanted_.emplace_back(log.get(), i);
            const auto old =
                std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.log == log; });
            sources.push_back(old == sources_.end() ? Source{log, i, std::nullopt, {}} : std::move(*old));
        }
    }
    sources_ = std::move(sources);
    std::sort(wanted_.begin(), wanted_.end());
}

void LogReader::Impl::add(LogSlice& out, const BatchRef& ref, std::uint32_t topic, const PartitionLog& log,
                          SharedBytes bytes, Offset log_start) {
    out.bytes += bytes.size();
    out.batches.push_back({.seq = ref.seq,
                           .topic = topic,
                           .partition = log.id(),
                           .base_offset = ref.base_offset,
                           .last_offset = ref.last_offset(),
                           .first_offset = std::max(ref.base_offset, std::min(log_start, ref.next_offset())),
                           .leader_epoch = ref.leader_epoch,
                           .batch = std::move(bytes)});
}

void LogReader::Impl::read_ring(const TailRing::View& ring, Seq until, const LogReadLimits& limits,
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
                return;
            }
            if (item.ref.seq != last && full(out, limits)) {
                out.through = Seq(item.ref.seq.value - 1);
                return;
            }
            last = item.ref.seq;
            const auto found = std::lower_bound(
                wanted_.begin(), wanted_.end(), item.log.get(),
                [](const auto& entry, const PartitionLog* log) { return entry.first < log; });
            if (found == wanted_.end() || found->first != item.log.get()) continue;
            add(out, item.ref, found->second, *item.log, item.batch(), Offset(0));
        }
    }
    out.through = until;
}

Status LogReader::Impl::fill(Source& source, Seq until, std::size_t bytes, LogSlice& out) {
    const auto view =
        options_.visibility == Visibility::applied ? source.log->applied() : source.log->durable();
    for (int attempt = 0; attempt < 8; ++attempt) {
        if (!source.next) {
            MR_TRY(source.next, broker_.access().first_after(*source.log, *view, position_));
        }
        if (*source.next < view->log_start) {
            out.skipped += static_cast<std::uint64_t>(view->log_start.value - source.next->value);
            source.next = view->log_start;
        }
        if (*source.next >= view->log_end) return {};
        std::vector<StoredBatch> batches;
        const Status status = broker_.access().collect(*source.log, *view, *source.next,
                                                       {.bytes_max = bytes, .not_after = until}, batches);
        if (!status && status.error().code != Code::out_of_range) return status;
        if (status) {
            for (auto& batch : batches) {
                source.next = batch.ref.next_offset();
                if (batch.ref.seq > position_) source.ahead.push_back(std::move(batch));
            }
            return {};
        }
        // Retention took it away between our two looks; go on where the log begins now.
        if (source.log->deleted()) return {};
        const auto now =
            options_.visibility == Visibility::applied ? source.log->applied() : source.log->durable();
        if (now->log_start <= *source.next) return status;
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
        const Offset log_start = first->log->applied()->log_start;
        if (batch.ref.next_offset() > log_start) {
            add(out, batch.ref, first->topic, *first->log, std::move(batch.bytes), log_start);
        }
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
                source.next.reset();
                source.ahead.clear();
            }
            read_ring(*ring, until, limits, out);
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
