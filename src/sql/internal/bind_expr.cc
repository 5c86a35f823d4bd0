// Expressions: literals, names, casts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/suggest.h"
#include "sql/internal/binder.h"
#include "sql/internal/datetime.h"

namespace mr::sql {

using namespace plan;

namespace {

DataType not_null(DataType t) {
    return t.with_nullable(false);
}

/// Digits of an exact number as an unscaled 128-bit value; nothing above 38 digits.
std::optional<Int128> unscaled(std::string_view text) {
    Int128 v = 0;
    int digits = 0;
    bool negative = false;
    for (const char c : text) {
        if (c == '-') negative = true;
        if (c < '0' || c > '9') continue;
        if (v != 0 || c != '0') ++digits;
        if (digits > 38) return std::nullopt;
        v = v * 10 + (c - '0');
    }
    return negative ? -v : v;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Int128 power_of_ten(int n) {
    Int128 v = 1;
    for (int i = 0; i < n; ++i) v *= 10;
    return v;
}

/// A number literal in another numeric type, if that loses nothing.
std::optional<Value> number_as(const Expr& e, const DataType& to) {
    const DataType& from = e.type;
    if (from.is_integer() && to.is_integer()) return e.value;
    const bool approximate = to.kind == TypeKind::double_ || to.kind == TypeKind::float_;
    if (from.is_integer() && approximate) return Value::of(static_cast<double>(e.value.integer()));
    if (from.is_integer() && to.kind == TypeKind::decimal && to.precision - to.scale >= 19) {
        return Value::of(static_cast<Int128>(e.value.integer()) * power_of_ten(to.scale));
    }
    if (from.is_integer() && to.kind == TypeKind::decimal) {
        const std::string digits = std::to_string(e.value.integer());
        if (static_cast<int>(digits.size()) > to.precision - to.scale) return std::nullopt;
        return Value::of(static_cast<Int128>(e.value.integer()) * power_of_ten(to.scale));
    }
    if (from.kind == TypeKind::decimal && to.kind == TypeKind::decimal && to.scale >= from.scale &&
        to.precision - to.scale >= from.precision - from.scale) {
        return Value::of(e.value.decimal() * power_of_ten(to.scale - from.scale));
    }
    if (from.kind == TypeKind::decimal && approximate) {
        return Value::of(std::strtod(decimal_to_string(e.value.decimal(), from.scale).c_str(), nullptr));
    }
    if (from.kind == TypeKind::double_ && approximate) return e.value;
    return std::nullopt;
}

/// Text stays as it is where the new type is only wider.
bool same_text(const DataType& from, const DataType& to) {
    if (from.kind != to.kind || (from.kind != TypeKind::string && from.kind != TypeKind::bytes)) return false;
    if (to.precision == 0) return true;
    return !to.fixed_length && from.precision != 0 && from.precision <= to.precision;
}

}  // namespace

bool is_larger_than(const Expr& e, int& budget) {
    if (--budget < 0) return true;
    return std::ranges::any_of(e.args, [&](const ExprPtr& a) { return is_larger_than(*a, budget); });
}

bool Binder::may_repeat(const ExprPtr& e, Span span) {
    int budget = kRepeatedNodes;
    if (!is_larger_than(*e, budget)) return true;
    error(span, code::kLimit, "this expression is too large to be used more than once", {},
          "compute it in a subquery and refer to its column");
    return false;
}

ExprPtr implicit_cast(const ExprPtr& e, const DataType& type) {
    if (e->type.same_as(type)) return e;
    const auto relabelled = [&](Value v) {
        Expr copy = *e;
        copy.value = std::move(v);
        copy.type = type.with_nullable(e->type.nullable);
        return std::make_shared<const Expr>(std::move(copy));
    };
    if (e->kind == ExprKind::literal) {
        if (e->value.is_null()) return literal(type.with_nullable(true), Value::null());
        if (same_text(e->type, type)) return relabelled(e->value);
        if (e->type.is_numeric() && type.is_numeric()) {
            if (auto v = number_as(*e, type)) return relabelled(std::move(*v));
        }
        if (e->type.kind == type.kind && type.is_timestamp() && type.precision >= e->type.precision) {
            return relabelled(Value::of(e->value.integer() * (type.time_unit() / e->type.time_unit())));
        }
    }
    if (same_text(e->type, type)) return e;
    return cast(e, type);
}

ExprPtr replace_inputs(const ExprPtr& e, const std::function<ExprPtr(const ExprPtr&)>& f) {
    if (e->kind == ExprKind::input) return f(e);
    bool changed = false;
    std::vector<ExprPtr> args;
    for (const ExprPtr& a : e->args) {
        args.push_back(replace_inputs(a, f));
        if (!args.back()) return nullptr;
        changed = changed || args.back() != a;
    }
    if (!changed) return e;
    Expr copy = *e;
    copy.args = std::move(args);
    return std::make_shared<const Expr>(std::move(copy));
}

std::string column_list(const Relation& relation, std::size_t most) {
    std::string out;
    std::size_t shown = 0;
    for (const ScopeColumn& c : relation.columns) {
        if (c.hidden) continue;
        if (++shown > most) return out + ", …";
        out += (out.empty() ? "" : ", ") + c.name;
    }
    return out;
}

ExprPtr Binder::at(ExprPtr expr, Span span) const {
    if (!expr) return expr;
    const Place p = file_->place(span.begin);
    if (expr->line == p.line && expr->column == p.col) return expr;
    Expr copy = *expr;
    copy.line = p.line;
    copy.column = p.col;
    return std::make_shared<const Expr>(std::move(copy));
}

ExprPtr Binder::bind(const ast::Expr& e, const Context& context) {
    using K = ast::ExprKind;
    switch (e.kind) {
        case K::number:
            return at(bind_number(e), e.span);
        case K::string: {
            DataType t = not_null(DataType::string());
            const std::size_t n = characters(e.text);
            if (n > 0 && n <= 32767) {
                t.precision = static_cast<std::int16_t>(n);
                t.fixed_length = true;
            }
            return at(literal(t, Value::of(e.text)), e.span);
        }
        case K::bytes:
            return at(literal(not_null(DataType::bytes()), Value::of(e.text)), e.span);
        case K::boolean_:
            return at(literal(not_null(DataType::boolean()), Value::of(e.flag)), e.span);
        case K::null:
            return at(literal(DataType::null_type(), Value::null()), e.span);
        case K::date_time:
            return at(bind_date_time(e), e.span);
        case K::interval:
            return at(
                literal(not_null(DataType::of(e.flag ? TypeKind::interval_month : TypeKind::interval_day)),
                        Value::of(e.value)),
                e.span);
        case K::name:
            return bind_name(e, context);
        case K::call:
            return bind_call(e, context);
        case K::field: {
            ExprPtr base = bind(*e.args[0], context);
            if (!base) return nullptr;
            const ast::Path path{
                {e.text, {e.span.end - static_cast<std::uint32_t>(e.text.size()), e.span.end}}};
            return at(bind_fields(base, path, 0), e.span);
        }
        case K::cast:
            return bind_cast(e, context);
        case K::star:
            error(e.span, code::kMisplaced, "* stands for all columns; it cannot be part of an expression",
                  {}, "COUNT(*) counts rows");
            return nullptr;
        case K::in_query:
        case K::exists:
            return bind_membership(e, context);
        case K::scalar:
            return bind_subquery_value(e, context);
        case K::quantified:
            not_yet(e.span, fmt::format("{} with ANY or ALL of a query is", e.function),
                    "compare with its extreme: x > (SELECT MAX(y) FROM …); = ANY and <> ALL work");
            return nullptr;
        case K::descriptor:
        case K::table_arg:
            error(e.span, code::kMisplaced, "TABLE and DESCRIPTOR are arguments of window functions in FROM");
            return nullptr;
        case K::unsupported:
            not_yet(e.span, e.text + " is");
            return nullptr;
    }
    return nullptr;
}

ExprPtr Binder::bind_condition(const ast::Expr& e, const Context& context) {
    ExprPtr c = bind(e, context);
    if (!c) return nullptr;
    if (c->type.kind == TypeKind::null) return literal(DataType::boolean(), Value::null());
    if (c->type.kind != TypeKind::boolean) {
        error(e.span, code::kType,
              fmt::format("{} takes a condition, this is {}", context.place, c->type.to_string()), {},
              "compare it with something, or use IS NOT NULL");
        return nullptr;
    }
    return c;
}

ExprPtr Binder::bind_number(const ast::Expr& e) {
    const std::string& text = e.text;
    if (text.find_first_of("eE") != std::string::npos) {
        const double v = std::strtod(text.c_str(), nullptr);
        return literal(not_null(DataType::double_type()), Value::of(v));
    }
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos) {
        std::int64_t v = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), v);
        if (failed == std::errc{}) {
            const bool small = v >= INT32_MIN && v <= INT32_MAX;
            return literal(not_null(small ? DataType::integer() : DataType::bigint()), Value::of(v));
        }
    }
    // As Calcite counts: 0.908 has four digits, three of them behind the point.
    const bool negative = text.starts_with('-');
    const std::size_t written = text.size() - (negative ? 1 : 0);
    const std::size_t scale = dot == std::string::npos ? 0 : text.size() - dot - 1;
    const std::size_t digits = written - (dot == std::string::npos ? 0 : 1);
    const auto v = unscaled(text);
    if (!v || digits > 38) {
        error(e.span, code::kType, "a number has at most 38 digits", {}, "write 1e40 for a DOUBLE");
        return nullptr;
    }
    const auto precision = static_cast<int>(std::max<std::size_t>(1, digits));
    return literal(not_null(DataType::decimal(precision, static_cast<int>(scale))), Value::of(*v));
}

ExprPtr Binder::bind_date_time(const ast::Expr& e) {
    const auto parsed = parse_date_time(e.function, e.text);
    if (!parsed) {
        error(e.span, code::kType, parsed.error().message, {},
              "formats are DATE '2024-01-31', TIME '10:00:00', TIMESTAMP '2024-01-31 10:00:00.123'");
        return nullptr;
    }
    return literal(not_null(parsed->type), Value::of(parsed->value));
}

/// The column a path starts with, and how many of its names that takes; -1 if none.
int Binder::find_column(const Relation& relation, const ast::Path& path, std::size_t& used,
                        bool& ambiguous) const {
    const auto search = [&](const std::string* table, const std::string& column) {
        int found = -1;
        for (std::size_t i = 0; i < relation.columns.size(); ++i) {
            const ScopeColumn& c = relation.columns[i];
            if (c.name != column || (table != nullptr && c.table != *table) ||
                (table == nullptr && c.hidden)) {
                continue;
            }
            if (found >= 0) ambiguous = true;
            found = static_cast<int>(i);
        }
        return found;
    };
    if (path.size() >= 2) {
        const int qualified = search(&path[0].text, path[1].text);
        if (qualified >= 0) {
            used = 2;
            return qualified;
        }
    }
    used = 1;
    return search(nullptr, path[0].text);
}

void Binder::unknown_column(const ast::Path& path, const Context& context) {
    // After very many mistakes there is nothing to be gained by more advice.
    if (diagnostics_.errors() > kAdviceLimit)
        return error(path[0].span, code::kUnknownColumn, "unknown column");
    const ast::Name& first = path[0];
    std::vector<std::string> names;
    std::set<std::string> qualifiers;
    if (context.input != nullptr) {
        for (const ScopeColumn& c : context.input->columns) {
            if (!c.hidden) names.push_back(c.name);
            if (!c.table.empty()) qualifiers.insert(c.table);
        }
    }
    const bool qualified = path.size() > 1 && qualifiers.contains(first.text);
    const ast::Name& wanted = qualified ? path[1] : first;
    std::vector<std::string> of_qualifier;
    if (qualified) {
        for (const ScopeColumn& c : context.input->columns) {
            if (c.table == first.text) of_qualifier.push_back(c.name);
        }
        names = of_qualifier;
    }
    std::string where;
    if (qualified) {
        where = fmt::format(" in \"{}\"", first.text);
    } else if (qualifiers.size() == 1) {
        where = fmt::format(" in \"{}\"", *qualifiers.begin());
    }
    if (names.empty()) {
        error(wanted.span, code::kUnknownColumn,
              fmt::format("column \"{}\" not found: there are no columns here", wanted.text));
        return;
    }
    if (!qualified && path.size() > 1) {
        std::string note;
        const std::vector<std::string> all(qualifiers.begin(), qualifiers.end());
        if (const auto near = nearest_name(first.text, all))
            note = fmt::format("did you mean \"{}\"?", *near);
        std::string list;
        for (const std::string& q : all) list += (list.empty() ? "" : ", ") + q;
        error(first.span, code::kUnknownColumn,
              fmt::format("there is no table or ROW column \"{}\" here", first.text), note,
              list.empty() ? "" : "tables here are " + list);
        return;
    }
    std::string note;
    if (const auto near = nearest_name(wanted.text, names)) note = fmt::format("did you mean \"{}\"?", *near);
    std::string list;
    for (std::size_t i = 0; i < names.size() && i < 12; ++i) list += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > 12) list += ", …";
    error(wanted.span, code::kUnknownColumn, fmt::format("column \"{}\" not found{}", wanted.text, where),
          note, "columns are " + list);
}

ExprPtr Binder::bind_name(const ast::Expr& e, const Context& context) {
    std::size_t used = 0;
    bool ambiguous = false;
    int column = context.input != nullptr ? find_column(*context.input, e.path, used, ambiguous) : -1;
    if (column >= 0) {
        if (ambiguous) {
            std::string choices;
            for (const ScopeColumn& c : context.input->columns) {
                if (c.name == e.path[used - 1].text && !c.table.empty()) {
                    choices += (choices.empty() ? "" : " or ") + c.table + "." + c.name;
                }
            }
            error(e.path[0].span, code::kAmbiguous,
                  fmt::format("column \"{}\" is ambiguous", e.path[used - 1].text), {},
                  choices.empty() ? "give the columns different names with AS" : "write " + choices);
            return nullptr;
        }
        const auto i = static_cast<std::size_t>(column);
        return bind_fields(at(input(column, context.input->node->schema[i].type), e.span), e.path, used);
    }
    if (context.outer != nullptr) {
        column = find_column(*context.outer, e.path, used, ambiguous);
        if (column >= 0 && !ambiguous) {
            const auto i = static_cast<std::size_t>(column);
            return bind_fields(at(input(kOuter + column, context.outer->node->schema[i].type), e.span),
                               e.path, used);
        }
    }
    unknown_column(e.path, context);
    return nullptr;
}

ExprPtr Binder::bind_fields(ExprPtr base, const ast::Path& path, std::size_t from) {
    for (std::size_t i = from; i < path.size(); ++i) {
        const ast::Name& n = path[i];
        if (base->type.kind != TypeKind::row) {
            error(n.span, code::kType,
                  fmt::format("\"{}\" is no field: what stands before it is {}, not a ROW", n.text,
                              base->type.to_string()),
                  {}, base->type.kind == TypeKind::map ? "read a MAP with ['key']" : "");
            return nullptr;
        }
        int index = -1;
        std::vector<std::string> names;
        for (std::size_t f = 0; f < base->type.children->size(); ++f) {
            names.push_back(base->type.child(f).name);
            if (names.back() == n.text) index = static_cast<int>(f);
        }
        if (index < 0) {
            std::string note;
            if (const auto near = nearest_name(n.text, names))
                note = fmt::format("did you mean \"{}\"?", *near);
            std::string list;
            for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
            error(n.span, code::kUnknownColumn, fmt::format("field \"{}\" not found", n.text), note,
                  "fields are " + list);
            return nullptr;
        }
        base = field(std::move(base), index);
    }
    return base;
}

ExprPtr Binder::bind_cast(const ast::Expr& e, const Context& context) {
    ExprPtr arg = bind(*e.args[0], context);
    if (!arg) return nullptr;
    if (!can_cast(arg->type, e.type)) {
        error(e.span, code::kType,
              fmt::format("{} cannot be cast to {}", arg->type.to_string(), e.type.to_string()));
        return nullptr;
    }
    const DataType type = e.type.with_nullable(arg->type.nullable || e.function == "TRY_CAST");
    if (arg->kind == ExprKind::literal) {
        ExprPtr folded = implicit_cast(arg, type);
        if (folded->kind == ExprKind::literal) return at(folded, e.span);
    }
    // A cast to its own type keeps a call: it takes the time attribute away, as in Flink.
    const bool keeps_attribute = arg->kind == ExprKind::input && arg->type.is_timestamp();
    if (arg->type.same_as(type) && !keeps_attribute) return arg;
    return at(call(e.function, {arg}, type), e.span);
}

}  // namespace mr::sql
