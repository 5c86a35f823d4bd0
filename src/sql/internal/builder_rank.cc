// ROW_NUMBER() … WHERE rn <= N: Top-N, or deduplication where the order is a time attribute and N is 1.
#include <algorithm>
#include <optional>

#include "sql/internal/builder.h"

namespace mr::sql {

using namespace plan;

namespace {

struct RankBound {
    std::int64_t low = 1;
    std::int64_t high = kUnboundedRank;
};

std::optional<std::int64_t> constant(const Expr& e) {
    if (e.kind != ExprKind::literal || e.value.is_null() || !e.type.is_integer()) return std::nullopt;
    return e.value.integer();
}

/// Takes "rank <= 10" and the like into the bound; false if it is none.
bool add_bound(const Expr& c, int rank, RankBound& bound) {
    if (c.kind != ExprKind::call || c.args.size() != 2) return false;
    std::string op = c.function;
    const Expr* column = c.args[0].get();
    const Expr* value = c.args[1].get();
    if (column->kind == ExprKind::literal) {
        std::swap(column, value);
        if (op.starts_with('<')) {
            op[0] = '>';
        } else if (op.starts_with('>')) {
            op[0] = '<';
        }
    }
    const auto n = constant(*value);
    if (column->kind != ExprKind::input || column->index != rank || !n) return false;
    if (op == "=") {
        bound.low = std::max(bound.low, *n);
        bound.high = std::min(bound.high, *n);
    } else if (op == "<=") {
        bound.high = std::min(bound.high, *n);
    } else if (op == "<" && *n > INT64_MIN) {
        bound.high = std::min(bound.high, *n - 1);
    } else if (op == ">=") {
        bound.low = std::max(bound.low, *n);
    } else if (op == ">" && *n < INT64_MAX) {
        bound.low = std::max(bound.low, *n + 1);
    } else {
        return false;
    }
    return true;
}

/// The ranking an OVER by an ascending time attribute stands for.
TopNNode as_top_n(const OverNode& over) {
    TopNNode n;
    n.partition_keys = over.partition_keys;
    if (over.order_column >= 0) n.order.push_back({over.order_column, false, false});
    n.with_rank = true;
    n.high = kUnboundedRank;
    return n;
}

/// Where a column of rows over a window function comes from; nullptr if it is computed or there is none.
const Node* window_below(const Node* node, int& column) {
    while (true) {
        if (const auto* p = std::get_if<ProjectNode>(&node->op)) {
            const Expr& e = *p->expressions[static_cast<std::size_t>(column)];
            if (e.kind != ExprKind::input) return nullptr;
            column = e.index;
        } else if (!std::holds_alternative<FilterNode>(node->op)) {
            return std::holds_alternative<WindowTvfNode>(node->op) ? node : nullptr;
        }
        node = node->inputs[0].get();
    }
}

/// Is the column the event time that rows without late ones were put into windows by?
bool is_window_row_time(const NodePtr& node, int column) {
    const Node* window = window_below(node.get(), column);
    if (window == nullptr) return false;
    const auto& tvf = std::get<WindowTvfNode>(window->op);
    return tvf.drop_late && column == tvf.window.time_column;
}

}  // namespace

NodePtr Builder::in_windows(const NodePtr& node, const std::vector<int>& partition) {
    bool bounds[2] = {false, false};
    for (int column : partition) {
        const Node* window = window_below(node.get(), column);
        if (window == nullptr) continue;
        const int after = column - static_cast<int>(window->inputs[0]->schema.size());
        if (after == 0 || after == 1) bounds[after] = true;
    }
    if (!bounds[0] || !bounds[1]) return node;
    // Down to the window function, and the same operators again above it.
    std::vector<NodePtr> above;
    NodePtr at = node;
    while (!std::holds_alternative<WindowTvfNode>(at->op)) {
        above.push_back(at);
        at = at->inputs[0];
    }
    WindowTvfNode tvf = std::get<WindowTvfNode>(at->op);
    if (tvf.window.kind == WindowKind::session) return node;  // drops them already
    tvf.drop_late = true;
    at = make(std::move(tvf), at->inputs);
    for (auto it = above.rbegin(); it != above.rend(); ++it) {
        std::vector<std::string> names;
        for (const Field& f : (*it)->schema.fields) names.push_back(f.name);
        at = make((*it)->op, {at}, names);
    }
    return at;
}

NodePtr Builder::bound_rank(const NodePtr& in, std::vector<ExprPtr>& conjuncts) {
    if (const auto* over = std::get_if<OverNode>(&in->op)) {
        // Only a ROW_NUMBER of its own: other calls of the same window need every row.
        if (over->calls.size() != 1 || over->calls[0].function != "ROW_NUMBER") return in;
    } else if (!traits(in).unbounded_rank) {
        return in;
    }
    const int rank = static_cast<int>(in->schema.size()) - 1;
    RankBound bound;
    std::vector<ExprPtr> rest;
    for (const ExprPtr& c : conjuncts) {
        if (!add_bound(*c, rank, bound)) rest.push_back(c);
    }
    if (bound.high == kUnboundedRank) return in;
    conjuncts = std::move(rest);
    return ranked(in, bound.low, std::max(bound.high, bound.low - 1));
}

NodePtr Builder::ranked(const NodePtr& in, std::int64_t low, std::int64_t high) {
    const auto* over = std::get_if<OverNode>(&in->op);
    TopNNode n = over != nullptr ? as_top_n(*over) : std::get<TopNNode>(in->op);
    n.low = low;
    n.high = high;
    const StateTtl same(*this, over != nullptr ? state_ttl_ms : in->state_ttl_ms);
    const NodePtr& below = in->inputs[0];
    const std::string& rank_name = in->schema.fields.back().name;
    const bool by_proctime = over != nullptr ? over->processing_time
                                             : n.order.size() == 1 && is_proctime(below, n.order[0].column);
    const bool by_time = by_proctime || (n.order.size() == 1 && is_time(below, n.order[0].column));
    // Within windows the newest row is the last to come, as in Flink's window deduplication.
    const bool last_in_window =
        n.order.size() == 1 && n.order[0].descending && is_window_row_time(below, n.order[0].column);
    if (!(by_time || last_in_window) || n.rank != RankKind::row_number || low != 1 || high != 1 ||
        below->mode != Mode::append) {
        return make(std::move(n), {below}, {rank_name});
    }
    DeduplicateNode d;
    d.keys = n.partition_keys;
    d.processing_time = by_proctime;
    d.time_column = by_proctime || n.order.empty() ? -1 : n.order[0].column;
    d.keep_last = !n.order.empty() && n.order[0].descending;
    NodePtr node = make(std::move(d), {below});
    // The rank is 1 for every row that is left.
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < node->schema.size(); ++i) {
        expressions.push_back(input(static_cast<int>(i), node->schema[i].type));
        names.push_back(node->schema[i].name);
    }
    expressions.push_back(literal(DataType::bigint().with_nullable(false), Value::of(std::int64_t{1})));
    names.push_back(rank_name);
    return project(node, std::move(expressions), names);
}

}  // namespace mr::sql
