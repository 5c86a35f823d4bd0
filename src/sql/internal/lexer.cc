#include "sql/internal/lexer.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <optional>

namespace mr::sql {
namespace {

bool starts_word(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool continues_word(char c) {
    return starts_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void append_utf8(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (c >> 18));
        out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}

/// \XXXX and \+XXXXXX of U&'…' decoded; nothing if an escape is malformed.
std::optional<std::string> decode_unicode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        if (i + 1 < text.size() && text[i + 1] == '\\') {
            out += '\\';
            ++i;
            continue;
        }
        std::size_t digits = 4;
        std::size_t at = i + 1;
        if (at < text.size() && text[at] == '+') {
            digits = 6;
            ++at;
        }
        if (at + digits > text.size()) return std::nullopt;
        std::uint32_t c = 0;
        for (std::size_t k = 0; k < digits; ++k) {
            const int d = hex_digit(text[at + k]);
            if (d < 0) return std::nullopt;
            c = c * 16 + static_cast<std::uint32_t>(d);
        }
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return std::nullopt;
        append_utf8(out, c);
        i = at + digits - 1;
    }
    return out;
}

class Lexer {
  public:
    Lexer(const SourceFile& file, Diagnostics& diagnostics)
        : file_(file), text_(file.text()), diagnostics_(diagnostics) {}

    std::vector<Token> run() {
        if (text_.size() > kMaxTextBytes) {
            diagnostics_.error(
                file_, {0, 1}, code::kLimit,
                {fmt::format("the text has {} bytes; at most {} are read", text_.size(), kMaxTextBytes),
                 {},
                 "split it into several files: each file is a pipeline of its own"});
            text_ = {};
        }
        while (skip_blank()) next();
        Token end;
        end.span = {position(), position()};
        tokens_.push_back(std::move(end));
        return std::move(tokens_);
    }

  private:
    [[nodiscard]] std::uint32_t position() const { return static_cast<std::uint32_t>(at_); }
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    void error(std::size_t begin, std::size_t end, std::string message, std::string help = {}) {
        diagnostics_.error(file_, {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)},
                           code::kLexical, {std::move(message), {}, std::move(help)});
    }
    void push(TokenKind kind, std::string text, std::size_t begin) {
        Token t;
        t.kind = kind;
        t.text = std::move(text);
        t.span = {static_cast<std::uint32_t>(begin), position()};
        if (kind == TokenKind::word) {
            t.upper = t.text;
            for (char& c : t.upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
        tokens_.push_back(std::move(t));
    }

    /// Past blanks and comments; false at the end.
    bool skip_blank() {
        while (at_ < text_.size()) {
            const char c = peek();
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
                ++at_;
            } else if ((c == '-' && peek(1) == '-') || (c == '/' && peek(1) == '/')) {
                while (at_ < text_.size() && text_[at_] != '\n') ++at_;
            } else if (c == '/' && peek(1) == '*' && peek(2) != '+') {
                const std::size_t end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) {
                    error(at_, at_ + 2, "this comment is never closed", "close it with */");
                    at_ = text_.size();
                } else {
                    at_ = end + 2;
                }
            } else {
                return true;
            }
        }
        return false;
    }

    void next() {
        const char c = peek();
        if ((c == 'U' || c == 'u') && peek(1) == '&' && peek(2) == '\'') return unicode_string();
        if ((c == 'X' || c == 'x') && peek(1) == '\'') return hex_string();
        if ((c == 'N' || c == 'n') && peek(1) == '\'') {
            const std::size_t begin = at_++;
            return quoted('\'', TokenKind::string, begin);
        }
        if (starts_word(c)) return word();
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
        if (c == '\'') return quoted('\'', TokenKind::string, at_);
        if (c == '`') return quoted('`', TokenKind::quoted_name, at_);
        if (c == '$' && peek(1) == '$') return dollar_string();
        if (c == '"') {
            const std::size_t end = text_.find('"', at_ + 1);
            const std::size_t stop = end == std::string_view::npos ? at_ + 1 : end + 1;
            error(at_, stop, "names are quoted with ` and strings with ', not with \"");
            const std::size_t begin = at_;
            std::string inner(text_.substr(at_ + 1, stop > at_ + 2 ? stop - at_ - 2 : 0));
            at_ = stop;
            return push(TokenKind::quoted_name, std::move(inner), begin);
        }
        symbol();
    }

    void word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && continues_word(text_[at_])) ++at_;
        push(TokenKind::word, std::string(text_.substr(begin, at_ - begin)), begin);
    }

    void number() {
        const std::size_t begin = at_;
        while (is_digit(peek())) ++at_;
        // "1.id" after objects[1] is an access, not a number: only digits make a fraction.
        if (peek() == '.' && !starts_word(peek(1))) {
            ++at_;
            while (is_digit(peek())) ++at_;
        } else if (peek() == '.' && (peek(1) == 'e' || peek(1) == 'E') && is_digit(peek(2))) {
            ++at_;
        }
        if ((peek() == 'e' || peek() == 'E') &&
            (is_digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && is_digit(peek(2))))) {
            at_ += 2;
            while (is_digit(peek())) ++at_;
        }
        if (starts_word(peek())) {
            const std::size_t wrong = at_;
            while (at_ < text_.size() && continues_word(text_[at_])) ++at_;
            error(begin, at_,
                  fmt::format("a number ends at \"{}\"",
                              text_.substr(wrong, std::min<std::size_t>(at_ - wrong, 40))),
                  "put a blank between them; a name that starts with a digit is written in back quotes");
        }
        push(TokenKind::number, std::string(text_.substr(begin, at_ - begin)), begin);
    }

    void quoted(char quote, TokenKind kind, std::size_t begin) {
        const std::size_t open = at_++;
        std::string out;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c != quote) {
                out += c;
            } else if (peek() == quote) {
                out += quote;
                ++at_;
            } else {
                if (kind == TokenKind::quoted_name && out.empty()) error(open, at_, "a name is empty");
                return push(kind, std::move(out), begin);
            }
        }
        error(open, open + 1,
              kind == TokenKind::string ? "this string is never closed" : "this quoted name is never closed",
              fmt::format("close it with {0}; inside, write {0}{0} for one {0}", quote));
        push(kind, std::move(out), begin);
    }

    void unicode_string() {
        const std::size_t begin = at_;
        at_ += 2;
        quoted('\'', TokenKind::string, begin);
        Token& token = tokens_.back();
        if (auto decoded = decode_unicode(token.text)) {
            token.text = std::move(*decoded);
        } else {
            error(begin, at_, "a Unicode escape is malformed", "write \\XXXX or \\+XXXXXX, in hexadecimal");
        }
    }

    void hex_string() {
        const std::size_t begin = at_++;
        quoted('\'', TokenKind::bytes, begin);
        Token& token = tokens_.back();
        std::string out;
        bool good = token.text.size() % 2 == 0;
        for (std::size_t i = 0; good && i + 1 < token.text.size(); i += 2) {
            const int high = hex_digit(token.text[i]);
            const int low = hex_digit(token.text[i + 1]);
            good = high >= 0 && low >= 0;
            if (good) out += static_cast<char>(high * 16 + low);
        }
        if (!good) error(begin, at_, "x'…' takes pairs of hexadecimal digits");
        token.text = std::move(out);
    }

    void dollar_string() {
        const std::size_t begin = at_;
        const std::size_t end = text_.find("$$", at_ + 2);
        if (end == std::string_view::npos) {
            error(begin, begin + 2, "this $$ is never closed");
            at_ = text_.size();
            return push(TokenKind::string, std::string(text_.substr(begin + 2)), begin);
        }
        at_ = end + 2;
        push(TokenKind::string, std::string(text_.substr(begin + 2, end - begin - 2)), begin);
    }

    void symbol() {
        static constexpr std::array<std::string_view, 12> kLong = {"/*+", "<>", "!=", "<=", ">=", "||",
                                                                   "=>",  "->", "{-", "-}", "==", "**"};
        const std::size_t begin = at_;
        const std::string_view rest = text_.substr(at_);
        if (in_hint_ && rest.starts_with("*/")) {
            in_hint_ = false;
            at_ += 2;
            return push(TokenKind::symbol, "*/", begin);
        }
        for (const std::string_view s : kLong) {
            if (!rest.starts_with(s)) continue;
            if (s == "/*+") in_hint_ = true;
            at_ += s.size();
            return push(TokenKind::symbol, std::string(s), begin);
        }
        ++at_;
        const char c = text_[begin];
        if (std::string_view("()[]{},;.+-*/%=<>:?|^").find(c) == std::string_view::npos) {
            const bool printable = c > ' ' && c < 0x7f;
            error(begin, at_,
                  printable ? fmt::format("unexpected character \"{}\"", c)
                            : fmt::format("unexpected byte 0x{:02x}", static_cast<unsigned char>(c)));
            return;
        }
        push(TokenKind::symbol, std::string(1, c), begin);
    }

    const SourceFile& file_;
    std::string_view text_;
    Diagnostics& diagnostics_;
    std::size_t at_ = 0;
    bool in_hint_ = false;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const SourceFile& file, Diagnostics& diagnostics) {
    return Lexer(file, diagnostics).run();
}

}  // namespace mr::sql
