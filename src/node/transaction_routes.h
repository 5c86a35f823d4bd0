// Transactions over HTTP, for the dashboard's pages and the command line. docs/openapi.yaml. Thread: loop.
#pragma once

#include "serve/http/router.h"
#include "serve/kafka/service.h"

namespace mr::node {

class TransactionRoutes {
  public:
    /// REQUIRES: both outlive the router.
    TransactionRoutes(broker::Broker& broker, serve::kafka::Service& kafka)
        : broker_(broker), kafka_(kafka) {}
    void add_to(serve::Router& router);

  private:
    void list(net::HttpResponder responder);
    void describe(const serve::RouteCall& call, net::HttpResponder responder);
    void abort(const serve::RouteCall& call, net::HttpResponder responder);

    broker::Broker& broker_;
    serve::kafka::Service& kafka_;
};

}  // namespace mr::node
