// JOIN: conditions, USING, UNNEST, versions as of a time.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

plan::JoinKind kind_of(ast::JoinKind kind) {
    switch (kind) {
        case ast::JoinKind::left:
            return plan::JoinKind::left;
        case ast::JoinKind::right:
            return plan::JoinKind::right;
        case ast::JoinKind::full:
            return plan::JoinKind::full;
        default:
            return plan::JoinKind::inner;
    }
}

bool is_true(const ast::ExprPtr& e) {
    return e && e->kind == ast::ExprKind::boolean_ && e->flag;
}

/// Only to look names up: columns of both sides, with a node that has their types.
Schema both_schemas(const Relation& left, const Relation& right) {
    Schema s = left.node->schema;
    s.fields.insert(s.fields.end(), right.node->schema.fields.begin(), right.node->schema.fields.end());
    return s;
}

Relation side_by_side(const Relation& left, const Relation& right) {
    Relation both;
    Node node;
    node.schema = both_schemas(left, right);
    node.op = UnionAllNode{};
    both.node = std::make_shared<const Node>(std::move(node));
    both.columns = left.columns;
    both.columns.insert(both.columns.end(), right.columns.begin(), right.columns.end());
    return both;
}

}  // namespace

/// The condition's conjuncts over both sides; columns that USING or NATURAL hide on the right.
bool Binder::join_condition(const ast::TableRef& ref, const Relation& both, const Relation& left,
                            const Relation& right, std::vector<ExprPtr>& out,
                            std::vector<std::size_t>& hidden) {
    Context context;
    context.input = &both;
    context.place = "ON";
    if (ref.on) {
        ExprPtr condition = bind_condition(*ref.on, context);
        if (!condition) return false;
        split_conjuncts(condition, out);
        return true;
    }
    std::vector<ast::Name> columns = ref.using_columns;
    if (ref.natural) {
        for (const ScopeColumn& l : left.columns) {
            const bool common = std::ranges::any_of(
                right.columns, [&](const ScopeColumn& r) { return !r.hidden && r.name == l.name; });
            if (!l.hidden && common) columns.push_back({l.name, ref.span});
        }
    }
    if (!columns.empty() && (ref.join_kind == ast::JoinKind::full || ref.join_kind == ast::JoinKind::right)) {
        not_yet(ref.span, "USING and NATURAL with RIGHT or FULL JOIN are", "write the condition with ON");
        return false;
    }
    bool good = true;
    for (const ast::Name& n : columns) {
        std::size_t used = 0;
        bool ambiguous = false;
        const ast::Path path{n};
        const int l = find_column(left, path, used, ambiguous);
        const int r = find_column(right, path, used, ambiguous);
        if (l < 0 || r < 0 || ambiguous) {
            error(n.span, code::kUnknownColumn,
                  fmt::format("\"{}\" is not one column on each side of the join", n.text));
            good = false;
            continue;
        }
        const int shifted_r = r + static_cast<int>(left.columns.size());
        const auto type = [&](int c) { return both.node->schema[static_cast<std::size_t>(c)].type; };
        ExprPtr equal = make_call("=", {input(l, type(l)), input(shifted_r, type(shifted_r))}, n.span);
        good = good && equal != nullptr;
        if (equal) out.push_back(std::move(equal));
        hidden.push_back(static_cast<std::size_t>(shifted_r));
    }
    return good;
}

Relation Binder::bind_join(const ast::TableRef& ref, const Relation* outer) {
    Relation left = bind_from(*ref.left, outer);
    const ast::TableRef& r = *ref.right;
    if (r.kind == ast::TableKind::unnest) {
        if (!left.ok()) return {};
        const bool left_join = ref.join_kind == ast::JoinKind::left;
        if (ref.join_kind == ast::JoinKind::right || ref.join_kind == ast::JoinKind::full) {
            error(ref.span, code::kJoin, "UNNEST joins by CROSS JOIN or LEFT JOIN … ON TRUE");
            return {};
        }
        if (left_join && !is_true(ref.on)) {
            not_yet(ref.on ? ref.on->span : ref.span, "LEFT JOIN UNNEST with a condition is",
                    "write ON TRUE, and the condition where the rows are used");
            return {};
        }
        Relation out = bind_unnest(left, r, left_join, ref.span);
        if (out.ok() && ref.on && !is_true(ref.on)) {
            Context context;
            context.input = &out;
            context.place = "ON";
            const ExprPtr condition = bind_condition(*ref.on, context);
            if (!condition) return {};
            out.node = builder.filter(out.node, condition);
        }
        return out;
    }
    if (r.kind == ast::TableKind::named && r.system_time) {
        return left.ok() ? bind_temporal(left, ref) : Relation{};
    }
    if (r.lateral && r.kind == ast::TableKind::subquery) {
        return left.ok() && r.query ? bind_lateral(left, ref) : Relation{};
    }
    const Relation right = bind_from(r, outer);
    if (!left.ok() || !right.ok()) return {};
    if (!check_width(left.columns.size() + right.columns.size(), ref.span)) return {};
    Relation out = side_by_side(left, right);
    std::vector<ExprPtr> conjuncts;
    std::vector<std::size_t> hidden;
    if (!join_condition(ref, out, left, right, conjuncts, hidden)) return {};
    for (const std::size_t h : hidden) out.columns[h].hidden = true;
    const StateTtl kept(builder, {state_ttl_of(left), state_ttl_of(right)});
    out.node = builder.join(kind_of(ref.join_kind), left.node, right.node, conjuncts);
    return out;
}

Relation Binder::bind_unnest(const Relation& left, const ast::TableRef& ref, bool outer_join, Span span) {
    Context context;
    context.input = &left;
    context.place = "UNNEST";
    ExprPtr collection = bind(*ref.expr, context);
    if (!collection) return {};
    if (collection->type.kind != TypeKind::array && collection->type.kind != TypeKind::map) {
        error(ref.expr->span, code::kType,
              fmt::format("UNNEST takes an ARRAY or a MAP, this is {}", collection->type.to_string()));
        return {};
    }
    (void)span;
    UnnestNode n;
    n.collection = std::move(collection);
    n.outer = outer_join;
    n.ordinality = ref.ordinality;
    const std::size_t width = left.columns.size();
    NodePtr probe = builder.make(n, {left.node});
    const std::size_t added = probe->schema.size() - width;
    Relation out;
    out.columns = left.columns;
    std::vector<std::string> names;
    if (!ref.column_aliases.empty() && ref.column_aliases.size() != added) {
        std::string have;
        for (std::size_t i = width; i < probe->schema.size(); ++i) {
            have += (have.empty() ? "" : ", ") + probe->schema[i].name;
        }
        error(ref.alias->span, code::kColumnCount,
              fmt::format("\"{}\" names {} columns, UNNEST gives {}", ref.alias->text,
                          ref.column_aliases.size(), added),
              {}, "columns are " + have);
        return {};
    }
    for (std::size_t i = 0; i < added; ++i) {
        std::string name =
            ref.column_aliases.empty() ? probe->schema[width + i].name : ref.column_aliases[i].text;
        out.columns.push_back({name, ref.alias ? ref.alias->text : "", false});
        names.push_back(std::move(name));
    }
    out.node = builder.make(std::move(n), {left.node}, names);
    return out;
}

/// FOR SYSTEM_TIME AS OF a processing time: the right side as it is when the left row comes.
Relation Binder::bind_lookup(const Relation& left, const Relation& right, const ast::TableRef& join) {
    if (left.node->mode != Mode::append) {
        error(join.left->span, code::kMode,
              "the left side of a lookup join has rows that never change, but these are updated");
        return {};
    }
    if (join.join_kind != ast::JoinKind::inner && join.join_kind != ast::JoinKind::left) {
        error(join.span, code::kJoin, "FOR SYSTEM_TIME AS OF works with JOIN and LEFT JOIN");
        return {};
    }
    Relation out = side_by_side(left, right);
    std::vector<ExprPtr> conjuncts;
    std::vector<std::size_t> hidden;
    if (!join_condition(join, out, left, right, conjuncts, hidden)) return {};
    for (const std::size_t h : hidden) out.columns[h].hidden = true;
    const int width = static_cast<int>(left.columns.size());
    const int all = static_cast<int>(out.columns.size());
    TemporalJoinNode n;
    n.kind = kind_of(join.join_kind);
    n.processing_time = true;
    std::vector<ExprPtr> added;
    std::vector<ExprPtr> rest;
    for (const ExprPtr& c : conjuncts) {
        bool taken = false;
        for (std::size_t side = 0; side < 2 && c->kind == ExprKind::call && c->function == "="; ++side) {
            const ExprPtr &mine = c->args[side], &theirs = c->args[1 - side];
            if (theirs->kind != ExprKind::input || !reads_only(*theirs, width, all) ||
                !reads_only(*mine, 0, width) || taken) {
                continue;
            }
            n.right_keys.push_back(theirs->index - width);
            const bool plain = mine->kind == ExprKind::input;
            n.left_keys.push_back(plain ? mine->index : width + static_cast<int>(added.size()));
            if (!plain) added.push_back(mine);
            taken = true;
        }
        if (!taken) rest.push_back(c);
    }
    if (n.right_keys.empty()) {
        error(join.on ? join.on->span : join.span, code::kJoin,
              "a lookup join needs an equality with a column of its right side");
        return {};
    }
    const int moved = static_cast<int>(added.size());
    for (const ExprPtr& c : rest) {
        n.residual = conjunction(n.residual, replace_inputs(c, [&](const ExprPtr& e) {
                                     return e->index < width ? e : input(e->index + moved, e->type);
                                 }));
    }
    out.node = builder.make(std::move(n), {builder.extend(left.node, added), right.node});
    if (moved > 0) {
        std::vector<int> columns;
        for (int i = 0; i < all; ++i) columns.push_back(i < width ? i : i + moved);
        out.node = builder.pick(out.node, columns);
    }
    return out;
}

Relation Binder::bind_temporal(const Relation& left, const ast::TableRef& join) {
    const ast::TableRef& r = *join.right;
    Context context;
    context.input = &left;
    context.place = "FOR SYSTEM_TIME AS OF";
    const ExprPtr time = bind(*r.system_time, context);
    Relation right = named(bind_named(r.path, r.span), r, r.path.back().text);
    if (!time || !right.ok()) return {};
    const bool proctime = (time->kind == ExprKind::input && builder.is_proctime(left.node, time->index)) ||
                          (time->kind == ExprKind::call && time->function == "PROCTIME");
    if (proctime) return bind_lookup(left, right, join);
    if (time->kind != ExprKind::input || !builder.is_time(left.node, time->index)) {
        error(
            r.system_time->span, code::kTime, "FOR SYSTEM_TIME AS OF takes a time attribute of the left side",
            {},
            "that is the column of WATERMARK FOR; a cast, a join or an aggregation takes the attribute away");
        return {};
    }
    if (left.node->mode != Mode::append) {
        error(join.left->span, code::kMode,
              "the left side of FOR SYSTEM_TIME AS OF has rows that never change, but these are updated");
        return {};
    }
    const std::string help =
        "it is a table with PRIMARY KEY and WATERMARK ('connector' = 'upsert-kafka'), or a view that keeps "
        "the last row "
        "a key: ROW_NUMBER() OVER (PARTITION BY key ORDER BY time DESC) = 1";
    const auto& keys = builder.traits(right.node).keys;
    if (keys.empty() || right.node->time_columns.empty()) {
        error(r.span, code::kJoin,
              fmt::format("\"{}\" has no versions: {}", r.path.back().text,
                          keys.empty() ? "it has no key" : "it has no time attribute"),
              {}, help);
        return {};
    }
    if (join.join_kind != ast::JoinKind::inner && join.join_kind != ast::JoinKind::left) {
        error(join.span, code::kJoin, "FOR SYSTEM_TIME AS OF works with JOIN and LEFT JOIN");
        return {};
    }
    Relation out = side_by_side(left, right);
    std::vector<ExprPtr> conjuncts;
    std::vector<std::size_t> hidden;
    if (!join_condition(join, out, left, right, conjuncts, hidden)) return {};
    for (const std::size_t h : hidden) out.columns[h].hidden = true;
    const int width = static_cast<int>(left.columns.size());
    // Which right columns are equated, with what of the left.
    std::vector<std::pair<int, ExprPtr>> equated;
    std::vector<std::size_t> conjunct_of;
    for (std::size_t i = 0; i < conjuncts.size(); ++i) {
        const Expr& c = *conjuncts[i];
        if (c.kind != ExprKind::call || c.function != "=") continue;
        for (int side = 0; side < 2; ++side) {
            const ExprPtr& a = c.args[static_cast<std::size_t>(side)];
            const ExprPtr& b = c.args[static_cast<std::size_t>(1 - side)];
            if (a->kind == ExprKind::input && a->index >= width && reads_only(*b, 0, width)) {
                equated.emplace_back(a->index - width, b);
                conjunct_of.push_back(i);
                break;
            }
        }
    }
    TemporalJoinNode n;
    n.kind = kind_of(join.join_kind);
    n.left_time = time->index;
    n.right_time = right.node->time_columns.front();
    std::vector<ExprPtr> added;
    std::set<std::size_t> taken;
    for (const auto& key : keys) {
        n.left_keys.clear();
        n.right_keys.clear();
        added.clear();
        taken.clear();
        for (const int column : key) {
            const auto it = std::ranges::find(equated, column, &std::pair<int, ExprPtr>::first);
            if (it == equated.end()) break;
            n.right_keys.push_back(column);
            const bool plain = it->second->kind == ExprKind::input;
            n.left_keys.push_back(plain ? it->second->index : width + static_cast<int>(added.size()));
            if (!plain) added.push_back(it->second);
            taken.insert(conjunct_of[static_cast<std::size_t>(it - equated.begin())]);
        }
        if (n.right_keys.size() == key.size()) break;
        n.right_keys.clear();
    }
    if (n.right_keys.empty()) {
        std::string names;
        for (const int c : keys.front()) {
            names += (names.empty() ? "" : ", ") + right.columns[static_cast<std::size_t>(c)].name;
        }
        error(join.on ? join.on->span : join.span, code::kJoin,
              fmt::format("ON must equate the whole key of \"{}\" ({})", r.path.back().text, names));
        return {};
    }
    const int moved = static_cast<int>(added.size());
    ExprPtr residual;
    for (std::size_t i = 0; i < conjuncts.size(); ++i) {
        if (taken.contains(i)) continue;
        residual = conjunction(residual, replace_inputs(conjuncts[i], [&](const ExprPtr& e) {
                                   return e->index < width ? e : input(e->index + moved, e->type);
                               }));
    }
    n.residual = residual;
    NodePtr node = builder.make(std::move(n), {builder.extend(left.node, added), right.node});
    if (moved > 0) {
        std::vector<int> columns;
        for (int i = 0; i < static_cast<int>(out.columns.size()); ++i) {
            columns.push_back(i < width ? i : i + moved);
        }
        node = builder.pick(node, columns);
    }
    out.node = std::move(node);
    return out;
}

}  // namespace mr::sql
