// One changed key of a state table: what a step entry carries (journal/step_entry.h, StateChange). Absolute:
// the key's final value in the step, or its removal. Format: docs/formats/state-keys.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mr::state {

struct Change {
    std::uint32_t table = 0;  ///< number of the table in its StateSpace
    std::string_view key;
    std::optional<std::string_view> value;  ///< nothing: removed
};

}  // namespace mr::state
