// Strings whose bytes are written by somebody else, without being cleared first. Thread: the caller's.
#pragma once

#include <cstddef>
#include <string>

namespace mr {

/// Gives `text` room for `size` bytes; `fill(to, size)` writes from the beginning on and says how many bytes
/// there are then. What was there stays until it does.
template <class Fill>
void overwrite(std::string& text, std::size_t size, Fill&& fill) {
    // The size comes by capture: libstdc++ 12.2 passes the new capacity, which may be twice as much.
    text.resize_and_overwrite(size, [&](char* to, std::size_t) { return fill(to, size); });
}

}  // namespace mr
