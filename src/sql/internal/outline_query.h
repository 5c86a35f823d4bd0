// Walks queries for outline.h: tables they read, OVER windows, and syntax that other engines may lack.
// Thread: one.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sql/internal/lexer.h"
#include "sql/internal/statement.h"
#include "sql/outline.h"

namespace mr::sql {

inline TextRange range_of(Span span) {
    return {span.begin, span.end};
}

class OutlineWalker {
  public:
    OutlineWalker(const std::vector<Token>& tokens, Outline& out) : tokens_(tokens), out_(out) {}

    void query(const ast::Query* q);
    void expr(const ast::Expr* e);
    void hints(const std::vector<ast::Hint>& hints);

  private:
    void select(const ast::Select& s);
    void group(const ast::GroupItem& item);
    void table(const ast::TableRef* t);
    void match(const ast::MatchRecognize& m);
    void window(const ast::WindowSpec& w);
    void order(const std::vector<ast::OrderItem>& items);
    void use(const ast::Path& path, OutlineTable table);
    void over(const ast::WindowSpec& w);
    [[nodiscard]] std::string canonical(Span span) const;

    const std::vector<Token>& tokens_;
    Outline& out_;
    std::vector<std::string> with_;  ///< names of WITH that hide tables, innermost last
    struct Level {
        const ast::Select* select = nullptr;
        OutlineOvers overs;
    };
    std::vector<Level> levels_;
};

}  // namespace mr::sql
