// Which histories a run of a simulation goes through: seeds 1 to HISTORIES (of the environment; 1,000 where
// it is not set), or SEED alone, which repeats one that failed.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace mr::sim {

struct Histories {
    std::uint64_t first = 1;
    std::uint64_t count = 1'000;
    bool is_repeat = false;

    static Histories from_environment() {
        if (const auto seed = number("SEED")) return {.first = *seed, .count = 1, .is_repeat = true};
        return {.count = number("HISTORIES").value_or(1'000)};
    }

  private:
    static std::optional<std::uint64_t> number(const char* name) {
        const char* text = std::getenv(name);
        if (text == nullptr || *text == '\0') return std::nullopt;
        return std::strtoull(text, nullptr, 10);
    }
};

}  // namespace mr::sim
