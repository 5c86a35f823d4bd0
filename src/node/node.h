// The composition root: everything a project needs, wired and running in one process. The only place that
// knows every concrete class.
//
// Start: settings -> catalogue and programs -> participants -> journal (recovery) -> threads -> topics ->
// pipelines -> listeners -> ready. Stop: listeners drain -> pipelines -> sinks -> journal (everything
// accepted is written) -> threads. Thread: the one that calls run() becomes the loop.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/project.h"

namespace mr::node {

struct NodeOptions {
    std::string data_dir;    ///< overrides the project's
    std::string ready_file;  ///< written once everything runs
    std::string version;
};

/// Addresses the listeners are bound to.
struct NodeAddresses {
    std::string kafka;
    std::vector<std::string> kafka_listeners;  ///< all of them: "SASL_SSL://127.0.0.1:9093"
    std::string http;
    std::string registry;
};

class Node {
  public:
    /// Starts everything; when it returns, every listener accepts and every pipeline runs. A data directory
    /// in use, corruption, a taken port: an error that says what to do.
    static Result<std::unique_ptr<Node>> start(Project project, NodeOptions options);
    ~Node();

    [[nodiscard]] const NodeAddresses& addresses() const;
    /// Runs the loop until `stop` turns true, then drains.
    void run(const std::atomic<bool>& stop);

    /// For start().
    class Impl;
    explicit Node(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::node
