// Confluent's Schema Registry REST API: paths and JSON bodies to calls of the service, its outcomes to HTTP.
// Errors are {"error_code":N,"message":"…"} with Confluent's codes; the status is their first three digits.
// Thread: loop (answers of changes are posted to it by the responder).
#pragma once

#include "net/http_server.h"
#include "registry/service.h"

namespace mr::serve {

class RegistryRoutes {
  public:
    /// REQUIRES: the service outlives it.
    explicit RegistryRoutes(registry::RegistryService& service) : service_(service) {}

    void handle(net::HttpRequest request, const net::HttpResponder& responder);

    /// Settings of the HTTP server that suit this API: bodies of a schema's size, JSON of any kind.
    static net::HttpServerOptions server_options();

  private:
    registry::RegistryService& service_;
};

}  // namespace mr::serve
