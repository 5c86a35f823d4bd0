// Goal: EXPLAIN ANALYZE of a name is ours, of a query the warehouse's.
#include "node/explain_analyze.h"

#include <gtest/gtest.h>

namespace mr::node {
namespace {

TEST(ExplainAnalyze, TakesANameInEveryForm) {
    for (const char* sql :
         {"EXPLAIN ANALYZE orders_by_site", "explain analyze pipeline orders_by_site;",
          " EXPLAIN\n ANALYZE MATERIALIZED VIEW `orders_by_site` ; ",
          "EXPLAIN ANALYZE VIEW \"orders_by_site\"", "EXPLAIN ANALYZE TABLE orders_by_site"}) {
        EXPECT_EQ(parse_explain_analyze(sql), "orders_by_site") << sql;
    }
    EXPECT_EQ(parse_explain_analyze("EXPLAIN ANALYZE view"), "view");
    EXPECT_EQ(parse_explain_analyze("EXPLAIN ANALYZE `10 orders`"), "10 orders");
    EXPECT_EQ(parse_explain_analyze("EXPLAIN ANALYZE 10_orders-2"), "10_orders-2");
}

TEST(ExplainAnalyze, LeavesQueriesToTheWarehouse) {
    for (const char* sql :
         {"", "EXPLAIN", "EXPLAIN ANALYZE", "EXPLAIN ANALYZE ;", "EXPLAIN SELECT 1", "SELECT 1",
          "EXPLAIN ANALYZE SELECT 1", "EXPLAIN ANALYZE SELECT * FROM t", "EXPLAIN ANALYZE (SELECT 1)",
          "EXPLAIN ANALYZE VIEW a, b", "EXPLAIN ANALYZE `open", "EXPLAIN ANALYZE MATERIALIZED t"}) {
        EXPECT_EQ(parse_explain_analyze(sql), std::nullopt) << sql;
    }
}

}  // namespace
}  // namespace mr::node
