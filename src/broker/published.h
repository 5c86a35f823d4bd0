// An immutable snapshot handed from the one thread that makes it to any number that read it: the second of
// the two ways in which threads share anything (the other is a channel).
//
// The lock is held for the copy of one pointer. (std::atomic<std::shared_ptr> is a spin lock of the same
// length in libstdc++ 12, and one that the thread sanitizer cannot see through.)
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace mr::broker {

/// Thread: any.
template <class T>
class Published {
  public:
    Published() = default;
    explicit Published(std::shared_ptr<T> first) : value_(std::move(first)) {}

    [[nodiscard]] std::shared_ptr<T> load() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void store(std::shared_ptr<T> next) {
        {
            const std::lock_guard lock(mutex_);
            value_.swap(next);
        }
        // The old snapshot, if this was the last reference, dies here: outside the lock.
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<T> value_;
};

}  // namespace mr::broker
