#include "state/slab.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mr::state {
namespace {

constexpr std::size_t kPageBytesMax = 1 << 20;
/// Blocks above this many granules (32 KiB) get a page of their own.
constexpr std::size_t kSmallGranules = 2048;
constexpr std::size_t kPagesMax = 1 << 16;

}  // namespace

Slab::Slab() : free_(size_class(kSmallGranules) + 1, kNone) {
    // Granule 0 of page 0 is never given out, so that 0 can mean "no block".
    new_page(page_bytes_);
    next_ = 1;
    end_ = page_bytes_ / kGranule;
}

/// Up to 32 granules every size is a class; above, eight classes to a doubling (at most 12 % waste).
std::size_t Slab::class_granules(std::size_t granules) {
    if (granules <= 32) return granules;
    const std::size_t step = std::bit_floor(granules - 1) / 8;
    return (granules + step - 1) / step * step;
}

std::size_t Slab::size_class(std::size_t granules) {
    if (granules <= 32) return granules;
    const auto doubling = static_cast<std::size_t>(std::bit_width(granules - 1)) - 6;
    const std::size_t base = std::size_t{32} << doubling;
    return 32 + doubling * 8 + (granules - base) / (base / 8);
}

std::size_t Slab::block_bytes(std::size_t bytes) {
    const std::size_t granules = (std::max<std::size_t>(bytes, 1) + kGranule - 1) / kGranule;
    return (granules > kSmallGranules ? granules : class_granules(granules)) * kGranule;
}

Slab::Ref Slab::new_page(std::size_t bytes) {
    std::uint32_t index = 0;
    if (!free_pages_.empty()) {
        index = free_pages_.back();
        free_pages_.pop_back();
    } else {
        MR_CHECK(pages_.size() < kPagesMax, "a state table of more than {} pages", kPagesMax);
        index = static_cast<std::uint32_t>(pages_.size());
        pages_.emplace_back();
    }
    pages_[index] = std::make_unique_for_overwrite<char[]>(bytes);
    memory_ += bytes;
    return index << 16;
}

Slab::Ref Slab::allocate(std::size_t bytes) {
    const std::size_t granules = block_bytes(bytes) / kGranule;
    if (granules > kSmallGranules) return new_page(granules * kGranule);
    Ref& head = free_[size_class(granules)];
    if (head != kNone) {
        const Ref ref = head;
        std::memcpy(&head, at(ref), sizeof head);
        return ref;
    }
    if (next_ + granules > end_) {
        page_bytes_ = std::min(page_bytes_ * 2, kPageBytesMax);
        const std::size_t page_bytes = std::max(page_bytes_, granules * kGranule);
        page_ = new_page(page_bytes) >> 16;
        next_ = 0;
        end_ = page_bytes / kGranule;
    }
    const auto ref = static_cast<Ref>((page_ << 16) + next_);
    next_ += granules;
    return ref;
}

void Slab::free(Ref ref, std::size_t bytes) {
    const std::size_t granules = block_bytes(bytes) / kGranule;
    if (granules > kSmallGranules) {
        MR_DCHECK((ref & 0xffff) == 0, "large block {}", ref);
        pages_[ref >> 16].reset();
        free_pages_.push_back(ref >> 16);
        memory_ -= granules * kGranule;
        return;
    }
    Ref& head = free_[size_class(granules)];
    std::memcpy(at(ref), &head, sizeof head);
    head = ref;
}

}  // namespace mr::state
