// EXPLAIN ANALYZE: the plan of a running pipeline with what each operator has done since the process started:
// rows in and out, time, state, watermark. `millrace pipeline explain NAME`, GET
// /api/v1/pipelines/{name}/explain, and as a statement of /api/v1/sql:
//
//   EXPLAIN ANALYZE [PIPELINE | [MATERIALIZED] VIEW | TABLE] name
//
// where `name` is a pipeline, or a view or table that one writes (then that part of its plan alone). Figures
// are at most two seconds old. Thread: loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/project_routes.h"

namespace mr::node {

/// A running pipeline, or one sink of it.
struct ExplainTarget {
    std::shared_ptr<const pipeline::Runner> runner;
    std::optional<std::size_t> sink;
};

/// The pipeline of that name, or else the sink; "@beside" behind either means the version that runs beside
/// the one that serves. not_found with the nearest name.
Result<ExplainTarget> find_explained(const RunnerList& runners, std::string_view name);

/// The plan as a tree, an indented line a node and one of figures below it.
std::string explain_text(const ExplainTarget& target);
/// {"pipeline", "seconds", …, "sources": […], "sinks": [{"name", …, "nodes": […]}], "text"}
std::string explain_json(const ExplainTarget& target);

/// The name an EXPLAIN ANALYZE statement asks about; nothing for any other text (EXPLAIN ANALYZE SELECT is
/// the warehouse's).
std::optional<std::string> parse_explain_analyze(std::string_view sql);

/// GET /api/v1/pipelines/{name}/explain. REQUIRES: `runners` outlives the router.
void add_explain_routes(serve::Router& router, const Runners& runners);

}  // namespace mr::node
