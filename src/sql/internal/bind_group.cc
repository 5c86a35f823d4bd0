// GROUP BY: plain, by windows of a table function, by windows of an already windowed input, by TUMBLE(ts, …).
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

/// CUBE of twelve columns.
constexpr std::size_t kMaxGroupingSets = 4096;

std::optional<WindowKind> group_window_kind(const ast::Expr& e) {
    if (e.kind != ast::ExprKind::call || e.over) return std::nullopt;
    if (e.function == "TUMBLE") return WindowKind::tumble;
    if (e.function == "HOP") return WindowKind::hop;
    if (e.function == "SESSION") return WindowKind::session;
    if (e.function == "CUMULATE") return WindowKind::cumulate;
    return std::nullopt;
}

/// Every expression of a grouping (keys, arguments, filters) rewritten.
template <class F>
void for_each_expr(std::vector<ExprPtr>& keys, std::vector<AggCall>& calls, F&& f) {
    for (ExprPtr& k : keys) f(k);
    for (AggCall& c : calls) {
        for (ExprPtr& a : c.args) f(a);
        if (c.filter) f(c.filter);
    }
}

/// Key columns over `in`: added behind its columns where they are computed.
std::vector<int> key_columns(Builder& builder, NodePtr& in, const std::vector<ExprPtr>& keys) {
    std::vector<int> out;
    std::vector<ExprPtr> added;
    const int width = static_cast<int>(in->schema.size());
    for (const ExprPtr& k : keys) {
        if (k->kind == ExprKind::input) {
            out.push_back(k->index);
            continue;
        }
        out.push_back(width + static_cast<int>(added.size()));
        added.push_back(k);
    }
    in = builder.extend(in, added);
    return out;
}

}  // namespace

/// One expression of GROUP BY: a window, or something to group by (then `index` says which).
bool Binder::group_expr(const ast::Expr& e, const Context& context, Grouping& grouping, int& index) {
    Context inner = context;
    inner.collected = nullptr;
    inner.place = "GROUP BY";
    index = -1;
    const auto kind = group_window_kind(e);
    if (!kind) {
        ExprPtr bound = bind(e, inner);
        if (!bound) return false;
        for (std::size_t i = 0; i < grouping.exprs.size(); ++i) {
            if (equal(*grouping.exprs[i], *bound)) {
                index = static_cast<int>(i);
                return true;
            }
        }
        index = static_cast<int>(grouping.exprs.size());
        grouping.exprs.push_back(std::move(bound));
        grouping.spans.push_back(e.span);
        return true;
    }
    if (context.collected->group_window) {
        error(e.span, code::kMisplaced, "GROUP BY has one window; this is a second one");
        return false;
    }
    std::vector<const ast::Expr*> args;
    for (std::size_t i = 1; i < e.args.size(); ++i) args.push_back(e.args[i].get());
    auto spec = window_spec(*kind, args, e.span);
    ExprPtr time = e.args.empty() ? nullptr : bind(*e.args[0], inner);
    if (!spec || !time) return false;
    if (time->kind != ExprKind::input) {
        error(e.args[0]->span, code::kTime, "a window is over a column that is a time attribute");
        return false;
    }
    if (!check_time_column(*context.input, time->index, e.args[0]->span, e.function)) return false;
    spec->time_column = time->index;
    context.collected->group_window = *spec;
    context.collected->group_window_span = e.span;
    return true;
}

bool Binder::bind_group_by(const ast::Select& select, const Context& context, Grouping& grouping) {
    bool good = true;
    // The sets of GROUP BY a, CUBE (b, c) are those of each item with those of every other.
    std::vector<std::vector<int>> sets = {{}};
    bool several = false;
    for (const ast::GroupItem& item : select.group_by) {
        std::vector<std::vector<int>> more;
        if (!group_item(item, context, grouping, more)) {
            good = false;
            continue;
        }
        several = several || (item.kind != ast::GroupKind::plain && item.kind != ast::GroupKind::empty);
        std::vector<std::vector<int>> all;
        for (const auto& a : sets) {
            for (const auto& b : more) {
                all.push_back(a);
                all.back().insert(all.back().end(), b.begin(), b.end());
            }
        }
        if (all.size() > kMaxGroupingSets) {
            error(item.span, code::kLimit, fmt::format("more than {} grouping sets", kMaxGroupingSets));
            return false;
        }
        sets = std::move(all);
    }
    if (!good || !several) return good;
    for (const auto& set : sets) {
        std::vector<bool> has(grouping.exprs.size(), false);
        for (const int i : set) has[static_cast<std::size_t>(i)] = true;
        grouping.sets.push_back(std::move(has));
    }
    return true;
}

NodePtr Binder::apply_grouping(const NodePtr& in, Grouping& grouping, Collected& collected,
                               const std::vector<Item>& items, Span span) {
    (void)items;
    for (std::size_t i = 0; i < collected.aggregates.size(); ++i) {
        AggCall& c = collected.aggregates[i];
        if (c.name.empty()) c.name = fmt::format("$a{}", i);
    }
    return grouping.sets.empty() ? apply_set(in, grouping, collected, span)
                                 : apply_sets(in, grouping, collected, span);
}

/// The groups of one set.
NodePtr Binder::apply_set(const NodePtr& in, Grouping& grouping, Collected& collected, Span span) {
    if (collected.group_window) return legacy_window_aggregate(in, grouping, collected);
    bool handled = false;
    if (NodePtr out = window_aggregate(in, grouping, collected, span, handled); handled) return out;
    if (NodePtr out = attached_window_aggregate(in, grouping, collected)) return out;
    NodePtr node = in;
    AggregateNode n;
    n.keys = key_columns(builder, node, grouping.exprs);
    n.calls = collected.aggregates;
    for (std::size_t i = 0; i < n.keys.size(); ++i) grouping.places.push_back(static_cast<int>(i));
    for (std::size_t i = 0; i < n.calls.size(); ++i) {
        grouping.aggregates.push_back(static_cast<int>(n.keys.size() + i));
    }
    return builder.make(std::move(n), {node});
}

/// GROUP BY window_start, window_end over TABLE(TUMBLE(…)): the window and the aggregation are one operator.
NodePtr Binder::window_aggregate(const NodePtr& in, Grouping& grouping, Collected& collected, Span span,
                                 bool& handled) {
    // Down through projections to the window, keys and arguments with it.
    NodePtr node = in;
    std::vector<ExprPtr> keys = grouping.exprs;
    std::vector<AggCall> calls = collected.aggregates;
    bool filtered = false;
    while (true) {
        if (const auto* p = std::get_if<ProjectNode>(&node->op)) {
            for_each_expr(keys, calls, [&](ExprPtr& e) { e = rewrite(e, p->expressions); });
            bool small = true;
            for_each_expr(keys, calls, [&](ExprPtr& e) { small = small && may_repeat(e, span); });
            if (!small) {
                handled = true;
                return nullptr;
            }
        } else if (std::holds_alternative<FilterNode>(node->op)) {
            filtered = true;
        } else {
            break;
        }
        node = node->inputs[0];
    }
    const auto* tvf = std::get_if<WindowTvfNode>(&node->op);
    if (tvf == nullptr) return nullptr;
    const int width = static_cast<int>(node->inputs[0]->schema.size());
    std::vector<int> window_of(keys.size(), -1);  // 0 start, 1 end, 2 time
    bool has[3] = {false, false, false};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i]->kind == ExprKind::input && keys[i]->index >= width) {
            window_of[i] = keys[i]->index - width;
            has[window_of[i]] = true;
        }
    }
    if (!has[0] || !has[1]) return nullptr;  // an ordinary aggregation over the windows' rows
    handled = true;
    bool clean = !filtered;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (window_of[i] < 0) clean = clean && reads_only(*keys[i], 0, width);
    }
    std::vector<ExprPtr> none;
    for_each_expr(none, calls, [&](ExprPtr& e) { clean = clean && reads_only(*e, 0, width); });
    if (!clean) {
        not_yet(span, "computing with window_start, window_end or window_time before the aggregation is",
                "use them after it: in the SELECT list, in HAVING or in an outer query");
        return nullptr;
    }
    NodePtr below = node->inputs[0];
    WindowAggregateNode n;
    n.window = tvf->window;
    std::vector<ExprPtr> plain;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (window_of[i] < 0) plain.push_back(keys[i]);
    }
    n.keys = key_columns(builder, below, plain);
    n.calls = calls;
    static constexpr const char* kColumns[] = {"window_start", "window_end", "window_time"};
    int next = static_cast<int>(n.keys.size() + n.calls.size());
    int column_of[3] = {-1, -1, -1};
    for (int i = 0; i < 3; ++i) {
        if (!has[i]) continue;
        n.window_columns.emplace_back(kColumns[i]);
        column_of[i] = next++;
    }
    int key = 0;
    for (const int w : window_of) grouping.places.push_back(w >= 0 ? column_of[w] : key++);
    for (std::size_t i = 0; i < n.calls.size(); ++i) {
        grouping.aggregates.push_back(static_cast<int>(n.keys.size() + i));
    }
    return builder.make(std::move(n), {below});
}

/// GROUP BY the window columns of an input whose rows already come window by window: the groups of a window
/// are complete when the watermark passes its end, so they come out once, as in Flink. Made of a window of 1
/// ms over the last instant of each window.
NodePtr Binder::attached_window_aggregate(const NodePtr& in, Grouping& grouping, Collected& collected) {
    const Traits& t = builder.traits(in);
    if (t.window_start < 0 || in->mode != Mode::append) return nullptr;
    bool start = false, end = false;
    for (const ExprPtr& k : grouping.exprs) {
        start = start || (k->kind == ExprKind::input && k->index == t.window_start);
        end = end || (k->kind == ExprKind::input && k->index == t.window_end);
    }
    if (!start || !end) return nullptr;
    const DataType type = in->schema[static_cast<std::size_t>(t.window_end)].type;
    const DataType interval = DataType::of(TypeKind::interval_day).with_nullable(false);
    std::vector<ExprPtr> added = {
        call("-", {input(t.window_end, type), literal(interval, Value::of(std::int64_t{1}))}, type)};
    WindowAggregateNode n;
    n.window.kind = WindowKind::tumble;
    n.window.size_ms = 1;
    const int width = static_cast<int>(in->schema.size());
    n.window.time_column = width;
    for (const ExprPtr& k : grouping.exprs) {
        if (k->kind == ExprKind::input) {
            n.keys.push_back(k->index);
        } else {
            n.keys.push_back(width + static_cast<int>(added.size()));
            added.push_back(k);
        }
    }
    const NodePtr node = builder.extend(in, added);
    n.calls = collected.aggregates;
    for (std::size_t i = 0; i < n.keys.size(); ++i) grouping.places.push_back(static_cast<int>(i));
    for (std::size_t i = 0; i < n.calls.size(); ++i) {
        grouping.aggregates.push_back(static_cast<int>(n.keys.size() + i));
    }
    return builder.make(std::move(n), {node});
}

/// GROUP BY …, TUMBLE(ts, INTERVAL …).
NodePtr Binder::legacy_window_aggregate(const NodePtr& in, Grouping& grouping, Collected& collected) {
    if (in->mode != Mode::append) {
        error(collected.group_window_span, code::kMode,
              "a window reads rows that never change, but these are updated", {},
              "put the window before the aggregation or join that updates rows");
        return nullptr;
    }
    NodePtr node = in;
    WindowAggregateNode n;
    n.window = *collected.group_window;
    n.keys = key_columns(builder, node, grouping.exprs);
    if (n.window.kind == WindowKind::session) n.window.partition_keys = n.keys;
    n.calls = collected.aggregates;
    n.window_columns = {"window_start", "window_end", "window_time"};
    const int columns = static_cast<int>(n.keys.size() + n.calls.size());
    for (int i = 0; i < 3; ++i) grouping.window[i] = columns + i;
    for (std::size_t i = 0; i < n.keys.size(); ++i) grouping.places.push_back(static_cast<int>(i));
    for (std::size_t i = 0; i < n.calls.size(); ++i) {
        grouping.aggregates.push_back(static_cast<int>(n.keys.size() + i));
    }
    return builder.make(std::move(n), {node});
}

/// An expression over FROM's columns as one over the groups.
ExprPtr Binder::regroup(const ExprPtr& e, const Grouping& grouping) {
    if (e->kind == ExprKind::call && e->function == "GROUPING") return regroup_grouping(e, grouping);
    if (e->kind == ExprKind::input && e->index >= kSubqueries) return e;
    for (std::size_t i = 0; i < grouping.exprs.size(); ++i) {
        if (equal(*e, *grouping.exprs[i])) {
            const bool nullable = e->type.nullable || !grouping.sets.empty();
            Expr copy = *input(grouping.places[i], e->type.with_nullable(nullable));
            copy.line = e->line;
            copy.column = e->column;
            return std::make_shared<const Expr>(std::move(copy));
        }
    }
    if (e->kind == ExprKind::input) {
        if (e->index >= kWindows) return input(grouping.window[e->index - kWindows], e->type);
        if (e->index >= kOvers) return e;
        if (e->index >= kAggregates) {
            return input(grouping.aggregates[static_cast<std::size_t>(e->index - kAggregates)], e->type);
        }
        const Span span = file_->word_at(e->line, e->column);
        error(span, code::kNotGrouped,
              fmt::format("\"{}\" is neither in GROUP BY nor inside an aggregate", file_->text(span)), {},
              "add it to GROUP BY, or say which of the group's values is meant: MAX(…), LAST_VALUE(…)");
        return nullptr;
    }
    bool changed = false;
    std::vector<ExprPtr> args;
    for (const ExprPtr& a : e->args) {
        args.push_back(regroup(a, grouping));
        if (!args.back()) return nullptr;
        changed = changed || args.back() != a;
    }
    if (!changed) return e;
    Expr copy = *e;
    copy.args = std::move(args);
    return std::make_shared<const Expr>(std::move(copy));
}

}  // namespace mr::sql
