// WindowTvf for SESSION: rows wait until the watermark closes their session and then come out by time (ties
// in the order in which they came), with window_start, window_end and window_time appended.
//
// State: sessions, due  as internal/sessions.h
//        rows           session id, time, number -> weight (i64), row
//        sequence       numbers rows and sessions
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"
#include "engine/internal/sessions.h"

namespace mr::engine::internal {
namespace {

class SessionTvf final : public Operator {
  public:
    SessionTvf(const MakeContext& context, const plan::WindowSpec& window)
        : Operator(context.node),
          time_column_(static_cast<std::size_t>(window.time_column)),
          time_(input_schema()[time_column_].type),
          partition_keys_(window.partition_keys),
          sessions_(context.ordered("sessions"), context.ordered("due"), window.gap_ms),
          rows_(context.ordered("rows")),
          sequence_(context.keyed("sequence")),
          out_(context.node->schema) {}

    bool reacts_to_watermark() const override { return true; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
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
        const Column& times = *in.columns[time_column_];
        if (const auto bad = time_.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        partition_.clear();
        append_key_columns(partition_, in, partition_keys_, row);
        const std::int64_t t = time_.ms(times, row);
        const Sessions::Placed placed = sessions_.place(partition_, t, watermark, sequence_.next());
        if (placed.late) {
            ++counters_.late_windows;
            return report_late(round, in, row, watermark);
        }
        for (const std::uint64_t other : placed.absorbed) move_rows(other, placed.id);
        key_.clear();
        append_ordered(key_, placed.id);
        append_ordered(key_, t);
        append_ordered(key_, sequence_.next());
        value_.assign(8, '\0');
        store_i64(value_.data(), in.weight[row]);
        append_row(value_, in.columns, row);
        rows_.put(key_, value_);
    }

    void move_rows(std::uint64_t from, std::uint64_t to) {
        std::string prefix;
        append_ordered(prefix, from);
        while (const auto e = rows_.at_or_after(prefix)) {
            if (!e->key.starts_with(prefix)) return;
            const std::string old(e->key);
            value_.assign(e->value);
            rows_.erase(old);
            key_.clear();
            append_ordered(key_, to);
            key_.append(old, 8);
            rows_.put(key_, value_);
        }
    }

    void emit(const Sessions::Closed& closed, std::uint64_t arrival, std::int64_t watermark) {
        std::string prefix;
        append_ordered(prefix, closed.id);
        const std::size_t n = input_schema().size();
        const std::int64_t bounds[3] = {closed.start, closed.end, closed.end - 1};
        std::vector<std::string> keys;
        rows_.scan_prefix(prefix, [&](const state::OrderedTable::Entry& e) {
            keys.emplace_back(e.key);
            decode_row(out_, 0, e.value.substr(8), input_schema());
            for (std::size_t i = 0; i < 3; ++i) {
                const RowTime unit(node().schema[n + i].type);
                out_.column(n + i).append_integer(unit.ticks(bounds[i]));
            }
            out_.end_row(static_cast<std::int32_t>(load_i64(e.value.data())), arrival, watermark);
            return true;
        });
        for (const std::string& key : keys) rows_.erase(key);
    }

    std::size_t time_column_;
    RowTime time_;
    std::vector<int> partition_keys_;
    Sessions sessions_;
    state::OrderedTable& rows_;
    Sequence sequence_;
    DeltaBuilder out_;
    std::string partition_;
    std::string key_;
    std::string value_;
};

}  // namespace

Result<OperatorPtr> make_session_tvf(const MakeContext& context, const plan::WindowTvfNode& node) {
    MR_TRY_VOID(check_span("a session gap", node.window.gap_ms));
    if (node.window.gap_ms <= 0) {
        return fail(Code::invalid_argument, "a session gap of {} ms: it must be positive",
                    node.window.gap_ms);
    }
    return std::make_unique<SessionTvf>(context, node.window);
}

}  // namespace mr::engine::internal
