#include "plan/change.h"

#include <gtest/gtest.h>

namespace mr::plan {
namespace {

TablePtr table(const std::string& name) {
    Table t;
    t.name = name;
    t.columns.resize(2);
    t.columns[0].name = "site";
    t.columns[0].type = DataType::string();
    t.columns[1].name = "amount";
    t.columns[1].type = DataType::bigint();
    t.options["connector"].value = "kafka";
    return std::make_shared<const Table>(std::move(t));
}

NodePtr node(Operator op, std::vector<NodePtr> inputs, Schema schema, Mode mode = Mode::append) {
    Node n;
    n.op = std::move(op);
    n.inputs = std::move(inputs);
    n.schema = std::move(schema);
    n.mode = mode;
    n.fingerprint = compute_fingerprint(n);
    return std::make_shared<const Node>(std::move(n));
}

NodePtr source(const std::string& name = "orders") {
    const TablePtr t = table(name);
    return node(SourceNode{t, {0, 1}}, {}, t->schema());
}

NodePtr filter(const NodePtr& in, std::int64_t above) {
    const ExprPtr condition =
        call(">", {input(1, DataType::bigint()), literal(DataType::bigint(), Value::of(above))},
             DataType::boolean());
    return node(FilterNode{condition}, {in}, in->schema, in->mode);
}

/// COUNT(*), and SUM(amount) if `total`, by site.
NodePtr aggregate(const NodePtr& in, bool total) {
    AggregateNode op{.keys = {0}, .calls = {}};
    op.calls.push_back(
        {.function = "COUNT", .args = {}, .filter = nullptr, .type = DataType::bigint(), .name = "n"});
    Schema schema;
    schema.fields = {in->schema[0], {"n", DataType::bigint()}};
    if (total) {
        op.calls.push_back({.function = "SUM",
                            .args = {input(1, DataType::bigint())},
                            .filter = nullptr,
                            .type = DataType::bigint(),
                            .name = "total"});
        schema.fields.push_back({"total", DataType::bigint()});
    }
    return node(std::move(op), {in}, std::move(schema), Mode::retract);
}

Sink view(const std::string& name, const NodePtr& root) {
    Table t;
    t.name = name;
    return Sink{.target = ViewSink{.view = name,
                                   .schema = root->schema,
                                   .key = {0},
                                   .table = std::make_shared<const Table>(std::move(t))},
                .root = root};
}

Program program(std::vector<Sink> sinks, std::vector<NodePtr> sources) {
    Program p;
    p.name = "live";
    p.sinks = std::move(sinks);
    p.sources = std::move(sources);
    for (const Sink& s : p.sinks) p.fingerprint = p.fingerprint * 31 + s.root->fingerprint;
    return p;
}

/// "changed Aggregate; rebuilt Filter; kept Source"
std::string told(const SinkChange& sink) {
    std::string out;
    for (const OperatorChange& op : sink.operators) {
        if (!out.empty()) out += "; ";
        out += std::string(to_string(op.fate)) + " " + op.name + (op.again ? " again" : "");
    }
    return out;
}

// Goal: what is the same is kept, whoever built it.
TEST(Change, NothingChanged) {
    const NodePtr a = source(), b = source();
    const Program before = program({view("v", aggregate(a, false))}, {a});
    const Program now = program({view("v", aggregate(b, false))}, {b});
    const PipelineChange change = compare(before, now);
    EXPECT_EQ(change.fate, Fate::kept);
    EXPECT_EQ(change.sinks.at(0).fate, Fate::kept);
    EXPECT_EQ(told(change.sinks[0]), "kept Aggregate; kept Source");
}

// Goal: a second aggregate changes the operator and the view's columns, and nothing below.
TEST(Change, ASecondAggregate) {
    const NodePtr in = source();
    const Program before = program({view("v", aggregate(in, false))}, {in});
    const Program now = program({view("v", aggregate(in, true))}, {in});
    const PipelineChange change = compare(before, now);
    EXPECT_EQ(change.fate, Fate::changed);
    const SinkChange& sink = change.sinks.at(0);
    EXPECT_EQ(told(sink), "changed Aggregate; kept Source");
    EXPECT_NE(sink.operators[0].before, sink.operators[0].now);
    ASSERT_EQ(sink.columns.size(), 1U);
    EXPECT_EQ(sink.columns[0].name, "total");
    EXPECT_EQ(sink.columns[0].fate, Fate::added);
}

// Goal: a filter put in (or taken out) is one operator that came (or went); what stands on it is rebuilt, not
// changed. A filter with another condition is changed.
TEST(Change, AFilter) {
    const NodePtr in = source();
    const Program none = program({view("v", aggregate(in, false))}, {in});
    const Program ten = program({view("v", aggregate(filter(in, 10), false))}, {in});
    const Program five = program({view("v", aggregate(filter(in, 5), false))}, {in});
    EXPECT_EQ(told(compare(none, ten).sinks.at(0)), "rebuilt Aggregate; added Filter; kept Source");
    EXPECT_EQ(told(compare(ten, none).sinks.at(0)), "rebuilt Aggregate; removed Filter; kept Source");
    EXPECT_EQ(told(compare(ten, five).sinks.at(0)), "rebuilt Aggregate; changed Filter; kept Source");
}

// Goal: a second view on the same rows leaves the first as it is; a shared operator is counted once.
TEST(Change, AViewComesAndGoes) {
    const NodePtr in = source();
    const NodePtr rows = filter(in, 10);
    const Program one = program({view("v", aggregate(rows, false))}, {in});
    const Program two = program({view("v", aggregate(rows, false)), view("w", aggregate(rows, true))}, {in});
    const PipelineChange more = compare(one, two);
    EXPECT_EQ(told(more.sinks.at(0)), "kept Aggregate; kept Filter; kept Source");
    EXPECT_EQ(more.sinks.at(1).fate, Fate::added);
    EXPECT_EQ(told(more.sinks[1]), "added Aggregate; kept Filter again");
    const auto counts = count_operators(std::vector{more});
    EXPECT_EQ(counts.at(Fate::kept), 3U);
    EXPECT_EQ(counts.at(Fate::added), 1U);
    const PipelineChange less = compare(two, one);
    EXPECT_EQ(less.sinks.at(1).fate, Fate::removed);
    EXPECT_EQ(told(less.sinks[1]), "removed Aggregate");
}

// Goal: another input is another tree: it says what went and what came.
TEST(Change, AnotherSource) {
    const NodePtr a = source("orders"), b = source("returns");
    const Program before = program({view("v", aggregate(a, false))}, {a});
    const Program now = program({view("v", aggregate(b, false))}, {b});
    const PipelineChange change = compare(before, now);
    EXPECT_EQ(told(change.sinks.at(0)), "rebuilt Aggregate; changed Source");
    // What a source reads from is an option of its table.
    ASSERT_EQ(change.options.size(), 2U);
    EXPECT_EQ(change.options[0].name, "returns: 'connector'");
    EXPECT_EQ(change.options[1].fate, Fate::removed);
}

// Goal: pipelines that come and go are told whole; the JSON says the same.
TEST(Change, Projects) {
    const NodePtr in = source();
    const auto one = std::make_shared<const Program>(program({view("v", aggregate(in, false))}, {in}));
    const std::vector<ProgramPtr> some = {one}, none;
    const auto added = compare(none, some);
    ASSERT_EQ(added.size(), 1U);
    EXPECT_EQ(added[0].fate, Fate::added);
    EXPECT_EQ(told(added[0].sinks.at(0)), "added Aggregate; added Source");
    const auto removed = compare(some, none);
    EXPECT_EQ(removed.at(0).fate, Fate::removed);
    EXPECT_EQ(told(removed[0].sinks.at(0)), "removed Aggregate; removed Source");
    std::string json;
    JsonWriter w(json);
    w.begin_object();
    append_json(w, removed);
    w.end_object();
    EXPECT_TRUE(json.starts_with(
        R"({"pipelines":[{"name":"live","change":"removed","sinks":[{"name":"v","kind":"view",)"
        R"("change":"removed","columns":[{"name":"site","change":"removed","before":)"))
        << json;
    EXPECT_TRUE(json.ends_with(R"("operators":{"kept":0,"rebuilt":0,"changed":0,"added":0,"removed":2}})"))
        << json;
}

}  // namespace
}  // namespace mr::plan
