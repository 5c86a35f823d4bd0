// One materialised view in memory: rows by key, a version, and a ring of its last changes.
//
// Invariants: (1) version() grows strictly inside an epoch; (2) the rows are exactly the absolute changes
// applied so far, less what retention took; (3) changes_since(v) applied to the rows at v gives the rows now,
// and is only answered while the ring reaches back to v.
// Thread: View loop; ViewSnapshot any (immutable).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/step_entry.h"
#include "views/definition.h"
#include "views/row_tree.h"

namespace mr::views {

/// A view at one version.
struct ViewSnapshot {
    std::shared_ptr<const ViewDefinition> definition;
    std::string epoch;
    Seq version;
    TimestampMs commit_time;
    RowSnapshot rows;
    std::uint64_t bytes = 0;  ///< held by the rows
};
using SnapshotPtr = std::shared_ptr<const ViewSnapshot>;

/// How a key differs between two versions.
struct RowChange {
    std::string key;
    RowPtr before;  ///< nullptr: was not there
    RowPtr after;   ///< nullptr: is not there
};

/// Everything that differs between two versions, one entry a key, in key order.
struct ChangeSet {
    Seq from;
    Seq to;
    TimestampMs commit_time;    ///< of `to`
    std::uint64_t commits = 0;  ///< folded into it
    std::vector<RowChange> changes;
};

struct RingLimits {
    std::size_t commits_max = 4'096;
    std::int64_t age_max_ms = 60'000;
    std::size_t changes_max = 1U << 20;  ///< over all commits of one view
};

class View {
  public:
    View(std::shared_ptr<const ViewDefinition> definition, std::string epoch, const Clock& clock,
         RingLimits limits);

    [[nodiscard]] const ViewDefinition& definition() const { return *definition_; }
    [[nodiscard]] const std::shared_ptr<const ViewDefinition>& shared_definition() const {
        return definition_;
    }
    [[nodiscard]] const std::string& name() const { return definition_->name; }
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    [[nodiscard]] Seq version() const { return version_; }
    [[nodiscard]] TimestampMs commit_time() const { return commit_time_; }
    [[nodiscard]] std::size_t row_count() const { return tree_.size(); }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// More rows or bytes than allowed, and no retention to take the oldest: the pipeline should pause.
    [[nodiscard]] bool over_limit() const;
    /// Steps applied since this object was made: differences count what a reader has missed.
    [[nodiscard]] std::uint64_t commits() const { return commits_; }
    [[nodiscard]] std::uint64_t retired_rows() const { return retired_; }
    [[nodiscard]] RowPtr find(std::string_view key) const { return tree_.find(key); }

    /// The view at its creation is at this version, without rows.
    void start_at(Seq version, TimestampMs commit_time);
    /// Another name, as of `version`: the rows stay.
    void rename(std::string name, Seq version, TimestampMs commit_time);
    /// A step's changes. An entry at or below version() is ignored (recovery may repeat one).
    void apply(Seq version, TimestampMs commit_time, std::span<const journal::ViewChange> changes);
    /// A row out of a checkpoint; start_at() has been called.
    void restore_row(RowPtr row);

    /// The view as it is now; the same object until the next apply().
    [[nodiscard]] SnapshotPtr snapshot();
    /// Nothing when `since` is not a version the ring reaches back to.
    [[nodiscard]] std::optional<ChangeSet> changes_since(Seq since) const;

  private:
    struct Commit {
        Seq from;
        Seq version;
        TimestampMs commit_time;
        std::int64_t arrived_ms = 0;
        std::vector<RowChange> changes;
    };
    void change(Commit& commit, RowPtr row, std::string_view key);
    void retire(Commit& commit);
    void trim_ring();
    [[nodiscard]] std::optional<std::int64_t> time_of(const ViewRow& row) const;

    std::shared_ptr<const ViewDefinition> definition_;
    std::string epoch_;
    const Clock& clock_;
    const RingLimits limits_;
    RowTree tree_;
    Seq version_;
    TimestampMs commit_time_;
    std::uint64_t bytes_ = 0;
    std::uint64_t commits_ = 0;
    std::uint64_t retired_ = 0;
    /// With retention only: keys by their time, and the newest time seen.
    std::multimap<std::int64_t, std::string> by_time_;
    std::optional<std::int64_t> newest_ms_;
    std::deque<Commit> ring_;
    std::size_t ring_changes_ = 0;
    SnapshotPtr snapshot_;
};

}  // namespace mr::views
