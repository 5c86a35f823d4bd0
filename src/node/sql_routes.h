// POST /api/v1/sql {"sql": "SELECT …"}: a bounded, read-only query over views, tables, topics and the
// warehouse. Thread: loop; the query runs on a worker.
#pragma once

#include "node/workers.h"
#include "serve/http/router.h"
#include "warehouse/warehouse.h"

namespace mr::node {

class SqlRoutes {
  public:
    SqlRoutes(warehouse::Warehouse& warehouse, Workers& workers, Metrics& metrics,
              warehouse::QueryLimits limits);
    void add_to(serve::Router& router);

  private:
    void query(const serve::RouteCall& call, net::HttpResponder responder);

    warehouse::Warehouse& warehouse_;
    Workers& workers_;
    Histogram& seconds_;
    const warehouse::QueryLimits limits_;
};

/// {"columns":[{"name","type"}],"rows":[{…}],"truncated":bool}
std::string to_json(const warehouse::QueryResult& result);

}  // namespace mr::node
