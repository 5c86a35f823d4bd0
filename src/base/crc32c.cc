#include "base/crc32c.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

namespace mr {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected 0x1edc6f41

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        table[i] = crc;
    }
    return table;
}

std::uint32_t software(const char* data, std::size_t size, std::uint32_t crc) {
    static constexpr auto kTable = make_table();
    for (std::size_t i = 0; i < size; ++i) {
        crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(data[i])) & 0xff];
    }
    return crc;
}

__attribute__((target("sse4.2"))) std::uint32_t hardware(const char* data, std::size_t size,
                                                         std::uint32_t crc) {
    std::uint64_t wide = crc;
    while (size >= 8) {
        std::uint64_t word;
        std::memcpy(&word, data, 8);
        wide = _mm_crc32_u64(wide, word);
        data += 8;
        size -= 8;
    }
    crc = static_cast<std::uint32_t>(wide);
    while (size-- > 0) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*data++));
    return crc;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    const std::uint32_t crc = ~seed;
    return ~(has_sse42 ? hardware(bytes.data(), bytes.size(), crc)
                       : software(bytes.data(), bytes.size(), crc));
}

}  // namespace mr
