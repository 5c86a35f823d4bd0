#include "journal/internal/syncer.h"

#include "base/check.h"

namespace mr::journal::internal {

bool Syncer::sync_once() {
    const bool now = shared_.stopping.load() || shared_.settle_waits_for.load() != Shared::kNothing;
    if (shared_.is_dead() || !hand_over_.take(batch_, shared_.clock.monotonic_ns(), now)) return false;
    for (const auto& file : batch_.files) {
        const std::int64_t start = shared_.clock.monotonic_ns();
        if (auto synced = file->file().sync(); !synced) {
            // Never retried: after a failed fsync the kernel may call lost pages clean.
            shared_.fatal(synced.error());
            batch_.clear();
            return false;
        }
        shared_.metrics.sync_seconds.record_ns(shared_.clock.monotonic_ns() - start);
    }
    const std::uint64_t before = shared_.durable.load();
    MR_CHECK(batch_.through.value >= before, "durable {} would go back to {}", before, batch_.through);
    hand_over_.synced(batch_.bytes);
    if (batch_.through.value > before) {
        shared_.durable.store(batch_.through.value);
        // Before done(): whoever is told that a write is safe may look for it at once.
        for (Participant* participant : shared_.participants) participant->durable(batch_.through);
        shared_.told.store(batch_.through.value);
    }
    for (const auto& proposal : batch_.proposals) proposal->done();
    batch_.clear();
    if (shared_.run_waits_for_sync.exchange(false) || shared_.stopping.load()) shared_.run.raise();
    if (shared_.settle_waits_for.load() <= shared_.told.load()) shared_.settle.raise();
    return true;
}

}  // namespace mr::journal::internal
