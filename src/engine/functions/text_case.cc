// Case mapping by the C library's Unicode tables (C.UTF-8), loaded once.
#include <locale.h>
#include <wctype.h>

#include "engine/internal/text.h"

namespace mr::engine::internal {
namespace {

locale_t unicode() {
    static const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made;
}

template <class Map>
std::string mapped(std::string_view s, Map map) {
    std::string out;
    out.reserve(s.size());
    for (std::size_t i = 0; i < s.size();) {
        const auto c = static_cast<unsigned char>(s[i]);
        if (c < 0x80) {
            map(out, static_cast<char32_t>(c));
            ++i;
            continue;
        }
        const std::size_t n = char_bytes(s, i);
        if (n == 1) {
            out.push_back(s[i]);
        } else {
            map(out, decode_char(s, i));
        }
        i += n;
    }
    return out;
}

}  // namespace

char32_t decode_char(std::string_view s, std::size_t at) {
    const std::size_t n = char_bytes(s, at);
    const auto byte = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(s[at + i]));
    };
    if (n == 1) return byte(0) < 0x80 ? byte(0) : 0xfffd;
    if (n == 2) return ((byte(0) & 0x1f) << 6) | (byte(1) & 0x3f);
    if (n == 3) return ((byte(0) & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f);
    return ((byte(0) & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) | (byte(3) & 0x3f);
}

void append_char(std::string& out, char32_t c) {
    const auto push = [&](char32_t b) { out.push_back(static_cast<char>(b)); };
    if (c < 0x80) {
        push(c);
    } else if (c < 0x800) {
        push(0xc0 | (c >> 6));
        push(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        push(0xe0 | (c >> 12));
        push(0x80 | ((c >> 6) & 0x3f));
        push(0x80 | (c & 0x3f));
    } else {
        push(0xf0 | (c >> 18));
        push(0x80 | ((c >> 12) & 0x3f));
        push(0x80 | ((c >> 6) & 0x3f));
        push(0x80 | (c & 0x3f));
    }
}

std::string to_upper(std::string_view s) {
    return mapped(s, [](std::string& out, char32_t c) {
        if (c < 0x80) {
            out.push_back(static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
        } else if (c == 0xdf) {
            out += "SS";
        } else {
            append_char(out, static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode())));
        }
    });
}

std::string to_lower(std::string_view s) {
    return mapped(s, [](std::string& out, char32_t c) {
        if (c < 0x80) {
            out.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
        } else {
            append_char(out, static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode())));
        }
    });
}

}  // namespace mr::engine::internal
