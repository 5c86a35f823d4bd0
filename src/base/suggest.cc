#include "base/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace mr {
namespace {

char lower(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// Levenshtein with adjacent transpositions counted as one edit.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replace = d[i - 1][j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
            const bool swapped =
                i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view wanted, std::span<const std::string> candidates) {
    constexpr std::size_t kLongestName = 128;
    if (wanted.size() > kLongestName) return std::nullopt;
    const std::size_t allowed = std::max<std::size_t>(1, wanted.size() / 3);
    std::optional<std::string> best;
    std::size_t best_distance = allowed + 1;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > kLongestName) continue;
        const std::size_t d = distance(wanted, candidate);
        if (d < best_distance) {
            best_distance = d;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view wanted, std::span<const std::string> candidates) {
    const auto name = nearest_name(wanted, candidates);
    return name ? fmt::format("; did you mean `{}`?", *name) : std::string();
}

SuggestingMessage split_suggestion(std::string_view message) {
    constexpr std::string_view kBefore = "; did you mean `";
    constexpr std::string_view kAfter = "`?";
    const std::size_t at = message.rfind(kBefore);
    if (at == std::string_view::npos || !message.ends_with(kAfter)) return {message, {}};
    std::string_view name = message.substr(at + kBefore.size());
    name.remove_suffix(kAfter.size());
    return {message.substr(0, at), name};
}

}  // namespace mr
