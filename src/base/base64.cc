#include "base/base64.h"

#include <array>
#include <cstdint>

namespace mr {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kInvalid = 0xff;

constexpr std::array<std::uint8_t, 256> make_inverse() {
    std::array<std::uint8_t, 256> inverse{};
    for (auto& entry : inverse) entry = kInvalid;
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        inverse[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return inverse;
}
constexpr auto kInverse = make_inverse();

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            const bool pad = i + k > bytes.size();
            out.push_back(pad ? '=' : kAlphabet[group >> (18 - 6 * k) & 63]);
        }
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        std::size_t pads = 0;
        if (last && text[i + 3] == '=') pads = text[i + 2] == '=' ? 2 : 1;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const bool pad = k >= 4 - pads;
            const std::uint8_t value = pad ? 0 : kInverse[static_cast<unsigned char>(text[i + k])];
            if (value == kInvalid) return std::nullopt;
            group = group << 6 | value;
        }
        // The bits that padding leaves over must be zero, or two texts would mean the same bytes.
        if ((pads == 1 && (group & 0xffU) != 0) || (pads == 2 && (group & 0xffffU) != 0)) return std::nullopt;
        for (std::size_t k = 0; k < 3 - pads; ++k) out.push_back(static_cast<char>(group >> (16 - 8 * k)));
    }
    return out;
}

}  // namespace mr
