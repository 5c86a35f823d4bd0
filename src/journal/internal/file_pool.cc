#include "journal/internal/file_pool.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"
#include "base/uuid.h"

namespace mr::journal::internal {

std::uint64_t draw_salt() {
    return ByteReader(Uuid::random().view()).u64();
}

FilePool::FilePool(Shared& shared, std::uint64_t next_number, std::vector<std::string> spares)
    : shared_(shared),
      // What one checkpoint frees at full speed is what the next ones need.
      spares_max_(static_cast<std::size_t>(shared.options.checkpoint_bytes / shared.options.file_bytes + 1)),
      next_number_(next_number),
      spares_(std::move(spares)) {}

bool FilePool::has_prepared() const {
    const std::lock_guard lock(mutex_);
    return prepared_ != nullptr;
}

std::shared_ptr<JournalFile> FilePool::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(prepared_, nullptr);
}

Result<std::shared_ptr<JournalFile>> FilePool::take_or_make() {
    if (auto file = take()) return file;
    const std::lock_guard making(making_);
    if (auto file = take()) return file;
    return make();
}

Result<std::shared_ptr<JournalFile>> FilePool::make() {
    NewFile wanted;
    {
        const std::lock_guard lock(mutex_);
        if (!spares_.empty()) {
            wanted.spare = std::move(spares_.back());
            spares_.pop_back();
        }
    }
    wanted.header = {.number = next_number_++,
                     .salt = draw_salt(),
                     .file_bytes = shared_.options.file_bytes,
                     .base = Seq(0),
                     .synced = Seq(shared_.durable.load())};
    auto file = create_journal_file(shared_.fs, shared_.options.directory, wanted);
    if (!file && !wanted.spare.empty()) {
        // A spare that cannot be used is no reason to stop: it holds nothing.
        log_warn("journal", "cannot recycle {}: {}", wanted.spare, file.error().message);
    }
    if (file) (wanted.spare.empty() ? shared_.metrics.files_made : shared_.metrics.files_recycled).add();
    return file;
}

Status FilePool::prepare() {
    const std::lock_guard making(making_);
    if (has_prepared()) return {};
    auto file = make();
    const std::lock_guard lock(mutex_);
    if (!file) {
        failure_ = file.error();
        return std::unexpected(file.error());
    }
    MR_CHECK(prepared_ == nullptr);
    failure_.reset();
    prepared_ = std::move(*file);
    return {};
}

std::optional<Error> FilePool::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

Status FilePool::recycle(std::vector<std::shared_ptr<JournalFile>> freed) {
    if (freed.empty()) return {};
    std::vector<std::string> spares;
    for (auto& file : freed) {
        std::size_t held = 0;
        {
            const std::lock_guard lock(mutex_);
            held = spares_.size() + spares.size();
        }
        // A reader that still has it open would see it being overwritten; unlinked, it stays whole for them.
        const bool in_use = file.use_count() > 1;
        const std::string path = file->path();
        const bool fits = file->size() == shared_.options.file_bytes;
        const std::uint64_t number = file->number();
        file.reset();
        if (in_use || !fits || held >= spares_max_) {
            MR_TRY_VOID(shared_.fs.remove(path));
            continue;
        }
        const std::string spare = join_path(shared_.options.directory, spare_file_name(number));
        MR_TRY_VOID(shared_.fs.rename(path, spare));
        spares.push_back(spare);
    }
    // The old name must be gone for good before the bytes change, or a crash could show new bytes under it.
    MR_TRY_VOID(shared_.fs.sync_dir(shared_.options.directory));
    const std::lock_guard lock(mutex_);
    for (auto& spare : spares) spares_.push_back(std::move(spare));
    return {};
}

}  // namespace mr::journal::internal
