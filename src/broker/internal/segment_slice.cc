#include "broker/internal/segment_slice.h"

#include <algorithm>
#include <string>

#include "base/crc32c.h"

namespace mr::broker {
namespace {

/// Read at once: it stays in the processor's cache between the copy out of the page cache and the checksum.
constexpr std::size_t kWindowBytes = 64U << 10;

/// A part of a file in memory, moved along as it is asked for.
class Window {
  public:
    Window(const File& file, std::uint64_t end, std::size_t size, Segment::Disk disk)
        : file_(file), end_(end), size_(size), disk_(disk) {}

    /// What is there from `at` on: `wanted` bytes or more, up to a window. REQUIRES: wanted <= its size.
    Result<std::string_view> at(std::uint64_t at, std::size_t wanted) {
        if (at < begin_ || at + wanted > begin_ + bytes_.size()) MR_TRY_VOID(load(at));
        return std::string_view(bytes_).substr(static_cast<std::size_t>(at - begin_));
    }

  private:
    Status load(std::uint64_t at) {
        const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(size_, end_ - at));
        begin_ = at;
        if (disk_ == Segment::Disk::may_wait) return file_.read_at(at, length, bytes_);
        MR_TRY(const bool cached, read_cached(file_, at, length, bytes_));
        if (!cached) return fail(Code::unavailable, "not in the page cache");
        return {};
    }

    const File& file_;
    const std::uint64_t end_;
    const std::size_t size_;
    const Segment::Disk disk_;
    std::uint64_t begin_ = 0;
    std::string bytes_;
};

/// The header of the batch at [from, to), which must fit its place.
Result<wire::BatchHeader> read_head(const Segment& segment, Window& window, const Segment::Place& place,
                                    std::uint64_t from, std::uint64_t to) {
    const auto size = static_cast<std::size_t>(to - from);
    if (size < wire::kBatchHeaderBytes) return damaged(segment, place);
    MR_TRY(const auto head, window.at(from, wire::kBatchHeaderBytes));
    const auto header = wire::decode_batch_head(head.substr(0, wire::kBatchHeaderBytes), size);
    if (!header || header->total_bytes() != size || header->base_offset != place.base_offset) {
        return damaged(segment, place);
    }
    return *header;
}

/// The same, once its checksum was found to fit.
Result<wire::BatchHeader> check_batch(const Segment& segment, Window& window, const Segment::Place& place,
                                      std::uint64_t from, std::uint64_t to) {
    MR_TRY(const auto header, read_head(segment, window, place, from, to));
    std::uint32_t crc = 0;
    for (std::uint64_t at = from + wire::kBatchAttributesAt; at < to;) {
        MR_TRY(const auto there, window.at(at, 1));
        const std::string_view part = there.substr(0, static_cast<std::size_t>(to - at));
        if (part.empty()) break;
        crc = crc32c(part, crc);
        at += part.size();
    }
    if (crc != header.crc) return damaged(segment, place);
    return header;
}

}  // namespace

std::unexpected<Error> damaged(const Segment& segment, const Segment::Place& place) {
    return fail(
        Code::corrupt,
        "{} is damaged at byte {}: the batch with offset {} is not what was written there; restore the "
        "data directory from a backup, or delete the records up to there",
        segment.files().path(SegmentFiles::log), place.position, place.base_offset);
}

Result<std::optional<SegmentSlice>> slice_of(const Segment& segment, Offset from, Offset end,
                                             std::size_t bytes_max, Segment::Disk disk) {
    MR_TRY(auto opened, segment.files().get(SegmentFiles::log));
    SegmentSlice slice;
    slice.file.file = std::dynamic_pointer_cast<const DiskFile>(opened);
    if (slice.file.file == nullptr) return std::nullopt;
    MR_TRY(const std::uint32_t index, segment.find_offset(from, disk));
    if (index >= segment.info().batches) return std::nullopt;
    MR_TRY(const auto extent, segment.extent(index, bytes_max, SIZE_MAX, disk));
    const auto beyond =
        std::ranges::find_if(extent.places, [&](const auto& p) { return p.base_offset >= end; });
    const auto count = static_cast<std::size_t>(beyond - extent.places.begin());
    if (count == 0) return std::nullopt;
    const std::uint64_t first = extent.begin_of(0);
    const std::uint64_t last = extent.end_of(count - 1);
    CheckedRanges& checked = segment.files().checked();
    const bool known = checked.cover(first, last) &&
                       slice.file.file->is_cached(first, static_cast<std::size_t>(last - first));
    Window window(*slice.file.file, last, known ? wire::kBatchHeaderBytes : kWindowBytes, disk);
    for (std::size_t i = 0; i < count; ++i) {
        // Of what is known to be whole, only where it begins and ends is looked at.
        if (known && slice.file.size > 0 && i + 1 < count) continue;
        const Segment::Place& place = extent.places[i];
        const std::uint64_t begin = extent.begin_of(i);
        const auto read = known ? read_head : check_batch;
        MR_TRY(const auto header, read(segment, window, place, begin, extent.end_of(i)));
        if (slice.file.size == 0) {
            // After compaction, the last batch to begin at or before an offset may end before it, too.
            if (header.next_offset() <= from) continue;
            slice.file.offset = begin;
        }
        slice.file.size = static_cast<std::size_t>(extent.end_of(i) - slice.file.offset);
        slice.next = header.next_offset();
    }
    if (!known) checked.add(first, last);
    if (slice.file.size == 0) return std::nullopt;
    return slice;
}

}  // namespace mr::broker
