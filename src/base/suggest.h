// "Did you mean …?": the nearest of a list of known names, for every error about an unknown name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mr {

/// The candidate with the smallest edit distance (case ignored), if it is near enough to be a likely typo.
std::optional<std::string> nearest_name(std::string_view wanted, std::span<const std::string> candidates);

/// "; did you mean `x`?" or nothing: to append to a message.
std::string did_you_mean(std::string_view wanted, std::span<const std::string> candidates);

/// A message that may end in what did_you_mean() gave, taken apart: for edges that show the two separately.
struct SuggestingMessage {
    std::string_view message;
    std::string_view suggestion;  ///< empty without one
};
SuggestingMessage split_suggestion(std::string_view message);

}  // namespace mr
