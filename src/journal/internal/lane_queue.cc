#include "journal/internal/lane_queue.h"

#include <limits>

#include "base/check.h"

namespace mr::journal::internal {
namespace {

constexpr auto index_of(Lane lane) {
    return static_cast<std::size_t>(lane);
}

}  // namespace

LaneQueue::LaneQueue(std::size_t bytes_max) {
    lanes_[index_of(Lane::control)].bytes_max = std::numeric_limits<std::size_t>::max();
    lanes_[index_of(Lane::clients)].bytes_max = bytes_max / 2;
    lanes_[index_of(Lane::pipelines)].bytes_max = bytes_max / 4;
    lanes_[index_of(Lane::bulk)].bytes_max = bytes_max / 4;
}

bool LaneQueue::try_push(Lane lane, std::unique_ptr<Proposal>& proposal) {
    const std::size_t size = proposal->bytes();
    const std::lock_guard lock(mutex_);
    Queue& queue = lanes_[index_of(lane)];
    if (!queue.items.empty() && (queue.bytes >= queue.bytes_max || size > queue.bytes_max - queue.bytes)) {
        queue.refused = true;
        return false;
    }
    queue.bytes += size;
    queue.items.push_back({std::move(proposal), size});
    return true;
}

void LaneQueue::pop(Queue& queue, Taken& taken, std::vector<std::unique_ptr<Proposal>>& out) {
    Item& item = queue.items.front();
    MR_DCHECK(queue.bytes >= item.bytes, "lane holds {} bytes, item {}", queue.bytes, item.bytes);
    queue.bytes -= item.bytes;
    taken.bytes += item.bytes;
    out.push_back(std::move(item.proposal));
    queue.items.pop_front();
    // Half empty before producers are woken, or each freed slot would wake all of them.
    if (queue.refused && queue.bytes <= queue.bytes_max / 2) {
        queue.refused = false;
        taken.freed_space = true;
    }
}

void LaneQueue::take_in_turns(std::size_t bytes_max, Taken& taken,
                              std::vector<std::unique_ptr<Proposal>>& out) {
    const bool others_wait =
        !lanes_[index_of(Lane::clients)].items.empty() || !lanes_[index_of(Lane::pipelines)].items.empty();
    std::size_t bulk_left = others_wait ? bytes_max / 2 : bytes_max;
    std::size_t idle_turns = 0;
    while (idle_turns < kLanes - 1) {
        Queue& queue = lanes_[turn_];
        const bool is_bulk = turn_ == index_of(Lane::bulk);
        turn_ = turn_ + 1 == kLanes ? 1 : turn_ + 1;
        if (queue.items.empty() || (is_bulk && bulk_left == 0)) {
            queue.deficit = 0;
            ++idle_turns;
            continue;
        }
        idle_turns = 0;
        queue.deficit += kQuantumBytes;
        while (!queue.items.empty() && queue.items.front().bytes <= queue.deficit) {
            const std::size_t size = queue.items.front().bytes;
            if (!out.empty() && taken.bytes + size > bytes_max) return;
            if (is_bulk && !out.empty() && size > bulk_left) {
                bulk_left = 0;
                break;
            }
            queue.deficit -= size;
            if (is_bulk) bulk_left -= std::min(bulk_left, size);
            pop(queue, taken, out);
        }
    }
}

LaneQueue::Taken LaneQueue::take(std::size_t bytes_max, std::vector<std::unique_ptr<Proposal>>& out) {
    MR_DCHECK(out.empty());
    Taken taken;
    const std::lock_guard lock(mutex_);
    Queue& control = lanes_[index_of(Lane::control)];
    while (!control.items.empty() &&
           (out.empty() || taken.bytes + control.items.front().bytes <= bytes_max)) {
        pop(control, taken, out);
    }
    if (taken.bytes < bytes_max) take_in_turns(bytes_max, taken, out);
    return taken;
}

bool LaneQueue::empty() const {
    const std::lock_guard lock(mutex_);
    for (const Queue& queue : lanes_) {
        if (!queue.items.empty()) return false;
    }
    return true;
}

std::size_t LaneQueue::bytes() const {
    const std::lock_guard lock(mutex_);
    std::size_t sum = 0;
    for (const Queue& queue : lanes_) sum += queue.bytes;
    return sum;
}

}  // namespace mr::journal::internal
