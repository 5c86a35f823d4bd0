// How Flink writes names and texts. Thread: any (functions).
#pragma once

#include <string>
#include <string_view>

namespace mr::emit {

/// Must a name be in back quotes? Flink reserves more words than our grammar does.
bool is_flink_reserved(std::string_view word);
/// `a``b`
std::string quoted(std::string_view name);
/// 'it''s'
std::string literal(std::string_view text);

}  // namespace mr::emit
