#include "broker/internal/checked_ranges.h"

#include <algorithm>
#include <iterator>

namespace mr::broker {

void CheckedRanges::add(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    const std::lock_guard lock(mutex_);
    auto next = ranges_.upper_bound(begin);
    if (next != ranges_.begin() && std::prev(next)->second >= begin) {
        --next;
        begin = next->first;
    }
    while (next != ranges_.end() && next->first <= end) {
        end = std::max(end, next->second);
        next = ranges_.erase(next);
    }
    ranges_.emplace_hint(next, begin, end);
    if (ranges_.size() <= kRangesMax) return;
    ranges_.erase(std::ranges::min_element(ranges_, {}, [](const auto& r) { return r.second - r.first; }));
}

bool CheckedRanges::cover(std::uint64_t begin, std::uint64_t end) const {
    const std::lock_guard lock(mutex_);
    const auto next = ranges_.upper_bound(begin);
    return next != ranges_.begin() && std::prev(next)->second >= end;
}

}  // namespace mr::broker
