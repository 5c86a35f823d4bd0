#include "warehouse/guard.h"

#include <algorithm>
#include <array>

namespace mr::warehouse {
namespace {

/// Acting functions, and those that run SQL this check cannot see.
constexpr std::array<std::string_view, 17> kActing = {"checkpoint",
                                                      "force_checkpoint",
                                                      "enable_logging",
                                                      "disable_logging",
                                                      "set_log_level",
                                                      "truncate_duckdb_logs",
                                                      "duckdb_logs",
                                                      "enable_profiling",
                                                      "disable_profiling",
                                                      "write_log",
                                                      "query",
                                                      "json_execute_serialized_sql",
                                                      "duckdb_databases",
                                                      "duckdb_secrets",
                                                      "pragma_database_list",
                                                      "duckdb_extensions",
                                                      "enable_profile"};
/// Bounded by a macro of ours: the original behind it is not for calling.
constexpr std::array<std::string_view, 5> kBounded = {"range", "generate_series", "repeat", "lpad", "rpad"};
/// Statements DuckDB turns into others.
constexpr std::array<std::string_view, 2> kStatements = {"pragma", "call"};

struct Token {
    enum class Kind : std::uint8_t { end, name, text, mark };
    Kind kind = Kind::end;
    std::size_t at = 0;
    std::string name;  ///< lower case, without quotes
    char mark = 0;
};

bool is_name(char c, bool first) {
    const auto u = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || u >= 0x80 ||
           (!first && ((c >= '0' && c <= '9') || c == '$'));
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// DuckDB's tokens, as far as telling names from texts and comments needs.
class Tokens {
  public:
    explicit Tokens(std::string_view sql) : sql_(sql) {}

    Token next() {
        skip_blanks();
        Token out{.kind = Token::Kind::end, .at = at_, .name = {}, .mark = 0};
        if (at_ >= sql_.size()) return out;
        const char c = sql_[at_];
        if (c == '"') return quoted(out);
        const bool escapes = (c == 'e' || c == 'E') && peek(1) == '\'';
        if (c == '\'' || escapes) return text(out, escapes);
        if (c == '$') return dollar(out);
        if (is_name(c, true)) {
            out.kind = Token::Kind::name;
            while (at_ < sql_.size() && is_name(sql_[at_], false)) out.name.push_back(lower(sql_[at_++]));
            return out;
        }
        out.kind = Token::Kind::mark;
        out.mark = c;
        ++at_;
        return out;
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead) const {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }
    void skip_blanks() {
        for (;;) {
            const char c = peek(0);
            if (at_ < sql_.size() && (c == ' ' || (c >= '\t' && c <= '\r'))) {
                ++at_;
            } else if (c == '-' && peek(1) == '-') {
                at_ = std::min(sql_.find('\n', at_), sql_.size());
            } else if (c == '/' && peek(1) == '*') {
                skip_comment();
            } else {
                return;
            }
        }
    }
    void skip_comment() {
        int depth = 0;
        do {
            const bool open = peek(0) == '/' && peek(1) == '*', close = peek(0) == '*' && peek(1) == '/';
            depth += open ? 1 : close ? -1 : 0;
            at_ += open || close ? 2 : 1;
        } while (depth > 0 && at_ < sql_.size());
    }
    Token quoted(Token out) {
        out.kind = Token::Kind::name;
        for (++at_; at_ < sql_.size(); ++at_) {
            if (sql_[at_] == '"' && peek(1) != '"') break;
            if (sql_[at_] == '"') ++at_;
            out.name.push_back(lower(sql_[at_]));
        }
        ++at_;
        return out;
    }
    Token text(Token out, bool escapes) {
        out.kind = Token::Kind::text;
        for (at_ += escapes ? 2 : 1; at_ < sql_.size(); ++at_) {
            if (escapes && sql_[at_] == '\\') {
                ++at_;
            } else if (sql_[at_] == '\'') {
                if (peek(1) != '\'') break;
                ++at_;
            }
        }
        ++at_;
        return out;
    }
    /// $$text$$, $tag$text$tag$, or a parameter.
    Token dollar(Token out) {
        out.kind = Token::Kind::text;
        std::size_t end = at_ + 1;
        while (end < sql_.size() && is_name(sql_[end], false) && sql_[end] != '$') ++end;
        if (end >= sql_.size() || sql_[end] != '$') {
            ++at_;
            return out;
        }
        const std::string_view tag = sql_.substr(at_, end + 1 - at_);
        const std::size_t close = sql_.find(tag, end + 1);
        at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
        return out;
    }

    const std::string_view sql_;
    std::size_t at_ = 0;
};

/// The line with a caret under the place, as DuckDB shows its own errors.
std::string shown(std::string_view sql, std::size_t at) {
    const auto line = 1 + std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t before = at == 0 ? std::string_view::npos : sql.rfind('\n', at - 1);
    const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
    const std::string lead = fmt::format("LINE {}: ", line);
    return fmt::format("{}{}\n{}^", lead, sql.substr(from, std::min(sql.find('\n', at), sql.size()) - from),
                       std::string(lead.size() + at - from, ' '));
}

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

Status check_query(std::string_view sql) {
    Tokens tokens(sql);
    Token previous, token = tokens.next();
    for (bool first = true; token.kind != Token::Kind::end; first = false) {
        Token next = tokens.next();
        const bool named = token.kind == Token::Kind::name;
        if (named && first && among(kStatements, token.name))
            return fail(Code::permission_denied,
                        "only queries are allowed here: SELECT, VALUES, EXPLAIN, DESCRIBE, SHOW, SUMMARIZE");
        const bool called = named && next.kind == Token::Kind::mark && next.mark == '(';
        if (named && (among(kActing, token.name) &&
                      (called || token.name.starts_with("pragma_") || token.name.starts_with("duckdb_"))))
            return fail(Code::permission_denied, "{} is not allowed here\n\n{}", token.name,
                        shown(sql, token.at));
        if (called && among(kBounded, token.name) && previous.kind == Token::Kind::mark &&
            previous.mark == '.')
            return fail(Code::permission_denied, "write {}(...) without a name before it\n\n{}", token.name,
                        shown(sql, token.at));
        previous = std::move(token);
        token = std::move(next);
    }
    return {};
}

std::string bounded_functions() {
    return R"(
CREATE OR REPLACE MACRO range(n) AS
    CASE WHEN n > 100000 THEN error('range: a list of more than 100000 elements; use FROM range(...)')
         ELSE system.main.range(least(n, 100000)) END,
  (a, b) AS
    CASE WHEN b - a > 100000 THEN error('range: a list of more than 100000 elements; use FROM range(...)')
         ELSE system.main.range(a, least(b, a + 100000)) END,
  (a, b, c) AS
    CASE WHEN (b + c > b AND a + c * 100000 < b) OR (b + c < b AND a + c * 100000 > b)
         THEN error('range: a list of more than 100000 elements; use FROM range(...)')
         ELSE system.main.range(a, CASE WHEN b + c > b THEN least(b, a + c * 100000)
                                        ELSE greatest(b, a + c * 100000) END, c) END;
CREATE OR REPLACE MACRO generate_series(n) AS
    CASE WHEN n > 100000 THEN error('generate_series: a list of more than 100000 elements; use FROM')
         ELSE system.main.generate_series(least(n, 100000)) END,
  (a, b) AS
    CASE WHEN b - a > 100000 THEN error('generate_series: a list of more than 100000 elements; use FROM')
         ELSE system.main.generate_series(a, least(b, a + 100000)) END,
  (a, b, c) AS
    CASE WHEN (b + c > b AND a + c * 100000 < b) OR (b + c < b AND a + c * 100000 > b)
         THEN error('generate_series: a list of more than 100000 elements; use FROM')
         ELSE system.main.generate_series(a, CASE WHEN b + c > b THEN least(b, a + c * 100000)
                                                  ELSE greatest(b, a + c * 100000) END, c) END;
CREATE OR REPLACE MACRO repeat(s, n) AS
    CASE WHEN n * length(s) > 10000000 THEN error('repeat: longer than 10000000')
         ELSE system.main.repeat(s, least(n, 10000000 // greatest(length(s), 1))) END;
CREATE OR REPLACE MACRO lpad(s, n, p) AS
    CASE WHEN n > 10000000 THEN error('lpad: longer than 10000000')
         ELSE system.main.lpad(s, least(n, 10000000)::INTEGER, p) END;
CREATE OR REPLACE MACRO rpad(s, n, p) AS
    CASE WHEN n > 10000000 THEN error('rpad: longer than 10000000')
         ELSE system.main.rpad(s, least(n, 10000000)::INTEGER, p) END;
)";
}

}  // namespace mr::warehouse
