// The archive: every record of a raw topic, as it came, in the Iceberg table `<lake>/raw/<topic>`,
// partitioned by the hour of the record's Kafka timestamp. Rows are unique by (topic, partition, offset): the
// position is part of each snapshot.
//
// Columns: topic, partition, offset, timestamp (NULL: none or outside the years 1 to 9999), key and value
// (binary, NULL: as in the record), headers (list of key, value in order), seq (the journal's), schema_id
// (Confluent's magic byte 0 and id before the value, else NULL), archived_at.
// Format: docs/formats/iceberg-mapping.md
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

namespace mr::connect {

class ArchiveSink {
  public:
    /// Creates the table where it is missing and goes on at its position; a topic that was deleted and
    /// created again is read from its start. not_found if there is no such topic. Rows leave `retention_ms`
    /// after they were archived.
    static Result<std::unique_ptr<ArchiveSink>> open(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                     const LakeOptions& lake, const std::string& topic);
    ~ArchiveSink();

    /// Commits what came, in one or several snapshots; number of rows written. Call it every commit interval.
    /// After an error the next call starts again at the committed position.
    Result<std::size_t> run_once();
    /// Looks after the table now and then: drops rows that are due, and gives a job for a partition whose
    /// small files are worth rewriting (nullptr: none). Short. The job runs on any thread beside run_once().
    Result<std::shared_ptr<lake::Rewrite>> plan_upkeep();
    /// Puts a finished job's files in place. Short. not_found: they came too late, and nothing changed.
    Status commit_upkeep(lake::Rewrite& job);
    /// "raw.<topic>"
    [[nodiscard]] const std::string& name() const;
    /// Called once after a run_once() that left nothing, when there is more. Short; any thread may call it.
    void set_wakeup(std::function<void()> wakeup);

    /// For open().
    class Impl;
    explicit ArchiveSink(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::connect
