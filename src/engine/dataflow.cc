#include "engine/dataflow.h"

#include <algorithm>

#include "base/check.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine {
namespace {

std::string source_key(std::uint64_t fingerprint) {
    std::string key("source/");
    internal::append_ordered(key, fingerprint);
    return key;
}

constexpr std::string_view kLastArrival = "last-arrival";

Delta empty_delta(const Schema& schema) {
    return DeltaBuilder(schema).finish(kNoWatermark);
}

}  // namespace

/// A node of the DAG at run time.
struct Dataflow::Step {
    plan::NodePtr node;
    std::uint64_t fingerprint = 0;
    OperatorPtr op;             ///< nullptr: a source
    bool materializer = false;  ///< of a sink; `node` is the sink's root
    std::size_t source = 0;
    std::vector<std::size_t> inputs;  ///< indexes of steps
    Delta empty;                      ///< of its schema
    Delta output;
    Track merged;   ///< where inputs differ, or the source's
    Track delayed;  ///< where the operator holds the watermark back
    const Track* in = nullptr;
    const Track* out = nullptr;
    RoundTimes times;
};

struct Dataflow::Sink {
    std::size_t step = 0;
};

std::vector<int> sink_key(const plan::Sink& sink) {
    if (const auto* view = std::get_if<plan::ViewSink>(&sink.target)) return view->key;
    const auto& topic = std::get<plan::TopicSink>(sink.target);
    // mapping counts the physical and writable metadata columns only.
    std::vector<int> root_column(topic.table->columns.size(), -1);
    std::size_t next = 0;
    for (std::size_t i = 0; i < topic.table->columns.size(); ++i) {
        const plan::TableColumn& c = topic.table->columns[i];
        const bool written =
            c.kind == plan::ColumnKind::physical || (c.kind == plan::ColumnKind::metadata && !c.is_virtual);
        if (written && next < topic.mapping.size()) root_column[i] = topic.mapping[next++];
    }
    std::vector<int> key;
    for (const int c : topic.table->primary_key) key.push_back(root_column[static_cast<std::size_t>(c)]);
    return key;
}

Dataflow::Dataflow(const plan::Program& program, state::StateSpace& state, const Clock* clock)
    : program_(program), state_(state), clock_(clock), watermarks_(state.keyed(0, "watermarks")) {}

Dataflow::~Dataflow() = default;

Result<std::unique_ptr<Dataflow>> Dataflow::create(const plan::Program& program, state::StateSpace& state,
                                                   const Clock* clock) {
    auto flow = std::make_unique<Dataflow>(program, state, clock);
    for (const plan::Sink& sink : program.sinks) MR_TRY_VOID(flow->add_sink(sink));
    return flow;
}

/// Adds a node after its inputs; a node that is there already is shared.
Result<std::size_t> Dataflow::add_node(const plan::NodePtr& node) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        if (steps_[i]->node == node && !steps_[i]->materializer) return i;
    }
    auto step = std::make_unique<Step>();
    step->node = node;
    for (const plan::NodePtr& in : node->inputs) {
        MR_TRY(const std::size_t at, add_node(in));
        step->inputs.push_back(at);
    }
    // Equal sub-plans that are not one node must not share tables.
    step->fingerprint = node->fingerprint;
    for (const auto& other : steps_) {
        if (other->node->fingerprint == node->fingerprint) step->fingerprint += 0x9e3779b97f4a7c15ULL;
    }
    if (std::holds_alternative<plan::SourceNode>(node->op)) {
        const auto at = std::find(program_.sources.begin(), program_.sources.end(), node);
        if (at == program_.sources.end()) {
            return fail(Code::internal, "a source of {} is missing in its list of sources", program_.name);
        }
        step->source = static_cast<std::size_t>(at - program_.sources.begin());
    } else {
        Result<OperatorPtr> made = make_operator(node, state_, step->fingerprint);
        if (!made) return annotate(std::move(made).error(), plan::operator_name(node->op));
        step->op = std::move(*made);
    }
    step->empty = empty_delta(node->schema);
    steps_.push_back(std::move(step));
    return steps_.size() - 1;
}

Status Dataflow::add_sink(const plan::Sink& sink) {
    MR_TRY(std::size_t at, add_node(sink.root));
    if (sink.needs_materializer) {
        std::vector<int> key = sink_key(sink);
        if (key.empty() || std::find(key.begin(), key.end(), -1) != key.end()) {
            return fail(Code::invalid_argument, "the sink's primary key is not among the columns written");
        }
        auto step = std::make_unique<Step>();
        step->node = sink.root;
        step->inputs.push_back(at);
        step->materializer = true;
        // Named by the root and the place among the sinks, so that two sinks do not share a table.
        step->fingerprint = sink.root->fingerprint + 0xd1b54a32d192ed03ULL * (sinks_.size() + 1);
        step->op = internal::make_materializer({step->node, state_, step->fingerprint}, std::move(key));
        step->empty = empty_delta(sink.root->schema);
        steps_.push_back(std::move(step));
        at = steps_.size() - 1;
    }
    sinks_.push_back({at});
    return {};
}

void Dataflow::load_watermarks() {
    loaded_ = true;
    if (const auto last = watermarks_.get(kLastArrival)) {
        last_arrival_ = static_cast<std::uint64_t>(internal::load_i64(last->data()));
    }
    for (const auto& step : steps_) {
        if (step->op) continue;
        const auto wm = watermarks_.get(source_key(step->fingerprint));
        step->merged.start = wm ? internal::load_i64(wm->data()) : kNoWatermark;
    }
}

void Dataflow::run_source(Step& step, const Delta& delta) {
    const std::int64_t before = step.merged.end();
    step.merged = track_of_source(delta, before, last_arrival_);
    step.out = &step.merged;
    step.output = delta;
    if (step.merged.end() != before) {
        const auto edit = watermarks_.edit(source_key(step.fingerprint), 8);
        internal::store_i64(edit.value, step.merged.end());
    }
}

/// The operator's input track is its inputs' if they agree, else their minimum.
void Dataflow::combine_tracks(Step& step) {
    std::vector<const Track*> tracks;
    for (const std::size_t in : step.inputs) {
        if (std::find(tracks.begin(), tracks.end(), steps_[in]->out) == tracks.end()) {
            tracks.push_back(steps_[in]->out);
        }
    }
    if (tracks.size() == 1) {
        step.in = tracks.front();
    } else {
        step.merged = track_minimum(tracks);
        step.in = &step.merged;
    }
    step.out = step.in;
    if (const std::int64_t delay = step.op->watermark_delay_ms(); delay > 0) {
        step.delayed = track_delayed(*step.in, delay);
        step.out = &step.delayed;
    }
}

void Dataflow::follow_clock(Step& step, const RoundInfo& info) const {
    const std::int64_t before = step.merged.end();
    step.merged = {.start = before, .raises = {}};
    const std::int64_t now = info.processing_time_ms - 1;
    if (now > before) step.merged.raises.push_back({arrival_before_, now});
    step.in = step.out = &step.merged;
}

bool Dataflow::follows_clock() const {
    return std::any_of(steps_.begin(), steps_.end(), [](const auto& step) {
        return std::holds_alternative<plan::ProcessingTimeNode>(step->node->op);
    });
}

bool Dataflow::run_step(std::size_t index, const RoundInfo& info, RowCollector& collector) {
    Step& step = *steps_[index];
    if (std::holds_alternative<plan::ProcessingTimeNode>(step.node->op) && !step.materializer) {
        follow_clock(step, info);
    } else {
        combine_tracks(step);
    }
    std::vector<const Delta*> inputs;
    bool idle = !step.inputs.empty();
    for (const std::size_t in : step.inputs) {
        inputs.push_back(&steps_[in]->output);
        idle = idle && steps_[in]->output.empty();
    }
    if (idle && (step.in->raises.empty() || !step.op->reacts_to_watermark())) {
        step.output = step.empty;
        step.output.end_watermark = step.out->end();
        return false;
    }
    const Round round{*step.in, info.processing_time_ms, collector};
    step.output = step.op->run(round, inputs);
    step.output.end_watermark = step.out->end();
    step.op->count(inputs, step.output);
#ifndef MR_NO_DCHECK
    step.output.check(step.op->node().schema);
    MR_CHECK(step.output.empty() || step.output.wm.front() >= step.out->start, "{}: watermark fell from {}",
             plan::operator_name(step.node->op), step.out->start);
#endif
    return true;
}

void Dataflow::run_round(std::span<const Delta> sources, const RoundInfo& info, RowCollector& collector,
                         std::vector<Delta>& sinks) {
    MR_CHECK(sources.size() == program_.sources.size(), "{} deltas for {} sources", sources.size(),
             program_.sources.size());
    if (!loaded_) load_watermarks();
    const std::uint64_t before = last_arrival_;
    arrival_before_ = before;
    for (const Delta& d : sources) {
        if (!d.empty()) last_arrival_ = std::max(last_arrival_, d.arrival.back());
    }
    if (last_arrival_ != before) {
        const auto edit = watermarks_.edit(kLastArrival, 8);
        internal::store_i64(edit.value, static_cast<std::int64_t>(last_arrival_));
    }
    // One look at the clock an operator that had something to do: where one ends the next begins.
    const auto read_clock = [this] { return clock_ == nullptr ? 0 : clock_->monotonic_ns(); };
    std::int64_t began = read_clock();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        Step& step = *steps_[i];
        if (step.op) {
            if (!run_step(i, info, collector) || clock_ == nullptr) continue;
            const std::int64_t ended = read_clock();
            step.times.record(ended - began);
            began = ended;
        } else {
#ifndef MR_NO_DCHECK
            sources[step.source].check(step.node->schema);
#endif
            run_source(step, sources[step.source]);
        }
    }
    sinks.clear();
    for (const Sink& sink : sinks_) sinks.push_back(steps_[sink.step]->output);
    for (const auto& step : steps_) step->output = step->empty;
}

std::vector<OperatorStats> Dataflow::stats() const {
    std::vector<OperatorStats> stats;
    for (const auto& step : steps_) {
        if (!step->op) continue;
        stats.push_back({.name = step->materializer ? "Materialize" : plan::operator_name(step->node->op),
                         .node = step->node,
                         .materializer = step->materializer,
                         .fingerprint = step->fingerprint,
                         .counters = step->op->counters(),
                         .times = step->times.summary(),
                         .state_bytes = state_.memory(step->fingerprint),
                         .watermark_ms = step->out == nullptr ? kNoWatermark : step->out->end()});
    }
    return stats;
}

std::int64_t Dataflow::sink_watermark(std::size_t sink) const {
    MR_CHECK(sink < sinks_.size(), "sink {} of {}", sink, sinks_.size());
    const Track* out = steps_[sinks_[sink].step]->out;
    return out == nullptr ? kNoWatermark : out->end();
}

}  // namespace mr::engine
