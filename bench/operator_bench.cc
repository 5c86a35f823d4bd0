// Operators alone, on deltas in memory: what a row costs between decoding and encoding. One iteration is one
// step (a round, then the capture of its state changes), so `items_per_second` are rows a second a core.
// Targets: unwindowed aggregate by 200,000 string keys 1.5 M/s, tumbling aggregate 2 M/s.
#include <benchmark/benchmark.h>

#include <random>

#include "base/check.h"
#include "engine/dataflow.h"

namespace mr::engine {
namespace {

const Schema kSchema{{{"customer", DataType::string()},
                      {"site", DataType::string()},
                      {"type", DataType::string()},
                      {"amount", DataType::bigint()},
                      {"ts", DataType::timestamp()}}};
constexpr std::size_t kRows = 1 << 19;

/// Watermark lag 3 s, up to 2.9 s of disorder, 1,200 rows a second: as research on other engines used.
std::vector<Delta> input(std::size_t batch) {
    std::mt19937 rng(42);
    std::vector<Delta> deltas;
    std::int64_t watermark = kNoWatermark;
    std::uint64_t arrival = 0;
    while (arrival < kRows) {
        DeltaBuilder b(kSchema);
        for (std::size_t i = 0; i < batch; ++i) {
            const auto time = static_cast<std::int64_t>(arrival * 1000 / 1200);
            b.column(0).append_text(fmt::format("customer-{:06}", rng() % 200'000));
            b.column(1).append_text(fmt::format("site-{}", rng() % 20));
            b.column(2).append_text(fmt::format("TYPE_{}", rng() % 12));
            b.column(3).append_integer(static_cast<std::int64_t>(rng() % 1000));
            b.column(4).append_integer(time - static_cast<std::int64_t>(rng() % 2900));
            b.end_row(1, ++arrival, watermark);
            watermark = std::max(watermark, time - 3000);
        }
        deltas.push_back(b.finish(watermark));
    }
    return deltas;
}

class NoCollector final : public RowCollector {
  public:
    void failed(const plan::Node&, std::uint64_t, std::string_view message) override {
        MR_CHECK(false, "{}", std::string(message));
    }
    void late(const plan::Node&, const Delta&, std::size_t, std::int64_t) override { ++late_rows; }
    std::size_t late_rows = 0;
};

class Program {
  public:
    Program() {
        plan::SourceNode source;
        source.table = std::make_shared<plan::Table>();
        root_ = add(source, kSchema, plan::Mode::append, false);
        program_.sources.push_back(root_);
    }
    void then(plan::Operator op, Schema schema, plan::Mode mode) {
        root_ = add(std::move(op), std::move(schema), mode, true);
    }
    plan::Program build() {
        plan::Sink sink;
        sink.target = plan::ViewSink{"v", root_->schema, {0}, nullptr};
        sink.root = root_;
        program_.sinks.push_back(std::move(sink));
        return program_;
    }

  private:
    plan::NodePtr add(plan::Operator op, Schema schema, plan::Mode mode, bool has_input) {
        auto node = std::make_shared<plan::Node>();
        node->op = std::move(op);
        if (has_input) node->inputs.push_back(root_);
        node->schema = std::move(schema);
        node->mode = mode;
        node->fingerprint = ++fingerprint_;
        return node;
    }
    plan::NodePtr root_;
    plan::Program program_;
    std::uint64_t fingerprint_ = 0;
};

plan::AggCall call(const char* function, int column) {
    plan::AggCall c;
    c.function = c.name = function;
    c.type = DataType::bigint();
    if (column >= 0) c.args.push_back(plan::input(column, kSchema[static_cast<std::size_t>(column)].type));
    return c;
}

void run(benchmark::State& state, const plan::Program& program) {
    const std::vector<Delta> deltas = input(static_cast<std::size_t>(state.range(0)));
    NoCollector collector;
    state::StateSpace space;
    auto flow = Dataflow::create(program, space);
    MR_CHECK(flow.has_value(), "{}", flow.error().message);
    std::vector<Delta> sinks;
    std::vector<state::Change> changes;
    std::size_t at = 0;
    std::size_t out = 0;
    std::size_t captured = 0;
    for (auto _ : state) {
        if (at == deltas.size()) {
            // Once more from the start, with new state: arrivals and watermarks must not fall.
            state.PauseTiming();
            flow->reset();
            space.~StateSpace();
            std::construct_at(&space);
            flow = Dataflow::create(program, space);
            at = 0;
            state.ResumeTiming();
        }
        (*flow)->run_round(std::span(&deltas[at++], 1), {}, collector, sinks);
        changes.clear();
        space.changes(changes);
        space.step_done();
        out += sinks[0].size();
        captured += changes.size();
    }
    const auto rows = static_cast<double>(state.iterations() * state.range(0));
    state.SetItemsProcessed(state.iterations() * state.range(0));
    state.counters["out/row"] = static_cast<double>(out) / rows;
    state.counters["changes/row"] = static_cast<double>(captured) / rows;
    state.counters["state_MB"] = static_cast<double>(space.memory()) / 1e6;
    state.counters["late"] = static_cast<double>(collector.late_rows);
}

void aggregate_200k_keys(benchmark::State& state) {
    Program p;
    p.then(plan::AggregateNode{{0}, {call("COUNT", -1), call("SUM", 3)}},
           {{{"customer", DataType::string()}, {"n", DataType::bigint()}, {"s", DataType::bigint()}}},
           plan::Mode::retract);
    run(state, p.build());
}
BENCHMARK(aggregate_200k_keys)->Arg(1)->Arg(64)->Arg(1024);

plan::WindowAggregateNode window_node(plan::WindowKind kind, std::int64_t size, std::int64_t slide) {
    plan::WindowAggregateNode node;
    node.window.kind = kind;
    node.window.time_column = 4;
    node.window.size_ms = size;
    node.window.slide_ms = slide;
    node.window.gap_ms = size;
    node.window.partition_keys = {1, 2};
    node.keys = {1, 2};
    node.calls = {call("COUNT", -1), call("SUM", 3), call("AVG", 3)};
    node.window_columns = {"window_start", "window_end"};
    return node;
}

void window(benchmark::State& state, plan::WindowKind kind, std::int64_t size, std::int64_t slide) {
    Program p;
    p.then(window_node(kind, size, slide),
           {{{"site", DataType::string()},
             {"type", DataType::string()},
             {"n", DataType::bigint()},
             {"s", DataType::bigint()},
             {"a", DataType::bigint()},
             {"ws", DataType::timestamp()},
             {"we", DataType::timestamp()}}},
           plan::Mode::append);
    run(state, p.build());
}
void tumble_10s(benchmark::State& state) {
    window(state, plan::WindowKind::tumble, 10'000, 0);
}
void hop_10s_2s(benchmark::State& state) {
    window(state, plan::WindowKind::hop, 10'000, 2'000);
}
void session_300ms(benchmark::State& state) {
    window(state, plan::WindowKind::session, 300, 0);
}
BENCHMARK(tumble_10s)->Arg(1)->Arg(64)->Arg(1024);
BENCHMARK(hop_10s_2s)->Arg(1024);
BENCHMARK(session_300ms)->Arg(1024);

void over_101_rows(benchmark::State& state) {
    Program p;
    plan::OverNode node;
    node.partition_keys = {1};
    node.order_column = 4;
    node.preceding = 100;
    node.calls = {call("SUM", 3), call("COUNT", -1)};
    Schema schema = kSchema;
    schema.fields.push_back({"s", DataType::bigint()});
    schema.fields.push_back({"n", DataType::bigint()});
    p.then(node, schema, plan::Mode::append);
    run(state, p.build());
}
BENCHMARK(over_101_rows)->Arg(1)->Arg(1024);

void top_3_of_sums(benchmark::State& state) {
    Program p;
    p.then(plan::AggregateNode{{1, 0}, {call("SUM", 3)}},
           {{{"site", DataType::string()}, {"customer", DataType::string()}, {"s", DataType::bigint()}}},
           plan::Mode::retract);
    plan::TopNNode top;
    top.partition_keys = {0};
    top.order = {{2, true, true}};
    top.high = 3;
    p.then(top, {{{"site", DataType::string()}, {"customer", DataType::string()}, {"s", DataType::bigint()}}},
           plan::Mode::retract);
    run(state, p.build());
}
BENCHMARK(top_3_of_sums)->Arg(1024);

void deduplicate_last(benchmark::State& state) {
    Program p;
    plan::DeduplicateNode node;
    node.keys = {0};
    node.time_column = 4;
    node.keep_last = true;
    p.then(node, kSchema, plan::Mode::retract);
    run(state, p.build());
}
BENCHMARK(deduplicate_last)->Arg(1024);

}  // namespace
}  // namespace mr::engine

BENCHMARK_MAIN();
