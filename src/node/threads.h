// The node's threads: each calls one object's run_once() until told to stop. The only place that makes
// threads.
#pragma once

#include <pthread.h>

#include <atomic>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"

namespace mr::node {

class Threads {
  public:
    ~Threads() { join(); }

    /// Runs `round` again and again until `stop()` (seen between rounds). What a thread throws ends the
    /// process: ours throws nothing, so it is a library's bug.
    void start(std::string name, std::function<void()> round) {
        threads_.emplace_back([this, name, round = std::move(round)] {
            pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
            try {
                while (!stop_) round();
            } catch (const std::exception& e) {
                log_error(name, "thread ended by an exception: {}", e.what());
                std::terminate();
            }
        });
    }
    void stop() { stop_ = true; }
    [[nodiscard]] bool stopping() const { return stop_; }
    void join() {
        stop_ = true;
        for (std::thread& t : threads_) {
            if (t.joinable()) t.join();
        }
        threads_.clear();
    }

  private:
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

}  // namespace mr::node
