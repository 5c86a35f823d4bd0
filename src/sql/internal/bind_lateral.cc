// LATERAL (SELECT …): a query that refers to the rows on its left. Its conditions on them become those of a
// join; ORDER BY … LIMIT n becomes the first n of each partition they make, an aggregate one row a partition.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

/// A condition or value over the query's rows and the left ones as one over left ++ query.
ExprPtr over_both(const ExprPtr& e, int width) {
    return replace_inputs(e, [width](const ExprPtr& i) {
        return is_outer(i->index) ? input(i->index - kOuter, i->type) : input(i->index + width, i->type);
    });
}

bool reads_outer(const Expr& e) {
    return std::ranges::any_of(columns_read(e), is_outer);
}

const ast::Query& innermost(const ast::Query& q) {
    const ast::Query* query = &q;
    while (query->kind == ast::QueryKind::nested && query->with.empty() && query->order.empty() &&
           !query->limit && !query->offset && query->left) {
        query = query->left.get();
    }
    return *query;
}

/// The SELECT below ORDER BY and LIMIT.
const ast::Query& below_order(const ast::Query& q) {
    return q.kind == ast::QueryKind::nested && q.with.empty() && q.left ? innermost(*q.left) : q;
}

bool is_simple(const ast::Query& q) {
    return q.kind == ast::QueryKind::select && q.with.empty() && q.select->from && !q.select->distinct &&
           !q.select->has_group_by && !q.select->having && !q.select->qualify;
}

/// What a join with LATERAL gives: the left columns as they are, then the query's list.
class LateralList {
  public:
    LateralList(const Relation& left, const NodePtr& both) : both_(both) {
        out_.columns = left.columns;
        for (std::size_t c = 0; c < left.node->schema.size(); ++c) {
            expressions_.push_back(input(static_cast<int>(c), both->schema[c].type));
            names_.push_back(both->schema[c].name);
        }
    }

    void add(ExprPtr value, const std::string& name) {
        expressions_.push_back(std::move(value));
        names_.push_back(name);
        out_.columns.push_back({name, "", false});
    }

    Relation project(Builder& builder) {
        out_.node = builder.project(both_, std::move(expressions_), names_);
        return std::move(out_);
    }

  private:
    const NodePtr both_;
    Relation out_;
    std::vector<ExprPtr> expressions_;
    std::vector<std::string> names_;
};

}  // namespace

/// The first rows of each partition: `keys` are what the left rows are compared with.
NodePtr Binder::lateral_top_n(const ast::Query& query, const Relation& inner, const std::vector<Item>& items,
                              const std::vector<ExprPtr>& keys) {
    if (!query.limit || query.order.empty()) {
        not_yet(query.span, "ORDER BY without LIMIT, or LIMIT without ORDER BY, in LATERAL is");
        return nullptr;
    }
    const int width = static_cast<int>(inner.node->schema.size());
    std::vector<ExprPtr> added;
    const auto column_of = [&](const ExprPtr& e) {
        if (e->kind == ExprKind::input) return e->index;
        added.push_back(e);
        return width + static_cast<int>(added.size()) - 1;
    };
    TopNNode n;
    for (const ExprPtr& k : keys) n.partition_keys.push_back(column_of(k));
    Context context;
    context.input = &inner;
    context.place = "ORDER BY";
    for (const ast::OrderItem& o : query.order) {
        ExprPtr e;
        for (const Item& i : items) {
            const bool named = o.expr->kind == ast::ExprKind::name && o.expr->path.size() == 1 &&
                               o.expr->path[0].text == i.name;
            if (named && !e) e = i.expr;
        }
        if (!e) e = bind(*o.expr, context);
        if (!e) return nullptr;
        if (reads_outer(*e)) {
            not_yet(o.expr->span, "ORDER BY a column of the left side in LATERAL is");
            return nullptr;
        }
        n.order.push_back({column_of(e), o.descending, o.nulls_last.value_or(o.descending)});
    }
    const auto count = [&](const ast::ExprPtr& e) -> std::int64_t {
        const ExprPtr bound = e ? bind(*e, Context{}) : nullptr;
        constexpr std::int64_t kMost = 1'000'000'000;
        const bool number = bound && bound->kind == ExprKind::literal && bound->type.is_integer() &&
                            bound->value.integer() >= 0 && bound->value.integer() <= kMost;
        if (number) return bound->value.integer();
        if (bound) error(e->span, code::kType, "LIMIT and OFFSET take a number, not below 0");
        return -1;
    };
    const std::int64_t offset = query.offset ? count(query.offset) : 0;
    const std::int64_t limit = count(query.limit);
    if (offset < 0 || limit < 0) return nullptr;
    n.low = offset + 1;
    n.high = offset + limit;
    return builder.make(std::move(n), {builder.extend(inner.node, added)});
}

/// An aggregate without GROUP BY: one row for each row on the left.
Relation Binder::lateral_aggregate(const Relation& left, Relation inner, Collected& collected,
                                   const std::vector<Item>& items,
                                   const std::vector<std::pair<ExprPtr, ExprPtr>>& equal, Span span) {
    const auto outer_call = [](const AggCall& c) {
        return std::ranges::any_of(c.args, [](const ExprPtr& a) { return reads_outer(*a); }) ||
               (c.filter && reads_outer(*c.filter));
    };
    const bool outer_item = std::ranges::any_of(items, [](const Item& i) { return reads_outer(*i.expr); });
    if (outer_item || std::ranges::any_of(collected.aggregates, outer_call)) {
        not_yet(span, "a column of the left side in the list of an aggregating LATERAL is", "use it outside");
        return {};
    }
    Grouping grouping;
    for (const auto& [outside, inside] : equal) {
        grouping.exprs.push_back(inside);
        grouping.spans.push_back(span);
    }
    const NodePtr node = apply_grouping(inner.node, grouping, collected, items, span);
    if (!node) return {};
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    std::vector<bool> counts;
    for (const Item& i : items) {
        const int index = i.expr->kind == ExprKind::input ? i.expr->index : -1;
        const auto is_count = [&](int c) {
            return c >= kAggregates && c < kOvers &&
                   collected.aggregates[static_cast<std::size_t>(c - kAggregates)].function == "COUNT";
        };
        if (!is_count(index) && std::ranges::any_of(columns_read(*i.expr), is_count)) {
            not_yet(i.span, "an expression of COUNT in LATERAL is",
                    "compute it in the SELECT list around it");
            return {};
        }
        counts.push_back(is_count(index));
        expressions.push_back(regroup(i.expr, grouping));
        names.push_back(i.name);
        if (!expressions.back()) return {};
    }
    const int width = static_cast<int>(left.node->schema.size());
    std::vector<ExprPtr> conjuncts;
    for (std::size_t k = 0; k < equal.size(); ++k) {
        const int at_key = static_cast<int>(expressions.size());
        expressions.push_back(input(grouping.places[k], equal[k].second->type));
        names.push_back(fmt::format("$key{}", k));
        ExprPtr same = make_call("=", {equal[k].first, input(width + at_key, equal[k].second->type)}, span);
        if (!same) return {};
        conjuncts.push_back(std::move(same));
    }
    const NodePtr one = builder.project(node, std::move(expressions), names);
    const NodePtr both = builder.join(plan::JoinKind::left, left.node, one, conjuncts);
    LateralList out(left, both);
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::size_t c = static_cast<std::size_t>(width) + i;
        ExprPtr value = input(static_cast<int>(c), both->schema[c].type);
        const ExprPtr zero = literal(DataType::bigint().with_nullable(false), Value::of(std::int64_t{0}));
        if (counts[i]) value = make_call("COALESCE", {value, zero}, span);
        if (!value) return {};
        out.add(std::move(value), items[i].name);
    }
    return out.project(builder);
}

Relation Binder::bind_lateral(const Relation& left, const ast::TableRef& join) {
    const ast::TableRef& ref = *join.right;
    const ast::Query& query = innermost(*ref.query);
    const bool left_join = join.join_kind == ast::JoinKind::left;
    const bool plain_on = !join.on || (join.on->kind == ast::ExprKind::boolean_ && join.on->flag);
    if (!plain_on || join.join_kind == ast::JoinKind::right || join.join_kind == ast::JoinKind::full ||
        join.natural || !join.using_columns.empty()) {
        not_yet(join.on ? join.on->span : join.span, "this join of LATERAL is",
                "CROSS JOIN LATERAL (…), or LEFT JOIN LATERAL (…) ON TRUE with the condition in its WHERE");
        return {};
    }
    const ast::Query& core = below_order(query);
    if (!is_simple(core)) {
        not_yet(ref.span, "LATERAL with GROUP BY, DISTINCT, WITH or a set operation is",
                "SELECT … FROM … WHERE inner.x = outer.y [ORDER BY … LIMIT n]");
        return {};
    }
    const ast::Select& select = *core.select;
    std::vector<ExprPtr> correlated;
    Relation inner = bind_from(*select.from, nullptr);
    if (inner.ok() && select.where) inner = bind_where(select, std::move(inner), &left, correlated);
    if (!inner.ok()) return {};
    Collected collected;
    Context context;
    context.input = &inner;
    context.outer = &left;
    context.collected = &collected;
    context.place = "SELECT";
    std::vector<Item> items;
    if (!bind_items(select, context, items)) return {};
    if (!collected.overs.empty()) {
        not_yet(ref.span, "OVER in LATERAL is", "ORDER BY … LIMIT n takes the first rows");
        return {};
    }
    const bool ranked = !query.order.empty() || query.limit || query.offset;
    std::vector<std::pair<ExprPtr, ExprPtr>> equal;
    const bool aggregated = !collected.aggregates.empty();
    if ((ranked || aggregated) && !split_correlated(correlated, ref.span, equal)) return {};
    Relation out;
    if (aggregated) {
        if (ranked) {
            not_yet(ref.span, "LIMIT of an aggregate is");
            return {};
        }
        out = lateral_aggregate(left, std::move(inner), collected, items, equal, ref.span);
    } else {
        NodePtr node = inner.node;
        std::vector<ExprPtr> keys;
        for (const auto& [outside, inside] : equal) keys.push_back(inside);
        if (ranked) node = lateral_top_n(query, inner, items, keys);
        if (!node) return {};
        out = lateral_rows(left, node, items, correlated, left_join);
    }
    if (!out.ok()) return {};
    // The names of the new columns.
    Relation fresh;
    fresh.node = out.node;
    fresh.columns.assign(out.columns.begin() + static_cast<std::ptrdiff_t>(left.columns.size()),
                         out.columns.end());
    fresh = named(std::move(fresh), ref);
    if (!fresh.ok()) return {};
    std::ranges::copy(fresh.columns, out.columns.begin() + static_cast<std::ptrdiff_t>(left.columns.size()));
    return out;
}

/// The rows of `node` that fit each left row, with the query's list.
Relation Binder::lateral_rows(const Relation& left, const NodePtr& node, const std::vector<Item>& items,
                              const std::vector<ExprPtr>& correlated, bool left_join) {
    // What reads the query's rows only is computed before the join, so that padded rows have NULL there.
    std::vector<ExprPtr> added;
    const int inner_width = static_cast<int>(node->schema.size());
    std::vector<ExprPtr> values;
    for (const Item& i : items) {
        if (reads_outer(*i.expr)) {
            if (left_join) {
                not_yet(i.span, "a column of the left side inside LEFT JOIN LATERAL is", "use it outside");
                return {};
            }
            values.push_back(i.expr);
            continue;
        }
        const bool plain = i.expr->kind == ExprKind::input;
        values.push_back(plain ? i.expr : input(inner_width + static_cast<int>(added.size()), i.expr->type));
        if (!plain) added.push_back(i.expr);
    }
    const int width = static_cast<int>(left.node->schema.size());
    std::vector<ExprPtr> conjuncts;
    for (const ExprPtr& c : correlated) split_conjuncts(over_both(c, width), conjuncts);
    const NodePtr both = builder.join(left_join ? plan::JoinKind::left : plan::JoinKind::inner, left.node,
                                      builder.extend(node, added), conjuncts);
    LateralList out(left, both);
    for (std::size_t i = 0; i < items.size(); ++i) {
        ExprPtr value = replace_inputs(over_both(values[i], width), [&](const ExprPtr& e) {
            return input(e->index, both->schema[static_cast<std::size_t>(e->index)].type);
        });
        out.add(std::move(value), items[i].name);
    }
    return out.project(builder);
}

}  // namespace mr::sql
