#include "pipeline/runner.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "pipeline/partitioner.h"
#include "wire/record.h"

namespace mr::pipeline {

namespace {

/// A step above this makes the next one take less input.
constexpr std::size_t kLargeStep = 1U << 20;
constexpr std::size_t kSmallestInput = 4U << 10;
/// How old what people are shown of a pipeline may be.
constexpr std::int64_t kStatusNs = 200'000'000;

void raise_to(std::atomic<std::uint64_t>& position, std::uint64_t value) {
    std::uint64_t now = position;
    while (now < value && !position.compare_exchange_weak(now, value)) {
    }
}

/// A batch is not larger than this and a record, so that every consumer can fetch it.
constexpr std::size_t kBatchBytes = 512U << 10;

/// Record batches of one step by topic and partition, in order of first use.
class OutputBatches {
  public:
    void add(const Uuid& topic, PartitionId partition, const OutputRecord& record) {
        auto [at, added] = index_.try_emplace({topic, partition.value}, batches_.size());
        if (!added && batches_[at->second].builder.bytes() >= kBatchBytes) {
            at->second = batches_.size();
            added = true;
        }
        if (added) batches_.push_back({topic, partition, wire::BatchBuilder()});
        batches_[at->second].builder.add(record.timestamp, record.key, record.value);
    }

    /// `bytes` owns what the outputs point to.
    std::vector<journal::StepOutput> finish(std::vector<std::string>& bytes) {
        std::vector<journal::StepOutput> out;
        bytes.reserve(batches_.size());
        for (Batch& batch : batches_) {
            bytes.push_back(batch.builder.finish());
            out.push_back({.topic = batch.topic,
                           .partition = batch.partition,
                           .base_offset = Offset(-1),
                           .leader_epoch = LeaderEpoch(-1),
                           .batch = bytes.back()});
        }
        return out;
    }

  private:
    struct Batch {
        Uuid topic;
        PartitionId partition;
        wire::BatchBuilder builder;
    };
    std::map<std::pair<Uuid, std::int32_t>, std::size_t> index_;
    std::vector<Batch> batches_;
};

}  // namespace

/// Appended only while its instance is the current one and its topics exist.
class Runner::StepProposal final : public journal::Proposal {
  public:
    StepProposal(Runner& runner, std::string payload, Seq consumed)
        : runner_(runner), payload_(std::move(payload)), bytes_(payload_.size()), consumed_(consumed) {}

    void order(journal::Appender& out) override {
        if (runner_.participant_.epoch() != runner_.epoch_) {
            refused_ = "a newer instance has taken over";
            return;
        }
        const Status prepared = runner_.broker_.prepare_outputs(payload_);
        if (!prepared) {
            refused_ = prepared.error().message;
            return;
        }
        out.append(journal::Kind::step, std::move(payload_), journal::kStepVersion);
    }
    void done() override { runner_.step_done(refused_.empty(), std::move(refused_), consumed_); }
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  private:
    Runner& runner_;
    std::string payload_;
    const std::size_t bytes_;
    const Seq consumed_;
    std::string refused_;
};

Result<std::unique_ptr<Runner>> Runner::create(broker::Broker& broker, journal::Journal& journal,
                                               Clock& clock, Metrics& metrics, Participant& participant,
                                               std::unique_ptr<state::StateSpace> state,
                                               std::unique_ptr<Computation> computation,
                                               RunnerOptions options) {
    MR_CHECK(participant.instance().has_value(), "no instance of {}", participant.name());
    MR_TRY(auto reader,
           broker::LogReader::open(broker, {.name = "pipeline " + participant.instance()->pipeline,
                                            .topics = computation->topics(),
                                            .after = participant.progress().consumed}));
    return std::unique_ptr<Runner>(std::make_unique<Runner>(broker, journal, clock, metrics, participant,
                                                            std::move(state), std::move(computation),
                                                            std::move(reader), std::move(options)));
}

Runner::Runner(broker::Broker& broker, journal::Journal& journal, Clock& clock, Metrics& metrics,
               Participant& participant, std::unique_ptr<state::StateSpace> state,
               std::unique_ptr<Computation> computation, std::unique_ptr<broker::LogReader> reader,
               RunnerOptions options)
    : broker_(broker),
      journal_(journal),
      clock_(clock),
      participant_(participant),
      options_(std::move(options)),
      name_(participant.instance()->pipeline),
      epoch_(participant.instance()->epoch),
      outputs_after_(participant.instance()->outputs_after),
      state_(std::move(state)),
      computation_(std::move(computation)),
      reader_(std::move(reader)),
      ledger_(metrics, clock,
              options_.beside ? journal::other_view_name(journal::pipeline_of_slot(name_))
                              : journal::pipeline_of_slot(name_)),
      progress_(participant.progress()),
      next_(computation_->topics().size()),
      step_bytes_(options_.step_bytes_max),
      beside_(options_.beside) {
    computation_->set_next_arrival(progress_.next_arrival);
    for (const OutputTopic& topic : computation_->output_topics()) output_topics_.push_back(topic.name);
    reader_->set_wakeup([this] { wake(); });
    caught_up_ = progress_.consumed.value;
    publish_status();
}

Runner::~Runner() = default;

bool Runner::run_once() {
    if (stopped_) return false;
    // With a postponed result the state is ahead of the last step: then submit() makes the snapshot.
    if (!postponed_ && participant_.wanted()) make_snapshot();
    if (all_in_flight()) return false;
    if (hold_) return stand();
    if (paused()) return false;

    ledger_.begin();
    const TimestampMs now = clock_.now();
    watch_partitions();
    const Seq limit = read_limit();
    const auto read = reader_->read(
        {.bytes_max = step_bytes_, .batches_max = options_.step_batches_max, .not_after = limit}, slice_);
    if (!read) {
        fail(RunnerStatus::State::failed, read.error().message);
        return false;
    }
    for (const broker::LogBatch& b : slice_.batches) {
        const auto added = computation_->add({.topic = b.topic,
                                              .partition = b.partition,
                                              .base_offset = b.base_offset,
                                              .first_offset = b.first_offset,
                                              .batch = b.batch.view(),
                                              .seq = b.seq},
                                             now);
        if (!added) {
            fail(RunnerStatus::State::failed,
                 fmt::format("{} partition {} offset {}: {}", computation_->topics()[b.topic], b.partition,
                             b.base_offset, added.error().message));
            return false;
        }
    }
    const std::int64_t newest_ms = note_positions();
    const bool ticked = !beside_ && computation_->tick(now, options_.silence_ms);
    const bool progressed = !slice_.batches.empty();
    const bool overdue = postponed_ && participant_.wanted();
    // Having come to outputs_after_ it goes on behind it.
    const bool more = slice_.through >= limit && read_limit() > limit;
    if (!progressed && !ticked && !overdue) return note_idle() || more;
    auto result = computation_->finish(now);
    if (!result) {
        fail(RunnerStatus::State::failed, result.error().message);
        return false;
    }
    if (!progressed && !overdue && result->only_time) {
        computation_->postpone(std::move(*result));
        postponed_ = true;
        return note_idle();
    }
    postponed_ = false;
    progress_.consumed = slice_.through;
    submit(std::move(*result), newest_ms);
    return true;
}

/// Input up to outputs_after_ and what comes after it are never in one step: of the one what is appended was
/// written by an older instance, of the other not.
Seq Runner::read_limit() const {
    const Seq limit(limit_.load());
    return reader_->position() < outputs_after_ ? std::min(limit, outputs_after_) : limit;
}

bool Runner::stand() {
    if (do_asked()) return true;
    // Its end wakes us.
    waits_for_step_ = true;
    if (in_flight_ > 0 || held_) return false;
    raise_to(caught_up_, looked_through_);
    publish_status();
    const std::lock_guard lock(mutex_);
    held_ = hold_ && to_follow_.empty() && !to_publish_;
    return false;
}

bool Runner::do_asked() {
    std::vector<std::pair<std::string, std::int64_t>> follow;
    MoreRecords more;
    {
        const std::lock_guard lock(mutex_);
        follow = std::exchange(to_follow_, {});
        more = std::exchange(to_publish_, {});
    }
    bool changed = false;
    for (const auto& [table, watermark] : follow) changed |= computation_->advance(table, watermark);
    std::vector<OutputRecord> records;
    const bool again = more && more(records);
    if (!changed && records.empty()) return false;
    ledger_.begin();
    auto result = computation_->finish(clock_.now());
    if (!result) {
        fail(RunnerStatus::State::failed, result.error().message);
        return false;
    }
    for (OutputRecord& record : records) result->outputs.push_back(std::move(record));
    postponed_ = false;
    submit(std::move(*result), LatencyLedger::kNone);
    if (again) {
        const std::lock_guard lock(mutex_);
        to_publish_ = std::move(more);
    }
    return true;
}

void Runner::read_until(Seq limit) {
    if (limit_.exchange(limit.value) != limit.value) wake();
}

void Runner::hold() {
    hold_ = true;
    wake();
}

void Runner::release() {
    {
        const std::lock_guard lock(mutex_);
        hold_ = false;
        held_ = false;
    }
    wake();
}

void Runner::set_beside(bool beside) {
    MR_CHECK(held_, "{} changes its part while it runs", name_);
    beside_ = beside;
    ledger_.rename(shown_name());
}

std::string Runner::shown_name() const {
    std::string pipeline = journal::pipeline_of_slot(name_);
    return beside_ ? journal::other_view_name(pipeline) : pipeline;
}

void Runner::follow(std::vector<std::pair<std::string, std::int64_t>> watermarks) {
    {
        const std::lock_guard lock(mutex_);
        to_follow_ = std::move(watermarks);
        held_ = false;
    }
    wake();
}

void Runner::publish(MoreRecords more) {
    {
        const std::lock_guard lock(mutex_);
        to_publish_ = std::move(more);
        held_ = false;
    }
    wake();
}

/// Nothing to submit. Always false, for run_once().
bool Runner::note_idle() {
    if (slice_.up_to_date) {
        looked_through_ = slice_.through.value;
        if (in_flight_ == 0) raise_to(caught_up_, slice_.through.value);
    }
    if (clock_.monotonic_ns() >= status_due_ns_) publish_status();
    return false;
}

/// No further step may be submitted now; step_done() will wake us. Otherwise it does not: a step on disk is
/// no news for a pipeline that waits for input.
bool Runner::all_in_flight() {
    if (in_flight_ < options_.in_flight_max) return false;
    waits_for_step_ = true;
    // Looked at again, or the last one may have been done before the flag was up.
    if (in_flight_ >= options_.in_flight_max) return true;
    waits_for_step_ = false;
    return false;
}

void Runner::submit(StepResult result, std::int64_t newest_ms) {
    const auto topics = broker_.topics(broker::Visibility::applied);
    OutputBatches batches;
    // While an older instance's input is computed again, what it appended is there already; upserts may be
    // repeated. Beside a version that serves nothing is written.
    const bool rebuilding = progress_.consumed <= outputs_after_;
    const bool beside = beside_;
    for (const OutputRecord& record : result.outputs) {
        if (beside || (rebuilding && record.append)) continue;
        const std::string& name = computation_->output_topics()[record.topic].name;
        const auto topic = topics->find(name);
        if (topic == nullptr) {
            return fail(RunnerStatus::State::failed,
                        fmt::format("output topic {} does not exist; create it and restart the node", name));
        }
        const PartitionId partition = choose_partition(record.key, progress_.step, topic->partition_count());
        batches.add(topic->id, partition, record);
    }
    std::vector<std::string> bytes;
    journal::StepEntry step{.pipeline = name_,
                            .epoch = epoch_,
                            .consumed = progress_.consumed,
                            .step = progress_.step + 1,
                            .wall_time = clock_.now(),
                            .next_arrival = result.next_arrival,
                            .time_inputs = std::move(result.time_inputs),
                            .state = {},
                            .outputs = batches.finish(bytes),
                            .views = {}};
    for (const state::Change& c : result.state)
        step.state.push_back({.table = c.table, .key = c.key, .value = c.value});
    for (const ViewUpdate& v : result.views) {
        step.views.push_back({.view = v.view,
                              .key = v.key,
                              .row = v.row ? std::optional<std::string_view>(*v.row) : std::nullopt});
    }
    std::string payload = journal::encode_step(step);
    computation_->step_done();
    if (payload.size() > kLargeStep) {
        step_bytes_ = std::max(step_bytes_ / 2, kSmallestInput);
    } else if (payload.size() < kLargeStep / 4) {
        step_bytes_ = std::min(step_bytes_ * 2, options_.step_bytes_max);
    }
    if (payload.size() > journal::kPayloadBytesMax) {
        return fail(
            RunnerStatus::State::failed,
            fmt::format("a step of {} bytes exceeds what the journal takes at once ({} bytes): a window or "
                        "join released too much; make the window smaller",
                        payload.size(), journal::kPayloadBytesMax));
    }
    progress_.step = step.step;
    progress_.next_arrival = result.next_arrival;
    ++steps_;
    // Before the step is submitted, so that the participant can match it to the step's entry.
    if (participant_.wanted()) make_snapshot();
    ++in_flight_;
    ledger_.computed(newest_ms);
    std::unique_ptr<journal::Proposal> proposal =
        std::make_unique<StepProposal>(*this, std::move(payload), progress_.consumed);
    while (!journal_.try_submit(journal::Lane::pipelines, proposal)) {
        if (stopped_) return;
        wait(10);
    }
    status_due_ns_ = std::min(status_due_ns_, clock_.monotonic_ns() + kStatusNs);
    if (clock_.monotonic_ns() >= status_due_ns_) publish_status();
}

/// Partitions of the inputs may be added while it runs; one that has no record yet holds the watermark back
/// too.
void Runner::watch_partitions() {
    const auto topics = broker_.topics(broker::Visibility::applied);
    if (topics == topics_seen_) return;
    topics_seen_ = topics;
    for (std::size_t i = 0; i < computation_->topics().size(); ++i) {
        const auto topic = topics->find(computation_->topics()[i]);
        if (topic != nullptr)
            computation_->set_partitions(static_cast<std::uint32_t>(i), topic->partition_count());
    }
}

std::int64_t Runner::note_positions() {
    std::int64_t newest = LatencyLedger::kNone;
    for (const broker::LogBatch& b : slice_.batches) {
        next_[b.topic][b.partition.value] = b.last_offset.value + 1;
        if (const auto header = wire::decode_batch_header(b.batch.view()))
            newest = std::max(newest, header->max_timestamp.value);
    }
    return newest;
}

bool Runner::paused() {
    if (!options_.over_limit) return false;
    const auto why = options_.over_limit(name_);
    if (!why) resumed_ = false;
    const bool pause = why && !resumed_;
    bool changed = false;
    {
        const std::lock_guard lock(mutex_);
        if (status_.state != RunnerStatus::State::running && status_.state != RunnerStatus::State::paused)
            return false;
        changed = pause != (status_.state == RunnerStatus::State::paused);
        status_.state = pause ? RunnerStatus::State::paused : RunnerStatus::State::running;
        status_.error = pause ? *why : "";
    }
    if (changed && pause) log_warn("pipeline", "{} is paused: {}", name_, *why);
    if (changed && !pause) log_info("pipeline", "{} goes on", name_);
    if (pause && clock_.monotonic_ns() >= status_due_ns_) publish_status();
    return pause;
}

bool Runner::resume() {
    {
        const std::lock_guard lock(mutex_);
        if (status_.state != RunnerStatus::State::paused) return false;
    }
    resumed_ = true;
    wake();
    return true;
}

void Runner::make_snapshot() {
    Snapshot snapshot{.epoch = epoch_, .progress = progress_, .state = {}};
    state_->snapshot(snapshot.state);
    participant_.offer(std::move(snapshot));
}

void Runner::step_done(bool appended, std::string why, Seq consumed) {
    if (!appended) {
        --in_flight_;
        return fail(RunnerStatus::State::fenced, std::move(why));
    }
    ledger_.durable();
    reader_->confirm(consumed);
    // Read before the count: what was looked at while this step was under way held nothing for us.
    const std::uint64_t looked = looked_through_;
    const bool last = --in_flight_ == 0;
    raise_to(caught_up_, last ? std::max(consumed.value, looked) : consumed.value);
    if (waits_for_step_.exchange(false) || (last && looked != looked_through_)) wake();
}

void Runner::fail(RunnerStatus::State state, std::string why) {
    log_error("pipeline", "{} stopped: {}", name_, why);
    {
        const std::lock_guard lock(mutex_);
        status_.state = state;
        status_.error = std::move(why);
    }
    stopped_ = true;
    wake();
}

void Runner::wait(std::int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    wakeup_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return woken_ || stopped_.load(); });
    woken_ = false;
}

void Runner::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    wakeup_.notify_one();
}

void Runner::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (status_.state == RunnerStatus::State::running || status_.state == RunnerStatus::State::paused)
            status_.state = RunnerStatus::State::stopped;
    }
    stopped_ = true;
    wake();
}

void Runner::publish_status() {
    // Where nothing has happened since the last time, hardly anything can have changed.
    constexpr std::int64_t kIdleEveryNs = 2'000'000'000;
    const bool idle = slice_.up_to_date && status_steps_ == steps_;
    status_steps_ = steps_;
    status_due_ns_ = clock_.monotonic_ns() + (idle ? kIdleEveryNs : kStatusNs);
    std::vector<InputPosition> inputs = input_positions();
    Profile profile = computation_->profile();
    const std::lock_guard lock(mutex_);
    status_.inputs = std::move(inputs);
    status_.profile = std::move(profile);
    status_.latency_p50_ns = ledger_.event_to_view().quantile_ns(0.5);
    status_.latency_p99_ns = ledger_.event_to_view().quantile_ns(0.99);
    status_.progress = progress_;
    status_.steps = steps_;
    status_.counts = computation_->counts();
    status_.state_bytes = state_->memory();
    status_.tables = state_->stats();
    status_.watermark_ms = computation_->watermark();
    status_.caught_up = slice_.up_to_date;
}

std::vector<InputPosition> Runner::input_positions() const {
    std::vector<InputPosition> out;
    const auto topics = broker_.topics();
    for (std::size_t i = 0; i < next_.size(); ++i) {
        const std::string& name = computation_->topics()[i];
        const auto topic = topics->find(name);
        if (topic == nullptr) continue;
        for (const auto& log : topic->partitions) {
            const auto at = next_[i].find(log->id().value);
            const auto durable = log->durable();
            out.push_back({.topic = name,
                           .partition = log->id(),
                           .next = at == next_[i].end() ? -1 : at->second,
                           .begin = durable->log_start.value,
                           .end = durable->log_end.value});
        }
    }
    return out;
}

RunnerStatus Runner::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

}  // namespace mr::pipeline
