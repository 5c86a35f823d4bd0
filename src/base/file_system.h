// Every write that outlives the process goes through this interface, so that the simulation
// (base/sim_file_system.h) can lose, tear and reorder what was not synced, fail a sync, or fill the disk.
//
// Durability, as POSIX has it:
//   - bytes written are durable once sync() of that File returned;
//   - a created, renamed, linked or removed name is durable once sync_dir() of its directory returned;
//   - after a failed sync() nothing may be assumed of what was written since the last good one, and it is
//   never retried:
//     the caller ends the process or gives the file up.
//
// Paths are relative to nothing: callers pass what they were configured with. Thread: any (a File: one at a
// time, except read_at, which may run beside a write to another range).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr {

class File {
  public:
    virtual ~File() = default;
    /// Reads up to `length` bytes at `offset` into `out` (replaced); shorter only at the end of the file.
    virtual Status read_at(std::uint64_t offset, std::size_t length, std::string& out) const = 0;
    /// Writes all of `bytes` at `offset`, extending the file where needed. resource_exhausted on a full disk.
    virtual Status write_at(std::uint64_t offset, std::string_view bytes) = 0;
    /// fdatasync(2).
    virtual Status sync() = 0;
    virtual Status truncate(std::uint64_t size) = 0;
    [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
};

class FileSystem {
  public:
    enum class Mode : std::uint8_t {
        read,    ///< must exist
        write,   ///< must exist; read and write
        create,  ///< must not exist; read and write
        open_or_create,
    };

    virtual ~FileSystem() = default;
    virtual Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) = 0;
    virtual Status make_dirs(const std::string& path) = 0;
    /// Names (not paths) in a directory, sorted; "." and ".." left out.
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
    [[nodiscard]] virtual bool exists(const std::string& path) = 0;
    virtual Status remove(const std::string& path) = 0;
    /// Removes a directory and everything in it; not_found is success.
    virtual Status remove_all(const std::string& path) = 0;
    /// Atomic; replaces `to`.
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    /// Hard link; already_exists if `to` exists. The lake's compare-and-set.
    virtual Status link(const std::string& from, const std::string& to) = 0;
    virtual Status sync_dir(const std::string& path) = 0;
    /// Bytes free for this user on the file system of `path`.
    virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
    /// Takes an exclusive lock held until the returned object dies; `unavailable` if another process holds
    /// it.
    virtual Result<std::unique_ptr<File>> lock(const std::string& path) = 0;
};

/// The operating system's.
FileSystem& posix_file_system();

/// Whole file as a string.
Result<std::string> read_file(FileSystem& fs, const std::string& path);
/// Writes `path.tmp`, syncs it, renames it over `path`, syncs the directory: a reader sees all or nothing.
Status write_file_atomic(FileSystem& fs, const std::string& path, std::string_view bytes);
/// "a/b" of "a" and "b".
std::string join_path(std::string_view directory, std::string_view name);
/// "a" of "a/b"; "." of "b".
std::string parent_path(std::string_view path);

}  // namespace mr
