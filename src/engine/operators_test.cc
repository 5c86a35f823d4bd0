// Goal: each operator emits what Flink would, row by row. Method: small inputs written out by hand; every
// case also runs in rounds of 1 and 7 rows and with restarts, and must give the same sequence.
#include <gtest/gtest.h>

#include "engine/dataflow_harness.h"

namespace mr::engine::test {
namespace {

using Lines = std::vector<std::string>;

const Schema kEvents{{{"k", DataType::string()}, {"v", DataType::bigint()}, {"ts", DataType::timestamp()}}};

/// An event of source 0: key, value, event time, watermark after it.
Event ev(const char* k, std::int64_t v, std::int64_t ts = 0, std::int64_t wm = kNoWatermark) {
    return {0, {S(k), I(v), I(ts)}, 1, wm};
}

Event minus(Event e) {
    e.weight = -1;
    return e;
}

TEST(Project, ComputesAndSetsFailedRowsAside) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root =
        p.project(s, {column(s, 0), plan::call("/", {number(12), column(s, 1)}, DataType::bigint())});
    const Output out = run_all_cuts(p.program({root}), {ev("a", 3), ev("b", 0), ev("c", 4)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 4] @1", "+1 [c, 3] @3"}));
    ASSERT_EQ(out.failed.size(), 1U);
    EXPECT_TRUE(out.failed[0].starts_with("@2 ")) << out.failed[0];
    EXPECT_EQ(out.stats[0].counters.failed_rows, 1U);
    EXPECT_EQ(out.stats[0].counters.rows_in, 3U);
    EXPECT_EQ(out.stats[0].counters.rows_out, 2U);
}

TEST(Filter, KeepsTrueRows) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = p.filter(s, plan::call(">", {column(s, 1), number(2)}, DataType::boolean()));
    const Output out =
        run_all_cuts(p.program({root}), {ev("a", 3), ev("b", 1), {0, {S("n"), N(), I(0)}}, ev("c", 4)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 3, 0] @1", "+1 [c, 4, 0] @4"}));
}

TEST(Aggregate, EmitsOldAndNewAndNothingForEqual) {
    Plan p;
    const auto s = p.source(kEvents, plan::Mode::retract);
    const auto root = p.aggregate(s, {0}, {agg(s, "COUNT"), agg(s, "MAX", 1)});
    const auto max_only = p.aggregate(s, {0}, {agg(s, "MAX", 1)});
    const Output out =
        run_all_cuts(p.program({root, max_only}),
                     {ev("a", 5), ev("b", 1), ev("a", 3), minus(ev("a", 5)), minus(ev("a", 3)), ev("a", 9)});
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [a, 1, 5] @1", "+1 [b, 1, 1] @2", "-1 [a, 1, 5] @3", "+1 [a, 2, 5] @3",
                     "-1 [a, 2, 5] @4", "+1 [a, 1, 3] @4", "-1 [a, 1, 3] @5", "+1 [a, 1, 9] @6"}));
    EXPECT_EQ(out.sequence[1], (Lines{"+1 [a, 5] @1", "+1 [b, 1] @2", "-1 [a, 5] @4", "+1 [a, 3] @4",
                                      "-1 [a, 3] @5", "+1 [a, 9] @6"}));
}

TEST(Aggregate, GlobalAndDistinctWithoutCalls) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto total = p.aggregate(s, {}, {agg(s, "SUM", 1), agg(s, "COUNT", 0, true)});
    const auto distinct = p.aggregate(s, {0}, {});
    const Output out =
        run_all_cuts(p.program({total, distinct}), {ev("a", 5), ev("b", 1), ev("a", 0), ev("a", 2)});
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [5, 1] @1", "-1 [5, 1] @2", "+1 [6, 2] @2", "-1 [6, 2] @4", "+1 [8, 2] @4"}));
    EXPECT_EQ(out.sequence[1], (Lines{"+1 [a] @1", "+1 [b] @2"}));
    // No input, no row: an aggregate without keys over nothing does not exist yet.
    EXPECT_TRUE(run(p.program({total}), {}).sequence[0].empty());
}

TEST(Aggregate, MaxOverSumShowsIntermediateValues) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto sums = p.aggregate(s, {0}, {agg(s, "SUM", 1)});
    const auto root = p.aggregate(sums, {}, {agg(sums, "MAX", 1)});
    const Output out = run_all_cuts(p.program({root}), {ev("a", 100), ev("b", 50), ev("a", 300)});
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [100] @1", "-1 [100] @3", "+1 [50] @3", "-1 [50] @3", "+1 [400] @3"}));
}

TEST(UnionAll, MergesByArrival) {
    Plan p;
    const auto a = p.source(kEvents);
    const auto b = p.source(kEvents);
    const auto root = p.union_all(a, b);
    std::vector<Event> events = {ev("a", 1), ev("b", 2), ev("a", 3)};
    events[1].source = 1;
    const Output out = run_all_cuts(p.program({root}), events);
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 0] @1", "+1 [b, 2, 0] @2", "+1 [a, 3, 0] @3"}));
}

TEST(Dataflow, SharedNodeIsComputedOnce) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto sums = p.aggregate(s, {0}, {agg(s, "SUM", 1)});
    const auto root = p.union_all(sums, sums);
    const Output out = run_all_cuts(p.program({root, sums}), {ev("a", 1)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1] @1", "+1 [a, 1] @1"}));
    EXPECT_EQ(out.stats.size(), 2U);
}

TEST(Values, ComeOutOnce) {
    Plan p;
    p.source(kEvents);
    plan::ValuesNode values;
    values.rows = {{number(1)}, {number(2)}};
    const auto root = p.add(values, {}, {{{"n", DataType::bigint()}}});
    const Output out = run_all_cuts(p.program({root}), {ev("a", 1), ev("a", 2), ev("a", 3)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [1] @0", "+1 [2] @0"}));
}

TEST(Normalize, MakesRetractionsFromPuts) {
    Plan p;
    const auto s = p.source(kEvents, plan::Mode::upsert);
    const auto root = p.add(plan::NormalizeNode{{0}}, {s}, kEvents, plan::Mode::retract);
    const Output out = run_all_cuts(
        p.program({root}), {ev("a", 1), ev("a", 1), ev("a", 2), minus(ev("b", 0)), minus(ev("a", 0))});
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [a, 1, 0] @1", "-1 [a, 1, 0] @3", "+1 [a, 2, 0] @3", "-1 [a, 2, 0] @5"}));
}

TEST(Unnest, SpreadsRowsAndPads) {
    Plan p;
    const DataType element = DataType::row({{"x", DataType::bigint()}, {"y", DataType::string()}});
    const Schema schema{{{"k", DataType::string()}, {"list", DataType::array(element)}}};
    const auto s = p.source(schema);
    Schema out_schema = schema;
    out_schema.fields.push_back({"x", DataType::bigint()});
    out_schema.fields.push_back({"y", DataType::string()});
    out_schema.fields.push_back({"n", DataType::integer()});
    plan::UnnestNode inner{column(s, 1), false, true};
    plan::UnnestNode outer{column(s, 1), true, true};
    const auto a = p.add(inner, {s}, out_schema);
    const auto b = p.add(outer, {s}, out_schema);
    const auto pick = [&](const plan::NodePtr& n) {
        return p.project(n, {column(n, 0), column(n, 2), column(n, 3), column(n, 4)});
    };
    const auto list = [](std::vector<Value> rows) { return Value::of(std::move(rows)); };
    const auto item = [](Value x, Value y) {
        return Value::of(std::vector<Value>{std::move(x), std::move(y)});
    };
    const Output out = run_all_cuts(p.program({pick(a), pick(b)}),
                                    {{0, {S("a"), list({item(I(1), S("p")), N(), item(N(), S("q"))})}},
                                     {0, {S("b"), list({})}},
                                     {0, {S("c"), N()}}});
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [a, 1, p, 1] @1", "+1 [a, NULL, NULL, 2] @1", "+1 [a, NULL, q, 3] @1"}));
    EXPECT_EQ(out.sequence[1].back(), "+1 [c, NULL, NULL, NULL] @3");
    EXPECT_EQ(out.sequence[1].size(), 5U);
}

TEST(TopN, WithAndWithoutRank) {
    Plan p;
    const auto s = p.source(kEvents, plan::Mode::retract);
    plan::TopNNode top;
    top.order = {{1, true, true}};
    top.high = 2;
    const auto plain = p.add(top, {s}, kEvents, plan::Mode::retract);
    top.with_rank = true;
    Schema ranked = kEvents;
    ranked.fields.push_back({"rn", DataType::bigint()});
    const auto with_rank = p.add(top, {s}, ranked, plan::Mode::retract);
    const Output out = run_all_cuts(p.program({plain, with_rank}),
                                    {ev("a", 1), ev("b", 2), ev("c", 2), ev("d", 3), minus(ev("b", 2))});
    // Ties: b came before c and stays ahead.
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [a, 1, 0] @1", "+1 [b, 2, 0] @2", "-1 [a, 1, 0] @3", "+1 [c, 2, 0] @3",
                     "-1 [c, 2, 0] @4", "+1 [d, 3, 0] @4", "-1 [b, 2, 0] @5", "+1 [c, 2, 0] @5"}));
    EXPECT_EQ(out.sequence[1], (Lines{"+1 [a, 1, 0, 1] @1", "-1 [a, 1, 0, 1] @2", "+1 [b, 2, 0, 1] @2",
                                      "+1 [a, 1, 0, 2] @2", "-1 [a, 1, 0, 2] @3", "+1 [c, 2, 0, 2] @3",
                                      "-1 [b, 2, 0, 1] @4", "+1 [d, 3, 0, 1] @4", "-1 [c, 2, 0, 2] @4",
                                      "+1 [b, 2, 0, 2] @4", "-1 [b, 2, 0, 2] @5", "+1 [c, 2, 0, 2] @5"}));
}

TEST(TopN, AppendInputKeepsOnlyTheBest) {
    Plan p;
    const auto s = p.source(kEvents);
    plan::TopNNode top;
    top.order = {{1, false, false}};
    top.low = 2;
    top.high = 3;
    const auto root = p.add(top, {s}, kEvents, plan::Mode::retract);
    const Output out =
        run_all_cuts(p.program({root}), {ev("a", 5), ev("b", 4), ev("c", 3), ev("d", 2), ev("e", 9)});
    EXPECT_EQ(out.rows[0], (std::map<std::string, std::int64_t>{{"[b, 4, 0]", 1}, {"[c, 3, 0]", 1}}));
    // Three rows, the sequence, and the dataflow's two positions.
    EXPECT_LE(out.state_keys, 6U);
}

TEST(TopN, RanksThatNoRowHasAndRanksWithoutEnd) {
    Plan p;
    const auto s = p.source(kEvents, plan::Mode::retract);
    plan::TopNNode top;
    top.order = {{1, false, false}};
    top.low = 3;
    top.high = 2;
    const auto none = p.add(top, {s}, kEvents, plan::Mode::retract);
    top.low = 2;
    top.high = 1'000'000'000'000;
    top.with_rank = true;
    Schema ranked = kEvents;
    ranked.fields.push_back({"rn", DataType::bigint()});
    const auto many = p.add(top, {s}, ranked, plan::Mode::retract);
    const Output out =
        run_all_cuts(p.program({none, many}), {ev("a", 1), ev("c", 3), ev("b", 2), minus(ev("a", 1))});
    EXPECT_TRUE(out.sequence[0].empty());
    EXPECT_EQ(out.sequence[1],
              (Lines{"+1 [c, 3, 0, 2] @2", "-1 [c, 3, 0, 2] @3", "+1 [b, 2, 0, 2] @3", "+1 [c, 3, 0, 3] @3",
                     "-1 [b, 2, 0, 2] @4", "+1 [c, 3, 0, 2] @4", "-1 [c, 3, 0, 3] @4"}));
}

TEST(Deduplicate, KeepLastReplacesWithNewerOrEqual) {
    Plan p;
    const auto s = p.source(kEvents);
    plan::DeduplicateNode dedup;
    dedup.keys = {0};
    dedup.time_column = 2;
    dedup.keep_last = true;
    const auto root = p.add(dedup, {s}, kEvents, plan::Mode::retract);
    const Output out = run_all_cuts(p.program({root}), {ev("a", 1, 10), ev("a", 2, 5), ev("a", 3, 10)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1, 10] @1", "-1 [a, 1, 10] @3", "+1 [a, 3, 10] @3"}));
}

TEST(Deduplicate, KeepFirstWaitsForTheWatermark) {
    Plan p;
    const auto s = p.source(kEvents);
    plan::DeduplicateNode dedup;
    dedup.keys = {0};
    dedup.time_column = 2;
    const auto root = p.add(dedup, {s}, kEvents);
    const Output out =
        run_all_cuts(p.program({root}), {ev("a", 1, 10, 2), ev("b", 1, 7, 3), ev("a", 2, 5, 4),
                                         ev("a", 3, 5, 8), ev("a", 4, 9, 9), ev("c", 5, 6, 20)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 2, 5] @4", "+1 [b, 1, 7] @4"}));
    EXPECT_EQ(out.late, (Lines{"[c, 5, 6] wm=9"}));
}

TEST(Join, LeftPadsAndTakesBack) {
    Plan p;
    const Schema kv{{{"k", DataType::string()}, {"v", DataType::bigint()}}};
    const auto l = p.source(kv, plan::Mode::retract);
    const auto r = p.source(kv, plan::Mode::retract);
    const auto root = p.join(plan::JoinKind::left, l, r, {0}, {0});
    const auto row = [](std::size_t side, Value k, std::int64_t v, int weight = 1) {
        return Event{side, {std::move(k), I(v)}, weight, kNoWatermark};
    };
    const Output out =
        run_all_cuts(p.program({root}), {row(0, S("a"), 1), row(1, S("a"), 10), row(1, S("a"), 11),
                                         row(0, N(), 2), row(1, N(), 12), row(1, S("a"), 10, -1),
                                         row(1, S("a"), 11, -1), row(0, S("a"), 1, -1)});
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [a, 1, NULL, NULL] @1", "-1 [a, 1, NULL, NULL] @2", "+1 [a, 1, a, 10] @2",
                     "+1 [a, 1, a, 11] @3", "+1 [NULL, 2, NULL, NULL] @4", "-1 [a, 1, a, 10] @6",
                     "-1 [a, 1, a, 11] @7", "+1 [a, 1, NULL, NULL] @7", "-1 [a, 1, NULL, NULL] @8"}));
}

TEST(Join, SemiAndAnti) {
    Plan p;
    const Schema kv{{{"k", DataType::string()}, {"v", DataType::bigint()}}};
    const auto l = p.source(kv, plan::Mode::retract);
    const auto r = p.source(kv, plan::Mode::retract);
    const auto semi = p.join(plan::JoinKind::semi, l, r, {0}, {0});
    const auto anti = p.join(plan::JoinKind::anti, l, r, {0}, {0});
    const auto row = [](std::size_t side, Value k, std::int64_t v, int weight = 1) {
        return Event{side, {std::move(k), I(v)}, weight, kNoWatermark};
    };
    const Output out = run_all_cuts(
        p.program({semi, anti}), {row(0, S("a"), 1), row(1, S("a"), 10), row(1, S("a"), 11), row(0, N(), 2),
                                  row(1, S("a"), 10, -1), row(0, S("a"), 3), row(1, S("a"), 11, -1)});
    EXPECT_EQ(out.sequence[0], (Lines{"+1 [a, 1] @2", "+1 [a, 3] @6", "-1 [a, 1] @7", "-1 [a, 3] @7"}));
    EXPECT_EQ(out.sequence[1],
              (Lines{"+1 [a, 1] @1", "-1 [a, 1] @2", "+1 [NULL, 2] @4", "+1 [a, 1] @7", "+1 [a, 3] @7"}));
}

TEST(Join, ResidualAndSelfJoin) {
    Plan p;
    const auto s = p.source(kEvents);
    const Schema both = joined(kEvents, kEvents);
    const auto later = plan::call(
        ">", {plan::input(4, DataType::bigint()), plan::input(1, DataType::bigint())}, DataType::boolean());
    const auto joined_node = p.join(plan::JoinKind::inner, s, s, {0}, {0}, later);
    const auto root = p.project(joined_node, {column(joined_node, 1), column(joined_node, 4)});
    const Output out = run_all_cuts(p.program({root}), {ev("a", 2), ev("a", 1), ev("b", 5), ev("a", 3)});
    EXPECT_EQ(out.rows[0],
              (std::map<std::string, std::int64_t>{{"[1, 2]", 1}, {"[1, 3]", 1}, {"[2, 3]", 1}}));
}

TEST(Materializer, ShowsTheLastRowOfAKey) {
    Plan p;
    const auto s = p.source(kEvents, plan::Mode::retract);
    plan::Program program = p.program({s});
    program.sinks[0].needs_materializer = true;
    const Output out = run_all_cuts(program, {ev("a", 1), ev("a", 2), minus(ev("a", 1)), ev("a", 3),
                                              minus(ev("a", 3)), minus(ev("a", 2))});
    EXPECT_EQ(out.sequence[0],
              (Lines{"+1 [a, 1, 0] @1", "-1 [a, 1, 0] @2", "+1 [a, 2, 0] @2", "-1 [a, 2, 0] @4",
                     "+1 [a, 3, 0] @4", "-1 [a, 3, 0] @5", "+1 [a, 2, 0] @5", "-1 [a, 2, 0] @6"}));
}

TEST(Balance, TransfersLeaveTheTotalAtZero) {
    Plan p;
    const Schema transfers{
        {{"from", DataType::bigint()}, {"to", DataType::bigint()}, {"amount", DataType::bigint()}}};
    const auto s = p.source(transfers);
    const auto out_leg =
        p.project(s, {column(s, 0), plan::call("*", {column(s, 2), number(-1)}, DataType::bigint())});
    const auto in_leg = p.project(s, {column(s, 1), column(s, 2)});
    const auto legs = p.union_all(out_leg, in_leg);
    const auto balances = p.aggregate(legs, {0}, {agg(legs, "SUM", 1)});
    const auto total = p.aggregate(balances, {}, {agg(balances, "SUM", 1)});
    std::vector<Event> events;
    std::uint64_t x = 7;
    for (int i = 0; i < 300; ++i) {
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        events.push_back(
            {0,
             {I(static_cast<std::int64_t>(x >> 60)), I(static_cast<std::int64_t>((x >> 56) & 15)),
              I(static_cast<std::int64_t>((x >> 40) & 1023))}});
        // After every round, whatever its size, the total is zero.
        if (i % 60 == 0) {
            const Output now = run(p.program({total}), events, {.round_rows = 3});
            EXPECT_EQ(now.rows[0], (std::map<std::string, std::int64_t>{{"[0]", 1}}));
        }
    }
    run_all_cuts(p.program({total}), events);
}

TEST(Dataflow, NamesTheOperatorThatCannotBeMade) {
    Plan p;
    const auto s = p.source(kEvents);
    const auto root = p.filter(s, plan::call("NO_SUCH_FUNCTION", {column(s, 1)}, DataType::boolean()));
    state::StateSpace state;
    const auto flow = Dataflow::create(p.program({root}), state);
    ASSERT_FALSE(flow.has_value());
    EXPECT_NE(flow.error().message.find("Filter"), std::string::npos);
}

}  // namespace
}  // namespace mr::engine::test
