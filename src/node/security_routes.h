// Users and ACLs over HTTP, for the command line: GET, PUT and DELETE /api/v1/security/…, for admins.
// docs/openapi.yaml. Every change is a line of the audit log. Thread: loop.
#pragma once

#include <string>

#include "node/workers.h"
#include "security/store.h"
#include "serve/http/router.h"
#include "serve/kafka/service.h"

namespace mr::node {

class SecurityRoutes {
  public:
    /// REQUIRES: all outlive the router.
    SecurityRoutes(security::Store& store, serve::kafka::Service& kafka, Workers& workers)
        : store_(store), kafka_(kafka), workers_(workers) {}
    void add_to(serve::Router& router);

  private:
    void list_users(net::HttpResponder responder);
    void put_user(const serve::RouteCall& call, net::HttpResponder responder);
    void delete_user(const serve::RouteCall& call, net::HttpResponder responder);
    void list_acls(const serve::RouteCall& call, net::HttpResponder responder);
    void add_acl(const serve::RouteCall& call, net::HttpResponder responder);
    void delete_acls(const serve::RouteCall& call, net::HttpResponder responder);
    [[nodiscard]] bool enforced() const;

    security::Store& store_;
    serve::kafka::Service& kafka_;
    Workers& workers_;
};

}  // namespace mr::node
