// A fast 64-bit hash of short byte strings for tables in memory. It never leaves the process and no result
// depends on it. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace mr::state {

std::uint64_t hash_bytes(std::string_view bytes);

}  // namespace mr::state
