#include "formats/protobuf/proto_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace mr::formats::protobuf {
namespace {

constexpr int kDepthMax = 32;  // protoc's own limit for nested messages
constexpr std::int32_t kFieldNumberMax = 536'870'911;

struct Token {
    enum class Kind : std::uint8_t { end, word, number, text, sign };
    Kind kind = Kind::end;
    std::string_view text;
    std::size_t at = 0;
};

bool starts_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<Token> next() {
        MR_TRY_VOID(skip_blanks());
        Token token{.kind = Token::Kind::end, .text = {}, .at = at_};
        if (at_ >= text_.size()) return token;
        const std::size_t from = at_;
        const char c = text_[at_];
        if (starts_word(c)) {
            while (at_ < text_.size() && (starts_word(text_[at_]) || is_digit(text_[at_]))) ++at_;
            token.kind = Token::Kind::word;
        } else if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
            token.kind = Token::Kind::number;
            for (char last = 0; at_ < text_.size(); ++at_) {
                const char d = text_[at_];
                const bool exponent = (d == '+' || d == '-') && (last == 'e' || last == 'E');
                if (!starts_word(d) && !is_digit(d) && d != '.' && !exponent) break;
                last = d;
            }
        } else if (c == '"' || c == '\'') {
            token.kind = Token::Kind::text;
            for (++at_; at_ < text_.size() && text_[at_] != c && text_[at_] != '\n'; ++at_) {
                if (text_[at_] == '\\') ++at_;
            }
            if (at_ >= text_.size() || text_[at_] != c) return fail_at(from, "a string is not closed");
            ++at_;
        } else {
            token.kind = Token::Kind::sign;
            ++at_;
        }
        token.text = text_.substr(from, at_ - from);
        return token;
    }

    std::unexpected<Error> fail_at(std::size_t at, std::string_view message) const {
        const std::string_view before = text_.substr(0, std::min(at, text_.size()));
        const auto line = 1 + std::ranges::count(before, '\n');
        const std::size_t start = before.rfind('\n');
        const std::size_t column =
            start == std::string_view::npos ? before.size() + 1 : before.size() - start;
        return fail(Code::invalid_argument, "{}:{}: {}", line, column, message);
    }

  private:
    Status skip_blanks() {
        while (at_ < text_.size()) {
            const std::string_view rest = text_.substr(at_);
            if (static_cast<unsigned char>(rest[0]) <= ' ' || rest.starts_with("\xef\xbb\xbf")) {
                at_ += rest[0] == '\xef' ? 3 : 1;
            } else if (rest.starts_with("//")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (rest.starts_with("/*")) {
                const std::size_t end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) return fail_at(at_, "a comment is not closed");
                at_ = end + 2;
            } else {
                break;
            }
        }
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

class Parser {
  public:
    explicit Parser(std::string_view text) : lexer_(text) {}

    Result<File> parse() {
        MR_TRY_VOID(advance());
        for (bool first = true; token_.kind != Token::Kind::end; first = false) {
            if (take(";")) continue;
            if (is("syntax") || is("edition")) {
                if (!first) return wrong("'syntax' and 'edition' come first");
                MR_TRY_VOID(syntax());
            } else if (is("package")) {
                MR_TRY_VOID(advance());
                if (!file_.package.empty()) return wrong("a second package");
                MR_TRY(file_.package, type_name());
                MR_TRY_VOID(expect(";"));
            } else if (is("import")) {
                MR_TRY_VOID(import());
            } else if (is("option")) {
                MR_TRY_VOID(option(&file_.options));
            } else if (is("message")) {
                MR_TRY(auto message, parse_message(0));
                file_.messages.push_back(std::move(message));
            } else if (is("enum")) {
                MR_TRY(auto made, parse_enum());
                file_.enums.push_back(std::move(made));
            } else if (is("extend")) {
                MR_TRY_VOID(extend(0));
            } else if (is("service")) {
                MR_TRY_VOID(service());
            } else {
                return wrong("expected a message, enum, service, extend, import, option or package");
            }
        }
        MR_TRY_VOID(check_names(file_.messages, file_.enums));
        return std::move(file_);
    }

  private:
    Status advance() {
        MR_TRY(token_, lexer_.next());
        return {};
    }
    [[nodiscard]] bool is(std::string_view text) const {
        return token_.kind != Token::Kind::text && token_.text == text;
    }
    /// Goes on if the token is `text`. (A broken token after it is found by whoever looks next.)
    bool take(std::string_view text) {
        if (!is(text)) return false;
        if (auto next = lexer_.next()) {
            token_ = *next;
        } else {
            token_ = {.kind = Token::Kind::sign, .text = "<broken>", .at = token_.at};
            broken_ = next.error().message;
        }
        return true;
    }
    std::unexpected<Error> wrong(std::string_view message) {
        if (!broken_.empty()) return fail(Code::invalid_argument, "{}", broken_);
        const std::string found =
            token_.kind == Token::Kind::end ? "the end of the file" : fmt::format("'{}'", token_.text);
        return lexer_.fail_at(token_.at, fmt::format("{}, found {}", message, found));
    }
    Status expect(std::string_view text) {
        if (take(text)) return {};
        return wrong(fmt::format("expected '{}'", text));
    }
    Result<std::string> word() {
        if (token_.kind != Token::Kind::word) return wrong("expected a name");
        std::string out(token_.text);
        MR_TRY_VOID(advance());
        return out;
    }
    /// ".a.b.C"
    Result<std::string> type_name() {
        std::string out;
        if (take(".")) out = ".";
        while (true) {
            MR_TRY(const std::string part, word());
            out += part;
            if (!take(".")) return out;
            out += '.';
        }
    }
    Result<std::int64_t> integer() {
        const bool negative = take("-");
        std::string_view digits = token_.text;
        int base = 10;
        if (digits.size() > 1 && digits[0] == '0') {
            base = digits[1] == 'x' || digits[1] == 'X' ? 16 : 8;
            digits.remove_prefix(base == 16 ? 2 : 1);
        }
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        if (token_.kind != Token::Kind::number || error != std::errc() ||
            end != digits.data() + digits.size())
            return wrong("expected a whole number");
        MR_TRY_VOID(advance());
        return negative ? -value : value;
    }
    Result<std::string> text() {
        if (token_.kind != Token::Kind::text) return wrong("expected a string");
        std::string out;
        while (token_.kind == Token::Kind::text) {
            out += token_.text.substr(1, token_.text.size() - 2);
            MR_TRY_VOID(advance());
        }
        return out;
    }

    Status syntax() {
        const bool edition = is("edition");
        MR_TRY_VOID(advance());
        MR_TRY_VOID(expect("="));
        const Token at = token_;
        MR_TRY(file_.syntax, text());
        if (!edition && file_.syntax != "proto2" && file_.syntax != "proto3")
            return lexer_.fail_at(at.at, fmt::format("unknown syntax '{}'", file_.syntax));
        return expect(";");
    }

    Status import() {
        MR_TRY_VOID(advance());
        if (!take("public") && !take("weak")) static_cast<void>(take("option"));
        MR_TRY(std::string path, text());
        file_.imports.push_back(std::move(path));
        return expect(";");
    }

    /// option (a.b).c = value;
    Status option(Options* to = nullptr) {
        MR_TRY_VOID(advance());
        MR_TRY_VOID(option_body(to));
        return expect(";");
    }
    Status option_body(Options* to) {
        std::string name;
        bool known = true;
        while (true) {
            if (take("(")) {
                known = false;
                MR_TRY_VOID(type_name());
                MR_TRY_VOID(expect(")"));
            } else {
                MR_TRY(const std::string part, word());
                name += part;
            }
            if (!take(".")) break;
            name += '.';
        }
        MR_TRY_VOID(expect("="));
        known = known && !is("{");
        MR_TRY(std::string value, constant());
        if (known && to != nullptr) to->insert_or_assign(std::move(name), std::move(value));
        return {};
    }
    Result<std::string> constant() {
        if (is("{")) {
            MR_TRY_VOID(aggregate());
            return std::string();
        }
        if (token_.kind == Token::Kind::text) return text();
        std::string sign = is("-") ? "-" : "";
        if (!take("-")) static_cast<void>(take("+"));
        if (token_.kind == Token::Kind::number) {
            sign += token_.text;
            MR_TRY_VOID(advance());
        } else {
            MR_TRY(const std::string name, type_name());
            sign += name;
        }
        return sign;
    }
    /// A message in text format: anything, so long as its brackets close.
    Status aggregate() {
        int open = 0;
        do {
            if (is("{") || is("[")) ++open;
            if (is("}") || is("]")) --open;
            if (open > 1'000) return wrong("nested too deeply");
            if (token_.kind == Token::Kind::end) return wrong("expected '}'");
            MR_TRY_VOID(advance());
        } while (open > 0);
        return {};
    }
    /// [deprecated = true, (x) = 1]
    Status field_options(Options* to = nullptr) {
        if (!take("[")) return {};
        do {
            MR_TRY_VOID(option_body(to));
        } while (take(","));
        return expect("]");
    }

    Result<Message> parse_message(int depth) {
        MR_TRY_VOID(advance());
        Message message;
        MR_TRY(message.name, word());
        MR_TRY_VOID(expect("{"));
        MR_TRY_VOID(message_body(message, depth));
        return message;
    }

    Status message_body(Message& message, int depth) {
        if (depth > kDepthMax) return wrong("messages are nested too deeply");
        while (!take("}")) {
            if (take(";")) continue;
            MR_TRY_VOID(element(message, depth));
        }
        return check_fields(message);
    }

    Status element(Message& message, int depth) {
        // `message` and the like may also be names of types; a declaration is what they begin here.
        if (is("message")) {
            MR_TRY(auto inner, parse_message(depth + 1));
            message.messages.push_back(std::move(inner));
            return {};
        }
        if (is("enum")) {
            MR_TRY(auto inner, parse_enum());
            message.enums.push_back(std::move(inner));
            return {};
        }
        if (is("oneof")) return oneof(message, depth);
        if (is("option")) return option();
        if (is("extend")) return extend(depth);
        if (is("extensions")) return ranges(true);
        if (is("reserved")) return ranges(false);
        return field(message, "", depth);
    }

    Status oneof(Message& message, int depth) {
        MR_TRY_VOID(advance());
        MR_TRY(const std::string name, word());
        message.oneofs.push_back(name);
        MR_TRY_VOID(expect("{"));
        while (!take("}")) {
            if (take(";")) continue;
            if (is("option")) {
                MR_TRY_VOID(option());
            } else {
                MR_TRY_VOID(field(message, name, depth));
            }
        }
        return {};
    }

    Status field(Message& message, const std::string& oneof, int depth) {
        Field out{.name = {}, .type = {}, .oneof = oneof};
        if (oneof.empty()) {
            out.repeated = take("repeated");
            out.required = !out.repeated && take("required");
            out.optional = !out.repeated && !out.required && take("optional");
        }
        if (is("map")) {
            MR_TRY(out.type, map_type());
            out.repeated = true;
        } else {
            MR_TRY(out.type, type_name());
        }
        const Token name_at = token_;
        MR_TRY(out.name, word());
        MR_TRY_VOID(expect("="));
        const Token at = token_;
        MR_TRY(const std::int64_t number, integer());
        if (number < 1 || number > kFieldNumberMax || (number >= 19'000 && number <= 19'999)) {
            return lexer_.fail_at(
                at.at, fmt::format("field number {} is not within 1 to {}, 19000 to 19999 excepted", number,
                                   kFieldNumberMax));
        }
        out.number = static_cast<std::int32_t>(number);
        MR_TRY_VOID(field_options(&out.options));
        if (is("{") && out.type == "group") {
            MR_TRY_VOID(advance());
            Message group;
            group.name = out.name;
            MR_TRY_VOID(message_body(group, depth + 1));
            message.messages.push_back(std::move(group));
            out.name = std::string(name_at.text);
            std::ranges::transform(out.name, out.name.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            });
        } else {
            MR_TRY_VOID(expect(";"));
        }
        message.fields.push_back(std::move(out));
        return {};
    }

    /// map<string, a.B>
    Result<std::string> map_type() {
        MR_TRY_VOID(advance());
        MR_TRY_VOID(expect("<"));
        static const std::set<std::string, std::less<>> kKeys = {"int32",    "int64",  "uint32",  "uint64",
                                                                 "sint32",   "sint64", "fixed32", "sfixed32",
                                                                 "sfixed64", "bool",   "string",  "fixed64"};
        if (!kKeys.contains(token_.text)) return wrong("expected a whole number's type, bool or string");
        MR_TRY(const std::string key, word());
        MR_TRY_VOID(expect(","));
        MR_TRY(const std::string value, type_name());
        MR_TRY_VOID(expect(">"));
        return fmt::format("map<{},{}>", key, value);
    }

    /// reserved 2, 15, 9 to 11; reserved "foo"; extensions 100 to max [ … ];
    Status ranges(bool extensions) {
        MR_TRY_VOID(advance());
        do {
            if (token_.kind == Token::Kind::text && !extensions) {
                MR_TRY_VOID(text());
            } else if (token_.kind == Token::Kind::word && !extensions) {
                MR_TRY_VOID(word());
            } else {
                MR_TRY_VOID(integer());
                if (take("to") && !take("max")) MR_TRY_VOID(integer());
            }
        } while (take(","));
        if (extensions) MR_TRY_VOID(field_options());
        return expect(";");
    }

    Status extend(int depth) {
        MR_TRY_VOID(advance());
        MR_TRY_VOID(type_name());
        MR_TRY_VOID(expect("{"));
        Message unused;
        while (!take("}")) {
            if (take(";")) continue;
            MR_TRY_VOID(field(unused, "", depth));
        }
        return {};
    }

    Result<Enum> parse_enum() {
        MR_TRY_VOID(advance());
        Enum out;
        out.closed = file_.syntax == "proto2";
        const Token at = token_;
        MR_TRY(out.name, word());
        MR_TRY_VOID(expect("{"));
        while (!take("}")) {
            if (take(";")) continue;
            if (is("option")) {
                MR_TRY_VOID(option(&out.options));
            } else if (is("reserved")) {
                MR_TRY_VOID(ranges(false));
            } else {
                MR_TRY_VOID(enum_value(out));
            }
        }
        if (out.values.empty()) return lexer_.fail_at(at.at, "an enum needs at least one value");
        if (file_.syntax == "proto3" && out.values.front().number != 0)
            return lexer_.fail_at(at.at, "the first value of a proto3 enum must be 0");
        return out;
    }

    Status enum_value(Enum& to) {
        EnumValue value;
        MR_TRY(value.name, word());
        MR_TRY_VOID(expect("="));
        const Token at = token_;
        MR_TRY(const std::int64_t number, integer());
        if (number < INT32_MIN || number > INT32_MAX) return lexer_.fail_at(at.at, "beyond 32 bits");
        value.number = static_cast<std::int32_t>(number);
        MR_TRY_VOID(field_options());
        to.values.push_back(std::move(value));
        return expect(";");
    }

    /// service S { rpc A (stream X) returns (Y) { option … } }
    Status service() {
        MR_TRY_VOID(advance());
        MR_TRY_VOID(word());
        MR_TRY_VOID(expect("{"));
        while (!take("}")) {
            if (take(";")) continue;
            if (is("option")) {
                MR_TRY_VOID(option());
                continue;
            }
            MR_TRY_VOID(expect("rpc"));
            MR_TRY_VOID(word());
            MR_TRY_VOID(rpc_type());
            MR_TRY_VOID(expect("returns"));
            MR_TRY_VOID(rpc_type());
            if (take(";")) continue;
            MR_TRY_VOID(expect("{"));
            while (!take("}")) {
                if (take(";")) continue;
                if (!is("option")) return wrong("expected 'option' or '}'");
                MR_TRY_VOID(option());
            }
        }
        return {};
    }
    Status rpc_type() {
        MR_TRY_VOID(expect("("));
        static_cast<void>(take("stream"));
        MR_TRY_VOID(type_name());
        return expect(")");
    }

    static Status check_fields(const Message& message) {
        std::set<std::int32_t> numbers;
        std::set<std::string> names;
        for (const Field& f : message.fields) {
            if (!numbers.insert(f.number).second)
                return fail(Code::invalid_argument, "message {}: field number {} is used twice", message.name,
                            f.number);
            if (!names.insert(f.name).second)
                return fail(Code::invalid_argument, "message {}: field {} is there twice", message.name,
                            f.name);
        }
        return check_names(message.messages, message.enums);
    }
    static Status check_names(const std::vector<Message>& messages, const std::vector<Enum>& enums) {
        std::set<std::string> names;
        const auto add = [&](const std::string& name) { return names.insert(name).second; };
        for (const Message& m : messages) {
            if (!add(m.name)) return fail(Code::invalid_argument, "{} is defined twice", m.name);
        }
        for (const Enum& e : enums) {
            if (!add(e.name)) return fail(Code::invalid_argument, "{} is defined twice", e.name);
        }
        return {};
    }

    Lexer lexer_;
    Token token_;
    std::string broken_;
    File file_;
};

}  // namespace

Result<File> parse_file(std::string_view text) {
    return Parser(text).parse();
}

}  // namespace mr::formats::protobuf
