// The proposals waiting for the journal thread: one queue a lane, served by deficit round robin (Shreedhar
// and Varghese, SIGCOMM 1995), control before all others, bulk at most half a group while others wait.
// Thread: try_push any, take the journal thread.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "journal/journal.h"

namespace mr::journal::internal {

class LaneQueue {
  public:
    /// Of `bytes_max`, half is for clients and a quarter each for pipelines and bulk; control is unbounded
    /// here (its senders are few and hold credits).
    explicit LaneQueue(std::size_t bytes_max);

    /// False, and the proposal untouched, when the lane is full. An empty lane takes a proposal of any size.
    bool try_push(Lane lane, std::unique_ptr<Proposal>& proposal);

    struct Taken {
        std::size_t bytes = 0;     ///< what the proposals said they will append
        bool freed_space = false;  ///< a lane that had refused something has room again
    };
    /// Moves at most `bytes_max` worth of proposals (but at least one) to the end of `out`.
    Taken take(std::size_t bytes_max, std::vector<std::unique_ptr<Proposal>>& out);

    [[nodiscard]] bool empty() const;
    [[nodiscard]] std::size_t bytes() const;

  private:
    struct Item {
        std::unique_ptr<Proposal> proposal;
        std::size_t bytes;
    };
    struct Queue {
        std::deque<Item> items;
        std::size_t bytes = 0;
        std::size_t bytes_max = 0;
        std::size_t deficit = 0;
        bool refused = false;
    };
    static constexpr std::size_t kLanes = 4;
    /// What a lane may take each time its turn comes.
    static constexpr std::size_t kQuantumBytes = 64U << 10;

    void pop(Queue& queue, Taken& taken, std::vector<std::unique_ptr<Proposal>>& out);
    void take_in_turns(std::size_t bytes_max, Taken& taken, std::vector<std::unique_ptr<Proposal>>& out);

    mutable std::mutex mutex_;
    std::array<Queue, kLanes> lanes_;  // guarded by mutex_
    std::size_t turn_ = 1;             // guarded by mutex_; next lane to be served, control aside
};

}  // namespace mr::journal::internal
