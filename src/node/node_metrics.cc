#include "node/node_metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "columnar/value.h"

namespace mr::node {
namespace {

/// Names of topics and groups come from outside.
std::string label(std::string_view name, std::string_view value) {
    std::string out = fmt::format("{}=\"", name);
    for (const char c : value) {
        if (c == '\\' || c == '"') out.push_back('\\');
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out + "\"";
}

std::string partition_label(PartitionId partition) {
    return fmt::format(",partition=\"{}\"", partition.value);
}

}  // namespace

NodeMetrics::NodeMetrics(Metrics& metrics, const Clock& clock, const std::string& version)
    : metrics_(metrics), clock_(clock) {
    metrics_.gauge("millrace_build_info", "What is running", label("version", version)).set(1);
}

void NodeMetrics::count(const pipeline::Runner& by, std::string_view name, std::string_view help,
                        const std::string& labels, std::uint64_t total) {
    std::uint64_t& before = counted_[{by.name(), std::string(name), labels}];
    // Less than before: another instance counts from the beginning.
    metrics_.counter(name, help, label("pipeline", by.shown_name()) + labels)
        .add(total < before ? total : total - before);
    before = total;
}

void NodeMetrics::gauge(std::string_view name, std::string_view help, const std::string& labels,
                        double value) {
    const std::string key = fmt::format("{}{{{}}}", name, labels);
    Gauge*& gauge = gauges_[key];
    if (gauge == nullptr) gauge = &metrics_.gauge(name, help, labels);
    gauge->set(value);
    seen_[key] = true;
}

void NodeMetrics::collect_pipeline(const pipeline::Runner& runner) {
    using State = pipeline::RunnerStatus::State;
    const pipeline::RunnerStatus s = runner.status();
    const std::string pipeline = label("pipeline", runner.shown_name());
    gauge("millrace_pipeline_running", "1 while it takes input", pipeline, s.state == State::running ? 1 : 0);
    gauge("millrace_pipeline_paused", "1 while a view is over its limit", pipeline,
          s.state == State::paused ? 1 : 0);
    for (const auto& source : s.profile.sources) {
        const std::string labels = "," + label("stream", source.table);
        // Conservation: in = accepted + rejected.
        count(runner, "millrace_events_in_total", "Records read", labels, source.counts.in);
        count(runner, "millrace_events_accepted_total", "Records that became rows", labels,
              source.counts.accepted);
        count(runner, "millrace_events_dropped_total", "Records set aside, with the reason",
              labels + ",reason=\"rejected\"", source.counts.rejected);
    }
    count(runner, "millrace_rows_late_total", "Rows that came after their window had closed", "",
          s.counts.late);
    count(runner, "millrace_rows_out_total", "Changes written to views and topics", "", s.counts.out);
    count(runner, "millrace_steps_total", "Steps", "", s.steps);
    gauge("millrace_state_bytes", "State in memory", pipeline, static_cast<double>(s.state_bytes));
    for (const engine::OperatorStats& op : s.profile.operators) {
        // The fingerprint tells operators of a kind apart, and stays while the query does.
        const std::string labels =
            fmt::format(",{},node=\"{:016x}\"", label("operator", op.name), op.fingerprint);
        count(runner, "millrace_operator_rows_in_total", "Rows an operator took", labels,
              op.counters.rows_in);
        count(runner, "millrace_operator_rows_out_total", "Rows an operator gave", labels,
              op.counters.rows_out);
        gauge("millrace_operator_busy_seconds", "Time an operator has worked since the start",
              pipeline + labels, static_cast<double>(op.times.total_ns) / 1e9);
        gauge("millrace_operator_state_bytes", "State an operator keeps", pipeline + labels,
              static_cast<double>(op.state_bytes));
    }
    if (s.watermark_ms != kNoWatermark && s.watermark_ms != kMaxWatermark) {
        gauge("millrace_watermark_lag_seconds", "Wall clock less watermark", pipeline,
              static_cast<double>(clock_.now().value - s.watermark_ms) / 1000);
    }
    for (const pipeline::InputPosition& input : s.inputs) {
        if (input.next < 0 && !s.caught_up) continue;
        const std::int64_t lag = input.next < 0 ? 0 : std::max<std::int64_t>(0, input.end - input.next);
        gauge("millrace_pipeline_lag_records", "Records not read yet",
              pipeline + "," + label("topic", input.topic) + partition_label(input.partition),
              static_cast<double>(lag));
    }
}

void NodeMetrics::collect(const RunnerList& runners, const broker::Broker& broker,
                          const serve::kafka::Service& kafka, views::ViewStore& views) {
    seen_.clear();
    for (const auto& runner : runners) collect_pipeline(*runner);
    const auto topics = broker.topics();
    for (const auto& [name, topic] : topics->by_name) {
        std::uint64_t bytes = 0;
        std::int64_t records = 0;
        for (const auto& log : topic->partitions) {
            const auto view = log->shown();
            records += view->log_end.value - view->log_start.value;
            bytes += broker.log_bytes(*log);
        }
        gauge("millrace_topic_bytes", "Size of the log", label("topic", name), static_cast<double>(bytes));
        gauge("millrace_topic_records", "Offsets in the log", label("topic", name),
              static_cast<double>(records));
    }
    for (const auto& group : kafka.coordinator().list()) {
        const auto offsets = broker.group_offsets(group.group);
        if (offsets == nullptr) continue;
        for (const auto& [where, committed] : offsets->offsets) {
            const auto topic = topics->find(where.first);
            const auto* log = topic == nullptr ? nullptr : topic->partition(where.second);
            if (log == nullptr) continue;
            gauge("millrace_consumer_lag_records", "Records after the committed offset",
                  label("group", group.group) + "," + label("topic", topic->name) +
                      partition_label(where.second),
                  static_cast<double>(
                      std::max<std::int64_t>(0, log->shown()->log_end.value - committed.offset.value)));
        }
    }
    for (const views::View* view : views.views()) {
        gauge("millrace_view_rows", "Rows held", label("view", view->name()),
              static_cast<double>(view->row_count()));
        gauge("millrace_view_bytes", "Bytes held", label("view", view->name()),
              static_cast<double>(view->bytes()));
    }
    for (auto& [key, known] : gauges_) {
        if (!seen_.contains(key)) known->set(0);
    }
}

}  // namespace mr::node
