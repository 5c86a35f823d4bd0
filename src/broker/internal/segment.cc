#include "broker/internal/segment.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/disk_file.h"

namespace mr::broker {
namespace {

constexpr std::string_view kSeqIndexMagic = "MRSEQIX2";
constexpr std::string_view kGenerationPrefix = "compacted-";
constexpr std::string_view kSuffixes[] = {".log", ".index", ".timeindex", ".seqindex", ".txnindex"};
/// How many .seqindex entries are read first, at least two, and about how many at most: enough for 4 MiB of
/// 1 KiB batches.
constexpr std::uint32_t kPlacesFirst = 16;
constexpr std::size_t kPlacesMax = 4'096;

std::uint32_t seed_of(Offset base) {
    char raw[8];
    mr::internal::store(raw, base.value, Endian::little);
    return crc32c({raw, sizeof raw});
}

Status read_part(const File& file, std::uint64_t offset, std::size_t length, Segment::Disk disk,
                 std::string& out) {
    if (disk == Segment::Disk::may_wait) return file.read_at(offset, length, out);
    MR_TRY(const bool cached, read_cached(file, offset, length, out));
    if (!cached) return fail(Code::unavailable, "not in the page cache");
    return {};
}

}  // namespace

std::string segment_stem(Offset base) {
    return fmt::format("{:020}", base.value);
}

std::string segment_directory(const std::string& partition_directory, std::uint32_t generation) {
    if (generation == 0) return partition_directory;
    return join_path(partition_directory, fmt::format("{}{}", kGenerationPrefix, generation));
}

std::optional<std::uint32_t> generation_of(std::string_view name) {
    if (!name.starts_with(kGenerationPrefix)) return std::nullopt;
    name.remove_prefix(kGenerationPrefix.size());
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return number;
}

void write_seq_index_header(std::string& out, Offset base) {
    const std::size_t from = out.size();
    ByteWriter writer(out);
    writer.raw(kSeqIndexMagic);
    writer.i64(base.value);
    writer.u32(crc32c(std::string_view(out).substr(from)));
}

Status check_seq_index_header(std::string_view bytes, Offset base) {
    std::string wanted;
    write_seq_index_header(wanted, base);
    if (bytes.substr(0, kSeqIndexHeaderBytes) != wanted) {
        return fail(Code::corrupt, "not a version 2 .seqindex with base offset {}: begins {}", base,
                    hex(bytes, 20));
    }
    return {};
}

void write_seq_index_entry(std::string& out, Offset base, const Segment::Place& place) {
    const std::size_t from = out.size();
    ByteWriter writer(out);
    writer.u32(static_cast<std::uint32_t>(place.base_offset.value - base.value));
    writer.u32(place.position);
    writer.u64(place.seq.value);
    writer.i64(place.stable.value);
    writer.u32(crc32c(std::string_view(out).substr(from), seed_of(base)));
}

Result<Segment::Place> read_seq_index_entry(std::string_view bytes, Offset base) {
    ByteReader in(bytes);
    Segment::Place place;
    place.base_offset = Offset(base.value + in.u32());
    place.position = in.u32();
    place.seq = Seq(in.u64());
    place.stable = Offset(in.i64());
    const std::uint32_t crc = in.u32();
    MR_TRY_VOID(in.status(".seqindex entry"));
    if (crc != crc32c(bytes.substr(0, kSeqIndexEntryBytes - 4), seed_of(base))) {
        return fail(Code::corrupt, ".seqindex entry {}: wrong checksum",
                    hex(bytes.substr(0, kSeqIndexEntryBytes)));
    }
    return place;
}

SegmentFiles::SegmentFiles(FileSystem& fs, std::string directory, Offset base)
    : fs_(fs), directory_(std::move(directory)), base_(base) {}

std::string SegmentFiles::path(Which which) const {
    return join_path(directory_, segment_stem(base_) + std::string(kSuffixes[which]));
}

Result<std::shared_ptr<File>> SegmentFiles::get(Which which, FileSystem::Mode mode) {
    const std::lock_guard lock(mutex_);
    if (files_[which] == nullptr) {
        MR_TRY(files_[which], fs_.open(path(which), mode));
        // Reading the past must not hold up the present.
        if (auto* const log_file = which == log ? dynamic_cast<DiskFile*>(files_[which].get()) : nullptr)
            log_file->read_no_further();
    }
    return files_[which];
}

void SegmentFiles::release() {
    const std::lock_guard lock(mutex_);
    for (auto& file : files_) file.reset();
}

Segment::Segment(SegmentInfo info, std::shared_ptr<SegmentFiles> files)
    : info_(info), files_(std::move(files)) {
    MR_CHECK(info_.batches > 0 && info_.base <= info_.next, "{} {} {}", info_.base, info_.next,
             info_.batches);
}

Result<std::vector<Segment::Place>> Segment::places(std::uint32_t from, std::uint32_t count,
                                                    Disk disk) const {
    MR_CHECK(from + count <= info_.batches, "{} {} {}", from, count, info_.batches);
    MR_TRY(const auto file, files_->get(SegmentFiles::seq_index));
    std::string raw;
    MR_TRY_VOID(read_part(*file, kSeqIndexHeaderBytes + std::uint64_t{from} * kSeqIndexEntryBytes,
                          std::size_t{count} * kSeqIndexEntryBytes, disk, raw));
    std::vector<Place> out;
    out.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t at = std::size_t{i} * kSeqIndexEntryBytes;
        auto place = read_seq_index_entry(
            at <= raw.size() ? std::string_view(raw).substr(at) : std::string_view(), info_.base);
        if (!place) {
            return annotate(std::move(place).error(),
                            fmt::format("{}, entry {}", files_->path(SegmentFiles::seq_index), from + i));
        }
        out.push_back(*place);
    }
    return out;
}

Result<Segment::Place> Segment::place(std::uint32_t index) const {
    MR_TRY(const auto found, places(index, 1));
    return found.front();
}

Result<std::vector<AbortedTxn>> Segment::aborted() const {
    std::vector<AbortedTxn> out;
    if (info_.aborted == 0) return out;
    MR_TRY(const auto file, files_->get(SegmentFiles::txn_index));
    std::string raw;
    MR_TRY_VOID(file->read_at(0, std::size_t{info_.aborted} * kTxnIndexEntryBytes, raw));
    for (std::uint32_t i = 0; i < info_.aborted; ++i) {
        const std::size_t at = i * kTxnIndexEntryBytes;
        auto txn =
            read_txn_index_entry(at <= raw.size() ? std::string_view(raw).substr(at) : std::string_view());
        if (!txn) {
            return annotate(std::move(txn).error(),
                            fmt::format("{}, entry {}", files_->path(SegmentFiles::txn_index), i));
        }
        out.push_back(*txn);
    }
    return out;
}

template <class Before>
Result<std::uint32_t> Segment::search(Disk disk, Before before) const {
    std::uint32_t low = 0;
    std::uint32_t high = info_.batches;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        MR_TRY(const auto found, places(middle, 1, disk));
        if (before(found.front())) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

Result<std::uint32_t> Segment::find_offset(Offset offset, Disk disk) const {
    if (offset >= info_.next) return info_.batches;
    MR_TRY(const std::uint32_t after, search(disk, [&](const Place& p) { return p.base_offset <= offset; }));
    return after == 0 ? 0 : after - 1;
}

Result<std::uint32_t> Segment::find_seq(Seq seq) const {
    if (seq >= info_.last_seq) return info_.batches;
    if (seq < info_.first_seq) return 0;
    return search(Disk::may_wait, [&](const Place& p) { return p.seq <= seq; });
}

Result<Segment::Extent> Segment::extent(std::uint32_t index, std::size_t bytes_max, std::size_t batches_max,
                                        Disk disk) const {
    MR_CHECK(index < info_.batches, "{} {}", index, info_.batches);
    const std::size_t left = info_.batches - index;
    std::vector<Place> found;
    // Batches may be a hundred bytes or a megabyte: places are asked for in growing portions, as each has a
    // checksum to be looked at.
    for (std::uint32_t portion = kPlacesFirst; found.size() < std::min<std::size_t>(left, kPlacesMax);
         portion *= 4) {
        const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(left - found.size(), portion));
        MR_TRY(const auto more, places(index + static_cast<std::uint32_t>(found.size()), count, disk));
        found.insert(found.end(), more.begin(), more.end());
        if (found.size() > batches_max || found.back().position - found.front().position > bytes_max) break;
    }
    // The position after the last batch looked at: of the next one, which then only says where it begins.
    std::uint64_t end = info_.log_bytes;
    if (found.size() < left) {
        end = found.back().position;
        found.pop_back();
    }
    Extent out{std::move(found), end};
    std::size_t n = 1;
    while (n < out.places.size() && n < batches_max && out.end_of(n) - out.begin_of(0) <= bytes_max) ++n;
    // Each entry has its own checksum; that they fit each other and the length is another matter.
    for (std::size_t i = 0; i < n; ++i) {
        if (out.end_of(i) <= out.begin_of(i) || out.end_of(i) > info_.log_bytes) {
            return fail(Code::corrupt, "{}, entry {}: a batch from {} to {} of {} bytes",
                        files_->path(SegmentFiles::seq_index), index + i, out.begin_of(i), out.end_of(i),
                        info_.log_bytes);
        }
    }
    out.end = out.end_of(n - 1);
    out.places.resize(n);
    return out;
}

Result<Segment::Run> Segment::read(std::uint32_t index, std::size_t bytes_max,
                                   std::size_t batches_max) const {
    MR_TRY(auto found, extent(index, bytes_max, batches_max));
    const auto length = static_cast<std::size_t>(found.end - found.begin_of(0));
    MR_TRY(const auto file, files_->get(SegmentFiles::log));
    std::string raw;
    MR_TRY_VOID(file->read_at(found.begin_of(0), length, raw));
    if (raw.size() != length) {
        return fail(Code::corrupt, "{}: {} bytes at {}, {} wanted", files_->path(SegmentFiles::log),
                    raw.size(), found.begin_of(0), length);
    }
    return Run{std::move(found.places), SharedBytes(std::move(raw))};
}

Result<std::uint32_t> Segment::find_time(TimestampMs timestamp) const {
    // Entries say "up to this offset the largest timestamp is t", t strictly growing: all that is wanted lies
    // after the last entry whose t is smaller.
    MR_TRY(const auto file, files_->get(SegmentFiles::time_index));
    std::uint32_t low = 0;
    std::uint32_t high = info_.time_entries;
    Offset from = info_.base;
    std::string raw;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        MR_TRY_VOID(file->read_at(std::uint64_t{middle} * kTimeIndexEntryBytes, kTimeIndexEntryBytes, raw));
        ByteReader in(raw, Endian::big);
        const TimestampMs entry(in.i64());
        const Offset offset(info_.base.value + in.i32());
        MR_TRY_VOID(in.status(files_->path(SegmentFiles::time_index)));
        if (entry < timestamp) {
            from = offset;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return find_offset(from);
}

}  // namespace mr::broker
