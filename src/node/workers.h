// A small pool for work that may block: DuckDB queries, cold reads, lake commits. Bounded: a full pool
// refuses, and the caller answers "busy". Thread: post() any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "node/threads.h"

namespace mr::node {

class Workers {
  public:
    using Work = std::move_only_function<void()>;

    Workers(int threads, std::size_t queue_max) : queue_max_(queue_max) {
        for (int i = 0; i < threads; ++i) threads_.start("worker", [this] { round(); });
    }
    ~Workers() { stop(); }

    /// False when the queue is full or stopping.
    [[nodiscard]] bool post(Work work) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_ || queue_.size() >= queue_max_) return false;
            queue_.push_back(std::move(work));
        }
        ready_.notify_one();
        return true;
    }
    /// Finishes what runs, drops what waits.
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            queue_.clear();
        }
        threads_.stop();
        ready_.notify_all();
        threads_.join();
    }

  private:
    void round() {
        Work work;
        {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            work = std::move(queue_.front());
            queue_.pop_front();
        }
        work();
    }

    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Work> queue_;
    bool stopping_ = false;
    const std::size_t queue_max_;
    Threads threads_;
};

}  // namespace mr::node
