// Bytes of one entry: a header of 32 bytes, the payload, zeros up to a multiple of 8.
// Format: docs/formats/journal.md
//
// The header has a checksum of its own, so that after a damaged entry the marks of later ones can still be
// found without trusting a length; both checksums are seeded with the file's seed, so that bytes of another
// file, or of this file's former life before it was recycled, are never taken for entries of this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "journal/entry.h"

namespace mr::journal::internal {

inline constexpr std::size_t kEntryHeaderBytes = 32;
inline constexpr std::size_t kEntryAlignment = 8;

struct EntryHeader {
    Seq seq;     ///< of a mark: the last entry before it
    Seq synced;  ///< the mark: everything up to here was known synced when this entry's group was formed
    std::uint32_t length = 0;
    std::uint32_t payload_crc = 0;  ///< set by encode_entry
    Kind kind{};
    std::uint8_t version = 1;
};

/// Seed of all checksums in the file with that number; `salt` is drawn when the file is made.
std::uint32_t file_seed(std::uint64_t number, std::uint64_t salt);

/// Bytes on disk of an entry with a payload of that size.
constexpr std::size_t entry_bytes(std::size_t payload_bytes) {
    return kEntryHeaderBytes + (payload_bytes + kEntryAlignment - 1) / kEntryAlignment * kEntryAlignment;
}

/// Is it a kind this build knows? An unknown one means a newer build wrote the journal.
bool is_known(Kind kind);

/// Appends header, payload (`head`, then `body`) and padding. `header.length` and `payload_crc` are taken
/// from the payload.
void encode_entry(std::string& out, std::uint32_t seed, EntryHeader header, std::string_view head,
                  std::string_view body = {});

/// The header at the front of `bytes`; nothing if there is no valid one.
std::optional<EntryHeader> decode_entry_header(std::string_view bytes, std::uint32_t seed);

/// Does `payload` carry the checksum its header says?
bool payload_matches(const EntryHeader& header, std::string_view payload, std::uint32_t seed);

}  // namespace mr::journal::internal
