// Bearer tokens over HTTP, for the command line: GET, POST and DELETE /api/v1/security/tokens, for admins.
// docs/openapi.yaml. The answer of POST is the only time a token is seen. Every change is a line of the audit
// log. Thread: loop.
#pragma once

#include <functional>

#include "security/store.h"
#include "serve/http/router.h"
#include "serve/kafka/service.h"

namespace mr::node {

/// `changed` is told of every change before it is answered, on the journal's sync thread. REQUIRES: store and
/// Kafka service, which submits the changes, outlive the router.
void add_token_routes(serve::Router& router, security::Store& store, serve::kafka::Service& kafka,
                      std::function<void()> changed);

}  // namespace mr::node
