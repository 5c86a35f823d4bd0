// Goal: every operator's final rows equal the same question asked in DuckDB over the whole input. Method:
// random events with NULLs, duplicates, disorder and (where the operator takes them) retractions; each case
// also runs in rounds of 1 and 7 rows and with restarts and must give the same sequence (run_all_cuts).
#include <duckdb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/check.h"
#include "engine/dataflow_harness.h"

namespace mr::engine::test {
namespace {

using Rows = std::map<std::string, std::int64_t>;
using plan::JoinKind;
using plan::NodePtr;

constexpr std::int64_t kDisorder = 20;
constexpr std::int64_t kEnd = 1'000'000;

const Schema kSchema{{{"k", DataType::string()}, {"v", DataType::bigint()}, {"ts", DataType::timestamp()}}};

/// An in-memory database; tables l and r (k, v, ts, seq) hold what is left of sources 0 and 1.
class Duck {
  public:
    explicit Duck(const std::vector<Event>& events) {
        MR_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess, "duckdb");
        MR_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess, "duckdb");
        const char* names[] = {"l", "r"};
        for (std::size_t source = 0; source < 2; ++source) {
            query(fmt::format("CREATE TABLE {} (k VARCHAR, v BIGINT, ts BIGINT, seq BIGINT)", names[source]));
            std::vector<std::pair<const Event*, std::size_t>> live;
            for (std::size_t i = 0; i < events.size(); ++i) {
                const Event& e = events[i];
                if (e.source != source) continue;
                if (e.weight > 0) {
                    live.emplace_back(&e, i);
                } else {
                    const auto at =
                        std::ranges::find_if(live, [&](const auto& l) { return l.first->row == e.row; });
                    MR_CHECK(at != live.end(), "retraction of nothing");
                    live.erase(at);
                }
            }
            std::string values;
            for (const auto& [e, seq] : live) {
                values += fmt::format("{}({}, {}, {}, {})", values.empty() ? "" : ", ",
                                      e->row[0].is_null() ? "NULL" : "'" + e->row[0].text() + "'",
                                      e->row[1].is_null() ? "NULL" : std::to_string(e->row[1].integer()),
                                      e->row[2].integer(), seq);
            }
            if (!values.empty()) query(fmt::format("INSERT INTO {} VALUES {}", names[source], values));
        }
    }
    ~Duck() {
        duckdb_disconnect(&connection_);
        duckdb_close(&database_);
    }
    Duck(const Duck&) = delete;
    Duck& operator=(const Duck&) = delete;

    Rows query(const std::string& sql) {
        duckdb_result result;
        const bool ok = duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess;
        MR_CHECK(ok, "{}: {}", sql, duckdb_result_error(&result));
        Rows rows;
        for (idx_t row = 0; row < duckdb_row_count(&result); ++row) {
            std::string text = "[";
            for (idx_t c = 0; c < duckdb_column_count(&result); ++c) {
                char* value = duckdb_value_varchar(&result, c, row);
                text += (c > 0 ? ", " : "") + std::string(value == nullptr ? "NULL" : value);
                duckdb_free(value);
            }
            ++rows[text + "]"];
        }
        duckdb_destroy_result(&result);
        return rows;
    }

  private:
    duckdb_database database_ = nullptr;
    duckdb_connection connection_ = nullptr;
};

struct Shape {
    std::size_t events = 300;
    bool retract = false;
    int keys = 5;
    int values = 12;
    bool late = false;
};

std::vector<Event> random_events(std::uint32_t seed, const Shape& shape) {
    std::mt19937 rng(seed);
    std::vector<Event> events;
    std::vector<std::vector<Value>> live[2];
    std::int64_t newest[2] = {0, 0};
    while (events.size() < shape.events) {
        const std::size_t source = rng() % 2;
        if (shape.retract && !live[source].empty() && rng() % 3 == 0) {
            const std::size_t at = rng() % live[source].size();
            events.push_back({source, live[source][at], -1});
            live[source].erase(live[source].begin() + static_cast<std::ptrdiff_t>(at));
            continue;
        }
        const std::int64_t ts =
            newest[source] + static_cast<std::int64_t>(rng() % (kDisorder + 4)) - kDisorder;
        newest[source] = std::max(newest[source], ts);
        const Value key = rng() % 12 == 0 ? N() : Value::of("k" + std::to_string(rng() % shape.keys));
        const Value value = rng() % 8 == 0 ? N() : I(static_cast<std::int64_t>(rng() % shape.values));
        events.push_back({source, {key, value, I(ts)}, 1, newest[source] - kDisorder - 1});
        live[source].push_back(events.back().row);
    }
    return events;
}

class Oracle : public testing::TestWithParam<std::uint32_t> {
  protected:
    /// The plan's final rows are those of the query.
    void expect(Plan& p, const NodePtr& root, const std::vector<Event>& events, const std::string& sql) {
        SCOPED_TRACE("SEED=" + std::to_string(GetParam()));
        const Output out = run_all_cuts(p.program({root}), events, kEnd);
        EXPECT_EQ(out.rows[0], Duck(events).query(sql)) << sql;
        EXPECT_TRUE(out.late.empty());
        EXPECT_TRUE(out.failed.empty());
    }
    std::vector<Event> append() { return random_events(GetParam(), {}); }
    std::vector<Event> retracting() { return random_events(GetParam(), {.retract = true}); }
};

plan::ExprPtr less(int a, int b) {
    return plan::call("<", {plan::input(a, DataType::bigint()), plan::input(b, DataType::bigint())},
                      DataType::boolean());
}

std::vector<plan::AggCall> many_calls(const NodePtr& s) {
    plan::AggCall filtered = agg(s, "COUNT");
    filtered.filter = plan::call(">", {column(s, 1), number(5)}, DataType::boolean());
    return {agg(s, "COUNT"),  agg(s, "COUNT", 1),       agg(s, "SUM", 1),       agg(s, "MIN", 1),
            agg(s, "MAX", 1), agg(s, "COUNT", 1, true), agg(s, "SUM", 1, true), filtered};
}

constexpr const char* kManyCalls =
    "count(*), count(v), sum(v), min(v), max(v), count(DISTINCT v), sum(DISTINCT v), "
    "count(*) FILTER (WHERE v > 5)";

TEST_P(Oracle, AggregateUnderRetraction) {
    Plan p;
    const auto s = p.source(kSchema, plan::Mode::retract);
    p.source(kSchema);
    expect(p, p.aggregate(s, {0}, many_calls(s)), retracting(),
           fmt::format("SELECT k, {} FROM l GROUP BY k", kManyCalls));
}

TEST_P(Oracle, AggregateOverJoinOverAggregate) {
    for (const auto& [kind, name] : std::vector<std::pair<JoinKind, std::string>>{
             {JoinKind::inner, "JOIN"}, {JoinKind::left, "LEFT JOIN"}, {JoinKind::full, "FULL JOIN"}}) {
        Plan p;
        const auto l = p.source(kSchema, plan::Mode::retract);
        const auto r = p.source(kSchema, plan::Mode::retract);
        const auto a = p.aggregate(l, {0}, {agg(l, "COUNT"), agg(l, "SUM", 1)});
        const auto b = p.aggregate(r, {0}, {agg(r, "MAX", 1)});
        const auto j = p.join(kind, a, b, {0}, {0}, less(4, 2));
        const auto root = p.aggregate(j, {1}, {agg(j, "COUNT"), agg(j, "SUM", 4), agg(j, "COUNT", 0)});
        expect(p, root, retracting(),
               fmt::format(
                   "WITH a AS (SELECT k, count(*) c, sum(v) s FROM l GROUP BY k), "
                   "b AS (SELECT k, max(v) m FROM r GROUP BY k) "
                   "SELECT c, count(*), sum(m), count(a.k) FROM a {} b ON a.k = b.k AND m < s GROUP BY c",
                   name));
    }
}

TEST_P(Oracle, JoinOfEveryKind) {
    for (const auto& [kind, name] :
         std::vector<std::pair<JoinKind, std::string>>{{JoinKind::inner, "JOIN"},
                                                       {JoinKind::left, "LEFT JOIN"},
                                                       {JoinKind::right, "RIGHT JOIN"},
                                                       {JoinKind::full, "FULL JOIN"},
                                                       {JoinKind::semi, "SEMI JOIN"},
                                                       {JoinKind::anti, "ANTI JOIN"}}) {
        for (const bool residual : {false, true}) {
            Plan p;
            const auto l = p.source(kSchema, plan::Mode::retract);
            const auto r = p.source(kSchema, plan::Mode::retract);
            const auto root = p.join(kind, l, r, {0}, {0}, residual ? less(1, 4) : nullptr);
            const bool left_only = kind == JoinKind::semi || kind == JoinKind::anti;
            expect(p, root, retracting(),
                   fmt::format("SELECT l.k, l.v, l.ts{} FROM l {} r ON l.k = r.k {}",
                               left_only ? "" : ", r.k, r.v, r.ts", name, residual ? "AND l.v < r.v" : ""));
        }
    }
}

NodePtr window_aggregate(Plan& p, const NodePtr& s, plan::WindowSpec window) {
    Schema schema{{{"k", DataType::string()}}};
    const auto calls = many_calls(s);
    for (const plan::AggCall& c : calls) schema.fields.push_back({c.name, c.type});
    schema.fields.push_back({"window_start", DataType::timestamp()});
    schema.fields.push_back({"window_end", DataType::timestamp()});
    window.time_column = 2;
    return p.add(plan::WindowAggregateNode{window, {0}, calls, {"window_start", "window_end"}}, {s}, schema);
}

TEST_P(Oracle, TumbleHopCumulate) {
    struct Case {
        plan::WindowKind kind;
        std::int64_t size;
        std::int64_t slide;
        const char* windows;
    };
    const std::vector<Case> cases = {{plan::WindowKind::tumble, 10, 0,
                                      "SELECT *, CAST(floor(ts / 10.0) AS BIGINT) * 10 s, CAST(floor(ts / "
                                      "10.0) AS BIGINT) * 10 + 10 e FROM l"},
                                     {plan::WindowKind::hop, 12, 4,
                                      "SELECT l.*, s, s + 12 e FROM l, (SELECT unnest(range(-80, 2000, 4)) "
                                      "s) WHERE ts >= s AND ts < s + 12"},
                                     {plan::WindowKind::hop, 10, 4,
                                      "SELECT l.*, s, s + 10 e FROM l, (SELECT unnest(range(-80, 2000, 4)) "
                                      "s) WHERE ts >= s AND ts < s + 10"},
                                     {plan::WindowKind::cumulate, 12, 4,
                                      "SELECT l.*, CAST(floor(ts / 12.0) AS BIGINT) * 12 s, e FROM l, "
                                      "(SELECT unnest(range(-80, 2000, 4)) e) "
                                      "WHERE e > ts AND e <= CAST(floor(ts / 12.0) AS BIGINT) * 12 + 12"}};
    for (const Case& c : cases) {
        Plan p;
        const auto s = p.source(kSchema);
        p.source(kSchema);
        plan::WindowSpec window;
        window.kind = c.kind;
        window.size_ms = c.size;
        window.slide_ms = c.slide;
        expect(p, window_aggregate(p, s, window), append(),
               fmt::format("SELECT k, {}, s, e FROM ({}) GROUP BY k, s, e", kManyCalls, c.windows));
    }
}

TEST_P(Oracle, Session) {
    Plan p;
    const auto s = p.source(kSchema);
    p.source(kSchema);
    plan::WindowSpec window;
    window.kind = plan::WindowKind::session;
    window.gap_ms = 9;
    window.partition_keys = {0};
    // Even times and an odd gap: sessions that merely touch are one only if the first has not closed yet, as
    // in Flink, which no query over the whole input can tell.
    std::vector<Event> events = append();
    for (Event& e : events) {
        e.row[2] = I(e.row[2].integer() * 2);
        e.watermark *= 2;
    }
    expect(
        p, window_aggregate(p, s, window), events,
        fmt::format("WITH n AS (SELECT *, ts - lag(ts) OVER (PARTITION BY k ORDER BY ts) > 9 fresh FROM l), "
                    "g AS (SELECT *, sum(CASE WHEN fresh THEN 1 ELSE 0 END) OVER (PARTITION BY k ORDER BY "
                    "ts) AS session FROM n) "
                    "SELECT k, {}, min(ts), max(ts) + 9 FROM g GROUP BY k, session",
                    kManyCalls));
}

TEST_P(Oracle, OverRows) {
    Plan p;
    const auto s = p.source(kSchema);
    p.source(kSchema);
    plan::OverNode node;
    node.partition_keys = {0};
    node.order_column = 2;
    node.preceding = 3;
    plan::AggCall lag = agg(s, "LAG", 1);
    lag.args.push_back(plan::literal(DataType::integer(), I(2)));
    node.calls = {agg(s, "SUM", 1),     agg(s, "COUNT"),         agg(s, "MIN", 1), lag,
                  agg(s, "ROW_NUMBER"), agg(s, "FIRST_VALUE", 1)};
    Schema schema = kSchema;
    for (const plan::AggCall& c : node.calls) schema.fields.push_back({c.name, c.type});
    expect(p, p.add(node, {s}, schema), append(),
           "SELECT k, v, ts, sum(v) OVER w, count(*) OVER w, min(v) OVER w, lag(v, 2) OVER o, row_number() "
           "OVER o, "
           "first_value(v IGNORE NULLS) OVER w FROM l "
           "WINDOW w AS (PARTITION BY k ORDER BY ts, seq ROWS BETWEEN 3 PRECEDING AND CURRENT ROW), "
           "o AS (PARTITION BY k ORDER BY ts, seq)");
}

TEST_P(Oracle, OverRange) {
    for (const bool bounded : {true, false}) {
        Plan p;
        const auto s = p.source(kSchema);
        p.source(kSchema);
        plan::OverNode node;
        node.partition_keys = {0};
        node.order_column = 2;
        node.range = true;
        if (bounded) node.preceding = 6;
        node.calls = {agg(s, "SUM", 1), agg(s, "COUNT"), agg(s, "MAX", 1)};
        Schema schema = kSchema;
        for (const plan::AggCall& c : node.calls) schema.fields.push_back({c.name, c.type});
        expect(
            p, p.add(node, {s}, schema), append(),
            fmt::format("SELECT k, v, ts, sum(v) OVER w, count(*) OVER w, max(v) OVER w FROM l WINDOW w AS "
                        "(PARTITION BY k ORDER BY ts RANGE BETWEEN {} PRECEDING AND CURRENT ROW)",
                        bounded ? "6" : "UNBOUNDED"));
    }
}

TEST_P(Oracle, IntervalJoin) {
    for (const auto& [kind, name] :
         std::vector<std::pair<JoinKind, std::string>>{{JoinKind::inner, "JOIN"},
                                                       {JoinKind::left, "LEFT JOIN"},
                                                       {JoinKind::right, "RIGHT JOIN"},
                                                       {JoinKind::full, "FULL JOIN"}}) {
        Plan p;
        const auto l = p.source(kSchema);
        const auto r = p.source(kSchema);
        plan::IntervalJoinNode node;
        node.kind = kind;
        node.left_keys = node.right_keys = {0};
        node.left_time = node.right_time = 2;
        node.lower_ms = -3;
        node.upper_ms = 8;
        node.residual = less(1, 4);
        expect(p, p.add(node, {l, r}, joined(kSchema, kSchema)), append(),
               fmt::format("SELECT l.k, l.v, l.ts, r.k, r.v, r.ts FROM l {} r ON l.k = r.k AND l.v < r.v AND "
                           "r.ts BETWEEN l.ts - 3 AND l.ts + 8",
                           name));
    }
}

TEST_P(Oracle, TemporalJoin) {
    for (const JoinKind kind : {JoinKind::inner, JoinKind::left}) {
        Plan p;
        const auto l = p.source(kSchema);
        const auto r = p.source(kSchema, plan::Mode::upsert);
        plan::TemporalJoinNode node;
        node.kind = kind;
        node.left_keys = node.right_keys = {0};
        node.left_time = node.right_time = 2;
        expect(p, p.add(node, {l, r}, joined(kSchema, kSchema)), append(),
               fmt::format(
                   "WITH m AS (SELECT l.*, (SELECT max(r.ts * 100000 + r.seq) FROM r WHERE r.k = l.k AND "
                   "r.ts <= l.ts) AS version FROM l) "
                   "SELECT m.k, m.v, m.ts, r.k, r.v, r.ts FROM m {} r ON r.ts * 100000 + r.seq = m.version",
                   kind == JoinKind::left ? "LEFT JOIN" : "JOIN"));
    }
}

TEST_P(Oracle, TopN) {
    struct Case {
        plan::RankKind rank;
        const char* function;
        const char* order;
    };
    for (const Case& c :
         {Case{plan::RankKind::row_number, "row_number", ", seq"}, Case{plan::RankKind::rank, "rank", ""},
          Case{plan::RankKind::dense_rank, "dense_rank", ""}}) {
        for (const bool retract : {false, true}) {
            for (const bool with_rank : {false, true}) {
                Plan p;
                const auto s = p.source(kSchema, retract ? plan::Mode::retract : plan::Mode::append);
                p.source(kSchema);
                plan::TopNNode node;
                node.rank = c.rank;
                node.partition_keys = {0};
                node.order = {{1, true, true}};
                node.low = 2;
                node.high = 4;
                node.with_rank = with_rank;
                Schema schema = kSchema;
                if (with_rank) schema.fields.push_back({"rn", DataType::bigint()});
                expect(
                    p, p.add(node, {s}, schema, plan::Mode::retract), retract ? retracting() : append(),
                    fmt::format("SELECT k, v, ts{} FROM (SELECT *, {}() OVER (PARTITION BY k ORDER BY v DESC "
                                "NULLS LAST{}) rn FROM l) WHERE rn BETWEEN 2 AND 4",
                                with_rank ? ", rn" : "", c.function, c.order));
            }
        }
    }
}

TEST_P(Oracle, Deduplicate) {
    for (const bool last : {true, false}) {
        Plan p;
        const auto s = p.source(kSchema);
        p.source(kSchema);
        plan::DeduplicateNode node;
        node.keys = {0};
        node.time_column = 2;
        node.keep_last = last;
        const char* order = last ? "DESC" : "ASC";
        expect(
            p, p.add(node, {s}, kSchema, last ? plan::Mode::retract : plan::Mode::append), append(),
            fmt::format("SELECT k, v, ts FROM (SELECT *, row_number() OVER (PARTITION BY k ORDER BY ts {}, "
                        "seq {}) rn FROM l) WHERE rn = 1",
                        order, order));
    }
}

TEST_P(Oracle, WindowOverWindowOfUnion) {
    // A windowed count per key of two streams together, then the greatest count per window: watermarks of
    // several inputs, and a window over what a window emitted.
    Plan p;
    const auto l = p.source(kSchema);
    const auto r = p.source(kSchema);
    const auto both = p.union_all(l, r);
    plan::WindowSpec window;
    window.kind = plan::WindowKind::tumble;
    window.time_column = 2;
    window.size_ms = 10;
    const auto counts =
        p.add(plan::WindowAggregateNode{window, {0}, {agg(both, "COUNT")}, {"window_time"}}, {both},
              Schema{{{"k", DataType::string()}, {"n", DataType::bigint()}, {"wt", DataType::timestamp()}}});
    const auto root = p.add(plan::WindowAggregateNode{window, {}, {agg(counts, "MAX", 1)}, {"window_start"}},
                            {counts}, Schema{{{"m", DataType::bigint()}, {"ws", DataType::timestamp()}}});
    expect(p, root, append(),
           "SELECT max(n), w FROM (SELECT k, count(*) n, CAST(floor(ts / 10.0) AS BIGINT) * 10 w FROM "
           "(SELECT * FROM l UNION ALL SELECT * FROM r) GROUP BY k, w) GROUP BY w");
}

INSTANTIATE_TEST_SUITE_P(Seeds, Oracle, testing::Range(1U, 9U));

}  // namespace
}  // namespace mr::engine::test
