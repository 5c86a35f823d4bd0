// ProcessingTime: the input with the time of its round as a column of event time. Dataflow gives it a
// watermark that follows the clock, so that windows over it are ordinary windows. No state.
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class ProcessingTime final : public Operator {
  public:
    explicit ProcessingTime(plan::NodePtr node) : Operator(std::move(node)), out_(this->node().schema) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        const std::size_t width = input_schema().size();
        for (std::size_t row = 0; row < in.size(); ++row) {
            copy_row(out_, 0, in.columns, row);
            builder_columns(out_, width, 1)[0].append_integer(round.processing_time_ms);
            out_.end_row(in.weight[row], in.arrival[row], round.track.end());
        }
        return out_.finish(round.track.end());
    }

  private:
    DeltaBuilder out_;
};

}  // namespace

Result<OperatorPtr> make_processing_time(const MakeContext& context) {
    return std::make_unique<ProcessingTime>(context.node);
}

}  // namespace mr::engine::internal
