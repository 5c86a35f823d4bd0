// Goal: windows, OVER and joins in time fire when the watermark says so, with the late rows Flink drops and
// no others. Every case also runs in rounds of 1 and 7 rows and with restarts.
#include <gtest/gtest.h>

#include "engine/dataflow_harness.h"

namespace mr::engine::test {
namespace {

using Lines = std::vector<std::string>;

const Schema kEvents{{{"k", DataType::string()}, {"v", DataType::bigint()}, {"ts", DataType::timestamp()}}};

Event ev(const char* k, std::int64_t v, std::int64_t ts, std::int64_t wm = kNoWatermark) {
    return {0, {S(k), I(v), I(ts)}, 1, wm};
}

plan::WindowSpec spec(plan::WindowKind kind, std::int64_t size, std::int64_t slide = 0) {
    plan::WindowSpec w;
    w.kind = kind;
    w.time_column = 2;
    if (kind == plan::WindowKind::session) {
        w.gap_ms = size;
        w.partition_keys = {0};
        return w;
    }
    w.size_ms = size;
    w.slide_ms = slide;
    return w;
}

plan::NodePtr window_aggregate(Plan& p, const plan::NodePtr& s, plan::WindowSpec window,
                               std::vector<plan::AggCall> calls) {
    Schema schema{{{"k", DataType::string()}}};
    for (const plan::AggCall& c : calls) schema.fields.push_back({c.name, c.type});
    schema.fields.push_back({"window_start", DataType::timestamp()});
    schema.fields.push_back({"window_end", DataType::timestamp()});
    return p.add(plan::WindowAggregateNode{window, {0}, std::move(calls), {"window_start", "window_end"}},
                 {s}, schema);
}

TEST(WindowAggregate, TumbleFiresAtTheWatermarkAndDropsLateRows) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = window_aggregate(p, s, spec(plan::WindowKind::tumble, 10),
                                       {agg(s, "COUNT"), agg(s, "SUM", 1), agg(s, "COUNT", 1, true)});
    const Output out =
        run_all_cuts(p.program({root}), {ev("b", 1, 3, 0), ev("a", 2, 9, 8), ev("a", 2, 1, 9),
                                         ev("a", 7, 5, 9), ev("c", 1, -1, 9), ev("a", 4, 12, 30)});
    // The watermark 9 = window_end - 1 fires [0, 10), keys in order; the row at 5 is late, the one at -1 too.
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 2, 4, 1, 0, 10] @3", "+1 [b, 1, 1, 1, 0, 10] @3",
                                      "+1 [a, 1, 4, 1, 10, 20] @6"}));
    EXPECT_EQ(out.late, (Lines{"[a, 7, 5] wm=9", "[c, 1, -1] wm=9"}));
    EXPECT_EQ(out.stats[0].counters.late_rows, 2U);
    EXPECT_EQ(out.stats[0].counters.late_windows, 2U);
    EXPECT_LE(out.state_keys, 2U);  // nothing but the dataflow's own positions
}

TEST(WindowAggregate, HopDropsPerWindow) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = window_aggregate(p, s, spec(plan::WindowKind::hop, 10, 5),
                                       {agg(s, "COUNT"), agg(s, "COUNT", 1, true)});
    // Under watermark 5 the row at 1 is late for [-5, 5) only.
    const Output out =
        run_all_cuts(p.program({root}), {ev("a", 1, 7, 5), ev("a", 1, 1, 5), ev("a", 2, 31, 5)}, 100);
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 2, 1, 0, 10] @3", "+1 [a, 1, 1, 5, 15] @3",
                                      "+1 [a, 1, 1, 25, 35] @3", "+1 [a, 1, 1, 30, 40] @3"}));
    EXPECT_TRUE(out.late.empty());
    EXPECT_EQ(out.stats[0].counters.late_windows, 1U);
    EXPECT_LE(out.state_keys, 2U);
}

TEST(WindowAggregate, HopWithUnevenSlideAndGaps) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto uneven = window_aggregate(p, s, spec(plan::WindowKind::hop, 10, 4), {agg(s, "COUNT")});
    const auto gaps = window_aggregate(p, s, spec(plan::WindowKind::hop, 2, 5), {agg(s, "COUNT")});
    const Output out = run_all_cuts(p.program({uneven, gaps}), {ev("a", 1, 9, 0), ev("a", 1, 6, 0)}, 100);
    EXPECT_EQ(out.rows[0], (std::map<std::string, std::int64_t>{
                               {"[a, 2, 0, 10]", 1}, {"[a, 2, 4, 14]", 1}, {"[a, 1, 8, 18]", 1}}));
    EXPECT_EQ(out.rows[1], (std::map<std::string, std::int64_t>{{"[a, 1, 5, 7]", 1}}));
}

TEST(WindowAggregate, CumulateEmitsEveryStepWithRows) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = window_aggregate(p, s, spec(plan::WindowKind::cumulate, 10, 5), {agg(s, "SUM", 1)});
    const Output out = run_all_cuts(p.program({root}), {ev("a", 1, 1), ev("a", 2, 7), ev("a", 4, 25)}, 100);
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 0, 5] @3", "+1 [a, 3, 0, 10] @3", "+1 [a, 4, 20, 30] @3"}));
}

TEST(WindowAggregate, SessionsMergeAndComeOutByEnd) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = window_aggregate(p, s, spec(plan::WindowKind::session, 10),
                                       {agg(s, "COUNT"), agg(s, "SUM", 1), agg(s, "COUNT", 1, true)});
    const Output out = run_all_cuts(p.program({root}),
                                    {ev("a", 1, 0), ev("a", 1, 18), ev("b", 5, 5), ev("a", 1, 9),
                                     ev("a", 9, 40, 30), ev("b", 7, 10, 30), ev("b", 6, 22, 30)},
                                    100);
    // 9 joins [0,10) and [18,28). Under watermark 30 a row at 10 makes [10,20), closed: late; one at 22 makes
    // [22,32), still open.
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [b, 1, 5, 1, 5, 15] @5", "+1 [a, 3, 3, 1, 0, 28] @5",
                                      "+1 [b, 1, 6, 1, 22, 32] @7", "+1 [a, 1, 9, 1, 40, 50] @7"}));
    EXPECT_EQ(out.late, (Lines{"[b, 7, 10] wm=30"}));
}

TEST(WindowAggregate, LateRowJoinsAnOpenSession) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = window_aggregate(p, s, spec(plan::WindowKind::session, 10), {agg(s, "COUNT")});
    const Output out =
        run_all_cuts(p.program({root}), {ev("a", 1, 20, 25), ev("a", 1, 12, 25), ev("a", 1, 4, 25)}, 100);
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 3, 4, 30] @3"}));
    EXPECT_TRUE(out.late.empty());
}

TEST(WindowTvf, EachRowOncePerWindow) {
    Plan p;
    const auto s = p.source(kEvents);
    Schema schema = kEvents;
    for (const char* name : {"window_start", "window_end", "window_time"}) {
        schema.fields.push_back({name, DataType::timestamp()});
    }
    const plan::WindowSpec hop = spec(plan::WindowKind::hop, 10, 5);
    const plan::WindowSpec session = spec(plan::WindowKind::session, 5);
    const auto h = p.add(plan::WindowTvfNode{hop}, {s}, schema);
    const auto w = p.add(plan::WindowTvfNode{session}, {s}, schema);
    const Output out =
        run_all_cuts(p.program({h, w}), {ev("a", 1, 7), ev("a", 2, 3), ev("a", 3, 12), ev("a", 4, 30)}, 100);
    EXPECT_EQ(out.sequence[0].size(), 8U);
    EXPECT_EQ(out.sequence[0][0], "+1 [a, 1, 7, 0, 10, 9] @1");
    EXPECT_EQ(out.sequence[0][1], "+1 [a, 1, 7, 5, 15, 14] @1");
    EXPECT_EQ(out.sequence[1], (Lines{"+1 [a, 2, 3, 3, 17, 16] @4", "+1 [a, 1, 7, 3, 17, 16] @4",
                                      "+1 [a, 3, 12, 3, 17, 16] @4", "+1 [a, 4, 30, 30, 35, 34] @4"}));
}

TEST(Windows, NullTimeIsSetAside) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = window_aggregate(p, s, spec(plan::WindowKind::tumble, 10), {agg(s, "COUNT")});
    const Output out = run_all_cuts(p.program({root}), {{0, {S("a"), I(1), N()}}, ev("a", 1, 1)}, 100);
    EXPECT_EQ(out.failed.size(), 1U);
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 0, 10] @2"}));
}

TEST(Windows, FarTimeIsSetAside) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = window_aggregate(p, s, spec(plan::WindowKind::tumble, 10), {agg(s, "COUNT")});
    const auto session = window_aggregate(p, s, spec(plan::WindowKind::session, 10), {agg(s, "COUNT")});
    const Output out = run_all_cuts(p.program({root, session}),
                                    {ev("a", 1, std::numeric_limits<std::int64_t>::max()),
                                     ev("a", 1, std::numeric_limits<std::int64_t>::min()), ev("a", 1, 1)},
                                    kMaxWatermark);
    EXPECT_EQ(out.failed.size(), 4U);
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 0, 10] @3"}));
}

TEST(Windows, UnreasonableSizesAreRefused) {
    Plan p;
    const auto s = p.source(kEvents);
    for (const plan::WindowSpec& w :
         {spec(plan::WindowKind::tumble, 0), spec(plan::WindowKind::hop, 10, 0),
          spec(plan::WindowKind::hop, 86'400'001, 86'400'000), spec(plan::WindowKind::cumulate, 10, 3),
          spec(plan::WindowKind::tumble, std::numeric_limits<std::int64_t>::max()),
          spec(plan::WindowKind::session, -1)}) {
        state::StateSpace state;
        const auto root = window_aggregate(p, s, w, {agg(s, "COUNT")});
        const auto flow = Dataflow::create(p.program({root}), state);
        ASSERT_FALSE(flow.has_value());
        EXPECT_EQ(flow.error().code, Code::invalid_argument) << flow.error().message;
    }
}

TEST(Windows, FilteredRowsStillMoveTime) {
    // A row that is filtered away raises the watermark: the window fires with that row's arrival, whether or
    // not another row of the same round follows.
    Plan p;
    const auto s = p.source(kEvents);
    const auto f = p.filter(s, plan::call(">", {column(s, 1), number(0)}, DataType::boolean()));
    const auto w = window_aggregate(p, f, spec(plan::WindowKind::tumble, 10), {agg(f, "COUNT")});
    const Output out =
        run_all_cuts(p.program({w}), {ev("a", 1, 1, 1), ev("a", 0, 12, 12), ev("a", 1, 13, 13)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 0, 10] @2"}));
}

plan::NodePtr over(Plan& p, const plan::NodePtr& s, plan::OverNode node) {
    node.partition_keys = {0};
    node.order_column = 2;
    Schema schema = s->schema;
    for (const plan::AggCall& c : node.calls) schema.fields.push_back({c.name, c.type});
    return p.add(std::move(node), {s}, schema);
}

TEST(Over, RowsFrameByTimeThenArrival) {
    Plan p;
    const auto s = p.source(kEvents);
    plan::OverNode node;
    node.preceding = 1;
    plan::AggCall lag = agg(s, "LAG", 1);
    plan::AggCall row_number = agg(s, "ROW_NUMBER");
    node.calls = {agg(s, "SUM", 1), lag, row_number, agg(s, "MIN", 1)};
    const auto root = over(p, s, node);
    const Output out =
        run_all_cuts(p.program({root}), {ev("a", 4, 4, 0), ev("a", 2, 2, 0), ev("b", 7, 3, 0),
                                         ev("a", 1, 2, 4), ev("a", 9, 4, 4), ev("a", 5, 9, 9)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 2, 2, 2, NULL, 1, 2] @4", "+1 [a, 1, 2, 3, 2, 2, 1] @4",
                                      "+1 [b, 7, 3, 7, NULL, 1, 7] @4", "+1 [a, 4, 4, 5, 1, 3, 1] @4",
                                      "+1 [a, 5, 9, 9, 4, 4, 4] @6"}));
    EXPECT_EQ(out.late, (Lines{"[a, 9, 4] wm=4"}));
}

TEST(Over, RangePeersShareAResult) {
    Plan p;
    const auto s = p.source(kEvents);
    plan::OverNode node;
    node.range = true;
    node.preceding = 2;
    node.calls = {agg(s, "SUM", 1), agg(s, "COUNT")};
    const auto bounded = over(p, s, node);
    node.preceding.reset();
    const auto unbounded = over(p, s, node);
    const Output out =
        run_all_cuts(p.program({bounded, unbounded}),
                     {ev("a", 1, 1), ev("a", 2, 2), ev("a", 4, 2), ev("a", 8, 4), ev("a", 16, 7)}, 100);
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [a, 1, 1, 1, 1] @5", "+1 [a, 2, 2, 7, 3] @5", "+1 [a, 4, 2, 7, 3] @5",
                     "+1 [a, 8, 4, 14, 3] @5", "+1 [a, 16, 7, 16, 1] @5"}));
    EXPECT_EQ(out.sequence[1],
              (Lines{"+1 [a, 1, 1, 1, 1] @5", "+1 [a, 2, 2, 7, 3] @5", "+1 [a, 4, 2, 7, 3] @5",
                     "+1 [a, 8, 4, 15, 4] @5", "+1 [a, 16, 7, 31, 5] @5"}));
}

TEST(IntervalJoin, LeftPadsWhenNoMatchCanComeAnyMore) {
    Plan p;
    const auto l = p.source(kEvents);
    const auto r = p.source(kEvents);
    plan::IntervalJoinNode node;
    node.kind = plan::JoinKind::left;
    node.left_keys = {0};
    node.right_keys = {0};
    node.left_time = node.right_time = 2;
    node.lower_ms = 0;
    node.upper_ms = 5;
    const auto root = p.add(node, {l, r}, joined(kEvents, kEvents));
    const auto right = [](const char* k, std::int64_t v, std::int64_t ts, std::int64_t wm) {
        return Event{1, {S(k), I(v), I(ts)}, 1, wm};
    };
    const Output out =
        run_all_cuts(p.program({root}), {ev("a", 1, 10, 10), right("a", 2, 12, 12), ev("a", 3, 20, 20),
                                         right("a", 4, 30, 30), ev("b", 5, 31, 40)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 10, a, 2, 12] @2", "+1 [a, 3, 20, NULL, NULL, NULL] @5"}));
    EXPECT_EQ(out.stats[0].name, "IntervalJoin");
}

TEST(TemporalJoin, TakesTheVersionOfTheLeftRowsTime) {
    Plan p;
    const Schema rates{
        {{"k", DataType::string()}, {"rate", DataType::bigint()}, {"ts", DataType::timestamp()}}};
    const auto l = p.source(kEvents);
    const auto r = p.source(rates, plan::Mode::retract);
    plan::TemporalJoinNode node;
    node.kind = plan::JoinKind::left;
    node.left_keys = {0};
    node.right_keys = {0};
    node.left_time = node.right_time = 2;
    const auto root = p.add(node, {l, r}, joined(kEvents, rates));
    const auto rate = [](std::int64_t v, std::int64_t ts, std::int64_t wm, int weight = 1) {
        return Event{1, {S("a"), I(v), I(ts)}, weight, wm};
    };
    const Output out = run_all_cuts(
        p.program({root}), {ev("a", 1, 5, 5), rate(100, 3, 3), rate(200, 6, 6), ev("a", 2, 8, 8),
                            ev("b", 3, 7, 8), ev("a", 4, 6, 8), rate(300, 20, 20), ev("a", 5, 21, 30)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 5, a, 100, 3] @3", "+1 [a, 4, 6, a, 200, 6] @6",
                                      "+1 [b, 3, 7, NULL, NULL, NULL] @7", "+1 [a, 2, 8, a, 200, 6] @7"}));
}

}  // namespace
}  // namespace mr::engine::test
