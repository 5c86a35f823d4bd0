// Counts how deep the descent is, and stops it at kMaxNesting. Thread: one.
#pragma once

#include <fmt/format.h>

#include "sql/internal/parser.h"

namespace mr::sql {

/// Lives as long as a level of the descent. `if (!nested.ok()) return {};`
class Parser::Nested {
  public:
    explicit Nested(Parser& parser) : parser_(parser) {
        if (++parser_.nesting_ > kMaxNesting && !parser_.failed_) {
            const Span span = parser_.peek().span;
            parser_.failed_ = true;
            parser_.diagnostics_.error(
                *parser_.file_, span, code::kLimit,
                {fmt::format("more than {} levels of parentheses and subqueries", kMaxNesting),
                 {},
                 "split the query with WITH or views"});
        }
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --parser_.nesting_; }
    [[nodiscard]] bool ok() const { return !parser_.failed_; }

  private:
    Parser& parser_;
};

}  // namespace mr::sql
