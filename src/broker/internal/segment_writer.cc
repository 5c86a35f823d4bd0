#include "broker/internal/segment_writer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/disk_file.h"
#include "base/log.h"

namespace mr::broker {
namespace {

using Mode = FileSystem::Mode;

/// From this size on a batch is written from where it is: two pieces of a gathered write cost less than the
/// copy.
constexpr std::size_t kSpliceBytesMin = 1024;
/// What a writer keeps to gather small batches in.
constexpr std::size_t kKeptBytes = 64U << 10;

/// Lengths the five files of a segment must have.
std::array<std::uint64_t, SegmentFiles::kFiles> lengths_of(const SegmentInfo& info) {
    return {info.log_bytes, std::uint64_t{info.index_entries} * kOffsetIndexEntryBytes,
            std::uint64_t{info.time_entries} * kTimeIndexEntryBytes,
            kSeqIndexHeaderBytes + std::uint64_t{info.batches} * kSeqIndexEntryBytes,
            std::uint64_t{info.aborted} * kTxnIndexEntryBytes};
}

/// Cuts a file to its valid length; a shorter one has lost what a checkpoint relied on.
Status cut_file(SegmentFiles& files, SegmentFiles::Which which, std::uint64_t length) {
    MR_TRY(const auto file, files.get(which, Mode::write));
    MR_TRY(const std::uint64_t size, file->size());
    if (size < length) {
        return fail(Code::corrupt,
                    "{}: {} bytes long, but the checkpoint says {}; the file was damaged outside of "
                    "millrace, restore "
                    "the data directory from a backup",
                    files.path(which), size, length);
    }
    return size > length ? file->truncate(length) : Status{};
}

}  // namespace

SegmentWriter::SegmentWriter(FileSystem& fs, std::shared_ptr<PartitionLog> log)
    : fs_(fs), log_(std::move(log)) {}

SegmentWriter::SegmentWriter(FileSystem& fs, std::shared_ptr<PartitionLog> log, std::uint32_t generation,
                             Offset start)
    : fs_(fs), log_(std::move(log)), generation_(generation), sparse_(true), end_(start) {}

Status SegmentWriter::restore_one(const SegmentInfo& info, std::set<std::string>& wanted) {
    auto files =
        std::make_shared<SegmentFiles>(fs_, segment_directory(log_->directory(), info.generation), info.base);
    end_ = info.next;
    last_generation_ = std::max(last_generation_, info.generation);
    bool there = true;
    for (std::size_t i = 0; i < SegmentFiles::kFiles; ++i) {
        there = there && fs_.exists(files->path(static_cast<SegmentFiles::Which>(i)));
    }
    if (!there) {
        log_info("broker", "{} is gone or incomplete, as after a removal by retention",
                 files->path(SegmentFiles::log));
        return {};
    }
    const auto lengths = lengths_of(info);
    for (std::size_t i = 0; i < SegmentFiles::kFiles; ++i) {
        const auto which = static_cast<SegmentFiles::Which>(i);
        MR_TRY_VOID(cut_file(*files, which, lengths[i]));
        wanted.insert(files->path(which));
    }
    auto segment = std::make_shared<const Segment>(info, files);
    // The indexes vouch for each other: the last batch ends where the log does.
    MR_TRY(const auto last, segment->read(info.batches - 1, 0, 1));
    MR_TRY(const auto header, wire::decode_batch_header(last.bytes.view()));
    if (header.next_offset() != info.next || header.total_bytes() != last.bytes.size()) {
        return fail(Code::corrupt, "{}: last batch ends at offset {}, the checkpoint says {}",
                    files->path(SegmentFiles::log), header.next_offset(), info.next);
    }
    closed_.push_back(std::move(segment));
    return {};
}

/// Files and directories in the partition's directory that no wanted segment owns.
Status SegmentWriter::remove_strangers(const std::set<std::string>& wanted) {
    if (!fs_.exists(log_->directory())) return {};
    MR_TRY(const auto names, fs_.list(log_->directory()));
    for (const auto& name : names) {
        const std::string path = join_path(log_->directory(), name);
        if (wanted.contains(path)) continue;
        const auto generation = generation_of(name);
        if (!generation) {
            MR_TRY_VOID(fs_.remove(path));
            continue;
        }
        // A compaction that no checkpoint knows, or one of which some segments are left.
        last_generation_ = std::max(last_generation_, *generation);
        MR_TRY(const auto files, fs_.list(path));
        bool used = false;
        for (const auto& file : files) {
            if (wanted.contains(join_path(path, file))) {
                used = true;
            } else {
                MR_TRY_VOID(fs_.remove(join_path(path, file)));
            }
        }
        if (!used) MR_TRY_VOID(fs_.remove_all(path));
    }
    return {};
}

Status SegmentWriter::restore(const std::vector<SegmentInfo>& infos) {
    MR_CHECK(closed_.empty() && open_ == nullptr);
    std::set<std::string> wanted;
    for (const auto& info : infos) MR_TRY_VOID(restore_one(info, wanted));
    MR_TRY_VOID(remove_strangers(wanted));
    // What compaction wrote is not written on.
    if (!closed_.empty() && closed_.back()->info().next == end_ && closed_.back()->info().generation == 0) {
        const Segment& last = *closed_.back();
        open_ = std::make_unique<Open>(Open{last.info(), last.shared_files()});
        const auto lengths = lengths_of(open_->info);
        written_log_ = lengths[0];
        written_index_ = lengths[1];
        written_time_ = lengths[2];
        written_seq_ = lengths[3];
        written_txn_ = lengths[4];
        closed_.pop_back();
    }
    publish();
    release_files();
    return {};
}

Status SegmentWriter::verify(Offset start) const {
    std::optional<Offset> at;
    for (auto list = log_->segments(); const auto& segment : *list) {
        const SegmentInfo& info = segment->info();
        if (info.next <= start) continue;
        const Offset wanted = at.value_or(start);
        if (at ? info.base != wanted : info.base > wanted) {
            return fail(Code::corrupt,
                        "{}: no segment holds offsets {} to {}; restore the data directory from a backup",
                        log_->directory(), wanted, info.base);
        }
        at = info.next;
    }
    if (end_ > start && at != end_) {
        return fail(Code::corrupt,
                    "{}: no segment holds offsets {} to {}; restore the data directory from a backup",
                    log_->directory(), at.value_or(start), end_);
    }
    return {};
}

bool SegmentWriter::must_roll(std::size_t bytes, const wire::BatchHeader& header, TimestampMs time,
                              const TopicSettings& settings) const {
    if (open_ == nullptr) return true;
    const SegmentInfo& info = open_->info;
    const auto limit = static_cast<std::uint64_t>(std::min<std::int64_t>(settings.segment_bytes, INT32_MAX));
    // As Kafka: a compacted topic's segment closes in time for its records to be compacted.
    const std::int64_t age = settings.compact ? std::min(settings.segment_ms, settings.max_compaction_lag_ms)
                                              : settings.segment_ms;
    return info.log_bytes + bytes > limit || (!sparse_ && time.value - info.first_append.value >= age) ||
           header.last_offset().value - info.base.value > INT32_MAX ||
           (std::uint64_t{info.index_entries} + 1) * kOffsetIndexEntryBytes >
               static_cast<std::uint64_t>(settings.segment_index_bytes);
}

Status SegmentWriter::roll(Offset base) {
    const std::string directory = segment_directory(log_->directory(), generation_);
    if (open_ != nullptr) {
        MR_TRY_VOID(finish());
    } else {
        MR_TRY_VOID(fs_.make_dirs(directory));
    }
    auto files = std::make_shared<SegmentFiles>(fs_, directory, base);
    for (std::size_t i = 0; i < SegmentFiles::kFiles; ++i) {
        // A file of that name is one a crash left behind before any checkpoint knew it.
        MR_TRY(const auto file, files->get(static_cast<SegmentFiles::Which>(i), Mode::open_or_create));
        MR_TRY_VOID(file->truncate(0));
    }
    directory_dirty_ = true;
    open_ = std::make_unique<Open>(Open{SegmentInfo{}, std::move(files)});
    for (std::size_t i = 0; i < SegmentFiles::kFiles; ++i) note_written(static_cast<SegmentFiles::Which>(i));
    open_->info.base = base;
    open_->info.next = base;
    open_->info.generation = generation_;
    written_log_ = written_index_ = written_time_ = written_seq_ = written_txn_ = 0;
    write_seq_index_header(seq_bytes_, base);
    return {};
}

void SegmentWriter::index(const wire::BatchHeader& header, const TopicSettings& settings) {
    SegmentInfo& info = open_->info;
    if (header.max_timestamp > info.max_timestamp) {
        info.max_timestamp = header.max_timestamp;
        info.max_timestamp_offset = header.last_offset();
    }
    if (info.since_index > static_cast<std::uint32_t>(settings.index_interval_bytes)) {
        ByteWriter out(index_bytes_, Endian::big);
        out.i32(static_cast<std::int32_t>(header.last_offset().value - info.base.value));
        out.i32(static_cast<std::int32_t>(info.log_bytes));
        ++info.index_entries;
        close_time_index();
        info.since_index = 0;
    }
    info.since_index += static_cast<std::uint32_t>(header.total_bytes());
}

void SegmentWriter::close_time_index() {
    SegmentInfo& info = open_->info;
    if (info.max_timestamp <= info.time_index_last) return;
    ByteWriter out(time_bytes_, Endian::big);
    out.i64(info.max_timestamp.value);
    out.i32(static_cast<std::int32_t>(info.max_timestamp_offset.value - info.base.value));
    info.time_index_last = info.max_timestamp;
    ++info.time_entries;
}

Status SegmentWriter::finish() {
    if (open_ == nullptr) return {};
    close_time_index();
    MR_TRY_VOID(flush());
    closed_.push_back(std::make_shared<const Segment>(open_->info, open_->files));
    open_.reset();
    return {};
}

Status SegmentWriter::note(const wire::BatchHeader& header, const BatchRef& ref, const AbortedTxn* aborted,
                           const TopicSettings& settings) {
    const bool follows = sparse_ ? header.base_offset >= end_ : header.base_offset == end_;
    MR_CHECK(follows || (open_ == nullptr && closed_.empty()), "{}-{}: {} after {}", log_->topic(),
             log_->id(), header.base_offset, end_);
    if (must_roll(header.total_bytes(), header, ref.time, settings)) {
        MR_TRY_VOID(roll(sparse_ ? end_ : header.base_offset));
    }
    SegmentInfo& info = open_->info;
    index(header, settings);
    write_seq_index_entry(
        seq_bytes_, info.base,
        {header.base_offset, static_cast<std::uint32_t>(info.log_bytes), ref.seq, ref.stable});
    if (aborted != nullptr) {
        write_txn_index_entry(txn_bytes_, *aborted);
        ++info.aborted;
    }
    if (info.batches == 0) {
        info.first_seq = ref.seq;
        info.first_append = ref.time;
    }
    ++info.batches;
    info.last_seq = ref.seq;
    info.log_bytes += header.total_bytes();
    info.next = header.next_offset();
    end_ = info.next;
    return {};
}

Status SegmentWriter::append(std::string_view batch, const wire::BatchHeader& header, const BatchRef& ref,
                             const AbortedTxn* aborted, const TopicSettings& settings) {
    MR_DCHECK(header.total_bytes() == batch.size());
    MR_TRY_VOID(note(header, ref, aborted, settings));
    const std::size_t at = log_bytes_.size();
    log_bytes_ += batch;
    wire::patch_batch(std::span(log_bytes_).subspan(at), header.base_offset, header.leader_epoch);
    return {};
}

Status SegmentWriter::append(const SharedBytes& batch, const wire::BatchHeader& header, const BatchRef& ref,
                             const AbortedTxn* aborted, const TopicSettings& settings) {
    if (batch.size() < kSpliceBytesMin) return append(batch.view(), header, ref, aborted, settings);
    MR_DCHECK(header.total_bytes() == batch.size());
    MR_TRY_VOID(note(header, ref, aborted, settings));
    const std::size_t at = log_bytes_.size();
    log_bytes_ += batch.view().substr(0, wire::kBatchHeaderBytes);
    wire::patch_batch(std::span(log_bytes_).subspan(at), header.base_offset, header.leader_epoch);
    log_splices_.emplace_back(log_bytes_.size(), batch.slice(wire::kBatchHeaderBytes));
    return {};
}

void SegmentWriter::note_written(SegmentFiles::Which which) {
    if (dirty_.empty() || dirty_.back().files != open_->files) dirty_.push_back({open_->files, {}});
    dirty_.back().written.at(which) = true;
}

Status SegmentWriter::write_log() {
    if (log_bytes_.empty()) return {};
    MR_TRY(const auto file, open_->files->get(SegmentFiles::log, Mode::write));
    std::vector<std::string_view> parts;
    parts.reserve(2 * log_splices_.size() + 1);
    std::size_t at = 0;
    std::size_t bytes = log_bytes_.size();
    for (const auto& [before, splice] : log_splices_) {
        parts.push_back(std::string_view(log_bytes_).substr(at, before - at));
        parts.push_back(splice.view());
        at = before;
        bytes += splice.size();
    }
    if (at < log_bytes_.size()) parts.push_back(std::string_view(log_bytes_).substr(at));
    MR_TRY_VOID(write_parts(*file, written_log_, parts));
    note_written(SegmentFiles::log);
    open_->files->checked().add(written_log_, written_log_ + bytes);
    written_log_ += bytes;
    log_splices_.clear();
    log_bytes_.clear();
    // There may be thousands of partitions.
    if (log_bytes_.capacity() > kKeptBytes) log_bytes_ = std::string();
    return {};
}

Status SegmentWriter::flush() {
    if (open_ == nullptr) return {};
    const auto write = [&](SegmentFiles::Which which, std::string& bytes, std::uint64_t& written) -> Status {
        if (bytes.empty()) return {};
        MR_TRY(const auto file, open_->files->get(which, Mode::write));
        MR_TRY_VOID(file->write_at(written, bytes));
        note_written(which);
        written += bytes.size();
        bytes.clear();
        return {};
    };
    const bool any = !log_bytes_.empty() || !time_bytes_.empty();
    MR_TRY_VOID(write_log());
    MR_TRY_VOID(write(SegmentFiles::index, index_bytes_, written_index_));
    MR_TRY_VOID(write(SegmentFiles::time_index, time_bytes_, written_time_));
    MR_TRY_VOID(write(SegmentFiles::seq_index, seq_bytes_, written_seq_));
    MR_TRY_VOID(write(SegmentFiles::txn_index, txn_bytes_, written_txn_));
    const auto lengths = lengths_of(open_->info);
    MR_CHECK(written_log_ == lengths[0] && written_index_ == lengths[1] && written_time_ == lengths[2] &&
                 written_seq_ == lengths[3] && written_txn_ == lengths[4],
             "{}", open_->files->path(SegmentFiles::log));
    if (any) publish();
    return {};
}

Status SegmentWriter::sync() {
    MR_TRY_VOID(flush());
    for (const auto& [files, written] : dirty_) {
        for (std::size_t i = 0; i < SegmentFiles::kFiles; ++i) {
            if (!written[i]) continue;
            MR_TRY(const auto file, files->get(static_cast<SegmentFiles::Which>(i), Mode::write));
            MR_TRY_VOID(file->sync());
        }
    }
    dirty_.clear();
    if (directory_dirty_) {
        // The partition's directory, and the two above it that may be new as well.
        std::string path = segment_directory(log_->directory(), generation_);
        for (int level = 0; level < (generation_ == 0 ? 4 : 5); ++level) {
            MR_TRY_VOID(fs_.sync_dir(path));
            path = parent_path(path);
        }
        directory_dirty_ = false;
    }
    return {};
}

Status SegmentWriter::remove_below(Offset start) {
    const bool whole =
        open_ != nullptr && log_bytes_.empty() && open_->info.batches > 0 && open_->info.next <= start;
    std::vector<std::shared_ptr<const Segment>> gone;
    while (!closed_.empty() && closed_.front()->info().next <= start) {
        gone.push_back(closed_.front());
        closed_.erase(closed_.begin());
    }
    if (whole) {
        gone.push_back(std::make_shared<const Segment>(open_->info, open_->files));
        open_.reset();
    }
    if (gone.empty()) return {};
    publish();
    for (const auto& segment : gone) MR_TRY_VOID(remove_files(*segment));
    return {};
}

Status SegmentWriter::remove_files(const Segment& segment) {
    std::erase_if(dirty_, [&](const Unsynced& d) { return d.files == segment.shared_files(); });
    segment.files().release();
    // In any order: a segment that misses one of its files counts as gone (restore()).
    for (std::size_t i = 0; i < SegmentFiles::kFiles; ++i) {
        MR_TRY_VOID(fs_.remove(segment.files().path(static_cast<SegmentFiles::Which>(i))));
    }
    if (segment.info().generation == 0) return {};
    const std::string directory = segment_directory(log_->directory(), segment.info().generation);
    MR_TRY(const auto left, fs_.list(directory));
    return left.empty() ? fs_.remove_all(directory) : Status{};
}

bool SegmentWriter::replace(const std::vector<std::shared_ptr<const Segment>>& from,
                            const std::vector<std::shared_ptr<const Segment>>& to) {
    MR_CHECK(!from.empty() && !to.empty() && from.front()->info().base == to.front()->info().base &&
                 from.back()->info().next == to.back()->info().next,
             "{}-{}", log_->topic(), log_->id());
    const auto first = std::search(closed_.begin(), closed_.end(), from.begin(), from.end());
    if (first == closed_.end()) return false;
    const auto last = first + static_cast<std::ptrdiff_t>(from.size());
    for (const auto& segment : from) {
        // Synced or not, no checkpoint will name it any more.
        std::erase_if(dirty_, [&](const Unsynced& d) { return d.files == segment->shared_files(); });
        obsolete_.push_back(segment);
    }
    closed_.insert(closed_.erase(first, last), to.begin(), to.end());
    publish();
    return true;
}

Status SegmentWriter::remove_obsolete() {
    const std::size_t count = std::exchange(removable_, 0);
    for (std::size_t i = 0; i < count; ++i) MR_TRY_VOID(remove_files(*obsolete_[i]));
    obsolete_.erase(obsolete_.begin(), obsolete_.begin() + static_cast<std::ptrdiff_t>(count));
    return {};
}

Result<AbortedIndex> SegmentWriter::aborted() const {
    AbortedIndex out;
    for (auto list = log_->segments(); const auto& segment : *list) {
        MR_TRY(const auto some, segment->aborted());
        for (const AbortedTxn& txn : some) out = out.with(txn);
    }
    return out;
}

std::vector<SegmentInfo> SegmentWriter::infos() const {
    std::vector<SegmentInfo> out;
    for (const auto& segment : closed_) out.push_back(segment->info());
    if (open_ != nullptr && open_->info.batches > 0) out.push_back(open_->info);
    return out;
}

void SegmentWriter::release_files() {
    for (const auto& segment : closed_) segment->files().release();
}

void SegmentWriter::publish() {
    auto list = std::make_shared<SegmentList>(closed_.begin(), closed_.end());
    if (open_ != nullptr && open_->info.batches > 0) {
        list->push_back(std::make_shared<const Segment>(open_->info, open_->files));
    }
    log_->publish_segments(std::move(list), end_);
}

}  // namespace mr::broker
