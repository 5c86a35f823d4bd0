// GROUPING SETS, CUBE and ROLLUP: each set is an aggregation of its own over the same rows; their results,
// NULL in what a set leaves out, are one relation. So every kind of aggregation (windows too) has them.
#include <fmt/format.h>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

/// The sets one item of GROUP BY stands for, as indexes of grouping.exprs.
bool Binder::group_item(const ast::GroupItem& item, const Context& context, Grouping& grouping,
                        std::vector<std::vector<int>>& sets) {
    using K = ast::GroupKind;
    if (item.kind == K::plain || item.kind == K::empty) {
        std::vector<int> one;
        for (const ast::ExprPtr& e : item.exprs) {
            if (!e) return false;
            int index = -1;
            if (!group_expr(*e, context, grouping, index)) return false;
            if (index >= 0) one.push_back(index);
        }
        sets.push_back(std::move(one));
        return true;
    }
    // What is inside, each with its own sets.
    std::vector<std::vector<std::vector<int>>> parts;
    for (const ast::GroupItem& inner : item.sets) {
        if (!group_item(inner, context, grouping, parts.emplace_back())) return false;
    }
    if (item.kind == K::grouping_sets) {
        for (const auto& p : parts) sets.insert(sets.end(), p.begin(), p.end());
        return true;
    }
    if (parts.size() > 12) {
        error(item.span, code::kLimit, "CUBE and ROLLUP take at most 12 items");
        return false;
    }
    const auto add = [&](auto&& chosen) {
        std::vector<int>& set = sets.emplace_back();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (chosen(i)) set.insert(set.end(), parts[i][0].begin(), parts[i][0].end());
        }
    };
    for (const auto& p : parts) {
        if (p.size() == 1) continue;
        error(item.span, code::kMisplaced, "CUBE and ROLLUP take columns and lists of columns");
        return false;
    }
    if (item.kind == K::rollup) {
        for (std::size_t n = parts.size() + 1; n-- > 0;) add([n](std::size_t i) { return i < n; });
    } else {
        for (std::size_t bits = std::size_t{1} << parts.size(); bits-- > 0;) {
            add([bits](std::size_t i) { return ((bits >> i) & 1) != 0; });
        }
    }
    return true;
}

NodePtr Binder::apply_sets(const NodePtr& in, Grouping& grouping, Collected& collected, Span span) {
    std::vector<NodePtr> branches;
    const std::size_t keys = grouping.exprs.size(), calls = collected.aggregates.size();
    bool windows = false;
    for (const std::vector<bool>& set : grouping.sets) {
        Grouping one;
        for (std::size_t i = 0; i < keys; ++i) {
            if (!set[i]) continue;
            one.exprs.push_back(grouping.exprs[i]);
            one.spans.push_back(grouping.spans[i]);
        }
        const NodePtr node = apply_set(in, one, collected, span);
        if (!node) return nullptr;
        std::vector<ExprPtr> expressions;
        std::vector<std::string> names;
        const auto add = [&](ExprPtr e, std::string name) {
            expressions.push_back(std::move(e));
            names.push_back(std::move(name));
        };
        std::size_t next = 0;
        for (std::size_t i = 0; i < keys; ++i) {
            const DataType type = grouping.exprs[i]->type.with_nullable(true);
            add(set[i] ? input(one.places[next++], type) : literal(type, Value::null()),
                fmt::format("$g{}", i));
        }
        for (std::size_t i = 0; i < calls; ++i) {
            const auto column = static_cast<std::size_t>(one.aggregates[i]);
            add(input(one.aggregates[i], node->schema[column].type), collected.aggregates[i].name);
        }
        windows = one.window[0] >= 0;
        for (int w = 0; windows && w < 3; ++w) {
            const auto column = static_cast<std::size_t>(one.window[w]);
            add(input(one.window[w], node->schema[column].type), node->schema[column].name);
        }
        const DataType flag = DataType::bigint().with_nullable(false);
        for (std::size_t i = 0; i < keys; ++i)
            add(literal(flag, Value::of(std::int64_t{set[i] ? 0 : 1})), fmt::format("$s{}", i));
        branches.push_back(builder.project(node, std::move(expressions), names));
    }
    for (std::size_t i = 0; i < keys; ++i) grouping.places.push_back(static_cast<int>(i));
    for (std::size_t i = 0; i < calls; ++i) grouping.aggregates.push_back(static_cast<int>(keys + i));
    const int after = static_cast<int>(keys + calls);
    for (int w = 0; windows && w < 3; ++w) grouping.window[w] = after + w;
    for (std::size_t i = 0; i < keys; ++i)
        grouping.absent.push_back(after + (windows ? 3 : 0) + static_cast<int>(i));
    return branches.size() == 1 ? branches[0] : builder.make(UnionAllNode{}, std::move(branches));
}

/// GROUPING(a, b): bits, 1 where a set leaves the expression out. Stands as a call until the groups are
/// there.
ExprPtr Binder::bind_grouping(const ast::Expr& e, const Context& context) {
    if (context.collected == nullptr) {
        error(e.span, code::kMisplaced, fmt::format("{} cannot stand in {}", e.function, context.place), {},
              "it belongs to a query with GROUP BY GROUPING SETS, CUBE or ROLLUP");
        return nullptr;
    }
    Context inner = context;
    inner.collected = nullptr;
    inner.subqueries = nullptr;
    std::vector<ExprPtr> args;
    if (!bind_args(e, inner, args)) return nullptr;
    if (args.empty() || args.size() > 32) {
        error(e.span, code::kType, fmt::format("{} takes 1 to 32 of the expressions grouped by", e.function));
        return nullptr;
    }
    return at(call("GROUPING", std::move(args), DataType::bigint().with_nullable(false)), e.span);
}

ExprPtr Binder::regroup_grouping(const ExprPtr& e, const Grouping& grouping) {
    const DataType number = DataType::bigint().with_nullable(false);
    ExprPtr out = literal(number, Value::of(std::int64_t{0}));
    for (const ExprPtr& a : e->args) {
        std::size_t i = 0;
        while (i < grouping.exprs.size() && !equal(*grouping.exprs[i], *a)) ++i;
        if (i == grouping.exprs.size()) {
            error(file_->word_at(e->line, e->column), code::kNotGrouped,
                  "GROUPING takes expressions of GROUP BY");
            return nullptr;
        }
        const ExprPtr bit = grouping.absent.empty() ? literal(number, Value::of(std::int64_t{0}))
                                                    : input(grouping.absent[i], number);
        const bool first = &a == &e->args.front();
        out = first ? bit
                    : call("+", {call("*", {out, literal(number, Value::of(std::int64_t{2}))}, number), bit},
                           number);
    }
    return out;
}

}  // namespace mr::sql
