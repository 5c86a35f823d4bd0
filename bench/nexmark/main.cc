// Nexmark, in process: what a query costs from the record (JSON, as it lies in a topic) or from binary rows
// to its changes, without sockets, journal and disk. Each query in a process of its own, into a blackhole, as
// Flink's benchmark has it. Before a figure is printed the query must give Flink's recorded answer over the
// recorded input. What it measures and how to read it: docs/benchmarks.md.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <optional>

#include "cli/slt_text.h"
#include "columnar/codec.h"
#include "engine/dataflow.h"
#include "harness/machine.h"
#include "nexmark/generator.h"
#include "nexmark/queries.h"
#include "pipeline/computation.h"
#include "wire/record.h"

namespace {

using namespace bench;
using mr::pipeline::Computation;

struct Options {
    std::string project = "tests/slt/nexmark";
    std::vector<std::string> queries;
    std::uint64_t events = 500'000;
    std::uint64_t seed = 1;
    double rate = 20'000;
    std::string work = "/tmp";
    bool json = true, rows = true;
    bool check_only = false;
};

/// Flink 2.2's events a second from its own in-process generator, measured on a machine like this one.
const std::map<std::string, double>& flink_rates() {
    static const std::map<std::string, double> rates = {
        {"q0", 435e3}, {"q2", 439e3},  {"q4", 131e3},  {"q5", 229e3},  {"q7", 70e3},
        {"q8", 425e3}, {"q9", 67e3},   {"q11", 103e3}, {"q12", 364e3}, {"q15", 159e3},
        {"q16", 44e3}, {"q18", 193e3}, {"q19", 212e3}, {"q20", 95e3}};
    return rates;
}

constexpr std::int64_t kStartMs = 1'767'225'600'000;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kBatchRecords = 500;
constexpr std::size_t kStepRecords = 3'000;  // about a megabyte, as the runner takes
constexpr std::size_t kRoundRows = 1'024;

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

/// Adds up what lies between start() and stop().
struct Stopwatch {
    double cpu = 0, wall = 0;
    void start() {
        cpu -= cpu_seconds();
        wall -= static_cast<double>(now_ns()) / 1e9;
    }
    void stop() {
        cpu += cpu_seconds();
        wall += static_cast<double>(now_ns()) / 1e9;
    }
};

// --- correctness
// ---------------------------------------------------------------------------------------------

/// The view's rows after the recorded input and 30 years of silence, as tests/slt has them.
mr::Result<std::vector<std::string>> answer(const NexmarkProject& project, const NexmarkQuery& query) {
    MR_TRY(const auto program, project.as_view(query));
    mr::state::StateSpace state;
    MR_TRY(auto computation, Computation::create(program, state));
    computation->set_partitions(0, 1);
    std::map<std::string, std::string> rows;
    const auto step = [&](mr::TimestampMs now) -> mr::Status {
        MR_TRY(const auto result, computation->finish(now));
        for (const auto& change : result.views) {
            if (change.row) {
                rows[change.key] = *change.row;
            } else {
                rows.erase(change.key);
            }
        }
        computation->step_done();
        return {};
    };
    std::int64_t offset = 0;
    for (const std::string& line : project.input()) {
        mr::wire::BatchBuilder builder;
        builder.add(mr::TimestampMs(kStartMs), std::nullopt, line);
        const std::string batch = builder.finish();
        MR_TRY_VOID(computation->add({.topic = 0,
                                      .partition = mr::PartitionId(0),
                                      .base_offset = mr::Offset(offset),
                                      .first_offset = mr::Offset(offset),
                                      .batch = batch},
                                     mr::TimestampMs(kStartMs)));
        ++offset;
        MR_TRY_VOID(step(mr::TimestampMs(kStartMs)));
    }
    for (const std::int64_t later : {std::int64_t{10'000}, 10'950 * kDayMs}) {
        const mr::TimestampMs now(kStartMs + later);
        while (computation->tick(now, 5'000)) MR_TRY_VOID(step(now));
    }
    const mr::Schema& schema = computation->views().front().schema;
    std::vector<std::string> out;
    for (const auto& [key, row] : rows) {
        MR_TRY(const auto values, mr::read_row(row, schema));
        out.push_back(mr::cli::record_text(values, schema));
    }
    std::ranges::sort(out);
    out.insert(out.begin(), "types " + mr::cli::types_text(schema));
    return out;
}

/// Why the answer is not the recorded one; empty: it is.
std::string check(const NexmarkProject& project, const NexmarkQuery& query) {
    if (query.expected.empty()) return "no recorded answer";
    const auto got = answer(project, query);
    if (!got) return got.error().message;
    if (*got == query.expected) return {};
    const auto [ours, theirs] = std::ranges::mismatch(*got, query.expected);
    return fmt::format("{} rows, {} recorded; first difference: {} | {}", got->size() - 1,
                       query.expected.size() - 1, ours == got->end() ? "(end)" : *ours,
                       theirs == query.expected.end() ? "(end)" : *theirs);
}

// --- speed
// ---------------------------------------------------------------------------------------------------

struct Figure {
    double per_second = 0, per_cpu_second = 0, peak_mib = 0, state_mib = 0;
};

Figure figure(const Options& o, const Stopwatch& watch, const mr::state::StateSpace& state) {
    const auto n = static_cast<double>(o.events);
    return {n / watch.wall, n / watch.cpu, usage_of(getpid()).peak_mib,
            static_cast<double>(state.memory()) / 1048576};
}

Figure from_json(const Options& o, const NexmarkProject::Program& program) {
    mr::state::StateSpace state;
    auto computation = Computation::create(program, state);
    if (!computation) die(computation.error().message);
    (*computation)->set_partitions(0, 1);
    NexmarkGenerator generator(o.seed, o.rate);
    Stopwatch watch;
    std::vector<std::string> batches;
    for (std::uint64_t done = 0; done < o.events;) {
        batches.clear();
        const std::uint64_t first = done;
        while (done < o.events && batches.size() < kStepRecords / kBatchRecords) {
            mr::wire::BatchBuilder builder;
            for (std::size_t i = 0; i < kBatchRecords && done < o.events; ++i, ++done)
                builder.add(mr::TimestampMs(kStartMs), std::nullopt, to_json(generator.next()));
            batches.push_back(builder.finish());
        }
        watch.start();
        auto offset = static_cast<std::int64_t>(first);
        for (const std::string& batch : batches) {
            const auto added = (*computation)
                                   ->add({.topic = 0,
                                          .partition = mr::PartitionId(0),
                                          .base_offset = mr::Offset(offset),
                                          .first_offset = mr::Offset(offset),
                                          .batch = batch},
                                         mr::TimestampMs(kStartMs));
            if (!added) die(added.error().message);
            offset += kBatchRecords;
        }
        const auto result = (*computation)->finish(mr::TimestampMs(kStartMs));
        if (!result) die(result.error().message);
        (*computation)->step_done();
        watch.stop();
    }
    if ((*computation)->counts().rejected > 0) die("records were rejected");
    return figure(o, watch, state);
}

class NoCollector final : public mr::engine::RowCollector {
  public:
    void failed(const mr::plan::Node&, std::uint64_t, std::string_view message) override {
        die(std::string(message));
    }
    void late(const mr::plan::Node&, const mr::Delta&, std::size_t, std::int64_t) override {}
};

/// A round's rows for a source, with the watermark 4 s behind the newest event.
mr::Delta source_rows(const mr::Schema& schema, const std::vector<NexmarkEvent>& events,
                      std::uint64_t arrival, std::int64_t& watermark) {
    constexpr std::array<std::string_view, 5> kColumns = {"event_type", "person", "auction", "bid",
                                                          "dateTime"};
    mr::DeltaBuilder out(schema);
    std::vector<std::size_t> places;
    for (const mr::Field& f : schema.fields)
        places.push_back(static_cast<std::size_t>(std::ranges::find(kColumns, f.name) - kColumns.begin()));
    for (const NexmarkEvent& event : events) {
        const auto values = to_values(event);
        for (std::size_t i = 0; i < places.size(); ++i) out.column(i).append_value(values.at(places[i]));
        out.end_row(1, ++arrival, watermark);
        watermark = std::max(watermark, event.time_ms - 4'000);
    }
    return out.finish(watermark);
}

Figure from_rows(const Options& o, const NexmarkProject::Program& program) {
    mr::state::StateSpace state;
    auto flow = mr::engine::Dataflow::create(*program, state);
    if (!flow) die(flow.error().message);
    NexmarkGenerator generator(o.seed, o.rate);
    NoCollector collector;
    Stopwatch watch;
    std::int64_t watermark = mr::kNoWatermark;
    std::vector<mr::Delta> sinks;
    std::vector<mr::state::Change> changes;
    for (std::uint64_t done = 0; done < o.events;) {
        std::vector<NexmarkEvent> events;
        const std::uint64_t first = done;
        for (; events.size() < kRoundRows && done < o.events; ++done) events.push_back(generator.next());
        std::vector<mr::Delta> sources;
        std::int64_t after = watermark;
        for (const auto& source : program->sources) {
            after = watermark;
            sources.push_back(source_rows(source->schema, events, first, after));
        }
        watermark = after;
        watch.start();
        (*flow)->run_round(sources, {.processing_time_ms = kStartMs}, collector, sinks);
        changes.clear();
        state.changes(changes);
        state.step_done();
        watch.stop();
    }
    return figure(o, watch, state);
}

/// Measured in a process of its own, so that its peak memory is its own; nothing where that ended badly.
template <class F>
std::optional<Figure> apart(F&& measure) {
    int ends[2];
    if (pipe(ends) != 0) die("no pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) die("cannot fork");
    if (child == 0) {
        reset_peak(getpid());
        const Figure result = measure();
        const bool told = write(ends[1], &result, sizeof result) == sizeof result;
        _exit(told ? 0 : 1);
    }
    close(ends[1]);
    Figure result;
    const bool got = read(ends[0], &result, sizeof result) == sizeof result;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (!got || status != 0) return std::nullopt;
    return result;
}

void print(const NexmarkQuery& query, std::string_view from, const std::optional<Figure>& f,
           std::vector<double>& ratios) {
    if (!f) {
        fmt::print("{:4} {:4} failed\n", query.name, from);
        return;
    }
    const auto flink = flink_rates().find(query.name);
    std::string ratio;
    if (flink != flink_rates().end()) {
        ratio = fmt::format("{:5.1f} x Flink's rate", f->per_second / flink->second);
        ratios.push_back(f->per_second / flink->second);
    }
    fmt::print(
        "{:4} {:4} {:9.0f} events/s {:9.0f} events a CPU second  {:5.2f} CPU s a million  peak {:5.0f} MiB  "
        "state {:6.1f} MiB  {}\n",
        query.name, from, f->per_second, f->per_cpu_second, 1e6 / f->per_cpu_second, f->peak_mib,
        f->state_mib, ratio);
    std::fflush(stdout);
}

int run(const Options& o) {
    const NexmarkProject project(o.project);
    if (!o.check_only) fmt::print("{}; {} events, seed {}\n", moment(o.work), o.events, o.seed);
    std::map<std::string, std::vector<double>> ratios;
    int wrong = 0;
    for (const NexmarkQuery& query : project.queries()) {
        if (!o.queries.empty() && std::ranges::find(o.queries, query.name) == o.queries.end()) continue;
        if (const std::string why = check(project, query); !why.empty()) {
            fmt::print("{:4} WRONG: {}\n", query.name, why);
            ++wrong;
            continue;
        }
        if (o.check_only) {
            fmt::print("{:4} gives Flink's recorded answer ({} rows)\n", query.name,
                       query.expected.size() - 1);
            continue;
        }
        const auto program = project.into_blackhole(query);
        if (!program) {
            fmt::print("{:4} does not compile: {}\n", query.name, program.error().message);
            continue;
        }
        if (o.rows) print(query, "rows", apart([&] { return from_rows(o, *program); }), ratios["rows"]);
        if (o.json) print(query, "json", apart([&] { return from_json(o, *program); }), ratios["json"]);
    }
    for (const auto& [from, all] : ratios) {
        double sum = 0;
        for (const double r : all) sum += std::log(r);
        if (!all.empty()) {
            fmt::print("{}: geometric mean of {} queries {:.1f} x, lowest {:.1f} x Flink's recorded rate\n",
                       from, all.size(), std::exp(sum / static_cast<double>(all.size())),
                       std::ranges::min(all));
        }
    }
    if (!o.check_only) fmt::print("{}\n", moment(o.work));
    return wrong > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options o;
    CLI::App app("Nexmark's queries, in process, each checked against Flink's recorded answer first");
    app.add_option("--project", o.project, "The queries, their input and answers")->capture_default_str();
    app.add_option("--queries", o.queries, "Only these")->delimiter(',');
    app.add_option("--events", o.events, "How many")->capture_default_str();
    app.add_option("--rate", o.rate, "Events a second of event time")->capture_default_str();
    app.add_option("--seed", o.seed, "Of the generator")->capture_default_str();
    app.add_option("--work", o.work, "Folder for the fdatasync probe")->capture_default_str();
    app.add_flag("--rows,!--no-rows", o.rows, "From binary rows");
    app.add_flag("--json,!--no-json", o.json, "From JSON records");
    app.add_flag("--check", o.check_only, "Only compare the answers");
    CLI11_PARSE(app, argc, argv);
    if (!o.check_only && !raise_priority())
        fmt::print("(no right to raise the priority: other load shows in the figures)\n");
    return run(o);
}
