// Subqueries as values: (SELECT MAX(x) FROM t), correlated too; IN and EXISTS where they are not a condition
// of WHERE by themselves. Each becomes a join of the rows it is used with.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

bool reads_outer(const Expr& e) {
    return std::ranges::any_of(columns_read(e), is_outer);
}
bool reads_inner(const Expr& e) {
    return std::ranges::any_of(columns_read(e), [](int c) { return !is_outer(c); });
}

const ast::Select* only_select(const ast::Query& q) {
    const ast::Query* query = &q;
    while (query->kind == ast::QueryKind::nested && query->with.empty() && query->order.empty() &&
           !query->limit && !query->offset && query->left) {
        query = query->left.get();
    }
    const bool bare = query->kind == ast::QueryKind::select && query->with.empty() && query->order.empty() &&
                      !query->limit && !query->offset;
    if (!bare || !query->select->from || query->select->distinct || query->select->has_group_by ||
        query->select->having || query->select->qualify || !query->select->windows.empty()) {
        return nullptr;
    }
    return query->select.get();
}

/// COUNT of no rows is 0, where every other aggregate is NULL.
bool is_count(const ast::Select& select) {
    const ast::Expr& e = *select.items[0].expr;
    return e.kind == ast::ExprKind::call && e.function == "COUNT" && !e.over;
}

}  // namespace

/// Correlated conditions as equalities: of the rows outside, of the rows inside.
bool Binder::split_correlated(const std::vector<ExprPtr>& correlated, Span span,
                              std::vector<std::pair<ExprPtr, ExprPtr>>& out) {
    for (const ExprPtr& c : correlated) {
        const bool equality = c->kind == ExprKind::call && c->function == "=";
        for (std::size_t side = 0; equality && side < 2; ++side) {
            const ExprPtr &a = c->args[side], &b = c->args[1 - side];
            if (!reads_outer(*a) || reads_inner(*a) || reads_outer(*b)) continue;
            out.emplace_back(
                replace_inputs(a, [](const ExprPtr& i) { return input(i->index - kOuter, i->type); }), b);
            break;
        }
    }
    if (out.size() == correlated.size()) return true;
    not_yet(span, "this condition between the subquery and the query around it is",
            "equalities joined by AND work: inner.x = outer.y");
    return false;
}

/// SELECT aggregate FROM … WHERE inner.x = outer.y: the aggregate by inner.x.
bool Binder::subquery_aggregate(const ast::Select& select, Relation inner,
                                const std::vector<ExprPtr>& correlated, Subquery& out) {
    Collected collected;
    Context context;
    context.input = &inner;
    context.collected = &collected;
    context.place = "SELECT";
    std::vector<Item> items;
    if (!bind_items(select, context, items)) return false;
    if (!split_correlated(correlated, out.span, out.equal)) return false;
    if (collected.aggregates.empty() || !collected.overs.empty()) {
        not_yet(out.span, "a correlated subquery without an aggregate is",
                "a subquery used as a value gives one row: SELECT MAX(…)");
        return false;
    }
    Grouping grouping;
    for (auto& [outside, inside] : out.equal) {
        grouping.exprs.push_back(inside);
        grouping.spans.push_back(out.span);
    }
    const NodePtr node = apply_grouping(inner.node, grouping, collected, items, out.span);
    const ExprPtr value = node ? regroup(items[0].expr, grouping) : nullptr;
    if (!value) return false;
    std::vector<ExprPtr> expressions = {value};
    std::vector<std::string> names = {"$value"};
    for (std::size_t i = 0; i < out.equal.size(); ++i) {
        const DataType type = out.equal[i].second->type;
        expressions.push_back(input(grouping.places[i], type));
        names.push_back(fmt::format("$key{}", i));
        out.equal[i].second = input(static_cast<int>(i) + 1, type);
    }
    out.node = builder.project(node, std::move(expressions), names);
    return true;
}

ExprPtr Binder::bind_subquery_value(const ast::Expr& e, const Context& context) {
    if (context.subqueries == nullptr || context.input == nullptr || !e.query) {
        not_yet(e.span, "a subquery as a value is not in this place; that is",
                "compute it in the SELECT list or compare with it in WHERE");
        return nullptr;
    }
    Subquery out;
    out.span = e.span;
    const ast::Select* select = only_select(*e.query);
    const bool one_item = select != nullptr && select->items.size() == 1 && select->items[0].expr &&
                          select->items[0].expr->kind != ast::ExprKind::star;
    bool bound = false;
    if (one_item && select->where) {
        std::vector<ExprPtr> correlated;
        Relation inner = bind_from(*select->from, nullptr);
        if (inner.ok()) inner = bind_where(*select, std::move(inner), context.input, correlated);
        if (!inner.ok()) return nullptr;
        if (!correlated.empty()) {
            if (!subquery_aggregate(*select, std::move(inner), correlated, out)) return nullptr;
            if (is_count(*select)) out.kind = Subquery::Kind::count;
            bound = true;
        }
    }
    if (!bound) {
        const Relation r = bind_query(*e.query);
        if (!r.ok()) return nullptr;
        if (r.columns.size() != 1) {
            error(
                e.span, code::kColumnCount,
                fmt::format("a subquery used as a value has one column, this one has {}", r.columns.size()));
            return nullptr;
        }
        if (!r.node->single_row) {
            error(e.span, code::kType, "a subquery used as a value gives one row; this one may give more", {},
                  "SELECT MAX(…) or COUNT(…) without GROUP BY, or join with the query");
            return nullptr;
        }
        out.node = r.node;
    }
    const DataType type = out.node->schema[0].type.with_nullable(out.kind == Subquery::Kind::value);
    context.subqueries->push_back(std::move(out));
    return at(input(kSubqueries + static_cast<int>(context.subqueries->size()) - 1, type), e.span);
}

/// x IN (SELECT …) and EXISTS (SELECT …) inside OR, CASE, the SELECT list: TRUE where a row joins.
ExprPtr Binder::bind_membership(const ast::Expr& e, const Context& context) {
    const bool in = e.kind == ast::ExprKind::in_query;
    if (context.subqueries == nullptr || context.input == nullptr || !e.query) {
        not_yet(e.span, "a subquery in this place is",
                "IN (SELECT …) and EXISTS (SELECT …) work in WHERE and in the SELECT list");
        return nullptr;
    }
    Subquery out;
    out.span = e.span;
    out.kind = Subquery::Kind::mark;
    Context plain = context;
    plain.subqueries = nullptr;
    std::vector<ExprPtr> wanted;
    if (in && !bind_args(e, plain, wanted)) return nullptr;
    Relation inner;
    std::vector<ExprPtr> correlated, values;
    const ast::Select* select = only_select(*e.query);
    const bool correlates =
        select != nullptr && select->where &&
        std::ranges::none_of(select->items, [](const ast::SelectItem& i) {
            if (!i.expr || i.expr->kind != ast::ExprKind::call) return false;
            const FunctionInfo* info = find_function(i.expr->function);
            return i.expr->over || (info != nullptr && info->kind != FunctionClass::scalar);
        });
    if (correlates) {
        inner = bind_from(*select->from, nullptr);
        if (inner.ok()) inner = bind_where(*select, std::move(inner), context.input, correlated);
        if (!inner.ok()) return nullptr;
        Context list;
        list.input = &inner;
        list.place = "SELECT";
        std::vector<Item> items;
        if (in && !bind_items(*select, list, items)) return nullptr;
        for (const Item& i : items) values.push_back(i.expr);
    } else {
        inner = bind_query(*e.query);
        if (!inner.ok()) return nullptr;
        for (std::size_t i = 0; in && i < inner.columns.size(); ++i)
            values.push_back(input(static_cast<int>(i), inner.node->schema[i].type));
    }
    if (values.size() != wanted.size()) {
        error(e.span, code::kColumnCount,
              fmt::format("IN compares {} value{} with a query of {} columns", wanted.size(),
                          wanted.size() == 1 ? "" : "s", values.size()));
        return nullptr;
    }
    bool nullable = false;
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto common = common_type(wanted[i]->type, values[i]->type);
        if (!common) {
            error(e.span, common.error());
            return nullptr;
        }
        nullable = nullable || wanted[i]->type.nullable || values[i]->type.nullable;
        out.equal.emplace_back(implicit_cast(wanted[i], *common), implicit_cast(values[i], *common));
    }
    if (nullable && (e.flag || !context.monotone)) {
        not_yet(e.span, "IN (SELECT …) of values that may be NULL in this place is",
                "use it as a condition of WHERE, or EXISTS");
        return nullptr;
    }
    std::vector<std::pair<ExprPtr, ExprPtr>> conditions;
    if (!split_correlated(correlated, e.span, conditions)) return nullptr;
    out.equal.insert(out.equal.end(), conditions.begin(), conditions.end());
    // The different keys, each with a mark.
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < out.equal.size(); ++i) {
        expressions.push_back(out.equal[i].second);
        names.push_back(fmt::format("$key{}", i));
        out.equal[i].second = input(static_cast<int>(i), out.equal[i].second->type);
    }
    const DataType yes = DataType::boolean().with_nullable(false);
    if (expressions.empty()) {
        expressions.push_back(literal(yes, Value::of(true)));
        names.emplace_back("$any");
    }
    const NodePtr keys = builder.distinct(builder.project(inner.node, std::move(expressions), names));
    out.value = static_cast<int>(keys->schema.size());
    out.node = builder.extend(keys, {literal(yes, Value::of(true))});
    context.subqueries->push_back(std::move(out));
    ExprPtr found = input(kSubqueries + static_cast<int>(context.subqueries->size()) - 1, yes);
    if (in && e.flag) found = make_call("NOT", {found}, e.span);
    return at(found, e.span);
}

/// Joins what was collected; values[i] is what placeholder i stands for.
Relation Binder::apply_subqueries(Relation from, std::vector<Subquery>& subqueries,
                                  std::vector<ExprPtr>& values) {
    for (Subquery& s : subqueries) {
        const int width = static_cast<int>(from.node->schema.size());
        std::vector<ExprPtr> conjuncts;
        for (const auto& [outside, inside] : s.equal) {
            ExprPtr condition = make_call("=", {outside, shifted(inside, width)}, s.span);
            if (!condition) return {};
            conjuncts.push_back(std::move(condition));
        }
        from.node = builder.join(plan::JoinKind::left, from.node, s.node, conjuncts);
        for (std::size_t i = from.columns.size(); i < from.node->schema.size(); ++i)
            from.columns.push_back({"$subquery", "", true});
        const DataType type = from.node->schema[static_cast<std::size_t>(width + s.value)].type;
        ExprPtr value = input(width + s.value, type);
        if (s.kind == Subquery::Kind::count) {
            value = make_call(
                "COALESCE",
                {value, literal(DataType::bigint().with_nullable(false), Value::of(std::int64_t{0}))},
                s.span);
        } else if (s.kind == Subquery::Kind::mark) {
            value = make_call("IS NOT NULL", {value}, s.span);
        }
        if (!value) return {};
        values.push_back(std::move(value));
    }
    return from;
}

}  // namespace mr::sql
