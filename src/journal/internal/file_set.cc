#include "journal/internal/file_set.h"

#include <limits>

#include "journal/internal/entry_reader.h"
#include "journal/internal/parts.h"

namespace mr::journal::internal {
namespace {

constexpr Seq kNoLimit{std::numeric_limits<std::uint64_t>::max()};

/// Entries in (after, limit) of one file. False when `visit` wants no more.
Result<bool> read_one(const JournalFile& file, Seq after, Seq limit,
                      const std::function<Result<bool>(Entry&)>& visit) {
    const std::uint64_t end = file.end();
    EntryReader reader(file.file(), file.seed(), file.floor(after.next()), end);
    while (reader.offset() < end) {
        MR_TRY(const bool valid, reader.next());
        if (!valid) {
            return fail(Code::corrupt,
                        "{} is damaged at byte {}: the entry written there cannot be read back", file.path(),
                        reader.offset());
        }
        const EntryHeader& header = reader.header();
        if (header.kind == Kind::mark || header.seq <= after) continue;
        if (header.seq >= limit) return true;
        Entry entry{header.seq, header.kind, header.version, reader.payload()};
        MR_TRY(const bool more, visit(entry));
        if (!more) return false;
    }
    return true;
}

}  // namespace

void FileSet::add(std::shared_ptr<JournalFile> file) {
    const std::lock_guard lock(mutex_);
    files_.push_back(std::move(file));
}

std::size_t FileSet::size() const {
    const std::lock_guard lock(mutex_);
    return files_.size();
}

std::vector<std::shared_ptr<JournalFile>> FileSet::snapshot() const {
    const std::lock_guard lock(mutex_);
    return files_;
}

std::vector<std::shared_ptr<JournalFile>> FileSet::remove_through(Seq through) {
    const std::lock_guard lock(mutex_);
    std::size_t keep = 0;
    for (std::size_t i = 1; i < files_.size(); ++i) {
        const Seq first = files_[i]->first();
        if (first != Seq(0) && first <= through.next()) keep = i;
    }
    std::vector<std::shared_ptr<JournalFile>> removed(files_.begin(), files_.begin() + keep);
    files_.erase(files_.begin(), files_.begin() + keep);
    return removed;
}

Status FileSet::read(Seq after, Seq applied, const std::function<bool(const Entry&)>& visit) const {
    if (after >= applied) return {};
    Seq from = after;
    for (;;) {
        PartJoiner joiner;
        bool too_late = false;
        MR_TRY_VOID(read_written(from, [&](Entry& entry) -> Result<bool> {
            MR_TRY(const PartJoiner::Got got, joiner.add(entry));
            too_late = got == PartJoiner::Got::too_late;
            if (too_late) return false;
            return got == PartJoiner::Got::nothing || entry.seq <= after || visit(entry);
        }));
        if (!too_late) return {};
        // It began in the middle of an entry's parts, and nothing was visited: once more, from the first one.
        const Seq before = Seq(joiner.first().value - 1);
        if (before >= from)
            return fail(Code::corrupt, "the parts of an entry are not where entry {} says", joiner.first());
        from = before;
    }
}

Status FileSet::read_written(Seq after, const std::function<Result<bool>(Entry&)>& visit) const {
    const auto files = snapshot();
    std::size_t start = files.size();
    for (std::size_t i = 0; i < files.size(); ++i) {
        const Seq first = files[i]->first();
        if (first != Seq(0) && first <= after.next()) start = i;
    }
    if (start == files.size()) {
        const Seq oldest = files.empty() ? Seq(0) : files.front()->first();
        return fail(Code::out_of_range, "the journal holds no entry {} any more: it starts at {}",
                    after.value + 1, oldest);
    }
    for (std::size_t i = start; i < files.size(); ++i) {
        // What a file holds at or above the first entry of a later one was made void by a start.
        Seq limit = kNoLimit;
        for (std::size_t later = i + 1; later < files.size(); ++later) {
            const Seq first = files[later]->first();
            if (first != Seq(0)) limit = std::min(limit, first);
        }
        MR_TRY(const bool more, read_one(*files[i], after, limit, visit));
        if (!more) return {};
    }
    return {};
}

}  // namespace mr::journal::internal
