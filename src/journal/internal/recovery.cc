#include "journal/internal/recovery.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/check.h"
#include "base/log.h"
#include "journal/internal/entry_codec.h"
#include "journal/internal/entry_reader.h"
#include "journal/internal/file_pool.h"
#include "journal/internal/parts.h"

namespace mr::journal::internal {
namespace {

constexpr Seq kNoLimit{std::numeric_limits<std::uint64_t>::max()};

constexpr std::uint64_t whole_pages(std::uint64_t bytes) {
    return (bytes + kFileHeaderBytes - 1) / kFileHeaderBytes * kFileHeaderBytes;
}

/// A file found, and what the scan learnt about it.
struct Found {
    std::shared_ptr<JournalFile> file;
    Seq limit = kNoLimit;                  ///< entries from here on are void: a later file says so
    std::uint64_t end = kFileHeaderBytes;  ///< behind its last valid entry
    std::uint64_t torn = 0;                ///< bytes of an entry that starts at `end` and is not whole
    bool has_headers_beyond = false;       ///< valid headers behind `end`: the rest of a torn tail
    [[nodiscard]] bool is_void() const { return file->first() == Seq(0) || file->first() >= limit; }
};

/// Where the entry after the last valid one should be.
struct Place {
    std::string path;
    std::uint64_t offset = 0;
};

class Scan {
  public:
    explicit Scan(const RecoveryInput& input) : input_(input) {}

    Result<Recovered> run();

  private:
    Status list_files();
    Status find_first_entries();
    Status choose_start();
    Status read_entries();
    Status read_file(Found& found);
    Status look_beyond();
    Status check_marks() const;
    Status rewrite_tail();
    Status trim_files();
    Status make_spare(const std::string& path, std::uint64_t number);
    Status deliver(Entry entry);
    Result<std::string> tail_bytes(std::uint32_t seed) const;

    const RecoveryInput& input_;
    PartJoiner joiner_;
    std::vector<Found> found_;     ///< the first one is where reading starts, once that is chosen
    std::vector<Found> obsolete_;  ///< older than that
    Seq next_{1};                  ///< the entry wanted next
    Seq mark_;                     ///< highest position known synced
    Place broken_;                 ///< where next_ was looked for first
    bool is_broken_ = false;
    Recovered result_;
};

Status Scan::list_files() {
    MR_TRY(const auto names, input_.fs.list(input_.directory));
    for (const std::string& name : names) {
        const std::string path = join_path(input_.directory, name);
        if (const auto number = parse_file_name(name, ".journal")) {
            MR_TRY(auto file, open_journal_file(input_.fs, input_.directory, *number));
            found_.push_back({.file = std::move(file)});
            result_.next_number = std::max(result_.next_number, *number + 1);
        } else if (const auto spare = parse_file_name(name, ".spare")) {
            result_.next_number = std::max(result_.next_number, *spare + 1);
            // One cut short by a crash, or of another size, is not worth keeping.
            MR_TRY(auto file, input_.fs.open(path, FileSystem::Mode::read));
            MR_TRY(const std::uint64_t size, file->size());
            if (size == input_.file_bytes) {
                result_.spares.push_back(path);
            } else {
                MR_TRY_VOID(input_.fs.remove(path));
            }
        } else if (const auto unfinished = parse_file_name(name, ".tmp")) {
            result_.next_number = std::max(result_.next_number, *unfinished + 1);
            MR_TRY_VOID(input_.fs.remove(path));
        }
    }
    // What is recycled must have its name for good (file_pool.cc).
    if (!result_.spares.empty()) MR_TRY_VOID(input_.fs.sync_dir(input_.directory));
    std::ranges::sort(found_, {}, [](const Found& f) { return f.file->number(); });
    Seq limit = kNoLimit;
    for (auto it = found_.rbegin(); it != found_.rend(); ++it) {
        it->limit = limit;
        if (it->file->header().base != Seq(0)) limit = std::min(limit, it->file->header().base);
        mark_ = std::max(mark_, it->file->header().synced);
    }
    return {};
}

/// Files made ahead do not know their first entry; it is the first one in them.
Status Scan::find_first_entries() {
    for (Found& found : found_) {
        JournalFile& file = *found.file;
        if (file.first() != Seq(0)) continue;
        EntryReader reader(file.file(), file.seed(), kFileHeaderBytes, file.size());
        while (true) {
            MR_TRY(const bool valid, reader.next());
            if (!valid) break;
            if (reader.header().kind == Kind::mark) continue;
            file.wrote(reader.header().seq, reader.at(), kFileHeaderBytes);
            break;
        }
    }
    return {};
}

Status Scan::choose_start() {
    std::size_t start = found_.size();
    Seq oldest = kNoLimit;
    for (std::size_t i = 0; i < found_.size(); ++i) {
        if (found_[i].is_void()) continue;
        const Seq first = found_[i].file->first();
        oldest = std::min(oldest, first);
        if (first <= input_.from.next()) start = i;
    }
    if (start < found_.size()) {
        const auto from = found_.begin() + static_cast<std::ptrdiff_t>(start);
        obsolete_.assign(found_.begin(), from);
        found_.erase(found_.begin(), from);
        next_ = found_.front().file->first();
        return {};
    }
    if (found_.empty() && input_.reached == Seq(0)) return {};
    if (oldest != kNoLimit) {
        return fail(
            Code::corrupt,
            "{}: entries {} to {} are missing: the oldest one there is {}, the checkpoint covers those up to "
            "{}; restore the data directory from a backup",
            input_.directory, input_.from.value + 1, oldest.value - 1, oldest, input_.from);
    }
    return fail(Code::corrupt,
                "{}: no journal file holds entry {}, which the checkpoint needs next; restore the data "
                "directory from "
                "a backup",
                input_.directory, input_.from.value + 1);
}

Status Scan::deliver(Entry entry) {
    if (!is_known(entry.kind)) {
        return fail(Code::unsupported,
                    "entry {} is of kind {}, which this build does not know: start the build that wrote it",
                    entry.seq, static_cast<unsigned>(entry.kind));
    }
    if (entry.seq <= input_.from) return {};
    ++result_.entries;
    result_.bytes += entry_bytes(entry.payload.size());
    auto got = joiner_.add(entry);
    if (!got) return std::unexpected(std::move(got).error());
    if (*got == PartJoiner::Got::nothing) return {};
    if (*got == PartJoiner::Got::too_late) {
        return fail(
            Code::corrupt,
            "{}: entry {} has parts from {} on, which are missing; restore the data directory from a backup",
            input_.directory, entry.seq, joiner_.first());
    }
    for (Participant* participant : input_.participants) {
        if (participant->reads(entry.kind) && entry.seq > participant->applied_through())
            participant->apply(entry);
    }
    return {};
}

Status Scan::read_file(Found& found) {
    JournalFile& file = *found.file;
    EntryReader reader(file.file(), file.seed(), kFileHeaderBytes, file.size());
    Seq first_of_chunk{0};
    std::uint64_t chunk_at = kFileHeaderBytes;
    while (next_ < found.limit) {
        MR_TRY(const bool valid, reader.next());
        if (!valid) {
            found.torn = reader.torn_bytes();
            break;
        }
        const EntryHeader& header = reader.header();
        const bool is_mark = header.kind == Kind::mark;
        if (header.seq != (is_mark ? Seq(next_.value - 1) : next_)) break;
        mark_ = std::max(mark_, header.synced);
        found.end = reader.offset();
        if (is_mark) continue;
        if (first_of_chunk == Seq(0)) {
            first_of_chunk = header.seq;
            chunk_at = reader.at();
        }
        MR_TRY_VOID(deliver({header.seq, header.kind, header.version, reader.payload()}));
        next_ = next_.next();
        is_broken_ = false;
        if (reader.offset() - chunk_at >= EntryReader::kBlockBytes / 4) {
            file.wrote(first_of_chunk, chunk_at, found.end);
            first_of_chunk = Seq(0);
        }
    }
    file.wrote(first_of_chunk, chunk_at, found.end);
    if (!is_broken_) {
        is_broken_ = true;
        broken_ = {file.path(), found.end};
    }
    return {};
}

Status Scan::read_entries() {
    for (Found& found : found_) {
        const Seq base = found.file->header().base;
        if (base != Seq(0) && base > next_) {
            return fail(
                Code::corrupt,
                "{} is damaged at byte {}: entry {} cannot be read, although it was known to be on disk when "
                "{} was started; restore the data directory from a backup",
                broken_.path, broken_.offset, next_, found.file->path());
        }
        // This file is the place to look from here on, not the older one that stopped at its limit.
        if (base == next_) is_broken_ = false;
        MR_TRY_VOID(read_file(found));
    }
    result_.last = Seq(next_.value - 1);
    return {};
}

/// Marks of entries that cannot be reached any more still say what must be there.
Status Scan::look_beyond() {
    for (Found& found : found_) {
        if (found.limit != kNoLimit) continue;
        std::uint64_t torn_end = found.end + found.torn;
        const JournalFile& file = *found.file;
        MR_TRY_VOID(find_headers(file.file(), file.seed(), found.end, file.size(),
                                 [&](std::uint64_t at, const EntryHeader& header) {
                                     found.has_headers_beyond = true;
                                     mark_ = std::max(mark_, header.synced);
                                     torn_end = std::max(torn_end, at + entry_bytes(header.length));
                                 }));
        result_.torn_bytes += torn_end - found.end;
    }
    return {};
}

Status Scan::check_marks() const {
    const Seq needed = std::max(mark_, input_.reached);
    if (needed <= result_.last) return {};
    return fail(
        Code::corrupt,
        "{} is damaged at byte {}: entry {} cannot be read, although entries up to {} were known to be on "
        "disk; restore the data directory from a backup",
        is_broken_ ? broken_.path : input_.directory, broken_.offset, next_, needed);
}

/// The entries after the mark, encoded for a file with `seed`.
Result<std::string> Scan::tail_bytes(std::uint32_t seed) const {
    std::string bytes;
    Seq next = mark_.next();
    for (const Found& found : found_) {
        const JournalFile& file = *found.file;
        EntryReader reader(file.file(), file.seed(), file.floor(next), found.end);
        while (reader.offset() < found.end && next <= result_.last && next < found.limit) {
            MR_TRY(const bool valid, reader.next());
            if (!valid) break;
            EntryHeader header = reader.header();
            if (header.kind == Kind::mark || header.seq != next) continue;
            header.synced = mark_;
            encode_entry(bytes, seed, header, reader.payload().view());
            next = next.next();
        }
    }
    MR_CHECK(next == result_.last.next(), "rewrote up to {}, the journal ends at {}", next, result_.last);
    return bytes;
}

Status Scan::make_spare(const std::string& path, std::uint64_t number) {
    const std::string spare = join_path(input_.directory, spare_file_name(number));
    MR_TRY_VOID(input_.fs.rename(path, spare));
    result_.spares.push_back(spare);
    return {};
}

/// GUARANTEES: one step decides: the moment the new file has its name, older files are void from its base on.
Status Scan::rewrite_tail() {
    // Files nothing was ever written to can be used right away; a file prepared ahead is the usual case.
    const auto unused = [&](const Found& f) {
        return f.file->size() == input_.file_bytes && f.file->header().base == Seq(0) &&
               f.file->first() == Seq(0) && f.end == kFileHeaderBytes && f.torn == 0 &&
               !f.has_headers_beyond && f.limit == kNoLimit;
    };
    for (const Found& found : found_) {
        if (unused(found)) MR_TRY_VOID(make_spare(found.file->path(), found.file->number()));
    }
    if (std::erase_if(found_, unused) > 0) MR_TRY_VOID(input_.fs.sync_dir(input_.directory));

    mark_ = std::min(std::max(mark_, input_.reached), result_.last);
    NewFile wanted;
    wanted.header = {.number = result_.next_number++,
                     .salt = draw_salt(),
                     .file_bytes = input_.file_bytes,
                     .base = mark_.next(),
                     .synced = result_.last};
    MR_TRY(const std::string tail, tail_bytes(file_seed(wanted.header.number, wanted.header.salt)));
    wanted.contents = tail;
    if (kFileHeaderBytes + tail.size() > input_.file_bytes) {
        wanted.header.file_bytes = whole_pages(kFileHeaderBytes + tail.size());
    } else if (!result_.spares.empty()) {
        wanted.spare = result_.spares.back();
        result_.spares.pop_back();
    } else {
        wanted.header.file_bytes = std::min(
            input_.file_bytes, whole_pages(kFileHeaderBytes + tail.size() + input_.start_file_bytes));
    }
    MR_TRY(auto file, create_journal_file(input_.fs, input_.directory, wanted));
    result_.append_at = kFileHeaderBytes + tail.size();
    file->wrote(Seq(0), kFileHeaderBytes, result_.append_at);

    // Everything older that the participants no longer need, or that is void now.
    for (Found& found : found_) {
        const bool is_needed = !found.is_void() && found.file->first() < wanted.header.base;
        if (is_needed) {
            result_.files.push_back(std::move(found.file));
        } else {
            obsolete_.push_back(std::move(found));
        }
    }
    for (const Found& found : obsolete_) {
        if (found.file->size() == input_.file_bytes) {
            MR_TRY_VOID(make_spare(found.file->path(), found.file->number()));
        } else {
            MR_TRY_VOID(input_.fs.remove(found.file->path()));
        }
    }
    MR_TRY_VOID(trim_files());
    result_.files.push_back(std::move(file));
    return input_.fs.sync_dir(input_.directory);
}

/// Nothing is appended to an older file any more: what is empty in it goes back to the disk. Or a node that
/// starts again and again, too soon for a checkpoint, would take a whole file each time.
Status Scan::trim_files() {
    for (const auto& file : result_.files) {
        const std::uint64_t end = (file->end() + kFileHeaderBytes - 1) / kFileHeaderBytes * kFileHeaderBytes;
        if (end < kFileHeaderBytes || end >= file->size()) continue;
        if (file->size() - end >= std::max<std::uint64_t>(kFileHeaderBytes, file->size() / 16)) {
            MR_TRY_VOID(file->trim(end));
        }
    }
    return {};
}

Result<Recovered> Scan::run() {
    MR_TRY_VOID(list_files());
    MR_TRY_VOID(find_first_entries());
    MR_TRY_VOID(choose_start());
    MR_TRY_VOID(read_entries());
    MR_TRY_VOID(look_beyond());
    MR_TRY_VOID(check_marks());
    MR_TRY_VOID(rewrite_tail());
    if (result_.torn_bytes > 0) {
        log_info("journal", "dropped {} bytes of an unfinished write behind entry {}", result_.torn_bytes,
                 result_.last);
    }
    return std::move(result_);
}

}  // namespace

Result<Recovered> recover(const RecoveryInput& input) {
    return Scan(input).run();
}

}  // namespace mr::journal::internal
