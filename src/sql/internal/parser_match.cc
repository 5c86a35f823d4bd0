// MATCH_RECOGNIZE. The whole of SQL's pattern grammar is read; what the binder has no meaning for is noted
// with its place (MatchRecognize::unsupported).
#include <fmt/format.h>

#include <charconv>

#include "sql/internal/parser_nesting.h"

namespace mr::sql {

using namespace ast;

namespace {

constexpr int kMostRepetitions = 10'000;

}  // namespace

std::unique_ptr<MatchRecognize> Parser::match_recognize() {
    auto out = std::make_unique<MatchRecognize>();
    const std::uint32_t begin = here();
    expect_word("MATCH_RECOGNIZE");
    expect_symbol("(");
    if (accept_words("PARTITION", "BY")) {
        do {
            out->partition.push_back(expression());
        } while (accept_symbol(","));
    }
    if (accept_words("ORDER", "BY")) out->order = order_by();
    if (accept_word("MEASURES")) measures(*out);
    rows_per_match(*out);
    if (accept_words("AFTER", "MATCH")) after_match(*out);
    if (expect_word("PATTERN")) {
        expect_symbol("(");
        pattern(*out);
        expect_symbol(")");
    }
    if (accept_word("WITHIN")) out->within = expression();
    if (at_word("SUBSET")) {
        const std::uint32_t from = here();
        advance();
        do {
            name("a name");
            expect_symbol("=");
            name_list();
        } while (accept_symbol(","));
        out->unsupported.push_back({"SUBSET", since(from)});
    }
    if (accept_word("DEFINE")) {
        do {
            Name n = name("a pattern variable");
            expect_word("AS");
            out->define.emplace_back(std::move(n), expression());
        } while (accept_symbol(","));
    }
    expect_symbol(")");
    out->span = since(begin);
    return out;
}

/// FINAL and RUNNING say the same where a match gives one row.
void Parser::measures(MatchRecognize& out) {
    do {
        MatchRecognize::Measure m;
        // A column may have these names too.
        if (!at_symbol("(", 1) && !at_symbol(".", 1) && !at_word("AS", 1)) {
            m.final = accept_word("FINAL");
            if (!m.final) accept_word("RUNNING");
        }
        m.value = expression();
        expect_word("AS");
        m.name = name("a column name");
        out.measures.push_back(std::move(m));
    } while (accept_symbol(","));
}

void Parser::rows_per_match(MatchRecognize& out) {
    const std::uint32_t begin = here();
    if (accept_words("ONE", "ROW")) {
        expect_word("PER");
        expect_word("MATCH");
    } else if (accept_words("ALL", "ROWS")) {
        expect_word("PER");
        expect_word("MATCH");
        if (accept_word("SHOW") || accept_word("OMIT")) {
            expect_word("EMPTY");
            expect_word("MATCHES");
        } else if (accept_words("WITH", "UNMATCHED")) {
            expect_word("ROWS");
            out.unsupported.push_back({"WITH UNMATCHED ROWS", since(begin)});
        }
        out.all_rows = true;
    }
}

void Parser::after_match(MatchRecognize& out) {
    expect_word("SKIP");
    if (accept_word("PAST")) {
        expect_word("LAST");
        expect_word("ROW");
        out.after = AfterMatch::past_last_row;
        return;
    }
    expect_word("TO");
    if (at_word("NEXT") && at_word("ROW", 1)) {
        advance();
        advance();
        out.after = AfterMatch::to_next_row;
        return;
    }
    out.after = AfterMatch::to_last;
    if (accept_word("FIRST")) {
        out.after = AfterMatch::to_first;
    } else {
        accept_word("LAST");
    }
    out.after_variable = name("a pattern variable");
}

/// factor+ ( | factor+ )*
void Parser::pattern(MatchRecognize& out) {
    const Nested nested(*this);
    if (!nested.ok()) return;
    const std::uint32_t begin = here();
    bool alternatives = false;
    do {
        if (at_symbol(")") || at_symbol("|") || at_symbol("-}")) return expected("a pattern variable");
        while (!failed_ && !at_symbol(")") && !at_symbol("|") && !at_symbol("-}") && !at_symbol(",")) {
            pattern_factor(out);
        }
        alternatives = alternatives || at_symbol("|");
    } while (accept_symbol("|"));
    if (alternatives) out.unsupported.push_back({"a choice ( | ) in PATTERN", since(begin)});
}

void Parser::pattern_factor(MatchRecognize& out) {
    const std::uint32_t begin = here();
    const std::size_t first = out.pattern.size();
    if (accept_symbol("(")) {
        pattern(out);
        expect_symbol(")");
    } else if (accept_symbol("{-")) {
        pattern(out);
        expect_symbol("-}");
        out.unsupported.push_back({"an exclusion ({- -}) in PATTERN", since(begin)});
    } else if (accept_symbol("^")) {
        out.unsupported.push_back({"an anchor (^) in PATTERN", since(begin)});
        return;
    } else if (at_word("PERMUTE") && at_symbol("(", 1)) {
        advance();
        advance();
        do {
            pattern(out);
        } while (accept_symbol(","));
        expect_symbol(")");
        out.unsupported.push_back({"PERMUTE", since(begin)});
    } else {
        PatternItem item;
        item.variable = name("a pattern variable");
        out.pattern.push_back(std::move(item));
    }
    quantifier(out, first);
}

/// * + ? {n} {n,} {n,m} {,m}, reluctant with a ? behind.
void Parser::quantifier(MatchRecognize& out, std::size_t first) {
    const std::uint32_t begin = here();
    PatternItem q;
    q.quantified = true;
    if (accept_symbol("*")) {
        q.least = 0;
        q.most = -1;
    } else if (accept_symbol("+")) {
        q.most = -1;
    } else if (accept_symbol("?")) {
        q.least = 0;
    } else if (accept_symbol("{")) {
        q.least = quantifier_number(0);
        q.most = q.least;
        if (accept_symbol(",")) q.most = quantifier_number(-1);
        expect_symbol("}");
    } else {
        return;
    }
    q.reluctant = accept_symbol("?");
    if (failed_) return;
    if (q.most >= 0 && (q.most < q.least || q.most == 0)) {
        return fail_at(since(begin), "a quantifier ends below its start, or at 0", "write {n,m} with n <= m");
    }
    if (out.pattern.size() != first + 1 || out.pattern[first].quantified) {
        out.unsupported.push_back({"a quantifier of a group in PATTERN", since(begin)});
        return;
    }
    q.variable = std::move(out.pattern[first].variable);
    out.pattern[first] = std::move(q);
}

int Parser::quantifier_number(int fallback) {
    if (peek().kind != TokenKind::number) return fallback;
    const Token token = advance();
    int v = 0;
    const char* end = token.text.data() + token.text.size();
    const auto [stop, bad] = std::from_chars(token.text.data(), end, v);
    if (bad == std::errc{} && stop == end && v <= kMostRepetitions) return v;
    fail_at(token.span, fmt::format("a quantifier takes numbers from 0 to {}", kMostRepetitions));
    return fallback;
}

}  // namespace mr::sql
