// A part of the node whose state is a function of the journal: broker, groups, registry, pipelines, views ...
//
// The life of a participant:
//   start       restore(snapshot) at most once, apply(entry) for every entry after applied_through() in
//               order, durable(last), recovered(last)
//   running     apply(entry) at append, before the entry is durable; nothing computed from it may leave the
//               node before durable(seq) with seq >= entry.seq
//   checkpoint  cut() at some applied position, written by another thread once that position is durable
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "journal/entry.h"

namespace mr::journal {

/// A participant's state as of `through`, frozen, to be written without holding up the journal thread.
struct Cut {
    Seq through;
    /// Settle thread. Appends the snapshot's bytes; the journal adds version, length and checksum, and
    /// publishes it in the checkpoint's manifest only after the file is synced. Called after every
    /// participant's durable(s) with s >= through has returned.
    std::move_only_function<Status(std::string& out)> write;
};

class Participant {
  public:
    virtual ~Participant() = default;

    /// Name in manifests and snapshot files; never changes. Lower-case letters, digits, '-'.
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Does this participant read entries of that kind? Several may (a step).
    [[nodiscard]] virtual bool reads(Kind kind) const = 0;

    /// Journal thread (or the starting thread, in recovery). Must succeed for every entry that was ever
    /// ordered; reads no clock and no randomness: both are in the entry. Entries at or below
    /// applied_through() are never passed in.
    virtual void apply(const Entry& entry) = 0;

    /// Sync thread, in order, one call a sync: everything up to and including `through` is on disk.
    virtual void durable(Seq through) { static_cast<void>(through); }

    /// Journal thread: the state as of now, with `through` = applied_through(): the journal then counts it as
    /// of its own last entry, so that a participant whose kinds are rare holds nothing back. A participant
    /// that keeps its state elsewhere (a pipeline) may return an older cut, or nullptr to keep the one of the
    /// last checkpoint (then that one's position holds the journal back).
    [[nodiscard]] virtual std::unique_ptr<Cut> cut() = 0;
    /// Settle thread: a checkpoint with what the last written cut produced is stored and will be the one a
    /// start begins from, so that files only the one before needed may go.
    virtual void checkpoint_stored(Seq through) { static_cast<void>(through); }
    /// Starting thread, before the first apply. `bytes` is what a cut's write produced, checked.
    virtual Status restore(std::string_view bytes, Seq through) = 0;
    /// The last entry whose effect is in the state.
    [[nodiscard]] virtual Seq applied_through() const = 0;

    /// Starting thread: recovery is complete, `last` is the last entry of the journal. For what only makes
    /// sense once everything was read (aborting open transactions, starting pipelines). An error, such as a
    /// file that was taken away, ends the start; nothing was written since.
    virtual Status recovered(Seq last) {
        static_cast<void>(last);
        return {};
    }
};

}  // namespace mr::journal
