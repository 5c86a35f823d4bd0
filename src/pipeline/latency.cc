#include "pipeline/latency.h"

#include <fmt/format.h>

#include <algorithm>

namespace mr::pipeline {
namespace {

constexpr const char* kStepHelp = "Stages of a step: compute (input to step), durable (step to disk)";

Histogram& step_stage(Metrics& metrics, std::string_view pipeline, std::string_view stage) {
    return metrics.histogram("millrace_step_seconds", kStepHelp,
                             fmt::format("pipeline=\"{}\",stage=\"{}\"", pipeline, stage));
}

}  // namespace

LatencyLedger::LatencyLedger(Metrics& metrics, const Clock& clock, std::string_view pipeline)
    : metrics_(metrics), clock_(clock), started_ms_(clock.now().value) {
    rename(pipeline);
}

void LatencyLedger::rename(std::string_view pipeline) {
    compute_ = &step_stage(metrics_, pipeline, "compute");
    durable_ = &step_stage(metrics_, pipeline, "durable");
    event_to_view_ =
        &metrics_.histogram("millrace_event_to_view_seconds",
                            "From a record's timestamp to its step on disk, newest record a step",
                            fmt::format("pipeline=\"{}\"", pipeline));
}

void LatencyLedger::computed(std::int64_t newest_ms) {
    const std::int64_t now_ns = clock_.monotonic_ns();
    compute_->record_ns(now_ns - began_ns_);
    const std::lock_guard lock(mutex_);
    under_way_.push_back({now_ns, newest_ms});
}

void LatencyLedger::durable() {
    Step step;
    {
        const std::lock_guard lock(mutex_);
        if (under_way_.empty()) return;
        step = under_way_.front();
        under_way_.pop_front();
    }
    durable_->record_ns(clock_.monotonic_ns() - step.computed_ns);
    // A producer's clock may be a little ahead of ours.
    if (step.newest_ms >= started_ms_)
        event_to_view_->record_ns(std::max<std::int64_t>(0, clock_.now().value - step.newest_ms) * 1'000'000);
}

}  // namespace mr::pipeline
