// Alerts and sinks over HTTP. docs/formats/alerts.md. Thread: loop.
#pragma once

#include <memory>

#include "alerts/alert_engine.h"
#include "node/sinks.h"
#include "serve/http/router.h"

namespace mr::node {

/// GET /api/v1/alerts?state=…, POST /api/v1/alerts/{id}/ack. `engine` is filled in before the first request
/// is served.
void add_alert_routes(serve::Router& router, views::ViewStore& views,
                      const std::unique_ptr<alerts::AlertEngine>& engine);
/// GET /api/v1/sinks.
void add_sink_routes(serve::Router& router, const Sinks& sinks);

}  // namespace mr::node
