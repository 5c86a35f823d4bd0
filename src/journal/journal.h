// The journal: one total order of everything that changes, one group commit, one recovery.
// Format: docs/formats/journal.md
//
// Who does what:
//   any thread      try_submit(proposal): queued, bounded, fair between lanes
//   journal thread  run_once(): takes what is queued, calls order() of each proposal, which appends entries
//                   and so applies them to the participants; writes the group with one write(2) and calls
//                   written()
//   sync thread     sync_once(): syncs whatever was written meanwhile, publishes durable(), calls the
//                   participants' durable() and then the proposals' done(), in this order: who is told that
//                   a write is safe finds it at once
//   settle thread   settle_once(): prepares the next file, takes checkpoints, frees files nobody needs
//
// Promises:
//   1. Entries have consecutive sequence numbers; once durable() >= s, entry s survives kill -9 and power
//      loss.
//   2. done() of a proposal runs after everything it appended *and everything it looked at* (all entries
//      applied before its order() returned) is durable: a refusal is as firm as a success.
//   3. A failed write or sync ends the process (on_fatal); nothing is retried, nothing is acknowledged. So
//      does a full disk, once the files that are there are used up.
//   4. After recovery the participants are exactly where applying all entries in order would have put them.
//   5. An invalid entry at or below the highest mark is corruption: open() refuses and names file and
//      position. Above it, it is a torn tail, and dropped. No listener may open before open() returned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "journal/entry.h"
#include "journal/participant.h"

namespace mr::journal {

/// Where a proposal appends. Only valid inside Proposal::order().
class Appender {
  public:
    virtual ~Appender() = default;
    /// Gives the entry the next sequence number, applies it to every participant that reads its kind, and
    /// adds it to the group being written. A payload above kEntryBytesMax (or one that does not fit a journal
    /// file) is written in parts: then the sequence is that of the last one. REQUIRES: payload.size() <=
    /// kPayloadBytesMax.
    virtual Seq append(Kind kind, std::string payload, std::uint8_t version = 1) = 0;
    /// The same for a payload in two pieces: what was received need not be copied to get a header.
    virtual Seq append(Kind kind, std::string_view head, std::string_view body, std::uint8_t version) = 0;
    /// The sequence the next append() will get, unless in parts: to be put into a payload or compared with.
    [[nodiscard]] virtual Seq next_seq() const = 0;
    /// Wall-clock time of this group, the same for all its entries; the only clock that order() may read.
    [[nodiscard]] virtual TimestampMs now() const = 0;
};

/// A change somebody wants. Decided on the journal thread against the state of that moment; it either appends
/// entries or remembers why not. Owned by the journal from submit() on.
class Proposal {
  public:
    virtual ~Proposal() = default;
    /// Journal thread. Never blocks, never fails: a refusal is kept in the proposal and reported by done().
    virtual void order(Appender& out) = 0;
    /// Journal thread, once what order() appended is written: kill -9 cannot undo it any more, a power loss
    /// can. As short as done(). Not called when the process ends first.
    virtual void written() {}
    /// Journal thread, after written(): somebody waits for done(). The sync of a group in which nobody does
    /// may wait for company (Options::unawaited_sync_ms).
    [[nodiscard]] virtual bool awaited() const { return true; }
    /// Sync thread, exactly once, after what order() saw is durable. Short: posts the answer to where it is
    /// wanted. Not called when the process ends first.
    virtual void done() = 0;
    /// Rough size of what order() will append, for fairness and the group limit.
    [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// Queues served in turn (deficit round robin), so that a bulk load does not starve one small produce.
enum class Lane : std::uint8_t {
    control,    ///< steps' bookkeeping, offsets, topics, retention: always accepted, served first
    clients,    ///< produce requests
    pipelines,  ///< steps
    bulk,       ///< backfill, replay: at most half a group while others wait
};

struct Options {
    std::string directory;             ///< "<data>/journal"
    std::string checkpoint_directory;  ///< "<data>/checkpoints"
    std::uint64_t file_bytes = 64U << 20;
    /// Room in the file that a start makes where it finds no spare: zeroing a whole one would keep everybody
    /// waiting, and the settle thread has the next one ready soon.
    std::uint64_t start_file_bytes = 8U << 20;
    std::size_t group_bytes_max = 1U << 20;       ///< a group holds at least one entry
    std::size_t queue_bytes_max = 64U << 20;      ///< clients + pipelines + bulk; try_submit refuses above it
    std::uint64_t checkpoint_bytes = 256U << 20;  ///< of journal written since the last checkpoint …
    std::int64_t checkpoint_interval_ms = 30'000;  ///< … or this long, if anything was written
    std::int64_t mark_interval_ms = 1'000;         ///< an idle writer notes what it knows synced
    /// How long groups that nobody waits for may stay unsynced: what a power loss takes of them. 0: not at
    /// all.
    std::int64_t unawaited_sync_ms = 10;
    /// Snapshots of participants that are not there any more and not missed (a pipeline taken out of the
    /// project): they are passed over. Any other participant that the checkpoint names must be there.
    std::function<bool(std::string_view participant)> may_be_gone;
    /// Called on a failed write or sync; must not return (the default logs and aborts). Where it does return,
    /// in tests, the journal is dead: nothing more is accepted, written or acknowledged.
    std::function<void(const Error&)> on_fatal;
};

struct RecoveryReport {
    Seq checkpoint;                ///< lowest applied_through of the checkpoint used; 0 without one
    Seq last;                      ///< last valid entry
    std::uint64_t entries = 0;     ///< read after the checkpoint
    std::uint64_t torn_bytes = 0;  ///< dropped at the tail
};

class Journal {
  public:
    /// Restores the participants from the newest complete checkpoint and applies the entries after it.
    /// REQUIRES: participants outlive the journal. Corruption, an unknown format version or a locked
    /// directory is an error that names the file.
    static Result<std::unique_ptr<Journal>> open(FileSystem& fs, Clock& clock, Metrics& metrics,
                                                 Options options, std::vector<Participant*> participants);
    ~Journal();

    [[nodiscard]] const RecoveryReport& recovery() const;

    /// Any thread. False (and the proposal untouched) when the lane is full or the journal is stopping;
    /// Lane::control is refused only when stopping. `on_space` of set_wakeups is called when a refused lane
    /// has room again.
    [[nodiscard]] bool try_submit(Lane lane, std::unique_ptr<Proposal>& proposal);

    /// Any thread: the last entry known to be on disk / applied.
    [[nodiscard]] Seq durable() const;
    [[nodiscard]] Seq applied() const;

    /// One round of work each; true if anything was done. Called by their one thread, or by the simulation in
    /// seeded order. Where there is nothing to do they return at once: use wait_* to sleep.
    bool run_once();
    bool sync_once();
    bool settle_once();
    /// Sleeps until there may be work, at most `timeout_ms`, or until stop().
    void wait_run(std::int64_t timeout_ms);
    void wait_sync(std::int64_t timeout_ms);
    /// As those; the owner should wake at least once a second, for the checkpoint interval.
    void wait_settle(std::int64_t timeout_ms);

    /// Asks for a checkpoint at the next settle_once().
    void request_checkpoint();
    /// The position below which no participant's newest durable cut needs the journal.
    [[nodiscard]] Seq checkpointed() const;

    /// Called from the journal thread when a refused lane has room again (short, any number of times).
    void set_on_space(std::function<void()> on_space);
    /// Refuses further proposals. The threads' owner then runs run_once/sync_once until they return false.
    void stop();

    /// Reads written entries back from the files, for what has left memory: entries with seq > `after`, in
    /// order, until `visit` returns false or there are no more (the caller compares with durable() what may
    /// be shown). Any thread. out_of_range when `after` is below what the journal still holds.
    Status read(Seq after, const std::function<bool(const Entry&)>& visit) const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;

  public:
    /// Use open().
    explicit Journal(std::unique_ptr<Impl> impl);
};

}  // namespace mr::journal
