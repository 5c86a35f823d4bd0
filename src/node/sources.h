// Feeds the tables whose rows come from outside ('datagen', 'filesystem') into their topics. Thread: its own
// one; status() any. Where no threads run (tests, simulation) call run_once().
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "broker/topic_admin.h"
#include "connect/topic_feed.h"
#include "node/project.h"
#include "node/threads.h"

namespace mr::node {

struct SourceStatus {
    std::string name;
    std::string kind;   ///< the connector
    std::string error;  ///< of the last attempt; empty: fine
};

class Sources {
  public:
    explicit Sources(Clock& clock) : clock_(clock) {}
    ~Sources() { stop(); }

    /// Every such table that a pipeline of the project reads. Their topics must be there.
    Status open(const Project& project, broker::Broker& broker, FileSystem& fs,
                const connect::TopicFeed::Submit& submit);
    /// Topics that open() needs besides those of the pipelines.
    static std::vector<broker::NewTopic> topics(const Project& project);
    void start();
    void stop() { threads_.join(); }
    /// One batch of each; false: nothing to do just now.
    bool run_once();
    [[nodiscard]] std::vector<SourceStatus> status() const;

  private:
    struct Source {
        SourceStatus status;
        std::function<Result<bool>()> round;
        std::int64_t due_ns = 0;  ///< after an error: not at once again
    };
    Clock& clock_;
    mutable std::mutex mutex_;  ///< statuses
    std::vector<Source> sources_;
    Threads threads_;
};

}  // namespace mr::node
