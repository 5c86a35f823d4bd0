// Reads the entries of one journal file one after the other, in blocks, so that an entry that is kept pins at
// most its block. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/result.h"
#include "journal/internal/entry_codec.h"

namespace mr::journal::internal {

class EntryReader {
  public:
    static constexpr std::size_t kBlockBytes = 1U << 20;

    /// Reads entries that start at or after `offset` (where one must start) and end at or before `end`.
    EntryReader(const File& file, std::uint32_t seed, std::uint64_t offset, std::uint64_t end)
        : file_(file), seed_(seed), offset_(offset), end_(end) {}

    /// Moves to the next entry. False when the bytes at offset() are not a valid entry.
    Result<bool> next();
    [[nodiscard]] const EntryHeader& header() const { return header_; }
    [[nodiscard]] SharedBytes payload() const { return payload_; }
    /// Where the current entry starts.
    [[nodiscard]] std::uint64_t at() const { return at_; }
    /// Where the entry after it starts; after next() said false, where the invalid one is.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    /// After next() said false: bytes the torn entry would have, if at least its header is there.
    [[nodiscard]] std::uint64_t torn_bytes() const { return torn_bytes_; }

  private:
    /// The `length` bytes at offset_, shorter at the end of the file.
    Result<std::string_view> load(std::size_t length);

    const File& file_;
    const std::uint32_t seed_;
    std::uint64_t offset_;
    const std::uint64_t end_;
    std::uint64_t at_ = 0;
    std::uint64_t torn_bytes_ = 0;
    EntryHeader header_;
    SharedBytes payload_;
    std::shared_ptr<const std::string> block_;
    std::uint64_t block_at_ = 0;
};

/// Calls `found(offset, header)` for everything in [from, to) that carries a valid header of this file,
/// whatever lies between: what is left of entries after a damaged one.
Status find_headers(const File& file, std::uint32_t seed, std::uint64_t from, std::uint64_t to,
                    const std::function<void(std::uint64_t, const EntryHeader&)>& found);

}  // namespace mr::journal::internal
