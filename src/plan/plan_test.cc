#include <gtest/gtest.h>

#include "plan/explain.h"
#include "plan/expr.h"
#include "plan/node.h"
#include "plan/program.h"
#include "plan/table.h"

namespace mr::plan {
namespace {

TablePtr orders() {
    Table t;
    t.name = "orders";
    t.columns.resize(2);
    t.columns[0].name = "a";
    t.columns[0].type = DataType::bigint();
    t.columns[1].name = "b";
    t.columns[1].type = DataType::string();
    t.options["connector"].value = "kafka";
    return std::make_shared<const Table>(std::move(t));
}

NodePtr source() {
    Node n;
    n.op = SourceNode{orders(), {0, 1}};
    n.schema = orders()->schema();
    n.fingerprint = compute_fingerprint(n);
    return std::make_shared<const Node>(std::move(n));
}

ExprPtr plus_one() {
    return call("+", {input(0, DataType::bigint()), literal(DataType::bigint(), Value::of(1))},
                DataType::bigint());
}

// Goal: the text used by EXPLAIN and fingerprints. Method: one expression of each shape.
TEST(ExprText, ReadsLikeSql) {
    const Schema schema = orders()->schema();
    const ExprPtr compare =
        call(">", {plus_one(), literal(DataType::bigint(), Value::of(2))}, DataType::boolean());
    EXPECT_EQ(to_string(*compare, &schema), "(`a` + 1) > 2");
    EXPECT_EQ(to_string(*compare), "($0 + 1) > 2");
    EXPECT_EQ(to_string(*cast(input(0, DataType::bigint()), DataType::string()), &schema),
              "CAST(`a` AS STRING)");
    EXPECT_EQ(to_string(*literal(DataType::string(), Value::of("it's"))), "'it''s'");
    EXPECT_EQ(to_string(*literal(DataType::bigint(), Value::null())), "NULL:BIGINT");
}

// Goal: rewrite() and columns_read() see through nesting, and share what does not change.
TEST(Expr, RewriteAndColumns) {
    const ExprPtr e = plus_one();
    EXPECT_EQ(columns_read(*e), std::vector<int>{0});
    const ExprPtr moved = rewrite(e, {input(7, DataType::bigint())});
    EXPECT_EQ(columns_read(*moved), std::vector<int>{7});
    EXPECT_FALSE(equal(*e, *moved));
    EXPECT_TRUE(equal(*e, *plus_one()));
    EXPECT_EQ(moved->args[1], e->args[1]);
    EXPECT_FALSE(is_constant(*e));
    EXPECT_TRUE(is_constant(*literal(DataType::bigint(), Value::of(1))));
    EXPECT_FALSE(is_constant(*call("PROCTIME", {}, DataType::timestamp_ltz())));
}

// Goal: a cast to the type an expression has is no cast, whatever the nullability.
TEST(Expr, CastToTheSameTypeIsNothing) {
    const ExprPtr a = input(0, DataType::bigint());
    EXPECT_EQ(cast(a, DataType::bigint().with_nullable(false)), a);
    EXPECT_EQ(conjunction(nullptr, a), a);
}

// Goal: equal plans have equal fingerprints, and anything that changes rows changes it.
TEST(Fingerprint, FollowsThePlan) {
    const auto filter = [](std::int64_t bound) {
        Node n;
        n.inputs = {source()};
        n.schema = n.inputs[0]->schema;
        n.op = FilterNode{
            call(">", {plus_one(), literal(DataType::bigint(), Value::of(bound))}, DataType::boolean())};
        return compute_fingerprint(n);
    };
    EXPECT_EQ(filter(2), filter(2));
    EXPECT_NE(filter(2), filter(3));
}

TEST(Explain, PrintsTheTree) {
    Node n;
    n.inputs = {source()};
    n.schema = n.inputs[0]->schema;
    AggCall count;
    count.function = "COUNT";
    count.type = DataType::bigint();
    count.name = "n";
    n.op = AggregateNode{{1}, {count}};
    n.schema = Schema{{{"b", DataType::string()}, {"n", DataType::bigint().with_nullable(false)}}};
    n.mode = Mode::retract;
    n.unique_key = {0};
    EXPECT_EQ(explain(std::make_shared<const Node>(std::move(n))),
              "Aggregate(keys=[`b`], calls=[COUNT(*) AS `n`])  <retract, key [`b`]>\n"
              "  Source(orders, columns=[`a`, `b`])  <append>\n");
}

}  // namespace
}  // namespace mr::plan
