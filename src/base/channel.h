// Bounded queue between threads: many producers, one consumer, moved values.
//
// A producer that may not wait (the loop) uses try_push and, on refusal, stops reading its socket until
// `on_space` fires; one that may (a pipeline, a worker) uses push. The consumer takes everything there is at
// once, so a busy queue costs one lock a batch. `on_ready` lets a consumer that sleeps elsewhere (in epoll)
// be woken; it is called without the lock held, at most once between two drains.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"

namespace mr {

template <class T>
class Channel {
  public:
    explicit Channel(std::size_t capacity, std::function<void()> on_ready = {})
        : capacity_(capacity), on_ready_(std::move(on_ready)) {}

    /// False, and `value` untouched, when the channel is full or closed.
    [[nodiscard]] bool try_push(T& value) {
        std::unique_lock lock(mutex_);
        if (closed_ || items_.size() >= capacity_) return false;
        add(std::move(value), lock);
        return true;
    }

    /// Waits for room. False when the channel was closed.
    bool push(T value) {
        std::unique_lock lock(mutex_);
        space_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
        if (closed_) return false;
        add(std::move(value), lock);
        return true;
    }

    /// Ignores the capacity: for control messages, whose number is bounded elsewhere. Dropped when closed.
    void push_reserved(T value) {
        std::unique_lock lock(mutex_);
        if (!closed_) add(std::move(value), lock);
    }

    /// Moves everything queued into `out` (cleared first), without waiting. False if there was nothing.
    bool drain(std::vector<T>& out) {
        std::unique_lock lock(mutex_);
        return take(out);
    }

    /// As drain, but waits up to `timeout` for something to be there or for close().
    bool wait_drain(std::vector<T>& out, std::chrono::nanoseconds timeout) {
        std::unique_lock lock(mutex_);
        ready_.wait_for(lock, timeout, [&] { return closed_ || !items_.empty(); });
        return take(out);
    }

    void close() {
        std::function<void()> wake;
        {
            std::unique_lock lock(mutex_);
            closed_ = true;
            wake = on_ready_;
        }
        ready_.notify_all();
        space_.notify_all();
        if (wake) wake();
    }

    [[nodiscard]] bool closed() const {
        std::unique_lock lock(mutex_);
        return closed_;
    }
    [[nodiscard]] std::size_t size() const {
        std::unique_lock lock(mutex_);
        return items_.size();
    }

  private:
    void add(T value, std::unique_lock<std::mutex>& lock) {
        const bool first = items_.empty();
        items_.push_back(std::move(value));
        lock.unlock();
        if (first) {
            ready_.notify_one();
            if (on_ready_) on_ready_();
        }
    }
    bool take(std::vector<T>& out) {
        out.clear();
        if (items_.empty()) return false;
        const bool was_full = items_.size() >= capacity_;
        out.swap(items_);
        if (was_full) space_.notify_all();
        return true;
    }

    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::condition_variable space_;
    std::vector<T> items_;
    bool closed_ = false;
    const std::size_t capacity_;
    const std::function<void()> on_ready_;
};

}  // namespace mr
