// Memory of one table: blocks in size classes, freed blocks reused, no allocation per update. A block is
// named by a 32-bit reference (16-byte granules), which halves the tables that point to it.
//
// 1. A block never moves; its reference stays valid until free().
// 2. Pages grow from 4 KiB to 1 MiB, so an empty table is small; a block above 32 KiB has a page of its own,
//    given back when freed.
//
// Thread: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"

namespace mr::state {

class Slab {
  public:
    using Ref = std::uint32_t;
    /// No block.
    static constexpr Ref kNone = 0;
    static constexpr std::size_t kGranule = 16;

    Slab();

    /// A block of block_bytes(bytes).
    Ref allocate(std::size_t bytes);
    /// `bytes` as given to allocate(), or its block_bytes().
    void free(Ref ref, std::size_t bytes);
    [[nodiscard]] char* at(Ref ref) const {
        MR_DCHECK(ref != kNone && (ref >> 16) < pages_.size(), "block {}", ref);
        return pages_[ref >> 16].get() + (ref & 0xffff) * kGranule;
    }
    /// What a request of `bytes` really occupies.
    static std::size_t block_bytes(std::size_t bytes);
    /// Bytes held by pages.
    [[nodiscard]] std::size_t memory() const { return memory_; }

  private:
    static std::size_t size_class(std::size_t granules);
    static std::size_t class_granules(std::size_t granules);
    Ref new_page(std::size_t bytes);

    std::vector<std::unique_ptr<char[]>> pages_;
    std::vector<std::uint32_t> free_pages_;  ///< indexes whose large block was given back
    std::vector<Ref> free_;                  ///< head of the free list of each size class
    std::uint32_t page_ = 0;                 ///< blocks are cut from here …
    std::size_t next_ = 0;                   ///< … at this granule …
    std::size_t end_ = 0;                    ///< … up to here
    std::size_t page_bytes_ = 4096;
    std::size_t memory_ = 0;
};

}  // namespace mr::state
