// Appends batches to a partition's segments and rolls them: the settle thread's hand.
// Format: docs/formats/topic-segment.md
//
// append() only gathers; flush() writes what was gathered and publishes it to readers; sync() makes it
// durable. What lies beyond the lengths a checkpoint recorded does not count: restore() cuts it off. Thread:
// settle (restore: the starting thread).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
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
    /// For compaction: writes segments of `generation` that stand for the offsets from `start` on; batches
    /// may leave gaps. Nobody sees them before another writer adopts them (replace()).
    SegmentWriter(FileSystem& fs, std::shared_ptr<PartitionLog> log, std::uint32_t generation, Offset start);

    /// Opens what a checkpoint listed, cuts the files to the valid lengths, removes all others of the
    /// directory, and publishes. Segments whose files are gone are left out: only the log's start, known once
    /// the journal is read, can tell whether that is right (verify()).
    Status restore(const std::vector<SegmentInfo>& infos);
    /// Are there segments without a gap from `start` to settled_end()? Names what is missing otherwise.
    Status verify(Offset start) const;

    /// `batch` is one batch, written with the base offset and leader epoch of `header`; `ref` says what the
    /// journal knows of it; `aborted` the transaction it ends, if it is an abort marker. REQUIRES: it begins
    /// at end().
    Status append(std::string_view batch, const wire::BatchHeader& header, const BatchRef& ref,
                  const AbortedTxn* aborted, const TopicSettings& settings);
    /// As that; a large batch is not copied but kept until the flush.
    Status append(const SharedBytes& batch, const wire::BatchHeader& header, const BatchRef& ref,
                  const AbortedTxn* aborted, const TopicSettings& settings);
    Status flush();
    /// Everything flushed is on disk afterwards, names of files too.
    Status sync();
    /// Removes the segments that lie wholly below `start`.
    Status remove_below(Offset start);
    /// Closes the open segment, so that all are in closed().
    Status finish();

    // --- compaction ---------------------------------------------------------------------------------------
    /// Segments that will not change any more, oldest first.
    [[nodiscard]] const std::vector<std::shared_ptr<const Segment>>& closed() const { return closed_; }
    /// Puts `to`, synced, in the place of `from`, which must stand for the same offsets. False, and nothing
    /// is changed, when `from` is no longer a stretch of closed(). The files of `from` stay until a
    /// checkpoint that names `to` is stored: the one before still needs them.
    bool replace(const std::vector<std::shared_ptr<const Segment>>& from,
                 const std::vector<std::shared_ptr<const Segment>>& to);
    /// A checkpoint with today's infos() is being written; when it is stored, remove_obsolete() may remove
    /// what was replaced until now.
    void mark_obsolete() { removable_ = obsolete_.size(); }
    Status remove_obsolete();
    /// Greater than that of any segment there is or was.
    [[nodiscard]] std::uint32_t next_generation() { return ++last_generation_; }

    /// Offset of the next batch.
    [[nodiscard]] Offset end() const { return end_; }
    [[nodiscard]] std::size_t gathered_bytes() const {
        return open_ == nullptr ? 0 : static_cast<std::size_t>(open_->info.log_bytes - written_log_);
    }
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
    /// A segment's files, and which of them were written since they were last synced: syncing one that was
    /// not still makes the disk flush its cache.
    struct Unsynced {
        std::shared_ptr<SegmentFiles> files;
        std::array<bool, SegmentFiles::kFiles> written{};
    };
    /// Of the open segment.
    void note_written(SegmentFiles::Which which);
    Status restore_one(const SegmentInfo& info, std::set<std::string>& wanted);
    Status remove_strangers(const std::set<std::string>& wanted);
    Status remove_files(const Segment& segment);
    Status roll(Offset base);
    [[nodiscard]] bool must_roll(std::size_t bytes, const wire::BatchHeader& header, TimestampMs time,
                                 const TopicSettings& settings) const;
    /// Everything about a batch but its bytes.
    Status note(const wire::BatchHeader& header, const BatchRef& ref, const AbortedTxn* aborted,
                const TopicSettings& settings);
    void index(const wire::BatchHeader& header, const TopicSettings& settings);
    Status write_log();
    void close_time_index();
    void publish();

    FileSystem& fs_;
    const std::shared_ptr<PartitionLog> log_;
    const std::uint32_t generation_ = 0;  ///< of what it writes
    const bool sparse_ = false;           ///< batches may leave gaps
    std::uint32_t last_generation_ = 0;
    std::vector<std::shared_ptr<const Segment>> obsolete_;  ///< replaced; oldest replacement first
    std::size_t removable_ = 0;                             ///< of them, once a checkpoint is stored
    std::vector<std::shared_ptr<const Segment>> closed_;
    std::unique_ptr<Open> open_;
    Offset end_;
    // Gathered for the open segment, not yet written.
    std::string log_bytes_;
    std::vector<std::pair<std::size_t, SharedBytes>> log_splices_;  ///< go in before that byte of log_bytes_
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
    std::vector<Unsynced> dirty_;
    bool directory_dirty_ = false;
};

}  // namespace mr::broker
