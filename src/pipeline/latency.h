// The latency ledger of one pipeline: how long each hop of an event takes, as histograms at /metrics.
//
//   millrace_kafka_request_seconds{api="Produce"}   received -> durable (counted by the Kafka listener)
//   millrace_step_seconds{stage="compute"}          input taken -> step computed and handed to the journal
//   millrace_step_seconds{stage="durable"}          … -> the step is on disk: what it says may be seen
//   millrace_event_to_view_seconds                  the record's own timestamp -> the same moment
//   millrace_view_apply_seconds                     step computed -> its rows are in the views (views)
//   millrace_commit_to_push_seconds                 … -> its frame is handed to the socket (serve/live)
//   millrace_event_to_screen_seconds                … -> painted, as browsers report it (serve/live)
//
// Records older than the pipeline's start are history being read again, not events on their way: they do not
// count in event_to_view. Thread: begin() and computed() pipeline, durable() sync; one step after the other;
// rename() any, while no step is under way.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"

namespace mr::pipeline {

class LatencyLedger {
  public:
    LatencyLedger(Metrics& metrics, const Clock& clock, std::string_view pipeline);
    /// What follows counts for a pipeline of this name.
    void rename(std::string_view pipeline);

    /// Input is taken; `newest` is the newest record's timestamp, or kNone.
    static constexpr std::int64_t kNone = INT64_MIN;
    void begin() { began_ns_ = clock_.monotonic_ns(); }
    /// The step is handed to the journal.
    void computed(std::int64_t newest_ms);
    /// The oldest step handed over is on disk.
    void durable();

    [[nodiscard]] const Histogram& event_to_view() const { return *event_to_view_; }

  private:
    struct Step {
        std::int64_t computed_ns = 0;
        std::int64_t newest_ms = kNone;
    };
    Metrics& metrics_;
    const Clock& clock_;
    Histogram* compute_ = nullptr;
    Histogram* durable_ = nullptr;
    Histogram* event_to_view_ = nullptr;
    const std::int64_t started_ms_;
    std::int64_t began_ns_ = 0;
    std::mutex mutex_;
    std::deque<Step> under_way_;  ///< at most RunnerOptions::in_flight_max
};

}  // namespace mr::pipeline
