#include "node/sinks.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/log.h"

namespace mr::node {

void Sinks::add(std::string kind, std::string name, std::int64_t interval_ms, Round round) {
    auto sink = std::make_unique<Sink>();
    const std::string labels = fmt::format(R"(kind="{}",sink="{}")", kind, name);
    sink->rows = &metrics_.counter("millrace_sink_rows_total", "Rows committed by a sink.", labels);
    sink->seconds = &metrics_.histogram("millrace_sink_commit_seconds", "Time of a sink's commit.", labels);
    sink->status.name = std::move(name);
    sink->status.kind = std::move(kind);
    sink->round = std::move(round);
    sink->interval_ms = interval_ms;
    sinks_.push_back(std::move(sink));
}

void Sinks::start() {
    started_ = true;
    if (sinks_.empty()) return;
    threads_.start("sinks", [this] {
        run_due();
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    });
}

void Sinks::stop() {
    threads_.join();
    if (!std::exchange(started_, false)) return;
    for (const auto& sink : sinks_) run_one(*sink);
}

void Sinks::run_due() {
    for (const auto& sink : sinks_) {
        if (threads_.stopping()) return;
        if (clock_.monotonic_ns() < sink->due_ns) continue;
        run_one(*sink);
        sink->due_ns = clock_.monotonic_ns() + sink->interval_ms * 1'000'000;
    }
}

void Sinks::run_one(Sink& sink) {
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
