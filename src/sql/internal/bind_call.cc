// Calls: operators, functions, aggregates.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

constexpr std::array<std::string_view, 4> kGroupWindows = {"TUMBLE", "HOP", "SESSION", "CUMULATE"};

/// "TUMBLE_START" -> ("TUMBLE", "START").
std::optional<std::pair<std::string, std::string>> window_bound(std::string_view function) {
    for (const std::string_view w : kGroupWindows) {
        if (function.size() > w.size() + 1 && function.starts_with(w) && function[w.size()] == '_') {
            return std::pair{std::string(w), std::string(function.substr(w.size() + 1))};
        }
    }
    return std::nullopt;
}

bool is_compared_as_is(const ExprPtr& e) {
    return e->kind == ExprKind::literal && e->value.is_null();
}

}  // namespace

std::optional<ResolvedFunction> Binder::resolve(std::string_view name, FunctionClass kind,
                                                const std::vector<ExprPtr>& args, Span span) {
    std::vector<DataType> types;
    std::vector<Value> literals;
    auto flags = std::make_unique<bool[]>(args.size() + 1);
    for (std::size_t i = 0; i < args.size(); ++i) {
        types.push_back(args[i]->type);
        const bool is_literal = args[i]->kind == ExprKind::literal;
        flags[i] = is_literal;
        literals.push_back(is_literal ? args[i]->value : Value::null());
    }
    auto resolved =
        resolve_function(name, kind, types, std::span<const bool>(flags.get(), args.size()), literals);
    if (!resolved) {
        error(span, resolved.error());
        return std::nullopt;
    }
    return *resolved;
}

ExprPtr Binder::make_call(std::string_view name, std::vector<ExprPtr> args, Span span) {
    const auto resolved = resolve(name, FunctionClass::scalar, args, span);
    if (!resolved) return nullptr;
    for (std::size_t i = 0; i < args.size() && i < resolved->arg_types.size(); ++i) {
        args[i] = implicit_cast(args[i], resolved->arg_types[i]);
    }
    return at(call(resolved->name, std::move(args), resolved->type), span);
}

bool Binder::bind_args(const ast::Expr& e, const Context& context, std::vector<ExprPtr>& out) {
    bool good = true;
    for (const ast::ExprPtr& a : e.args) {
        ExprPtr bound = bind(*a, context);
        good = good && bound != nullptr;
        out.push_back(std::move(bound));
    }
    return good;
}

ExprPtr Binder::bind_between(const ast::Expr& e, const Context& context) {
    std::vector<ExprPtr> args;
    if (!bind_args(e, context, args) || !may_repeat(args[0], e.span)) return nullptr;
    // Two comparisons: what looks for keys and bounds need not know BETWEEN.
    ExprPtr low = make_call(">=", {args[0], args[1]}, e.span);
    ExprPtr high = make_call("<=", {args[0], args[2]}, e.span);
    if (!low || !high) return nullptr;
    ExprPtr inside = make_call("AND", {low, high}, e.span);
    if (!inside || e.function == "BETWEEN") return inside;
    if (!may_repeat(args[1], e.span) || !may_repeat(args[2], e.span)) return nullptr;
    low = make_call(">=", {args[0], args[2]}, e.span);
    high = make_call("<=", {args[0], args[1]}, e.span);
    if (!low || !high) return nullptr;
    ExprPtr swapped = make_call("AND", {low, high}, e.span);
    return swapped ? make_call("OR", {inside, swapped}, e.span) : nullptr;
}

/// (a, b) OVERLAPS (c, d): each ends no earlier than the other starts; b and d are times or intervals.
ExprPtr Binder::bind_overlaps(const ast::Expr& e, const Context& context) {
    ExprPtr ends[4];
    for (std::size_t side = 0; side < 2; ++side) {
        const ast::Expr& period = *e.args[side];
        if (period.kind != ast::ExprKind::call || period.function != "ROW" || period.args.size() != 2) {
            error(period.span, code::kType, "OVERLAPS compares two periods", {},
                  "(start, end) OVERLAPS (start, INTERVAL '1' HOUR)");
            return nullptr;
        }
        std::vector<ExprPtr> args;
        if (!bind_args(period, context, args) || !may_repeat(args[0], e.span) || !may_repeat(args[1], e.span))
            return nullptr;
        if (args[1]->type.is_interval()) args[1] = make_call("+", {args[0], args[1]}, period.span);
        if (!args[1]) return nullptr;
        // Whichever way round the two are given.
        ExprPtr ordered = make_call("<=", {args[0], args[1]}, period.span);
        if (!ordered) return nullptr;
        ends[side * 2] = make_call("CASE", {ordered, args[0], args[1]}, period.span);
        ends[side * 2 + 1] = make_call("CASE", {ordered, args[1], args[0]}, period.span);
        if (!ends[side * 2] || !ends[side * 2 + 1]) return nullptr;
    }
    ExprPtr first = make_call(">=", {ends[1], ends[2]}, e.span);
    ExprPtr second = make_call(">=", {ends[3], ends[0]}, e.span);
    return first && second ? make_call("AND", {first, second}, e.span) : nullptr;
}

ExprPtr Binder::bind_case(const ast::Expr& e, const Context& context) {
    std::vector<ExprPtr> bound;
    if (!bind_args(e, context, bound) || !may_repeat(bound[0], e.span)) return nullptr;
    std::vector<ExprPtr> args;
    for (std::size_t i = 1; i < bound.size(); ++i) {
        const bool is_when = i % 2 == 1 && i + 1 < bound.size();
        if (!is_when) {
            args.push_back(bound[i]);
            continue;
        }
        ExprPtr compared = make_call("=", {bound[0], bound[i]}, e.args[i]->span);
        if (!compared) return nullptr;
        args.push_back(std::move(compared));
    }
    return make_call("CASE", std::move(args), e.span);
}

ExprPtr Binder::bind_call(const ast::Expr& e, const Context& context) {
    if (e.over) return bind_over(e, context);
    if (context.match != nullptr) {
        bool handled = false;
        ExprPtr place = bind_match_call(e, context, handled);
        if (handled) return place;
    }
    if (e.function.starts_with("BETWEEN")) return bind_between(e, context);
    if (e.function == "OVERLAPS") return bind_overlaps(e, context);
    if (e.function == "CASE SIMPLE") return bind_case(e, context);
    if (e.function == "GROUPING" || e.function == "GROUPING_ID") return bind_grouping(e, context);
    // Under anything but AND and OR a subquery that is unknown is not the same as one that is not so.
    Context below = context;
    below.monotone = context.monotone && (e.function == "AND" || e.function == "OR");
    const bool named = !e.path.empty();
    if (named) {
        if (const FunctionText* f = find_user_function(e.path.back().text))
            return bind_user_function(*f, e, below);
    }
    if (named && (broken_functions_.contains(e.function) || catalog_.broken("function " + e.function)))
        return nullptr;
    if (named && (functions_.contains(e.path.back().text) || functions_.contains(e.function))) {
        not_yet(e.path.back().span, fmt::format("user function \"{}\" is", e.path.back().text));
        return nullptr;
    }
    if (named && window_bound(e.function)) return bind_group_window_bound(e, context);
    if (named && std::ranges::find(kGroupWindows, e.function) != kGroupWindows.end()) {
        error(e.span, code::kMisplaced, fmt::format("{} stands in GROUP BY or FROM only", e.function), {},
              "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, "
              "window_end");
        return nullptr;
    }
    const FunctionInfo* info = find_function(e.function);
    if (info != nullptr && info->kind == FunctionClass::aggregate) {
        return context.match != nullptr ? bind_match_aggregate(e, context) : bind_aggregate(e, context);
    }
    if (info != nullptr && info->kind == FunctionClass::window) {
        error(e.span, code::kMisplaced, fmt::format("{} needs OVER (…)", info->name), {}, info->signature);
        return nullptr;
    }
    if (e.distinct || e.filter || e.star_argument || !e.order.empty()) {
        error(e.span, code::kType,
              fmt::format("{} is no aggregate function: it takes no DISTINCT, *, FILTER or ORDER BY",
                          e.function));
        return nullptr;
    }
    for (const ast::Name& n : e.arg_names) {
        if (n.text.empty()) continue;
        not_yet(n.span, "naming an argument of this function is", "give the arguments in order");
        return nullptr;
    }
    std::vector<ExprPtr> args;
    if (!bind_args(e, below, args)) return nullptr;
    const Span span = named ? e.path.back().span : e.span;
    if (e.function == "NULLIF" && args.size() == 2 && !args[0]->type.is_nested()) {
        if (!may_repeat(args[0], e.span)) return nullptr;
        ExprPtr same = make_call("=", {args[0], args[1]}, e.span);
        if (!same) return nullptr;
        ExprPtr nothing = literal(args[0]->type.with_nullable(true), Value::null());
        return make_call("CASE", {std::move(same), std::move(nothing), args[0]}, e.span);
    }
    // TIMESTAMPADD of a day by less than a day makes a timestamp of it.
    if (e.function == "TIMESTAMPADD" && args.size() == 3 && args[2]->type.kind == TypeKind::date &&
        args[0]->kind == ExprKind::literal) {
        const std::string& unit = args[0]->value.text();
        if (unit == "HOUR" || unit == "MINUTE" || unit == "SECOND" || unit == "MILLISECOND") {
            args[2] = cast(args[2], DataType::timestamp(3));
        }
    }
    ExprPtr out =
        make_call(e.function, std::move(args), find_function(e.function) == nullptr ? span : e.span);
    if (out && e.flag && (e.type.is_nested() || (e.function == "JSON_QUERY" && !e.type.is_character()))) {
        not_yet(e.span, fmt::format("RETURNING {} is", e.type.to_string()),
                "leave RETURNING out: the value comes as text");
        return nullptr;
    }
    if (out && e.flag && e.function.starts_with("JSON_")) {  // RETURNING type
        Expr copy = *out;
        copy.type = e.type.with_nullable(true);
        return std::make_shared<const Expr>(std::move(copy));
    }
    return out;
}

std::optional<AggCall> Binder::aggregate_call(const ast::Expr& e, FunctionClass kind,
                                              const Context& context) {
    Context inner = context;
    inner.collected = nullptr;
    inner.place = "an aggregate's argument";
    // An aggregate inside OVER may itself be over aggregates: SUM(COUNT(*)) OVER (…).
    if (kind == FunctionClass::window) inner.collected = context.collected;
    if (kind != FunctionClass::window) inner.subqueries = nullptr;
    AggCall out;
    std::vector<ExprPtr> args;
    bool good = bind_args(e, inner, args);
    if (e.filter) {
        inner.place = "FILTER";
        out.filter = bind_condition(*e.filter, inner);
        good = good && out.filter != nullptr;
    }
    if (!e.order.empty()) {
        not_yet(e.span, fmt::format("{} with ORDER BY is", e.function),
                "values come in order of arrival; leave ORDER BY out");
        good = false;
    }
    if (!good) return std::nullopt;
    if (e.star_argument && e.function != "COUNT") {
        error(e.span, code::kType, fmt::format("{}(*) makes no sense; only COUNT counts rows", e.function));
        return std::nullopt;
    }
    const auto resolved = resolve(e.function, kind, args, e.span);
    if (!resolved) return std::nullopt;
    for (std::size_t i = 0; i < args.size() && i < resolved->arg_types.size(); ++i) {
        args[i] = implicit_cast(args[i], resolved->arg_types[i]);
    }
    out.function = resolved->name;
    out.type = resolved->type;
    out.args = std::move(args);
    out.distinct = e.distinct;
    if (out.function == "APPROX_COUNT_DISTINCT") {
        out.function = "COUNT";
        out.distinct = true;
    }
    // COUNT of what is never NULL counts rows.
    if (out.function == "COUNT" && !out.distinct && out.args.size() == 1 && !out.args[0]->type.nullable &&
        !is_compared_as_is(out.args[0])) {
        out.args.clear();
    }
    return out;
}

ExprPtr Binder::bind_aggregate(const ast::Expr& e, const Context& context) {
    if (context.collected == nullptr) {
        error(e.span, code::kMisplaced,
              fmt::format("an aggregate ({}) cannot stand in {}", e.function, context.place), {},
              context.place == "WHERE" ? "conditions on aggregates go into HAVING" : "");
        return nullptr;
    }
    auto bound = aggregate_call(e, FunctionClass::aggregate, context);
    if (!bound) return nullptr;
    std::vector<AggCall>& all = context.collected->aggregates;
    if (!check_width(all.size(), e.span)) return nullptr;
    const auto same = [&](const AggCall& other) {
        if (other.function != bound->function || other.distinct != bound->distinct ||
            other.args.size() != bound->args.size() ||
            (other.filter == nullptr) != (bound->filter == nullptr)) {
            return false;
        }
        if (bound->filter && !equal(*other.filter, *bound->filter)) return false;
        for (std::size_t i = 0; i < bound->args.size(); ++i) {
            if (!equal(*other.args[i], *bound->args[i])) return false;
        }
        return true;
    };
    const auto it = std::ranges::find_if(all, same);
    const int index = static_cast<int>(it - all.begin());
    const DataType type = bound->type;
    if (it == all.end()) all.push_back(std::move(*bound));
    return at(input(kAggregates + index, type), e.span);
}

/// TUMBLE_START(ts, INTERVAL …) and the like, where GROUP BY has the same window.
ExprPtr Binder::bind_group_window_bound(const ast::Expr& e, const Context& context) {
    const auto name = window_bound(e.function);
    if (context.collected == nullptr || !context.collected->group_window) {
        error(e.span, code::kMisplaced, fmt::format("{} needs {}(…) in GROUP BY", e.function, name->first));
        return nullptr;
    }
    const WindowSpec& w = *context.collected->group_window;
    static constexpr std::array<std::pair<std::string_view, WindowKind>, 4> kKinds = {
        {{"TUMBLE", WindowKind::tumble},
         {"HOP", WindowKind::hop},
         {"CUMULATE", WindowKind::cumulate},
         {"SESSION", WindowKind::session}}};
    const bool same_kind = std::ranges::any_of(
        kKinds, [&](const auto& k) { return k.first == name->first && k.second == w.kind; });
    if (!same_kind) {
        error(e.span, code::kMisplaced, fmt::format("{} does not fit the window in GROUP BY", e.function));
        return nullptr;
    }
    const DataType bound = DataType::timestamp(3).with_nullable(false);
    if (name->second == "START") return at(input(kWindows, bound), e.span);
    if (name->second == "END") return at(input(kWindows + 1, bound), e.span);
    if (name->second == "ROWTIME") {
        DataType t = context.input->node->schema[static_cast<std::size_t>(w.time_column)].type;
        t.precision = 3;
        return at(input(kWindows + 2, t.with_nullable(false)), e.span);
    }
    not_yet(e.span, fmt::format("{} is", e.function), "use TUMBLE_START, TUMBLE_END or TUMBLE_ROWTIME");
    return nullptr;
}

}  // namespace mr::sql
