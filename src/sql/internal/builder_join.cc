// Joins: which conjuncts are keys, which bound time, which stay.
#include <algorithm>
#include <optional>

#include "base/check.h"
#include "sql/internal/builder.h"

namespace mr::sql {

using namespace plan;

namespace {

bool is_call(const Expr& e, std::string_view function, std::size_t args) {
    return e.kind == ExprKind::call && e.function == function && e.args.size() == args;
}

/// A time column plus a constant.
struct TimeTerm {
    int column = -1;
    std::int64_t offset_ms = 0;
};

std::optional<TimeTerm> time_term(const Expr& e) {
    if (e.kind == ExprKind::input && e.type.is_timestamp()) return TimeTerm{e.index, 0};
    const bool plus = is_call(e, "+", 2), minus = is_call(e, "-", 2);
    if (!plus && !minus) return std::nullopt;
    const Expr& interval = *e.args[1];
    if (interval.kind != ExprKind::literal || interval.type.kind != TypeKind::interval_day ||
        interval.value.is_null()) {
        return std::nullopt;
    }
    auto inner = time_term(*e.args[0]);
    if (!inner) return std::nullopt;
    inner->offset_ms += plus ? interval.value.integer() : -interval.value.integer();
    return inner;
}

/// lower <= right - left <= upper, as far as conditions say.
struct TimeBounds {
    int left = -1;
    int right = -1;
    std::optional<std::int64_t> lower;
    std::optional<std::int64_t> upper;

    void at_least(std::int64_t v) { lower = lower ? std::max(*lower, v) : v; }
    void at_most(std::int64_t v) { upper = upper ? std::min(*upper, v) : v; }
};

/// Takes a comparison of the two sides' times into the bounds; false if it is none.
bool add_bound(const Expr& c, int width, const NodePtr& left, const NodePtr& right, TimeBounds& bounds) {
    if (c.kind != ExprKind::call || c.args.size() != 2) return false;
    const auto a = time_term(*c.args[0]);
    const auto b = time_term(*c.args[1]);
    if (!a || !b || (a->column < width) == (b->column < width)) return false;
    const bool left_first = a->column < width;
    const TimeTerm& l = left_first ? *a : *b;
    const TimeTerm& r = left_first ? *b : *a;
    const auto is_time = [](const NodePtr& n, int column) {
        return std::ranges::find(n->time_columns, column) != n->time_columns.end();
    };
    if (!is_time(left, l.column) || !is_time(right, r.column - width)) return false;
    if (bounds.left >= 0 && (bounds.left != l.column || bounds.right != r.column - width)) return false;
    // left + lo OP right + ro; written the other way round the operator turns.
    std::string op = c.function;
    if (!left_first && op != "=") op[0] = op[0] == '<' ? '>' : '<';
    const std::int64_t difference = l.offset_ms - r.offset_ms;
    if (op == "<=") {
        bounds.at_least(difference);
    } else if (op == "<") {
        bounds.at_least(difference + 1);
    } else if (op == ">=") {
        bounds.at_most(difference);
    } else if (op == ">") {
        bounds.at_most(difference - 1);
    } else if (op == "=") {
        bounds.at_least(difference);
        bounds.at_most(difference);
    } else {
        return false;
    }
    bounds.left = l.column;
    bounds.right = r.column - width;
    return true;
}

/// The two sides of an equality between a left and a right expression, as (left, right).
std::optional<std::pair<ExprPtr, ExprPtr>> equality(const Expr& c, int width, int total) {
    if (!is_call(c, "=", 2)) return std::nullopt;
    const ExprPtr &a = c.args[0], &b = c.args[1];
    if (columns_read(*a).empty() || columns_read(*b).empty()) return std::nullopt;
    if (reads_only(*a, 0, width) && reads_only(*b, width, total)) return std::pair{a, b};
    if (reads_only(*b, 0, width) && reads_only(*a, width, total)) return std::pair{b, a};
    return std::nullopt;
}

/// The column an expression is, or the place it will have once added behind the others.
int key_column(const ExprPtr& e, int width, std::vector<ExprPtr>& added) {
    if (e->kind == ExprKind::input) return e->index;
    for (std::size_t i = 0; i < added.size(); ++i) {
        if (equal(*added[i], *e)) return width + static_cast<int>(i);
    }
    added.push_back(e);
    return width + static_cast<int>(added.size()) - 1;
}

}  // namespace

NodePtr Builder::interval_join(JoinKind kind, const NodePtr& left, const NodePtr& right, JoinNode& keys,
                               std::vector<ExprPtr>& rest) {
    if (left->mode != Mode::append || right->mode != Mode::append) return nullptr;
    if (kind == JoinKind::semi || kind == JoinKind::anti) return nullptr;
    const int width = static_cast<int>(left->schema.size());
    TimeBounds bounds;
    std::vector<ExprPtr> others;
    for (const ExprPtr& c : rest) {
        if (!add_bound(*c, width, left, right, bounds)) others.push_back(c);
    }
    if (!bounds.lower || !bounds.upper || *bounds.lower > *bounds.upper) return nullptr;
    IntervalJoinNode n;
    n.kind = kind;
    n.left_keys = keys.left_keys;
    n.right_keys = keys.right_keys;
    n.left_time = bounds.left;
    n.right_time = bounds.right;
    n.lower_ms = *bounds.lower;
    n.upper_ms = *bounds.upper;
    n.residual = combine(others);
    return make(std::move(n), {left, right});
}

NodePtr Builder::join(JoinKind kind, const NodePtr& left_in, const NodePtr& right_in,
                      const std::vector<ExprPtr>& conjuncts) {
    const int left_width = static_cast<int>(left_in->schema.size());
    const int right_width = static_cast<int>(right_in->schema.size());
    const int total = left_width + right_width;
    const bool filter_left = kind == JoinKind::inner || kind == JoinKind::semi || kind == JoinKind::right;
    const bool filter_right = kind != JoinKind::right && kind != JoinKind::full;
    std::vector<ExprPtr> to_left, to_right, rest;
    std::vector<std::pair<ExprPtr, ExprPtr>> equalities;
    for (const ExprPtr& c : conjuncts) {
        const bool is_true = c->kind == ExprKind::literal && c->type.kind == TypeKind::boolean &&
                             !c->value.is_null() && c->value.boolean();
        if (is_true) continue;
        const bool reads = !columns_read(*c).empty();
        if (reads && filter_left && reads_only(*c, 0, left_width)) {
            to_left.push_back(c);
        } else if (reads && filter_right && reads_only(*c, left_width, total)) {
            to_right.push_back(shifted(c, -left_width));
        } else if (auto sides = equality(*c, left_width, total)) {
            // An equality of the two times bounds them; as a key it would keep both inputs for ever.
            const bool times = sides->first->kind == ExprKind::input &&
                               is_time(left_in, sides->first->index) &&
                               sides->second->kind == ExprKind::input &&
                               is_time(right_in, sides->second->index - left_width) &&
                               left_in->mode == Mode::append && right_in->mode == Mode::append;
            if (times) {
                rest.push_back(c);
            } else {
                equalities.push_back(std::move(*sides));
            }
        } else {
            rest.push_back(c);
        }
    }
    NodePtr left = filter_conjuncts(left_in, std::move(to_left));
    NodePtr right = filter_conjuncts(right_in, std::move(to_right));
    JoinNode n;
    n.kind = kind;
    std::vector<ExprPtr> left_added, right_added;
    for (const auto& [l, r] : equalities) {
        n.left_keys.push_back(key_column(l, left_width, left_added));
        n.right_keys.push_back(key_column(shifted(r, -left_width), right_width, right_added));
    }
    left = extend(left, left_added);
    right = extend(right, right_added);
    // Columns of the right side move behind the added ones of the left.
    const int moved = static_cast<int>(left_added.size());
    if (moved > 0) {
        std::vector<ExprPtr> mapping;
        for (int i = 0; i < total; ++i) {
            const Field& f = i < left_width ? left_in->schema[static_cast<std::size_t>(i)]
                                            : right_in->schema[static_cast<std::size_t>(i - left_width)];
            mapping.push_back(input(i < left_width ? i : i + moved, f.type));
        }
        for (ExprPtr& c : rest) c = rewrite(c, mapping);
    }
    NodePtr node = interval_join(kind, left, right, n, rest);
    if (!node) {
        n.residual = combine(rest);
        node = make(n, {left, right});
    }
    if (left_added.empty() && right_added.empty()) return node;
    std::vector<int> columns;
    for (int i = 0; i < left_width; ++i) columns.push_back(i);
    if (kind != JoinKind::semi && kind != JoinKind::anti) {
        for (int i = 0; i < right_width; ++i) columns.push_back(left_width + moved + i);
    }
    return pick(node, columns);
}

}  // namespace mr::sql
