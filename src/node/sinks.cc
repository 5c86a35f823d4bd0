#include "node/sinks.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/log.h"

namespace mr::node {
namespace {

/// Between two rounds of a sink that is behind: others want the disk too.
constexpr std::int64_t kPauseNs = 100'000'000;
/// Upkeep is no hurry; what is wrong now will be wrong in a second.
constexpr std::int64_t kAfterErrorMs = 60'000;

}  // namespace

void Sinks::add(std::string kind, std::string name, std::int64_t interval_ms, Round round, Upkeep upkeep) {
    auto sink = std::make_unique<Sink>();
    const std::string labels = fmt::format(R"(kind="{}",sink="{}")", kind, name);
    sink->rows = &metrics_.counter("millrace_sink_rows_total", "Rows committed by a sink.", labels);
    sink->seconds = &metrics_.histogram("millrace_sink_commit_seconds", "Time of a sink's commit.", labels);
    sink->status.name = std::move(name);
    sink->status.kind = std::move(kind);
    sink->round = std::move(round);
    sink->upkeep = std::move(upkeep);
    sink->interval_ms = interval_ms;
    sinks_.push_back(std::move(sink));
}

void Sinks::start() {
    started_ = true;
    if (sinks_.empty()) return;
    const auto every_100_ms = [this](auto work) {
        return [this, work]() mutable {
            work();
            if (!threads_.stopping()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        };
    };
    threads_.start("sinks", every_100_ms([this] { run_due(true); }));
    threads_.start("lake", every_100_ms([this] { run_due(false); }));
    threads_.start("upkeep", every_100_ms([this, low = false]() mutable {
                       // What the live path leaves over. Linux: of this thread only.
                       if (!std::exchange(low, true)) static_cast<void>(setpriority(PRIO_PROCESS, 0, 19));
                       upkeep_due();
                   }));
}

void Sinks::stop() {
    threads_.join();
    if (!std::exchange(started_, false)) return;
    for (const auto& sink : sinks_) run_one(*sink);
}

void Sinks::run_due(bool warehouse) {
    for (const auto& sink : sinks_) {
        if (threads_.stopping()) return;
        const bool lake = sink->status.kind == "lake" || sink->status.kind == "archive";
        if (lake == warehouse) continue;
        if (clock_.monotonic_ns() < sink->due_ns) continue;
        const std::int64_t from = clock_.monotonic_ns();
        run_one(*sink);
        // From begin to begin, so that a commit's own time does not stretch the interval; never back to back.
        sink->due_ns = std::max(from + sink->interval_ms * 1'000'000, clock_.monotonic_ns() + kPauseNs);
    }
}

void Sinks::upkeep_due() {
    for (const auto& sink : sinks_) {
        if (threads_.stopping()) return;
        if (!sink->upkeep.plan || clock_.monotonic_ns() < sink->upkeep_due_ns) continue;
        std::int64_t wait_ms = sink->upkeep.interval_ms;
        if (const Status done = keep_up(*sink); !done && done.error().code != Code::not_found) {
            log_warn("sink", "upkeep of {} {}: {}", sink->status.kind, sink->status.name,
                     done.error().message);
            wait_ms = std::max(wait_ms, kAfterErrorMs);
        }
        sink->upkeep_due_ns = clock_.monotonic_ns() + wait_ms * 1'000'000;
    }
}

Status Sinks::keep_up(Sink& sink) {
    while (!threads_.stopping()) {
        std::shared_ptr<lake::Rewrite> job;
        {
            const std::lock_guard turn(sink.turn);
            MR_TRY(job, sink.upkeep.plan());
        }
        if (job == nullptr) return {};
        MR_TRY_VOID(work_off(sink, *job));
    }
    return {};
}

Status Sinks::work_off(Sink& sink, lake::Rewrite& job) {
    const std::int64_t from = clock_.monotonic_ns();
    while (!threads_.stopping()) {
        const std::int64_t slice = clock_.monotonic_ns();
        MR_TRY(const bool done, job.run_slice());
        if (done) {
            const std::size_t files = job.outputs().size();
            const std::lock_guard turn(sink.turn);
            MR_TRY_VOID(sink.upkeep.commit(job));
            log_info("sink", "{} {}: {} small files became {} in {} ms", sink.status.kind, sink.status.name,
                     job.plan().inputs.size(), files, (clock_.monotonic_ns() - from) / 1'000'000);
            return {};
        }
        std::this_thread::sleep_for(std::chrono::nanoseconds(3 * (clock_.monotonic_ns() - slice)));
    }
    return {};
}

void Sinks::run_one(Sink& sink) {
    const std::lock_guard turn(sink.turn);
    const std::int64_t from = clock_.monotonic_ns();
    log_debug("sink", "commit of {} {} begins", sink.status.kind, sink.status.name);
    const auto rows = sink.round();
    log_debug("sink", "commit of {} {} ends: {} rows", sink.status.kind, sink.status.name, rows.value_or(0));
    const std::lock_guard lock(mutex_);
    if (!rows) {
        if (sink.status.error != rows.error().message) {
            log_error("sink", "{} {}: {}", sink.status.kind, sink.status.name, rows.error().message);
        }
        sink.status.error = rows.error().message;
        return;
    }
    sink.status.error.clear();
    if (*rows == 0) return;
    sink.seconds->record_ns(clock_.monotonic_ns() - from);
    sink.rows->add(*rows);
    sink.status.rows += *rows;
    ++sink.status.commits;
    sink.status.last_commit_ms = clock_.now().value;
}

std::vector<SinkStatus> Sinks::status() const {
    const std::lock_guard lock(mutex_);
    std::vector<SinkStatus> out;
    for (const auto& sink : sinks_) out.push_back(sink->status);
    return out;
}

}  // namespace mr::node
