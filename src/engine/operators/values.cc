// Values: constant rows, emitted once in the life of an instance (a flag in state).
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class Values final : public Operator {
  public:
    Values(plan::NodePtr node, std::vector<std::vector<Value>> rows, state::KeyedTable& emitted)
        : Operator(std::move(node)), rows_(std::move(rows)), emitted_(emitted), out_(this->node().schema) {}

    Delta run(const Round& round, std::span<const Delta* const> /*inputs*/) override {
        if (!emitted_.contains("")) {
            emitted_.put("", "");
            for (const std::vector<Value>& row : rows_) {
                for (std::size_t i = 0; i < row.size(); ++i) out_.column(i).append_value(row[i]);
                out_.end_row(1, 0, round.track.start);
            }
        }
        return out_.finish(round.track.end());
    }

  private:
    std::vector<std::vector<Value>> rows_;
    state::KeyedTable& emitted_;
    DeltaBuilder out_;
};

}  // namespace

Result<OperatorPtr> make_values(const MakeContext& context, const plan::ValuesNode& node) {
    std::vector<std::vector<Value>> rows;
    for (const std::vector<plan::ExprPtr>& expressions : node.rows) {
        std::vector<Value>& row = rows.emplace_back();
        for (const plan::ExprPtr& e : expressions) {
            MR_TRY(Value value, evaluate_constant(e));
            row.push_back(std::move(value));
        }
    }
    return std::make_unique<Values>(context.node, std::move(rows), context.keyed("emitted"));
}

}  // namespace mr::engine::internal
