// How deep a JSON text nests, before anything recursive looks at it. Thread: any.
#pragma once

#include <string_view>

namespace mr::formats {

/// Deeper texts are refused: nobody writes them, and walking them would use up the stack.
inline constexpr int kJsonDepthMax = 500;

inline bool nests_too_deep(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kJsonDepthMax) return true;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

}  // namespace mr::formats
