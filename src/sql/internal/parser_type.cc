// Data types: INT, DECIMAL(10, 2), TIMESTAMP(3) WITH LOCAL TIME ZONE, ROW<a INT, b ARRAY<STRING>> …
#include <fmt/format.h>

#include <charconv>
#include <map>

#include "sql/internal/parser_nesting.h"

namespace mr::sql {

namespace {

/// Flink's defaults: TIMESTAMP is TIMESTAMP(6), TIME is TIME(0), DECIMAL is DECIMAL(10, 0), CHAR is CHAR(1).
constexpr int kTimestampDigits = 6;
constexpr int kMaxLength = 2147483647;
/// Longer bounds than a DataType can hold mean "unbounded": nothing shorter is cut by them.
constexpr int kMaxKeptLength = 32767;

std::int16_t kept_length(int length) {
    return length > kMaxKeptLength ? std::int16_t{0} : static_cast<std::int16_t>(length);
}

std::optional<TypeKind> plain_kind(const std::string& word) {
    static const std::map<std::string, TypeKind, std::less<>> kPlain = {
        {"BOOLEAN", TypeKind::boolean}, {"TINYINT", TypeKind::tinyint}, {"SMALLINT", TypeKind::smallint},
        {"INT", TypeKind::integer},     {"INTEGER", TypeKind::integer}, {"BIGINT", TypeKind::bigint},
        {"FLOAT", TypeKind::float_},    {"REAL", TypeKind::float_},     {"DATE", TypeKind::date},
        {"STRING", TypeKind::string},   {"BYTES", TypeKind::bytes},
    };
    const auto it = kPlain.find(word);
    if (it == kPlain.end()) return std::nullopt;
    return it->second;
}

}  // namespace

int Parser::type_parameter(int fallback, int low, int high) {
    if (!accept_symbol("(")) return fallback;
    const Token t = peek();
    int value = fallback;
    const auto [end, error] = std::from_chars(t.text.data(), t.text.data() + t.text.size(), value);
    if (t.kind != TokenKind::number || error != std::errc{} || end != t.text.data() + t.text.size()) {
        expected("a number");
        return fallback;
    }
    if (value < low || value > high) {
        fail(fmt::format("{} is out of range: {} to {}", value, low, high));
        return fallback;
    }
    advance();
    expect_symbol(")");
    return value;
}

std::optional<DataType> Parser::type() {
    const Nested nested(*this);
    if (!nested.ok()) return std::nullopt;
    auto out = type_body();
    if (!out) return std::nullopt;
    while (true) {
        if (accept_words("NOT", "NULL")) {
            out->nullable = false;
        } else if (accept_word("NULL")) {
            out->nullable = true;
        } else if (accept_word("ARRAY")) {  // INT ARRAY
            out = DataType::array(*out);
        } else if (at_word("MULTISET")) {
            fail("the type MULTISET is not supported yet", "ARRAY<…> keeps the same elements in order");
            return std::nullopt;
        } else {
            return out;
        }
    }
}

std::optional<DataType> Parser::row_type() {
    const std::string close = at_symbol("<") ? ">" : ")";
    if (!accept_symbol("<") && !expect_symbol("(")) return std::nullopt;
    std::vector<Field> fields;
    if (at_symbol("<>")) advance();
    if (!at_symbol(close)) {
        do {
            const ast::Name n = name("a field name");
            auto t = type();
            if (!t) return std::nullopt;
            for (const Field& f : fields) {
                if (f.name == n.text) fail_at(n.span, fmt::format("the field `{}` is there twice", n.text));
            }
            fields.push_back({n.text, std::move(*t)});
            if (peek().kind == TokenKind::string) advance();  // a comment
        } while (accept_symbol(","));
    }
    if (!expect_symbol(close)) return std::nullopt;
    return DataType::row(std::move(fields));
}

std::optional<DataType> Parser::type_body() {
    const Token t = peek();
    if (t.kind != TokenKind::word) {
        expected("a type (INT, STRING, TIMESTAMP(3), ROW<…> …)");
        return std::nullopt;
    }
    advance();
    const std::string& w = t.upper;
    if (const auto kind = plain_kind(w)) return DataType::of(*kind);
    if (w == "DOUBLE") {
        accept_word("PRECISION");
        return DataType::double_type();
    }
    if (w == "DECIMAL" || w == "DEC" || w == "NUMERIC") {
        int precision = 10;
        int scale = 0;
        if (at_symbol("(") && at_symbol(",", 2)) {
            advance();
            const auto number = [&](int low, int high) {
                int value = 0;
                const Token n = peek();
                const auto [end, error] =
                    std::from_chars(n.text.data(), n.text.data() + n.text.size(), value);
                if (n.kind != TokenKind::number || error != std::errc{} ||
                    end != n.text.data() + n.text.size() || value < low || value > high) {
                    expected(fmt::format("a number from {} to {}", low, high));
                }
                advance();
                return value;
            };
            precision = number(1, 38);
            expect_symbol(",");
            scale = number(0, precision);
            expect_symbol(")");
        } else {
            precision = type_parameter(10, 1, 38);
        }
        return DataType::decimal(precision, scale);
    }
    if (w == "CHAR" || w == "CHARACTER" || w == "VARCHAR" || w == "BINARY" || w == "VARBINARY") {
        const bool varying = w.starts_with("VAR") || accept_word("VARYING");
        DataType out = w.ends_with("BINARY") ? DataType::bytes() : DataType::string();
        out.fixed_length = !varying;
        out.precision = kept_length(type_parameter(varying ? kMaxLength : 1, 1, kMaxLength));
        return out;
    }
    if (w == "TIME") {
        DataType out = DataType::of(TypeKind::time);
        out.precision = static_cast<std::int16_t>(type_parameter(0, 0, 9));
        if (accept_words("WITHOUT", "TIME")) expect_word("ZONE");
        return out;
    }
    if (w == "TIMESTAMP_LTZ") return DataType::timestamp_ltz(type_parameter(kTimestampDigits, 0, 9));
    if (w == "TIMESTAMP") {
        const int digits = type_parameter(kTimestampDigits, 0, 9);
        if (accept_words("WITHOUT", "TIME")) {
            expect_word("ZONE");
        } else if (accept_words("WITH", "LOCAL")) {
            expect_word("TIME");
            expect_word("ZONE");
            return DataType::timestamp_ltz(digits);
        } else if (at_word("WITH") && at_word("TIME", 1)) {
            fail("the type TIMESTAMP WITH TIME ZONE is not supported yet", "use TIMESTAMP_LTZ for instants");
            return std::nullopt;
        }
        return DataType::timestamp(digits);
    }
    if (w == "INTERVAL") {
        const Token unit = advance();
        if (accept_symbol("(")) {
            advance();
            expect_symbol(")");
        }
        if (accept_word("TO")) {
            advance();
            if (accept_symbol("(")) {
                advance();
                expect_symbol(")");
            }
        }
        const bool months = unit.upper == "YEAR" || unit.upper == "MONTH";
        return DataType::of(months ? TypeKind::interval_month : TypeKind::interval_day);
    }
    if (w == "ARRAY") {
        if (!expect_symbol("<")) return std::nullopt;
        auto element = type();
        if (!element || !expect_symbol(">")) return std::nullopt;
        return DataType::array(std::move(*element));
    }
    if (w == "MAP") {
        if (!expect_symbol("<")) return std::nullopt;
        auto key = type();
        if (!key || !expect_symbol(",")) return std::nullopt;
        auto value = type();
        if (!value || !expect_symbol(">")) return std::nullopt;
        return DataType::map(std::move(*key), std::move(*value));
    }
    if (w == "ROW") return row_type();
    if (w == "MULTISET" || w == "RAW" || w == "STRUCTURED" || w == "VARIANT" || w == "NULL") {
        fail_at(t.span, fmt::format("the type {} is not supported yet", w));
        return std::nullopt;
    }
    fail_at(
        t.span, fmt::format("unknown type \"{}\"", t.text),
        "types are BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL(p, s), STRING, CHAR(n), "
        "VARCHAR(n), BYTES, DATE, TIME, TIMESTAMP(p), TIMESTAMP_LTZ(p), ARRAY<…>, MAP<…, …>, ROW<…>");
    return std::nullopt;
}

}  // namespace mr::sql
