// Percent escapes and query strings (RFC 3986; `+` is a blank in a query). Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_message.h"

namespace mr::net {

inline constexpr std::size_t kQueryParamsMax = 256;

/// Refuses broken escapes and NUL.
Result<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);
std::string percent_encode(std::string_view text);
/// "a=1&b=x%20y" -> {{"a","1"},{"b","x y"}}; a name without "=" has an empty value.
Result<QueryParams> parse_query(std::string_view text);

}  // namespace mr::net
