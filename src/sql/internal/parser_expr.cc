// Expressions by precedence, loosest first: OR, AND, NOT, comparisons and predicates, + - ||, * / %, sign,
// [ ] and ., and what stands alone.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sql/internal/parser_nesting.h"

namespace mr::sql {

using namespace ast;

namespace {

std::vector<ExprPtr> pack(ExprPtr a, ExprPtr b = nullptr, ExprPtr c = nullptr) {
    std::vector<ExprPtr> out;
    out.push_back(std::move(a));
    if (b) out.push_back(std::move(b));
    if (c) out.push_back(std::move(c));
    return out;
}

Span span_of(const ExprPtr& e) {
    return e ? e->span : Span{};
}

}  // namespace

ExprPtr Parser::expression() {
    const Nested nested(*this);
    if (!nested.ok()) return make(ExprKind::null, peek().span);
    return expression_or();
}

ExprPtr Parser::expression_or() {
    ExprPtr left = expression_and();
    while (accept_word("OR")) {
        ExprPtr right = expression_and();
        const Span s = join(span_of(left), span_of(right));
        left = make_call("OR", pack(std::move(left), std::move(right)), s);
    }
    return left;
}

ExprPtr Parser::expression_and() {
    ExprPtr left = expression_not();
    while (accept_word("AND")) {
        ExprPtr right = expression_not();
        const Span s = join(span_of(left), span_of(right));
        left = make_call("AND", pack(std::move(left), std::move(right)), s);
    }
    return left;
}

ExprPtr Parser::expression_not() {
    if (!at_word("NOT")) return comparison();
    const Nested nested(*this);
    const std::uint32_t begin = here();
    advance();
    if (!nested.ok()) return make(ExprKind::null, peek().span);
    ExprPtr inner = expression_not();
    return make_call("NOT", pack(std::move(inner)), since(begin));
}

ExprPtr Parser::comparison() {
    static constexpr std::array<std::string_view, 8> kOperators = {"=",  "<>", "!=", "<",
                                                                   "<=", ">",  ">=", "=="};
    ExprPtr left = additive();
    while (!failed_) {
        const Token t = peek();
        if (t.kind == TokenKind::symbol && std::ranges::find(kOperators, t.text) != kOperators.end()) {
            advance();
            if (t.text == "==") fail_at(t.span, "equality is written =");
            const std::string op = t.text == "!=" ? "<>" : t.text;
            if (at_word("ANY") || at_word("SOME") || at_word("ALL")) {
                const bool all = at_word("ALL");
                advance();
                expect_symbol("(");
                // = ANY is IN, <> ALL is NOT IN.
                const bool member = op == (all ? "<>" : "=");
                ExprPtr q = make(member ? ExprKind::in_query : ExprKind::quantified, span_of(left));
                q->query = query();
                q->function = member ? "" : op;
                q->flag = member && all;
                expect_symbol(")");
                q->span = since(span_of(left).begin);
                q->args = pack(std::move(left));
                left = grown(std::move(q));
                continue;
            }
            ExprPtr right = additive();
            const Span s = join(span_of(left), span_of(right));
            left = make_call(op, pack(std::move(left), std::move(right)), s);
        } else if (at_word("IS") || at_word("IN") || at_word("BETWEEN") || at_word("LIKE") ||
                   at_word("SIMILAR") || at_word("RLIKE") || at_word("NOT") || at_word("MEMBER") ||
                   at_word("OVERLAPS")) {
            const std::size_t before = at_;
            left = predicate(std::move(left));
            if (at_ == before) break;
        } else {
            break;
        }
    }
    return left;
}

/// x [NOT] BETWEEN, IN, LIKE, SIMILAR TO; x IS ….
ExprPtr Parser::predicate(ExprPtr left) {
    const std::uint32_t begin = span_of(left).begin;
    if (at_word("IS")) return is_predicate(std::move(left));
    bool negated = false;
    if (at_word("NOT")) {
        if (!at_word("BETWEEN", 1) && !at_word("IN", 1) && !at_word("LIKE", 1) && !at_word("SIMILAR", 1) &&
            !at_word("RLIKE", 1)) {
            expected("BETWEEN, IN or LIKE after NOT");
            return left;
        }
        advance();
        negated = true;
    }
    ExprPtr out;
    if (accept_word("IN")) return in_predicate(std::move(left), negated);
    if (accept_word("BETWEEN")) {
        const bool symmetric = accept_word("SYMMETRIC");
        if (!symmetric) accept_word("ASYMMETRIC");
        ExprPtr low = additive();
        expect_word("AND");
        ExprPtr high = additive();
        out = make_call(symmetric ? "BETWEEN SYMMETRIC" : "BETWEEN",
                        pack(std::move(left), std::move(low), std::move(high)), since(begin));
    } else if (accept_word("LIKE")) {
        ExprPtr like = additive();
        ExprPtr escape;
        if (accept_word("ESCAPE")) escape = additive();
        out = make_call("LIKE", pack(std::move(left), std::move(like), std::move(escape)), since(begin));
    } else if (accept_word("SIMILAR")) {
        expect_word("TO");
        ExprPtr like = additive();
        ExprPtr escape;
        if (accept_word("ESCAPE")) escape = additive();
        out =
            make_call("SIMILAR TO", pack(std::move(left), std::move(like), std::move(escape)), since(begin));
    } else if (accept_word("RLIKE")) {
        ExprPtr like = additive();
        out = make_call("REGEXP", pack(std::move(left), std::move(like)), since(begin));
    } else if (accept_word("OVERLAPS")) {
        ExprPtr other = additive();
        if (!left || !other) return left;
        out = make_call("OVERLAPS", pack(std::move(left), std::move(other)), since(begin));
    } else {
        fail(fmt::format("{} is not supported yet", peek().upper));
        return left;
    }
    if (negated) out = make_call("NOT", pack(std::move(out)), since(begin));
    return out;
}

ExprPtr Parser::in_predicate(ExprPtr left, bool negated) {
    const std::uint32_t begin = span_of(left).begin;
    if (!expect_symbol("(")) return left;
    if (at_word("SELECT") || at_word("WITH") || at_word("VALUES") || at_word("TABLE")) {
        ExprPtr in = make(ExprKind::in_query, {});
        in->query = query();
        expect_symbol(")");
        in->flag = negated;
        in->span = since(begin);
        if (left && left->kind == ExprKind::call && left->function == "ROW" && left->flag) {
            in->args = std::move(left->args);
        } else {
            in->args = pack(std::move(left));
        }
        return grown(std::move(in));
    }
    std::vector<ExprPtr> args = pack(std::move(left));
    do {
        args.push_back(expression());
    } while (accept_symbol(","));
    expect_symbol(")");
    ExprPtr out = make_call("IN", std::move(args), since(begin));
    if (negated) out = make_call("NOT", pack(std::move(out)), since(begin));
    return out;
}

ExprPtr Parser::is_predicate(ExprPtr left) {
    const std::uint32_t begin = span_of(left).begin;
    advance();
    const bool negated = accept_word("NOT");
    const std::string is = negated ? "IS NOT " : "IS ";
    if (accept_word("DISTINCT")) {
        expect_word("FROM");
        ExprPtr right = additive();
        return make_call(is + "DISTINCT FROM", pack(std::move(left), std::move(right)), since(begin));
    }
    if (accept_word("JSON")) {
        ExprPtr kind;
        for (const char* w : {"VALUE", "OBJECT", "ARRAY", "SCALAR"}) {
            if (!kind && at_word(w)) kind = make_string(w, advance().span);
        }
        ExprPtr out = make_call("IS JSON", pack(std::move(left), std::move(kind)), since(begin));
        if (negated) out = make_call("NOT", pack(std::move(out)), since(begin));
        return out;
    }
    for (const char* w : {"NULL", "TRUE", "FALSE", "UNKNOWN"}) {
        if (accept_word(w)) return make_call(is + w, pack(std::move(left)), since(begin));
    }
    expected("NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM or JSON after IS");
    return left;
}

ExprPtr Parser::additive() {
    ExprPtr left = multiplicative();
    while (!failed_) {
        const Token t = peek();
        if (!at_symbol("+") && !at_symbol("-")) break;
        advance();
        ExprPtr right = multiplicative();
        const Span s = join(span_of(left), span_of(right));
        left = make_call(t.text, pack(std::move(left), std::move(right)), s);
    }
    return left;
}

ExprPtr Parser::multiplicative() {
    ExprPtr left = unary();
    while (!failed_) {
        const Token t = peek();
        if (!at_symbol("*") && !at_symbol("/") && !at_symbol("%") && !at_symbol("||")) break;
        advance();
        ExprPtr right = unary();
        const Span s = join(span_of(left), span_of(right));
        left = make_call(t.text, pack(std::move(left), std::move(right)), s);
    }
    return left;
}

ExprPtr Parser::unary() {
    if (!at_symbol("-") && !at_symbol("+")) return postfix();
    const Nested nested(*this);
    const Token sign = advance();
    if (!nested.ok()) return make(ExprKind::null, sign.span);
    ExprPtr inner = unary();
    // A sign before a number is part of it.
    if (inner && inner->kind == ExprKind::number && !inner->text.starts_with("-")) {
        if (sign.text == "-") inner->text = "-" + inner->text;
        inner->span = join(sign.span, inner->span);
        return inner;
    }
    const Span s = join(sign.span, span_of(inner));
    return make_call(sign.text, pack(std::move(inner)), s);
}

ExprPtr Parser::postfix() {
    ExprPtr e = primary();
    while (!failed_) {
        if (at_symbol("[")) {
            advance();
            ExprPtr index = expression();
            expect_symbol("]");
            const Span s = since(span_of(e).begin);
            e = make_call("ITEM", pack(std::move(e), std::move(index)), s);
        } else if (at_symbol(".") && e && e->kind != ExprKind::number && e->kind != ExprKind::star) {
            advance();
            const std::uint32_t begin = span_of(e).begin;
            if (accept_symbol("*")) {
                ExprPtr star = make(ExprKind::star, since(begin));
                star->args = pack(std::move(e));
                e = grown(std::move(star));
                break;
            }
            ExprPtr access = make(ExprKind::field, {});
            // Any word may name a field: it cannot be a keyword here.
            const Token t = peek();
            if (t.kind == TokenKind::word || t.kind == TokenKind::quoted_name) {
                advance();
                access->text = t.text;
            } else {
                expected("a field name");
            }
            access->span = since(begin);
            access->args = pack(std::move(e));
            e = grown(std::move(access));
        } else {
            break;
        }
    }
    return e;
}

ExprPtr Parser::parenthesised() {
    const std::uint32_t begin = here();
    expect_symbol("(");
    if (at_word("SELECT") || at_word("WITH") || at_word("VALUES")) {
        ExprPtr e = make(ExprKind::scalar, {});
        e->query = query();
        expect_symbol(")");
        e->span = since(begin);
        return e;
    }
    ExprPtr e = expression();
    if (!at_symbol(",")) {
        expect_symbol(")");
        // The span takes in the parentheses, except around numbers, whose text is read again.
        if (e) e->span = since(begin);
        return e;
    }
    std::vector<ExprPtr> items = pack(std::move(e));
    while (accept_symbol(",")) items.push_back(expression());
    expect_symbol(")");
    ExprPtr row = make_call("ROW", std::move(items), since(begin));
    row->flag = true;  // (a, b), not ROW(a, b)
    return row;
}

ExprPtr Parser::primary() {
    const Token t = peek();
    switch (t.kind) {
        case TokenKind::number: {
            advance();
            ExprPtr e = make(ExprKind::number, t.span);
            e->text = t.text;
            return e;
        }
        case TokenKind::string: {
            advance();
            std::string text = t.text;
            // 'a' 'b' is 'ab', as in every SQL.
            while (peek().kind == TokenKind::string) text += advance().text;
            return make_string(std::move(text), since(t.span.begin));
        }
        case TokenKind::bytes: {
            advance();
            ExprPtr e = make(ExprKind::bytes, t.span);
            e->text = t.text;
            return e;
        }
        case TokenKind::symbol:
            if (t.text == "(") return parenthesised();
            if (t.text == "*") {
                advance();
                return make(ExprKind::star, t.span);
            }
            break;
        case TokenKind::quoted_name:
            return name_or_call();
        case TokenKind::word:
            return keyword_primary();
        case TokenKind::end:
            break;
    }
    expected("an expression");
    return make(ExprKind::null, t.span);
}

ExprPtr Parser::keyword_primary() {
    const Token t = peek();
    const std::string& w = t.upper;
    if (w == "NULL" || w == "TRUE" || w == "FALSE" ||
        (w == "UNKNOWN" && !at_symbol("(", 1) && !at_symbol(".", 1))) {
        advance();
        if (w == "NULL" || w == "UNKNOWN") return make(ExprKind::null, t.span);
        ExprPtr e = make(ExprKind::boolean_, t.span);
        e->flag = w == "TRUE";
        return e;
    }
    if (w == "CASE") return case_expression();
    if ((w == "CAST" || w == "TRY_CAST") && at_symbol("(", 1)) return cast_expression();
    if (w == "INTERVAL") return interval_literal();
    if ((w == "DATE" || w == "TIME" || w == "TIMESTAMP") && peek(1).kind == TokenKind::string) {
        return date_time_literal();
    }
    if (w == "EXISTS" && at_symbol("(", 1)) {
        advance();
        advance();
        ExprPtr e = make(ExprKind::exists, {});
        e->query = query();
        expect_symbol(")");
        e->span = since(t.span.begin);
        return e;
    }
    if ((w == "ARRAY" || w == "MAP" || w == "MULTISET") && at_symbol("[", 1)) {
        advance();
        advance();
        std::vector<ExprPtr> args;
        if (!at_symbol("]")) {
            do {
                args.push_back(expression());
            } while (accept_symbol(","));
        }
        expect_symbol("]");
        return make_call(w, std::move(args), since(t.span.begin));
    }
    // Words that are reserved as names but are functions before a parenthesis.
    const bool function =
        at_symbol("(", 1) && (w == "EXTRACT" || w == "LEFT" || w == "RIGHT" || w == "GROUPING" ||
                              w == "OFFSET" || w == "ARRAY" || w == "LIKE");
    if (function) {
        Path p;
        p.push_back({t.text, t.span});
        advance();
        return call(std::move(p), t.span.begin);
    }
    if (is_reserved(w)) {
        expected("an expression");
        return make(ExprKind::null, t.span);
    }
    return name_or_call();
}

ExprPtr Parser::name_or_call() {
    static constexpr std::array<std::string_view, 8> kWithoutParentheses = {
        "CURRENT_TIMESTAMP", "CURRENT_DATE",     "CURRENT_TIME",    "LOCALTIME",
        "LOCALTIMESTAMP",    "CURRENT_DATABASE", "CURRENT_CATALOG", "CURRENT_USER"};
    const std::uint32_t begin = here();
    const Token first = peek();
    Path p;
    p.push_back(name("a name"));
    if (first.kind == TokenKind::word && !at_symbol("(") && !at_symbol(".") &&
        std::ranges::find(kWithoutParentheses, first.upper) != kWithoutParentheses.end()) {
        return make_call(first.upper, {}, first.span);
    }
    while (at_symbol(".") && !failed_) {
        const Token& after = peek(1);
        if (after.kind == TokenKind::symbol && after.text == "*") {
            advance();
            advance();
            ExprPtr e = make(ExprKind::star, since(begin));
            e->path = std::move(p);
            return e;
        }
        if (after.kind != TokenKind::word && after.kind != TokenKind::quoted_name) break;
        advance();
        const Token t = advance();
        p.push_back({t.text, t.span});
    }
    if (at_symbol("(")) return call(std::move(p), begin);
    ExprPtr e = make(ExprKind::name, since(begin));
    e->path = std::move(p);
    return e;
}

}  // namespace mr::sql
