// OVER: aggregates over frames, LAG and its like, ranks.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

bool is_rank(std::string_view function) {
    return function == "ROW_NUMBER" || function == "RANK" || function == "DENSE_RANK";
}

/// Functions that read rows behind the row, or the whole partition.
bool needs_following(std::string_view function) {
    static constexpr std::array<std::string_view, 5> kFollowing = {"LEAD", "NTILE", "PERCENT_RANK",
                                                                   "CUME_DIST", "NTH_VALUE"};
    return std::ranges::find(kFollowing, function) != kFollowing.end();
}

std::optional<std::int64_t> literal_number(const ExprPtr& e) {
    if (!e || e->kind != ExprKind::literal || e->value.is_null()) return std::nullopt;
    const auto* v = std::get_if<std::int64_t>(&e->value.data);
    if (v == nullptr) return std::nullopt;
    return *v;
}

bool same_window(const BoundOver& a, const BoundOver& b) {
    if (a.partition.size() != b.partition.size() || a.order.size() != b.order.size() || a.range != b.range ||
        a.preceding != b.preceding || is_rank(a.call.function) || is_rank(b.call.function)) {
        return false;
    }
    for (std::size_t i = 0; i < a.partition.size(); ++i) {
        if (!equal(*a.partition[i], *b.partition[i])) return false;
    }
    for (std::size_t i = 0; i < a.order.size(); ++i) {
        if (!equal(*a.order[i].expr, *b.order[i].expr) || a.order[i].descending != b.order[i].descending) {
            return false;
        }
    }
    return true;
}

}  // namespace

/// The window an OVER stands for: its own, a named one, or its own built on a named one (whose frame is
/// used).
const ast::WindowSpec* Binder::window_of(const ast::WindowSpec& spec, const Context& context,
                                         const ast::WindowSpec** base) {
    *base = nullptr;
    const ast::WindowSpec* at_spec = &spec;
    for (int steps = 0; at_spec->base; ++steps) {
        const auto it = context.collected->windows.find(at_spec->base->text);
        if (it == context.collected->windows.end()) {
            std::string names;
            for (const auto& [name, w] : context.collected->windows)
                names += (names.empty() ? "" : ", ") + name;
            error(at_spec->base->span, code::kOver,
                  fmt::format("there is no window \"{}\"", at_spec->base->text), {},
                  names.empty() ? "declare it: WINDOW w AS (PARTITION BY … ORDER BY …)"
                                : "windows are " + names);
            return nullptr;
        }
        if (steps > 16) {
            error(at_spec->base->span, code::kOver, "windows are defined by each other");
            return nullptr;
        }
        const bool bare = at_spec->partition.empty() && at_spec->order.empty();
        if (!bare) {
            *base = it->second;
            return at_spec;
        }
        if (at_spec->frame) {
            *base = it->second;
            return at_spec;
        }
        at_spec = it->second;
    }
    return at_spec;
}

/// How far LAG and LEAD look, into how many parts NTILE divides: constants.
bool Binder::check_lag(const AggCall& call, Span span) {
    constexpr std::int64_t kMost = 1'000'000;
    const bool shifts = call.function == "LAG" || call.function == "LEAD";
    const std::size_t which = call.function == "NTILE" ? 0 : 1;
    if ((!shifts && call.function != "NTILE" && call.function != "NTH_VALUE") || call.args.size() <= which)
        return true;
    const std::int64_t least = shifts ? 0 : 1;
    const auto n = literal_number(call.args[which]);
    if (n && *n >= least && *n <= kMost) return true;
    error(span, code::kOver,
          fmt::format("{} takes a constant number, from {} to {}", call.function, least, kMost));
    return false;
}

bool Binder::bind_frame(const ast::WindowSpec& spec, const Context& context, BoundOver& out) {
    using B = ast::BoundKind;
    if (!spec.frame) {
        // SQL's default: everything up to the row, with the rows of the same time; without ORDER BY the whole
        // partition. Functions of position use rows.
        const bool by_position = out.call.function == "LAG" || is_rank(out.call.function) ||
                                 (needs_following(out.call.function) && out.call.function != "NTH_VALUE");
        out.range = !by_position;
        return true;
    }
    const ast::Frame& f = *spec.frame;
    out.range = f.range;
    if (f.end.kind != B::current_row) {
        error(f.span, code::kOver, "a frame ends at CURRENT ROW: rows to come are not known", {},
              "write ROWS BETWEEN n PRECEDING AND CURRENT ROW");
        return false;
    }
    if (f.start.kind == B::unbounded_preceding) return true;
    if (f.start.kind == B::current_row) {
        out.preceding = 0;
        return true;
    }
    if (f.start.kind != B::preceding) {
        error(f.span, code::kOver, "a frame starts at n PRECEDING, UNBOUNDED PRECEDING or CURRENT ROW");
        return false;
    }
    if (f.range) {
        out.preceding = interval_ms(*f.start.offset, "RANGE");
        return out.preceding.has_value();
    }
    Context constant;
    constant.place = "a frame";
    (void)context;
    const ExprPtr n = bind(*f.start.offset, constant);
    if (!n) return false;
    const auto rows = literal_number(n);
    if (!rows || *rows < 0 || !n->type.is_integer()) {
        error(f.start.offset->span, code::kOver, "the number of rows is a constant, not below 0");
        return false;
    }
    out.preceding = *rows;
    return true;
}

ExprPtr Binder::bind_over(const ast::Expr& e, const Context& context) {
    if (context.collected == nullptr) {
        error(e.span, code::kMisplaced, fmt::format("OVER cannot stand in {}", context.place), {},
              "compute it in a subquery, then filter by its column");
        return nullptr;
    }
    BoundOver out;
    out.span = e.span;
    const FunctionInfo* info = find_function(e.function);
    if (info != nullptr && info->kind == FunctionClass::scalar) {
        error(e.span, code::kOver, fmt::format("{} is a scalar function; it has no OVER", info->name));
        return nullptr;
    }
    const ast::WindowSpec* base = nullptr;
    const ast::WindowSpec* spec = window_of(*e.over, context, &base);
    if (spec == nullptr) return nullptr;
    auto bound = aggregate_call(e, FunctionClass::window, context);
    bool good = bound.has_value();
    if (bound) out.call = std::move(*bound);
    const ast::WindowSpec& partition_of = base != nullptr && spec->partition.empty() ? *base : *spec;
    const ast::WindowSpec& order_of = base != nullptr && spec->order.empty() ? *base : *spec;
    for (const ast::ExprPtr& p : partition_of.partition) {
        out.partition.push_back(bind(*p, context));
        good = good && out.partition.back() != nullptr;
    }
    for (const ast::OrderItem& o : order_of.order) {
        BoundOver::Order item;
        item.expr = bind(*o.expr, context);
        item.descending = o.descending;
        item.nulls_last = o.nulls_last.value_or(o.descending);
        good = good && item.expr != nullptr;
        out.order.push_back(std::move(item));
    }
    good = good && check_lag(out.call, e.span);
    good = bind_frame(*spec, context, out) && good;
    if (!good) return nullptr;
    std::vector<BoundOver>& all = context.collected->overs;
    const DataType type = out.call.type;
    all.push_back(std::move(out));
    return at(input(kOvers + static_cast<int>(all.size()) - 1, type), e.span);
}

/// OVER whose results change as rows come: by any order, over any rows.
NodePtr Binder::sorted_over(const NodePtr& node, const BoundOver& over, const std::vector<int>& partition,
                            const std::vector<int>& order) {
    const bool by_proctime = std::ranges::any_of(order, [&](int c) { return builder.is_proctime(node, c); });
    const bool unordered = order.empty() && !over.range;
    if (unordered || by_proctime) {
        error(over.span, code::kOver,
              unordered ? fmt::format("{} needs ORDER BY in OVER (…)", over.call.function)
                        : std::string("OVER by PROCTIME() reads rows that never change, in its order"),
              {},
              "ORDER BY a time attribute gives each row its result once; by other columns results change");
        return nullptr;
    }
    if (over.range && over.preceding) {
        not_yet(over.span,
                "RANGE with a bound, by a column that is no time attribute or over rows that change, is",
                "ROWS BETWEEN n PRECEDING AND CURRENT ROW");
        return nullptr;
    }
    diagnostics_.warning(*file_, over.span, code::kState,
                         {"every row is kept, and each change computes its partition again",
                          {},
                          "OVER by a time attribute, over rows that never change, computes each row once"});
    SortedOverNode n;
    n.partition_keys = partition;
    for (std::size_t i = 0; i < order.size(); ++i) {
        n.order.push_back({order[i], over.order[i].descending, over.order[i].nulls_last});
    }
    n.range = over.range;
    n.preceding = over.preceding;
    n.calls.push_back(over.call);
    return builder.make(std::move(n), {node});
}

NodePtr Binder::apply_over(const NodePtr& node, const BoundOver& over, const std::vector<int>& partition,
                           const std::vector<int>& order) {
    const bool rank = is_rank(over.call.function);
    const bool single = order.size() == 1 && !over.order[0].descending;
    const bool by_proctime = single && builder.is_proctime(node, order[0]);
    const bool by_time = single && builder.is_time(node, order[0]);
    const bool plain_over = (by_proctime || by_time) && node->mode == Mode::append;
    if (rank && !plain_over) {
        TopNNode n;
        n.rank = over.call.function == "ROW_NUMBER" ? RankKind::row_number
                 : over.call.function == "RANK"     ? RankKind::rank
                                                    : RankKind::dense_rank;
        n.partition_keys = partition;
        for (std::size_t i = 0; i < order.size(); ++i) {
            n.order.push_back({order[i], over.order[i].descending, over.order[i].nulls_last});
        }
        n.high = kUnboundedRank;
        n.with_rank = true;
        if (order.empty()) {
            error(over.span, code::kOver, fmt::format("{} needs ORDER BY in OVER (…)", over.call.function));
            return nullptr;
        }
        NodePtr out = builder.make(std::move(n), {builder.in_windows(node, partition)}, {over.call.name});
        rank_spans_[out.get()] = over.span;
        return out;
    }
    if (!plain_over || needs_following(over.call.function)) return sorted_over(node, over, partition, order);
    OverNode n;
    n.partition_keys = partition;
    n.order_column = by_proctime ? -1 : order[0];
    n.processing_time = by_proctime;
    n.range = over.range;
    n.preceding = over.preceding;
    n.calls.push_back(over.call);
    return builder.make(std::move(n), {node});
}

NodePtr Binder::apply_overs(NodePtr node, std::vector<BoundOver>& overs, std::vector<int>& places) {
    places.assign(overs.size(), -1);
    // Everything windows refer to becomes a column first.
    std::vector<ExprPtr> added;
    const int width = static_cast<int>(node->schema.size());
    const auto column_of = [&](const ExprPtr& e) {
        if (e->kind == ExprKind::input) return e->index;
        for (std::size_t i = 0; i < added.size(); ++i) {
            if (equal(*added[i], *e)) return width + static_cast<int>(i);
        }
        added.push_back(e);
        return width + static_cast<int>(added.size()) - 1;
    };
    std::vector<std::vector<int>> partitions, orders;
    for (const BoundOver& o : overs) {
        std::vector<int> partition, order;
        for (const ExprPtr& p : o.partition) partition.push_back(column_of(p));
        for (const auto& item : o.order) order.push_back(column_of(item.expr));
        partitions.push_back(std::move(partition));
        orders.push_back(std::move(order));
    }
    node = builder.extend(node, added);
    for (std::size_t i = 0; i < overs.size(); ++i) {
        if (places[i] >= 0) continue;
        NodePtr next = apply_over(node, overs[i], partitions[i], orders[i]);
        if (!next) return nullptr;
        // Calls of the same window share its operator.
        if (const auto* made = std::get_if<OverNode>(&next->op)) {
            OverNode all = *made;
            places[i] = static_cast<int>(node->schema.size());
            for (std::size_t j = i + 1; j < overs.size(); ++j) {
                if (places[j] >= 0 || !same_window(overs[i], overs[j])) continue;
                if (needs_following(overs[j].call.function)) continue;
                places[j] = static_cast<int>(node->schema.size() + all.calls.size());
                all.calls.push_back(overs[j].call);
            }
            if (all.calls.size() > 1) next = builder.make(std::move(all), {node});
        } else if (const auto* sorted = std::get_if<SortedOverNode>(&next->op)) {
            SortedOverNode all = *sorted;
            places[i] = static_cast<int>(node->schema.size());
            for (std::size_t j = i + 1; j < overs.size(); ++j) {
                if (places[j] >= 0 || !same_window(overs[i], overs[j])) continue;
                if (needs_following(overs[i].call.function) != needs_following(overs[j].call.function))
                    continue;
                places[j] = static_cast<int>(node->schema.size() + all.calls.size());
                all.calls.push_back(overs[j].call);
            }
            if (all.calls.size() > 1) next = builder.make(std::move(all), {node});
        } else {
            places[i] = static_cast<int>(node->schema.size());
        }
        node = std::move(next);
    }
    return node;
}

}  // namespace mr::sql
