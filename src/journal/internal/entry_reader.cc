#include "journal/internal/entry_reader.h"

#include <algorithm>

namespace mr::journal::internal {

Result<std::string_view> EntryReader::load(std::size_t length) {
    const bool inside = block_ && offset_ >= block_at_ && offset_ + length <= block_at_ + block_->size();
    if (!inside) {
        const std::uint64_t left = end_ > offset_ ? end_ - offset_ : 0;
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(std::max(length, kBlockBytes), left));
        auto fresh = std::make_shared<std::string>();
        if (wanted > 0) MR_TRY_VOID(file_.read_at(offset_, wanted, *fresh));
        block_ = std::move(fresh);
        block_at_ = offset_;
    }
    return std::string_view(*block_).substr(static_cast<std::size_t>(offset_ - block_at_), length);
}

Result<bool> EntryReader::next() {
    torn_bytes_ = 0;
    MR_TRY(const std::string_view head, load(kEntryHeaderBytes));
    const auto header = decode_entry_header(head, seed_);
    if (!header) return false;
    const std::size_t bytes = entry_bytes(header->length);
    torn_bytes_ = bytes;
    if (bytes > end_ - offset_) return false;
    MR_TRY(const std::string_view whole, load(bytes));
    if (whole.size() < bytes) return false;
    const std::string_view payload = whole.substr(kEntryHeaderBytes, header->length);
    if (!payload_matches(*header, payload, seed_)) return false;
    header_ = *header;
    payload_ = SharedBytes(block_, payload);
    at_ = offset_;
    offset_ += bytes;
    torn_bytes_ = 0;
    return true;
}

Status find_headers(const File& file, std::uint32_t seed, std::uint64_t from, std::uint64_t to,
                    const std::function<void(std::uint64_t, const EntryHeader&)>& found) {
    std::string block;
    for (std::uint64_t at = from; at < to; at += EntryReader::kBlockBytes) {
        // Blocks overlap by a header.
        const auto wanted = static_cast<std::size_t>(
            std::min<std::uint64_t>(EntryReader::kBlockBytes + kEntryHeaderBytes, to - at));
        MR_TRY_VOID(file.read_at(at, wanted, block));
        const std::string_view bytes = block;
        const std::size_t last = std::min(bytes.size(), EntryReader::kBlockBytes);
        for (std::size_t i = 0; i < last; i += kEntryAlignment) {
            if (const auto header = decode_entry_header(bytes.substr(i), seed)) found(at + i, *header);
        }
    }
    return {};
}

}  // namespace mr::journal::internal
