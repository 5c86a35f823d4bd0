// Queries around SELECT: WITH, set operations, VALUES, ORDER BY and LIMIT.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

Relation Binder::bind_query(const ast::Query& query, const Relation* outer) {
    const bool scoped = !query.with.empty();
    if (scoped) with_.emplace_back();
    for (const ast::WithItem& item : query.with) {
        Relation r = item.query ? bind_query(*item.query) : Relation{};
        if (r.ok() && !item.columns.empty()) {
            if (item.columns.size() != r.columns.size()) {
                error(item.name.span, code::kColumnCount,
                      fmt::format("\"{}\" names {} columns, its query has {}", item.name.text,
                                  item.columns.size(), r.columns.size()));
                r = {};
            } else {
                for (std::size_t i = 0; i < item.columns.size(); ++i)
                    r.columns[i].name = item.columns[i].text;
            }
        }
        with_.back()[item.name.text] = std::move(r);
    }
    Relation out;
    switch (query.kind) {
        case ast::QueryKind::select:
            out = bind_select(*query.select, outer);
            break;
        case ast::QueryKind::set_operation:
            out = bind_set_operation(query, outer);
            break;
        case ast::QueryKind::values:
            out = bind_values(query);
            break;
        case ast::QueryKind::nested:
            if (query.left) out = bind_query(*query.left, outer);
            break;
        case ast::QueryKind::table:
            out = bind_named(query.table, query.span);
            break;
    }
    if (out.ok() && (!query.order.empty() || query.limit || query.offset)) {
        out = bind_limit(query, std::move(out));
    }
    if (scoped) with_.pop_back();
    return out;
}

/// ORDER BY … LIMIT n is a Top-N of everything.
Relation Binder::bind_limit(const ast::Query& query, Relation in) {
    Context context;
    context.input = &in;
    context.place = "ORDER BY";
    TopNNode n;
    std::vector<ExprPtr> added;
    bool good = true;
    const int width = static_cast<int>(in.node->schema.size());
    for (const ast::OrderItem& o : query.order) {
        SortKey key;
        key.descending = o.descending;
        key.nulls_last = o.nulls_last.value_or(o.descending);
        if (o.expr->kind == ast::ExprKind::number) {
            const int position = std::atoi(o.expr->text.c_str());
            if (position < 1 || position > width) {
                error(o.expr->span, code::kColumnCount,
                      fmt::format("ORDER BY {}: the query has {} columns", o.expr->text, width));
                good = false;
            }
            key.column = position - 1;
        } else {
            const ExprPtr e = bind(*o.expr, context);
            good = good && e != nullptr;
            if (!e) continue;
            key.column = e->kind == ExprKind::input ? e->index : width + static_cast<int>(added.size());
            if (e->kind != ExprKind::input) added.push_back(e);
        }
        n.order.push_back(key);
    }
    if (!query.limit && !query.offset) {
        if (!good) return {};
        const SortKey& first = n.order.front();
        if (in.node->mode == Mode::append && !first.descending && first.column < width &&
            builder.is_time(in.node, first.column)) {
            // In order of time, once the watermark says so; rows that come too late are left out.
            OverNode sort;
            sort.order_column = first.column;
            // As Flink's sort: late is what is not later than the last row that came out.
            sort.preceding = 0;
            in.node = builder.make(std::move(sort), {in.node});
            return in;
        }
        error(
            query.order.front().expr->span, code::kOver,
            "ORDER BY without LIMIT orders by a time attribute, ascending: other rows to come are not known",
            {}, "add LIMIT n, or order where the view is read (GET …?order=column:desc)");
        return {};
    }
    const auto count = [&](const ast::ExprPtr& e, std::int64_t fallback) -> std::int64_t {
        if (!e) return fallback;
        const ExprPtr bound = bind(*e, Context{});
        if (!bound) {
            good = false;
            return fallback;
        }
        if (bound->kind == ExprKind::literal && bound->type.is_integer() && bound->value.integer() >= 0) {
            return bound->value.integer();
        }
        error(e->span, code::kType, "LIMIT and OFFSET take a number, not below 0");
        good = false;
        return fallback;
    };
    if (!query.limit) {
        not_yet(query.offset->span, "OFFSET without LIMIT is");
        return {};
    }
    constexpr std::int64_t kMost = 1'000'000'000;
    const std::int64_t offset = std::min(count(query.offset, 0), kMost);
    const std::int64_t limit = std::min(count(query.limit, 1), kMost);
    if (!good) return {};
    n.low = offset + 1;
    n.high = offset + limit;
    NodePtr node = builder.make(std::move(n), {builder.extend(in.node, added)});
    if (!added.empty()) {
        std::vector<int> columns;
        for (int i = 0; i < width; ++i) columns.push_back(i);
        node = builder.pick(node, columns);
    }
    in.node = std::move(node);
    return in;
}

Relation Binder::bind_values(const ast::Query& query) {
    std::vector<std::vector<ExprPtr>> rows;
    bool good = true;
    Context context;
    context.place = "VALUES";
    for (const auto& row : query.rows) {
        std::vector<ExprPtr> bound;
        for (const ast::ExprPtr& e : row) {
            bound.push_back(e ? bind(*e, context) : nullptr);
            good = good && bound.back() != nullptr;
        }
        if (!rows.empty() && bound.size() != rows[0].size()) {
            error(query.span, code::kColumnCount,
                  fmt::format("rows of VALUES have {} and {} columns", rows[0].size(), bound.size()));
            return {};
        }
        rows.push_back(std::move(bound));
    }
    if (!good || rows.empty()) return {};
    Relation out;
    Schema schema;
    for (std::size_t c = 0; c < rows[0].size(); ++c) {
        DataType type = rows[0][c]->type;
        for (const auto& row : rows) {
            auto common = common_type(type, row[c]->type);
            if (!common) {
                error(query.span, common.error());
                return {};
            }
            type = *common;
        }
        if (type.kind == TypeKind::null) type = DataType::string();
        for (auto& row : rows) row[c] = implicit_cast(row[c], type);
        const std::string name = fmt::format("EXPR${}", c);
        schema.fields.push_back({name, type});
        out.columns.push_back({name, "", false});
    }
    out.node = builder.values(std::move(rows), std::move(schema));
    return out;
}

NodePtr Binder::convert(const NodePtr& node, const std::vector<DataType>& types, Span span) {
    (void)span;
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < types.size(); ++i) {
        // Text of another length is the same bytes, but every branch must say the same type.
        const ExprPtr column = input(static_cast<int>(i), node->schema[i].type);
        expressions.push_back(cast(implicit_cast(column, types[i]), types[i]));
        names.push_back(node->schema[i].name);
    }
    return builder.project(node, std::move(expressions), names);
}

/// INTERSECT ALL, EXCEPT ALL: how often each row is on either side, then as many rows as that leaves.
NodePtr Binder::all_rows(const std::vector<NodePtr>& sides, bool intersect, Span span) {
    const std::size_t width = sides[0]->schema.size();
    const DataType number = DataType::bigint().with_nullable(false);
    std::vector<NodePtr> counted;
    for (std::size_t side = 0; side < 2; ++side) {
        counted.push_back(
            builder.extend(sides[side], {literal(number, Value::of(std::int64_t{side == 0 ? 1 : 0})),
                                         literal(number, Value::of(std::int64_t{side == 0 ? 0 : 1}))}));
    }
    AggregateNode n;
    for (std::size_t i = 0; i < width; ++i) n.keys.push_back(static_cast<int>(i));
    for (std::size_t side = 0; side < 2; ++side) {
        AggCall sum;
        sum.function = "SUM";
        sum.args = {input(static_cast<int>(width + side), number)};
        sum.type = DataType::bigint();
        sum.name = side == 0 ? "$left" : "$right";
        n.calls.push_back(std::move(sum));
    }
    const NodePtr groups = builder.make(std::move(n), {builder.make(UnionAllNode{}, std::move(counted))});
    const ExprPtr left = input(static_cast<int>(width), DataType::bigint());
    const ExprPtr right = input(static_cast<int>(width) + 1, DataType::bigint());
    ExprPtr times = intersect ? make_call("LEAST", {left, right}, span) : make_call("-", {left, right}, span);
    if (!times) return nullptr;
    // As many characters as rows, one by one.
    const ExprPtr text = literal(DataType::string().with_nullable(false), Value::of("x"));
    const ExprPtr none = literal(DataType::string().with_nullable(false), Value::of(""));
    const ExprPtr repeated = make_call("REPEAT", {text, cast(times, DataType::integer())}, span);
    UnnestNode unnest;
    unnest.collection = repeated ? make_call("SPLIT", {repeated, none}, span) : nullptr;
    if (!unnest.collection) return nullptr;
    std::vector<int> columns;
    for (std::size_t i = 0; i < width; ++i) columns.push_back(static_cast<int>(i));
    return builder.pick(builder.make(std::move(unnest), {groups}), columns);
}

Relation Binder::bind_set_operation(const ast::Query& query, const Relation* outer) {
    // A chain of UNION ALL is one operator over all its branches.
    std::vector<const ast::Query*> branches;
    const bool union_all = query.set_op == ast::SetOp::union_ && query.all;
    const ast::Query* at_query = &query;
    while (union_all && at_query->kind == ast::QueryKind::set_operation &&
           at_query->set_op == ast::SetOp::union_ && at_query->all && at_query->order.empty()) {
        branches.push_back(at_query->right.get());
        at_query = at_query->left.get();
    }
    if (union_all) {
        branches.push_back(at_query);
        std::ranges::reverse(branches);
    } else {
        branches = {query.left.get(), query.right.get()};
    }
    std::vector<Relation> relations;
    bool good = true;
    for (const ast::Query* b : branches) {
        relations.push_back(bind_query(*b, outer));
        good = good && relations.back().ok();
    }
    if (!good) return {};
    const std::size_t width = relations[0].columns.size();
    std::vector<DataType> types;
    for (const Field& f : relations[0].node->schema.fields) types.push_back(f.type);
    for (std::size_t r = 1; r < relations.size(); ++r) {
        const Schema& schema = relations[r].node->schema;
        if (schema.size() != width) {
            error(branches[r]->span, code::kColumnCount,
                  fmt::format("the queries of a set operation have {} and {} columns", width, schema.size()));
            return {};
        }
        for (std::size_t c = 0; c < width; ++c) {
            auto common = common_type(types[c], schema[c].type);
            if (!common) {
                error(branches[r]->span, code::kType,
                      fmt::format("column {} (\"{}\") is {} in one query and {} in the other", c + 1,
                                  relations[0].columns[c].name, types[c].to_string(),
                                  schema[c].type.to_string()),
                      {}, "CAST one of them");
                return {};
            }
            types[c] = *common;
        }
    }
    std::vector<NodePtr> nodes;
    for (const Relation& r : relations) nodes.push_back(convert(r.node, types, query.span));
    Relation out;
    for (const ScopeColumn& c : relations[0].columns) out.columns.push_back({c.name, "", false});
    if (query.set_op == ast::SetOp::union_) {
        out.node = builder.make(UnionAllNode{}, std::move(nodes));
        if (!query.all) out.node = builder.distinct(out.node);
        return out;
    }
    if (query.all) {
        out.node = all_rows(nodes, query.set_op == ast::SetOp::intersect, query.op_span);
        return out.node ? out : Relation{};
    }
    JoinNode n;
    n.kind = query.set_op == ast::SetOp::intersect ? plan::JoinKind::semi : plan::JoinKind::anti;
    n.null_safe = true;
    for (std::size_t i = 0; i < width; ++i) {
        n.left_keys.push_back(static_cast<int>(i));
        n.right_keys.push_back(static_cast<int>(i));
    }
    out.node = builder.make(std::move(n), {builder.distinct(nodes[0]), nodes[1]});
    return out;
}

}  // namespace mr::sql
