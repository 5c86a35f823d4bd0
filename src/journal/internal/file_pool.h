// Keeps the journal's next file ready, so that the journal thread never waits for one to be zeroed; makes it
// of a freed file where there is one. Thread: take() and take_or_make() the journal thread, the rest the
// settle thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/internal/journal_file.h"
#include "journal/internal/shared.h"

namespace mr::journal::internal {

class FilePool {
  public:
    FilePool(Shared& shared, std::uint64_t next_number, std::vector<std::string> spares);

    [[nodiscard]] bool has_prepared() const;
    /// The prepared file, if there is one.
    std::shared_ptr<JournalFile> take();
    /// For a proposal that appended more than it had announced: makes the file on the spot.
    Result<std::shared_ptr<JournalFile>> take_or_make();

    /// Makes a file ready. REQUIRES: !has_prepared().
    Status prepare();
    /// Why the last prepare() failed; nothing after a good one.
    [[nodiscard]] std::optional<Error> failure() const;

    /// Turns files nobody needs into spares; too many of them, or ones still being read, are removed.
    Status recycle(std::vector<std::shared_ptr<JournalFile>> freed);

  private:
    Result<std::shared_ptr<JournalFile>> make();  // REQUIRES: making_ held

    Shared& shared_;
    const std::size_t spares_max_;
    std::mutex making_;          // held while a file is made: their numbers must be used in order
    std::uint64_t next_number_;  // guarded by making_
    mutable std::mutex mutex_;
    std::vector<std::string> spares_;        // guarded by mutex_
    std::shared_ptr<JournalFile> prepared_;  // guarded by mutex_
    std::optional<Error> failure_;           // guarded by mutex_
};

/// A seed nobody outside can guess: bytes a client sends must never pass for entries.
std::uint64_t draw_salt();

}  // namespace mr::journal::internal
