#include "journal/journal.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "journal/internal/checkpoint_store.h"
#include "journal/internal/file_pool.h"
#include "journal/internal/file_set.h"
#include "journal/internal/hand_over.h"
#include "journal/internal/lane_queue.h"
#include "journal/internal/recovery.h"
#include "journal/internal/settler.h"
#include "journal/internal/shared.h"
#include "journal/internal/syncer.h"
#include "journal/internal/writer.h"

namespace mr::journal {

using namespace internal;

/// The parts, wired. Each method of the three threads goes to the part that is theirs.
class Journal::Impl {
  public:
    Impl(std::unique_ptr<File> lock, std::unique_ptr<Shared> shared, const RecoveryReport& report,
         Recovered found, CheckpointStore store)
        : lock_(std::move(lock)),
          shared_(std::move(shared)),
          report_(report),
          files_(found.files),
          pool_(*shared_, found.next_number, std::move(found.spares)),
          queue_(shared_->options.queue_bytes_max),
          hand_over_(shared_->options.unawaited_sync_ms),
          writer_(*shared_, files_, pool_, queue_, hand_over_, cuts_, found.files.back(), found.append_at),
          syncer_(*shared_, hand_over_),
          settler_(*shared_, files_, pool_, cuts_, std::move(store)) {}

    const std::unique_ptr<File> lock_;
    const std::unique_ptr<Shared> shared_;
    const RecoveryReport report_;
    FileSet files_;
    FilePool pool_;
    LaneQueue queue_;
    HandOver hand_over_;
    CutExchange cuts_;
    Writer writer_;
    Syncer syncer_;
    Settler settler_;
};

namespace {

Status check_options(const Options& options) {
    if (options.directory.empty() || options.checkpoint_directory.empty()) {
        return fail(Code::invalid_argument, "the journal needs a directory and a checkpoint directory");
    }
    if (options.file_bytes < 2 * kFileHeaderBytes || options.file_bytes % 4096 != 0) {
        return fail(Code::invalid_argument,
                    "journal.file-bytes must be a multiple of 4096, at least 8192: {}", options.file_bytes);
    }
    return {};
}

/// Makes a directory whose name cannot be lost with the power. Its ancestors are synced whether or not they
/// were made now: a start that was killed may have made them and not got further.
Status make_durable_directory(FileSystem& fs, const std::string& directory) {
    MR_TRY_VOID(fs.make_dirs(directory));
    std::string child = directory;
    for (std::string parent = parent_path(child); parent != child; parent = parent_path(child)) {
        const auto synced = fs.sync_dir(parent);
        // One that we may not even read was there before us.
        if (!synced && synced.error().code != Code::permission_denied) return synced;
        child = parent;
    }
    return {};
}

Status make_directories(FileSystem& fs, const Options& options) {
    MR_TRY_VOID(make_durable_directory(fs, options.directory));
    return make_durable_directory(fs, options.checkpoint_directory);
}

Result<std::unique_ptr<File>> lock_directory(FileSystem& fs, const Options& options) {
    auto lock = fs.lock(join_path(options.directory, "LOCK"));
    if (!lock && lock.error().code == Code::unavailable) {
        return fail(
            Code::unavailable,
            "{} is in use by another process: stop that one, or give this one a data directory of its own "
            "(--data-dir)",
            options.directory);
    }
    return lock;
}

Status restore(const CheckpointStore& store, const std::vector<Participant*>& participants,
               const Options& options) {
    if (!store.latest()) return {};
    const Manifest& manifest = *store.latest();
    for (const SnapshotRef& ref : manifest.snapshots) {
        if (std::ranges::find(participants, ref.participant, &Participant::name) != participants.end())
            continue;
        if (!options.may_be_gone || !options.may_be_gone(ref.participant)) {
            return fail(
                Code::unsupported,
                "checkpoint {} holds the state of `{}`, which this build does not know: start the build that "
                "wrote it",
                manifest.id, ref.participant);
        }
    }
    for (Participant* participant : participants) {
        const SnapshotRef* ref = manifest.find(participant->name());
        if (ref == nullptr) {
            if (manifest.journal_from > Seq(0)) {
                log_warn("journal", "`{}` has no snapshot in checkpoint {}: it starts with entry {}",
                         participant->name(), manifest.id, manifest.journal_from.value + 1);
            }
            continue;
        }
        MR_TRY(const std::string bytes, store.load(*ref));
        if (auto restored = participant->restore(bytes, ref->through); !restored) {
            return annotate(restored.error(), fmt::format("cannot restore `{}` from checkpoint {}",
                                                          participant->name(), manifest.id));
        }
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& fs, Clock& clock, Metrics& metrics,
                                               Options options, std::vector<Participant*> participants) {
    MR_TRY_VOID(check_options(options));
    MR_TRY_VOID(make_directories(fs, options));
    MR_TRY(auto lock, lock_directory(fs, options));
    MR_TRY(auto store, CheckpointStore::open(fs, options.checkpoint_directory));
    MR_TRY_VOID(restore(store, participants, options));

    auto shared = std::make_unique<Shared>(fs, clock, metrics, std::move(options), std::move(participants));
    RecoveryReport report;
    Seq reached;
    if (store.latest()) {
        report.checkpoint = store.latest()->journal_from;
        reached = store.latest()->highest();
    }
    MR_TRY(Recovered found, recover({.fs = fs,
                                     .directory = shared->options.directory,
                                     .file_bytes = shared->options.file_bytes,
                                     .start_file_bytes = shared->options.start_file_bytes,
                                     .from = report.checkpoint,
                                     .reached = reached,
                                     .participants = shared->participants}));
    report.last = found.last;
    report.entries = found.entries;
    report.torn_bytes = found.torn_bytes;
    shared->applied.store(found.last.value);
    shared->durable.store(found.last.value);
    shared->told.store(found.last.value);
    shared->checkpointed.store(report.checkpoint.value);
    shared->bytes_since_checkpoint.store(found.bytes);
    shared->metrics.files.set(static_cast<double>(found.files.size()));
    for (Participant* participant : shared->participants) {
        MR_CHECK(participant->applied_through() <= found.last,
                 "{} applied through {}, the journal ends at {}", participant->name(),
                 participant->applied_through(), found.last);
        participant->durable(found.last);
    }
    for (Participant* participant : shared->participants) MR_TRY_VOID(participant->recovered(found.last));
    return std::make_unique<Journal>(std::make_unique<Impl>(std::move(lock), std::move(shared), report,
                                                            std::move(found), std::move(store)));
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

const RecoveryReport& Journal::recovery() const {
    return impl_->report_;
}

bool Journal::try_submit(Lane lane, std::unique_ptr<Proposal>& proposal) {
    Shared& shared = *impl_->shared_;
    if (shared.stopping.load(std::memory_order_acquire) || shared.is_dead()) return false;
    if (!impl_->queue_.try_push(lane, proposal)) return false;
    shared.run.raise();
    return true;
}

Seq Journal::durable() const {
    return Seq(impl_->shared_->durable.load(std::memory_order_acquire));
}
Seq Journal::applied() const {
    return Seq(impl_->shared_->applied.load(std::memory_order_acquire));
}
Seq Journal::checkpointed() const {
    return Seq(impl_->shared_->checkpointed.load(std::memory_order_acquire));
}

bool Journal::run_once() {
    return impl_->writer_.run_once();
}
bool Journal::sync_once() {
    return impl_->syncer_.sync_once();
}
bool Journal::settle_once() {
    return impl_->settler_.settle_once();
}

void Journal::wait_run(std::int64_t timeout_ms) {
    impl_->shared_->run.wait(impl_->writer_.sleep_ms(timeout_ms));
}
void Journal::wait_sync(std::int64_t timeout_ms) {
    Shared& shared = *impl_->shared_;
    shared.sync.wait(impl_->hand_over_.due_in_ms(shared.clock.monotonic_ns(), timeout_ms));
}
void Journal::wait_settle(std::int64_t timeout_ms) {
    impl_->shared_->settle.wait(timeout_ms);
}

void Journal::request_checkpoint() {
    impl_->settler_.request_checkpoint();
    impl_->shared_->settle.raise();
}

void Journal::set_on_space(std::function<void()> on_space) {
    impl_->writer_.set_on_space(std::move(on_space));
}

void Journal::stop() {
    Shared& shared = *impl_->shared_;
    shared.stopping.store(true, std::memory_order_release);
    shared.run.raise();
    shared.sync.raise();
    shared.settle.raise();
}

Status Journal::read(Seq after, const std::function<bool(const Entry&)>& visit) const {
    return impl_->files_.read(after, applied(), visit);
}

}  // namespace mr::journal
