// Flat out through a pipeline: events by Kafka protocol -> filter and GROUP BY -> view, durable; and the
// replay of stored events through a query that is new. A node of its own on bench/project. What it measures
// and how to read it: docs/benchmarks.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "harness/http.h"
#include "harness/kafka.h"
#include "harness/machine.h"
#include "harness/node_process.h"
#include "latency/workload.h"

namespace {

using namespace bench;

struct Options {
    std::string millrace = "build/release/src/cli/millrace";
    std::string project = "bench/project";
    std::string work = "/tmp/millrace-bench-pipeline";
    std::vector<std::size_t> sizes = {2'048, 108};
    std::vector<std::string> node_options;
    std::uint64_t events = 500'000;
    std::uint64_t warm_up_mb = 600;
    bool replay_only = false;
    bool gate = false;
};

/// Sum of a number over a list of rows in JSON.
std::uint64_t sum_of(std::string_view json, std::string_view name) {
    const std::string mark = fmt::format("\"{}\":", name);
    std::uint64_t sum = 0;
    for (auto at = json.find(mark); at != std::string_view::npos; at = json.find(mark, at + 1)) {
        sum += std::strtoull(json.data() + at + mark.size(), nullptr, 10);
    }
    return sum;
}

/// Bytes the process caused to be written to the device.
double device_mb(pid_t pid) {
    std::ifstream io(fmt::format("/proc/{}/io", pid));
    std::string line;
    while (std::getline(io, line)) {
        if (line.starts_with("write_bytes:")) return std::strtod(line.c_str() + 12, nullptr) / 1e6;
    }
    return 0;
}

/// Waits until the view contains all events; false after a minute without any progress.
bool wait_for(const std::string& http, std::uint64_t events) {
    HttpClient client(http);
    std::uint64_t seen = 0;
    std::int64_t progress = now_ns();
    while (seen < events && now_ns() - progress < 60'000'000'000) {
        sleep_until(now_ns() + 50'000'000);
        const std::uint64_t now = sum_of(client.get("/api/v1/views/activity?limit=10000"), "events");
        if (now > seen) progress = now_ns();
        seen = now;
    }
    return seen == events;
}

void report(std::string_view what, const Options& o, std::size_t size, std::int64_t from, pid_t pid,
            const Usage& before, double device_before) {
    const Usage after = usage_of(pid);
    const double seconds = static_cast<double>(now_ns() - from) / 1e9;
    const auto n = static_cast<double>(o.events);
    fmt::print(
        "{:22} {:4} bytes: {:8.0f} events/s, {:6.1f} MB/s; node {:.2f} CPU s a million, {:.2f} device bytes "
        "a byte; peak "
        "{:.0f} MiB (load {:.1f})\n",
        what, size, n / seconds, n * static_cast<double>(size) / seconds / 1e6,
        1e6 * (after.cpu_seconds - before.cpu_seconds) / n,
        (device_mb(pid) - device_before) * 1e6 / (n * static_cast<double>(size)), after.peak_mib,
        load_average());
    std::fflush(stdout);
}

/// So many into the topic.
void produce(std::uint64_t count, const std::string& kafka, const std::vector<std::string>& events) {
    Producer producer(kafka,
                      {{"linger.ms", "5"}, {"batch.size", "1000000"}, {"batch.num.messages", "100000"}});
    for (std::uint64_t i = 0; i < count; ++i)
        producer.send("bench.events", 0, {}, events[i % events.size()], i);
    if (!producer.flush(120'000)) fmt::print("not everything was acknowledged within 120 s\n");
}

/// The project without its queries: what is loaded stays stored until a query comes.
std::string without_queries(const Options& o) {
    const std::string copy = o.work + "/stored";
    std::filesystem::copy(o.project, copy, std::filesystem::copy_options::recursive);
    std::filesystem::remove_all(copy + "/pipelines");
    return copy;
}

bool measure(const Options& o, std::size_t size) {
    // As many different events as fit the caches badly; made before, so that making them costs nothing.
    const auto workload = project_workload(size);
    std::vector<std::string> events;
    for (int i = 0; i < 20'000; ++i) events.push_back(workload->next(1'795'000'000'000).json);
    bool complete = true;
    if (!o.replay_only) {
        std::filesystem::remove_all(o.work);
        const NodeProcess node({o.millrace, o.project, o.work, o.node_options});
        // Sustained is what comes after the journal has made its files and begins to use them again.
        const std::uint64_t warm_up = std::min<std::uint64_t>(o.events, o.warm_up_mb * 1'000'000 / size);
        if (warm_up > 0) {
            produce(warm_up, node.kafka(), events);
            complete = wait_for(node.http(), warm_up);
        }
        const Usage before = usage_of(node.pid());
        const double device_before = device_mb(node.pid());
        const std::int64_t from = now_ns();
        produce(o.events, node.kafka(), events);
        complete = wait_for(node.http(), warm_up + o.events) && complete;
        report("produce to view", o, size, from, node.pid(), before, device_before);
    }
    Usage start;
    std::filesystem::remove_all(o.work);
    std::filesystem::create_directories(o.work);
    {
        const NodeProcess node({o.millrace, without_queries(o), o.work, o.node_options});
        start.cpu_seconds = usage_of(node.pid()).cpu_seconds;
        produce(o.events, node.kafka(), events);
    }
    std::filesystem::remove(o.work + "/ready.json");
    const std::int64_t from = now_ns();
    const NodeProcess node({o.millrace, o.project, o.work, o.node_options});
    complete = wait_for(node.http(), o.events) && complete;
    // What a start costs (libraries, above all) is the same for one event and for all.
    report("replay through a query", o, size, from, node.pid(), start, 0);
    return complete;
}

}  // namespace

int main(int argc, char** argv) {
    Options o;
    CLI::App app("Throughput of a pipeline, and of a replay through it");
    app.add_option("--millrace", o.millrace, "The binary");
    app.add_option("--project", o.project, "The project to run")->capture_default_str();
    app.add_option("--work", o.work, "Folder for data and logs; emptied")->capture_default_str();
    app.add_option("--events", o.events, "How many")->capture_default_str();
    app.add_option("--warm-up", o.warm_up_mb, "Megabytes before (at most as many events as are measured)")
        ->capture_default_str();
    app.add_option("--sizes", o.sizes, "Bytes of an event")->delimiter(',')->capture_default_str();
    app.add_option("-X", o.node_options, "Settings of the node, key=value");
    app.add_flag("--replay-only", o.replay_only, "Only the replay");
    app.add_flag("--gate", o.gate, "Exit 1 when an event was lost");
    CLI11_PARSE(app, argc, argv);
    std::filesystem::create_directories(o.work);
    if (!raise_priority()) fmt::print("(no right to raise the priority: other load shows in the figures)\n");
    fmt::print("{}\n", moment(o.work));
    bool complete = true;
    for (const std::size_t size : o.sizes) complete = measure(o, size) && complete;
    fmt::print("{}\n", moment(o.work));
    if (!complete) fmt::print("FAILED: events were lost\n");
    return o.gate && !complete ? 1 : 0;
}
