// Where the newest record of each key lies, in bounded memory: what compaction decides by.
//
// Keys are kept as 128-bit keyed hashes (SipHash-2-4), not as bytes: 24 bytes a key whatever its length. Two
// keys with one hash would lose a record; with 10^9 keys that has a chance of 10^-21, and as the hash key is
// random, nobody can choose keys that collide. Thread: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace mr::broker::internal {

/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein's reference, SIPHASH double).
struct Hash128 {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const Hash128&) const = default;
};
using HashKey = std::array<std::uint64_t, 2>;
[[nodiscard]] Hash128 siphash128(const HashKey& key, std::string_view bytes);

class KeyMap {
  public:
    KeyMap(const HashKey& key, std::size_t bytes_max);

    /// Remembers the larger offset. False when the key is new and there is no room for it.
    [[nodiscard]] bool put(std::string_view key, Offset offset);
    [[nodiscard]] std::optional<Offset> find(std::string_view key) const;
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

  private:
    struct Slot {
        Hash128 hash;
        std::int64_t offset = -1;  ///< -1: free
    };
    [[nodiscard]] std::size_t place_of(const Hash128& hash) const;
    bool grow();

    const HashKey key_;
    const std::size_t slots_max_;  ///< a power of two
    std::vector<Slot> slots_;      ///< a power of two, at most three quarters full
    std::size_t size_ = 0;
};

}  // namespace mr::broker::internal
