// Aggregate: unwindowed GROUP BY. Every input row updates its group and emits what changed: -1 of the group's
// row before, +1 of the row after; nothing if they are equal. A group without rows is forgotten.
//
// State: groups   group key -> row count (i64), then the aggregates' fixed part
//        entries  group key, entry -> value (DISTINCT and the like)
//        groups_* when groups are forgotten (Expiry)
#include "engine/internal/expiry.h"
#include "engine/internal/group_entries.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

constexpr std::size_t kCountBytes = 8;

bool equal_at(const Column& a, const Column& b, std::size_t row) {
    if (a.is_null(row) != b.is_null(row)) return false;
    if (a.is_null(row)) return true;
    switch (a.type().kind) {
        case TypeKind::null:
            return true;
        case TypeKind::boolean:
            return a.boolean(row) == b.boolean(row);
        case TypeKind::float_:
        case TypeKind::double_:
        case TypeKind::array:
        case TypeKind::map:
        case TypeKind::row:
            return Value::compare(a.value(row), b.value(row)) == 0;
        case TypeKind::decimal:
            return a.decimal(row) == b.decimal(row);
        case TypeKind::string:
        case TypeKind::bytes:
            return a.text(row) == b.text(row);
        default:
            return a.integer(row) == b.integer(row);
    }
}

class Aggregate final : public Operator {
  public:
    Aggregate(const MakeContext& context, std::vector<int> keys, std::unique_ptr<AggregateSet> set)
        : Operator(context.node),
          keys_(std::move(keys)),
          set_(std::move(set)),
          groups_(context.keyed("groups")),
          entries_(context.ordered("entries")),
          expiry_(context, "groups", context.node->state_ttl_ms[0]),
          before_(set_->results()),
          after_(set_->results()),
          out_(context.node->schema) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        set_->prepare(EvalInput::of(in, round.processing_time_ms), errors_);
        report_failed(round, in, errors_, failed_);
        states_.assign(in.size(), {});
        expiry_.advance(round.processing_time_ms, [this](std::string_view key) { drop(key); });
        for (std::size_t row = 0; row < in.size(); ++row) update(in, row);
        const Delta before = before_.finish(kNoWatermark);
        const Delta after = after_.finish(kNoWatermark);
        for (std::size_t row = 0; row < in.size(); ++row) emit(in, before, after, row);
        return out_.finish(round.track.end());
    }

  private:
    /// Did the group have rows before and after the input row?
    struct Existence {
        bool before = false;
        bool after = false;
    };

    void drop(std::string_view key) {
        groups_.erase(key);
        if (!set_->needs_entries()) return;
        entries_.select(key);
        entries_.clear();
    }
    void no_results() {
        pad_row(before_, 0, set_->size());
        pad_row(after_, 0, set_->size());
    }

    /// One row into its group; its results before and after go to before_ and after_, a row an input row.
    void update(const Delta& in, std::size_t row) {
        if (!failed_.empty() && failed_[row]) return no_results();
        key_.clear();
        append_key_columns(key_, in, keys_, row);
        const state::KeyedTable::Edit group = groups_.edit(key_, kCountBytes + set_->fixed_size());
        char* fixed = group.value + kCountBytes;
        if (group.inserted) set_->init(fixed);
        if (group.inserted && expiry_.on() && in.weight[row] < 0) {
            // Takes back a row of a group that was forgotten.
            groups_.erase(key_);
            return no_results();
        }
        EntryStore* entries = nullptr;
        if (set_->needs_entries()) {
            entries_.select(key_);
            entries = &entries_;
        }
        std::int64_t count = load_i64(group.value);
        states_[row].before = count > 0;
        set_->result(fixed, entries, builder_columns(before_, 0, set_->size()));
        count += in.weight[row];
        store_i64(group.value, count);
        set_->update(fixed, entries, row, in.weight[row], in.arrival[row]);
        states_[row].after = count > 0;
        set_->result(fixed, entries, builder_columns(after_, 0, set_->size()));
        if (count == 0) {
            groups_.erase(key_);
            if (entries != nullptr) entries_.clear();
            expiry_.forget(key_);
        } else {
            expiry_.touch(key_);
        }
    }

    void emit(const Delta& in, const Delta& before, const Delta& after, std::size_t row) {
        const Existence e = states_[row];
        // With a time to live an update that changes nothing goes on all the same: those behind are to keep
        // the key.
        if (e.before && e.after && !expiry_.on()) {
            bool equal = true;
            for (std::size_t i = 0; equal && i < set_->size(); ++i) {
                equal = equal_at(*before.columns[i], *after.columns[i], row);
            }
            if (equal) return;
        }
        if (e.before) emit_row(in, before, row, -1);
        if (e.after) emit_row(in, after, row, 1);
    }

    void emit_row(const Delta& in, const Delta& results, std::size_t row, std::int32_t weight) {
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            out_.column(i).append_from(*in.columns[static_cast<std::size_t>(keys_[i])], row);
        }
        copy_row(out_, keys_.size(), results.columns, row);
        out_.end_row(weight, in.arrival[row], in.wm[row]);
    }

    std::vector<int> keys_;
    std::unique_ptr<AggregateSet> set_;
    state::KeyedTable& groups_;
    GroupEntries entries_;
    Expiry expiry_;
    DeltaBuilder before_;
    DeltaBuilder after_;
    DeltaBuilder out_;
    std::vector<Existence> states_;
    std::vector<RowError> errors_;
    std::vector<bool> failed_;
    std::string key_;
};

}  // namespace

Result<OperatorPtr> make_aggregate(const MakeContext& context, const plan::AggregateNode& node) {
    const bool retracting = context.node->inputs[0]->mode != plan::Mode::append;
    MR_TRY(auto set, AggregateSet::create(node.calls, context.input(), {.retracting = retracting}));
    return std::make_unique<Aggregate>(context, node.keys, std::move(set));
}

}  // namespace mr::engine::internal
