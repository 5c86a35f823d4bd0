// Runs one pipeline: reads its topics in journal order, computes, submits steps. One thread of its own calls
// run_once() in a loop, or the simulation does, in seeded order.
//
// A step takes whatever is there, one event when idle, many when busy, and never splits an entry. It is
// computed on entries that need not be durable yet; what comes of it is shown only once the step is (journal,
// promise 2). At most `in_flight_max` steps are submitted and not yet durable. A submitted step is appended,
// or the instance is fenced and stops.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "broker/log_reader.h"
#include "journal/journal.h"
#include "pipeline/computation.h"
#include "pipeline/participant.h"
#include "state/state_space.h"

namespace mr::pipeline {

struct RunnerOptions {
    std::size_t step_bytes_max = 1U << 20;  ///< of input a step
    std::size_t step_batches_max = 1'024;
    int in_flight_max = 4;
    std::int64_t silence_ms = 5'000;  ///< see Computation::tick
};

/// What a person wants to know of a running pipeline. Counted since the process started.
struct RunnerStatus {
    enum class State : std::uint8_t { running, failed, fenced, stopped };
    State state = State::running;
    std::string error;  ///< why it failed: what happened, where, what to do
    Progress progress;
    std::uint64_t steps = 0;
    Counts counts;  ///< conservation: in = accepted + rejected
    std::size_t state_bytes = 0;
    std::vector<state::StateSpace::TableStats> tables;
    std::int64_t watermark_ms = 0;
    bool caught_up = false;  ///< at the last look nothing was waiting
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
    Runner(broker::Broker& broker, journal::Journal& journal, Clock& clock, Participant& participant,
           std::unique_ptr<state::StateSpace> state, std::unique_ptr<Computation> computation,
           std::unique_ptr<broker::LogReader> reader, RunnerOptions options);
    ~Runner();

    /// Pipeline thread. One step at most; true if anything was done.
    bool run_once();
    /// Sleeps until there may be work, at most `timeout_ms`.
    void wait(std::int64_t timeout_ms);
    /// Any thread: wakes wait().
    void wake();
    /// Any thread; run_once() does nothing more once it returned true for the last time.
    void stop();
    [[nodiscard]] bool stopped() const { return stopped_; }

    /// Any thread.
    [[nodiscard]] RunnerStatus status() const;
    /// Any thread: everything visible up to here has been used by a durable step, or there was nothing to
    /// use.
    [[nodiscard]] Seq caught_up_through() const { return Seq(caught_up_.load()); }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::vector<std::string>& input_topics() const { return computation_->topics(); }
    [[nodiscard]] const std::vector<std::string>& output_topics() const { return output_topics_; }

  private:
    class StepProposal;
    void watch_partitions();
    void make_snapshot();
    /// The computed step becomes an entry.
    void submit(StepResult result);
    void fail(RunnerStatus::State state, std::string why);
    void publish_status();
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
    Progress progress_;  ///< after the last computed step
    std::uint64_t steps_ = 0;
    /// Input taken a step: less where a little input makes large steps (a clock joined with many rows), so
    /// that memory and entries stay bounded.
    std::size_t step_bytes_;
    std::int64_t status_due_ns_ = 0;

    std::atomic<int> in_flight_{0};
    std::atomic<std::uint64_t> caught_up_{0};
    std::atomic<bool> stopped_{false};
    mutable std::mutex mutex_;  ///< wake-up and status
    std::condition_variable wakeup_;
    bool woken_ = false;
    RunnerStatus status_;
};

}  // namespace mr::pipeline
