// What the journal thread has written and the sync thread has yet to make durable. Vectors are swapped, so
// that both sides keep their capacity. Thread: add the journal thread, take and forget the sync thread,
// unsynced any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/ids.h"
#include "journal/internal/journal_file.h"
#include "journal/journal.h"

namespace mr::journal::internal {

struct Written {
    Seq through;            ///< last entry applied when the newest group was written
    std::size_t bytes = 0;  ///< written to `files`
    std::vector<std::shared_ptr<JournalFile>> files;   ///< in the order they were written to
    std::vector<std::unique_ptr<Proposal>> proposals;  ///< in order

    [[nodiscard]] bool empty() const { return bytes == 0 && proposals.empty(); }
    void clear() {
        bytes = 0;
        files.clear();
        proposals.clear();
    }
};

class HandOver {
  public:
    /// Takes over `proposals` (left empty).
    void add(Seq through, std::size_t bytes, const std::vector<std::shared_ptr<JournalFile>>& files,
             std::vector<std::unique_ptr<Proposal>>& proposals) {
        unsynced_.fetch_add(bytes, std::memory_order_relaxed);
        const std::lock_guard lock(mutex_);
        pending_.through = through;
        pending_.bytes += bytes;
        for (const auto& file : files) {
            if (pending_.files.empty() || pending_.files.back() != file) pending_.files.push_back(file);
        }
        for (auto& proposal : proposals) pending_.proposals.push_back(std::move(proposal));
        proposals.clear();
    }

    /// Swaps everything pending into `out` (empty). False if there was nothing.
    bool take(Written& out) {
        const std::lock_guard lock(mutex_);
        if (pending_.empty()) return false;
        std::swap(out, pending_);
        return true;
    }

    void synced(std::size_t bytes) { unsynced_.fetch_sub(bytes, std::memory_order_relaxed); }
    [[nodiscard]] std::size_t unsynced() const { return unsynced_.load(std::memory_order_relaxed); }

  private:
    std::mutex mutex_;
    Written pending_;  // guarded by mutex_
    std::atomic<std::size_t> unsynced_{0};
};

}  // namespace mr::journal::internal
