// Topics and their records over HTTP, for the dashboard's pages and the command line.
// docs/openapi.yaml. Thread: loop.
#pragma once

#include <string>
#include <vector>

#include "formats/schema_source.h"
#include "node/workers.h"
#include "serve/http/router.h"
#include "serve/kafka/service.h"

namespace mr::node {

class TopicRoutes {
  public:
    /// REQUIRES: all outlive the router.
    TopicRoutes(broker::Broker& broker, serve::kafka::Service& kafka, formats::SchemaSource& schemas,
                Workers& workers)
        : broker_(broker), kafka_(kafka), schemas_(schemas), workers_(workers) {}
    void add_to(serve::Router& router);

  private:
    void list(net::HttpResponder responder);
    void describe(const serve::RouteCall& call, net::HttpResponder responder);
    void records(const serve::RouteCall& call, net::HttpResponder responder);
    void create(const serve::RouteCall& call, net::HttpResponder responder);
    void remove(const serve::RouteCall& call, net::HttpResponder responder);
    void alter(const serve::RouteCall& call, net::HttpResponder responder);
    void delete_records(const serve::RouteCall& call, net::HttpResponder responder);
    [[nodiscard]] net::HttpResponse unknown_topic(const std::string& name) const;

    broker::Broker& broker_;
    serve::kafka::Service& kafka_;
    formats::SchemaSource& schemas_;
    Workers& workers_;
};

}  // namespace mr::node
