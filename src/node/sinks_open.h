// Which sinks a project has: its tables with 'connector' = 'warehouse', 'iceberg', 'filesystem' and
// 'print', and the archive of raw
// topics (`lake.archive`). Thread: the one that starts the node.
#pragma once

#include <set>
#include <string>

#include "broker/broker.h"
#include "node/project.h"
#include "node/scans.h"
#include "node/sinks.h"
#include "warehouse/warehouse.h"

namespace mr::node {

struct SinkContext {
    const Project& project;
    broker::Broker& broker;
    FileSystem& fs;
    Clock& clock;
    Sinks& sinks;
};

Status open_print_sinks(const SinkContext& context);
Status open_file_sinks(const SinkContext& context);
Status open_warehouse_sinks(const SinkContext& context, warehouse::Warehouse& warehouse);
/// `lake`: the lake's directory. `archived`: names of topics. Afterwards `scans` knows every lake table, and
/// so does the warehouse, if there is one, under the schema of its database.
Status open_lake_sinks(const SinkContext& context, const std::string& lake,
                       const std::vector<std::string>& archived, NodeScans& scans,
                       warehouse::Warehouse* warehouse);

}  // namespace mr::node
