// A table with 'connector' = 'iceberg': the rows of its topic in an Iceberg table of the lake, partitioned by
// the hour of its time column. Each snapshot carries the position it was read to, so rows are there exactly
// once whatever was killed when. Append-only: a table with a primary key is refused.
// Format: docs/formats/iceberg-mapping.md
//
// Options: 'catalog-database' (default main), 'catalog-table' (default the table's name), 'time-column'
// (default the first TIMESTAMP_LTZ or TIMESTAMP column; none: unpartitioned), 'retention' (rows leave so long
// after they arrived; default never), 'commit-interval' (the node's: lake.commit-interval).
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "broker/broker.h"
#include "connect/lake_options.h"
#include "connect/lake_writer.h"
#include "plan/table.h"

namespace mr::connect {

/// The table is `<lake.directory>/<catalog-database>/<catalog-table>`; columns it lacks are added.
/// unsupported: the SQL table has a primary key, or a column's type does not fit what is there.
/// REQUIRES: the table's topic exists.
Result<std::unique_ptr<LakeWriter>> open_lake_sink(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                   const LakeOptions& lake, const plan::TablePtr& table);

}  // namespace mr::connect
