#include "pipeline/computation.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/json_writer.h"
#include "engine/consolidate.h"
#include "engine/fields_read.h"
#include "formats/json_encoder.h"
#include "wire/record.h"

namespace mr::pipeline {
namespace {

constexpr std::size_t kRoundRows = 1'024;
/// A silent source's watermark is moved in steps of this, not at every wake-up.
constexpr std::int64_t kSilenceStepMs = 200;

/// One SourceNode at work.
struct Source {
    std::unique_ptr<engine::SourceStage> stage;
    std::uint32_t topic = 0;
    bool strict = false;
    std::string state_key;
    std::string last_state;
    /// Wall clock of the last record, per partition; set at the first tick for those without one.
    std::vector<std::int64_t> heard_ms;
    std::uint32_t rejected_topic = 0;
    std::uint32_t late_topic = 0;
    std::string table;
    std::string topic_name;
    std::map<std::int32_t, std::int64_t> starts;  ///< by partition: records below are not read
    std::int64_t start = 0;                       ///< of the batch at hand
    std::int64_t decoding_ns = 0;                 ///< in the round at hand
    engine::RoundTimes times;
};

/// What went into one sink.
struct Written {
    std::uint64_t changes = 0;
    engine::RoundTimes times;
};

std::string source_state_key(std::size_t index) {
    return "source-" + std::to_string(index);
}

}  // namespace

class Computation::Impl final : public engine::RowCollector {
  public:
    Impl(std::shared_ptr<const plan::Program> p, state::StateSpace& s, formats::SchemaSource* source,
         const Clock* c)
        : program(std::move(p)), state(s), schemas(source), clock(c) {}

    Status open() {
        // The table of source states comes first: its number does not depend on the operators.
        source_states = &state.keyed(0, "sources");
        for (std::size_t i = 0; i < program->sources.size(); ++i) MR_TRY_VOID(open_source(i));
        for (const plan::Sink& sink : program->sinks) {
            MR_TRY(auto encoder, SinkEncoder::create(sink, outputs, schemas));
            encoders.push_back(std::move(encoder));
        }
        MR_TRY(dataflow, engine::Dataflow::create(*program, state, clock));
        follows_clock = dataflow->follows_clock();
        watermarks_table = state.keyed(0, "watermarks").id();  // where dataflow.cc keeps them
        sink_rounds.resize(program->sinks.size());
        written.resize(program->sinks.size());
        return {};
    }

    void set_partitions(std::uint32_t topic, std::int32_t count) {
        for (Source& source : sources) {
            if (source.topic == topic) source.stage->set_partitions(count);
        }
    }

    Status add(const InputBatch& batch, TimestampMs now) {
        MR_TRY(auto reader, wire::RecordReader::open(batch.batch));
        if (!reader.buffer().empty()) buffers.push_back(reader.buffer());
        for (Source& source : sources) {
            if (source.topic != batch.topic) continue;
            source.stage->set_entry(batch.seq);
            const auto start = source.starts.find(batch.partition.value);
            source.start = start == source.starts.end() ? 0 : start->second;
        }
        const std::int64_t began = read_clock();
        const std::int64_t rounds_before = rounds_ns;
        wire::Record record;
        const std::int64_t shift = batch.base_offset.value - reader.header().base_offset.value;
        while (reader.next(record)) {
            record.offset = record.offset.plus(shift);
            if (record.offset < batch.first_offset) continue;
            const std::uint64_t arrival = next_arrival++;
            for (Source& source : sources) {
                if (source.topic != batch.topic || record.offset.value < source.start) continue;
                source.stage->add(batch.partition, record, arrival);
                heard(source, batch.partition, now);
            }
            if (++pending_rows >= kRoundRows) run_round(now);
        }
        note_decoding(batch.topic, read_clock() - began - (rounds_ns - rounds_before));
        return reader.status();
    }

    bool tick(TimestampMs now, std::int64_t silence_ms) {
        bool changed = false;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (!sources[i].strict && sources[i].stage->has_watermark())
                changed |= tick_source(i, now, silence_ms);
        }
        // Windows over processing time close as it passes, rows or not.
        if (follows_clock && now.value >= clock_ms + kSilenceStepMs) {
            clock_ms = now.value;
            watermark_moved = changed = true;
        }
        return changed;
    }

    bool advance(std::string_view table, std::int64_t watermark) {
        bool changed = false;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            engine::SourceStage& stage = *sources[i].stage;
            if (sources[i].table != table || !stage.has_watermark() || stage.watermark() >= watermark)
                continue;
            stage.advance(watermark);
            note({.kind = journal::TimeInput::Kind::silence,
                  .source = static_cast<std::uint32_t>(i),
                  .partition = -1,
                  .value = watermark});
            changed = watermark_moved = true;
        }
        return changed;
    }

    void postpone(StepResult result) {
        MR_CHECK(result.only_time && time_inputs.empty(), "a step with results cannot be postponed");
        // The state's changes stay noted where they are: in the state.
        time_inputs = std::move(result.time_inputs);
    }

    Result<StepResult> finish(TimestampMs now) {
        run_round(now);
        buffers.clear();
        StepResult result;
        for (std::size_t i = 0; i < encoders.size(); ++i) {
            std::vector<Delta> rounds = std::exchange(sink_rounds[i], {});
            if (rounds.empty() || encoders[i] == nullptr) continue;
            const Delta delta = rounds.size() == 1 ? std::move(rounds[0])
                                                   : engine::concat(rounds, program->sinks[i].root->schema);
            std::vector<Unsayable> unsayable;
            // A view's changes go to its topic as well: counted once.
            const bool to_view = std::holds_alternative<plan::ViewSink>(program->sinks[i].target);
            const auto changes = [&] { return to_view ? result.views.size() : result.outputs.size(); };
            const std::size_t before = changes();
            const std::int64_t began = read_clock();
            encoders[i]->encode(delta, now, result.outputs, result.views, unsayable);
            written[i].times.record(read_clock() - began);
            written[i].changes += changes() - before;
            step_now = now;
            for (const Unsayable& u : unsayable)
                failed(*program->sinks[i].root, delta.arrival[u.row], u.reason);
        }
        counts.out += result.outputs.size() + result.views.size();
        for (OutputRecord& r : set_aside) result.outputs.push_back(std::move(r));
        set_aside.clear();
        for (Source& source : sources) {
            std::string encoded;
            source.stage->encode_state(encoded);
            if (encoded == source.last_state) continue;
            source_states->put(source.state_key, encoded);
            source.last_state = std::move(encoded);
        }
        state.changes(result.state);
        result.time_inputs = std::exchange(time_inputs, {});
        result.next_arrival = next_arrival;
        result.only_time = result.outputs.empty() && result.views.empty() &&
                           std::ranges::all_of(result.state, [this](const state::Change& c) {
                               return c.table == source_states->id() || c.table == watermarks_table;
                           });
        return result;
    }

    // --- engine::RowCollector
    // --------------------------------------------------------------------------------
    void failed(const plan::Node& node, std::uint64_t arrival, std::string_view message) override {
        ++counts.rejected;
        std::string json;
        JsonWriter w(json);
        w.begin_object()
            .member("pipeline", program->name)
            .member("operator", plan::operator_name(node.op))
            .member("arrival", arrival);
        w.member("reason", message).end_object();
        OutputRecord record{.topic = failed_topic(),
                            .key = {},
                            .value = std::move(json),
                            .timestamp = step_now,
                            .append = true};
        set_aside.push_back(std::move(record));
    }

    void late(const plan::Node& node, const Delta& input, std::size_t row, std::int64_t watermark) override {
        ++counts.late;
        if (sources.empty()) return;
        const Schema& schema = node.inputs[0]->schema;
        std::string json = fmt::format(R"({{"pipeline":"{}","operator":"{}","watermark":{},"row":)",
                                       program->name, plan::operator_name(node.op), watermark);
        formats::JsonEncoder(schema, {}).encode(input.columns, row, json);
        json += "}";
        set_aside.push_back({.topic = late_topic(node),
                             .key = {},
                             .value = std::move(json),
                             .timestamp = step_now,
                             .append = true});
    }

    std::shared_ptr<const plan::Program> program;
    state::StateSpace& state;
    formats::SchemaSource* const schemas;
    const Clock* const clock;  ///< for the profile alone; may be nullptr
    state::KeyedTable* source_states = nullptr;
    std::uint32_t watermarks_table = 0;  ///< the dataflow's, of the same kind: derived from the sources'
    std::vector<Source> sources;
    std::vector<std::string> topics;
    Outputs outputs;
    std::vector<std::unique_ptr<SinkEncoder>> encoders;
    std::unique_ptr<engine::Dataflow> dataflow;
    std::vector<std::vector<Delta>> sink_rounds;  ///< by sink, what each round gave
    std::vector<Written> written;                 ///< by sink
    std::vector<OutputRecord> set_aside;          ///< rejected and late rows
    std::vector<journal::TimeInput> time_inputs;
    std::vector<SharedBytes> buffers;  ///< decompressed batches the records point into
    std::uint64_t next_arrival = 1;
    std::size_t pending_rows = 0;
    bool watermark_moved = false;
    bool follows_clock = false;
    std::int64_t clock_ms = 0;  ///< of the last round that time alone made
    TimestampMs step_now;
    std::int64_t rounds_ns = 0;  ///< spent in rounds
    Counts counts;

  private:
    Status open_source(std::size_t index) {
        const auto& node = std::get<plan::SourceNode>(program->sources[index]->op);
        Source source;
        MR_TRY(source.stage, engine::SourceStage::create(*program->sources[index], schemas,
                                                         engine::fields_read(*program, index)));
        source.topic_name = node.table->source_topic();
        const auto at = std::ranges::find(topics, source.topic_name);
        source.topic = static_cast<std::uint32_t>(at - topics.begin());
        if (at == topics.end()) topics.push_back(source.topic_name);
        source.strict = node.table->option("strict") == "true";
        source.table = node.table->name;
        source.state_key = source_state_key(index);
        source.rejected_topic = outputs.topic("rejected." + source.table, false);
        source.late_topic = outputs.topic("late." + source.table, false);
        if (const auto stored = source_states->get(source.state_key)) {
            source.last_state = *stored;
            MR_TRY_VOID(source.stage->restore_state(source.last_state));
        }
        sources.push_back(std::move(source));
        return {};
    }

    static void heard(Source& source, PartitionId partition, TimestampMs now) {
        const auto at = static_cast<std::size_t>(partition.value);
        if (source.heard_ms.size() <= at) source.heard_ms.resize(at + 1, 0);
        source.heard_ms[at] = now.value;
    }

    [[nodiscard]] std::int64_t read_clock() const { return clock == nullptr ? 0 : clock->monotonic_ns(); }

    /// Sources that read the same topic share a batch's time evenly: they take turns, record by record.
    void note_decoding(std::uint32_t topic, std::int64_t ns) {
        const auto reads = [topic](const Source& source) { return source.topic == topic; };
        const auto readers = std::ranges::count_if(sources, reads);
        for (Source& source : sources) {
            if (reads(source)) source.decoding_ns += ns / readers;
        }
    }

    void run_round(TimestampMs now) {
        if (pending_rows == 0 && !watermark_moved) return;
        const std::int64_t began = read_clock();
        pending_rows = 0;
        watermark_moved = false;
        step_now = now;
        std::vector<Delta> deltas;
        std::vector<engine::Rejected> rejected;
        std::int64_t at = began;
        for (Source& source : sources) {
            deltas.push_back(source.stage->finish(now.value, rejected));
            const std::int64_t finished = read_clock();
            source.decoding_ns += finished - at;
            at = finished;
            if (!deltas.back().empty()) source.times.record(std::exchange(source.decoding_ns, 0));
            for (const engine::Rejected& r : rejected) reject(source, r);
            rejected.clear();
        }
        std::vector<Delta> out;
        dataflow->run_round(deltas, {.processing_time_ms = now.value}, *this, out);
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (!out[i].empty()) sink_rounds[i].push_back(std::move(out[i]));
        }
        rounds_ns += read_clock() - began;
    }

    /// rejected.<table>, keyed by pipeline, topic, partition and offset.
    void reject(const Source& source, const engine::Rejected& r) {
        std::string key, json;
        JsonWriter k(key);
        k.begin_object().member("pipeline", program->name).member("topic", source.topic_name);
        k.member("partition", r.partition.value).member("offset", r.offset.value).end_object();
        JsonWriter w(json);
        w.begin_object().member("pipeline", program->name).member("topic", source.topic_name);
        w.member("partition", r.partition.value).member("offset", r.offset.value);
        w.member("timestamp", r.timestamp.value)
            .member("reason", r.reason)
            .member("key", r.key)
            .member("value", r.value)
            .end_object();
        set_aside.push_back({.topic = source.rejected_topic,
                             .key = std::move(key),
                             .value = std::move(json),
                             .timestamp = step_now,
                             .append = true});
    }

    [[nodiscard]] std::uint32_t failed_topic() const {
        return sources.empty() ? 0 : sources[0].rejected_topic;
    }

    /// The late.<table> of the first source below the operator.
    [[nodiscard]] std::uint32_t late_topic(const plan::Node& node) const {
        const plan::Node* at = &node;
        while (!at->inputs.empty()) at = at->inputs[0].get();
        for (std::size_t i = 0; i < program->sources.size(); ++i) {
            if (program->sources[i].get() == at) return sources[i].late_topic;
        }
        return sources[0].late_topic;
    }

    /// A partition silent for D leaves the minimum; when all are, the watermark runs with the wall clock from
    /// last arrival + D.
    bool tick_source(std::size_t index, TimestampMs now, std::int64_t silence_ms) {
        Source& source = sources[index];
        engine::SourceStage& stage = *source.stage;
        bool changed = false;
        bool all_silent = true;
        std::int64_t newest = 0;
        for (std::int32_t p = 0; p < stage.partitions(); ++p) {
            const auto at = static_cast<std::size_t>(p);
            if (source.heard_ms.size() <= at) source.heard_ms.resize(at + 1, 0);
            // Not while the node was down: silence counts from the first look.
            if (source.heard_ms[at] == 0) source.heard_ms[at] = now.value;
            newest = std::max(newest, source.heard_ms[at]);
            const bool silent = now.value - source.heard_ms[at] >= silence_ms;
            all_silent = all_silent && silent;
            if (!silent || stage.is_idle(PartitionId(p))) continue;
            stage.set_idle(PartitionId(p), true);
            note({.kind = journal::TimeInput::Kind::idle,
                  .source = static_cast<std::uint32_t>(index),
                  .partition = p,
                  .value = 1});
            changed = true;
        }
        if (all_silent && stage.partitions() > 0 && stage.watermark() != kNoWatermark)
            changed |= run_on(index, now, newest + silence_ms);
        watermark_moved = watermark_moved || changed;
        return changed;
    }

    bool run_on(std::size_t index, TimestampMs now, std::int64_t silent_since) {
        Source& source = sources[index];
        auto& [since, base] = silence[index];
        if (since != silent_since) {
            since = silent_since;
            base = source.stage->watermark();
        }
        const std::int64_t target = base + (now.value - silent_since);
        if (target < source.stage->watermark() + kSilenceStepMs) return false;
        source.stage->advance(target);
        note({.kind = journal::TimeInput::Kind::silence,
              .source = static_cast<std::uint32_t>(index),
              .partition = -1,
              .value = target});
        return true;
    }

    /// A postponed decision about the same thing is superseded.
    void note(const journal::TimeInput& input) {
        std::erase_if(time_inputs, [&](const journal::TimeInput& old) {
            return old.kind == input.kind && old.source == input.source && old.partition == input.partition;
        });
        time_inputs.push_back(input);
    }

    /// By source: since when it is silent, and its watermark then.
    std::map<std::size_t, std::pair<std::int64_t, std::int64_t>> silence;
};

Result<std::unique_ptr<Computation>> Computation::create(std::shared_ptr<const plan::Program> program,
                                                         state::StateSpace& state,
                                                         formats::SchemaSource* schemas, const Clock* clock) {
    auto impl = std::make_unique<Impl>(std::move(program), state, schemas, clock);
    MR_TRY_VOID(impl->open());
    return std::make_unique<Computation>(std::move(impl));
}

Computation::Computation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Computation::~Computation() = default;

void Computation::set_start(std::uint32_t source, PartitionId partition, Offset first) {
    if (source < impl_->sources.size()) impl_->sources[source].starts[partition.value] = first.value;
}
void Computation::set_partitions(std::uint32_t topic, std::int32_t count) {
    impl_->set_partitions(topic, count);
}
const std::vector<std::string>& Computation::topics() const {
    return impl_->topics;
}
const std::vector<OutputTopic>& Computation::output_topics() const {
    return impl_->outputs.topics;
}
const std::vector<ViewInfo>& Computation::views() const {
    return impl_->outputs.views;
}
const plan::Program& Computation::program() const {
    return *impl_->program;
}
void Computation::set_next_arrival(std::uint64_t next) {
    impl_->next_arrival = std::max<std::uint64_t>(next, 1);
}
Status Computation::add(const InputBatch& batch, TimestampMs now) {
    return impl_->add(batch, now);
}
bool Computation::tick(TimestampMs now, std::int64_t silence_ms) {
    return impl_->tick(now, silence_ms);
}
bool Computation::advance(std::string_view table, std::int64_t watermark) {
    return impl_->advance(table, watermark);
}
Result<StepResult> Computation::finish(TimestampMs now) {
    return impl_->finish(now);
}
void Computation::step_done() {
    impl_->state.step_done();
}
void Computation::postpone(StepResult result) {
    impl_->postpone(std::move(result));
}

Counts Computation::counts() const {
    Counts counts = impl_->counts;
    for (const Source& source : impl_->sources) {
        counts.in += source.stage->counts().in;
        counts.accepted += source.stage->counts().accepted;
        counts.rejected += source.stage->counts().rejected;
    }
    return counts;
}

Profile Computation::profile() const {
    Profile out;
    for (std::size_t i = 0; i < impl_->sources.size(); ++i) {
        const Source& source = impl_->sources[i];
        const auto& counts = source.stage->counts();
        out.sources.push_back(
            {.node = impl_->program->sources[i],
             .table = source.table,
             .counts = {.in = counts.in,
                        .accepted = counts.accepted,
                        .rejected = counts.rejected,
                        .late = 0,
                        .out = 0},
             .times = source.times.summary(),
             .watermark_ms = source.stage->has_watermark() ? source.stage->watermark() : kNoWatermark});
    }
    for (std::size_t i = 0; i < impl_->written.size(); ++i) {
        out.sinks.push_back({.name = name_of(impl_->program->sinks[i]),
                             .changes = impl_->written[i].changes,
                             .times = impl_->written[i].times.summary()});
    }
    out.operators = impl_->dataflow->stats();
    return out;
}

std::int64_t Computation::watermark() const {
    std::int64_t lowest = kMaxWatermark;
    for (const Source& source : impl_->sources) {
        if (source.stage->has_watermark()) lowest = std::min(lowest, source.stage->watermark());
    }
    return lowest == kMaxWatermark ? kNoWatermark : lowest;
}

}  // namespace mr::pipeline
