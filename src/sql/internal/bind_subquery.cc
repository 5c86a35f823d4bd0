// WHERE: conditions, and subqueries that are semi or anti joins: IN (SELECT …), EXISTS (SELECT …).
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

void split(const ast::Expr& e, std::vector<const ast::Expr*>& out) {
    if (e.kind == ast::ExprKind::call && e.function == "AND") {
        for (const ast::ExprPtr& a : e.args) split(*a, out);
        return;
    }
    out.push_back(&e);
}

bool reads_outer(const Expr& e) {
    return std::ranges::any_of(columns_read(e), is_outer);
}

/// The SELECT of a query without anything around it; nullptr otherwise.
const ast::Select* plain_select(const ast::Query& q) {
    const ast::Query* at_query = &q;
    while (at_query->kind == ast::QueryKind::nested && at_query->with.empty() && at_query->order.empty() &&
           !at_query->limit && !at_query->offset && at_query->left) {
        at_query = at_query->left.get();
    }
    if (at_query->kind != ast::QueryKind::select) return nullptr;
    const ast::Select& s = *at_query->select;
    const bool aggregated = std::ranges::any_of(s.items, [](const ast::SelectItem& i) {
        if (!i.expr || i.expr->kind != ast::ExprKind::call) return false;
        const FunctionInfo* info = find_function(i.expr->function);
        return i.expr->over != nullptr || (info != nullptr && info->kind != FunctionClass::scalar);
    });
    return s.has_group_by || s.having || s.distinct || aggregated || !s.from || s.qualify ? nullptr : &s;
}

/// A condition over the subquery's rows and the outer query's as one over outer ++ subquery.
ExprPtr over_both(const ExprPtr& e, int width) {
    return replace_inputs(e, [width](const ExprPtr& i) {
        return is_outer(i->index) ? input(i->index - kOuter, i->type) : input(i->index + width, i->type);
    });
}

}  // namespace

Relation Binder::bind_where(const ast::Select& select, Relation from, const Relation* outer,
                            std::vector<ExprPtr>& correlated) {
    std::vector<const ast::Expr*> conjuncts;
    split(*select.where, conjuncts);
    std::vector<const ast::Expr*> subqueries;
    ExprPtr condition;
    bool good = true;
    for (const ast::Expr* c : conjuncts) {
        const bool negated_exists =
            c->kind == ast::ExprKind::call && c->function == "NOT" && c->args[0] &&
            (c->args[0]->kind == ast::ExprKind::exists || c->args[0]->kind == ast::ExprKind::in_query);
        if (c->kind == ast::ExprKind::in_query || c->kind == ast::ExprKind::exists || negated_exists) {
            subqueries.push_back(c);
            continue;
        }
        Context context;
        context.input = &from;
        context.outer = outer;
        context.place = "WHERE";
        std::vector<Subquery> values;
        context.subqueries = &values;
        context.monotone = true;
        ExprPtr bound = bind_condition(*c, context);
        if (bound && !values.empty()) {
            std::vector<ExprPtr> joined;
            from = apply_subqueries(std::move(from), values, joined);
            if (!from.ok()) return {};
            bound = replace_inputs(bound, [&](const ExprPtr& i) {
                return i->index < kSubqueries ? i : joined[static_cast<std::size_t>(i->index - kSubqueries)];
            });
        }
        if (!bound) {
            good = false;
        } else if (reads_outer(*bound)) {
            correlated.push_back(bound);
        } else {
            condition = conjunction(condition, bound);
        }
    }
    if (condition && good) from.node = builder.filter(from.node, condition);
    for (const ast::Expr* c : subqueries) {
        const bool negated = c->kind == ast::ExprKind::call;
        const ast::Expr& e = negated ? *c->args[0] : *c;
        if (e.kind == ast::ExprKind::in_query && negated) {
            not_yet(c->span, "NOT (x IN (SELECT …)) is", "write x NOT IN (SELECT …)");
            good = false;
            continue;
        }
        Relation next = e.kind == ast::ExprKind::exists ? apply_exists(from, e, negated) : apply_in(from, e);
        good = good && next.ok();
        if (next.ok()) from = std::move(next);
    }
    return good ? from : Relation{};
}

Relation Binder::apply_exists(const Relation& from, const ast::Expr& e, bool negated) {
    if (!e.query) return {};
    const int width = static_cast<int>(from.columns.size());
    std::vector<ExprPtr> correlated;
    Relation inner;
    if (const ast::Select* s = plain_select(*e.query)) {
        inner = bind_from(*s->from, nullptr);
        if (inner.ok() && s->where) inner = bind_where(*s, std::move(inner), &from, correlated);
    } else {
        inner = bind_query(*e.query);
    }
    if (!inner.ok()) return {};
    std::vector<ExprPtr> conjuncts;
    for (const ExprPtr& c : correlated) conjuncts.push_back(over_both(c, width));
    Relation out = from;
    out.node =
        builder.join(negated ? plan::JoinKind::anti : plan::JoinKind::semi, from.node, inner.node, conjuncts);
    return out;
}

Relation Binder::apply_in(const Relation& from, const ast::Expr& e) {
    if (!e.query) return {};
    const int width = static_cast<int>(from.columns.size());
    Context context;
    context.input = &from;
    context.place = "IN";
    std::vector<ExprPtr> wanted;
    if (!bind_args(e, context, wanted)) return {};
    std::vector<ExprPtr> correlated, values;
    Relation inner;
    if (const ast::Select* s = plain_select(*e.query)) {
        inner = bind_from(*s->from, nullptr);
        if (inner.ok() && s->where) inner = bind_where(*s, std::move(inner), &from, correlated);
        if (!inner.ok()) return {};
        Context list;
        list.input = &inner;
        list.place = "SELECT";
        std::vector<Item> items;
        if (!bind_items(*s, list, items)) return {};
        for (const Item& i : items) values.push_back(i.expr);
    } else {
        inner = bind_query(*e.query);
        if (!inner.ok()) return {};
        for (std::size_t i = 0; i < inner.columns.size(); ++i) {
            values.push_back(input(static_cast<int>(i), inner.node->schema[i].type));
        }
    }
    if (values.size() != wanted.size()) {
        error(e.span, code::kColumnCount,
              fmt::format("IN compares {} value{} with a query of {} columns", wanted.size(),
                          wanted.size() == 1 ? "" : "s", values.size()));
        return {};
    }
    std::vector<ExprPtr> conjuncts;
    for (const ExprPtr& c : correlated) conjuncts.push_back(over_both(c, width));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const ExprPtr value = over_both(values[i], width);
        ExprPtr equal = make_call("=", {wanted[i], value}, e.span);
        if (!equal) return {};
        const bool nullable = wanted[i]->type.nullable || value->type.nullable;
        if (e.flag && nullable) {
            // NOT IN is not true where either side is NULL.
            if (values.size() > 1) {
                not_yet(e.span, "NOT IN of several columns that may be NULL is", "use NOT EXISTS");
                return {};
            }
            equal = make_call("OR", {equal, make_call("IS NULL", {wanted[i]}, e.span)}, e.span);
            equal = make_call("OR", {equal, make_call("IS NULL", {value}, e.span)}, e.span);
        }
        conjuncts.push_back(std::move(equal));
    }
    Relation out = from;
    out.node =
        builder.join(e.flag ? plan::JoinKind::anti : plan::JoinKind::semi, from.node, inner.node, conjuncts);
    return out;
}

}  // namespace mr::sql
