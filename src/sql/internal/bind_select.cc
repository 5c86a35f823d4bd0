// SELECT: the order in which its clauses take effect, the list, *.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

/// The name of a column without AS: the column's or field's own, otherwise EXPR$i.
std::string derived_name(const ast::Expr& e, std::size_t index) {
    if (e.kind == ast::ExprKind::name) return e.path.back().text;
    if (e.kind == ast::ExprKind::field) return e.text;
    return fmt::format("EXPR${}", index);
}

/// Has the expression what only the end of the list may hold? (Cheap look for aggregates, so that SELECT
/// without GROUP BY knows whether it groups.)
bool contains_kind(const ast::Expr& e, FunctionClass kind) {
    if (e.kind == ast::ExprKind::call && !e.over) {
        const bool about_groups = e.function == "GROUPING" || e.function == "GROUPING_ID";
        if (about_groups && kind == FunctionClass::aggregate) return true;
        const FunctionInfo* info = find_function(e.function);
        if (info != nullptr && info->kind == kind) return true;
    }
    return std::ranges::any_of(e.args, [&](const ast::ExprPtr& a) { return a && contains_kind(*a, kind); });
}

bool groups(const ast::Select& select) {
    if (select.has_group_by || select.having) return true;
    return std::ranges::any_of(select.items, [](const ast::SelectItem& i) {
        return i.expr && contains_kind(*i.expr, FunctionClass::aggregate);
    });
}

}  // namespace

void Binder::expand_star(const ast::Expr& star, const Context& context, std::vector<Item>& items,
                         bool& good) {
    if (!star.args.empty() || star.path.size() > 1) {
        not_yet(star.span, "* of a ROW's fields is", "name the fields: r.a, r.b");
        good = false;
        return;
    }
    if (context.input == nullptr || context.input->columns.empty()) {
        error(star.span, code::kMisplaced, "* needs a FROM");
        good = false;
        return;
    }
    bool found = false;
    for (std::size_t i = 0; i < context.input->columns.size(); ++i) {
        const ScopeColumn& c = context.input->columns[i];
        const bool wanted = star.path.empty() ? !c.hidden : c.table == star.path[0].text;
        if (!wanted) continue;
        found = true;
        items.push_back({at(input(static_cast<int>(i), context.input->node->schema[i].type), star.span),
                         c.name, star.span});
    }
    if (!found) {
        error(star.span, code::kUnknownTable,
              fmt::format("\"{}\" is no table of this FROM", star.path[0].text));
        good = false;
    }
}

bool Binder::check_width(std::size_t columns, Span span) {
    if (columns <= kMaxColumns) return true;
    error({span.begin, span.begin + 1}, code::kLimit, fmt::format("more than {} columns", kMaxColumns), {},
          "name the columns that are needed instead of *");
    return false;
}

bool Binder::bind_items(const ast::Select& select, const Context& context, std::vector<Item>& items) {
    bool good = check_width(select.items.size(), select.span);
    for (const ast::SelectItem& item : select.items) {
        if (!item.expr) return false;
        if (item.expr->kind == ast::ExprKind::star) {
            expand_star(*item.expr, context, items, good);
            if (!check_width(items.size(), item.expr->span)) return false;
            continue;
        }
        Item bound;
        bound.expr = bind(*item.expr, context);
        bound.name = item.alias ? item.alias->text : derived_name(*item.expr, items.size());
        bound.span = item.expr->span;
        if (!bound.expr) {
            good = false;
            continue;
        }
        if (bound.expr->kind == ExprKind::input && item.alias) {
            // Names for the operators' own columns, so that plans read like the query.
            const int index = bound.expr->index;
            if (index >= kOvers && index < kWindows) {
                context.collected->overs[static_cast<std::size_t>(index - kOvers)].call.name = bound.name;
            } else if (index >= kAggregates && index < kOvers) {
                context.collected->aggregates[static_cast<std::size_t>(index - kAggregates)].name =
                    bound.name;
            }
        }
        items.push_back(std::move(bound));
    }
    return good;
}

Relation Binder::bind_select(const ast::Select& select, const Relation* outer) {
    const StateTtlHints outer_hints = std::exchange(state_ttl_hints_, state_ttl_hints(select));
    Relation bound = bind_hinted_select(select, outer);
    for (const auto& [table, hint] : state_ttl_hints_) {
        if (bound.ok() && !hint.used) {
            error(
                hint.span, code::kOption,
                fmt::format("STATE_TTL names `{}`, which is no table or alias that is grouped or joined here",
                            table));
            bound = {};
        }
    }
    state_ttl_hints_ = outer_hints;
    return bound;
}

Relation Binder::bind_hinted_select(const ast::Select& select, const Relation* outer) {
    Relation from;
    if (select.from) {
        from = bind_from(*select.from, outer);
    } else {
        from.node = builder.values({{}}, {});
    }
    if (!from.ok()) return {};
    std::vector<ExprPtr> correlated;
    if (select.where) from = bind_where(select, std::move(from), outer, correlated);
    if (!from.ok()) return {};
    if (!correlated.empty()) {
        not_yet(select.where->span, "a reference to the outer query's columns in this place is",
                "EXISTS (SELECT … WHERE inner.x = outer.x) works as a condition of WHERE");
        return {};
    }
    Collected collected;
    for (const ast::NamedWindow& w : select.windows) collected.windows[w.name.text] = w.spec.get();
    Context context;
    context.input = &from;
    context.collected = &collected;
    context.place = "SELECT";
    std::vector<Subquery> subqueries;
    Grouping grouping;
    bool grouped = groups(select);
    bool good = !grouped || bind_group_by(select, context, grouping);
    std::vector<Item> items;
    context.subqueries = &subqueries;
    good = bind_items(select, context, items) && good;
    // An aggregate may also stand inside OVER (PARTITION BY COUNT(*) …): that groups too.
    grouped = grouped || !collected.aggregates.empty();
    ExprPtr having;
    if (select.having) {
        context.place = "HAVING";
        context.monotone = true;
        having = bind_condition(*select.having, context);
        context.monotone = false;
        good = good && having != nullptr;
    }
    ExprPtr qualify;
    if (select.qualify) {
        qualify = bind_qualify(*select.qualify, context, items);
        good = good && qualify != nullptr;
    }
    if (!good) return {};
    if (grouped) {
        const StateTtl kept(builder, {state_ttl_of(from), 0});
        NodePtr node = apply_grouping(from.node, grouping, collected, items, select.span);
        if (!node) return {};
        const auto again = [&](ExprPtr& e) {
            if (e) {
                e = regroup(e, grouping);
                good = good && e != nullptr;
            }
        };
        for (Item& i : items) again(i.expr);
        again(having);
        again(qualify);
        for (BoundOver& o : collected.overs) {
            for (ExprPtr& a : o.call.args) again(a);
            again(o.call.filter);
            for (ExprPtr& p : o.partition) again(p);
            for (auto& item : o.order) again(item.expr);
        }
        if (!good) return {};
        from.node = std::move(node);
        // What a star could still name is gone: the columns are those of the groups.
        from.columns.assign(from.node->schema.size(), {"$group", "", true});
    }
    if (!subqueries.empty()) {
        for (Subquery& s : subqueries) {
            for (auto& [outside, inside] : s.equal) {
                outside = grouped ? regroup(outside, grouping) : outside;
                if (!outside) return {};
            }
        }
        std::vector<ExprPtr> values;
        from = apply_subqueries(std::move(from), subqueries, values);
        if (!from.ok()) return {};
        const auto joined = [&](ExprPtr& e) {
            if (!e) return;
            e = replace_inputs(e, [&](const ExprPtr& i) {
                return i->index < kSubqueries ? i : values[static_cast<std::size_t>(i->index - kSubqueries)];
            });
        };
        for (Item& i : items) joined(i.expr);
        joined(having);
        joined(qualify);
        for (BoundOver& o : collected.overs) {
            for (ExprPtr& a : o.call.args) joined(a);
            joined(o.call.filter);
            for (ExprPtr& k : o.partition) joined(k);
            for (auto& item : o.order) joined(item.expr);
        }
    }
    return finish_select(select, std::move(from), collected, items, std::move(having), std::move(qualify));
}

/// QUALIFY: a condition over OVER calls, which may also name the SELECT list's columns.
ExprPtr Binder::bind_qualify(const ast::Expr& e, const Context& context, const std::vector<Item>& items) {
    const Relation& from = *context.input;
    Relation rows;
    rows.columns = from.columns;
    Node node;
    node.op = UnionAllNode{};
    node.schema = from.node->schema;
    for (const Item& i : items) {
        const bool known = std::ranges::any_of(
            from.columns, [&](const ScopeColumn& c) { return !c.hidden && c.name == i.name; });
        rows.columns.push_back({known ? std::string() : i.name, "", known});
        node.schema.fields.push_back({i.name, i.expr->type});
    }
    rows.node = std::make_shared<const Node>(std::move(node));
    Context with_list = context;
    with_list.input = &rows;
    with_list.place = "QUALIFY";
    const ExprPtr bound = bind_condition(e, with_list);
    if (!bound) return nullptr;
    const bool overs = context.collected != nullptr && !context.collected->overs.empty();
    if (!overs) {
        error(e.span, code::kOver, "QUALIFY filters by an OVER call, and there is none here", {},
              "filter rows with WHERE, groups with HAVING");
        return nullptr;
    }
    const int width = static_cast<int>(from.node->schema.size());
    return replace_inputs(bound, [&](const ExprPtr& i) {
        const bool item = i->index >= width && i->index < width + static_cast<int>(items.size());
        return item ? items[static_cast<std::size_t>(i->index - width)].expr : i;
    });
}

/// HAVING, OVER, the list itself, DISTINCT.
Relation Binder::finish_select(const ast::Select& select, Relation from, Collected& collected,
                               std::vector<Item>& items, ExprPtr having, ExprPtr qualify) {
    NodePtr node = from.node;
    if (having) node = builder.filter(node, having);
    std::vector<int> places;
    for (std::size_t i = 0; i < collected.overs.size(); ++i) {
        AggCall& c = collected.overs[i].call;
        if (c.name.empty()) c.name = fmt::format("$o{}", i);
    }
    if (!collected.overs.empty()) {
        node = apply_overs(node, collected.overs, places);
        if (!node) return {};
    }
    const auto place = [&](const ExprPtr& e) -> ExprPtr {
        if (e->index < kOvers) return e;
        return input(places[static_cast<std::size_t>(e->index - kOvers)], e->type);
    };
    if (qualify) node = builder.filter(node, replace_inputs(qualify, place));
    Relation out;
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (Item& i : items) {
        expressions.push_back(replace_inputs(i.expr, place));
        names.push_back(i.name);
        out.columns.push_back({i.name, "", false});
    }
    if (const auto* constant = std::get_if<ValuesNode>(&node->op); constant && node->schema.size() == 0) {
        Schema schema;
        for (std::size_t i = 0; i < expressions.size(); ++i) {
            schema.fields.push_back({names[i], expressions[i]->type});
        }
        out.node = builder.values({expressions}, std::move(schema));
    } else {
        out.node = builder.project(node, std::move(expressions), names);
    }
    if (select.distinct) out.node = builder.distinct(out.node);
    return out;
}

}  // namespace mr::sql
