// Calls, and the syntax that is a call in disguise: CASE, CAST, EXTRACT, TRIM, JSON_VALUE …, intervals, OVER.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sql/internal/interval.h"
#include "sql/internal/parser_nesting.h"

namespace mr::sql {

using namespace ast;

namespace {

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

template <class... Args>
std::vector<ExprPtr> pack(Args... args) {
    std::vector<ExprPtr> out;
    (out.push_back(std::move(args)), ...);
    return out;
}

constexpr std::array<std::string_view, 20> kUnits = {
    "YEAR",   "QUARTER",     "MONTH",       "WEEK",       "DAY",        "HOUR",     "MINUTE",
    "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND", "DOW",        "ISODOW",   "DOY",
    "EPOCH",  "ISOYEAR",     "DECADE",      "CENTURY",    "MILLENNIUM", "MILLENIUM"};

}  // namespace

/// A unit (HOUR, …) where grammar asks for one; plural and SQL_TSI_ forms too.
ExprPtr Parser::time_unit(std::string_view function) {
    const Token t = peek();
    std::string unit = t.upper;
    if (unit.starts_with("SQL_TSI_")) unit = unit.substr(8);
    if (unit.ends_with("S") && std::ranges::find(kUnits, unit) == kUnits.end()) unit.pop_back();
    if (t.kind != TokenKind::word || std::ranges::find(kUnits, unit) == kUnits.end()) {
        expected(fmt::format("a unit of {} (YEAR, MONTH, DAY, HOUR, MINUTE, SECOND …)", function));
        return make(ExprKind::null, t.span);
    }
    advance();
    return make_string(unit, t.span);
}

ExprPtr Parser::case_expression() {
    const std::uint32_t begin = here();
    expect_word("CASE");
    std::vector<ExprPtr> args;
    const bool simple = !at_word("WHEN");
    if (simple) args.push_back(expression());
    while (accept_word("WHEN")) {
        args.push_back(expression());
        expect_word("THEN");
        args.push_back(expression());
    }
    if (args.size() < 2) expected("WHEN");
    if (accept_word("ELSE")) {
        args.push_back(expression());
    } else {
        args.push_back(make(ExprKind::null, peek().span));
    }
    expect_word("END");
    return make_call(simple ? "CASE SIMPLE" : "CASE", std::move(args), since(begin));
}

ExprPtr Parser::cast_expression() {
    const std::uint32_t begin = here();
    const Token function = advance();
    expect_symbol("(");
    ExprPtr inner = expression();
    expect_word("AS");
    ExprPtr e = make(ExprKind::cast, {});
    if (auto t = type()) e->type = std::move(*t);
    expect_symbol(")");
    e->function = function.upper;
    e->args = pack(std::move(inner));
    e->span = since(begin);
    return grown(std::move(e));
}

ExprPtr Parser::interval_literal() {
    const std::uint32_t begin = here();
    expect_word("INTERVAL");
    bool negative = false;
    while (at_symbol("-") || at_symbol("+")) {
        if (advance().text == "-") negative = !negative;
    }
    const Name text = string_literal("the interval in quotes, such as INTERVAL '5' MINUTE");
    const auto unit = [&]() -> std::string {
        ExprPtr u = time_unit("an interval");
        if (accept_symbol("(")) {  // precision: DAY(3), SECOND(2, 3)
            advance();
            if (accept_symbol(",")) advance();
            expect_symbol(")");
        }
        return u->text;
    };
    const std::string from = unit();
    std::string to = from;
    if (accept_word("TO")) to = unit();
    ExprPtr e = make(ExprKind::interval, since(begin));
    if (failed_) return e;
    const auto parsed = parse_interval(text.text, from, to);
    if (!parsed) {
        fail_at(e->span, parsed.error().message,
                "examples: INTERVAL '5' MINUTE, INTERVAL '1 02:30' DAY TO MINUTE");
        return e;
    }
    e->flag = parsed->months;
    e->value = negative ? -parsed->value : parsed->value;
    e->text = text.text;
    return e;
}

ExprPtr Parser::date_time_literal() {
    const Token kind = advance();
    const Token text = advance();
    ExprPtr e = make(ExprKind::date_time, join(kind.span, text.span));
    e->function = kind.upper;
    e->text = text.text;
    return e;
}

/// One argument: an expression, TABLE t, DESCRIPTOR(c), a query, or name => one of them.
ExprPtr Parser::argument() {
    const std::uint32_t begin = here();
    if (at_word("TABLE")) {
        advance();
        ExprPtr e = make(ExprKind::table_arg, {});
        if (accept_symbol("(")) {
            e->query = query();
            expect_symbol(")");
        } else {
            e->path = path("a table's name");
        }
        e->span = since(begin);
        if (accept_words("PARTITION", "BY")) {
            const bool parentheses = accept_symbol("(");
            do {
                e->args.push_back(parentheses || !at_symbol("(") ? postfix() : expression());
                // PARTITION BY a, DESCRIPTOR(…): the list ends where the next argument starts.
                if (!parentheses && at_symbol(",") && (at_word("DESCRIPTOR", 1) || at_symbol("=>", 2))) break;
            } while (accept_symbol(","));
            if (parentheses) expect_symbol(")");
        }
        if (accept_words("ORDER", "BY")) e->order = order_by();
        return grown(std::move(e));
    }
    if (at_word("DESCRIPTOR") && at_symbol("(", 1)) {
        advance();
        advance();
        ExprPtr e = make(ExprKind::descriptor, {});
        do {
            e->args.push_back(postfix());
        } while (accept_symbol(","));
        expect_symbol(")");
        e->span = since(begin);
        return grown(std::move(e));
    }
    return expression();
}

void Parser::call_arguments(Expr& call) {
    if (at_symbol("*") && at_symbol(")", 1)) {
        advance();
        call.star_argument = true;
        return;
    }
    if (accept_word("DISTINCT")) {
        call.distinct = true;
    } else {
        accept_word("ALL");
    }
    if (at_symbol(")")) return;
    do {
        Name argument_name;
        if ((peek().kind == TokenKind::word || peek().kind == TokenKind::quoted_name) && at_symbol("=>", 1)) {
            const Token t = advance();
            advance();
            argument_name = {upper(t.text), t.span};
        }
        call.args.push_back(argument());
        call.arg_names.push_back(std::move(argument_name));
    } while (accept_symbol(","));
    if (accept_words("ORDER", "BY")) call.order = order_by();
    if (accept_words("IGNORE", "NULLS")) call.ignore_nulls = true;
    accept_words("RESPECT", "NULLS");
}

/// What may follow a call's parentheses: WITHIN GROUP, FILTER, IGNORE NULLS, OVER.
void Parser::call_suffixes(Expr& call) {
    if (accept_words("WITHIN", "GROUP")) {
        expect_symbol("(");
        expect_word("ORDER");
        expect_word("BY");
        call.order = order_by();
        expect_symbol(")");
    }
    if (accept_words("IGNORE", "NULLS")) call.ignore_nulls = true;
    accept_words("RESPECT", "NULLS");
    if (at_word("FILTER") && at_symbol("(", 1)) {
        advance();
        advance();
        expect_word("WHERE");
        call.filter = expression();
        expect_symbol(")");
    }
    if (accept_words("IGNORE", "NULLS")) call.ignore_nulls = true;
    if (accept_word("OVER")) {
        if (at_symbol("(")) {
            call.over = window_spec();
        } else {
            call.over = std::make_unique<WindowSpec>();
            call.over->base = name("a window's name or \"(\"");
            call.over->span = call.over->base->span;
        }
    }
}

ExprPtr Parser::call(Path path, std::uint32_t begin) {
    const bool quoted = file_->text(path.back().span).starts_with("`");
    const std::string function = upper(path.back().text);
    if (path.size() == 1 && !quoted) {
        if (ExprPtr special = special_call(function, begin)) return special;
    }
    ExprPtr e = make(ExprKind::call, {});
    e->function = function;
    e->quoted_function = quoted;
    e->path = std::move(path);
    expect_symbol("(");
    call_arguments(*e);
    expect_symbol(")");
    call_suffixes(*e);
    e->span = since(begin);
    return grown(std::move(e));
}

/// Functions with a grammar of their own; nullptr where the call is an ordinary one. The "(" is not read yet.
ExprPtr Parser::special_call(const std::string& function, std::uint32_t begin) {
    if (function == "EXTRACT") {
        advance();
        ExprPtr unit = time_unit("EXTRACT");
        expect_word("FROM");
        ExprPtr x = expression();
        expect_symbol(")");
        return make_call(function, pack(std::move(unit), std::move(x)), since(begin));
    }
    if (function == "TIMESTAMPDIFF" || function == "TIMESTAMPADD") {
        advance();
        ExprPtr unit = time_unit(function);
        expect_symbol(",");
        ExprPtr a = expression();
        expect_symbol(",");
        ExprPtr b = expression();
        expect_symbol(")");
        return make_call(function, pack(std::move(unit), std::move(a), std::move(b)), since(begin));
    }
    if (function == "FLOOR" || function == "CEIL" || function == "CEILING") {
        advance();
        const std::string name = function == "FLOOR" ? "FLOOR" : "CEIL";
        ExprPtr x = expression();
        if (accept_word("TO")) {
            ExprPtr unit = time_unit(function);
            expect_symbol(")");
            return make_call(name, pack(std::move(x), std::move(unit)), since(begin));
        }
        std::vector<ExprPtr> args = pack(std::move(x));
        while (accept_symbol(",")) args.push_back(expression());
        expect_symbol(")");
        return make_call(name, std::move(args), since(begin));
    }
    if (function == "TRIM") return trim_call(begin);
    if (function == "POSITION") {
        advance();
        ExprPtr needle = additive();
        if (!accept_word("IN")) expect_symbol(",");
        ExprPtr hay = expression();
        expect_symbol(")");
        return make_call(function, pack(std::move(needle), std::move(hay)), since(begin));
    }
    if (function == "SUBSTRING" || function == "OVERLAY") {
        advance();
        std::vector<ExprPtr> args = pack(expression());
        if (function == "OVERLAY" && accept_word("PLACING")) args.push_back(expression());
        if (accept_word("FROM")) {
            args.push_back(expression());
            if (accept_word("FOR")) args.push_back(expression());
        } else {
            while (accept_symbol(",")) args.push_back(expression());
        }
        expect_symbol(")");
        return make_call(function, std::move(args), since(begin));
    }
    if (function == "JSON_VALUE" || function == "JSON_QUERY" || function == "JSON_EXISTS") {
        return json_call(function, begin);
    }
    if (function == "JSON_OBJECT" || function == "JSON_ARRAY" || function == "JSON_OBJECTAGG" ||
        function == "JSON_ARRAYAGG") {
        return json_constructor(function, begin);
    }
    return nullptr;
}

ExprPtr Parser::trim_call(std::uint32_t begin) {
    expect_symbol("(");
    std::string side = "BOTH";
    bool named = false;
    for (const char* s : {"BOTH", "LEADING", "TRAILING"}) {
        if (!named && at_word(s) && !at_symbol(")", 1) && !at_symbol(",", 1) && !at_symbol(".", 1)) {
            side = s;
            named = true;
            advance();
        }
    }
    const Span at = peek().span;
    if (named && accept_word("FROM")) {
        ExprPtr x = expression();
        expect_symbol(")");
        return make_call("TRIM", pack(make_string(side, at), make_string(" ", at), std::move(x)),
                         since(begin));
    }
    ExprPtr first = expression();
    if (accept_word("FROM")) {
        ExprPtr x = expression();
        expect_symbol(")");
        return make_call("TRIM", pack(make_string(side, at), std::move(first), std::move(x)), since(begin));
    }
    expect_symbol(")");
    if (named)
        return make_call("TRIM", pack(make_string(side, at), make_string(" ", at), std::move(first)),
                         since(begin));
    return make_call("TRIM", pack(std::move(first)), since(begin));
}

/// "NULL ON EMPTY", "DEFAULT x ON ERROR": behaviour and default, if the text goes on with one for `event`.
std::pair<std::string, ExprPtr> Parser::json_behaviour(std::string_view event) {
    const std::size_t start = at_;
    std::string how;
    ExprPtr value;
    if (accept_words("EMPTY", "ARRAY")) {
        how = "EMPTY ARRAY";
    } else if (accept_words("EMPTY", "OBJECT")) {
        how = "EMPTY OBJECT";
    } else if (at_word("NULL") || at_word("ERROR") || at_word("TRUE") || at_word("FALSE") ||
               at_word("UNKNOWN")) {
        how = advance().upper;
    } else if (accept_word("DEFAULT")) {
        how = "DEFAULT";
        value = additive();
    } else {
        return {};
    }
    if (at_word("ON") && at_word(event, 1)) {
        advance();
        advance();
        return {how, std::move(value)};
    }
    if (!failed_) at_ = start;
    return {};
}

ExprPtr Parser::json_call(const std::string& function, std::uint32_t begin) {
    expect_symbol("(");
    std::vector<ExprPtr> args = pack(expression());
    expect_symbol(",");
    args.push_back(expression());
    ExprPtr e = make(ExprKind::call, {});
    e->function = function;
    if (accept_word("RETURNING")) {
        if (auto t = type()) e->type = std::move(*t);
        e->flag = true;  // `type` holds RETURNING's
    }
    const Span at = peek().span;
    std::string wrapper;
    if (function == "JSON_QUERY" && (at_word("WITH") || at_word("WITHOUT"))) {
        wrapper = advance().upper == "WITH" ? "UNCONDITIONAL" : "WITHOUT";
        if (accept_word("CONDITIONAL")) {
            wrapper = "CONDITIONAL";
        } else {
            accept_word("UNCONDITIONAL");
        }
        accept_word("ARRAY");
        expect_word("WRAPPER");
    }
    auto empty = json_behaviour("EMPTY");
    auto error = json_behaviour("ERROR");
    const auto text = [&](const std::string& s, const char* fallback) {
        return make_string(s.empty() ? fallback : s, at);
    };
    const auto value = [&](ExprPtr v) { return v ? std::move(v) : make(ExprKind::null, at); };
    const bool said = !empty.first.empty() || !error.first.empty() || !wrapper.empty();
    if (function == "JSON_EXISTS") {
        if (!error.first.empty()) args.push_back(text(error.first, "FALSE"));
    } else if (said && function == "JSON_VALUE") {
        args.push_back(text(empty.first, "NULL"));
        args.push_back(value(std::move(empty.second)));
        args.push_back(text(error.first, "NULL"));
        args.push_back(value(std::move(error.second)));
    } else if (said) {
        args.push_back(text(wrapper, "WITHOUT"));
        args.push_back(text(empty.first, "NULL"));
        args.push_back(text(error.first, "NULL"));
    }
    expect_symbol(")");
    e->args = std::move(args);
    e->span = since(begin);
    return grown(std::move(e));
}

ExprPtr Parser::json_constructor(const std::string& function, std::uint32_t begin) {
    expect_symbol("(");
    const bool object = function.starts_with("JSON_OBJECT");
    std::vector<ExprPtr> args;
    const Span at = peek().span;
    const bool empty = at_symbol(")") || ((at_word("NULL") || at_word("ABSENT")) && at_word("ON", 1));
    if (!empty) {
        do {
            const bool key = object && accept_word("KEY");
            args.push_back(expression());
            if (object) {
                if (!accept_word("VALUE") && !accept_symbol(":")) expect_symbol(key ? "VALUE" : ",");
                args.push_back(expression());
            }
        } while (accept_symbol(","));
    }
    std::string nulls = object ? "NULL" : "ABSENT";
    if ((at_word("NULL") || at_word("ABSENT")) && at_word("ON", 1)) {
        nulls = advance().upper;
        advance();
        expect_word("NULL");
    }
    expect_symbol(")");
    args.insert(args.begin(), make_string(nulls, at));
    ExprPtr e = make_call(function, std::move(args), since(begin));
    call_suffixes(*e);
    e->span = since(begin);
    return grown(std::move(e));
}

std::unique_ptr<WindowSpec> Parser::window_spec() {
    auto out = std::make_unique<WindowSpec>();
    const std::uint32_t begin = here();
    expect_symbol("(");
    if (at_name() && !at_word("ROWS") && !at_word("RANGE")) out->base = name("a window's name");
    if (accept_words("PARTITION", "BY")) {
        do {
            out->partition.push_back(expression());
        } while (accept_symbol(","));
    }
    if (accept_words("ORDER", "BY")) out->order = order_by();
    if (at_word("ROWS") || at_word("RANGE")) out->frame = frame();
    expect_symbol(")");
    out->span = since(begin);
    return out;
}

Frame Parser::frame() {
    Frame out;
    const std::uint32_t begin = here();
    out.range = advance().upper == "RANGE";
    if (accept_word("BETWEEN")) {
        out.start = frame_bound();
        expect_word("AND");
        out.end = frame_bound();
    } else {
        out.start = frame_bound();
        out.end.kind = BoundKind::current_row;
    }
    out.span = since(begin);
    return out;
}

FrameBound Parser::frame_bound() {
    FrameBound out;
    if (accept_words("CURRENT", "ROW")) return out;
    if (accept_word("UNBOUNDED")) {
        out.kind = BoundKind::unbounded_preceding;
        if (!accept_word("PRECEDING")) {
            expect_word("FOLLOWING");
            out.kind = BoundKind::unbounded_following;
        }
        return out;
    }
    out.offset = additive();
    out.kind = BoundKind::preceding;
    if (!accept_word("PRECEDING")) {
        expect_word("FOLLOWING");
        out.kind = BoundKind::following;
    }
    return out;
}

}  // namespace mr::sql
