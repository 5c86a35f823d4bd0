// One journal file: its header, its name, and where its entries are.
// Format: docs/formats/journal.md
//
// Names: `<number>.journal` holds entries or is prepared for them; `<number>.spare` holds nothing of value
// and is there to be made into the next file; `<number>.tmp` is one being made. A file gets its `.journal`
// name only once its header is synced, so a file of that name with a bad header is damage, never a crash.
// Numbers only grow; a recycled file gets a new one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"

namespace mr::journal::internal {

inline constexpr std::size_t kFileHeaderBytes =
    4096;  ///< entries start here: no block holds header and entries
inline constexpr std::uint16_t kFileVersion = 1;

struct FileHeader {
    std::uint64_t number = 0;
    std::uint64_t salt = 0;
    std::uint64_t file_bytes = 0;
    Seq base;    ///< not 0: made by a start; the first entry it holds, and void what older files hold from
                 ///< there on
    Seq synced;  ///< a mark, as in entries
};

/// A whole block of kFileHeaderBytes.
std::string encode_file_header(const FileHeader& header);
Result<FileHeader> decode_file_header(std::string_view bytes, std::string_view path);

std::string journal_file_name(std::uint64_t number);
std::string spare_file_name(std::uint64_t number);
/// The number in "<number><suffix>"; nothing for any other name.
std::optional<std::uint64_t> parse_file_name(std::string_view name, std::string_view suffix);

/// Thread: any; write position by the journal thread only.
class JournalFile {
  public:
    JournalFile(std::unique_ptr<File> file, std::string path, const FileHeader& header);

    [[nodiscard]] File& file() const { return *file_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t number() const { return header_.number; }
    [[nodiscard]] std::uint64_t size() const { return header_.file_bytes; }
    [[nodiscard]] std::uint32_t seed() const { return seed_; }
    [[nodiscard]] const FileHeader& header() const { return header_; }

    /// Gives what is behind `end` back to the disk; nothing is appended any more. Starting thread.
    Status trim(std::uint64_t end);

    /// Bytes up to which valid entries have been written.
    [[nodiscard]] std::uint64_t end() const { return end_.load(std::memory_order_acquire); }
    /// First entry, or the base of a file made by a start; 0 while it is empty.
    [[nodiscard]] Seq first() const { return Seq(first_.load(std::memory_order_acquire)); }
    /// Entries from `first` on were written at `at`, up to `end`. `first` 0: only marks.
    void wrote(Seq first, std::uint64_t at, std::uint64_t end);
    /// An offset at or before entry `seq` where an entry starts.
    [[nodiscard]] std::uint64_t floor(Seq seq) const;

  private:
    struct Point {
        Seq seq;
        std::uint64_t offset;
    };
    const std::unique_ptr<File> file_;
    const std::string path_;
    FileHeader header_;
    const std::uint32_t seed_;
    std::atomic<std::uint64_t> end_{kFileHeaderBytes};
    std::atomic<std::uint64_t> first_;
    mutable std::mutex mutex_;
    std::vector<Point> index_;  // guarded by mutex_; one point per kIndexBytes, ascending
};

/// Writes and syncs in slices of a few megabytes, so that a sync of the journal beside it waits for one slice
/// at most and not for everything.
Status write_in_slices(File& file, std::uint64_t offset, std::string_view bytes);

struct NewFile {
    FileHeader header;
    std::string spare;          ///< path of a file to recycle; empty: make one, zeroed
    std::string_view contents;  ///< entries it starts with
};

/// Makes a file and names it once all of it is synced. GUARANTEES: a crash at any point leaves either the
/// finished file or something a start throws away. resource_exhausted if the disk is full (nothing is left
/// behind).
Result<std::shared_ptr<JournalFile>> create_journal_file(FileSystem& fs, const std::string& directory,
                                                         const NewFile& wanted);

/// Opens an existing one and checks its header.
Result<std::shared_ptr<JournalFile>> open_journal_file(FileSystem& fs, const std::string& directory,
                                                       std::uint64_t number);

}  // namespace mr::journal::internal
