// WindowTvf for TUMBLE, HOP and CUMULATE: each row once for each window it falls in, with window_start,
// window_end and window_time appended. Stateless.
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"
#include "engine/internal/window.h"

namespace mr::engine::internal {
namespace {

class WindowTvf final : public Operator {
  public:
    WindowTvf(plan::NodePtr node, const plan::WindowTvfNode& tvf, WindowPanes panes)
        : Operator(std::move(node)),
          time_column_(static_cast<std::size_t>(tvf.window.time_column)),
          drop_late_(tvf.drop_late),
          time_(input_schema()[time_column_].type),
          panes_(panes) {
        const Schema& schema = this->node().schema;
        for (std::size_t i = input_schema().size(); i < schema.size(); ++i) {
            window_.emplace_back(schema[i].type);
            units_.emplace_back(schema[i].type);
        }
    }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        rows_.clear();
        walk(
            in, round.track, [&](std::size_t row, std::int64_t wm) { add(round, in, row, wm); },
            [](const Raise&, std::int64_t) {});
        Delta out = take_rows(in, rows_);
        for (ColumnBuilder& b : window_) out.columns.push_back(b.finish());
        return out;
    }

  private:
    void add(const Round& round, const Delta& in, std::size_t row, std::int64_t watermark) {
        const Column& times = *in.columns[time_column_];
        if (const auto bad = time_.problem(times, row); !bad.empty())
            return report_failed(round, in.arrival[row], bad);
        const std::int64_t pane = panes_.pane_end(time_.ms(times, row));
        const std::size_t before = rows_.size();
        bool late = false;
        for (auto end = panes_.first_window(pane); end; end = panes_.next_window(pane, *end)) {
            if (drop_late_ && window_closed(*end, watermark)) {
                ++counters_.late_windows;
                late = true;
                continue;
            }
            rows_.push_back(static_cast<std::uint32_t>(row));
            window_[0].append_integer(units_[0].ticks(panes_.window_start(*end)));
            window_[1].append_integer(units_[1].ticks(*end));
            window_[2].append_integer(units_[2].ticks(*end - 1));
        }
        if (late && rows_.size() == before) report_late(round, in, row, watermark);
    }

    std::size_t time_column_;
    bool drop_late_;
    RowTime time_;
    WindowPanes panes_;
    std::vector<ColumnBuilder> window_;  ///< window_start, window_end, window_time
    std::vector<RowTime> units_;
    std::vector<std::uint32_t> rows_;
};

}  // namespace

Result<OperatorPtr> make_window_tvf(const MakeContext& context, const plan::WindowTvfNode& node) {
    if (context.node->schema.size() != context.input().size() + 3) {
        return fail(Code::internal, "a window function appends 3 columns, the plan has {} after {}",
                    context.node->schema.size(), context.input().size());
    }
    if (node.window.kind == plan::WindowKind::session) return make_session_tvf(context, node);
    MR_TRY(const WindowPanes panes, WindowPanes::create(node.window));
    return std::make_unique<WindowTvf>(context.node, node, panes);
}

}  // namespace mr::engine::internal
