// Characters of UTF-8 text. Bytes that are not UTF-8 count as one character each, so no input can make these
// read past an end. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mr::engine::internal {

/// Bytes of the character that starts at `at`.
inline std::size_t char_bytes(std::string_view s, std::size_t at) {
    const auto lead = static_cast<unsigned char>(s[at]);
    std::size_t n = lead < 0x80 ? 1 : lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (at + n > s.size()) return 1;
    for (std::size_t i = 1; i < n; ++i) {
        if ((static_cast<unsigned char>(s[at + i]) & 0xc0) != 0x80) return 1;
    }
    return n;
}

inline std::int64_t char_count(std::string_view s) {
    std::int64_t n = 0;
    for (std::size_t i = 0; i < s.size(); i += char_bytes(s, i)) ++n;
    return n;
}

/// Byte offset of character `index` (clipped to the end).
inline std::size_t char_offset(std::string_view s, std::int64_t index) {
    std::size_t at = 0;
    for (; index > 0 && at < s.size(); --index) at += char_bytes(s, at);
    return at;
}

/// `count` characters from character `from` (both clipped).
inline std::string_view char_slice(std::string_view s, std::int64_t from, std::int64_t count) {
    s.remove_prefix(char_offset(s, from));
    return s.substr(0, char_offset(s, count));
}

/// Spaces at both ends removed, as Flink's casts do.
inline std::string_view trimmed(std::string_view s) {
    while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
    while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
    return s;
}

/// Upper and lower case of every letter Unicode pairs one to one, and ß in upper case.
std::string to_upper(std::string_view s);
std::string to_lower(std::string_view s);

/// Decodes the character at `at`; 0xFFFD for bytes that are none.
char32_t decode_char(std::string_view s, std::size_t at);
void append_char(std::string& out, char32_t c);

}  // namespace mr::engine::internal
