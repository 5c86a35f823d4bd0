// Consumer groups over HTTP, for the dashboard's pages and the command line. docs/openapi.yaml. Thread: loop.
#pragma once

#include <string>
#include <vector>

#include "node/group_reset.h"
#include "node/workers.h"
#include "serve/http/router.h"
#include "serve/kafka/service.h"

namespace mr::node {

class GroupRoutes {
  public:
    /// REQUIRES: all outlive the router.
    GroupRoutes(broker::Broker& broker, serve::kafka::Service& kafka, Workers& workers)
        : broker_(broker), kafka_(kafka), workers_(workers) {}
    void add_to(serve::Router& router);

  private:
    void list(net::HttpResponder responder);
    void describe(const serve::RouteCall& call, net::HttpResponder responder);
    void reset(const serve::RouteCall& call, net::HttpResponder responder);
    void remove(const serve::RouteCall& call, net::HttpResponder responder);
    /// Commits what was planned, if the group still has no members.
    void commit(const std::string& group, std::vector<PlannedOffset> planned, net::HttpResponder responder);
    [[nodiscard]] bool exists(const std::string& group) const;
    [[nodiscard]] net::HttpResponse unknown_group(const std::string& group) const;

    broker::Broker& broker_;
    serve::kafka::Service& kafka_;
    Workers& workers_;
};

}  // namespace mr::node
