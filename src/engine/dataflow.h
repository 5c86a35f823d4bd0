// A program's operators, wired: the step-synchronous dataflow of a pipeline instance.
//
// A round takes one delta a source and gives one a sink: every operator runs once, in topological order, a
// node used twice is computed once. A step of the pipeline is one round or more; at its end the pipeline
// takes the state's changes (state/state_space.h) and the outputs' net effect (engine/consolidate.h).
//
// 1. What comes out depends on the rows, their arrival numbers and the watermarks, never on how they were cut
//    into rounds (engine/track.h): the same rows in one round or in a thousand give the same sequence.
// 2. Every delta of a source carries its current `end_watermark`, rows or not. Arrival numbers grow over all
//    sources and rounds, for ever.
// 3. State lies in the StateSpace alone. Made over a restored space, a dataflow goes on where it was.
//
// Thread: the pipeline's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "columnar/delta.h"
#include "engine/operator.h"
#include "engine/round_times.h"
#include "plan/program.h"
#include "state/state_space.h"

namespace mr::engine {

struct RoundInfo {
    /// PROCTIME() of the round: decided by the step driver and kept in the step entry.
    std::int64_t processing_time_ms = 0;
};

/// One operator since the dataflow was made.
struct OperatorStats {
    std::string name;    ///< "WindowAggregate"
    plan::NodePtr node;  ///< of a sink's materialiser: the sink's root
    bool materializer = false;
    std::uint64_t fingerprint = 0;
    OperatorCounters counters;
    RoundTimes::Summary times;  ///< all zero without a clock
    std::size_t state_bytes = 0;
    std::int64_t watermark_ms = kNoWatermark;  ///< of its output, after the last round
};

class Dataflow {
  public:
    /// `state` must outlive the dataflow, and `clock`, by which operators are timed (nullptr: they are not),
    /// too. Errors name the operator.
    static Result<std::unique_ptr<Dataflow>> create(const plan::Program& program, state::StateSpace& state,
                                                    const Clock* clock = nullptr);
    ~Dataflow();

    /// `sources`: one delta a source of the program, in its order. `sinks` gets one a sink: the rows of its
    /// root, through the sink's materialiser where it needs one (then keyed by the sink's key).
    void run_round(std::span<const Delta> sources, const RoundInfo& info, RowCollector& collector,
                   std::vector<Delta>& sinks);

    /// One an operator, in topological order; a sink's materialiser is one too.
    [[nodiscard]] std::vector<OperatorStats> stats() const;
    /// Does a window stand on processing time? Then rounds are wanted as time passes, rows or not.
    [[nodiscard]] bool follows_clock() const;
    /// The watermark of a sink's root after the last round.
    [[nodiscard]] std::int64_t sink_watermark(std::size_t sink) const;

    /// For create() only.
    Dataflow(const plan::Program& program, state::StateSpace& state, const Clock* clock);

  private:
    struct Step;
    struct Sink;

    Result<std::size_t> add_node(const plan::NodePtr& node);
    Status add_sink(const plan::Sink& sink);
    void load_watermarks();
    void run_source(Step& step, const Delta& delta);
    /// The watermark of a ProcessingTimeNode: the clock, before the rows of the round.
    void follow_clock(Step& step, const RoundInfo& info) const;
    /// False when there was nothing to do.
    bool run_step(std::size_t index, const RoundInfo& info, RowCollector& collector);
    void combine_tracks(Step& step);

    plan::Program program_;
    state::StateSpace& state_;
    const Clock* const clock_;
    state::KeyedTable& watermarks_;  ///< by source: its watermark after the last round; last arrival
    std::vector<std::unique_ptr<Step>> steps_;
    std::vector<Sink> sinks_;
    std::uint64_t last_arrival_ = 0;
    std::uint64_t arrival_before_ = 0;  ///< last_arrival_ when the round began
    bool loaded_ = false;
};

/// The columns of a sink's root that make up the sink's key (primary key of a table, key of a view); empty if
/// it has none.
std::vector<int> sink_key(const plan::Sink& sink);

}  // namespace mr::engine
