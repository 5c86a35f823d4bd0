// What the journal's threads share: the positions, the wake-ups, and the way to end. Each position has one
// writer.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "journal/internal/signal.h"
#include "journal/journal.h"

namespace mr::journal::internal {

/// Thread: any.
struct JournalMetrics {
    explicit JournalMetrics(Metrics& metrics);
    Counter& entries;
    Counter& bytes;
    Counter& groups;
    Counter& checkpoints;
    Counter& files_made;
    Counter& files_recycled;
    Histogram& sync_seconds;
    Histogram& checkpoint_seconds;
    Gauge& queued_bytes;
    Gauge& files;
};

struct Shared {
    static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

    Shared(FileSystem& file_system, Clock& the_clock, Metrics& registry, Options opts,
           std::vector<Participant*> parts)
        : fs(file_system),
          clock(the_clock),
          metrics(registry),
          options(std::move(opts)),
          participants(std::move(parts)) {}

    /// A write or sync failed: nothing more is written, synced or acknowledged. Returns only where `on_fatal`
    /// does (tests); then the journal stays dead.
    void fatal(const Error& error);
    [[nodiscard]] bool is_dead() const { return dead.load(std::memory_order_acquire); }

    FileSystem& fs;
    Clock& clock;
    JournalMetrics metrics;
    const Options options;
    const std::vector<Participant*> participants;

    std::atomic<std::uint64_t> applied{0};       // journal thread
    std::atomic<std::uint64_t> durable{0};       // sync thread
    std::atomic<std::uint64_t> told{0};          // sync thread: durable(), and the participants know
    std::atomic<std::uint64_t> checkpointed{0};  // settle thread
    std::atomic<std::uint64_t> bytes_since_checkpoint{0};  // journal thread adds, settle thread subtracts
    std::atomic<bool> run_waits_for_sync{false};  // set by the journal thread, cleared by the sync thread
    std::atomic<std::uint64_t> settle_waits_for{kNothing};  // settle thread: a position it wants durable
    std::atomic<bool> stopping{false};
    std::atomic<bool> dead{false};
    Signal run;
    Signal sync;
    Signal settle;
};

}  // namespace mr::journal::internal
