// Recursive descent over tokens, precedence climbing for operators. Accepts Flink SQL's grammar; what has no
// meaning here yet is parsed all the same, so that the binder can name it. Never recurses deeper than
// kMaxDepth, whatever the text. After a mistake it goes on at the next statement, so one run reports every
// statement's first mistake. Thread: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/internal/lexer.h"
#include "sql/internal/statement.h"

namespace mr::sql {

/// Longest path from a statement to a leaf of its tree: what bounds the stack of everything that walks one.
inline constexpr int kMaxDepth = 400;
/// Parentheses, subqueries and the like inside each other while parsing.
inline constexpr int kMaxNesting = 120;

class Parser {
  public:
    Parser(SourceFilePtr file, Diagnostics& diagnostics);

    /// Every statement that could be read, in order.
    std::vector<ast::Statement> statements();
    /// One expression and nothing after it (tests, row policies).
    ast::ExprPtr single_expression();
    /// "INT, STRING" and nothing after it; nothing at all is an empty list.
    std::vector<DataType> single_type_list();
    /// Where a name was read, in the order of reading (outline.h).
    [[nodiscard]] const std::vector<Span>& names_read() const { return names_read_; }
    [[nodiscard]] const std::vector<Token>& tokens() const { return tokens_; }

  private:
    class Nested;

    // parser.cc: tokens, names, statements' frame
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
    [[nodiscard]] bool at_word(std::string_view keyword, std::size_t ahead = 0) const;
    [[nodiscard]] bool at_symbol(std::string_view symbol, std::size_t ahead = 0) const;
    Token advance();
    bool accept_word(std::string_view keyword);
    bool accept_words(std::string_view first, std::string_view second);
    bool accept_symbol(std::string_view symbol);
    bool expect_word(std::string_view keyword);
    bool expect_symbol(std::string_view symbol);
    void fail(std::string message, std::string help = {});
    void fail_at(Span span, std::string message, std::string help = {});
    void expected(std::string_view what);
    [[nodiscard]] Span since(std::uint32_t begin) const;
    [[nodiscard]] std::uint32_t here() const { return peek().span.begin; }
    [[nodiscard]] bool at_name(std::size_t ahead = 0) const;
    ast::Name name(std::string_view what);
    ast::Path path(std::string_view what);
    std::vector<ast::Name> name_list();
    ast::Name string_literal(std::string_view what);
    std::vector<ast::OptionItem> options();
    std::vector<ast::Hint> hints();
    ast::Hint hint();
    void skip_statement();

    // parser_statement.cc
    ast::Statement statement();
    ast::Statement create();
    ast::CreateTable create_table(bool temporary);
    void table_element(ast::CreateTable& table);
    ast::ColumnDef column();
    ast::PrimaryKeyDef primary_key();
    ast::LikeClause like();
    ast::CreateView create_view(bool temporary, bool materialized);
    ast::CreateFunction create_function(bool temporary);
    ast::InsertInto insert();
    ast::StatementSet statement_set(bool semicolon_after_set);
    ast::SetOption set_option(bool reset);
    ast::Drop drop();
    ast::Explain explain();
    ast::Other other(std::string what);
    bool if_not_exists();

    // parser_query.cc
    ast::QueryPtr query();
    ast::QueryPtr query_term(int precedence);
    ast::QueryPtr query_primary();
    std::unique_ptr<ast::Select> select();
    void group_by(ast::Select& select);
    ast::GroupItem group_item();
    std::vector<ast::OrderItem> order_by();
    ast::OrderItem order_item();
    std::vector<std::vector<ast::ExprPtr>> values();
    ast::SelectItem select_item();
    void limits(ast::Query& query);

    // parser_table.cc
    ast::TableRefPtr from_clause();
    ast::TableRefPtr joined_table();
    ast::TableRefPtr table_primary();
    ast::TableRefPtr table_function(bool lateral);
    void table_alias(ast::TableRef& table);
    std::optional<ast::JoinKind> join_kind(bool& natural);

    // parser_match.cc
    std::unique_ptr<ast::MatchRecognize> match_recognize();
    void measures(ast::MatchRecognize& out);
    void rows_per_match(ast::MatchRecognize& out);
    void after_match(ast::MatchRecognize& out);
    void pattern(ast::MatchRecognize& out);
    void pattern_factor(ast::MatchRecognize& out);
    void quantifier(ast::MatchRecognize& out, std::size_t first);
    int quantifier_number(int fallback);

    // parser_expr.cc
    ast::ExprPtr expression();
    ast::ExprPtr expression_or();
    ast::ExprPtr expression_and();
    ast::ExprPtr expression_not();
    ast::ExprPtr comparison();
    ast::ExprPtr predicate(ast::ExprPtr left);
    ast::ExprPtr is_predicate(ast::ExprPtr left);
    ast::ExprPtr in_predicate(ast::ExprPtr left, bool negated);
    ast::ExprPtr additive();
    ast::ExprPtr multiplicative();
    ast::ExprPtr unary();
    ast::ExprPtr postfix();
    ast::ExprPtr primary();
    ast::ExprPtr keyword_primary();
    ast::ExprPtr parenthesised();
    ast::ExprPtr name_or_call();

    // parser_call.cc
    ast::ExprPtr call(ast::Path path, std::uint32_t begin);
    ast::ExprPtr special_call(const std::string& function, std::uint32_t begin);
    ast::ExprPtr case_expression();
    ast::ExprPtr cast_expression();
    ast::ExprPtr interval_literal();
    ast::ExprPtr date_time_literal();
    ast::ExprPtr trim_call(std::uint32_t begin);
    ast::ExprPtr json_call(const std::string& function, std::uint32_t begin);
    ast::ExprPtr json_constructor(const std::string& function, std::uint32_t begin);
    std::pair<std::string, ast::ExprPtr> json_behaviour(std::string_view event);
    ast::ExprPtr argument();
    void call_arguments(ast::Expr& call);
    void call_suffixes(ast::Expr& call);
    std::unique_ptr<ast::WindowSpec> window_spec();
    ast::Frame frame();
    ast::FrameBound frame_bound();
    ast::ExprPtr time_unit(std::string_view function);

    // parser_type.cc
    std::optional<DataType> type();
    std::optional<DataType> type_body();
    std::optional<DataType> row_type();
    int type_parameter(int fallback, int low, int high);

    ast::ExprPtr make(ast::ExprKind kind, Span span) const;
    ast::ExprPtr make_call(std::string function, std::vector<ast::ExprPtr> args, Span span);
    ast::ExprPtr make_string(std::string text, Span span) const;
    ast::ExprPtr grown(ast::ExprPtr expr);

    SourceFilePtr file_;
    Diagnostics& diagnostics_;
    std::vector<Token> tokens_;
    std::vector<Span> names_read_;
    Token end_;
    std::size_t at_ = 0;
    bool failed_ = false;
    int nesting_ = 0;
};

/// May this word stand for a name without back quotes?
bool is_reserved(std::string_view upper);

}  // namespace mr::sql
