// A sticky wake-up for one sleeping thread: raised before or during the sleep, it ends it; raising it again
// costs one atomic exchange. Thread: raise() any, wait() one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace mr::journal::internal {

class Signal {
  public:
    void raise() {
        if (raised_.exchange(true)) return;
        // The empty critical section orders this with a waiter between its test and its sleep.
        {
            const std::lock_guard lock(mutex_);
        }
        wake_.notify_one();
    }

    /// Returns once raised, and lowers it, or after `timeout_ms`.
    void wait(std::int64_t timeout_ms) {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return raised_.load(); });
        raised_.store(false);
    }

  private:
    std::atomic<bool> raised_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
};

}  // namespace mr::journal::internal
