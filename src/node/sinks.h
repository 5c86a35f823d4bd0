// Runs the sinks, each every so often, and remembers what they say: warehouse tables on one thread, lake
// tables and the archive on another, and what keeps lake tables small on a third of low priority, which works
// a quarter of the time. A failing sink is tried again later and shown; it never stops a pipeline. A sink has
// one turn at a time. Thread: its own three; status() any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "lake/rewrite.h"
#include "node/threads.h"

namespace mr::node {

struct SinkStatus {
    std::string name;
    std::string kind;        ///< "warehouse", "lake", "archive"
    std::uint64_t rows = 0;  ///< committed since the start
    std::uint64_t commits = 0;
    std::int64_t last_commit_ms = 0;  ///< wall clock
    std::string error;                ///< of the last attempt; empty: fine
};

/// What a table needs besides: see connect::LakeWriter. Either function may be missing.
struct Upkeep {
    std::int64_t interval_ms = 5'000;
    std::function<Result<std::shared_ptr<lake::Rewrite>>()> plan;
    std::function<Status(lake::Rewrite&)> commit;
};

class Sinks {
  public:
    /// Commits what there is; number of rows.
    using Round = std::function<Result<std::size_t>()>;
    Sinks(Clock& clock, Metrics& metrics) : clock_(clock), metrics_(metrics) {}
    ~Sinks() { stop(); }

    /// Before start().
    void add(std::string kind, std::string name, std::int64_t interval_ms, Round round, Upkeep upkeep = {});
    void start();
    /// Runs each sink once more, then ends.
    void stop();
    [[nodiscard]] std::vector<SinkStatus> status() const;

  private:
    struct Sink {
        SinkStatus status;
        Round round;
        Upkeep upkeep;
        std::int64_t interval_ms = 1'000;
        std::int64_t due_ns = 0, upkeep_due_ns = 0;
        std::mutex turn;
        Counter* rows = nullptr;
        Histogram* seconds = nullptr;
    };
    void run_due(bool warehouse);
    void run_one(Sink& sink);
    void upkeep_due();
    Status keep_up(Sink& sink);
    Status work_off(Sink& sink, lake::Rewrite& job);

    Clock& clock_;
    Metrics& metrics_;
    mutable std::mutex mutex_;  ///< statuses
    std::vector<std::unique_ptr<Sink>> sinks_;
    Threads threads_;
    bool started_ = false;
};

}  // namespace mr::node
