// A table with 'connector' = 'iceberg': the rows of its topic in an Iceberg table of the lake, partitioned by
// the hour of its time column. Each snapshot carries the position it was read to, so rows are there exactly
// once whatever was killed when. Append-only: a table with a primary key is refused.
// Format: docs/formats/iceberg-mapping.md
//
// Options: 'catalog-database' (default main), 'catalog-table' (default the table's name), 'time-column'
// (default the first TIMESTAMP_LTZ or TIMESTAMP column; none: unpartitioned).
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
#include "plan/table.h"

namespace mr::connect {

class LakeSink {
  public:
    /// Creates `<lake_directory>/<catalog-database>/<catalog-table>` where it is missing, adds columns it
    /// lacks and goes on at its position. unsupported: the table has a primary key, or a column's type does
    /// not fit what is there. REQUIRES: the table's topic exists. `retention_ms` bounds how long hourly
    /// snapshots are kept; <= 0: for ever.
    static Result<std::unique_ptr<LakeSink>> open(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                  const std::string& lake_directory,
                                                  const plan::TablePtr& table, std::int64_t retention_ms);
    ~LakeSink();

    /// Commits what came, in one or several snapshots; number of rows written. Call it every commit interval.
    /// After an error the next call starts again at the committed position.
    Result<std::size_t> run_once();
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
