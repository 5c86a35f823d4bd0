#include "sql/internal/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mr::sql {

using namespace ast;

bool is_reserved(std::string_view upper) {
    // Words the grammar needs to tell where a name ends. Flink reserves more (VALUE, DAY, …); back quotes
    // always work.
    static constexpr std::array<std::string_view, 68> kReserved = {
        "ALL",       "AND",   "ANY",    "ARRAY",     "AS",        "BETWEEN", "BY",     "CASE",     "CAST",
        "CREATE",    "CROSS", "CUBE",   "DISTINCT",  "DROP",      "ELSE",    "END",    "EXCEPT",   "EXISTS",
        "EXTRACT",   "FALSE", "FETCH",  "FOR",       "FROM",      "FULL",    "GROUP",  "GROUPING", "HAVING",
        "IN",        "INNER", "INSERT", "INTERSECT", "INTERVAL",  "INTO",    "IS",     "JOIN",     "LATERAL",
        "LEFT",      "LIKE",  "LIMIT",  "MINUS",     "NATURAL",   "NOT",     "NULL",   "OFFSET",   "ON",
        "OR",        "ORDER", "OUTER",  "OVER",      "PARTITION", "QUALIFY", "RIGHT",  "ROLLUP",   "SELECT",
        "SIMILAR",   "TABLE", "THEN",   "TRUE",      "TRY_CAST",  "UNION",   "UNNEST", "USING",    "VALUES",
        "WATERMARK", "WHEN",  "WHERE",  "WINDOW",    "WITH"};
    return std::ranges::find(kReserved, upper) != kReserved.end();
}

Parser::Parser(SourceFilePtr file, Diagnostics& diagnostics)
    : file_(std::move(file)), diagnostics_(diagnostics), tokens_(tokenize(*file_, diagnostics)) {
    end_ = tokens_.back();
}

const Token& Parser::peek(std::size_t ahead) const {
    // After a mistake everything looks like the end, which unwinds the descent without further messages.
    if (failed_ || at_ + ahead >= tokens_.size()) return end_;
    return tokens_[at_ + ahead];
}

bool Parser::at_word(std::string_view keyword, std::size_t ahead) const {
    const Token& t = peek(ahead);
    return t.kind == TokenKind::word && t.upper == keyword;
}

bool Parser::at_symbol(std::string_view symbol, std::size_t ahead) const {
    const Token& t = peek(ahead);
    return t.kind == TokenKind::symbol && t.text == symbol;
}

Token Parser::advance() {
    Token t = peek();
    if (!failed_ && at_ + 1 < tokens_.size()) ++at_;
    return t;
}

bool Parser::accept_word(std::string_view keyword) {
    if (!at_word(keyword)) return false;
    advance();
    return true;
}

bool Parser::accept_words(std::string_view first, std::string_view second) {
    if (!at_word(first) || !at_word(second, 1)) return false;
    advance();
    advance();
    return true;
}

bool Parser::accept_symbol(std::string_view symbol) {
    if (!at_symbol(symbol)) return false;
    advance();
    return true;
}

bool Parser::expect_word(std::string_view keyword) {
    if (accept_word(keyword)) return true;
    expected(keyword);
    return false;
}

bool Parser::expect_symbol(std::string_view symbol) {
    if (accept_symbol(symbol)) return true;
    expected(fmt::format("\"{}\"", symbol));
    return false;
}

void Parser::fail_at(Span span, std::string message, std::string help) {
    if (failed_) return;
    failed_ = true;
    end_.span = {span.begin, span.begin};
    diagnostics_.error(*file_, span, code::kSyntax, {std::move(message), {}, std::move(help)});
}

void Parser::fail(std::string message, std::string help) {
    Span span = peek().span;
    if (span.end <= span.begin) span.end = span.begin + 1;
    fail_at(span, std::move(message), std::move(help));
}

void Parser::expected(std::string_view what) {
    const Token& t = peek();
    std::string help;
    if (t.kind == TokenKind::word && is_reserved(t.upper) && what.find("name") != std::string_view::npos) {
        help = fmt::format("{} is a reserved word: write `{}` to use it as a name", t.upper, t.text);
    }
    if (t.kind == TokenKind::end) {
        fail(fmt::format("expected {}, but the text ends here", what), help);
        return;
    }
    const std::string_view found = file_->text(t.span).substr(0, 40);
    fail(fmt::format("expected {}, found \"{}\"", what, found), help);
}

Span Parser::since(std::uint32_t begin) const {
    const std::size_t last = at_ == 0 ? 0 : at_ - 1;
    return {begin, std::max(begin, tokens_[std::min(last, tokens_.size() - 1)].span.end)};
}

bool Parser::at_name(std::size_t ahead) const {
    const Token& t = peek(ahead);
    return t.kind == TokenKind::quoted_name || (t.kind == TokenKind::word && !is_reserved(t.upper));
}

Name Parser::name(std::string_view what) {
    if (!at_name()) {
        expected(what);
        return {};
    }
    const Token t = advance();
    names_read_.push_back(t.span);
    return {t.text, t.span};
}

Path Parser::path(std::string_view what) {
    Path out;
    do {
        out.push_back(name(what));
    } while (accept_symbol("."));
    return out;
}

std::vector<Name> Parser::name_list() {
    std::vector<Name> out;
    if (!expect_symbol("(")) return out;
    do {
        out.push_back(name("a column name"));
    } while (accept_symbol(","));
    expect_symbol(")");
    return out;
}

Name Parser::string_literal(std::string_view what) {
    if (peek().kind != TokenKind::string) {
        expected(what);
        return {};
    }
    const Token t = advance();
    return {t.text, t.span};
}

std::vector<OptionItem> Parser::options() {
    std::vector<OptionItem> out;
    if (!expect_symbol("(")) return out;
    if (accept_symbol(")")) return out;
    do {
        OptionItem item;
        item.key = string_literal("an option's name in quotes, such as 'connector'");
        if (!expect_symbol("=")) break;
        item.value = string_literal("the option's value in quotes");
        out.push_back(std::move(item));
    } while (accept_symbol(","));
    expect_symbol(")");
    return out;
}

Hint Parser::hint() {
    Hint out;
    const std::uint32_t begin = here();
    const Name n = name("the name of a hint");
    out.name = n.text;
    std::ranges::transform(out.name, out.name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (accept_symbol("(")) {
        while (!at_symbol(")") && !failed_) {
            std::string key = advance().text;
            std::string value;
            while (accept_symbol(".")) key += "." + advance().text;
            if (accept_symbol("=")) value = advance().text;
            out.options.emplace_back(std::move(key), std::move(value));
            if (!accept_symbol(",")) break;
        }
        expect_symbol(")");
    }
    out.span = since(begin);
    return out;
}

std::vector<Hint> Parser::hints() {
    std::vector<Hint> out;
    if (!accept_symbol("/*+")) return out;
    do {
        out.push_back(hint());
    } while (accept_symbol(",") || (at_name() && !failed_));
    expect_symbol("*/");
    return out;
}

void Parser::skip_statement() {
    failed_ = false;
    int open = 0;
    bool in_set = false;
    while (peek().kind != TokenKind::end) {
        if (at_symbol("(")) ++open;
        if (at_symbol(")") && open > 0) --open;
        // A statement set is skipped as one, up to its END.
        if (at_word("STATEMENT") && at_word("SET", 1)) in_set = true;
        if (in_set && at_word("END") && at_symbol(";", 1)) in_set = false;
        if (at_symbol(";") && !in_set) {
            advance();
            return;
        }
        advance();
    }
}

std::vector<Statement> Parser::statements() {
    std::vector<Statement> out;
    while (true) {
        while (accept_symbol(";")) {
        }
        if (peek().kind == TokenKind::end) break;
        const std::size_t start = at_;
        Statement s = statement();
        if (!failed_ && peek().kind != TokenKind::end && !at_symbol(";")) {
            expected("\";\" or the end of the statement");
        }
        if (!failed_) {
            out.push_back(std::move(s));
            continue;
        }
        // Go on behind the statement; from its start, so that the tokens seen are balanced.
        nesting_ = 0;
        at_ = start;
        skip_statement();
        end_.span = tokens_.back().span;
    }
    return out;
}

ExprPtr Parser::single_expression() {
    ExprPtr out = expression();
    if (!failed_ && peek().kind != TokenKind::end) expected("the end of the expression");
    return failed_ ? nullptr : std::move(out);
}

std::vector<DataType> Parser::single_type_list() {
    std::vector<DataType> out;
    if (peek().kind == TokenKind::end) return out;
    do {
        if (auto t = type()) out.push_back(std::move(*t));
    } while (accept_symbol(","));
    if (!failed_ && peek().kind != TokenKind::end) expected("the end of the types");
    return out;
}

ExprPtr Parser::make(ExprKind kind, Span span) const {
    auto e = std::make_unique<Expr>();
    e->kind = kind;
    e->span = span;
    return e;
}

ExprPtr Parser::make_string(std::string text, Span span) const {
    ExprPtr e = make(ExprKind::string, span);
    e->text = std::move(text);
    return e;
}

ExprPtr Parser::make_call(std::string function, std::vector<ExprPtr> args, Span span) {
    ExprPtr e = make(ExprKind::call, span);
    e->function = std::move(function);
    e->args = std::move(args);
    return grown(std::move(e));
}

/// Sets the depth of a new node over its arguments, and refuses trees too deep to walk.
ExprPtr Parser::grown(ExprPtr expr) {
    int deepest = 0;
    for (const ExprPtr& a : expr->args) {
        if (a) deepest = std::max(deepest, a->depth);
    }
    for (const OrderItem& o : expr->order) {
        if (o.expr) deepest = std::max(deepest, o.expr->depth);
    }
    if (expr->filter) deepest = std::max(deepest, expr->filter->depth);
    expr->depth = deepest + 1;
    if (expr->depth > kMaxDepth && !failed_) {
        failed_ = true;
        diagnostics_.error(*file_, {expr->span.begin, expr->span.begin + 1}, code::kLimit,
                           {fmt::format("this expression has more than {} levels", kMaxDepth),
                            {},
                            "use IN (…) for long lists of OR, or split the query with WITH"});
    }
    return expr;
}

}  // namespace mr::sql
