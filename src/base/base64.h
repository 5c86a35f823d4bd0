// Base64 (RFC 4648, section 4, with padding). Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mr {

std::string base64_encode(std::string_view bytes);
/// Nothing for text that is not canonical base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace mr
