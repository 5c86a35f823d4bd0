// Which parts of a file this process has written itself, or read and found whole.
//
// What is on disk can rot, so batches are checked when they are read; but bytes of such a part that never
// left the page cache are the ones that were checked: they need not be read once more before they are sent.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace mr::broker {

class CheckedRanges {
  public:
    /// [begin, end) is whole.
    void add(std::uint64_t begin, std::uint64_t end);
    /// All of [begin, end) is.
    [[nodiscard]] bool cover(std::uint64_t begin, std::uint64_t end) const;

  private:
    /// Readers that jump about leave many; then the smallest is forgotten, and checked again.
    static constexpr std::size_t kRangesMax = 64;

    mutable std::mutex mutex_;
    std::map<std::uint64_t, std::uint64_t> ranges_;  ///< begin -> end, neither touching nor overlapping
};

}  // namespace mr::broker
