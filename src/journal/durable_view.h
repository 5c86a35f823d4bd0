// The newest state of a participant that everybody may see: what is on disk. The journal thread puts each new
// state here as an immutable value; it becomes visible when its entry is durable. Thread: load() any; the
// others as said.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "base/ids.h"

namespace mr::journal {

template <class View>
class DurableView {
  public:
    using Ptr = std::shared_ptr<const View>;

    explicit DurableView(Ptr first) : visible_(std::move(first)) {}

    [[nodiscard]] Ptr load() const {
        const std::lock_guard lock(mutex_);
        return visible_;
    }
    /// Journal thread, in order: the state after entry `seq`.
    void add(Seq seq, Ptr next) {
        const std::lock_guard lock(mutex_);
        waiting_.emplace_back(seq, std::move(next));
    }
    /// Everything up to `through` is on disk. Sync thread; before that, the starting thread.
    void durable(Seq through) {
        const std::lock_guard lock(mutex_);
        while (!waiting_.empty() && waiting_.front().first <= through) {
            visible_ = std::move(waiting_.front().second);
            waiting_.pop_front();
        }
    }
    /// Starting thread: `restored` is on disk, and all there is.
    void reset(Ptr restored) {
        const std::lock_guard lock(mutex_);
        waiting_.clear();
        visible_ = std::move(restored);
    }

  private:
    mutable std::mutex mutex_;
    std::deque<std::pair<Seq, Ptr>> waiting_;  // guarded by mutex_
    Ptr visible_;                              // guarded by mutex_
};

}  // namespace mr::journal
