// POST /api/v1/sql {"sql": "SELECT …"}: a bounded, read-only query over views, tables, topics and the
// warehouse. A query whose client has gone is cancelled. EXPLAIN ANALYZE of a name is about a running
// pipeline (node/explain_analyze.h). Thread: loop; the query runs on a worker.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "net/http_server.h"
#include "net/loop.h"
#include "node/project_routes.h"
#include "node/workers.h"
#include "serve/http/router.h"
#include "warehouse/warehouse.h"

namespace mr::node {

class SqlRoutes {
  public:
    SqlRoutes(net::EventLoop& loop, warehouse::Warehouse& warehouse, Workers& workers, Metrics& metrics,
              const Runners& runners, warehouse::QueryLimits limits);
    void add_to(serve::Router& router);

  private:
    /// A query that waits or runs, and who asked.
    struct Running {
        net::HttpResponder asked_by;
        std::shared_ptr<std::atomic<bool>> cancelled;
    };
    void query(const serve::RouteCall& call, net::HttpResponder responder);
    void look_for_the_gone();

    net::EventLoop& loop_;
    warehouse::Warehouse& warehouse_;
    Workers& workers_;
    const Runners& runners_;
    Histogram& seconds_;
    const warehouse::QueryLimits limits_;
    std::vector<Running> running_;
    net::Timer look_;
};

/// {"columns":[{"name","type"}],"rows":[{…}],"truncated":bool}
std::string to_json(const warehouse::QueryResult& result);

}  // namespace mr::node
