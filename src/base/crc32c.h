// CRC32C (Castagnoli, RFC 3720 appendix B.4): journal entries, record batches, snapshots. Uses SSE4.2 where
// the CPU has it. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace mr {

/// The checksum of `bytes`, continuing from `seed` (0 to start): crc32c(b, crc32c(a)) == crc32c(ab).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace mr
