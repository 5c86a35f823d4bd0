// What the project declares, over HTTP: dashboards as JSON, pipelines with their state. Thread: loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "node/project.h"
#include "node/runners.h"
#include "serve/http/router.h"

namespace mr::node {

/// GET /api/v1/dashboards and /api/v1/dashboards/{name}. An unreadable file is logged and left out.
void add_dashboard_routes(serve::Router& router, const std::vector<YamlFile>& files);

/// GET /api/v1/pipelines and /api/v1/pipelines/{name}, POST /api/v1/pipelines/{name}/resume. REQUIRES:
/// `runners` outlives the router.
void add_pipeline_routes(serve::Router& router, const Runners& runners);

/// YAML as JSON: maps, lists, strings; plain scalars that are JSON numbers, booleans or null as such.
Result<std::string> yaml_to_json(std::string_view text, std::string_view file);

}  // namespace mr::node
