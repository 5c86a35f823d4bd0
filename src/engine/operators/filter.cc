// Filter: the rows for which the condition is TRUE.
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class Filter final : public Operator {
  public:
    Filter(plan::NodePtr node, std::unique_ptr<Evaluator> evaluator)
        : Operator(std::move(node)), evaluator_(std::move(evaluator)) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        kept_.clear();
        evaluator_->select(EvalInput::of(in, round.processing_time_ms), kept_, errors_);
        report_failed(round, in, errors_, failed_);
        if (kept_.size() == in.size()) return in;
        return take_rows(in, kept_);
    }

  private:
    std::unique_ptr<Evaluator> evaluator_;
    std::vector<std::uint32_t> kept_;
    std::vector<RowError> errors_;
    std::vector<bool> failed_;
};

}  // namespace

Result<OperatorPtr> make_filter(const MakeContext& context, const plan::FilterNode& node) {
    MR_TRY(auto evaluator, Evaluator::create(node.condition, context.input()));
    return std::make_unique<Filter>(context.node, std::move(evaluator));
}

}  // namespace mr::engine::internal
