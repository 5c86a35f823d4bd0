#include "formats/protobuf/default_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/json_writer.h"

namespace mr::formats::protobuf {
namespace {

/// "12", "-0x1F", "017".
template <class T>
std::optional<T> whole(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
    }
    std::string digits = negative ? "-" : "";
    digits += text;
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

std::optional<Value> number(std::string_view text, bool wide) {
    if (const auto v = whole<std::int64_t>(text)) {
        if (wide) return Value::of(*v);
        // What is unsigned wraps around, as it does when it is read.
        if (*v < INT32_MIN || *v > std::int64_t{UINT32_MAX}) return std::nullopt;
        return Value::of(std::int64_t{static_cast<std::int32_t>(*v)});
    }
    const auto v = wide ? whole<std::uint64_t>(text) : std::nullopt;
    if (!v) return std::nullopt;
    return Value::of(static_cast<std::int64_t>(*v));
}

std::optional<Value> real(std::string_view text, bool single) {
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    double v = 0;
    if (digits == "inf") {
        v = std::numeric_limits<double>::infinity();
    } else if (digits == "nan") {
        v = std::numeric_limits<double>::quiet_NaN();
    } else {
        const std::size_t length = digits.size() - (digits.ends_with('f') || digits.ends_with('F') ? 1 : 0);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + length, v);
        if (error != std::errc() || end != digits.data() + length) return std::nullopt;
    }
    if (negative) v = -v;
    return Value::of(single ? static_cast<double>(static_cast<float>(v)) : v);
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

/// C's escapes, as .proto files have them; those of a code point (\u) stay as they are.
std::string unescaped(std::string_view text) {
    static constexpr std::string_view kLetters = "abfnrtv";
    static constexpr std::string_view kMeant = "\a\b\f\n\r\t\v";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        const bool hex = c == 'x' || c == 'X';
        if (hex || digit_of(c) < 8) {
            const int base = hex ? 16 : 8;
            const std::size_t end = std::min(text.size(), i + 3);
            int value = 0;
            std::size_t at = hex ? i + 1 : i;
            for (; at < end && digit_of(text[at]) < base; ++at) value = value * base + digit_of(text[at]);
            out += static_cast<char>(value);
            i = at - 1;
        } else if (const std::size_t which = kLetters.find(c); which != std::string_view::npos) {
            out += kMeant[which];
        } else if (c == 'u' || c == 'U') {
            out += '\\';
            out += c;
        } else {
            out += c;
        }
    }
    return out;
}

std::optional<Value> enumeration(const DataType& type, const std::vector<EnumValue>& values,
                                 const std::string* text) {
    auto it = values.begin();
    if (text != nullptr) it = std::ranges::find(values, *text, &EnumValue::name);
    if (it == values.end()) return std::nullopt;
    if (type.kind == TypeKind::string) return Value::of(it->name);
    return Value::of(std::int64_t{it->number});
}

}  // namespace

Result<Value> default_value(Encoding encoding, bool wide, const DataType& type,
                            const std::vector<EnumValue>& values, const Options& options) {
    const auto it = options.find("default");
    const std::string* text = it == options.end() ? nullptr : &it->second;
    std::optional<Value> out;
    switch (encoding) {
        case Encoding::bool_:
            if (text == nullptr || *text == "false" || *text == "true")
                out = Value::of(text != nullptr && *text == "true");
            break;
        case Encoding::float_:
        case Encoding::double_:
            out = real(text == nullptr ? "0" : *text, encoding == Encoding::float_);
            break;
        case Encoding::string:
        case Encoding::bytes:
            out = Value::of(text == nullptr ? std::string() : unescaped(*text));
            if (encoding == Encoding::string && !is_utf8(out->text())) out = std::nullopt;
            break;
        case Encoding::enum_:
            out = enumeration(type, values, text);
            break;
        default:
            out = number(text == nullptr ? "0" : *text, wide);
    }
    if (!out) return fail(Code::invalid_argument, "its default is not of its type");
    return *out;
}

}  // namespace mr::formats::protobuf
