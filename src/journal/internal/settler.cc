#include "journal/internal/settler.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"

namespace mr::journal::internal {

Settler::Settler(Shared& shared, FileSet& files, FilePool& pool, CutExchange& cuts, CheckpointStore store)
    : shared_(shared),
      files_(files),
      pool_(pool),
      cuts_(cuts),
      store_(std::move(store)),
      last_ns_(shared.clock.monotonic_ns()) {}

bool Settler::settle_once() {
    if (shared_.is_dead()) return false;
    const bool prepared = prepare_file();
    return step_checkpoint() || prepared;
}

bool Settler::prepare_file() {
    if (pool_.has_prepared()) return false;
    const auto prepared = pool_.prepare();
    if (prepared) {
        warned_full_ = false;
        shared_.run.raise();
        return true;
    }
    if (prepared.error().code != Code::resource_exhausted) {
        shared_.fatal(prepared.error());
        return false;
    }
    // What is written so far has its place; the journal thread stops when it comes to the end of it, unless
    // room is made before. A checkpoint may make some.
    if (!warned_full_) {
        log_warn("journal", "{}", prepared.error().message);
        request_checkpoint();
    }
    warned_full_ = true;
    shared_.run.raise();
    return false;
}

bool Settler::is_due() const {
    const std::uint64_t bytes = shared_.bytes_since_checkpoint.load();
    if (requested_.load() || (bytes >= shared_.options.checkpoint_bytes && !failed_)) return true;
    return bytes > 0 &&
           shared_.clock.monotonic_ns() - last_ns_ >= shared_.options.checkpoint_interval_ms * 1'000'000;
}

bool Settler::step_checkpoint() {
    switch (stage_) {
        case Stage::idle:
            if (!is_due()) return false;
            requested_.store(false);
            started_ns_ = last_ns_ = shared_.clock.monotonic_ns();
            bytes_at_start_ = shared_.bytes_since_checkpoint.load();
            stage_ = Stage::cutting;
            log_debug("journal", "checkpoint {} begins", store_.next_id());
            cuts_.ask();
            shared_.run.raise();
            return true;
        case Stage::cutting:
            return collect_cuts();
        case Stage::syncing:
            // Set before the test, or a sync in between would go unnoticed.
            shared_.settle_waits_for.store(highest_.value);
            if (shared_.told.load() < highest_.value) {
                shared_.sync.raise();  // perhaps nobody else waits for it
                return false;
            }
            shared_.settle_waits_for.store(Shared::kNothing);
            stage_ = Stage::writing;
            return true;
        case Stage::writing:
            return write_next();
    }
    return false;
}

bool Settler::collect_cuts() {
    auto taken = cuts_.take();
    if (!taken) return false;
    taken_ = std::move(*taken);
    MR_CHECK(taken_.cuts.size() == shared_.participants.size());
    highest_ = Seq(0);
    for (const auto& cut : taken_.cuts) {
        if (cut) highest_ = std::max(highest_, cut->through);
    }
    manifest_ = Manifest{};
    next_ = 0;
    stage_ = Stage::syncing;
    return true;
}

/// One participant a call.
bool Settler::write_next() {
    if (next_ < taken_.cuts.size()) {
        Participant& participant = *shared_.participants[next_];
        // Out of the list: give_up() clears it.
        const std::unique_ptr<Cut> cut = std::move(taken_.cuts[next_++]);
        if (cut) {
            if (auto written = write_snapshot(participant, *cut); !written) give_up(written.error());
        } else if (const SnapshotRef* kept =
                       store_.latest() ? store_.latest()->find(participant.name()) : nullptr) {
            manifest_.snapshots.push_back(*kept);
        }
        return true;
    }
    if (auto published = publish(); !published) give_up(published.error());
    return true;
}

Status Settler::write_snapshot(Participant& participant, Cut& cut) {
    std::string body;
    MR_TRY_VOID(cut.write(body));
    SnapshotRef ref;
    ref.participant = participant.name();
    ref.through = cut.through;
    MR_TRY_VOID(store_.write_snapshot(ref, body));
    manifest_.snapshots.push_back(std::move(ref));
    return {};
}

Status Settler::publish() {
    stage_ = Stage::idle;
    failed_ = false;
    manifest_.id = store_.next_id();
    manifest_.written = shared_.clock.now();
    manifest_.journal_from = highest_;
    std::string_view holder = "nobody";
    for (const Participant* participant : shared_.participants) {
        const SnapshotRef* ref = manifest_.find(participant->name());
        // One without any snapshot still needs all that the last checkpoint kept.
        const Seq needed = ref != nullptr ? ref->through : Seq(shared_.checkpointed.load());
        if (needed < manifest_.journal_from) holder = participant->name();
        manifest_.journal_from = std::min(manifest_.journal_from, needed);
    }
    MR_CHECK(manifest_.journal_from.value >= shared_.checkpointed.load(),
             "checkpoint at {} would go back to {}", shared_.checkpointed.load(), manifest_.journal_from);
    MR_TRY_VOID(store_.publish(manifest_));
    shared_.checkpointed.store(manifest_.journal_from.value, std::memory_order_release);
    shared_.bytes_since_checkpoint.fetch_sub(bytes_at_start_);
    shared_.metrics.checkpoints.add();
    shared_.metrics.checkpoint_seconds.record_ns(shared_.clock.monotonic_ns() - started_ns_);
    for (Participant* participant : shared_.participants) {
        if (const SnapshotRef* ref = manifest_.find(participant->name())) {
            participant->checkpoint_stored(ref->through);
        }
    }
    MR_TRY_VOID(store_.remove_obsolete());
    MR_TRY_VOID(free_files());
    log_info("journal", "checkpoint {} ends: the journal is needed from entry {} on (by {})", manifest_.id,
             manifest_.journal_from.value + 1, holder);
    return {};
}

Status Settler::free_files() {
    auto freed = files_.remove_through(manifest_.journal_from);
    shared_.metrics.files.set(static_cast<double>(files_.size()));
    return pool_.recycle(std::move(freed));
}

/// The checkpoint before stays; the next one is tried after the interval.
void Settler::give_up(const Error& error) {
    stage_ = Stage::idle;
    failed_ = true;
    taken_.cuts.clear();
    if (error.code == Code::io_error) {
        shared_.fatal(error);
        return;
    }
    log_error("journal", "no checkpoint was taken, the last one stays: {}", error.message);
}

}  // namespace mr::journal::internal
