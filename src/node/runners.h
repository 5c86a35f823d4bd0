// The pipelines' runners, each with a thread of its own. Versions of pipelines come and go while the node
// runs. Thread: any.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "node/threads.h"
#include "pipeline/runner.h"

namespace mr::node {

using RunnerList = std::vector<std::shared_ptr<pipeline::Runner>>;

class Runners {
  public:
    ~Runners() { stop(); }

    void add(std::shared_ptr<pipeline::Runner> runner) {
        const std::lock_guard lock(mutex_);
        list_.push_back(std::move(runner));
    }
    [[nodiscard]] RunnerList all() const {
        const std::lock_guard lock(mutex_);
        return list_;
    }
    /// Gives it its thread.
    void run(pipeline::Runner& runner) {
        auto thread = std::make_unique<Threads>();
        thread->start("p-" + runner.name(), [&runner] {
            if (!runner.run_once()) runner.wait(kWaitMs);
        });
        const std::lock_guard lock(mutex_);
        threads_[&runner] = std::move(thread);
    }
    /// Stops it, waits for its thread and forgets it.
    void end(pipeline::Runner& runner) {
        runner.stop();
        std::unique_ptr<Threads> thread;
        RunnerList gone;
        {
            const std::lock_guard lock(mutex_);
            if (const auto at = threads_.find(&runner); at != threads_.end()) {
                thread = std::move(at->second);
                threads_.erase(at);
            }
            const auto rest =
                std::ranges::stable_partition(list_, [&](const auto& one) { return one.get() != &runner; });
            gone.assign(rest.begin(), rest.end());
            list_.erase(rest.begin(), rest.end());
        }
        if (thread) thread->join();
    }
    /// Stops all and waits for their threads; they stay in the list.
    void stop() {
        for (const auto& runner : all()) runner->stop();
        std::map<pipeline::Runner*, std::unique_ptr<Threads>> threads;
        {
            const std::lock_guard lock(mutex_);
            threads.swap(threads_);
        }
        for (auto& [runner, thread] : threads) thread->join();
    }
    void clear() {
        stop();
        const std::lock_guard lock(mutex_);
        list_.clear();
    }

  private:
    static constexpr std::int64_t kWaitMs = 250;
    mutable std::mutex mutex_;
    RunnerList list_;
    std::map<pipeline::Runner*, std::unique_ptr<Threads>> threads_;
};

}  // namespace mr::node
