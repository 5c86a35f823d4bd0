// WindowAggregate for SESSION: sessions are found per partition; within a session rows are grouped by the
// grouping keys (usually the partition's own).
//
// State: sessions, due  as internal/sessions.h
//        groups         session id, group key -> the aggregates' fixed part
//        entries        session id, group key, entry -> value
//        sequence       numbers sessions
#include "engine/internal/group_entries.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"
#include "engine/internal/sessions.h"
#include "engine/internal/window_output.h"

namespace mr::engine::internal {
namespace {

class SessionAggregate final : public Operator {
  public:
    SessionAggregate(const MakeContext& context, const plan::WindowAggregateNode& window,
                     std::unique_ptr<AggregateSet> set, WindowOutput out)
        : Operator(context.node),
          time_column_(static_cast<std::size_t>(window.window.time_column)),
          time_(input_schema()[time_column_].type),
          partition_keys_(window.window.partition_keys),
          keys_(window.keys),
          set_(std::move(set)),
          sessions_(context.ordered("sessions"), context.ordered("due"), window.window.gap_ms),
          groups_(context.ordered("groups")),
          entries_table_(context.ordered("entries")),
          entries_(entries_table_),
          other_entries_(entries_table_),
          sequence_(context.keyed("sequence")),
          out_(std::move(out)) {}

    bool reacts_to_watermark() const override { return true; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        if (!in.empty()) {
            set_->prepare(EvalInput::of(in, round.processing_time_ms), errors_);
            report_failed(round, in, errors_, failed_);
        }
        sequence_.load();
        walk(
            in, round.track, [&](std::size_t row, std::int64_t wm) { add(round, in, row, wm); },
            [&](const Raise& raise, std::int64_t before) {
                while (const auto closed = sessions_.next_closed(raise.watermark)) {
                    emit(*closed, raise.arrival, before);
                }
            });
        sequence_.store();
        return out_.finish(round.track.end());
    }

  private:
    void add(const Round& round, const Delta& in, std::size_t row, std::int64_t watermark) {
        if (!failed_.empty() && failed_[row]) return;
        const Column& times = *in.columns[time_column_];
        if (const auto bad = time_.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        partition_.clear();
        append_key_columns(partition_, in, partition_keys_, row);
        const Sessions::Placed placed =
            sessions_.place(partition_, time_.ms(times, row), watermark, sequence_.next());
        if (placed.late) {
            ++counters_.late_windows;
            return report_late(round, in, row, watermark);
        }
        for (const std::uint64_t other : placed.absorbed) absorb(other, placed.id);
        key_.clear();
        append_ordered(key_, placed.id);
        append_key_columns(key_, in, keys_, row);
        char* fixed = open(key_);
        entries_.select(key_);
        set_->update(fixed, &entries_, row, in.weight[row], in.arrival[row]);
    }

    /// The group's state, made if need be.
    char* open(const std::string& key) {
        const state::OrderedTable::Edit edit = groups_.edit(key, set_->fixed_size());
        if (edit.inserted) set_->init(edit.value);
        return edit.value;
    }

    /// The groups of session `from` become part of session `to`.
    void absorb(std::uint64_t from, std::uint64_t to) {
        std::string prefix;
        append_ordered(prefix, from);
        while (const auto e = groups_.at_or_after(prefix)) {
            if (!e->key.starts_with(prefix)) return;
            const std::string old(e->key);
            other_.assign(e->value);
            groups_.erase(old);
            key_.clear();
            append_ordered(key_, to);
            key_.append(old, 8);
            char* fixed = open(key_);
            entries_.select(key_);
            other_entries_.select(old);
            set_->merge(fixed, &entries_, other_.data(), &other_entries_);
            if (set_->needs_entries()) other_entries_.clear();
        }
    }

    void emit(const Sessions::Closed& closed, std::uint64_t arrival, std::int64_t watermark) {
        std::string prefix;
        append_ordered(prefix, closed.id);
        while (const auto e = groups_.at_or_after(prefix)) {
            if (!e->key.starts_with(prefix)) return;
            key_.assign(e->key);
            other_.assign(e->value);
            entries_.select(key_);
            out_.emit(std::string_view(key_).substr(8), *set_, other_.data(), &entries_, closed.start,
                      closed.end, arrival, watermark);
            groups_.erase(key_);
            if (set_->needs_entries()) entries_.clear();
        }
    }

    std::size_t time_column_;
    RowTime time_;
    std::vector<int> partition_keys_;
    std::vector<int> keys_;
    std::unique_ptr<AggregateSet> set_;
    Sessions sessions_;
    state::OrderedTable& groups_;
    state::OrderedTable& entries_table_;
    GroupEntries entries_;
    GroupEntries other_entries_;
    Sequence sequence_;
    WindowOutput out_;
    std::vector<RowError> errors_;
    std::vector<bool> failed_;
    std::string partition_;
    std::string key_;
    std::string other_;
};

}  // namespace

Result<OperatorPtr> make_session_aggregate(const MakeContext& context,
                                           const plan::WindowAggregateNode& node) {
    MR_TRY_VOID(check_span("a session gap", node.window.gap_ms));
    if (node.window.gap_ms <= 0) {
        return fail(Code::invalid_argument, "a session gap of {} ms: it must be positive",
                    node.window.gap_ms);
    }
    MR_TRY(auto set, AggregateSet::create(node.calls, context.input(), {}));
    MR_TRY(WindowOutput out, WindowOutput::create(*context.node, node));
    return std::make_unique<SessionAggregate>(context, node, std::move(set), std::move(out));
}

}  // namespace mr::engine::internal
