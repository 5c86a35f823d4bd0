// Normalize: an upsert stream becomes a retract stream; remembers the last row of each key. A put that
// changes nothing and a delete of what is not there emit nothing.
//
// State: rows    key -> row
//        rows_*  when keys are forgotten (Expiry)
#include "engine/internal/expiry.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class Normalize final : public Operator {
  public:
    Normalize(const MakeContext& context, std::vector<int> keys)
        : Operator(context.node),
          keys_(std::move(keys)),
          rows_(context.keyed("rows")),
          expiry_(context, "rows", context.node->state_ttl_ms[0]),
          out_(context.node->schema) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        expiry_.advance(round.processing_time_ms, [this](std::string_view key) { rows_.erase(key); });
        for (std::size_t row = 0; row < in.size(); ++row) {
            key_.clear();
            append_key_columns(key_, in, keys_, row);
            const auto old = rows_.get(key_);
            row_.clear();
            if (in.weight[row] > 0) append_row(row_, in.columns, row);
            if (old && in.weight[row] > 0 && *old == row_) continue;
            if (old) {
                decode_row(out_, 0, *old, node().schema);
                out_.end_row(-1, in.arrival[row], in.wm[row]);
            }
            if (in.weight[row] > 0) {
                copy_row(out_, 0, in.columns, row);
                out_.end_row(1, in.arrival[row], in.wm[row]);
                rows_.put(key_, row_);
                expiry_.touch(key_);
            } else if (old) {
                rows_.erase(key_);
                expiry_.forget(key_);
            }
        }
        return out_.finish(round.track.end());
    }

  private:
    std::vector<int> keys_;
    state::KeyedTable& rows_;  ///< key -> row
    Expiry expiry_;
    DeltaBuilder out_;
    std::string key_;
    std::string row_;
};

}  // namespace

Result<OperatorPtr> make_normalize(const MakeContext& context, const plan::NormalizeNode& node) {
    return std::make_unique<Normalize>(context, node.keys);
}

}  // namespace mr::engine::internal
