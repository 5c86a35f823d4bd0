// Two versions of a pipeline, one that serves and one that runs beside it, and how they change places.
//
// The one beside follows: it reads everything from its start, but never further than the one that serves has
// come; it keeps its own state and views ("orders@beside") and writes to no topic. When it has caught up and
// is asked to, both are brought to a stand at the same input, S:
//
//   hold the one that serves (S = what it has used) -> let the other read up to S -> take over the
//   watermarks -> hold it too -> one `swapped` entry -> write to the views' topics what the new rows differ
//   in
//   -> one `published` entry -> both go on, their parts exchanged
//
// So what is appended to topics (inserts, rejected and late rows) comes from the one version up to S and from
// the other after it, every record once. The old version goes on beside the new one: swapping again brings it
// back, up to date. A crash at any place is before the `swapped` entry, and nothing has happened, or after
// it, and the new version serves; until there is a `published` entry, the topics are written again from
// there.
//
// Comparing is the same without the entry: both stand at S, their views are looked at, both go on.
//
// Not the same in both versions is what the wall clock decides: windows over processing time, and lateness
// after a silence (the version beside only learns of it when both stand).
// Thread: one (the loop); run_once() never blocks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "pipeline/deploy.h"
#include "pipeline/participant.h"
#include "pipeline/runner.h"
#include "views/view_store.h"

namespace mr::pipeline {

/// One version: what runs it and what the journal knows of it.
struct Version {
    std::shared_ptr<const plan::Program> program;
    Runner* runner = nullptr;
    Participant* participant = nullptr;
    TimestampMs created;  ///< of its instance
};

class Changeover {
  public:
    enum class Phase : std::uint8_t {
        follows,      ///< the version beside reads what the other has read
        holding,      ///< the one that serves comes to a stand
        catching_up,  ///< … the other one at the same place
        comparing,    ///< views show what both have computed
        swapping,     ///< the entry is on its way
        publishing,   ///< topics of views are brought up to date
        closing,      ///< … which is noted
        failed,       ///< see status().error
    };
    enum class Wish : std::uint8_t { none, compare, swap };

    struct Status {
        Phase phase = Phase::follows;
        Wish wish = Wish::none;
        bool caught_up = false;  ///< a wish is fulfilled at once
        std::uint64_t swaps = 0;
        std::string error;
    };
    /// A view in both versions, as of the same input; nullptr where one has no such view.
    struct Compared {
        std::string view;
        views::SnapshotPtr before, now;
    };

    /// `to_publish`: after a start, the topics are still to be written. Then it holds both, which must not
    /// have run yet. REQUIRES: everything outlives it.
    Changeover(journal::Journal& journal, views::ViewStore& views, Clock& clock, Version serves,
               Version beside, bool to_publish);

    /// A turn; true if anything was done. To be called every few dozen milliseconds.
    bool run_once();
    /// When it has caught up. Another wish that is not yet under way is forgotten.
    void ask(Wish wish) { status_.wish = wish; }
    [[nodiscard]] const Status& status() const { return status_; }
    /// Of the last comparison, once.
    [[nodiscard]] std::optional<std::vector<Compared>> take_compared() {
        return std::exchange(compared_, {});
    }
    [[nodiscard]] const Version& serves() const { return serves_; }
    [[nodiscard]] const Version& beside() const { return beside_; }
    /// Both go on as they are, and the one beside may be stopped: false while a swap is under way.
    bool let_go();

  private:
    class EntryProposal;
    bool follow();
    bool hold();
    bool catch_up();
    bool compare();
    bool swap();
    bool publish();
    bool close();
    void go_on();
    void give_up(std::string why);
    void submit(journal::PipelineEntry::Action action);
    bool in(Phase phase);
    [[nodiscard]] bool views_show(Seq seq) const { return views_.revealed() >= seq; }
    [[nodiscard]] Runner::MoreRecords difference() const;
    [[nodiscard]] std::vector<Compared> snapshots() const;

    journal::Journal& journal_;
    views::ViewStore& views_;
    Clock& clock_;
    Version serves_, beside_;
    Status status_;
    Seq target_;  ///< where the one that serves was a turn ago
    Seq cut_;     ///< where both stand
    bool followed_ = false;
    bool published_ = false;
    std::int64_t deadline_ns_ = 0;
    /// Of the entry under way: 0 not yet durable, 1 it is, 2 it was refused.
    std::shared_ptr<std::atomic<int>> entry_;
    std::optional<std::vector<Compared>> compared_;
};

std::string_view to_string(Changeover::Phase phase);

}  // namespace mr::pipeline
