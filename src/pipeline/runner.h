// Runs one pipeline: reads its topics in journal order, computes, submits steps. One thread of its own calls
// run_once() in a loop, or the simulation does, in seeded order.
//
// A step takes whatever is there, one event when idle, many when busy, and never splits an entry. It is
// computed on entries that need not be durable yet; what comes of it is shown only once the step is (journal,
// promise 2). At most `in_flight_max` steps are submitted and not yet durable. A submitted step is appended,
// or the instance is fenced and stops.
//
// Two versions of a pipeline run as two runners; the one beside the one that serves writes to no topic, reads
// only as far as the other has come, and lets no time pass by itself (pipeline/changeover.h).
//
// While a view of it holds more than it may, it is paused: it takes no more input until the rows are fewer or
// somebody says resume(). Its position, state and the records it has not read stay.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "broker/log_reader.h"
#include "journal/journal.h"
#include "pipeline/computation.h"
#include "pipeline/latency.h"
#include "pipeline/participant.h"
#include "state/state_space.h"

namespace mr::pipeline {

struct RunnerOptions {
    std::size_t step_bytes_max = 1U << 20;  ///< of input a step
    std::size_t step_batches_max = 1'024;
    int in_flight_max = 4;
    std::int64_t silence_ms = 5'000;  ///< see Computation::tick
    /// Which view of this pipeline holds more than it may, in words; nothing: all is well. Any thread.
    std::function<std::optional<std::string>(std::string_view pipeline)> over_limit{};
    bool beside = false;  ///< another version serves
};

/// How far one partition of an input has been read.
struct InputPosition {
    std::string topic;
    PartitionId partition;
    std::int64_t next = -1;  ///< offset of the next record; -1: none was read since the start
    std::int64_t begin = 0;  ///< of what the log holds of it
    std::int64_t end = 0;    ///< of the partition
};

/// What a person wants to know of a running pipeline. Counted since the process started.
struct RunnerStatus {
    enum class State : std::uint8_t { running, paused, failed, fenced, stopped };
    State state = State::running;
    std::string error;  ///< why it failed or is paused: what happened, where, what to do
    Progress progress;
    std::uint64_t steps = 0;
    Counts counts;  ///< conservation: in = accepted + rejected
    std::vector<InputPosition> inputs;
    Profile profile;
    std::size_t state_bytes = 0;
    std::vector<state::StateSpace::TableStats> tables;
    std::int64_t watermark_ms = 0;
    bool caught_up = false;           ///< at the last look nothing was waiting
    std::int64_t latency_p50_ns = 0;  ///< from a record's timestamp to its step on disk
    std::int64_t latency_p99_ns = 0;
};

class Runner {
  public:
    /// Takes over the instance that `participant` holds. REQUIRES: everything outlives the runner; the
    /// instance's entry is applied and `computation` works on `state`.
    static Result<std::unique_ptr<Runner>> create(broker::Broker& broker, journal::Journal& journal,
                                                  Clock& clock, Metrics& metrics, Participant& participant,
                                                  std::unique_ptr<state::StateSpace> state,
                                                  std::unique_ptr<Computation> computation,
                                                  RunnerOptions options);
    /// For create().
    Runner(broker::Broker& broker, journal::Journal& journal, Clock& clock, Metrics& metrics,
           Participant& participant, std::unique_ptr<state::StateSpace> state,
           std::unique_ptr<Computation> computation, std::unique_ptr<broker::LogReader> reader,
           RunnerOptions options);
    ~Runner();

    /// Pipeline thread. One step at most; true if anything was done.
    bool run_once();
    /// Sleeps until there may be work, at most `timeout_ms`.
    void wait(std::int64_t timeout_ms);
    /// Any thread: wakes wait().
    void wake();
    /// Any thread: a paused pipeline goes on, over the limit if need be, until its views are below it again.
    /// False if it was not paused.
    bool resume();

    // --- versions beside each other; any thread
    /// Nothing after this entry is read.
    void read_until(Seq limit);
    /// It comes to a stand at a step boundary: no input, no time, until release().
    void hold();
    void release();
    /// It stands: what it did is durable, what was asked of it is done, and status() is of this moment.
    [[nodiscard]] bool held() const { return held_; }
    [[nodiscard]] bool beside() const { return beside_; }
    /// REQUIRES: held().
    void set_beside(bool beside);
    /// Asked of one that is held: its tables' watermarks go on to these.
    void follow(std::vector<std::pair<std::string, std::int64_t>> watermarks);
    /// Asked of one that is held: writes the records that `more` gives, one step a call, until it returns
    /// false. `more` is called on the pipeline's thread.
    using MoreRecords = std::function<bool(std::vector<OutputRecord>& records)>;
    void publish(MoreRecords more);

    /// Any thread; run_once() does nothing more once it returned true for the last time.
    void stop();
    [[nodiscard]] bool stopped() const { return stopped_; }

    /// Any thread.
    [[nodiscard]] RunnerStatus status() const;
    /// Any thread: everything visible up to here has been used by a durable step, or there was nothing to
    /// use.
    [[nodiscard]] Seq caught_up_through() const { return Seq(caught_up_.load()); }
    /// The slot (journal/pipeline_entry.h).
    [[nodiscard]] const std::string& name() const { return name_; }
    /// As people know it: the pipeline's name of the version that serves, "live@beside" of the other one.
    [[nodiscard]] std::string shown_name() const;
    [[nodiscard]] const plan::Program& program() const { return computation_->program(); }
    [[nodiscard]] const std::vector<std::string>& input_topics() const { return computation_->topics(); }
    [[nodiscard]] const std::vector<std::string>& output_topics() const { return output_topics_; }

  private:
    class StepProposal;
    void watch_partitions();
    /// True while a view is over its limit.
    bool paused();
    bool note_idle();
    /// Held: does what was asked. True if that was anything.
    bool stand();
    bool do_asked();
    bool all_in_flight();
    /// Notes how far the slice brings each partition; its newest timestamp.
    std::int64_t note_positions();
    void make_snapshot();
    [[nodiscard]] Seq read_limit() const;
    /// The computed step becomes an entry.
    void submit(StepResult result, std::int64_t newest_ms);
    void fail(RunnerStatus::State state, std::string why);
    void publish_status();
    [[nodiscard]] std::vector<InputPosition> input_positions() const;
    /// Sync thread.
    void step_done(bool appended, std::string why, Seq consumed);

    broker::Broker& broker_;
    journal::Journal& journal_;
    Clock& clock_;
    Participant& participant_;
    const RunnerOptions options_;
    const std::string name_;
    const InstanceEpoch epoch_;
    const Seq outputs_after_;
    std::unique_ptr<state::StateSpace> state_;
    std::unique_ptr<Computation> computation_;
    std::unique_ptr<broker::LogReader> reader_;
    std::vector<std::string> output_topics_;
    broker::LogSlice slice_;
    std::shared_ptr<const broker::TopicsView> topics_seen_;
    LatencyLedger ledger_;
    Progress progress_;                                       ///< after the last computed step
    std::vector<std::map<std::int32_t, std::int64_t>> next_;  ///< by input topic and partition
    std::uint64_t steps_ = 0;
    /// Input taken a step: less where a little input makes large steps (a clock joined with many rows), so
    /// that memory and entries stay bounded.
    std::size_t step_bytes_;
    std::int64_t status_due_ns_ = 0;
    std::uint64_t status_steps_ = UINT64_MAX;  ///< steps_ when the status was published last
    bool postponed_ = false;                   ///< the computation holds a result that was not submitted

    std::atomic<int> in_flight_{0};
    std::atomic<std::uint64_t> caught_up_{0};
    std::atomic<std::uint64_t> looked_through_{0};  ///< nothing more to read was there up to here
    std::atomic<bool> waits_for_step_{false};       ///< all steps allowed are under way
    std::atomic<bool> stopped_{false};
    std::atomic<bool> resumed_{false};  ///< over the limit by somebody's wish
    std::atomic<bool> beside_;
    std::atomic<std::uint64_t> limit_{UINT64_MAX};  ///< of reading
    std::atomic<bool> hold_{false};
    std::atomic<bool> held_{false};
    mutable std::mutex mutex_;  ///< wake-up and status
    std::condition_variable wakeup_;
    bool woken_ = false;
    RunnerStatus status_;
    std::vector<std::pair<std::string, std::int64_t>> to_follow_;
    MoreRecords to_publish_;
};

}  // namespace mr::pipeline
