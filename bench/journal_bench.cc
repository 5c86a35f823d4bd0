// What the journal costs: entries a second on one core, and how long a lone change waits to be durable.
//   build/release/bench/journal_bench            files below $BENCH_DIR, or the current directory
// Prints the median fdatasync of the moment beside the figures that contain one; google-benchmark prints the
// load average.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "journal/journal.h"

namespace {

using namespace mr;
using namespace mr::journal;

class Sink final : public Participant {
  public:
    [[nodiscard]] std::string_view name() const override { return "sink"; }
    [[nodiscard]] bool reads(Kind kind) const override { return kind == Kind::topic_batch; }
    void apply(const Entry& entry) override {
        applied_ = entry.seq;
        last_ = entry.payload;
    }
    std::unique_ptr<Cut> cut() override {
        auto cut = std::make_unique<Cut>();
        cut->through = applied_;
        cut->write = [](std::string&) -> Status { return {}; };
        return cut;
    }
    Status restore(std::string_view, Seq through) override {
        applied_ = through;
        return {};
    }
    [[nodiscard]] Seq applied_through() const override { return applied_; }

  private:
    Seq applied_;
    SharedBytes last_;
};

class Produce final : public Proposal {
  public:
    Produce(std::string payload, std::atomic<std::uint64_t>& done)
        : payload_(std::move(payload)), done_(done) {}
    void order(Appender& out) override { out.append(Kind::topic_batch, std::move(payload_)); }
    void done() override {
        done_.fetch_add(1, std::memory_order_release);
        done_.notify_one();
    }
    [[nodiscard]] std::size_t bytes() const override { return 2048; }

  private:
    std::string payload_;
    std::atomic<std::uint64_t>& done_;
};

/// A journal in a folder of its own, removed at the end.
struct Bench {
    explicit Bench(bool prepare_next = true) {
        const char* base = std::getenv("BENCH_DIR");
        std::string pattern = std::string(base != nullptr ? base : ".") + "/journal_bench.XXXXXX";
        MR_CHECK(::mkdtemp(pattern.data()) != nullptr, "cannot make {}", pattern);
        root = pattern;
        open();
        while (prepare_next && log->settle_once()) {
        }
    }
    void open() {
        Options options;
        options.directory = root + "/journal";
        options.checkpoint_directory = root + "/checkpoints";
        auto opened = Journal::open(posix_file_system(), system_clock(), metrics, options, {&sink});
        MR_CHECK(opened.has_value(), "{}", opened.error().message);
        log = std::move(*opened);
    }
    ~Bench() {
        log.reset();
        std::filesystem::remove_all(root);
    }
    void submit(std::size_t bytes) {
        std::unique_ptr<Proposal> proposal = std::make_unique<Produce>(std::string(bytes, 'x'), done);
        while (!log->try_submit(Lane::clients, proposal)) std::this_thread::yield();
    }
    [[nodiscard]] double median_sync_us() {
        return static_cast<double>(metrics.histogram("millrace_journal_sync_seconds", "").quantile_ns(0.5)) /
               1e3;
    }

    std::string root;
    Metrics metrics;
    Sink sink;
    std::atomic<std::uint64_t> done{0};
    std::unique_ptr<Journal> log;
};

/// Groups of 1 MiB: submit, order, write, sync, checkpoint, all on one thread. `items_per_second` is entries
/// a second of CPU; `wall` of time, with the disk in it.
void one_core(benchmark::State& state) {
    Bench bench;
    const auto bytes = static_cast<std::size_t>(state.range(0));
    const std::size_t burst = (1U << 20) / bytes;
    std::uint64_t entries = 0;
    const std::int64_t start = system_clock().monotonic_ns();
    for (auto _ : state) {
        for (std::size_t i = 0; i < burst; ++i) bench.submit(bytes);
        while (bench.log->run_once()) {
        }
        bench.log->sync_once();
        while (bench.log->settle_once() || bench.log->run_once()) {
        }
        entries += burst;
    }
    const double seconds = static_cast<double>(system_clock().monotonic_ns() - start) / 1e9;
    state.SetItemsProcessed(static_cast<std::int64_t>(entries));
    state.SetBytesProcessed(static_cast<std::int64_t>(entries * bytes));
    state.counters["wall_per_s"] = static_cast<double>(entries) / seconds;
    state.counters["fdatasync_p50_us"] = bench.median_sync_us();
}
BENCHMARK(one_core)->Arg(200)->Arg(2048)->Arg(65536)->MeasureProcessCPUTime()->MinTime(2);

/// The three threads as a node runs them.
struct Threads {
    explicit Threads(Journal& journal)
        : run([this, &journal] {
              while (!quit) {
                  if (!journal.run_once()) journal.wait_run(1'000);
              }
          }),
          sync([this, &journal] {
              while (!quit) {
                  if (!journal.sync_once()) journal.wait_sync(1'000);
              }
          }),
          settle([this, &journal] {
              while (!quit) {
                  if (!journal.settle_once()) journal.wait_settle(1'000);
              }
          }),
          log(journal) {}
    ~Threads() {
        quit = true;
        log.stop();
        run.join();
        sync.join();
        settle.join();
    }
    std::atomic<bool> quit{false};
    std::thread run;
    std::thread sync;
    std::thread settle;
    Journal& log;
};

/// One change of 2 KB at a time, from submit() to done(): fdatasync and two wake-ups.
void lone_change(benchmark::State& state) {
    Bench bench;
    const Threads threads(*bench.log);
    std::vector<std::int64_t> samples;
    for (auto _ : state) {
        const std::int64_t start = system_clock().monotonic_ns();
        const std::uint64_t before = bench.done.load();
        bench.submit(2048);
        bench.done.wait(before);
        samples.push_back(system_clock().monotonic_ns() - start);
    }
    std::ranges::sort(samples);
    const auto quantile = [&](double q) {
        return static_cast<double>(
                   samples[static_cast<std::size_t>(q * static_cast<double>(samples.size() - 1))]) /
               1e3;
    };
    state.counters["p50_us"] = quantile(0.5);
    state.counters["p99_us"] = quantile(0.99);
    state.counters["fdatasync_p50_us"] = bench.median_sync_us();
}
BENCHMARK(lone_change)->UseRealTime()->MinTime(2);

/// As fast as it takes them, 2 KB each, all three threads.
void full_speed(benchmark::State& state) {
    Bench bench;
    const Threads threads(*bench.log);
    std::uint64_t submitted = 0;
    for (auto _ : state) {
        bench.submit(2048);
        ++submitted;
    }
    for (std::uint64_t seen = bench.done; seen < submitted; seen = bench.done) bench.done.wait(seen);
    state.SetItemsProcessed(static_cast<std::int64_t>(submitted));
    state.SetBytesProcessed(static_cast<std::int64_t>(submitted * 2048));
    state.counters["fdatasync_p50_us"] = bench.median_sync_us();
}
BENCHMARK(full_speed)->UseRealTime()->MeasureProcessCPUTime()->MinTime(3);

/// A start in an empty directory: most of it is zeroing and syncing the first file.
void start_empty(benchmark::State& state) {
    for (auto _ : state) {
        const std::int64_t start = system_clock().monotonic_ns();
        Bench bench(false);
        state.SetIterationTime(static_cast<double>(system_clock().monotonic_ns() - start) / 1e9);
    }
}
BENCHMARK(start_empty)->UseManualTime()->Iterations(10)->Unit(benchmark::kMillisecond);

/// A start that finds 128 MiB of entries of 2 KB in the journal and no checkpoint.
void start_with_entries(benchmark::State& state) {
    Bench bench;
    for (int i = 0; i < 65'536; ++i) {
        bench.submit(2048);
        if (i % 512 != 511) continue;
        while (bench.log->run_once() || bench.log->sync_once() || bench.log->settle_once()) {
        }
    }
    for (auto _ : state) {
        bench.log.reset();
        bench.sink = Sink();
        const std::int64_t start = system_clock().monotonic_ns();
        bench.open();
        state.SetIterationTime(static_cast<double>(system_clock().monotonic_ns() - start) / 1e9);
        MR_CHECK(bench.log->recovery().last == Seq(65'536));
    }
}
BENCHMARK(start_with_entries)->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
