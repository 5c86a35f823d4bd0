// A table with 'connector' = 'filesystem' that is written: the rows of its topic in files below 'path', of
// format csv, json, raw or parquet, in a folder a partition (PARTITIONED BY: "day=2024-01-31/").
//
// Rows go into hidden files (".part-…"), which get their names together when they are large or old enough
// ('sink.rolling-policy.file-size' 128 MB, 'rollover-interval' 30 min, 'inactivity-interval' 1 min). Exactly
// once: a commit replaces "<path>/.millrace-<table>", which has the position in the topic and the names, and
// then renames; a start does again what it says, removes hidden files it does not name, and reads on at its
// position. Format: docs/formats/file-sink.md. Thread: one at a time.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "connect/table_reader.h"

namespace mr::connect {

class FileSink {
  public:
    /// Relative paths are below `base`.
    static Result<std::unique_ptr<FileSink>> open(broker::Broker& broker, Clock& clock, FileSystem& fs,
                                                  const plan::TablePtr& table, const std::string& base);
    ~FileSink();

    /// Writes what came; number of rows that were committed. An error is permanent until somebody acts; the
    /// position is kept.
    Result<std::size_t> run_once();

    /// For open().
    class Impl;
    explicit FileSink(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::connect
