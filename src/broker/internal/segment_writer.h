// Appends batches to a partition's segments and rolls them: the settle thread's hand.
// Format: docs/formats/topic-segment.md
//
// append() only gathers; flush() writes what was gathered and publishes it to readers; sync() makes it
// durable. What lies beyond the lengths a checkpoint recorded does not count: restore() cuts it off. Thread:
// settle (restore: the starting thread).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "broker/internal/segment.h"
#include "broker/partition_log.h"
#include "broker/topic_config.h"

namespace mr::broker {

class SegmentWriter {
  public:
    SegmentWriter(FileSystem& fs, std::shared_ptr<PartitionLog> log);

    /// Opens what a checkpoint listed, cuts the files to the valid lengths, removes all others of the
    /// directory, and publishes. Segments whose files are gone are left out: only the log's start, known once
    /// the journal is read, can tell whether that is right (verify()).
    Status restore(const std::vector<SegmentInfo>& infos);
    /// Are there segments without a gap from `start` to settled_end()? Names what is missing otherwise.
    Status verify(Offset start) const;

    /// `batch` is one batch with base offset and leader epoch in place, `ref` says what the journal knows of
    /// it; `aborted` the transaction it ends, if it is an abort marker. REQUIRES: it begins at end().
    Status append(std::string_view batch, const wire::BatchHeader& header, const BatchRef& ref,
                  const AbortedTxn* aborted, const TopicSettings& settings);
    Status flush();
    /// Everything flushed is on disk afterwards, names of files too.
    Status sync();
    /// Removes the segments that lie wholly below `start`.
    Status remove_below(Offset start);

    /// Offset of the next batch.
    [[nodiscard]] Offset end() const { return end_; }
    [[nodiscard]] std::size_t gathered_bytes() const { return log_bytes_.size(); }
    [[nodiscard]] bool dirty() const { return !dirty_.empty(); }
    [[nodiscard]] PartitionLog& log() const { return *log_; }
    /// The aborted transactions of all segments, by marker.
    Result<AbortedIndex> aborted() const;
    /// As of the last flush.
    [[nodiscard]] std::vector<SegmentInfo> infos() const;
    /// Closes the files of all but the newest segment.
    void release_files();

  private:
    struct Open {
        SegmentInfo info;
        std::shared_ptr<SegmentFiles> files;
    };
    Status roll(Offset base);
    [[nodiscard]] bool must_roll(std::size_t bytes, const wire::BatchHeader& header, TimestampMs time,
                                 const TopicSettings& settings) const;
    void index(const wire::BatchHeader& header, const TopicSettings& settings);
    void close_time_index();
    void publish();

    FileSystem& fs_;
    const std::shared_ptr<PartitionLog> log_;
    std::vector<std::shared_ptr<const Segment>> closed_;
    std::unique_ptr<Open> open_;
    Offset end_;
    // Gathered for the open segment, not yet written.
    std::string log_bytes_;
    std::string index_bytes_;
    std::string time_bytes_;
    std::string seq_bytes_;
    std::string txn_bytes_;
    // Written parts of the open segment's files.
    std::uint64_t written_log_ = 0;
    std::uint64_t written_index_ = 0;
    std::uint64_t written_time_ = 0;
    std::uint64_t written_seq_ = 0;
    std::uint64_t written_txn_ = 0;
    std::vector<std::shared_ptr<SegmentFiles>> dirty_;  ///< to be synced
    bool directory_dirty_ = false;
};

}  // namespace mr::broker
