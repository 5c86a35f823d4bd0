#include "engine/dataflow_harness.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/check.h"

namespace mr::engine::test {
namespace {

class Collector final : public RowCollector {
  public:
    explicit Collector(Output& out) : out_(out) {}
    void failed(const plan::Node&, std::uint64_t arrival, std::string_view message) override {
        out_.failed.push_back(fmt::format("@{} {}", arrival, message));
    }
    void late(const plan::Node& node, const Delta& input, std::size_t row, std::int64_t watermark) override {
        input.check(node.inputs[0]->schema);
        out_.late.push_back(fmt::format("{} wm={}", row_text(input, row), watermark));
    }

  private:
    Output& out_;
};

std::string value_text(const Value& v, const DataType& type) {
    if (v.is_null()) return "NULL";
    if (type.is_temporal()) return fmt::format("{}", v.integer());
    return to_string(v, type);
}

/// Copies what a step captured into the space that stands for the journal.
void replicate(state::StateSpace& from, state::StateSpace& to) {
    std::vector<state::Change> changes;
    from.changes(changes);
    const Status names = to.declare(from.names());
    MR_CHECK(names.has_value(), "{}", names.error().message);
    for (const state::Change& c : changes) {
        const Status applied = to.apply(c);
        MR_CHECK(applied.has_value(), "{}", applied.error().message);
    }
    from.step_done();
}

}  // namespace

std::string row_text(const Delta& delta, std::size_t row) {
    std::string text = "[";
    for (std::size_t i = 0; i < delta.columns.size(); ++i) {
        const Column& c = *delta.columns[i];
        text += (i > 0 ? ", " : "") + value_text(c.value(row), c.type());
    }
    return text + "]";
}

plan::NodePtr Plan::source(Schema schema, plan::Mode mode) {
    auto table = std::make_shared<plan::Table>();
    table->name = fmt::format("source{}", sources_.size());
    plan::SourceNode op;
    for (const Field& f : schema.fields) {
        plan::TableColumn c;
        c.name = f.name;
        c.type = f.type;
        op.columns.push_back(static_cast<int>(table->columns.size()));
        table->columns.push_back(std::move(c));
    }
    op.table = std::move(table);
    sources_.push_back(add(std::move(op), {}, std::move(schema), mode));
    return sources_.back();
}

plan::NodePtr Plan::add(plan::Operator op, std::vector<plan::NodePtr> inputs, Schema schema,
                        plan::Mode mode) {
    auto node = std::make_shared<plan::Node>();
    node->op = std::move(op);
    node->inputs = std::move(inputs);
    node->schema = std::move(schema);
    node->mode = mode;
    node->fingerprint = next_++;
    return node;
}

plan::NodePtr Plan::project(const plan::NodePtr& in, std::vector<plan::ExprPtr> expressions) {
    Schema schema;
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        schema.fields.push_back({fmt::format("p{}", i), expressions[i]->type});
    }
    return add(plan::ProjectNode{std::move(expressions)}, {in}, std::move(schema), in->mode);
}

plan::NodePtr Plan::filter(const plan::NodePtr& in, plan::ExprPtr condition) {
    return add(plan::FilterNode{std::move(condition)}, {in}, in->schema, in->mode);
}

plan::NodePtr Plan::aggregate(const plan::NodePtr& in, std::vector<int> keys,
                              std::vector<plan::AggCall> calls) {
    Schema schema;
    for (const int k : keys) schema.fields.push_back(in->schema[static_cast<std::size_t>(k)]);
    for (const plan::AggCall& c : calls) schema.fields.push_back({c.name, c.type});
    return add(plan::AggregateNode{std::move(keys), std::move(calls)}, {in}, std::move(schema),
               plan::Mode::retract);
}

plan::NodePtr Plan::join(plan::JoinKind kind, const plan::NodePtr& left, const plan::NodePtr& right,
                         std::vector<int> left_keys, std::vector<int> right_keys, plan::ExprPtr residual) {
    const bool filters = kind == plan::JoinKind::semi || kind == plan::JoinKind::anti;
    plan::JoinNode op;
    op.kind = kind;
    op.left_keys = std::move(left_keys);
    op.right_keys = std::move(right_keys);
    op.residual = std::move(residual);
    return add(std::move(op), {left, right}, filters ? left->schema : joined(left->schema, right->schema),
               plan::Mode::retract);
}

plan::NodePtr Plan::union_all(const plan::NodePtr& a, const plan::NodePtr& b) {
    const bool append = a->mode == plan::Mode::append && b->mode == plan::Mode::append;
    return add(plan::UnionAllNode{}, {a, b}, a->schema, append ? plan::Mode::append : plan::Mode::retract);
}

plan::Program Plan::program(const std::vector<plan::NodePtr>& roots) const {
    plan::Program program;
    program.name = "test";
    for (const plan::NodePtr& root : roots) {
        plan::Sink sink;
        sink.target = plan::ViewSink{"v", root->schema, {0}, nullptr};
        sink.root = root;
        program.sinks.push_back(std::move(sink));
    }
    program.sources = sources_;
    return program;
}

plan::ExprPtr column(const plan::NodePtr& node, int index) {
    return plan::input(index, node->schema[static_cast<std::size_t>(index)].type);
}

plan::ExprPtr number(std::int64_t v) {
    return plan::literal(DataType::bigint().with_nullable(false), Value::of(v));
}

plan::AggCall agg(const plan::NodePtr& node, const std::string& function, int index, bool distinct) {
    plan::AggCall call;
    call.function = function;
    call.distinct = distinct;
    call.type = DataType::bigint();
    if (index >= 0) {
        call.args.push_back(column(node, index));
        if (function != "COUNT") call.type = call.args[0]->type;
    }
    if (function == "LISTAGG") call.type = DataType::string();
    call.name = function;
    return call;
}

Schema joined(const Schema& left, const Schema& right) {
    Schema schema = left;
    schema.fields.insert(schema.fields.end(), right.fields.begin(), right.fields.end());
    return schema;
}

Output run(const plan::Program& program, const std::vector<Event>& events, const RunOptions& options) {
    Output out;
    Collector collector(out);
    out.sequence.resize(program.sinks.size());
    out.rows.resize(program.sinks.size());
    auto state = std::make_unique<state::StateSpace>();
    auto journal = std::make_unique<state::StateSpace>();
    auto flow = Dataflow::create(program, *state);
    MR_CHECK(flow.has_value(), "{}", flow.error().message);
    std::vector<std::int64_t> watermarks(program.sources.size(), kNoWatermark);
    std::size_t rounds = 0;
    // The last round has no rows, so that the final watermark is no row's doing.
    bool last = false;
    for (std::size_t at = 0; !last;) {
        last = at == events.size();
        std::vector<DeltaBuilder> builders;
        for (const plan::NodePtr& s : program.sources) builders.emplace_back(s->schema);
        const std::size_t end = std::min(events.size(), at + options.round_rows);
        for (; at < end; ++at) {
            const Event& e = events[at];
            DeltaBuilder& b = builders[e.source];
            for (std::size_t i = 0; i < e.row.size(); ++i) b.column(i).append_value(e.row[i]);
            b.end_row(e.weight, at + 1, watermarks[e.source]);
            watermarks[e.source] = std::max(watermarks[e.source], e.watermark);
        }
        std::vector<Delta> deltas;
        for (std::size_t i = 0; i < builders.size(); ++i) {
            if (last) watermarks[i] = std::max(watermarks[i], options.final_watermark);
            deltas.push_back(builders[i].finish(watermarks[i]));
        }
        std::vector<Delta> sinks;
        (*flow)->run_round(deltas, {}, collector, sinks);
        for (std::size_t s = 0; s < sinks.size(); ++s) {
            sinks[s].check(program.sinks[s].root->schema);
            for (std::size_t row = 0; row < sinks[s].size(); ++row) {
                const std::string text = row_text(sinks[s], row);
                out.sequence[s].push_back(
                    fmt::format("{:+} {} @{}", sinks[s].weight[row], text, sinks[s].arrival[row]));
                auto& weight = out.rows[s][text];
                weight += sinks[s].weight[row];
                if (weight == 0) out.rows[s].erase(text);
            }
            if (!options.check_negative) continue;
            for (const auto& [text, weight] : out.rows[s]) EXPECT_GT(weight, 0) << text;
        }
        replicate(*state, *journal);
        ++rounds;
        if (options.restart_every > 0 && rounds % options.restart_every == 0 && !last) {
            // As after a crash: names, a snapshot, and nothing of the old objects.
            std::string snapshot;
            journal->snapshot(snapshot);
            flow->reset();
            state = std::make_unique<state::StateSpace>();
            MR_CHECK(state->declare(journal->names()).has_value(), "names");
            MR_CHECK(state->restore(snapshot).has_value(), "snapshot");
            flow = Dataflow::create(program, *state);
        }
    }
    out.stats = (*flow)->stats();
    for (const auto& t : state->stats()) out.state_keys += t.keys;
    return out;
}

static void expect_equal(const Output& cut, const Output& whole, const std::string& what) {
    for (std::size_t s = 0; s < whole.sequence.size(); ++s) {
        const auto& a = cut.sequence[s];
        const auto& b = whole.sequence[s];
        EXPECT_EQ(a.size(), b.size()) << what << ", sink " << s;
        const auto differs = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
        if (differs.first == a.end() || differs.second == b.end()) continue;
        ADD_FAILURE() << what << ", sink " << s << ": row " << differs.first - a.begin() << " is "
                      << *differs.first << ", in one round " << *differs.second;
    }
    // Within a round one operator reports after the other.
    const auto sorted = [](std::vector<std::string> lines) {
        std::ranges::sort(lines);
        return lines;
    };
    EXPECT_EQ(sorted(cut.late), sorted(whole.late)) << what;
    EXPECT_EQ(sorted(cut.failed), sorted(whole.failed)) << what;
}

Output run_all_cuts(const plan::Program& program, const std::vector<Event>& events,
                    std::int64_t final_watermark) {
    Output whole = run(program, events, {.final_watermark = final_watermark, .check_negative = true});
    for (const std::size_t rows : {1UL, 7UL}) {
        const Output cut =
            run(program, events,
                {.round_rows = rows, .final_watermark = final_watermark, .check_negative = true});
        expect_equal(cut, whole, fmt::format("rounds of {}", rows));
    }
    const Output restarted =
        run(program, events, {.round_rows = 5, .restart_every = 3, .final_watermark = final_watermark});
    expect_equal(restarted, whole, "restarts");
    return whole;
}

}  // namespace mr::engine::test
