// What a file of the operating system can do beyond File, for whoever moves much data: a look into the page
// cache that never waits, gathered writes, and being sent to a socket. The free functions take any File and
// do the same in the plain way where it is another one (the simulation's). Thread: as File.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/result.h"

namespace mr {

class DiskFile : public File {
  public:
    /// As read_at(), but false where that would wait for the disk.
    virtual Result<bool> read_cached(std::uint64_t offset, std::size_t length, std::string& out) const = 0;
    /// Is all of it in the page cache? False too where that cannot be told.
    [[nodiscard]] virtual bool is_cached(std::uint64_t offset, std::size_t length) const = 0;
    /// From now on the kernel reads what is asked for and nothing ahead. Left alone it keeps megabytes of a
    /// quick reader's file in the disk's queue, and every write waits behind them.
    virtual void read_no_further() = 0;
    /// As write_at() of the parts one after the other.
    virtual Status write_parts(std::uint64_t offset, std::span<const std::string_view> parts) = 0;
    /// For sendfile(2); open as long as this lives.
    [[nodiscard]] virtual int descriptor() const = 0;
};

/// False where it would wait for the disk. A file that is no DiskFile has none to wait for.
Result<bool> read_cached(const File& file, std::uint64_t offset, std::size_t length, std::string& out);
Status write_parts(File& file, std::uint64_t offset, std::span<const std::string_view> parts);

/// A part of a file that is not written any more: to be sent without being copied.
struct FileSlice {
    std::shared_ptr<const DiskFile> file;
    std::uint64_t offset = 0;
    std::size_t size = 0;
};

/// A piece of an answer: in memory or in a file.
using Piece = std::variant<SharedBytes, FileSlice>;
inline std::size_t size_of(const Piece& piece) {
    const auto* bytes = std::get_if<SharedBytes>(&piece);
    return bytes != nullptr ? bytes->size() : std::get<FileSlice>(piece).size;
}

}  // namespace mr
