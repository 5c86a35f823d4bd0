// The deterministic core of a pipeline: records in, one step out. No thread, no clock, no journal: time comes
// in as an argument, what is decided by it goes out with the step. The node runs it behind a Runner,
// `millrace test` and the simulation run it directly.
//
//   add() every batch in journal order; finish() computes what was added: runs the operators in rounds of at
//   most 1,024 rows (results do not depend on where rounds are cut), consolidates per sink, encodes outputs
//   and view changes, and drains the state's changes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "columnar/delta.h"
#include "engine/dataflow.h"
#include "engine/source_stage.h"
#include "formats/schema_source.h"
#include "journal/step_entry.h"
#include "pipeline/sink.h"
#include "plan/program.h"
#include "state/state_space.h"

namespace mr::pipeline {

/// Conservation: in = accepted + rejected, per record and source; late counts (row, window) pairs.
struct Counts {
    std::uint64_t in = 0;
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    std::uint64_t late = 0;
    std::uint64_t out = 0;
};

/// What EXPLAIN ANALYZE shows of a pipeline, since the process started. Times are zero without a clock.
struct Profile {
    struct Source {
        plan::NodePtr node;
        std::string table;
        Counts counts;                      ///< `out` stays 0
        engine::RoundTimes::Summary times;  ///< decoding, computed columns and watermarks
        std::int64_t watermark_ms = kNoWatermark;
    };
    struct Sink {
        std::string name;                   ///< of the view, or of the table
        std::uint64_t changes = 0;          ///< written: the net effect of each step
        engine::RoundTimes::Summary times;  ///< consolidating and encoding, a step
    };
    std::vector<Source> sources;  ///< in the program's order
    std::vector<Sink> sinks;      ///< in the program's order
    std::vector<engine::OperatorStats> operators;
};

/// One record batch of an input topic.
struct InputBatch {
    std::uint32_t topic = 0;  ///< index in topics()
    PartitionId partition;
    Offset base_offset;
    Offset first_offset;  ///< records below it are skipped
    std::string_view batch;
    Seq seq{UINT64_MAX};  ///< its journal entry
};

struct StepResult {
    std::vector<journal::TimeInput> time_inputs;
    std::vector<state::Change> state;  ///< valid until the next change of the state
    std::vector<OutputRecord> outputs;
    std::vector<ViewUpdate> views;
    std::uint64_t next_arrival = 1;
    /// Watermarks moved, and nothing came of it: lost in a crash, it is decided anew. See postpone().
    bool only_time = false;
    [[nodiscard]] bool empty() const {
        return time_inputs.empty() && state.empty() && outputs.empty() && views.empty();
    }
};

class Computation {
  public:
    /// Operators find (or make) their tables in `state`, which must outlive the computation.
    /// `schemas`, where formats with a registry find and leave theirs, may be nullptr; sinks register their
    /// schemas here, which waits for the journal. `clock`: by which profile() is timed, outliving the
    /// computation.
    static Result<std::unique_ptr<Computation>> create(std::shared_ptr<const plan::Program> program,
                                                       state::StateSpace& state,
                                                       formats::SchemaSource* schemas = nullptr,
                                                       const Clock* clock = nullptr);
    /// For create().
    class Impl;
    explicit Computation(std::unique_ptr<Impl> impl);
    ~Computation();

    /// A source ignores records of a partition below `first`. Before the first add().
    void set_start(std::uint32_t source, PartitionId partition, Offset first);
    /// Partitions of an input topic: those without records hold watermarks back too. Before the first add(),
    /// and when it grows.
    void set_partitions(std::uint32_t topic, std::int32_t count);
    /// Input topics, each once.
    [[nodiscard]] const std::vector<std::string>& topics() const;
    /// Topics written to: sinks, view topics, rejected.<table>, late.<table>.
    [[nodiscard]] const std::vector<OutputTopic>& output_topics() const;
    [[nodiscard]] const std::vector<ViewInfo>& views() const;
    [[nodiscard]] const plan::Program& program() const;

    /// The arrival number of the next record; set once after recovery.
    void set_next_arrival(std::uint64_t next);
    /// corrupt when the batch cannot be read: it was checked at the edge, so this is damage. A record that
    /// cannot be decoded is no error: it goes to rejected.<table>.
    Status add(const InputBatch& batch, TimestampMs now);
    /// Silence: a source of a table that is not strict, without a record for `silence_ms`, gets its watermark
    /// moved by the wall clock, as a time input of the step. True if that changed anything.
    bool tick(TimestampMs now, std::int64_t silence_ms);
    /// The sources of this table go on to `watermark`, if theirs is lower, as a time input of the step: what
    /// another version of the pipeline took for late is late here too. True if that changed anything.
    bool advance(std::string_view table, std::int64_t watermark);
    /// Computes the step. `now` is its processing time.
    Result<StepResult> finish(TimestampMs now);
    /// The step was submitted: forgets the drained changes.
    void step_done();
    /// Instead of step_done(), for a result that is `only_time`: what it holds goes with the next step, so
    /// that a silent source does not write to the journal five times a second.
    void postpone(StepResult result);

    [[nodiscard]] Counts counts() const;
    [[nodiscard]] Profile profile() const;
    /// Lowest watermark of its sources; kNoWatermark if one has none.
    [[nodiscard]] std::int64_t watermark() const;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::pipeline
