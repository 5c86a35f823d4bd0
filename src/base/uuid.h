// 128-bit identifiers: topic ids, table ids. Thread: any.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mr {

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;
    [[nodiscard]] bool is_zero() const { return *this == Uuid{}; }
    [[nodiscard]] std::string_view view() const {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    /// REQUIRES: raw.size() == 16.
    static Uuid from_bytes(std::string_view raw);
    /// Version 4, from the operating system's randomness. Never call this where an entry is applied.
    static Uuid random();
    /// 8-4-4-4-12 lower-case hex.
    [[nodiscard]] std::string to_string() const;
    static Result<Uuid> parse(std::string_view text);
};

}  // namespace mr

template <>
struct std::hash<mr::Uuid> {
    std::size_t operator()(const mr::Uuid& id) const noexcept {
        return std::hash<std::string_view>()(id.view());
    }
};
