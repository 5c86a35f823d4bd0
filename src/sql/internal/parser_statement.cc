// Statements: CREATE, INSERT, SET and the like.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sql/internal/parser_nesting.h"

namespace mr::sql {

using namespace ast;

Statement Parser::statement() {
    const Nested nested(*this);
    Statement out;
    const std::uint32_t begin = here();
    if (at_word("CREATE")) {
        out = create();
    } else if (at_word("INSERT")) {
        out.body = insert();
    } else if (accept_word("EXECUTE")) {
        if (accept_words("STATEMENT", "SET")) {
            out.body = statement_set(false);
        } else if (at_word("INSERT")) {
            out.body = insert();
        } else {
            expected("STATEMENT SET or INSERT");
        }
    } else if (at_word("BEGIN")) {
        advance();
        expect_word("STATEMENT");
        expect_word("SET");
        out.body = statement_set(true);
    } else if (accept_word("SET")) {
        out.body = set_option(false);
    } else if (accept_word("RESET")) {
        out.body = set_option(true);
    } else if (accept_word("DROP")) {
        out.body = drop();
    } else if (accept_word("EXPLAIN")) {
        out.body = explain();
    } else if (at_word("SELECT") || at_word("WITH") || at_word("VALUES") || at_symbol("(") ||
               at_word("TABLE")) {
        out.body = QueryStatement{query()};
    } else if (at_word("ALTER") || at_word("USE") || at_word("SHOW") || at_word("DESCRIBE") ||
               at_word("DESC") || at_word("LOAD") || at_word("UNLOAD") || at_word("ANALYZE") ||
               at_word("COMPILE") || at_word("CALL") || at_word("DELETE") || at_word("UPDATE") ||
               at_word("TRUNCATE") || at_word("ADD") || at_word("REMOVE")) {
        out.body = other(advance().upper);
    } else {
        expected("a statement (CREATE, INSERT INTO, EXECUTE STATEMENT SET, SET, SELECT …)");
    }
    out.span = since(begin);
    return out;
}

Statement Parser::create() {
    Statement out;
    advance();
    if (accept_word("OR")) expect_word("REPLACE");
    const bool temporary = accept_word("TEMPORARY");
    if (accept_word("SYSTEM")) {
        expect_word("FUNCTION");
        out.body = create_function(temporary);
    } else if (accept_word("TABLE")) {
        out.body = create_table(temporary);
    } else if (accept_word("VIEW")) {
        out.body = create_view(temporary, false);
    } else if (accept_words("MATERIALIZED", "VIEW")) {
        out.body = create_view(temporary, true);
    } else if (at_word("MATERIALIZED") && at_word("TABLE", 1)) {
        out.body = other("CREATE MATERIALIZED TABLE");
    } else if (accept_word("FUNCTION")) {
        out.body = create_function(temporary);
    } else if (at_word("CATALOG") || at_word("DATABASE") || at_word("MODEL") || at_word("CONNECTION")) {
        out.body = other("CREATE " + advance().upper);
    } else {
        expected("TABLE, VIEW, MATERIALIZED VIEW or FUNCTION");
    }
    return out;
}

bool Parser::if_not_exists() {
    if (!accept_word("IF")) return false;
    expect_word("NOT");
    expect_word("EXISTS");
    return true;
}

PrimaryKeyDef Parser::primary_key() {
    PrimaryKeyDef out;
    const std::uint32_t begin = here();
    expect_word("PRIMARY");
    expect_word("KEY");
    out.columns = name_list();
    if (accept_word("NOT")) {
        expect_word("ENFORCED");
        out.not_enforced = true;
    }
    out.span = since(begin);
    return out;
}

ColumnDef Parser::column() {
    ColumnDef out;
    out.name = name("a column name");
    if (accept_word("AS")) {
        out.kind = ColumnDefKind::computed;
        out.expression = expression();
    } else {
        const std::uint32_t begin = here();
        if (auto t = type()) out.type = std::move(*t);
        out.type_span = since(begin);
        if (accept_word("METADATA")) {
            out.kind = ColumnDefKind::metadata;
            if (accept_word("FROM")) out.metadata_key = string_literal("the metadata key in quotes");
            out.is_virtual = accept_word("VIRTUAL");
        }
        if (accept_words("PRIMARY", "KEY")) {
            out.primary_key = true;
            if (accept_word("NOT")) expect_word("ENFORCED");
        }
    }
    if (accept_word("COMMENT")) out.comment = string_literal("a comment in quotes").text;
    return out;
}

void Parser::table_element(CreateTable& table) {
    if (at_word("WATERMARK")) {
        WatermarkDef w;
        const std::uint32_t begin = here();
        advance();
        expect_word("FOR");
        w.column = path("the name of the time column");
        expect_word("AS");
        w.expression = expression();
        w.span = since(begin);
        if (table.watermark) fail_at(w.span, "a table has one watermark; this is a second one");
        table.watermark = std::move(w);
        return;
    }
    if (accept_word("CONSTRAINT")) name("the constraint's name");
    if (at_word("PRIMARY") && at_word("KEY", 1)) {
        PrimaryKeyDef key = primary_key();
        if (table.primary_key) fail_at(key.span, "a table has one primary key; this is a second one");
        table.primary_key = std::move(key);
        return;
    }
    table.columns.push_back(column());
}

CreateTable Parser::create_table(bool temporary) {
    CreateTable out;
    out.temporary = temporary;
    out.if_not_exists = if_not_exists();
    out.name = path("the table's name");
    if (accept_symbol("(")) {
        do {
            table_element(out);
        } while (accept_symbol(","));
        expect_symbol(")");
    }
    if (accept_word("COMMENT")) out.comment = string_literal("a comment in quotes").text;
    if (accept_word("DISTRIBUTED")) {
        if (accept_word("BY")) {
            if (!at_symbol("(")) advance();
            name_list();
        }
        if (accept_word("INTO")) {
            advance();
            expect_word("BUCKETS");
        }
    }
    if (accept_words("PARTITIONED", "BY")) out.partitioned_by = name_list();
    if (accept_word("WITH")) {
        out.has_options = true;
        out.options = options();
    }
    if (at_word("LIKE")) out.like = like();
    if (accept_word("AS")) out.query = query();
    return out;
}

LikeClause Parser::like() {
    static constexpr std::array<std::pair<std::string_view, LikeFeature>, 8> kFeatures = {
        {{"ALL", LikeFeature::all},
         {"CONSTRAINTS", LikeFeature::constraints},
         {"DISTRIBUTION", LikeFeature::distribution},
         {"GENERATED", LikeFeature::generated},
         {"METADATA", LikeFeature::metadata},
         {"OPTIONS", LikeFeature::options},
         {"PARTITIONS", LikeFeature::partitions},
         {"WATERMARKS", LikeFeature::watermarks}}};
    LikeClause out;
    const std::uint32_t begin = here();
    expect_word("LIKE");
    out.table = path("a table's name");
    if (accept_symbol("(")) {
        while (!failed_ && !at_symbol(")")) {
            LikeClause::Item item;
            const std::uint32_t from = here();
            if (accept_word("EXCLUDING")) {
                item.merge = LikeMerge::excluding;
            } else if (accept_word("OVERWRITING")) {
                item.merge = LikeMerge::overwriting;
            } else if (!expect_word("INCLUDING")) {
                break;
            }
            const auto known =
                std::ranges::find_if(kFeatures, [&](const auto& f) { return at_word(f.first); });
            if (known == kFeatures.end()) {
                expected("ALL, CONSTRAINTS, GENERATED, METADATA, OPTIONS, PARTITIONS or WATERMARKS");
                break;
            }
            advance();
            item.feature = known->second;
            item.span = since(from);
            out.items.push_back(item);
        }
        expect_symbol(")");
    }
    out.span = since(begin);
    return out;
}

CreateView Parser::create_view(bool temporary, bool materialized) {
    CreateView out;
    out.temporary = temporary;
    out.materialized = materialized;
    out.if_not_exists = if_not_exists();
    out.name = path("the view's name");
    if (at_symbol("(")) {
        const bool key = at_word("PRIMARY", 1) || at_word("CONSTRAINT", 1);
        if (key) {
            advance();
            if (accept_word("CONSTRAINT")) name("the constraint's name");
            out.primary_key = primary_key();
            expect_symbol(")");
        } else {
            out.columns = name_list();
        }
    }
    if (accept_word("COMMENT")) out.comment = string_literal("a comment in quotes").text;
    if (accept_word("WITH")) {
        const Span span = peek().span;
        out.options = options();
        if (!materialized) fail_at(span, "a view has no options; only a materialized view has");
    }
    if (!expect_word("AS")) return out;
    out.query = query();
    return out;
}

CreateFunction Parser::create_function(bool temporary) {
    CreateFunction out;
    out.temporary = temporary;
    out.if_not_exists = if_not_exists();
    out.name = path("the function's name");
    if (at_symbol("(")) {
        // Parameters of a function defined in SQL: (a STRING, b INT) [RETURNS type].
        advance();
        out.has_parameters = true;
        if (!at_symbol(")")) {
            do {
                Name parameter = name("a parameter's name");
                if (auto t = type()) out.parameters.emplace_back(std::move(parameter), std::move(*t));
            } while (accept_symbol(","));
        }
        expect_symbol(")");
    }
    if (accept_word("RETURNS")) out.returns = type();
    expect_word("AS");
    out.definition = string_literal("$$ expression $$, or the name of a library's function in quotes");
    if (accept_word("LANGUAGE")) out.language = name("a language");
    if (accept_word("USING")) {
        do {
            Name kind = name("LIBRARY");
            out.uses.emplace_back(std::move(kind), string_literal("a path in quotes"));
        } while (accept_symbol(","));
    }
    if (accept_word("WITH")) options();
    return out;
}

InsertInto Parser::insert() {
    InsertInto out;
    expect_word("INSERT");
    if (accept_word("OVERWRITE")) {
        out.overwrite = true;
    } else {
        expect_word("INTO");
    }
    accept_word("TABLE");
    out.table = path("the table's name");
    out.hints = hints();
    if (accept_word("PARTITION")) {
        expect_symbol("(");
        do {
            out.partition_keys.push_back(name("a partition column"));
            if (accept_symbol("=")) expression();
        } while (accept_symbol(","));
        expect_symbol(")");
    }
    // A parenthesis may also open the query.
    if (at_symbol("(") && !at_word("SELECT", 1) && !at_word("WITH", 1) && !at_word("VALUES", 1) &&
        !at_symbol("(", 1)) {
        advance();
        do {
            out.columns.push_back(path("a column name"));
        } while (accept_symbol(","));
        expect_symbol(")");
    }
    out.query = query();
    return out;
}

StatementSet Parser::statement_set(bool semicolon_after_set) {
    StatementSet out;
    if (semicolon_after_set) {
        expect_symbol(";");
    } else {
        expect_word("BEGIN");
    }
    while (!at_word("END") && peek().kind != TokenKind::end) {
        if (accept_symbol(";")) continue;
        const std::uint32_t begin = here();
        if (!at_word("INSERT")) {
            expected("INSERT INTO or END (a statement set holds INSERT statements only)");
            break;
        }
        out.inserts.push_back(insert());
        out.spans.push_back(since(begin));
        if (!at_word("END") && !expect_symbol(";")) break;
    }
    expect_word("END");
    return out;
}

SetOption Parser::set_option(bool reset) {
    SetOption out;
    out.reset = reset;
    if (at_symbol(";") || peek().kind == TokenKind::end) return out;
    OptionItem item;
    const std::uint32_t begin = here();
    if (peek().kind == TokenKind::string) {
        item.key = string_literal("a setting's name");
    } else {
        // Older files write the key without quotes: SET table.exec.state.ttl = …
        std::string key;
        while (!at_symbol("=") && !at_symbol(";") && peek().kind != TokenKind::end) key += advance().text;
        item.key = {key, since(begin)};
    }
    if (!reset && expect_symbol("=")) {
        if (peek().kind == TokenKind::string) {
            item.value = string_literal("the setting's value");
        } else {
            const std::uint32_t value = here();
            std::string text;
            while (!at_symbol(";") && peek().kind != TokenKind::end) text += advance().text;
            item.value = {text, since(value)};
        }
    }
    out.option = std::move(item);
    return out;
}

Drop Parser::drop() {
    Drop out;
    accept_word("TEMPORARY");
    accept_word("SYSTEM");
    if (accept_word("MATERIALIZED")) out.what = "MATERIALIZED ";
    if (!at_word("TABLE") && !at_word("VIEW") && !at_word("FUNCTION") && !at_word("CATALOG") &&
        !at_word("DATABASE") && !at_word("MODEL")) {
        expected("TABLE, VIEW, MATERIALIZED VIEW or FUNCTION");
        return out;
    }
    out.what += advance().upper;
    if (accept_word("IF")) {
        expect_word("EXISTS");
        out.if_exists = true;
    }
    out.name = path("a name");
    if (!accept_word("RESTRICT")) accept_word("CASCADE");
    return out;
}

Explain Parser::explain() {
    Explain out;
    if (accept_word("PLAN")) {
        expect_word("FOR");
    } else {
        // EXPLAIN [ESTIMATED_COST, CHANGELOG_MODE, PLAN_ADVICE, JSON_EXECUTION_PLAN | WATERMARK | ANALYZE] …
        while (at_word("ESTIMATED_COST") || at_word("CHANGELOG_MODE") || at_word("PLAN_ADVICE") ||
               at_word("JSON_EXECUTION_PLAN") || at_word("WATERMARK") || at_word("ANALYZE") ||
               at_word("JSON")) {
            out.mode += (out.mode.empty() ? "" : ",") + advance().upper;
            if (!accept_symbol(",")) break;
        }
    }
    out.statement = std::make_shared<Statement>(statement());
    return out;
}

Other Parser::other(std::string what) {
    while (!at_symbol(";") && peek().kind != TokenKind::end) advance();
    return {std::move(what)};
}

}  // namespace mr::sql
