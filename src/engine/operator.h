// What every operator of a dataflow is: one call a round that maps its input deltas to its output delta.
//
// 1. The result depends on the input rows, their order (arrival) and the watermark's rises (engine/track.h)
//    alone, never on where rounds were cut. Rows of several inputs are taken by arrival, left first on ties.
// 2. All state is in state tables. An operator keeps nothing else from round to round but scratch and
//    counters; it may be made before or after its tables were restored.
// 3. No clock, no I/O, no randomness.
// 4. A row whose expressions fail is reported and left out, with its retraction failing alike.
//
// Thread: the pipeline's. One operator a file below operators/, its class private to it; made by
// make_operator().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/delta.h"
#include "engine/expr/evaluator.h"
#include "engine/track.h"
#include "plan/node.h"
#include "state/state_space.h"

namespace mr::engine {

/// Where rows go that do not go on. Implemented by the pipeline. The rows of one call are valid during it.
class RowCollector {
  public:
    virtual ~RowCollector() = default;
    /// An expression failed for the row of this arrival: rejected.<stream>.
    virtual void failed(const plan::Node& node, std::uint64_t arrival, std::string_view message) = 0;
    /// Row `row` of the operator's input (schema: node.inputs[0]) came after everything it belongs to was
    /// closed at `watermark`: late.<stream>.
    virtual void late(const plan::Node& node, const Delta& input, std::size_t row,
                      std::int64_t watermark) = 0;
};

/// Conservation: rows_in = used + late_rows + failed_rows, per operator, since it was made.
struct OperatorCounters {
    std::uint64_t rows_in = 0;
    std::uint64_t rows_out = 0;
    std::uint64_t failed_rows = 0;
    std::uint64_t late_rows = 0;     ///< late for everything they belong to
    std::uint64_t late_windows = 0;  ///< windows already closed that a row belonged to, row by row
};

struct Round {
    const Track& track;  ///< minimum of the operator's inputs
    std::int64_t processing_time_ms = 0;
    RowCollector& collector;
};

class Operator {
  public:
    explicit Operator(plan::NodePtr node) : node_(std::move(node)) {}
    virtual ~Operator() = default;
    Operator(const Operator&) = delete;
    Operator& operator=(const Operator&) = delete;

    /// One delta an input, of the input nodes' schemas; the output is of node().schema.
    virtual Delta run(const Round& round, std::span<const Delta* const> inputs) = 0;
    /// Must it run when its watermark rises but no row came?
    [[nodiscard]] virtual bool reacts_to_watermark() const { return false; }
    /// How far the output's watermark stays behind the input's.
    [[nodiscard]] virtual std::int64_t watermark_delay_ms() const { return 0; }

    [[nodiscard]] const plan::Node& node() const { return *node_; }
    [[nodiscard]] const OperatorCounters& counters() const { return counters_; }
    void count(std::span<const Delta* const> inputs, const Delta& output);

  protected:
    [[nodiscard]] const Schema& input_schema(std::size_t i = 0) const { return node_->inputs[i]->schema; }
    /// Reports each failed row of `delta` once; `failed` becomes true for them (empty if none failed).
    void report_failed(const Round& round, const Delta& delta, std::vector<RowError>& errors,
                       std::vector<bool>& failed);
    void report_failed(const Round& round, std::uint64_t arrival, std::string_view message);
    void report_late(const Round& round, const Delta& delta, std::size_t row, std::int64_t watermark);

    OperatorCounters counters_;

  private:
    plan::NodePtr node_;
};

using OperatorPtr = std::unique_ptr<Operator>;

/// The operator of a node (not of a SourceNode). `fingerprint` names its state tables. unsupported or
/// invalid_argument for what an expression or a node asks for and the engine does not have.
Result<OperatorPtr> make_operator(const plan::NodePtr& node, state::StateSpace& state,
                                  std::uint64_t fingerprint);

}  // namespace mr::engine
