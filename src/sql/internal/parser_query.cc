// Queries: SELECT, set operations, WITH, ORDER BY.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/parser_nesting.h"

namespace mr::sql {

using namespace ast;

QueryPtr Parser::query() {
    const Nested nested(*this);
    const std::uint32_t begin = here();
    std::vector<WithItem> with;
    if (accept_word("WITH")) {
        accept_word("RECURSIVE");
        do {
            WithItem item;
            item.name = name("a name for the query");
            if (at_symbol("(")) item.columns = name_list();
            expect_word("AS");
            expect_symbol("(");
            item.query = query();
            expect_symbol(")");
            with.push_back(std::move(item));
        } while (accept_symbol(","));
    }
    QueryPtr body = query_term(0);
    auto out = std::make_shared<Query>();
    out->kind = QueryKind::nested;
    out->with = std::move(with);
    if (accept_word("ORDER")) {
        expect_word("BY");
        out->order = order_by();
    }
    limits(*out);
    if (out->with.empty() && out->order.empty() && !out->limit && !out->offset) return body;
    out->left = body;
    if (body) out->depth = body->depth + 1;
    out->span = since(begin);
    return out;
}

void Parser::limits(Query& query) {
    while (!failed_) {
        if (accept_word("LIMIT")) {
            if (accept_word("ALL")) continue;
            query.limit = expression();
            if (accept_symbol(",")) {  // LIMIT offset, count
                query.offset = std::move(query.limit);
                query.limit = expression();
            }
        } else if (accept_word("OFFSET")) {
            query.offset = expression();
            if (!accept_word("ROWS")) accept_word("ROW");
        } else if (accept_word("FETCH")) {
            if (!accept_word("FIRST")) expect_word("NEXT");
            if (!at_word("ROW") && !at_word("ROWS")) query.limit = expression();
            if (!accept_word("ROWS")) expect_word("ROW");
            expect_word("ONLY");
            if (!query.limit) {
                query.limit = make(ExprKind::number, peek().span);
                query.limit->text = "1";
            }
        } else {
            return;
        }
    }
}

/// UNION and EXCEPT bind alike (0), INTERSECT tighter (1).
QueryPtr Parser::query_term(int precedence) {
    const std::uint32_t begin = here();
    QueryPtr left = precedence == 1 ? query_primary() : query_term(1);
    while (!failed_) {
        const Span op = peek().span;
        SetOp kind = SetOp::union_;
        if (precedence == 1) {
            if (!accept_word("INTERSECT")) break;
            kind = SetOp::intersect;
        } else if (accept_word("UNION")) {
            kind = SetOp::union_;
        } else if (accept_word("EXCEPT") || accept_word("MINUS")) {
            kind = SetOp::except;
        } else {
            break;
        }
        auto q = std::make_shared<Query>();
        q->kind = QueryKind::set_operation;
        q->set_op = kind;
        q->op_span = op;
        q->all = accept_word("ALL");
        if (!q->all) accept_word("DISTINCT");
        q->left = std::move(left);
        q->right = precedence == 1 ? query_primary() : query_term(1);
        if (!q->left || !q->right) return nullptr;
        q->depth = std::max(q->left->depth, q->right->depth) + 1;
        if (q->depth > kMaxDepth) {
            fail_at(op, fmt::format("more than {} set operations in one query", kMaxDepth),
                    "split the query with views");
        }
        q->span = since(begin);
        left = std::move(q);
    }
    return left;
}

QueryPtr Parser::query_primary() {
    const std::uint32_t begin = here();
    auto q = std::make_shared<Query>();
    if (accept_symbol("(")) {
        q->kind = QueryKind::nested;
        q->left = query();
        if (q->left) q->depth = q->left->depth + 1;
        expect_symbol(")");
    } else if (at_word("VALUES")) {
        q->kind = QueryKind::values;
        q->rows = values();
    } else if (at_word("TABLE")) {
        advance();
        q->kind = QueryKind::table;
        q->table = path("a table's name");
    } else if (at_word("SELECT")) {
        q->kind = QueryKind::select;
        q->select = select();
    } else {
        expected("SELECT, VALUES or a query in parentheses");
        return nullptr;
    }
    q->span = since(begin);
    return q;
}

std::vector<std::vector<ExprPtr>> Parser::values() {
    std::vector<std::vector<ExprPtr>> rows;
    expect_word("VALUES");
    do {
        std::vector<ExprPtr> row;
        accept_word("ROW");
        if (accept_symbol("(")) {
            do {
                row.push_back(expression());
            } while (accept_symbol(","));
            expect_symbol(")");
        } else {
            row.push_back(expression());
        }
        rows.push_back(std::move(row));
    } while (accept_symbol(","));
    return rows;
}

SelectItem Parser::select_item() {
    SelectItem item;
    const std::uint32_t begin = here();
    if (accept_symbol("*")) {
        item.expr = make(ExprKind::star, since(begin));
        return item;
    }
    item.expr = expression();
    if (accept_word("AS")) {
        item.alias = name("a column name");
    } else if (at_name()) {
        item.alias = name("a column name");
    }
    return item;
}

std::unique_ptr<Select> Parser::select() {
    auto out = std::make_unique<Select>();
    const std::uint32_t begin = here();
    expect_word("SELECT");
    out->hints = hints();
    if (accept_word("DISTINCT")) {
        out->distinct = true;
    } else {
        accept_word("ALL");
    }
    do {
        out->items.push_back(select_item());
    } while (accept_symbol(","));
    if (accept_word("FROM")) out->from = from_clause();
    if (accept_word("WHERE")) out->where = expression();
    if (accept_words("GROUP", "BY")) group_by(*out);
    if (accept_word("HAVING")) out->having = expression();
    if (accept_word("WINDOW")) {
        do {
            NamedWindow w;
            w.name = name("a window's name");
            expect_word("AS");
            w.spec = window_spec();
            out->windows.push_back(std::move(w));
        } while (accept_symbol(","));
    }
    if (accept_word("QUALIFY")) out->qualify = expression();
    out->span = since(begin);
    return out;
}

void Parser::group_by(Select& select) {
    select.has_group_by = true;
    if (!accept_word("ALL")) accept_word("DISTINCT");
    do {
        select.group_by.push_back(group_item());
    } while (accept_symbol(","));
}

GroupItem Parser::group_item() {
    const Nested nested(*this);
    GroupItem item;
    const std::uint32_t begin = here();
    const auto list = [&] {
        expect_symbol("(");
        if (!at_symbol(")")) {
            do {
                item.sets.push_back(group_item());
            } while (accept_symbol(","));
        }
        expect_symbol(")");
    };
    if (accept_words("GROUPING", "SETS")) {
        item.kind = GroupKind::grouping_sets;
        list();
    } else if (at_word("CUBE") && at_symbol("(", 1)) {
        advance();
        item.kind = GroupKind::cube;
        list();
    } else if (at_word("ROLLUP") && at_symbol("(", 1)) {
        advance();
        item.kind = GroupKind::rollup;
        list();
    } else if (at_symbol("(") && at_symbol(")", 1)) {
        advance();
        advance();
        item.kind = GroupKind::empty;
    } else {
        ExprPtr e = expression();
        // (a, b) in GROUP BY is a list, not a row.
        if (e && e->kind == ExprKind::call && e->function == "ROW" && e->flag) {
            item.exprs = std::move(e->args);
        } else {
            item.exprs.push_back(std::move(e));
        }
    }
    item.span = since(begin);
    return item;
}

OrderItem Parser::order_item() {
    OrderItem item;
    item.expr = expression();
    if (accept_word("DESC")) {
        item.descending = true;
    } else {
        accept_word("ASC");
    }
    if (accept_word("NULLS")) {
        if (accept_word("LAST")) {
            item.nulls_last = true;
        } else {
            expect_word("FIRST");
            item.nulls_last = false;
        }
    }
    return item;
}

std::vector<OrderItem> Parser::order_by() {
    std::vector<OrderItem> out;
    do {
        out.push_back(order_item());
    } while (accept_symbol(","));
    return out;
}

}  // namespace mr::sql
