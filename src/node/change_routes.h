// POST /api/v1/plan: how a project, sent as its SQL, differs from what runs here; nothing is changed by it.
// The text is compiled on a worker. Thread: loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "node/workers.h"
#include "plan/change.h"
#include "serve/http/router.h"
#include "sql/compiler.h"

namespace mr::node {

/// {"pipelines":[…],"operators":{…},"inputs":[…]} of the change from `before` to `now`: docs/openapi.yaml,
/// Plan. With a broker "inputs" says how much each new or changed pipeline has to read.
std::string plan_json(const std::vector<plan::ProgramPtr>& before, const std::vector<plan::ProgramPtr>& now,
                      const broker::Broker* broker);

/// The SQL files of a project: {"streams":[{"path","text"}],"pipelines":[…]}.
struct ProjectText {
    std::vector<sql::SourceText> streams;
    std::vector<sql::SourceText> pipelines;
};
Result<ProjectText> parse_project_text(std::string_view json);
std::string to_json(const ProjectText& text);

/// REQUIRES: broker and workers outlive the router. `running` gives the programs that run; called on the
/// loop. Libraries of functions are those of the project in `directory`.
void add_plan_route(serve::Router& router, const broker::Broker& broker, Workers& workers,
                    const std::string& directory, std::function<std::vector<plan::ProgramPtr>()> running);

}  // namespace mr::node
