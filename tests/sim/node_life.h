// One life of a whole node without sockets and threads: the real journal, broker, views and pipelines, put
// together as src/node/node.cc does it, over a disk that fails. Whatever is in memory dies with the object.
//
// The world calls its parts' run_once() in seeded order. Where the journal dies (a failed write or sync ends
// the real process) `dead()` is true and nothing more may be called but the destructor. Thread: one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/sim_file_system.h"
#include "broker/broker.h"
#include "broker/topic_admin.h"
#include "journal/journal.h"
#include "pipeline/deploy.h"
#include "pipeline/registry.h"
#include "views/view_store.h"

namespace mr::sim {

using Programs = std::vector<std::shared_ptr<const plan::Program>>;

struct LifeOptions {
    std::uint64_t file_bytes = 32U << 10;
    std::size_t step_batches_max = 4;
};

class NodeLife {
  public:
    NodeLife(SimFileSystem& fs, Clock& clock, const Programs& programs, std::vector<broker::NewTopic> topics,
             LifeOptions options);
    ~NodeLife();

    /// What a start does until listeners would open. An error may be the disk's doing: the caller knows.
    Status start();
    [[nodiscard]] bool dead() const { return fatal_.has_value(); }
    [[nodiscard]] const std::optional<Error>& fatal() const { return fatal_; }

    /// Called once, between recovery and the pipelines' deployment.
    std::function<void()> on_recovered;

    broker::Broker& broker() { return *broker_; }
    views::ViewStore& views() { return *views_; }
    journal::Journal& journal() { return *journal_; }
    std::vector<std::unique_ptr<pipeline::Runner>>& runners() { return runners_; }
    [[nodiscard]] const pipeline::Participant& participant(std::size_t i) const { return *participants_[i]; }
    std::uint64_t counter(const char* name) { return metrics_.counter(name, "").value(); }

    /// The loop's turn: runs what was posted. True if there was anything.
    bool loop_once();
    /// Everything but the pipelines, once.
    bool pump();

  private:
    struct Died {};
    Status open();
    Status deploy();

    SimFileSystem& fs_;
    Clock& clock_;
    const Programs& programs_;
    const std::vector<broker::NewTopic> topics_;
    const LifeOptions options_;
    std::optional<Error> fatal_;
    Metrics metrics_;
    std::deque<std::move_only_function<void()>> posted_;
    std::unique_ptr<broker::Broker> broker_;
    std::unique_ptr<views::ViewStore> views_;
    pipeline::Registry registry_;
    std::vector<std::unique_ptr<pipeline::Participant>> participants_;
    std::unique_ptr<journal::Journal> journal_;
    std::vector<std::unique_ptr<pipeline::Runner>> runners_;
};

}  // namespace mr::sim
