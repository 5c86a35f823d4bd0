// Project: expressions over each row; weight, arrival and watermark pass through.
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class Project final : public Operator {
  public:
    Project(plan::NodePtr node, std::unique_ptr<Evaluator> evaluator)
        : Operator(std::move(node)), evaluator_(std::move(evaluator)) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        Delta out;
        out.columns = evaluator_->evaluate(EvalInput::of(in, round.processing_time_ms), errors_);
        out.weight = in.weight;
        out.arrival = in.arrival;
        out.wm = in.wm;
        if (errors_.empty()) return out;
        report_failed(round, in, errors_, failed_);
        std::vector<std::uint32_t> kept;
        for (std::uint32_t row = 0; row < failed_.size(); ++row) {
            if (!failed_[row]) kept.push_back(row);
        }
        return take_rows(out, kept);
    }

  private:
    std::unique_ptr<Evaluator> evaluator_;
    std::vector<RowError> errors_;
    std::vector<bool> failed_;
};

}  // namespace

Result<OperatorPtr> make_project(const MakeContext& context, const plan::ProjectNode& node) {
    MR_TRY(auto evaluator, Evaluator::create(node.expressions, context.input()));
    return std::make_unique<Project>(context.node, std::move(evaluator));
}

}  // namespace mr::engine::internal
