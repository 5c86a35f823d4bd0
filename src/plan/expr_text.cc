// How expressions read: for EXPLAIN, messages and fingerprints. The text is part of every fingerprint, so a
// change here renames state; node_text.cc holds the version.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "plan/expr.h"

namespace mr::plan {
namespace {

std::string quoted(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        out += c;
        if (c == quote) out += c;
    }
    return out + quote;
}

std::string literal_text(const Expr& e) {
    if (e.value.is_null()) {
        return e.type.kind == TypeKind::null ? "NULL"
                                             : fmt::format("NULL:{}", e.type.with_nullable(true).to_string());
    }
    switch (e.type.kind) {
        case TypeKind::string:
            return quoted(e.value.text(), '\'');
        case TypeKind::date:
            return "DATE '" + to_string(e.value, e.type) + "'";
        case TypeKind::time:
            return "TIME '" + to_string(e.value, e.type) + "'";
        case TypeKind::timestamp:
            return "TIMESTAMP '" + to_string(e.value, e.type) + "'";
        case TypeKind::timestamp_ltz:
            return "TIMESTAMP_LTZ '" + to_string(e.value, e.type) + "'";
        case TypeKind::interval_month:
            return fmt::format("INTERVAL {} MONTH", e.value.integer());
        case TypeKind::interval_day:
            return fmt::format("INTERVAL {} MILLISECOND", e.value.integer());
        default:
            return to_string(e.value, e.type);
    }
}

bool is_infix(std::string_view function) {
    static constexpr std::array<std::string_view, 19> kInfix = {"+",
                                                                "-",
                                                                "*",
                                                                "/",
                                                                "%",
                                                                "=",
                                                                "<>",
                                                                "<",
                                                                "<=",
                                                                ">",
                                                                ">=",
                                                                "||",
                                                                "AND",
                                                                "OR",
                                                                "LIKE",
                                                                "SIMILAR TO",
                                                                "IS DISTINCT FROM",
                                                                "IS NOT DISTINCT FROM",
                                                                "NOT LIKE"};
    return std::ranges::find(kInfix, function) != kInfix.end();
}

std::string text(const Expr& e, const Schema* schema, bool nested);

std::string arguments(const Expr& e, const Schema* schema, std::size_t from = 0) {
    std::string out;
    for (std::size_t i = from; i < e.args.size(); ++i) {
        if (i > from) out += ", ";
        out += text(*e.args[i], schema, false);
    }
    return out;
}

std::string case_text(const Expr& e, const Schema* schema) {
    std::string out = "CASE";
    std::size_t i = 0;
    for (; i + 1 < e.args.size(); i += 2) {
        out += fmt::format(" WHEN {} THEN {}", text(*e.args[i], schema, false),
                           text(*e.args[i + 1], schema, false));
    }
    if (i < e.args.size()) out += " ELSE " + text(*e.args[i], schema, false);
    return out + " END";
}

std::string call_text(const Expr& e, const Schema* schema, bool nested) {
    const std::string& f = e.function;
    const auto wrap = [nested](std::string s) { return nested ? "(" + std::move(s) + ")" : s; };
    if (f == "CASE") return case_text(e, schema);
    if ((f == "CAST" || f == "TRY_CAST") && e.args.size() == 1) {
        return fmt::format("{}({} AS {})", f, text(*e.args[0], schema, false),
                           e.type.with_nullable(true).to_string());
    }
    if (is_infix(f) && e.args.size() == 2) {
        return wrap(
            fmt::format("{} {} {}", text(*e.args[0], schema, true), f, text(*e.args[1], schema, true)));
    }
    if (e.args.size() == 1 && f.starts_with("IS ")) {
        return wrap(fmt::format("{} {}", text(*e.args[0], schema, true), f));
    }
    if (e.args.size() == 1 && f == "NOT") return wrap("NOT " + text(*e.args[0], schema, true));
    if (e.args.size() == 1 && f == "-") return wrap("-" + text(*e.args[0], schema, true));
    if (f == "IN" && !e.args.empty()) {
        return wrap(fmt::format("{} IN ({})", text(*e.args[0], schema, true), arguments(e, schema, 1)));
    }
    if (f == "ITEM" && e.args.size() == 2) {
        return fmt::format("{}[{}]", text(*e.args[0], schema, true), text(*e.args[1], schema, false));
    }
    if (f == "ARRAY" || f == "MAP") return fmt::format("{}[{}]", f, arguments(e, schema));
    return fmt::format("{}({})", f, arguments(e, schema));
}

std::string text(const Expr& e, const Schema* schema, bool nested) {
    switch (e.kind) {
        case ExprKind::literal:
            return literal_text(e);
        case ExprKind::input:
            if (schema && e.index >= 0 && static_cast<std::size_t>(e.index) < schema->size()) {
                return quoted((*schema)[static_cast<std::size_t>(e.index)].name, '`');
            }
            return fmt::format("${}", e.index);
        case ExprKind::field:
            return fmt::format("{}.{}", text(*e.args[0], schema, true),
                               quoted(e.args[0]->type.child(static_cast<std::size_t>(e.index)).name, '`'));
        case ExprKind::call:
            return call_text(e, schema, nested);
    }
    return "?";
}

}  // namespace

std::string to_string(const Expr& expr, const Schema* schema) {
    return text(expr, schema, false);
}

}  // namespace mr::plan
