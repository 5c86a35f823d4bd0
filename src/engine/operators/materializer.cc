// Materializer: before a sink whose key is not the row's own. Several rows may have one sink key at a time;
// the last one to arrive is shown, and when it is taken back, the one before it.
//
// State: rows      sink key, number -> row
//        sequence  numbers rows
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class Materializer final : public Operator {
  public:
    Materializer(const MakeContext& context, std::vector<int> key)
        : Operator(context.node),
          key_columns_(std::move(key)),
          rows_(context.ordered("rows")),
          sequence_(context.keyed("sequence")),
          out_(context.node->schema) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        sequence_.load();
        for (std::size_t row = 0; row < in.size(); ++row) {
            for (std::int32_t n = in.weight[row]; n > 0; --n) add(in, row);
            for (std::int32_t n = in.weight[row]; n < 0; ++n) remove(in, row);
        }
        sequence_.store();
        return out_.finish(round.track.end());
    }

  private:
    void emit(std::string_view encoded, std::int32_t weight, const Delta& in, std::size_t row) {
        decode_row(out_, 0, encoded, node().schema);
        out_.end_row(weight, in.arrival[row], in.wm[row]);
    }

    void add(const Delta& in, std::size_t row) {
        key_.clear();
        append_key_columns(key_, in, key_columns_, row);
        encoded_.clear();
        append_row(encoded_, in.columns, row);
        const auto last = rows_.last_of_prefix(key_);
        const bool same = last && last->value == encoded_;
        if (last && !same) emit(last->value, -1, in, row);
        append_ordered(key_, sequence_.next());
        rows_.put(key_, encoded_);
        if (!same) emit(encoded_, 1, in, row);
    }

    void remove(const Delta& in, std::size_t row) {
        key_.clear();
        append_key_columns(key_, in, key_columns_, row);
        encoded_.clear();
        append_row(encoded_, in.columns, row);
        std::string found;
        bool is_last = true;
        rows_.scan_back(key_, state::prefix_end(key_), false, [&](const state::OrderedTable::Entry& e) {
            if (e.value == encoded_) {
                found.assign(e.key);
                return false;
            }
            is_last = false;
            return true;
        });
        if (found.empty()) return;
        rows_.erase(found);
        if (!is_last) return;
        const auto next = rows_.last_of_prefix(key_);
        if (next && next->value == encoded_) return;
        emit(encoded_, -1, in, row);
        if (next) emit(next->value, 1, in, row);
    }

    std::vector<int> key_columns_;
    state::OrderedTable& rows_;
    Sequence sequence_;
    DeltaBuilder out_;
    std::string key_;
    std::string encoded_;
};

}  // namespace

OperatorPtr make_materializer(const MakeContext& context, std::vector<int> key) {
    return std::make_unique<Materializer>(context, std::move(key));
}

}  // namespace mr::engine::internal
