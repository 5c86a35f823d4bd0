// Splits SQL text into tokens: words, `quoted names`, numbers, 'strings', symbols. Comments are dropped,
// hints
// (/*+ … */) become symbols. Thread: any (a function).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sql/internal/source_file.h"

namespace mr::sql {

enum class TokenKind : std::uint8_t {
    end,
    word,         ///< unquoted identifier or keyword: `text` as written, `upper` in capitals
    quoted_name,  ///< `a``b`: text without the quotes
    number,       ///< 12, 1.5, .5, 1e-3
    string,       ///< 'it''s', U&'\00e9', $$ … $$: the text itself
    bytes,        ///< x'0aff': the bytes
    symbol,       ///< one of the operators and punctuation marks
};

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text;
    std::string upper;  ///< words only
    Span span;
};

/// Longest text accepted, and most tokens in it.
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;

/// Always ends with an `end` token; what cannot be read is reported and skipped.
std::vector<Token> tokenize(const SourceFile& file, Diagnostics& diagnostics);

}  // namespace mr::sql
