// What the journal thread has written and the sync thread has yet to make durable. Vectors are swapped, so
// that both sides keep their capacity. What nobody waits for stays here until somebody does, or for a while.
// Thread: add the journal thread, take, due_in_ms and synced the sync thread, unsynced any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/ids.h"
#include "journal/internal/journal_file.h"
#include "journal/journal.h"

namespace mr::journal::internal {

struct Written {
    Seq through;                ///< last entry applied when the newest group was written
    bool awaited = false;       ///< somebody waits for it to be durable
    std::int64_t since_ns = 0;  ///< when the oldest group was written (monotonic clock)
    std::size_t bytes = 0;      ///< written to `files`
    std::vector<std::shared_ptr<JournalFile>> files;   ///< in the order they were written to
    std::vector<std::unique_ptr<Proposal>> proposals;  ///< in order

    [[nodiscard]] bool empty() const { return bytes == 0 && proposals.empty(); }
    void clear() {
        awaited = false;
        bytes = 0;
        files.clear();
        proposals.clear();
    }
};

class HandOver {
  public:
    /// Groups that nobody waits for are due after `patience_ms`, or once they are this large.
    static constexpr std::size_t kPatientBytes = 1U << 20;

    explicit HandOver(std::int64_t patience_ms) : patience_ns_(patience_ms * 1'000'000) {}

    /// Takes over `proposals` (left empty). True if the sync thread must be told: there is something due, or
    /// the first that will be.
    [[nodiscard]] bool add(Seq through, std::size_t bytes,
                           const std::vector<std::shared_ptr<JournalFile>>& files,
                           std::vector<std::unique_ptr<Proposal>>& proposals, bool awaited,
                           std::int64_t now_ns) {
        const std::size_t unsynced = unsynced_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        const std::lock_guard lock(mutex_);
        const bool first = pending_.empty();
        if (first) pending_.since_ns = now_ns;
        pending_.through = through;
        pending_.bytes += bytes;
        for (const auto& file : files) {
            if (pending_.files.empty() || pending_.files.back() != file) pending_.files.push_back(file);
        }
        for (auto& proposal : proposals) pending_.proposals.push_back(std::move(proposal));
        proposals.clear();
        pending_.awaited = pending_.awaited || awaited || unsynced > kPatientBytes;
        return pending_.awaited || first;
    }

    /// Swaps everything pending into `out` (empty) if it is due, or anyway with `now`. False if nothing is.
    bool take(Written& out, std::int64_t now_ns, bool now) {
        const std::lock_guard lock(mutex_);
        if (pending_.empty()) return false;
        if (!now && !pending_.awaited && now_ns - pending_.since_ns < patience_ns_) return false;
        std::swap(out, pending_);
        return true;
    }

    /// How long until what is pending is due, at most `timeout_ms`.
    [[nodiscard]] std::int64_t due_in_ms(std::int64_t now_ns, std::int64_t timeout_ms) {
        const std::lock_guard lock(mutex_);
        if (pending_.empty()) return timeout_ms;
        if (pending_.awaited) return 0;
        const std::int64_t left_ns = pending_.since_ns + patience_ns_ - now_ns;
        return std::clamp<std::int64_t>((left_ns + 999'999) / 1'000'000, 0, timeout_ms);
    }

    void synced(std::size_t bytes) { unsynced_.fetch_sub(bytes, std::memory_order_relaxed); }
    [[nodiscard]] std::size_t unsynced() const { return unsynced_.load(std::memory_order_relaxed); }

  private:
    const std::int64_t patience_ns_;
    std::mutex mutex_;
    Written pending_;  // guarded by mutex_
    std::atomic<std::size_t> unsynced_{0};
};

}  // namespace mr::journal::internal
