#include "sql/internal/plan_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sql/internal/derive.h"

namespace mr::sql {

using namespace plan;

namespace {

class Checker {
  public:
    explicit Checker(const Node& node) : node_(node) {}

    std::string run() {
        std::visit(*this, node_.op);
        columns(node_.unique_key, node_.schema, "unique key");
        columns(node_.time_columns, node_.schema, "time column");
        for (const int c : node_.time_columns) {
            if (inside(c, node_.schema) && !node_.schema[static_cast<std::size_t>(c)].type.is_timestamp()) {
                fail(fmt::format("time column {} is no timestamp", c));
            }
        }
        return wrong_;
    }

    void operator()(const SourceNode& n) {
        inputs(0);
        for (const int c : n.columns) {
            if (c < 0 || static_cast<std::size_t>(c) >= n.table->columns.size())
                fail("a column of the table");
        }
        width(n.columns.size());
    }
    void operator()(const ProjectNode& n) {
        inputs(1);
        for (const ExprPtr& e : n.expressions) expr(e, in());
        width(n.expressions.size());
        for (std::size_t i = 0; i < n.expressions.size() && i < node_.schema.size(); ++i) {
            if (!(n.expressions[i]->type == node_.schema[i].type)) fail(fmt::format("type of column {}", i));
        }
    }
    void operator()(const FilterNode& n) {
        inputs(1);
        expr(n.condition, in());
        if (n.condition->type.kind != TypeKind::boolean) fail("a condition that is not BOOLEAN");
        width(in().size());
    }
    void operator()(const AggregateNode& n) {
        inputs(1);
        columns(n.keys, in(), "key");
        calls(n.calls);
        width(n.keys.size() + n.calls.size());
    }
    void operator()(const WindowTvfNode& n) {
        inputs(1);
        window(n.window);
        width(in().size() + 3);
    }
    void operator()(const WindowAggregateNode& n) {
        inputs(1);
        window(n.window);
        columns(n.keys, in(), "key");
        calls(n.calls);
        width(n.keys.size() + n.calls.size() + n.window_columns.size());
    }
    void operator()(const JoinNode& n) { join(n.kind, n.left_keys, n.right_keys, n.residual); }
    void operator()(const IntervalJoinNode& n) {
        join(n.kind, n.left_keys, n.right_keys, n.residual);
        appends(0);
        appends(1);
        columns({n.left_time}, in(), "left time");
        columns({n.right_time}, node_.inputs[1]->schema, "right time");
        if (n.lower_ms > n.upper_ms) fail("empty time bound");
    }
    void operator()(const TemporalJoinNode& n) {
        join(n.kind, n.left_keys, n.right_keys, n.residual);
        appends(0);
        if (n.processing_time) return;
        columns({n.left_time}, in(), "left time");
        columns({n.right_time}, node_.inputs[1]->schema, "right time");
        if (n.kind != JoinKind::inner && n.kind != JoinKind::left) fail("kind of a temporal join");
    }
    void operator()(const OverNode& n) {
        inputs(1);
        appends(0);
        columns(n.partition_keys, in(), "partition key");
        if (!n.processing_time) columns({n.order_column}, in(), "order");
        calls(n.calls);
        width(in().size() + n.calls.size());
    }
    void operator()(const SortedOverNode& n) {
        inputs(1);
        columns(n.partition_keys, in(), "partition key");
        for (const SortKey& k : n.order) columns({k.column}, in(), "order");
        calls(n.calls);
        width(in().size() + n.calls.size());
    }
    void operator()(const TopNNode& n) {
        inputs(1);
        columns(n.partition_keys, in(), "partition key");
        for (const SortKey& k : n.order) columns({k.column}, in(), "order");
        width(in().size() + (n.with_rank ? 1 : 0));
        if (n.low < 1 || n.high == kUnboundedRank) fail("rank bounds");
    }
    void operator()(const DeduplicateNode& n) {
        inputs(1);
        appends(0);
        columns(n.keys, in(), "key");
        if (!n.processing_time) columns({n.time_column}, in(), "time");
        width(in().size());
    }
    void operator()(const ProcessingTimeNode&) {
        inputs(1);
        width(in().size() + 1);
    }
    void operator()(const MatchNode& n) {
        inputs(1);
        appends(0);
        columns(n.partition_keys, in(), "partition key");
        if (!n.processing_time) columns({n.order_column}, in(), "order");
        for (const SortKey& o : n.then_by) columns({o.column}, in(), "order");
        const Schema places = match_places(n, in());
        for (const MatchPlace& p : n.places) {
            if (p.kind == MatchPlace::Kind::aggregate) {
                calls({p.call});
            } else if (p.kind == MatchPlace::Kind::first || p.kind == MatchPlace::Kind::last) {
                columns({p.column}, in(), "column of a match");
            }
        }
        for (const MatchVariable& v : n.variables) {
            if (v.condition) expr(v.condition, places);
        }
        for (const ExprPtr& m : n.measures) expr(m, places);
        width((n.all_rows ? in().size() : n.partition_keys.size()) + n.measures.size());
    }
    void operator()(const UnnestNode& n) {
        inputs(1);
        expr(n.collection, in());
        width(in().size() + unnest_fields(n).size());
    }
    void operator()(const UnionAllNode&) {
        if (node_.inputs.empty()) fail("no inputs");
        for (const NodePtr& i : node_.inputs) {
            if (i->schema.size() != node_.schema.size()) return fail("inputs of different widths");
            for (std::size_t c = 0; c < node_.schema.size(); ++c) {
                if (!i->schema[c].type.same_as(node_.schema[c].type))
                    fail(fmt::format("type of column {}", c));
            }
        }
    }
    void operator()(const NormalizeNode& n) {
        inputs(1);
        columns(n.keys, in(), "key");
        width(in().size());
    }
    void operator()(const ValuesNode& n) {
        for (const auto& row : n.rows) {
            if (row.size() != node_.schema.size()) fail("a row of another width");
            for (const ExprPtr& e : row) expr(e, Schema{});
        }
    }

  private:
    [[nodiscard]] const Schema& in() const { return node_.inputs[0]->schema; }
    static bool inside(int c, const Schema& schema) {
        return c >= 0 && static_cast<std::size_t>(c) < schema.size();
    }
    void fail(const std::string& what) {
        if (wrong_.empty()) wrong_ = fmt::format("{}: {}", operator_name(node_.op), what);
    }
    void inputs(std::size_t n) {
        if (node_.inputs.size() != n) fail(fmt::format("{} inputs", node_.inputs.size()));
    }
    void width(std::size_t n) {
        if (node_.schema.size() != n) fail(fmt::format("{} columns, expected {}", node_.schema.size(), n));
    }
    void appends(std::size_t i) {
        if (node_.inputs[i]->mode != Mode::append) fail(fmt::format("input {} is updated", i));
    }
    void columns(const std::vector<int>& columns, const Schema& schema, std::string_view what) {
        for (const int c : columns) {
            if (!inside(c, schema)) fail(fmt::format("{}: column {} of {}", what, c, schema.size()));
        }
    }
    void expr(const ExprPtr& e, const Schema& schema) {
        if (!e) return fail("an expression is missing");
        if (e->kind == ExprKind::input) {
            if (!inside(e->index, schema))
                return fail(fmt::format("reads column {} of {}", e->index, schema.size()));
            const DataType& type = schema[static_cast<std::size_t>(e->index)].type;
            if (!type.same_as(e->type)) {
                fail(fmt::format("reads column {} as {}, it is {}", e->index, e->type.to_string(),
                                 type.to_string()));
            }
        }
        for (const ExprPtr& a : e->args) expr(a, schema);
    }
    void calls(const std::vector<AggCall>& all) {
        for (const AggCall& c : all) {
            for (const ExprPtr& a : c.args) expr(a, in());
            if (c.filter) expr(c.filter, in());
        }
    }
    void window(const WindowSpec& w) {
        appends(0);
        columns({w.time_column}, in(), "time");
        columns(w.partition_keys, in(), "partition key");
        const bool sized = w.kind == WindowKind::session ? w.gap_ms > 0 : w.size_ms > 0;
        if (!sized) fail("window size");
        if (inside(w.time_column, in()) &&
            !in()[static_cast<std::size_t>(w.time_column)].type.is_timestamp()) {
            fail("a window over no timestamp");
        }
    }
    void join(JoinKind kind, const std::vector<int>& left, const std::vector<int>& right,
              const ExprPtr& residual) {
        inputs(2);
        const Schema& r = node_.inputs[1]->schema;
        columns(left, in(), "left key");
        columns(right, r, "right key");
        if (left.size() != right.size()) fail("keys of different numbers");
        for (std::size_t i = 0; i < left.size() && i < right.size() && wrong_.empty(); ++i) {
            const DataType& a = in()[static_cast<std::size_t>(left[i])].type;
            const DataType& b = r[static_cast<std::size_t>(right[i])].type;
            if (a.kind != b.kind) fail(fmt::format("keys of {} and {}", a.to_string(), b.to_string()));
        }
        Schema both = in();
        both.fields.insert(both.fields.end(), r.fields.begin(), r.fields.end());
        if (residual) expr(residual, both);
        const bool one_side = kind == JoinKind::semi || kind == JoinKind::anti;
        width(one_side ? in().size() : both.size());
    }

    const Node& node_;
    std::string wrong_;
};

}  // namespace

std::string check_plan(const Program& program) {
    std::set<const Node*> seen;
    std::vector<NodePtr> todo;
    for (const Sink& s : program.sinks) {
        todo.push_back(s.root);
        if (const auto* t = std::get_if<TopicSink>(&s.target)) {
            for (const int m : t->mapping) {
                if (m >= static_cast<int>(s.root->schema.size())) return "a sink's mapping";
            }
        } else {
            const auto& v = std::get<ViewSink>(s.target);
            if (v.key.empty() || v.schema.size() != s.root->schema.size()) return "a view's key or schema";
        }
    }
    while (!todo.empty()) {
        const NodePtr n = todo.back();
        todo.pop_back();
        if (!seen.insert(n.get()).second) continue;
        todo.insert(todo.end(), n->inputs.begin(), n->inputs.end());
        if (std::string wrong = Checker(*n).run(); !wrong.empty()) return wrong + " in " + describe(*n);
    }
    return {};
}

}  // namespace mr::sql
