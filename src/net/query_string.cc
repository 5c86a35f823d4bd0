#include "net/query_string.h"

namespace mr::net {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return fail(Code::invalid_argument, "broken percent escape at byte {} of: {}", i, text);
            }
            c = static_cast<char>(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if (c == '\0') return fail(Code::invalid_argument, "a NUL byte in: {}", text);
        out.push_back(c);
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c)) {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
            out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
        }
    }
    return out;
}

Result<QueryParams> parse_query(std::string_view text) {
    QueryParams out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        if (out.size() == kQueryParamsMax) {
            return fail(Code::invalid_argument, "more than {} query parameters", kQueryParamsMax);
        }
        const std::size_t equals = std::min(pair.find('='), pair.size());
        MR_TRY(std::string name, percent_decode(pair.substr(0, equals), true));
        MR_TRY(std::string value,
               percent_decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view(), true));
        out.emplace_back(std::move(name), std::move(value));
    }
    return out;
}

}  // namespace mr::net
