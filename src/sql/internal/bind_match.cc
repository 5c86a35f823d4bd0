// MATCH_RECOGNIZE: its expressions read places of a match (the last row of A, the sum over B), which become
// the columns that conditions and measures are over (plan/match.h).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

/// While an expression is bound, its names are columns of `wide`: the input's columns for any row of the
/// match, then again for each variable. Places made on the way stand as inputs from kMatch on.
struct MatchScope {
    int width = 0;
    std::vector<std::string> variables;
    Relation wide;
    std::vector<MatchPlace> places;
    DataType time;
    bool processing_time = false;
    bool final = false;  ///< of the measure that is bound

    [[nodiscard]] int variable_of(int index) const { return index / width - 1; }
    [[nodiscard]] int column_of(int index) const { return index % width; }

    ExprPtr place(MatchPlace p) {
        p.final = final;
        const auto it = std::ranges::find_if(places, [&](const MatchPlace& o) { return same(o, p); });
        const int index = static_cast<int>(it - places.begin());
        const DataType type = p.type;
        if (it == places.end()) places.push_back(std::move(p));
        return input(kMatch + index, type);
    }
    /// Column `index` of `wide` in the first or last row but `offset` of its variable.
    ExprPtr row(MatchPlace::Kind kind, const Expr& column, std::int64_t offset) {
        MatchPlace p;
        p.kind = kind;
        p.variable = variable_of(column.index);
        p.offset = offset;
        p.column = column_of(column.index);
        p.type = column.type;
        return place(std::move(p));
    }

  private:
    static bool same(const MatchPlace& a, const MatchPlace& b) {
        if (a.kind != b.kind || a.final != b.final || a.variable != b.variable || a.offset != b.offset ||
            a.column != b.column || a.call.function != b.call.function ||
            a.call.distinct != b.call.distinct || a.call.args.size() != b.call.args.size() ||
            !a.call.filter != !b.call.filter) {
            return false;
        }
        if (a.call.filter && !equal(*a.call.filter, *b.call.filter)) return false;
        for (std::size_t i = 0; i < a.call.args.size(); ++i) {
            if (!equal(*a.call.args[i], *b.call.args[i])) return false;
        }
        return true;
    }
};

namespace {

constexpr std::size_t kMostVariables = 64;
constexpr std::int64_t kMostStates = 10'000;

void make_wide(MatchScope& scope, Builder& builder, const Relation& in) {
    Schema schema;
    for (std::size_t block = 0; block <= scope.variables.size(); ++block) {
        for (std::size_t c = 0; c < in.columns.size(); ++c) {
            Field f = in.node->schema[c];
            f.type.nullable = true;  // there may be no such row
            schema.fields.push_back(std::move(f));
            const bool any = block == 0;
            scope.wide.columns.push_back({in.columns[c].name,
                                          any ? in.columns[c].table : scope.variables[block - 1],
                                          any ? in.columns[c].hidden : true});
        }
    }
    scope.width = static_cast<int>(in.columns.size());
    scope.wide.node = builder.values({}, std::move(schema));
}

/// Constant offset of FIRST(x, n) and LAST(x, n).
std::optional<std::int64_t> offset_of(const ExprPtr& e) {
    if (!e || e->kind != ExprKind::literal || e->value.is_null() || !e->type.is_integer())
        return std::nullopt;
    const std::int64_t n = e->value.integer();
    if (n < 0 || n > 1'000'000) return std::nullopt;
    return n;
}

/// What FINAL may stand before.
bool navigates(const ast::Expr& e) {
    if (e.kind != ast::ExprKind::call) return false;
    const FunctionInfo* info = find_function(e.function);
    return e.function == "FIRST" || e.function == "LAST" || e.function == "CLASSIFIER" ||
           (info != nullptr && info->kind == FunctionClass::aggregate);
}

}  // namespace

/// FIRST, LAST and what else means something in a match only; `handled` is false for any other call.
ExprPtr Binder::bind_match_call(const ast::Expr& e, const Context& context, bool& handled) {
    MatchScope& scope = *context.match;
    static constexpr std::array<std::string_view, 8> kCalls = {
        "FIRST", "LAST", "PREV", "NEXT", "MATCH_ROWTIME", "MATCH_PROCTIME", "CLASSIFIER", "MATCH_NUMBER"};
    handled = std::ranges::find(kCalls, e.function) != kCalls.end();
    if (!handled) return nullptr;
    if (e.function == "MATCH_ROWTIME") {
        if (scope.processing_time) {
            error(e.span, code::kMatch, "MATCH_ROWTIME() needs ORDER BY an event time");
            return nullptr;
        }
        MatchPlace p;
        p.kind = MatchPlace::Kind::row_time;
        p.type = scope.time.with_nullable(false);
        p.type.precision = 3;
        return at(scope.place(std::move(p)), e.span);
    }
    if (e.function == "CLASSIFIER") {
        MatchPlace p;
        p.kind = MatchPlace::Kind::classifier;
        p.type = DataType::string().with_nullable(false);
        return at(scope.place(std::move(p)), e.span);
    }
    const bool first = e.function == "FIRST";
    if (!first && e.function != "LAST") {
        const bool physical = e.function == "PREV" || e.function == "NEXT";
        not_yet(
            e.span, fmt::format("{} is", e.function),
            physical ? "LAST(A.x, 1) is the row of A before the last one, LAST(x, 1) that of the match" : "");
        return nullptr;
    }
    if (e.args.empty() || e.args.size() > 2) {
        error(e.span, code::kMatch, fmt::format("{} takes a value and how many rows further", e.function), {},
              fmt::format("{}(A.price) or {}(A.price, 1)", e.function, e.function));
        return nullptr;
    }
    Context plain = context;
    plain.match = nullptr;
    plain.place = first ? "FIRST" : "LAST";
    std::int64_t offset = 0;
    if (e.args.size() == 2) {
        const ExprPtr n = bind(*e.args[1], Context{});
        if (!n) return nullptr;
        const auto constant = offset_of(n);
        if (!constant) {
            error(e.args[1]->span, code::kMatch, "the offset is a constant from 0 to 1000000");
            return nullptr;
        }
        offset = *constant;
    }
    const ExprPtr value = bind(*e.args[0], plain);
    if (!value) return nullptr;
    if (columns_read(*value).empty()) {
        error(e.span, code::kMatch, fmt::format("{} reads a column of a row of the match", e.function));
        return nullptr;
    }
    const auto kind = first ? MatchPlace::Kind::first : MatchPlace::Kind::last;
    return at(replace_inputs(value, [&](const ExprPtr& i) { return scope.row(kind, *i, offset); }), e.span);
}

/// SUM(A.price): over the rows of one variable, or of the whole match.
ExprPtr Binder::bind_match_aggregate(const ast::Expr& e, const Context& context) {
    MatchScope& scope = *context.match;
    Context plain = context;
    plain.match = nullptr;
    auto bound = aggregate_call(e, FunctionClass::aggregate, plain);
    if (!bound) return nullptr;
    std::optional<int> variable;
    bool mixed = false;
    const auto narrow = [&](const ExprPtr& arg) {
        return replace_inputs(arg, [&](const ExprPtr& i) {
            const int v = scope.variable_of(i->index);
            mixed = mixed || (variable && *variable != v);
            variable = v;
            return input(scope.column_of(i->index), i->type);
        });
    };
    MatchPlace p;
    p.kind = MatchPlace::Kind::aggregate;
    p.call = std::move(*bound);
    for (ExprPtr& a : p.call.args) a = narrow(a);
    if (p.call.filter) p.call.filter = narrow(p.call.filter);
    if (mixed) {
        error(e.span, code::kMatch, "an aggregate is over the rows of one variable");
        return nullptr;
    }
    p.variable = variable.value_or(-1);
    p.type = p.call.type;
    return at(scope.place(std::move(p)), e.span);
}

/// An expression of MEASURES or DEFINE over the places of the match.
ExprPtr Binder::bind_in_match(const ast::Expr& e, MatchScope& scope, std::string_view place, bool condition) {
    Context context;
    context.input = &scope.wide;
    context.match = &scope;
    context.place = place;
    const ExprPtr bound = condition ? bind_condition(e, context) : bind(e, context);
    if (!bound) return nullptr;
    return replace_inputs(bound, [&](const ExprPtr& i) {
        if (i->index >= kMatch) return input(i->index - kMatch, i->type);
        // A column without FIRST or LAST is that of the last row.
        const ExprPtr last = scope.row(MatchPlace::Kind::last, *i, 0);
        return input(last->index - kMatch, last->type);
    });
}

bool Binder::match_pattern(const ast::MatchRecognize& m, MatchNode& node) {
    bool optional = true;
    std::int64_t states = 0;
    for (const ast::PatternItem& item : m.pattern) {
        const bool known = std::ranges::any_of(
            node.variables, [&](const MatchVariable& v) { return v.name == item.variable.text; });
        if (known) {
            not_yet(item.variable.span, fmt::format("\"{}\" twice in PATTERN is", item.variable.text),
                    "give the second one another name with the same condition");
            return false;
        }
        if (item.reluctant && item.least == 0 && item.most == 1) {
            not_yet(item.variable.span, fmt::format("the reluctant option {}?? is", item.variable.text),
                    "write ?, or *? to leave more than one row out");
            return false;
        }
        optional = optional && item.least == 0;
        states += std::max(item.least, item.most) + 1;
        node.variables.push_back({item.variable.text, item.least, item.most, !item.reluctant, nullptr});
    }
    if (node.variables.empty()) return false;
    if (node.variables.size() > kMostVariables || states > kMostStates) {
        error(m.span, code::kLimit,
              fmt::format("a pattern has at most {} variables and {} repetitions in all", kMostVariables,
                          kMostStates));
        return false;
    }
    if (optional) {
        error(m.pattern[0].variable.span, code::kMatch, "this pattern may match no row at all", {},
              "one of its variables must not be optional: A+, or A");
        return false;
    }
    const MatchVariable& last = node.variables.back();
    if (last.greedy && last.least != last.most && !(last.least == 0 && last.most == 1)) {
        error(m.pattern.back().variable.span, code::kMatch,
              "the last variable cannot be greedy: its last row is never known", {},
              fmt::format("follow it with a variable that ends it, or write {}+?", last.name));
        return false;
    }
    return true;
}

bool Binder::match_order(const ast::MatchRecognize& m, const Relation& in, MatchNode& node) {
    Context context;
    context.input = &in;
    const auto column = [&](const ast::Expr& e, std::string_view place) {
        context.place = place;
        const ExprPtr bound = bind(e, context);
        if (!bound) return -1;
        if (bound->kind == ExprKind::input) return bound->index;
        error(e.span, code::kMatch, fmt::format("{} of MATCH_RECOGNIZE takes columns", place), {},
              "compute it in a subquery: FROM (SELECT … ) MATCH_RECOGNIZE (…)");
        return -1;
    };
    bool good = true;
    for (const ast::ExprPtr& p : m.partition) {
        node.partition_keys.push_back(column(*p, "PARTITION BY"));
        good = good && node.partition_keys.back() >= 0;
    }
    for (std::size_t i = 0; i < m.order.size(); ++i) {
        const ast::OrderItem& o = m.order[i];
        const int c = column(*o.expr, "ORDER BY");
        good = good && c >= 0;
        if (c < 0) continue;
        if (i > 0) {
            node.then_by.push_back({c, o.descending, o.nulls_last.value_or(o.descending)});
            continue;
        }
        node.processing_time = builder.is_proctime(in.node, c);
        if (!node.processing_time) node.order_column = c;
        if ((node.processing_time || builder.is_time(in.node, c)) && !o.descending) continue;
        error(o.expr->span, code::kTime, "MATCH_RECOGNIZE orders by a time attribute first, ascending", {},
              "a time attribute is the column of WATERMARK FOR, window_time after a window, or PROCTIME()");
        good = false;
    }
    if (m.order.empty()) {
        error(m.span, code::kTime, "MATCH_RECOGNIZE needs ORDER BY a time attribute");
        good = false;
    }
    return good;
}

bool Binder::match_skip(const ast::MatchRecognize& m, MatchNode& node) {
    using A = ast::AfterMatch;
    switch (m.after) {
        case A::past_last_row:
            node.skip = MatchSkip::past_last_row;
            return true;
        case A::unsaid:
        case A::to_next_row:
            node.skip = MatchSkip::to_next_row;
            return true;
        case A::to_first:
        case A::to_last:
            break;
    }
    node.skip = m.after == A::to_first ? MatchSkip::to_first : MatchSkip::to_last;
    node.skip_variable = match_variable(node, m.after_variable);
    if (node.skip_variable == 0 && m.after == A::to_first) {
        error(m.after_variable.span, code::kMatch, "skipping to the first row of a match would find it again",
              {}, "AFTER MATCH SKIP TO NEXT ROW, or PAST LAST ROW");
        return false;
    }
    return node.skip_variable >= 0;
}

int Binder::match_variable(const MatchNode& node, const ast::Name& name) {
    std::vector<std::string> names;
    std::string list;
    for (std::size_t i = 0; i < node.variables.size(); ++i) {
        if (node.variables[i].name == name.text) return static_cast<int>(i);
        names.push_back(node.variables[i].name);
        list += (i == 0 ? "" : ", ") + names.back();
    }
    std::string note;
    if (const auto near = nearest_name(name.text, names)) note = fmt::format("did you mean \"{}\"?", *near);
    error(name.span, code::kMatch, fmt::format("\"{}\" is no variable of PATTERN", name.text), note,
          "variables are " + list);
    return -1;
}

/// The rows MATCH_RECOGNIZE reads.
Relation Binder::match_input(const ast::TableRef& ref) {
    if (ref.kind == ast::TableKind::named && !ref.system_time) {
        Relation in = bind_named(ref.path, ref.span);
        for (ScopeColumn& c : in.columns) {
            c.table = ref.path.back().text;
            c.hidden = c.hidden && c.name.starts_with('$');
        }
        return in;
    }
    if (ref.kind == ast::TableKind::subquery && ref.query) return bind_query(*ref.query);
    error(ref.match->span, code::kMatch, "MATCH_RECOGNIZE stands behind a table or a query", {},
          "FROM (SELECT … ) MATCH_RECOGNIZE (…)");
    return {};
}

/// ALL ROWS PER MATCH: the columns of PARTITION BY, of ORDER BY, the measures, the other columns.
Relation Binder::match_all_rows(MatchNode node, const Relation& in, const std::vector<std::string>& names) {
    const int width = static_cast<int>(in.columns.size());
    std::vector<int> columns = node.partition_keys;
    const auto add = [&](int c) {
        if (c >= 0 && std::ranges::find(columns, c) == columns.end()) columns.push_back(c);
    };
    add(node.order_column);
    for (const SortKey& o : node.then_by) add(o.column);
    for (int i = 0; i < static_cast<int>(names.size()); ++i) add(width + i);
    for (int c = 0; c < width; ++c) {
        if (!in.columns[static_cast<std::size_t>(c)].hidden) add(c);
    }
    Relation out;
    for (const int c : columns) {
        const auto at = static_cast<std::size_t>(c);
        out.columns.push_back(
            {c < width ? in.columns[at].name : names[at - static_cast<std::size_t>(width)], "", false});
    }
    out.node = builder.pick(builder.make(std::move(node), {in.node}, names), columns);
    return out;
}

Relation Binder::bind_match(const ast::TableRef& ref) {
    const ast::MatchRecognize& m = *ref.match;
    const Relation in = match_input(ref);
    if (!in.ok()) return {};
    for (const ast::Name& u : m.unsupported) not_yet(u.span, u.text + " is");
    if (!m.unsupported.empty()) return {};
    if (in.node->mode != Mode::append) {
        error(m.span, code::kMode, "MATCH_RECOGNIZE reads rows that never change, but these are updated", {},
              "put it before the aggregation or join that updates rows");
        return {};
    }
    MatchNode node;
    bool good = match_pattern(m, node) && match_order(m, in, node) && match_skip(m, node);
    if (m.within) {
        node.within_ms = interval_ms(*m.within, "WITHIN");
        good = good && node.within_ms.has_value();
    }
    if (!good) return {};
    MatchScope scope;
    for (const MatchVariable& v : node.variables) scope.variables.push_back(v.name);
    make_wide(scope, builder, in);
    scope.processing_time = node.processing_time;
    if (node.order_column >= 0)
        scope.time = in.node->schema[static_cast<std::size_t>(node.order_column)].type;
    for (const auto& [name, condition] : m.define) {
        const int v = match_variable(node, name);
        ExprPtr bound = v < 0 || !condition ? nullptr : bind_in_match(*condition, scope, "DEFINE", true);
        good = good && bound != nullptr;
        if (bound) node.variables[static_cast<std::size_t>(v)].condition = std::move(bound);
    }
    std::vector<std::string> names;
    node.all_rows = m.all_rows;
    for (const auto& measure : m.measures) {
        scope.final = m.all_rows && measure.final;
        if (scope.final && measure.value && !navigates(*measure.value)) {
            not_yet(measure.value->span, "FINAL of an expression is",
                    "FINAL of FIRST(…), LAST(…) or an aggregate; compute with it in a query around");
            good = false;
        }
        node.measures.push_back(measure.value ? bind_in_match(*measure.value, scope, "MEASURES", false)
                                              : nullptr);
        names.push_back(measure.name.text);
        good = good && node.measures.back() != nullptr;
    }
    if (good && node.measures.empty() && node.partition_keys.empty() && !node.all_rows) {
        error(m.span, code::kMatch, "a match has no columns", {}, "MEASURES A.price AS price, …");
        good = false;
    }
    if (!good) return {};
    node.places = std::move(scope.places);
    if (node.all_rows) return named(match_all_rows(std::move(node), in, names), ref);
    Relation out;
    for (const int k : node.partition_keys) {
        out.columns.push_back({in.columns[static_cast<std::size_t>(k)].name, "", false});
    }
    for (const std::string& n : names) out.columns.push_back({n, "", false});
    out.node = builder.make(std::move(node), {in.node}, names);
    return named(std::move(out), ref);
}

}  // namespace mr::sql
