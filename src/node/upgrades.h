// Changes of pipelines while the node runs: a project that is sent is compared with what runs, each changed
// pipeline gets a version beside the one that serves, which takes its place when it has caught up
// (pipeline/changeover.h), and may give it back.
//
//   POST   /api/v1/apply                        the project; answers what it began
//   GET    /api/v1/changes                      versions beside others, and how far they are
//   POST   /api/v1/changes/{pipeline}/swap      they change places when the one beside has caught up
//   POST   /api/v1/changes/{pipeline}/compare   answers when both were looked at as of the same input
//   DELETE /api/v1/changes/{pipeline}           the version beside is dropped
//
// What blocks (deploying, dropping, comparing) runs on a worker; meanwhile the pipeline is busy and its
// versions are left alone. Thread: loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "net/loop.h"
#include "node/change_status.h"
#include "node/project_texts.h"
#include "node/runners.h"
#include "node/workers.h"
#include "pipeline/versions.h"
#include "serve/http/router.h"

namespace mr::node {

using VersionsList = std::vector<std::unique_ptr<pipeline::Versions>>;

class Upgrades {
  public:
    struct Parts {
        net::EventLoop& loop;
        Workers& workers;
        broker::Broker& broker;
        views::ViewStore& views;
        Runners& runners;
        VersionsList& versions;
        ProjectTexts& texts;
        std::function<pipeline::DeployContext()> context;
        ProjectText running;    ///< what the node was started with
        std::string functions;  ///< where libraries of functions are
        bool computes = true;
    };
    explicit Upgrades(Parts parts);
    void add_to(serve::Router& router);
    /// Begins to take turns.
    void start();
    /// What serves, in the order of the pipelines.
    [[nodiscard]] std::vector<plan::ProgramPtr> serving() const;

  private:
    /// One pipeline's change.
    struct Change {
        bool busy = false;        ///< a worker has its versions
        plan::ProgramPtr serves;  ///< meanwhile
        std::string error;        ///< of the work
        ReadRate rate;            ///< of the version beside
        std::vector<net::HttpResponder> comparers;
    };
    struct Request;
    void turn();
    void apply(const serve::RouteCall& call, const net::HttpResponder& responder);
    /// On the loop again, with the compiled project.
    void begin(const Request& request, const net::HttpResponder& responder);
    /// Worker: the version beside is replaced.
    Status replace(pipeline::Versions& versions, const plan::ProgramPtr& program, const Request& request);
    void replaced(pipeline::Versions& versions, const Status& status, bool swap);
    void discard(const std::string& pipeline, const net::HttpResponder& responder);
    void make_busy(const pipeline::Versions& versions);
    void refuse_comparers(Change& change);
    void compare(pipeline::Versions& versions, std::vector<pipeline::Changeover::Compared> views);
    [[nodiscard]] std::string list() const;
    /// Answers what is wrong, and nullptr, unless the pipeline has another version that may be worked on.
    pipeline::Versions* changing(const std::string& pipeline, const net::HttpResponder& responder);
    pipeline::Versions* find(const std::string& pipeline);
    /// Which topics of a program no longer hold their beginning.
    [[nodiscard]] std::vector<std::string> cut_topics(const plan::Program& program) const;

    Parts parts_;
    std::map<std::string, Change> changes_;
    net::Timer timer_;
};

}  // namespace mr::node
