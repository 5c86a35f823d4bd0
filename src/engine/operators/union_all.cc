// UnionAll: the rows of all inputs by arrival (ties: the earlier input first).
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class UnionAll final : public Operator {
  public:
    explicit UnionAll(plan::NodePtr node) : Operator(std::move(node)), out_(this->node().schema) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        std::vector<std::size_t> next(inputs.size(), 0);
        std::int64_t watermark = round.track.start;
        for (const Raise& raise : round.track.raises) {
            merge_until(inputs, next, raise.arrival, watermark);
            watermark = raise.watermark;
        }
        merge_until(inputs, next, UINT64_MAX, watermark);
        return out_.finish(round.track.end());
    }

  private:
    void merge_until(std::span<const Delta* const> inputs, std::vector<std::size_t>& next,
                     std::uint64_t arrival, std::int64_t watermark) {
        while (true) {
            std::size_t first = inputs.size();
            for (std::size_t i = 0; i < inputs.size(); ++i) {
                if (next[i] == inputs[i]->size() || inputs[i]->arrival[next[i]] > arrival) continue;
                if (first == inputs.size() ||
                    inputs[i]->arrival[next[i]] < inputs[first]->arrival[next[first]]) {
                    first = i;
                }
            }
            if (first == inputs.size()) return;
            const Delta& in = *inputs[first];
            const std::size_t row = next[first]++;
            copy_row(out_, 0, in.columns, row);
            out_.end_row(in.weight[row], in.arrival[row], watermark);
        }
    }

    DeltaBuilder out_;
};

}  // namespace

Result<OperatorPtr> make_union_all(const MakeContext& context) {
    return std::make_unique<UnionAll>(context.node);
}

}  // namespace mr::engine::internal
