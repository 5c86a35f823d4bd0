#include "sql/internal/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "plan/native_function.h"
#include "sql/internal/derive.h"

namespace mr::sql {

using namespace plan;

void split_conjuncts(const ExprPtr& condition, std::vector<ExprPtr>& out) {
    if (!condition) return;
    if (condition->kind == ExprKind::call && condition->function == "AND") {
        for (const ExprPtr& a : condition->args) split_conjuncts(a, out);
        return;
    }
    out.push_back(condition);
}

ExprPtr combine(const std::vector<ExprPtr>& conjuncts) {
    ExprPtr out;
    for (const ExprPtr& c : conjuncts) out = conjunction(out, c);
    return out;
}

ExprPtr shifted(const ExprPtr& expr, int by) {
    if (by == 0) return expr;
    if (expr->kind == ExprKind::input) return input(expr->index + by, expr->type);
    bool changed = false;
    std::vector<ExprPtr> args;
    for (const ExprPtr& a : expr->args) {
        args.push_back(shifted(a, by));
        changed = changed || args.back() != a;
    }
    if (!changed) return expr;
    Expr copy = *expr;
    copy.args = std::move(args);
    return std::make_shared<const Expr>(std::move(copy));
}

bool reads_only(const Expr& expr, int begin, int end) {
    return std::ranges::all_of(columns_read(expr), [&](int c) { return c >= begin && c < end; });
}

namespace {

bool varies(const Expr& e) {
    if (e.kind == ExprKind::call && e.args.empty() && !is_constant(e)) return true;
    if (e.kind == ExprKind::call && (e.function.starts_with("RAND") || is_volatile(e))) return true;
    return std::ranges::any_of(e.args, [](const ExprPtr& a) { return varies(*a); });
}

/// Cheap enough to compute twice.
bool is_trivial(const Expr& e) {
    if (e.kind == ExprKind::input || e.kind == ExprKind::literal) return true;
    return e.kind == ExprKind::field && is_trivial(*e.args[0]);
}

/// Moves the conjuncts for which `picked` holds from one list to another.
template <class F>
std::vector<ExprPtr> take(std::vector<ExprPtr>& from, F&& picked) {
    std::vector<ExprPtr> out;
    std::vector<ExprPtr> rest;
    for (ExprPtr& c : from) (picked(*c) ? out : rest).push_back(std::move(c));
    from = std::move(rest);
    return out;
}

}  // namespace

const Traits& Builder::traits(const NodePtr& node) const {
    const auto it = traits_.find(node.get());
    MR_CHECK(it != traits_.end(), "a node this builder did not make: {}", describe(*node));
    return it->second;
}

bool Builder::is_time(const NodePtr& node, int column) const {
    return std::ranges::find(node->time_columns, column) != node->time_columns.end();
}

bool Builder::is_proctime(const NodePtr& node, int column) const {
    const std::vector<int>& columns = traits(node).proctime;
    return std::ranges::find(columns, column) != columns.end();
}

NodePtr Builder::intern(Node node, Traits traits) {
    node.fingerprint = compute_fingerprint(node);
    const auto it = by_fingerprint_.find(node.fingerprint);
    if (it != by_fingerprint_.end() && it->second->inputs == node.inputs &&
        it->second->schema == node.schema && describe(*it->second) == describe(node)) {
        return it->second;
    }
    auto made = std::make_shared<const Node>(std::move(node));
    by_fingerprint_[made->fingerprint] = made;
    traits_[made.get()] = std::move(traits);
    nodes_.push_back(made);
    return made;
}

/// Operators that keep what they know of a key until somebody tells them to forget it.
bool keeps_for_ever(const Operator& op) {
    return std::holds_alternative<AggregateNode>(op) || std::holds_alternative<JoinNode>(op) ||
           std::holds_alternative<TopNNode>(op) || std::holds_alternative<DeduplicateNode>(op) ||
           std::holds_alternative<NormalizeNode>(op) || std::holds_alternative<OverNode>(op) ||
           std::holds_alternative<SortedOverNode>(op);
}

NodePtr Builder::make(Operator op, std::vector<NodePtr> inputs, std::vector<std::string> names) {
    std::vector<DeriveInput> in;
    for (const NodePtr& i : inputs) in.push_back({*i, traits(i)});
    Derived d = derive(op, in, names);
    Node node;
    const bool in_windows = !inputs.empty() && traits(inputs[0]).window_start >= 0;
    if (keeps_for_ever(op) && !in_windows) node.state_ttl_ms = state_ttl_ms;
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.schema = std::move(d.schema);
    node.mode = d.mode;
    node.single_row = d.single_row;
    node.time_columns = std::move(d.time_columns);
    if (!d.traits.keys.empty()) node.unique_key = d.traits.keys.front();
    return intern(std::move(node), std::move(d.traits));
}

NodePtr Builder::source(const TablePtr& table) {
    SourceNode s;
    s.table = table;
    for (std::size_t i = 0; i < table->columns.size(); ++i) s.columns.push_back(static_cast<int>(i));
    NodePtr node = make(std::move(s), {});
    if (node->mode != Mode::upsert) return node;
    NormalizeNode normalize;
    normalize.keys = node->unique_key;
    return make(std::move(normalize), {node});
}

NodePtr Builder::values(std::vector<std::vector<ExprPtr>> rows, Schema schema) {
    Node node;
    node.single_row = rows.size() == 1;
    node.op = ValuesNode{std::move(rows)};
    node.schema = std::move(schema);
    return intern(std::move(node), {});
}

NodePtr Builder::project(const NodePtr& in, std::vector<ExprPtr> expressions,
                         const std::vector<std::string>& names) {
    // Picking columns of a projection: one projection does. What computes stays, so that others may share it.
    if (const auto* below = std::get_if<ProjectNode>(&in->op)) {
        std::set<int> read;
        for (const ExprPtr& e : expressions) {
            for (const int c : columns_read(*e)) read.insert(c);
        }
        if (std::ranges::all_of(
                read, [&](int c) { return is_trivial(*below->expressions[static_cast<std::size_t>(c)]); })) {
            std::vector<ExprPtr> composed;
            for (const ExprPtr& e : expressions) composed.push_back(rewrite(e, below->expressions));
            const NodePtr& bottom = in->inputs[0];
            return project(bottom, std::move(composed), names);
        }
    }
    bool identity = expressions.size() == in->schema.size();
    for (std::size_t i = 0; identity && i < expressions.size(); ++i) {
        identity = expressions[i]->kind == ExprKind::input && expressions[i]->index == static_cast<int>(i) &&
                   names[i] == in->schema[i].name;
    }
    if (identity) return in;
    return make(ProjectNode{std::move(expressions)}, {in}, names);
}

NodePtr Builder::pick(const NodePtr& in, const std::vector<int>& columns) {
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (const int c : columns) {
        const Field& f = in->schema[static_cast<std::size_t>(c)];
        expressions.push_back(input(c, f.type));
        names.push_back(f.name);
    }
    return project(in, std::move(expressions), names);
}

NodePtr Builder::extend(const NodePtr& in, const std::vector<ExprPtr>& extra) {
    if (extra.empty()) return in;
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < in->schema.size(); ++i) {
        expressions.push_back(input(static_cast<int>(i), in->schema[i].type));
        names.push_back(in->schema[i].name);
    }
    for (std::size_t i = 0; i < extra.size(); ++i) {
        expressions.push_back(extra[i]);
        names.push_back(fmt::format("$k{}", i));
    }
    return project(in, std::move(expressions), names);
}

NodePtr Builder::distinct(const NodePtr& in) {
    AggregateNode a;
    for (std::size_t i = 0; i < in->schema.size(); ++i) a.keys.push_back(static_cast<int>(i));
    return make(std::move(a), {in});
}

NodePtr Builder::filter(const NodePtr& in, const ExprPtr& condition) {
    std::vector<ExprPtr> conjuncts;
    split_conjuncts(condition, conjuncts);
    std::erase_if(conjuncts, [](const ExprPtr& c) {
        return c->kind == ExprKind::literal && c->type.kind == TypeKind::boolean && !c->value.is_null() &&
               c->value.boolean();
    });
    return filter_conjuncts(in, std::move(conjuncts));
}

NodePtr Builder::filter_conjuncts(const NodePtr& in, std::vector<ExprPtr> conjuncts) {
    if (conjuncts.empty()) return in;
    NodePtr node = in;
    if (const auto* below = std::get_if<FilterNode>(&in->op)) {
        std::vector<ExprPtr> all;
        split_conjuncts(below->condition, all);
        all.insert(all.end(), conjuncts.begin(), conjuncts.end());
        return make(FilterNode{combine(all)}, in->inputs);
    }
    if (std::holds_alternative<ProjectNode>(in->op)) {
        node = below_project(in, conjuncts);
    } else if (std::holds_alternative<JoinNode>(in->op)) {
        node = below_join(in, conjuncts);
    } else if (std::holds_alternative<UnionAllNode>(in->op)) {
        node = below_union(in, conjuncts);
    } else if (std::holds_alternative<WindowTvfNode>(in->op) || std::holds_alternative<UnnestNode>(in->op) ||
               std::holds_alternative<TemporalJoinNode>(in->op)) {
        node = below_left(in, conjuncts);
    } else if (std::holds_alternative<TopNNode>(in->op) || std::holds_alternative<OverNode>(in->op)) {
        node = bound_rank(in, conjuncts);
        // A bound that became a Top-N is a new node: what is left may go on from there.
        if (node != in) return filter_conjuncts(node, std::move(conjuncts));
    }
    if (conjuncts.empty()) return node;
    return make(FilterNode{combine(conjuncts)}, {node});
}

NodePtr Builder::below_project(const NodePtr& in, std::vector<ExprPtr>& conjuncts) {
    const auto& project_node = std::get<ProjectNode>(in->op);
    std::vector<ExprPtr> down = take(conjuncts, [&](const Expr& c) {
        return !varies(c) && std::ranges::all_of(columns_read(c), [&](int i) {
            return is_trivial(*project_node.expressions[static_cast<std::size_t>(i)]);
        });
    });
    if (down.empty()) return in;
    for (ExprPtr& c : down) c = rewrite(c, project_node.expressions);
    std::vector<std::string> names;
    for (const Field& f : in->schema.fields) names.push_back(f.name);
    return project(filter_conjuncts(in->inputs[0], std::move(down)), project_node.expressions, names);
}

/// Below the first input of an operator that adds columns behind its input's.
NodePtr Builder::below_left(const NodePtr& in, std::vector<ExprPtr>& conjuncts) {
    const StateTtl same(*this, in->state_ttl_ms);
    const int width = static_cast<int>(in->inputs[0]->schema.size());
    // SESSION: the rows that stay decide where sessions end, so a filter above is another query.
    if (const auto* w = std::get_if<WindowTvfNode>(&in->op); w && w->window.kind == WindowKind::session)
        return in;
    std::vector<ExprPtr> down =
        take(conjuncts, [&](const Expr& c) { return !varies(c) && reads_only(c, 0, width); });
    if (down.empty()) return in;
    std::vector<NodePtr> inputs = in->inputs;
    inputs[0] = filter_conjuncts(inputs[0], std::move(down));
    std::vector<std::string> names;
    if (std::holds_alternative<UnnestNode>(in->op)) {
        for (std::size_t i = static_cast<std::size_t>(width); i < in->schema.size(); ++i) {
            names.push_back(in->schema[i].name);
        }
    }
    return make(in->op, std::move(inputs), names);
}

NodePtr Builder::below_union(const NodePtr& in, std::vector<ExprPtr>& conjuncts) {
    std::vector<ExprPtr> down = take(conjuncts, [](const Expr& c) { return !varies(c); });
    if (down.empty()) return in;
    std::vector<NodePtr> inputs;
    for (const NodePtr& i : in->inputs) inputs.push_back(filter_conjuncts(i, down));
    return make(UnionAllNode{}, std::move(inputs));
}

/// WHERE over a join says more about the join: keys, time bounds, a filter of one side.
NodePtr Builder::below_join(const NodePtr& in, std::vector<ExprPtr>& conjuncts) {
    const StateTtl same(*this, in->state_ttl_ms);
    const auto& join_node = std::get<JoinNode>(in->op);
    const int width = static_cast<int>(in->inputs[0]->schema.size());
    if (join_node.null_safe) return in;
    if (join_node.kind == JoinKind::inner) {
        std::vector<ExprPtr> all = take(conjuncts, [](const Expr& c) { return !varies(c); });
        if (all.empty()) return in;
        std::vector<ExprPtr> conditions;
        for (std::size_t i = 0; i < join_node.left_keys.size(); ++i) {
            const int l = join_node.left_keys[i], r = join_node.right_keys[i];
            const DataType& lt = in->inputs[0]->schema[static_cast<std::size_t>(l)].type;
            const DataType& rt = in->inputs[1]->schema[static_cast<std::size_t>(r)].type;
            conditions.push_back(call("=", {input(l, lt), input(r + width, rt)},
                                      DataType::boolean().with_nullable(lt.nullable || rt.nullable)));
        }
        split_conjuncts(join_node.residual, conditions);
        conditions.insert(conditions.end(), all.begin(), all.end());
        return join(JoinKind::inner, in->inputs[0], in->inputs[1], conditions);
    }
    const bool left_only = join_node.kind == JoinKind::left || join_node.kind == JoinKind::semi ||
                           join_node.kind == JoinKind::anti;
    if (!left_only) return in;
    std::vector<ExprPtr> down =
        take(conjuncts, [&](const Expr& c) { return !varies(c) && reads_only(c, 0, width); });
    if (down.empty()) return in;
    return make(join_node, {filter_conjuncts(in->inputs[0], std::move(down)), in->inputs[1]});
}

}  // namespace mr::sql
