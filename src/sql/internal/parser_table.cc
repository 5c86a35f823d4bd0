// FROM: tables, joins, table functions, UNNEST.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/parser_nesting.h"

namespace mr::sql {

using namespace ast;

namespace {

TableRefPtr joined(TableRefPtr left, TableRefPtr right) {
    auto j = std::make_unique<TableRef>();
    j->kind = TableKind::join;
    if (left && right) {
        j->depth = std::max(left->depth, right->depth) + 1;
        j->span = join(left->span, right->span);
    }
    j->left = std::move(left);
    j->right = std::move(right);
    return j;
}

}  // namespace

TableRefPtr Parser::from_clause() {
    TableRefPtr left = joined_table();
    while (at_symbol(",")) {
        const Span comma = advance().span;
        left = joined(std::move(left), joined_table());
        left->join_kind = ast::JoinKind::cross;
        left->comma = true;
        if (left->depth > kMaxDepth) fail_at(comma, fmt::format("more than {} tables in FROM", kMaxDepth));
    }
    return left;
}

std::optional<ast::JoinKind> Parser::join_kind(bool& natural) {
    const std::size_t start = at_;
    natural = accept_word("NATURAL");
    if (accept_word("JOIN")) return ast::JoinKind::inner;
    if (at_word("INNER") && at_word("JOIN", 1)) {
        advance();
        advance();
        return ast::JoinKind::inner;
    }
    if (at_word("CROSS") && at_word("JOIN", 1)) {
        advance();
        advance();
        return ast::JoinKind::cross;
    }
    std::optional<ast::JoinKind> kind;
    if (at_word("LEFT")) kind = ast::JoinKind::left;
    if (at_word("RIGHT")) kind = ast::JoinKind::right;
    if (at_word("FULL")) kind = ast::JoinKind::full;
    if (!kind) {
        if (!failed_) at_ = start;
        return std::nullopt;
    }
    advance();
    accept_word("OUTER");
    if (!expect_word("JOIN")) return std::nullopt;
    return kind;
}

TableRefPtr Parser::joined_table() {
    TableRefPtr left = table_primary();
    while (!failed_) {
        bool natural = false;
        const auto kind = join_kind(natural);
        if (!kind) break;
        TableRefPtr j = joined(std::move(left), table_primary());
        j->join_kind = *kind;
        j->natural = natural;
        if (accept_word("ON")) {
            j->on = expression();
        } else if (accept_word("USING")) {
            j->using_columns = name_list();
        } else if (*kind != ast::JoinKind::cross && !natural && !failed_) {
            expected("ON with the condition of the join");
        }
        j->span = since(j->span.begin);
        if (j->depth > kMaxDepth) fail_at(j->span, fmt::format("more than {} joins in FROM", kMaxDepth));
        left = std::move(j);
    }
    return left;
}

void Parser::table_alias(TableRef& table) {
    if (accept_word("AS")) {
        table.alias = name("a name for the table");
    } else if (at_name() && !at_word("MATCH_RECOGNIZE") && !at_word("TABLESAMPLE")) {
        table.alias = name("a name for the table");
    }
    if (table.alias && at_symbol("(")) table.column_aliases = name_list();
}

TableRefPtr Parser::table_primary() {
    const Nested nested(*this);
    auto t = std::make_unique<TableRef>();
    const std::uint32_t begin = here();
    t->span = peek().span;
    if (!nested.ok()) return t;
    const bool lateral = accept_word("LATERAL");
    if (at_word("TABLE") && at_symbol("(", 1)) {
        t = table_function(lateral);
    } else if (at_word("UNNEST")) {
        advance();
        t->kind = TableKind::unnest;
        expect_symbol("(");
        t->expr = expression();
        expect_symbol(")");
        if (accept_words("WITH", "ORDINALITY")) t->ordinality = true;
    } else if (accept_symbol("(")) {
        // A query, or a join in parentheses.
        std::size_t ahead = 0;
        while (at_symbol("(", ahead)) ++ahead;
        if (at_word("SELECT", ahead) || at_word("WITH", ahead) || at_word("VALUES", ahead) ||
            (at_word("TABLE", ahead) && !at_symbol("(", ahead + 1))) {
            t->kind = TableKind::subquery;
            t->query = query();
            expect_symbol(")");
        } else {
            t = from_clause();
            expect_symbol(")");
            return t;
        }
    } else if (at_name() && at_symbol("(", 1)) {
        // Flink 2 takes window functions without TABLE( ) around them.
        t->kind = TableKind::function;
        t->expr = name_or_call();
    } else {
        t->kind = TableKind::named;
        t->path = path("a table's name");
        t->hints = hints();
        if (accept_words("FOR", "SYSTEM_TIME")) {
            expect_word("AS");
            expect_word("OF");
            t->system_time = additive();
        }
    }
    t->lateral = lateral;
    if (at_word("MATCH_RECOGNIZE")) t->match = match_recognize();
    t->span = since(begin);
    table_alias(*t);
    if (t->hints.empty()) t->hints = hints();
    if (at_word("TABLESAMPLE")) fail("TABLESAMPLE is for batch queries", "use WHERE RAND() < 0.01");
    return t;
}

TableRefPtr Parser::table_function(bool lateral) {
    auto t = std::make_unique<TableRef>();
    const std::uint32_t begin = here();
    t->kind = TableKind::function;
    t->lateral = lateral;
    expect_word("TABLE");
    expect_symbol("(");
    t->expr = name_or_call();
    expect_symbol(")");
    t->span = since(begin);
    return t;
}

}  // namespace mr::sql
