// A table with 'connector' = 'iceberg': the rows of its topic in an Iceberg table of the lake, partitioned by
// the hour of its time column. Each snapshot carries the position it was read to, so rows are there exactly
// once whatever was killed when. Append-only: a table with a primary key is refused.
// Format: docs/formats/iceberg-mapping.md
//
// Options: 'catalog-database' (default main), 'catalog-table' (default the table's name), 'time-column'
// (default the first TIMESTAMP_LTZ or TIMESTAMP column; none: unpartitioned), 'retention' (rows leave so long
// after they arrived; default never), 'commit-interval' (the node's: lake.commit-interval).
//
// Thread: one worker at a time; run_once() blocks on the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "broker/broker.h"
#include "connect/lake_options.h"
#include "lake/rewrite.h"
#include "plan/table.h"

namespace mr::connect {

class LakeSink {
  public:
    /// Creates `<lake_directory>/<catalog-database>/<catalog-table>` where it is missing, adds columns it
    /// lacks and goes on at its position. unsupported: the table has a primary key, or a column's type does
    /// not fit what is there. REQUIRES: the table's topic exists.
    static Result<std::unique_ptr<LakeSink>> open(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                  const LakeOptions& lake, const plan::TablePtr& table);
    ~LakeSink();

    /// Commits what came, in one or several snapshots; number of rows written. Call it every commit interval.
    /// After an error the next call starts again at the committed position.
    Result<std::size_t> run_once();
    /// Looks after the table now and then: drops rows that are due, and gives a job for a partition whose
    /// small files are worth rewriting (nullptr: none). Short. The job runs on any thread beside run_once().
    Result<std::shared_ptr<lake::Rewrite>> plan_upkeep();
    /// Puts a finished job's files in place. Short. not_found: they came too late, and nothing changed.
    Status commit_upkeep(lake::Rewrite& job);
    /// "<catalog-database>.<catalog-table>"
    [[nodiscard]] const std::string& name() const;
    /// Called once after a run_once() that left nothing, when there is more. Short; any thread may call it.
    void set_wakeup(std::function<void()> wakeup);

    /// For open().
    class Impl;
    explicit LakeSink(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::connect
