// Texts taken apart, put together and re-coded: SPLIT, PRINTF, ENCODE, DECODE, UNHEX, IS_ALPHA and its like.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "engine/internal/registry.h"
#include "engine/internal/text.h"

namespace mr::engine::internal {
namespace {

using List = std::vector<Value>;

/// The parts between separators, empty ones too; without a separator the characters. Of an empty text: none.
void split(RowCall& c) {
    const std::string_view s = c.text(0), by = c.text(1);
    List out;
    if (by.empty()) {
        for (std::size_t at = 0; at < s.size();) {
            const std::size_t n = char_bytes(s, at);
            out.push_back(Value::of(std::string(s.substr(at, n))));
            at += n;
        }
    } else if (!s.empty()) {
        for (std::size_t at = 0; at <= s.size();) {
            const std::size_t end = std::min(s.find(by, at), s.size());
            out.push_back(Value::of(std::string(s.substr(at, end - at))));
            at = end + by.size();
        }
    }
    c.set_value(Value::of(std::move(out)));
}

/// Bytes of hexadecimal digits; of an odd number the first byte has one. NULL if a character is none.
void unhex(RowCall& c) {
    const auto digit = [](char ch) {
        if (ch >= '0' && ch <= '9') return ch - '0';
        if (ch >= 'a' && ch <= 'f') return ch - 'a' + 10;
        if (ch >= 'A' && ch <= 'F') return ch - 'A' + 10;
        return -1;
    };
    const std::string_view s = c.text(0);
    std::string out;
    std::size_t at = 0;
    if (s.size() % 2 == 1) {
        // As Flink 2.2 has it: a single digit gives no value of its own.
        if (digit(s[0]) < 0) return c.null();
        out.push_back(s.size() == 1 ? '\0' : static_cast<char>(digit(s[0])));
        at = 1;
    }
    for (; at < s.size(); at += 2) {
        const int high = digit(s[at]), low = digit(s[at + 1]);
        if (high < 0 || low < 0) return c.null();
        out.push_back(static_cast<char>(high * 16 + low));
    }
    c.set(out);
}

// --- character sets
enum class Charset : std::uint8_t { utf8, ascii, latin1, utf16be, utf16le, utf16, unknown };

Charset charset_of(std::string_view name) {
    std::string n;
    for (const char ch : name) {
        if (ch != '-' && ch != '_') n += static_cast<char>(std::toupper(static_cast<unsigned char>(ch)));
    }
    if (n == "UTF8") return Charset::utf8;
    if (n == "USASCII" || n == "ASCII") return Charset::ascii;
    if (n == "ISO88591" || n == "LATIN1") return Charset::latin1;
    if (n == "UTF16BE") return Charset::utf16be;
    if (n == "UTF16LE") return Charset::utf16le;
    if (n == "UTF16") return Charset::utf16;
    return Charset::unknown;
}

void append_unit(std::string& out, std::uint32_t unit, bool little) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xff);
    out.push_back(little ? low : high);
    out.push_back(little ? high : low);
}

std::string encoded(std::string_view s, Charset set) {
    if (set == Charset::utf8) return std::string(s);
    std::string out;
    if (set == Charset::utf16) append_unit(out, 0xfeff, false);
    const std::uint32_t limit = set == Charset::ascii ? 0x80 : 0x100;
    for (std::size_t at = 0; at < s.size(); at += char_bytes(s, at)) {
        const char32_t ch = decode_char(s, at);
        if (set == Charset::ascii || set == Charset::latin1) {
            out.push_back(ch < limit ? static_cast<char>(ch) : '?');
            continue;
        }
        const bool little = set == Charset::utf16le;
        if (ch >= 0x10000) {
            append_unit(out, 0xd800 + ((ch - 0x10000) >> 10), little);
            append_unit(out, 0xdc00 + ((ch - 0x10000) & 0x3ff), little);
        } else {
            append_unit(out, ch, little);
        }
    }
    return out;
}

std::string decoded(std::string_view bytes, Charset set) {
    std::string out;
    if (set == Charset::utf8) {
        for (std::size_t at = 0; at < bytes.size(); at += char_bytes(bytes, at))
            append_char(out, decode_char(bytes, at));
        return out;
    }
    if (set == Charset::ascii || set == Charset::latin1) {
        for (const char ch : bytes) {
            const auto b = static_cast<unsigned char>(ch);
            append_char(out, set == Charset::ascii && b >= 0x80 ? 0xfffd : b);
        }
        return out;
    }
    bool little = set == Charset::utf16le;
    std::size_t at = 0;
    const auto unit = [&](std::size_t i) -> std::uint32_t {
        const auto a = static_cast<unsigned char>(bytes[i]), b = static_cast<unsigned char>(bytes[i + 1]);
        return little ? static_cast<std::uint32_t>(b << 8 | a) : static_cast<std::uint32_t>(a << 8 | b);
    };
    if (set == Charset::utf16 && bytes.size() >= 2) {
        little = unit(0) == 0xfffe;
        if (little || unit(0) == 0xfeff) at = 2;
    }
    for (; at + 1 < bytes.size(); at += 2) {
        const std::uint32_t u = unit(at);
        const bool pair = u >= 0xd800 && u < 0xdc00 && at + 3 < bytes.size() && unit(at + 2) >= 0xdc00 &&
                          unit(at + 2) < 0xe000;
        if (pair) {
            append_char(out, static_cast<char32_t>(0x10000 + ((u - 0xd800) << 10) + (unit(at + 2) - 0xdc00)));
            at += 2;
        } else {
            append_char(out, u >= 0xd800 && u < 0xe000 ? 0xfffd : static_cast<char32_t>(u));
        }
    }
    if (at < bytes.size()) append_char(out, 0xfffd);
    return out;
}

RowFunction recoded(std::string (*convert)(std::string_view, Charset)) {
    return [convert](RowCall& c) {
        const Charset set = charset_of(c.text(1));
        if (set == Charset::unknown) {
            return c.fail(
                fmt::format("the character set {} is not known: UTF-8, UTF-16, UTF-16BE, UTF-16LE, "
                            "US-ASCII, ISO-8859-1",
                            c.text(1)));
        }
        c.set(convert(c.text(0), set));
    };
}

// --- PRINTF

/// One %-directive of Java's Formatter.
struct Directive {
    bool left = false, plus = false, space = false, zero = false, group = false, brackets = false,
         other = false;
    int width = -1;
    int precision = -1;
    std::size_t argument = 0;  ///< from 1: %2$s; 0: the next
    char conversion = 0;
};

std::optional<Directive> parse_directive(std::string_view f, std::size_t& at) {
    Directive d;
    const auto number = [&](int& out) {
        out = 0;
        while (at < f.size() && f[at] >= '0' && f[at] <= '9' && out < 100'000)
            out = out * 10 + (f[at++] - '0');
        return out < 100'000;
    };
    std::size_t digits = at;
    while (digits < f.size() && f[digits] >= '0' && f[digits] <= '9') ++digits;
    if (digits > at && digits < f.size() && f[digits] == '$') {
        int n = 0;
        if (!number(n) || n == 0) return std::nullopt;
        d.argument = static_cast<std::size_t>(n);
        ++at;
    }
    for (bool more = true; more && at < f.size();) {
        bool* flag = nullptr;
        switch (f[at]) {
            case '-':
                flag = &d.left;
                break;
            case '+':
                flag = &d.plus;
                break;
            case ' ':
                flag = &d.space;
                break;
            case '0':
                flag = &d.zero;
                break;
            case ',':
                flag = &d.group;
                break;
            case '(':
                flag = &d.brackets;
                break;
            case '#':
                flag = &d.other;
                break;
            default:
                more = false;
        }
        if (flag == nullptr) break;
        if (*flag) return std::nullopt;  // DuplicateFormatFlagsException
        *flag = true;
        ++at;
    }
    if (at < f.size() && f[at] >= '1' && f[at] <= '9' && !number(d.width)) return std::nullopt;
    if (at < f.size() && f[at] == '.') {
        ++at;
        if (at >= f.size() || f[at] < '0' || f[at] > '9' || !number(d.precision)) return std::nullopt;
    }
    if (at >= f.size() || ((d.left || d.zero) && d.width < 0)) return std::nullopt;
    d.conversion = f[at++];
    return d;
}

std::string grouped(std::string digits) {
    for (std::size_t at = std::min(digits.find('.'), digits.size()); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

/// A number's digits with sign, grouping and zeros as the flags ask.
std::string signed_number(const Directive& d, bool negative, std::string digits) {
    if (d.group) digits = grouped(std::move(digits));
    std::string sign = negative ? (d.brackets ? "(" : "-") : d.plus ? "+" : d.space ? " " : "";
    const std::string end = negative && d.brackets ? ")" : "";
    if (d.zero && d.width > 0) {
        const std::size_t have = sign.size() + digits.size() + end.size();
        if (have < static_cast<std::size_t>(d.width))
            digits.insert(0, static_cast<std::size_t>(d.width) - have, '0');
    }
    return sign + digits + end;
}

std::optional<std::string> integer_text(const Directive& d, const DataType& type, std::int64_t v) {
    if (!type.is_integer() || d.precision >= 0) return std::nullopt;
    if (d.conversion == 'd') {
        const auto magnitude = v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v);
        return signed_number(d, v < 0, std::to_string(magnitude));
    }
    auto bits = static_cast<std::uint64_t>(v);
    if (type.kind == TypeKind::tinyint) bits &= 0xff;
    if (type.kind == TypeKind::smallint) bits &= 0xffff;
    if (type.kind == TypeKind::integer) bits &= 0xffffffff;
    std::string digits = d.conversion == 'o' ? fmt::format("{:o}", bits) : fmt::format("{:x}", bits);
    if (d.other) digits.insert(0, d.conversion == 'o' ? "0" : "0x");
    if (d.conversion == 'X')
        std::ranges::transform(digits, digits.begin(),
                               [](unsigned char ch) { return static_cast<char>(std::toupper(ch)); });
    return signed_number(d, false, std::move(digits));
}

std::optional<std::string> real_text(const Directive& d, const DataType& type, const Value& v) {
    const int places = d.precision < 0 ? 6 : d.precision;
    if (places > 400) return std::nullopt;
    if (type.kind == TypeKind::decimal) {
        if (d.conversion != 'f') return std::nullopt;
        std::string text = decimal_to_string(v.decimal(), type.scale);
        const bool negative = text.starts_with('-');
        if (negative) text.erase(0, 1);
        std::size_t point = text.find('.');
        if (point == std::string::npos) {
            point = text.size();
            text += '.';
        }
        const std::size_t want = point + 1 + static_cast<std::size_t>(places);
        const bool up = text.size() > want && text[want] >= '5';
        text.resize(want, '0');
        for (std::size_t i = text.size(); up && i-- > 0;) {
            if (text[i] == '.') continue;
            if (text[i] != '9') {
                ++text[i];
                break;
            }
            text[i] = '0';
            if (i == 0) text.insert(0, "1");
        }
        if (places == 0) text.pop_back();
        return signed_number(d, negative, std::move(text));
    }
    if (type.kind != TypeKind::double_ && type.kind != TypeKind::float_) return std::nullopt;
    const double x = v.real();
    if (std::isnan(x)) return std::string("NaN");
    if (std::isinf(x)) return std::string(x > 0 ? (d.plus ? "+Infinity" : "Infinity") : "-Infinity");
    if (d.conversion == 'e' || d.conversion == 'E')
        return signed_number(d, x < 0, fmt::format("{:.{}e}", std::fabs(x), places));
    // Java rounds the shortest decimal form half up, not the binary value.
    std::string text = fmt::format("{}", std::fabs(x));
    if (text.find('e') != std::string::npos)
        return signed_number(d, x < 0, [&] {
            // No digits after the point can matter above 1e16, and below 1e-5 only zeros unless asked for
            // many.
            const std::size_t e = text.find('e');
            std::string mantissa = text.substr(0, e);
            int exponent = std::atoi(text.c_str() + e + 1);
            const std::size_t point = mantissa.find('.');
            if (point != std::string::npos) {
                exponent -= static_cast<int>(mantissa.size() - point - 1);
                mantissa.erase(point, 1);
            }
            if (exponent >= 0) {
                mantissa.append(static_cast<std::size_t>(exponent), '0');
                return places > 0 ? mantissa + "." + std::string(static_cast<std::size_t>(places), '0')
                                  : mantissa;
            }
            return fmt::format("{:.{}f}", std::fabs(x), places);
        }());
    const std::size_t point = text.find('.');
    const std::size_t scale = point == std::string::npos ? 0 : text.size() - point - 1;
    if (point != std::string::npos) text.erase(point, 1);
    if (text.size() <= 30) {
        Int128 unscaled = 0;
        for (const char ch : text) unscaled = unscaled * 10 + (ch - '0');
        Directive plain;
        plain.conversion = 'f';
        plain.precision = places;
        DataType decimal = DataType::decimal(38, static_cast<int>(scale));
        return signed_number(d, std::signbit(x), *real_text(plain, decimal, Value::of(unscaled)));
    }
    return signed_number(d, x < 0, fmt::format("{:.{}f}", std::fabs(x), places));
}

std::optional<std::string> one_argument(const Directive& d, const DataType& type, const Value& v) {
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(d.conversion)));
    std::optional<std::string> out;
    if (lower == 's' || (v.is_null() && lower != 'b')) {
        out = v.is_null()                      ? std::string("null")
              : type.kind == TypeKind::boolean ? std::string(v.boolean() ? "true" : "false")
                                               : to_string(v, type);
        if (d.precision >= 0) out->resize(char_offset(*out, d.precision));
    } else if (lower == 'b') {
        out = v.is_null() || (type.kind == TypeKind::boolean && !v.boolean()) ? "false" : "true";
    } else if (lower == 'd' || lower == 'x' || lower == 'o') {
        if (type.is_integer()) out = integer_text(d, type, v.integer());
    } else if (lower == 'f' || lower == 'e') {
        out = real_text(d, type, v);
    } else if (lower == 'c' && type.is_integer() && type.kind != TypeKind::bigint) {
        out.emplace();
        append_char(*out, static_cast<char32_t>(v.integer()));
    }
    if (out && d.conversion != lower) out = to_upper(*out);
    return out;
}

/// As Java's String.format; NULL where that throws.
void print(RowCall& c) {
    if (c.is_null(0)) return c.null();
    const std::string_view f = c.text(0);
    std::string out;
    std::size_t next = 1;
    for (std::size_t at = 0; at < f.size();) {
        if (f[at] != '%') {
            out += f[at++];
            continue;
        }
        ++at;
        const auto d = parse_directive(f, at);
        if (!d) return c.null();
        std::optional<std::string> text;
        if (d->conversion == 'n') {
            text = "\n";
        } else if (d->conversion == '%') {
            text = "%";
        } else {
            const std::size_t i = d->argument > 0 ? d->argument : next++;
            if (i >= c.size()) return c.null();
            text = one_argument(*d, c.type(i), c.is_null(i) ? Value::null() : c.value(i));
        }
        if (!text || out.size() > (1U << 20)) return c.null();
        const auto wide = static_cast<std::int64_t>(d->width) - char_count(*text);
        const std::string blanks(wide > 0 ? static_cast<std::size_t>(wide) : 0, ' ');
        out += d->left ? *text + blanks : blanks + *text;
    }
    c.set(out);
}

bool all_chars(std::string_view s, bool (*is)(char32_t)) {
    for (std::size_t at = 0; at < s.size(); at += char_bytes(s, at)) {
        if (!is(decode_char(s, at))) return false;
    }
    return !s.empty();
}

/// Letters of the scripts whose letters can be told by their case or their block.
bool is_letter(char32_t ch) {
    if (ch < 0x80) return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
    if (ch < 0xc0) return ch == 0xaa || ch == 0xb5 || ch == 0xba;
    if (ch == 0xd7 || ch == 0xf7) return false;
    return !(ch >= 0x2000 && ch < 0x2c00) && !(ch >= 0x3000 && ch < 0x3005) &&
           !(ch >= 0x3008 && ch < 0x3031) && !(ch >= 0x300 && ch < 0x370) && !(ch >= 0xfe00 && ch < 0xff21) &&
           ch != 0xfffd;
}

/// What Java's Double.parseDouble-like check of Flink takes: digits with a sign and one point.
bool is_decimal(std::string_view s) {
    if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
    std::size_t digits = 0, points = 0;
    for (const char ch : s) {
        if (ch == '.') {
            ++points;
        } else if (ch >= '0' && ch <= '9') {
            ++digits;
        } else {
            return false;
        }
    }
    return digits > 0 && points <= 1;
}

RowFunction test_text(bool (*test)(std::string_view)) {
    return [test](RowCall& c) { c.set_boolean(!c.is_null(0) && test(c.text(0))); };
}

}  // namespace

void add_text_forms(Registry& r) {
    const auto lenient = Strictness::lenient;
    r.add_row("SPLIT", split);
    r.add_row("UNHEX", unhex);
    r.add_row("ENCODE", recoded(encoded));
    r.add_row("DECODE", recoded(decoded));
    r.add_row("PRINTF", print, lenient);
    r.add_row("IS_ALPHA", test_text([](std::string_view s) { return all_chars(s, is_letter); }), lenient);
    r.add_row("IS_DIGIT", test_text([](std::string_view s) {
                  return all_chars(s, [](char32_t ch) { return ch >= '0' && ch <= '9'; });
              }),
              lenient);
    r.add_row("IS_DECIMAL", test_text(is_decimal), lenient);
}

}  // namespace mr::engine::internal
