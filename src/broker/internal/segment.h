// One segment of a partition as readers see it: a stretch of batches in five files.
// Format: docs/formats/topic-segment.md
//
//   <base>.log        the batches, with base offset and leader epoch in place        (Kafka's)
//   <base>.index      sparse: relative offset -> position                            (Kafka's)
//   <base>.timeindex  sparse: largest timestamp so far -> relative offset            (Kafka's)
//   <base>.txnindex   aborted transactions whose marker is in the segment            (Kafka's)
//   <base>.seqindex   every batch: offset, position, sequence, stable offset         (ours, checksummed)
//
// A Segment is an immutable snapshot of how far the files went when it was published; the files themselves
// may be longer by now. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "broker/internal/checked_ranges.h"
#include "broker/txn/aborted_index.h"
#include "wire/record_batch.h"

namespace mr::broker {

/// The numbers of one segment; the checkpoint keeps them.
struct SegmentInfo {
    Offset base;
    Offset next;  ///< offset after its last record
    std::uint64_t log_bytes = 0;
    std::uint32_t batches = 0;  ///< entries of the .seqindex
    std::uint32_t index_entries = 0;
    std::uint32_t time_entries = 0;
    std::uint32_t aborted = 0;  ///< entries of the .txnindex
    Seq first_seq;
    Seq last_seq;
    TimestampMs max_timestamp{-1};
    Offset max_timestamp_offset{-1};  ///< last offset of the batch that has it, as Kafka counts
    TimestampMs time_index_last{-1};  ///< of the last .timeindex entry
    TimestampMs first_append{-1};     ///< entry time of its first batch: for segment.ms
    std::uint32_t since_index = 0;    ///< bytes since the last .index entry
    std::uint32_t generation = 0;     ///< of the compaction that wrote it; 0: as settled
    Offset clean_to{0};               ///< below it, compaction has left at most one record of each key
};

inline constexpr std::size_t kSeqIndexHeaderBytes = 20;
inline constexpr std::size_t kSeqIndexEntryBytes = 28;
inline constexpr std::size_t kOffsetIndexEntryBytes = 8;
inline constexpr std::size_t kTimeIndexEntryBytes = 12;

/// "00000000000000000123"
std::string segment_stem(Offset base);
/// Where the files of a segment of that generation lie: the partition's directory, or "compacted-<n>" in it,
/// so that every file keeps the name Kafka's tools expect.
std::string segment_directory(const std::string& partition_directory, std::uint32_t generation);
/// The generation of such a name within a partition's directory; nothing for other names.
std::optional<std::uint32_t> generation_of(std::string_view name);

/// Opens its files when they are first read, and keeps them open until told otherwise.
class SegmentFiles {
  public:
    SegmentFiles(FileSystem& fs, std::string directory, Offset base);

    enum Which : std::uint8_t { log, index, time_index, seq_index, txn_index };
    static constexpr std::size_t kFiles = 5;

    [[nodiscard]] std::string path(Which which) const;
    Result<std::shared_ptr<File>> get(Which which, FileSystem::Mode mode = FileSystem::Mode::read);
    /// Closes what nobody is using; the next get() opens it again.
    void release();
    /// Of the .log.
    [[nodiscard]] CheckedRanges& checked() { return checked_; }

  private:
    FileSystem& fs_;
    const std::string directory_;
    const Offset base_;
    std::mutex mutex_;
    std::shared_ptr<File> files_[kFiles];  // guarded by mutex_
    CheckedRanges checked_;
};

class Segment {
  public:
    Segment(SegmentInfo info, std::shared_ptr<SegmentFiles> files);

    [[nodiscard]] const SegmentInfo& info() const { return info_; }
    [[nodiscard]] SegmentFiles& files() const { return *files_; }
    [[nodiscard]] const std::shared_ptr<SegmentFiles>& shared_files() const { return files_; }

    struct Place {
        Offset base_offset;
        std::uint32_t position = 0;
        Seq seq;
        Offset stable;  ///< the partition's last stable offset once the batch was in
    };
    /// May a read wait for the disk? If not, it is `unavailable` where it would have to.
    enum class Disk : std::uint8_t { may_wait, cached_only };
    /// Index of the batch that holds `offset`, or of the first after it; batches when there is none.
    Result<std::uint32_t> find_offset(Offset offset, Disk disk = Disk::may_wait) const;
    /// Index of the first batch of an entry after `seq`.
    Result<std::uint32_t> find_seq(Seq seq) const;
    Result<Place> place(std::uint32_t index) const;
    /// The whole .txnindex.
    Result<std::vector<AbortedTxn>> aborted() const;

    /// Where consecutive batches lie.
    struct Extent {
        std::vector<Place> places;
        std::uint64_t end = 0;  ///< position after the last one

        [[nodiscard]] std::uint64_t begin_of(std::size_t i) const { return places[i].position; }
        [[nodiscard]] std::uint64_t end_of(std::size_t i) const {
            return i + 1 < places.size() ? places[i + 1].position : end;
        }
    };
    /// From batch `index` on: as many as fit `bytes_max` and `batches_max`, but at least one.
    Result<Extent> extent(std::uint32_t index, std::size_t bytes_max, std::size_t batches_max,
                          Disk disk = Disk::may_wait) const;

    struct Run {
        std::vector<Place> places;
        SharedBytes bytes;  ///< the batches, one after the other
        /// Where batch i begins and ends in `bytes`.
        [[nodiscard]] std::size_t at(std::size_t i) const { return places[i].position - places[0].position; }
        [[nodiscard]] std::size_t end(std::size_t i) const {
            return i + 1 < places.size() ? at(i + 1) : bytes.size();
        }
        [[nodiscard]] SharedBytes batch(std::size_t i) const { return bytes.slice(at(i), end(i) - at(i)); }
    };
    /// The same with their bytes.
    Result<Run> read(std::uint32_t index, std::size_t bytes_max, std::size_t batches_max) const;

    /// Index of a batch at or before the first one with a record at or after `timestamp` (from .timeindex).
    Result<std::uint32_t> find_time(TimestampMs timestamp) const;

  private:
    /// Binary search in .seqindex: first entry for which `before` is false.
    template <class Before>
    Result<std::uint32_t> search(Disk disk, Before before) const;
    Result<std::vector<Place>> places(std::uint32_t from, std::uint32_t count,
                                      Disk disk = Disk::may_wait) const;

    SegmentInfo info_;
    std::shared_ptr<SegmentFiles> files_;
};

/// .seqindex bytes, for the writer and the tests.
void write_seq_index_header(std::string& out, Offset base);
void write_seq_index_entry(std::string& out, Offset base, const Segment::Place& place);
/// corrupt when the checksum does not fit.
Result<Segment::Place> read_seq_index_entry(std::string_view bytes, Offset base);
Status check_seq_index_header(std::string_view bytes, Offset base);

}  // namespace mr::broker
