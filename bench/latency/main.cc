// Open-loop latency of the whole path: from the moment an event was *due* to be sent to (a) its delta applied
// by a subscriber of /api/v1/live and (b) a GET of the view that contains it, with durable acks. Starts a
// node of its own. The schedule does not wait for anything: a stall shows in every event that was due
// meanwhile. What it measures and how to read it: docs/benchmarks.md.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "harness/http.h"
#include "harness/kafka.h"
#include "harness/machine.h"
#include "harness/node_process.h"
#include "latency/ledger.h"
#include "latency/observer.h"
#include "latency/workload.h"

namespace {

using namespace bench;

constexpr const char* kPainted = "millrace_event_to_screen_seconds";

struct Options {
    std::string millrace = "build/release/src/cli/millrace";
    std::string project = "bench/project";
    std::string work = "/tmp/millrace-bench";
    std::string browser;  ///< command; {url} stands for the dashboard's address
    std::vector<std::string> rates = {"14", "120", "1000", "10000"};
    std::vector<std::string> node_options;
    double seconds = 30;
    std::size_t size = 2'048;
    double max_hz = 1'000;
    double timeout_s = 10;
    double slow_ms = 0;
    bool example = false;
    bool fetch = true;
    bool gate = false;
};

std::int64_t wall_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string clock_text(std::int64_t at_ns) {
    const auto wall = std::chrono::system_clock::now() - std::chrono::nanoseconds(now_ns() - at_ns);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch()).count();
    return fmt::format("{:%H:%M:%S}.{:03}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(
                           std::chrono::time_point_cast<std::chrono::system_clock::duration>(wall))),
                       ms % 1'000);
}

/// Buckets of a histogram at /metrics: upper edge in seconds and how many samples were at most that.
using Buckets = std::vector<std::pair<double, double>>;

Buckets buckets_of(const std::string& http, const std::string& name) {
    HttpClient client(http);
    const std::string text(client.get("/metrics"));
    const std::string mark = "\n" + name + "_bucket{le=\"";
    Buckets out;
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        const char* edge = text.c_str() + at + mark.size();
        const bool last = std::string_view(edge).starts_with("+Inf");
        const auto value = text.find("} ", at);
        out.emplace_back(last ? 60.0 : std::strtod(edge, nullptr),
                         std::strtod(text.c_str() + value + 2, nullptr));
    }
    return out;
}

/// What browsers reported between two looks: "p50 <= 25  p95 <= 50  p99 <= 100 ms (n)".
std::string painted_text(const Buckets& before, const Buckets& after) {
    if (after.empty() || before.size() != after.size()) return {};
    const double all = after.back().second - before.back().second;
    if (all <= 0) return {};
    std::string out;
    for (const double q : {0.5, 0.95, 0.99}) {
        std::size_t i = 0;
        while (i + 1 < after.size() && after[i].second - before[i].second < q * all) ++i;
        out += fmt::format("p{:g} <= {:g}  ", 100 * q, 1e3 * after[i].first);
    }
    return out + fmt::format("ms ({:g} samples)", all);
}

/// One rate, start to finish.
class Run {
  public:
    Run(const Options& options, const NodeProcess& node, Workload& workload)
        : options_(options),
          node_(node),
          workload_(workload),
          ledger_(options.slow_ms > 0 ? static_cast<std::int64_t>(options.slow_ms * 1e6) : INT64_MAX),
          observer_({node.http(), workload.view(), workload.key_columns(), options.max_hz, options.fetch},
                    ledger_),
          producer_(node.kafka(), {}, [this](std::uint64_t n) { ledger_.acknowledged(n, now_ns()); }) {}

    /// True when no event was lost.
    bool measure(double rate, bool warm_up) {
        if (warm_up) warm();
        const std::size_t rows = observer_.rows();
        const std::uint64_t frames = observer_.frames(), gets = observer_.gets();
        const Buckets painted = buckets_of(node_.http(), kPainted);
        const Usage before = usage_of(node_.pid());
        const std::int64_t from = now_ns();
        const auto events = static_cast<std::int64_t>(rate * options_.seconds);
        send(rate, events, true);
        const double took_s = static_cast<double>(now_ns() - from) / 1e9;
        const Usage after = usage_of(node_.pid());
        wait();
        const auto most = static_cast<std::int64_t>(options_.timeout_s * 1e9);
        const std::size_t no_delta = ledger_.give_up(Place::delta, most);
        const std::size_t no_get = ledger_.give_up(Place::get, most);
        fmt::print(
            "{:g} events/s for {:.0f} s: {} samples, {} late for {:g} s; view of {} rows, {} frames, {} "
            "GETs\n",
            rate, took_s, events, std::max(no_delta, no_get), options_.timeout_s, rows,
            observer_.frames() - frames, observer_.gets() - gets);
        fmt::print("  ack            {}\n", ledger_.acks().text());
        fmt::print("  delta applied  {}\n", ledger_.samples(Place::delta).text());
        if (options_.fetch) fmt::print("  GET contains   {}\n", ledger_.samples(Place::get).text());
        const std::string paints = painted_text(painted, buckets_of(node_.http(), kPainted));
        if (!paints.empty())
            fmt::print("  from computed to painted, as the browser reports it: {}\n", paints);
        fmt::print(
            "  node: {:.1f} % of a core, {:.0f} CPU s a million events, RSS {:.0f} MiB (anonymous {:.0f}), "
            "peak {:.0f} MiB\n",
            100 * (after.cpu_seconds - before.cpu_seconds) / took_s,
            1e6 * (after.cpu_seconds - before.cpu_seconds) / static_cast<double>(events), after.rss_mib,
            after.anonymous_mib, after.peak_mib);
        print_slow();
        fmt::print(R"(  {{"rate":{},"samples":{},"lost":{},"ack":{},"delta":{},"get":{},"peak_mib":{:.0f}}})"
                   "\n",
                   rate, events, std::max(no_delta, no_get), ledger_.acks().json(),
                   ledger_.samples(Place::delta).json(), ledger_.samples(Place::get).json(), after.peak_mib);
        std::fflush(stdout);
        return no_delta == 0 && no_get == 0 && producer_.failed() == 0 &&
               ledger_.samples(Place::get).size() == static_cast<std::size_t>(events);
    }

  private:
    /// Runs of slow events as one line each: what stalled, from when on, for how long.
    void print_slow() const {
        std::vector<SlowSample> slow = ledger_.slow();
        std::ranges::sort(slow, {}, &SlowSample::due_ns);
        constexpr std::int64_t kSameStall = 100'000'000;
        constexpr std::size_t kLinesMax = 60;
        std::size_t lines = 0;
        for (std::size_t i = 0; i < slow.size() && lines < kLinesMax; ++lines) {
            std::size_t last = i;
            std::int64_t longest = 0;
            for (; last < slow.size() && slow[last].due_ns - slow[i].due_ns < kSameStall; ++last)
                longest = std::max(longest, slow[last].took_ns);
            fmt::print("  slow: due {}, {} events, up to {:.1f} ms\n", clock_text(slow[i].due_ns), last - i,
                       static_cast<double>(longest) / 1e6);
            i = last;
        }
    }

    void warm() {
        send(1'000, workload_.warm_up(), false);
        wait();
        if (ledger_.missing(Place::get) > 0) die("the warm-up's events do not show in the view");
        sleep_until(now_ns() + 1'000'000'000);
    }

    void send(double rate, std::int64_t events, bool counted) {
        const std::int64_t start = now_ns() + 10'000'000;
        for (std::int64_t i = 0; i < events; ++i) {
            // Made before it is due: making it is not part of the path.
            Event event = workload_.next(wall_ms());
            const std::int64_t due = start + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate);
            ledger_.due(event.row, ++number_, due, counted);
            if (now_ns() < due) sleep_until(due);
            producer_.send(event.topic, event.partition, event.key, event.json, number_);
        }
    }

    void wait() {
        producer_.flush(static_cast<int>(options_.timeout_s * 1e3));
        const std::int64_t until = now_ns() + static_cast<std::int64_t>(options_.timeout_s * 1e9);
        while (now_ns() < until && ledger_.missing(Place::get) + ledger_.missing(Place::delta) > 0) {
            sleep_until(now_ns() + 5'000'000);
        }
    }

    const Options& options_;
    const NodeProcess& node_;
    Workload& workload_;
    Ledger ledger_;
    Observer observer_;
    Producer producer_;
    std::uint64_t number_ = 0;
};

pid_t start_browser(const Options& options, const NodeProcess& node) {
    std::vector<std::string> words;
    for (std::size_t from = 0; from < options.browser.size();) {
        const auto space = std::min(options.browser.find(' ', from), options.browser.size());
        std::string word = options.browser.substr(from, space - from);
        if (const auto at = word.find("{url}"); at != std::string::npos)
            word.replace(at, 5, "http://" + node.http() + "/");
        if (!word.empty()) words.push_back(std::move(word));
        from = space + 1;
    }
    const pid_t pid = spawn(words, options.work + "/browser.log");
    sleep_until(now_ns() + 5'000'000'000);
    return pid;
}

int run(const Options& options) {
    bool complete = true;
    for (const std::string& rate : options.rates) {
        std::filesystem::remove_all(options.work);
        std::filesystem::create_directories(options.work);
        fmt::print("{}\n", moment(options.work));
        const NodeProcess node({options.millrace, options.project, options.work, options.node_options});
        const auto workload = options.example ? example_workload() : project_workload(options.size);
        const pid_t browser = options.browser.empty() ? -1 : start_browser(options, node);
        complete = Run(options, node, *workload).measure(std::stod(rate), true) && complete;
        end_process(browser);
        fmt::print("{}\n\n", moment(options.work));
    }
    if (options.gate && !complete) fmt::print("FAILED: events were lost or late\n");
    return options.gate && !complete ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options o;
    CLI::App app("Latency from the due time of an event to a pushed delta and to a GET that contains it");
    app.add_option("--millrace", o.millrace, "The binary");
    app.add_option("--project", o.project, "The project to run")->capture_default_str();
    app.add_flag("--example", o.example,
                 "Send the fulfilment example's load (with --project examples/fulfilment)");
    app.add_option("--work", o.work, "Folder for data and logs; emptied")->capture_default_str();
    app.add_option("--rate", o.rates, "Events a second, one node each")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--seconds", o.seconds, "How long")->capture_default_str();
    app.add_option("--size", o.size, "Bytes of an event (not with --example)")->capture_default_str();
    app.add_option("--max-hz", o.max_hz, "Frames a second the subscriber asks for")->capture_default_str();
    app.add_option("--timeout", o.timeout_s, "Seconds after which an event counts as late, with this time")
        ->capture_default_str();
    app.add_option("--slow", o.slow_ms, "List GET samples above so many milliseconds");
    app.add_option("--browser", o.browser, "Command that opens {url} and stays");
    app.add_option("-X", o.node_options, "Settings of the node, key=value");
    app.add_flag("!--no-get", o.fetch, "Nobody GETs the view: what pushing alone costs");
    app.add_flag("--gate", o.gate, "Exit 1 when an event was lost or late");
    CLI11_PARSE(app, argc, argv);
    if (!raise_priority()) fmt::print("(no right to raise the priority: other load shows in the tails)\n");
    return run(o);
}
