#include "state/hash.h"

#include <cstring>

namespace mr::state {
namespace {

// Odd constants with about half of their bits set (digits of pi and e).
constexpr std::uint64_t kA = 0x243f6a8885a308d3ULL;
constexpr std::uint64_t kB = 0x13198a2e03707345ULL;
constexpr std::uint64_t kC = 0xb7e151628aed2a6bULL;

/// Both halves of a 128-bit product folded together: every input bit reaches every output bit.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load64(const char* p) {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

std::uint64_t load_tail(const char* p, std::size_t n) {
    std::uint64_t v = 0;
    std::memcpy(&v, p, n);
    return v;
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) {
    const char* p = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t h = kC ^ fold(bytes.size() + 1, kA);
    while (left >= 16) {
        h = fold(load64(p) ^ kA, load64(p + 8) ^ h);
        p += 16;
        left -= 16;
    }
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    if (left >= 8) {
        a = load64(p);
        b = load_tail(p + 8, left - 8);
    } else if (left > 0) {
        a = load_tail(p, left);
    }
    return fold(fold(a ^ kB, b ^ h) ^ kC, h ^ kA);
}

}  // namespace mr::state
