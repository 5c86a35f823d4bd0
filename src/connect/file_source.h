// A table with 'connector' = 'filesystem' that is read: the rows of the files below 'path' in a topic of its
// own ("source.<table>"), where pipelines read them. Lines of the formats json, csv and raw are records as
// they are, so that what is wrong with one is told like that of any record; rows of Parquet files become
// JSON. A file is complete when it is found and read once, in the order of paths; names that begin with '.'
// or '_' are skipped. Without 'source.monitor-interval' the folder is looked at once a start.
//
// Exactly once: the last record of a batch says in its header how far the batch came in which file, and a
// second, compacted topic ("source.<table>.files") has the place in each file; both are one proposal, and the
// header counts where a crash came between them. Format: docs/formats/file-source.md. Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "connect/topic_feed.h"
#include "plan/table.h"

namespace mr::connect {

/// "file:///data/in" and relative paths (to the project's folder) as the system names them.
std::string local_path(const plan::Table& table, const std::string& base);

/// How far a file was read: bytes of a text, rows of a Parquet file.
struct FilePlace {
    std::int64_t next = 0;
    bool done = false;
    /// "12345 done"
    [[nodiscard]] std::string to_text() const;
    static std::optional<FilePlace> parse(std::string_view text);
};

class FileSource {
  public:
    /// Both topics must exist. Relative paths are below `base`.
    static Result<std::unique_ptr<FileSource>> open(broker::Broker& broker, Clock& clock, FileSystem& fs,
                                                    TopicFeed::Submit submit, const plan::TablePtr& table,
                                                    const std::string& base);
    ~FileSource();

    /// Appends the next rows of the files; false: there are none just now.
    Result<bool> run_once();

    static std::string places_topic(const plan::Table& table) { return table.source_topic() + ".files"; }

    /// For open().
    class Impl;
    explicit FileSource(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::connect
