// Goal: internal consistency. Every version of every view is the query's exact answer over a prefix of the
// input, however joins, aggregates, ranks and set operations are stacked: money moved between accounts is
// never lost nor made, not for one version. Method: random transfers; after each of them the total of all
// balances, computed on several ways, must be zero, and each view must equal an independent computation over
// the transfers so far. With steps of one, three and many records and with restarts.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/check.h"
#include "engine/dataflow_harness.h"
#include "sql/compiler.h"

namespace mr::engine::test {
namespace {

constexpr std::int64_t kAccounts = 9;
constexpr std::size_t kTransfers = 300;

const char* const kStreams = R"(
CREATE TABLE transfers (id BIGINT NOT NULL, source INT NOT NULL, target INT NOT NULL, amount BIGINT NOT NULL)
WITH ('connector' = 'kafka', 'topic' = 'transfers', 'format' = 'json');
)";

const char* const kViews = R"(
CREATE VIEW credits AS SELECT target AS account, SUM(amount) AS credits FROM transfers GROUP BY target;
CREATE VIEW debits AS SELECT source AS account, SUM(amount) AS debits FROM transfers GROUP BY source;
CREATE MATERIALIZED VIEW balance (PRIMARY KEY (account) NOT ENFORCED) AS
SELECT COALESCE(c.account, d.account) AS account, COALESCE(c.credits, 0) - COALESCE(d.debits, 0) AS balance
FROM credits AS c FULL JOIN debits AS d ON c.account = d.account;
CREATE MATERIALIZED VIEW total AS SELECT SUM(balance) AS total FROM balance;
CREATE MATERIALIZED VIEW ledger AS
SELECT account, SUM(amount) AS balance
FROM (SELECT target AS account, amount FROM transfers UNION ALL SELECT source, -amount FROM transfers) AS t
GROUP BY account;
CREATE MATERIALIZED VIEW ledger_total AS SELECT SUM(balance) AS total FROM ledger;
CREATE MATERIALIZED VIEW mismatch (PRIMARY KEY (account) NOT ENFORCED) AS
SELECT COALESCE(b.account, l.account) AS account, b.balance AS b, l.balance AS l
FROM balance AS b FULL JOIN ledger AS l ON b.account = l.account WHERE b.balance IS DISTINCT FROM l.balance;
CREATE MATERIALIZED VIEW by_transfer AS
SELECT SUM(a.amount - b.amount) AS total
FROM transfers AS a JOIN (SELECT id, MAX(amount) AS amount FROM transfers GROUP BY id) AS b ON a.id = b.id;
CREATE MATERIALIZED VIEW richest (PRIMARY KEY (rn) NOT ENFORCED) AS
SELECT rn, account, balance FROM (
  SELECT *, ROW_NUMBER() OVER (ORDER BY balance DESC, account) AS rn FROM ledger) WHERE rn <= 3;
CREATE MATERIALIZED VIEW richest_sum AS
SELECT SUM(balance) AS s FROM (
  SELECT *, ROW_NUMBER() OVER (ORDER BY balance DESC, account) AS rn FROM balance) WHERE rn <= 3;
CREATE MATERIALIZED VIEW one_sided AS
SELECT COUNT(*) AS n FROM (
  SELECT account FROM credits WHERE account NOT IN (SELECT account FROM debits)
  UNION ALL SELECT account FROM debits AS d WHERE NOT EXISTS (SELECT 1 FROM credits AS c WHERE c.account = d.account)
  UNION ALL (SELECT account FROM credits INTERSECT SELECT account FROM debits)) AS t;
CREATE MATERIALIZED VIEW accounts AS SELECT COUNT(DISTINCT account) AS n FROM ledger;
CREATE MATERIALIZED VIEW above_average AS
SELECT COUNT(*) AS n FROM ledger WHERE balance > (SELECT AVG(balance) FROM balance);
)";

struct Transfer {
    std::int64_t source;
    std::int64_t target;
    std::int64_t amount;
};

std::vector<Transfer> random_transfers() {
    std::mt19937_64 random(5);
    std::vector<Transfer> out;
    while (out.size() < kTransfers) {
        const auto source = static_cast<std::int64_t>(random() % kAccounts);
        const auto target = static_cast<std::int64_t>(random() % kAccounts);
        if (source != target) out.push_back({source, target, static_cast<std::int64_t>(random() % 20)});
    }
    return out;
}

plan::Program compile_views() {
    sql::Catalog catalog;
    const auto said = catalog.add({"streams.sql", kStreams});
    MR_CHECK(said.empty(), "{}", sql::render(said));
    sql::Compilation c = sql::compile(catalog, {"balance.sql", kViews});
    MR_CHECK(c.program.has_value(), "{}", sql::render(c.diagnostics));
    return std::move(*c.program);
}

std::vector<Event> events_of(const std::vector<Transfer>& transfers, const plan::Program& program) {
    std::vector<Event> events;
    MR_CHECK(program.sources.size() == 1, "{} sources", program.sources.size());
    for (std::size_t i = 0; i < transfers.size(); ++i) {
        const Transfer& t = transfers[i];
        Event e;
        for (const Field& f : program.sources[0]->schema.fields) {
            const std::int64_t v = f.name == "id"       ? static_cast<std::int64_t>(i)
                                   : f.name == "source" ? t.source
                                   : f.name == "target" ? t.target
                                                        : t.amount;
            e.row.push_back(I(v));
        }
        events.push_back(std::move(e));
    }
    return events;
}

using Rows = std::set<std::string>;

/// What every view holds after the first transfers, computed by hand.
std::map<std::string, Rows> expected(const std::map<std::int64_t, std::int64_t>& balances) {
    std::map<std::string, Rows> out;
    std::vector<std::pair<std::int64_t, std::int64_t>> order;  // -balance, account
    std::int64_t sum = 0;
    for (const auto& [account, balance] : balances) {
        out["balance"].insert(fmt::format("[{}, {}]", account, balance));
        order.emplace_back(-balance, account);
        sum += balance;
    }
    EXPECT_EQ(sum, 0);
    out["ledger"] = out["balance"];
    out["total"] = out["ledger_total"] = out["by_transfer"] = {"[0]"};
    out["mismatch"] = {};
    std::ranges::sort(order);
    std::int64_t top = 0;
    for (std::size_t i = 0; i < order.size() && i < 3; ++i) {
        out["richest"].insert(fmt::format("[{}, {}, {}]", i + 1, order[i].second, -order[i].first));
        top -= order[i].first;
    }
    out["richest_sum"] = {fmt::format("[{}]", top)};
    out["accounts"] = out["one_sided"] = {fmt::format("[{}]", balances.size())};
    // The average is 0; a count that nothing was counted for yet has no row.
    const auto above = std::ranges::count_if(balances, [](const auto& b) { return b.second > 0; });
    out["above_average"] = {fmt::format("[{}]", above)};
    return out;
}

/// "+1 [3, 5] @7"
struct Change {
    std::int64_t weight = 0;
    std::string row;
    std::size_t arrival = 0;
};

Change parse(const std::string& text) {
    const std::size_t open = text.find('[');
    const std::size_t close = text.rfind(']');
    return {std::stoll(text.substr(0, open)), text.substr(open, close - open + 1),
            std::stoul(text.substr(text.rfind('@') + 1))};
}

void check(const plan::Program& program, const std::vector<Transfer>& transfers, const Output& out,
           const std::string& what) {
    std::vector<std::map<std::string, std::int64_t>> views(program.sinks.size());
    std::vector<std::size_t> at(program.sinks.size(), 0);
    std::map<std::int64_t, std::int64_t> balances;
    bool counted = false;
    for (std::size_t i = 0; i < transfers.size(); ++i) {
        balances[transfers[i].source] -= transfers[i].amount;
        balances[transfers[i].target] += transfers[i].amount;
        const auto wanted = expected(balances);
        for (std::size_t s = 0; s < views.size(); ++s) {
            const std::string& name = std::get<plan::ViewSink>(program.sinks[s].target).view;
            for (; at[s] < out.sequence[s].size(); ++at[s]) {
                const Change c = parse(out.sequence[s][at[s]]);
                if (c.arrival > i + 1) break;
                ASSERT_EQ(c.arrival, i + 1) << name << ", " << what;
                if ((views[s][c.row] += c.weight) == 0) views[s].erase(c.row);
            }
            Rows rows;
            for (const auto& [row, weight] : views[s]) {
                ASSERT_EQ(weight, 1) << name << " after " << i + 1 << " transfers, " << what << ": " << row;
                rows.insert(row);
            }
            if (name == "above_average") {
                counted = counted || !rows.empty();
                if (!counted && wanted.at(name) == Rows{"[0]"}) continue;
            }
            ASSERT_EQ(rows, wanted.at(name)) << name << " after " << i + 1 << " transfers, " << what;
        }
    }
    // Changes behind the last transfer would be of nothing.
    for (std::size_t s = 0; s < views.size(); ++s) ASSERT_EQ(at[s], out.sequence[s].size()) << what;
}

TEST(Balance, EveryVersionIsAnExactAnswer) {
    const plan::Program program = compile_views();
    const std::vector<Transfer> transfers = random_transfers();
    const std::vector<Event> events = events_of(transfers, program);
    for (const std::size_t rows : {std::size_t{1}, std::size_t{3}, std::size_t{64}, std::size_t{1024}}) {
        const Output out = run(program, events, {.round_rows = rows, .check_negative = true});
        EXPECT_TRUE(out.failed.empty());
        check(program, transfers, out, fmt::format("steps of {}", rows));
        if (HasFatalFailure()) return;
    }
    const Output restarted = run(program, events, {.round_rows = 5, .restart_every = 4});
    check(program, transfers, restarted, "restarts");
}

}  // namespace
}  // namespace mr::engine::test
