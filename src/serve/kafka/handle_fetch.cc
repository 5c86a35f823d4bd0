#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/partition_log.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using Answer = wire::FetchResponse;

constexpr std::int8_t kReadCommitted = 1;
/// With some bytes there but fewer than the client's minimum, look again at most this often.
constexpr std::int64_t kGatherMs = 5;
/// When there was no room to read older data from disk, try again after this.
constexpr std::int64_t kBusyMs = 50;
/// Of files, checked on the loop in one go (half a millisecond or so): what is more waits for the next fetch.
constexpr std::size_t kFileBytesAtOnce = 4U << 20;

/// One partition of a fetch: what to read, and what came of it.
struct Read {
    FetchKey key;
    wire::FetchRequest::Partition request;
    std::shared_ptr<broker::PartitionLog> log;
    Answer::Partition answer;
    std::size_t bytes = 0;
};

/// A fetch from its arrival to its answer, waiting in between if need be.
class FetchJob : public std::enable_shared_from_this<FetchJob> {
  public:
    FetchJob(Service& service, CallPtr call, const wire::FetchRequest& request,
             FetchSessionCache::Found found)
        : service_(service),
          call_(std::move(call)),
          found_(std::move(found)),
          read_committed_(request.isolation_level == kReadCommitted),
          bytes_min_(static_cast<std::size_t>(std::max(0, request.min_bytes))),
          bytes_max_(
              std::min(static_cast<std::size_t>(std::max(0, request.max_bytes)), service.fetch_bytes_max())) {
        const auto wait =
            std::clamp<std::int64_t>(request.max_wait_ms, 0, service.options().fetch_wait_max_ms);
        deadline_ms_ = service.now_ms() + wait;
    }

    void step();

  private:
    void prepare();
    [[nodiscard]] bool read_all(bool may_wait);
    void decide();
    void try_later();
    void wait(std::size_t bytes);
    void answer();
    [[nodiscard]] bool read_one(Read& read, const broker::ReadOptions& options) const;
    void check_divergence(Read& read, const broker::PartitionView& view) const;

    Service& service_;
    const CallPtr call_;
    const FetchSessionCache::Found found_;
    const bool read_committed_;
    const std::size_t bytes_min_;
    const std::size_t bytes_max_;
    std::int64_t deadline_ms_ = 0;
    std::vector<Read> reads_;
    std::shared_ptr<broker::DataWaiter> waiter_;
    net::Timer timer_;
    bool busy_ = false;
};

void set_error(Answer::Partition& answer, ErrorCode error) {
    answer.error_code = error;
    answer.high_watermark = answer.last_stable_offset = answer.log_start_offset = -1;
    answer.records = wire::RecordData();
}

/// Reads what is there and answers, or waits for more. Called again by every wake-up.
void FetchJob::step() {
    if (busy_ || call_->finished()) return;
    if (waiter_) waiter_->cancel();
    timer_.cancel();
    if (!call_->wanted()) return;
    busy_ = true;
    prepare();
    if (read_all(false)) return decide();
    const auto self = shared_from_this();
    service_.run_blocking([self] { static_cast<void>(self->read_all(true)); },
                          [self](bool done) { done ? self->decide() : self->try_later(); });
}

void FetchJob::prepare() {
    reads_.clear();
    const auto topics = service_.broker().topics();
    const bool by_id = call_->version() >= 13;
    for (const FetchWant& want : found_.session->wants) {
        Read& read = reads_.emplace_back();
        read.key = want.key;
        read.request = want.request;
        read.answer.partition_index = want.key.partition;
        const FoundPartition found = find_partition(*call_, Operation::read, *topics, want.key.topic,
                                                    want.key.topic_id, by_id, want.key.partition);
        if (found.error == ErrorCode::none) {
            read.log = found.log;
        } else {
            set_error(read.answer, found.error);
        }
    }
}

/// Any thread: touches only reads_ and the broker. False when it would have to wait for the disk.
bool FetchJob::read_all(bool may_wait) {
    std::size_t total = 0;
    std::size_t of_files = 0;
    for (Read& read : reads_) {
        if (!read.log) continue;
        std::size_t left = bytes_max_ - std::min(bytes_max_, total);
        if (!may_wait && of_files > 0 &&
            !service_.broker().is_resident(*read.log, Offset(read.request.fetch_offset))) {
            left = std::min(left, kFileBytesAtOnce - std::min(kFileBytesAtOnce, of_files));
        }
        broker::ReadOptions options;
        options.max_bytes =
            std::min(left, static_cast<std::size_t>(std::max(0, read.request.partition_max_bytes)));
        options.min_one_batch = total == 0;  // KIP-74: progress, whatever the limits say
        options.read_committed = read_committed_;
        options.files = true;
        options.may_wait = may_wait;
        if (!read_one(read, options)) return false;
        total += read.bytes;
        if (read.answer.records && !read.answer.records->files.empty()) of_files += read.bytes;
    }
    return true;
}

bool FetchJob::read_one(Read& read, const broker::ReadOptions& options) const {
    Answer::Partition& out = read.answer;
    read.bytes = 0;
    const auto fail_with = [&](broker::KafkaError error) {
        set_error(out, to_wire(error));
        return true;
    };
    const auto epoch_error =
        broker::Broker::check_leader_epoch(*read.log, LeaderEpoch(read.request.current_leader_epoch));
    if (epoch_error != broker::KafkaError::none) return fail_with(epoch_error);
    broker::ReadResult result = service_.broker().read(*read.log, Offset(read.request.fetch_offset), options);
    if (result.would_wait) return false;
    if (result.error != broker::KafkaError::none) {
        if (!result.message.empty()) {
            log_error("kafka", "fetch of {}-{}: {}", read.log->topic(), read.log->id(), result.message);
        }
        return fail_with(result.error);
    }
    out.high_watermark = result.high_watermark.value;
    out.last_stable_offset = result.last_stable.value;
    out.log_start_offset = result.log_start.value;
    wire::RecordData& records = out.records.emplace();
    records.parts = std::move(result.pieces);
    records.files = std::move(result.files);
    read.bytes = result.bytes;
    if (read_committed_) {
        auto& aborted = out.aborted_transactions.emplace();
        for (const broker::AbortedTxn& txn : result.aborted) {
            auto& to = aborted.emplace_back();
            to.producer_id = txn.producer_id;
            to.first_offset = txn.first.value;
        }
    }
    if (read.request.last_fetched_epoch >= 0) check_divergence(read, *read.log->shown());
    return true;
}

/// KIP-595: the reader's history and ours part before its offset: it must go back first.
void FetchJob::check_divergence(Read& read, const broker::PartitionView& view) const {
    const auto end = view.end_of_epoch(LeaderEpoch(read.request.last_fetched_epoch));
    const bool same =
        end.epoch.value == read.request.last_fetched_epoch && end.end.value >= read.request.fetch_offset;
    if (same || end.epoch.value < 0) return;
    read.answer.diverging_epoch.epoch = end.epoch.value;
    read.answer.diverging_epoch.end_offset = end.end.value;
    read.answer.records = wire::RecordData();
    read.bytes = 0;
}

void FetchJob::decide() {
    busy_ = false;
    if (!call_->wanted()) return;
    std::size_t bytes = 0;
    bool at_once = reads_.empty() || service_.now_ms() >= deadline_ms_;
    for (const Read& read : reads_) {
        bytes += read.bytes;
        at_once =
            at_once || read.answer.error_code != ErrorCode::none || read.answer.diverging_epoch.epoch >= 0;
    }
    if (at_once || bytes >= bytes_min_) return answer();
    wait(bytes);
}

void FetchJob::try_later() {
    busy_ = false;
    if (!call_->wanted()) return;
    timer_ = service_.loop().after(kBusyMs, [self = shared_from_this()] { self->step(); });
}

void FetchJob::wait(std::size_t bytes) {
    const std::int64_t left = std::max<std::int64_t>(1, deadline_ms_ - service_.now_ms());
    const auto self = shared_from_this();
    const bool gathering = bytes > 0;
    timer_ = service_.loop().after(gathering ? std::min(left, kGatherMs) : left, [self] { self->step(); });
    if (gathering) return;
    waiter_ = std::make_shared<broker::DataWaiter>([loop = &service_.loop(), job = weak_from_this()] {
        loop->post([job] {
            if (const auto strong = job.lock()) strong->step();
        });
    });
    // Nothing was readable anywhere, so every partition was read up to its end.
    for (const Read& read : reads_) {
        if (read.log) read.log->wait_beyond(Offset(read.answer.high_watermark), waiter_);
    }
}

void FetchJob::answer() {
    Answer response;
    response.session_id = found_.id;
    FetchSession& session = *found_.session;
    std::vector<FetchKey> served;
    auto want = session.wants.begin();
    for (Read& read : reads_) {
        // The session cannot have changed since prepare(): its connection waits for this answer. A second
        // connection that uses the same session id can make it so; then the rest is left out.
        if (want == session.wants.end() || want->key != read.key) break;
        const bool news = !found_.incremental || read.bytes > 0 ||
                          read.answer.error_code != ErrorCode::none ||
                          read.answer.diverging_epoch.epoch >= 0 ||
                          want->told_high_watermark != read.answer.high_watermark ||
                          want->told_log_start != read.answer.log_start_offset;
        want->told_high_watermark = read.answer.high_watermark;
        want->told_log_start = read.answer.log_start_offset;
        ++want;
        if (!news) continue;
        if (read.bytes > 0) served.push_back(read.key);
        const bool same_topic = !response.topics.empty() && response.topics.back().topic == read.key.topic &&
                                response.topics.back().topic_id == read.key.topic_id;
        if (!same_topic) {
            Answer::Topic& topic = response.topics.emplace_back();
            topic.topic = read.key.topic;
            topic.topic_id = read.key.topic_id;
        }
        response.topics.back().partitions.push_back(std::move(read.answer));
    }
    for (const FetchKey& key : served) session.served(key);
    std::size_t bytes = 0;
    for (const Read& read : reads_) bytes += read.bytes;
    const std::int64_t wait = service_.quotas().count(
        Quotas::Kind::consume, {call_->user(), call_->client_id()}, bytes, service_.now_ms());
    response.throttle_time_ms = static_cast<std::int32_t>(wait);
    call_->throttle(wait);
    reads_.clear();
    call_->answer(response);
}

}  // namespace

void handle_fetch(Service& service, const CallPtr& call, wire::FetchRequest request) {
    FetchSessionCache::Found found = service.fetch_sessions().begin(request);
    if (found.error != ErrorCode::none) {
        Answer response;
        response.error_code = found.error;
        return call->answer(response);
    }
    std::make_shared<FetchJob>(service, call, request, std::move(found))->step();
}

}  // namespace mr::serve::kafka
