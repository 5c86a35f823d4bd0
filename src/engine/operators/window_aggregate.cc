// WindowAggregate for TUMBLE, HOP and CUMULATE: a row is added to the pane it falls in; a window is emitted
// once, when the watermark reaches its end - 1, from its panes; panes go when their last window has fired.
//
// State: panes    pane end, group key -> the aggregates' fixed part
//        entries  pane end, group key, entry -> value (DISTINCT and the like)
//        due      window end, group key -> nothing: the next window of the group that has rows. A pane enters
//                 its first open window when it is made; a window that fires enters the next one if one of
//                 its panes is part of that too.
#include "engine/internal/group_entries.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"
#include "engine/internal/window.h"
#include "engine/internal/window_output.h"

namespace mr::engine::internal {
namespace {

class WindowAggregate final : public Operator {
  public:
    WindowAggregate(const MakeContext& context, const plan::WindowAggregateNode& window, WindowPanes panes,
                    std::unique_ptr<AggregateSet> set, WindowOutput out)
        : Operator(context.node),
          time_column_(static_cast<std::size_t>(window.window.time_column)),
          time_(input_schema()[time_column_].type),
          keys_(window.keys),
          shape_(panes),
          set_(std::move(set)),
          panes_(context.keyed("panes")),
          entries_table_(context.ordered("entries")),
          due_(context.ordered("due")),
          entries_(entries_table_),
          out_(std::move(out)) {}

    bool reacts_to_watermark() const override { return true; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        if (!in.empty()) {
            set_->prepare(EvalInput::of(in, round.processing_time_ms), errors_);
            report_failed(round, in, errors_, failed_);
        }
        walk(
            in, round.track, [&](std::size_t row, std::int64_t wm) { add(round, in, row, wm); },
            [&](const Raise& raise, std::int64_t before) { fire(raise, before); });
        return out_.finish(round.track.end());
    }

  private:
    void add(const Round& round, const Delta& in, std::size_t row, std::int64_t watermark) {
        if (!failed_.empty() && failed_[row]) return;
        const Column& times = *in.columns[time_column_];
        if (const auto bad = time_.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        const std::int64_t pane = shape_.pane_end(time_.ms(times, row));
        auto window = shape_.first_window(pane);
        if (!window) return;  // between two hops: in no window
        for (; window && window_closed(*window, watermark); window = shape_.next_window(pane, *window)) {
            ++counters_.late_windows;
        }
        if (!window) return report_late(round, in, row, watermark);
        key_.clear();
        append_ordered(key_, pane);
        append_key_columns(key_, in, keys_, row);
        const state::KeyedTable::Edit edit = panes_.edit(key_, set_->fixed_size());
        if (edit.inserted) {
            set_->init(edit.value);
            due_key_.clear();
            append_ordered(due_key_, *window);
            due_key_.append(key_, 8);
            due_.put(due_key_, {});
        }
        EntryStore* entries = nullptr;
        if (set_->needs_entries()) {
            entries_.select(key_);
            entries = &entries_;
        }
        set_->update(edit.value, entries, row, in.weight[row], in.arrival[row]);
    }

    void fire(const Raise& raise, std::int64_t before) {
        while (const auto first = due_.at_or_after({})) {
            const std::int64_t end = read_ordered(first->key);
            if (!window_closed(end, raise.watermark)) return;
            due_key_.assign(first->key);
            due_.erase(due_key_);
            fire_window(end, std::string_view(due_key_).substr(8), raise.arrival, before);
        }
    }

    /// `group` lies in due_key_.
    void fire_window(std::int64_t end, std::string_view group, std::uint64_t arrival, std::int64_t before) {
        const std::int64_t start = shape_.window_start(end);
        if (end - start == shape_.pane_ms() && !shape_.next_window(end, end)) {
            return fire_single_pane(start, end, group, arrival, before);
        }
        merged_.assign(set_->fixed_size(), '\0');
        merged_entries_.clear();
        std::size_t found = 0;
        bool goes_on = false;
        for (std::int64_t pane = start + shape_.pane_ms(); pane <= end; pane += shape_.pane_ms()) {
            key_.clear();
            append_ordered(key_, pane);
            key_.append(group);
            const auto state = panes_.get(key_);
            if (!state) continue;
            entries_.select(key_);
            if (found++ == 0) set_->init(merged_.data());
            set_->merge(merged_.data(), &merged_entries_, state->data(), &entries_);
            if (shape_.next_window(pane, end)) {
                goes_on = true;
            } else {
                panes_.erase(key_);
                if (set_->needs_entries()) entries_.clear();
            }
        }
        MR_CHECK(found > 0, "window ending at {} came due without rows", end);
        out_.emit(group, *set_, merged_.data(), &merged_entries_, start, end, arrival, before);
        if (goes_on) {
            std::string next;
            append_ordered(next, *shape_.next_window(end, end));
            next.append(group);
            due_.put(next, {});
        }
    }

    /// A window that is one pane, of no other window, needs no merging.
    void fire_single_pane(std::int64_t start, std::int64_t end, std::string_view group, std::uint64_t arrival,
                          std::int64_t before) {
        key_.clear();
        append_ordered(key_, end);
        key_.append(group);
        const auto state = panes_.get(key_);
        MR_CHECK(state.has_value(), "window ending at {} came due without rows", end);
        entries_.select(key_);
        out_.emit(group, *set_, state->data(), &entries_, start, end, arrival, before);
        panes_.erase(key_);
        if (set_->needs_entries()) entries_.clear();
    }

    std::size_t time_column_;
    RowTime time_;
    std::vector<int> keys_;
    WindowPanes shape_;
    std::unique_ptr<AggregateSet> set_;
    state::KeyedTable& panes_;
    state::OrderedTable& entries_table_;
    state::OrderedTable& due_;
    GroupEntries entries_;
    WindowOutput out_;
    std::string merged_;
    MemoryEntries merged_entries_;
    std::vector<RowError> errors_;
    std::vector<bool> failed_;
    std::string key_;
    std::string due_key_;
};

}  // namespace

Result<OperatorPtr> make_window_aggregate(const MakeContext& context, const plan::WindowAggregateNode& node) {
    if (node.window.kind == plan::WindowKind::session) return make_session_aggregate(context, node);
    MR_TRY(const WindowPanes panes, WindowPanes::create(node.window));
    MR_TRY(auto set, AggregateSet::create(node.calls, context.input(), {}));
    MR_TRY(WindowOutput out, WindowOutput::create(*context.node, node));
    return std::make_unique<WindowAggregate>(context, node, panes, std::move(set), std::move(out));
}

}  // namespace mr::engine::internal
