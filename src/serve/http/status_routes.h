// What a machine asks about the node: /healthz, /readyz, /metrics, /version, /api/v1/openapi.yaml.
// Thread: loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "serve/http/router.h"

namespace mr::serve {

/// One part of the node and whether it can do its work.
struct PartStatus {
    std::string name;
    bool ready = true;
    std::string detail;
};

struct StatusOptions {
    std::string version;   ///< "0.1.0"
    std::string revision;  ///< of the source, where known
    std::function<std::vector<PartStatus>()> parts;
    std::function<void()> collect{};  ///< before /metrics is answered: counts that others keep
};

/// REQUIRES: metrics outlives the router.
void add_status_routes(Router& router, const Metrics& metrics, StatusOptions options);

}  // namespace mr::serve
