// A whole node under simulation: clients produce (some idempotent, who send again after a crash) and commit
// offsets, pipelines compute, views are looked at, checkpoints and segments are written, in an order that a
// seed decides; and the disk, the process or the power fails.
//
// What must hold, checked after every start and at the end:
//   1. an acknowledged batch is where it was acknowledged; what was read once reads the same again; no id is
//   there twice
//   2. each view and each output topic is what its query makes of exactly the prefix of the log that its
//   pipeline has used, worked out
//      by loops (node_model.h); in the end, of all of it
//   3. a view keeps its epoch and never goes back behind a version that was shown; committed offsets and
//   the members of a group never go back
//   4. an idempotent batch sent again is answered with the place it has
// Thread: one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "node_life.h"
#include "node_model.h"

namespace mr::sim {

struct NodeSimOptions {
    std::uint64_t seed = 0;
    std::size_t operations = 220;
    std::size_t crashes = 3;  ///< at least; more come of faults
    std::uint64_t fault_percent = 3;
    bool ignore_syncs = false;  ///< a planted bug: the disk, or whoever should sync, forgets to
    bool early_ack = false;     ///< a planted bug: acknowledged when ordered
};

struct NodeCoverage {
    SimFaults faults;
    std::uint64_t histories = 0, operations = 0, starts = 0, starts_from_checkpoint = 0, resumed = 0,
                  torn_tails = 0;
    std::uint64_t acked = 0, resent = 0, answered_again = 0, unacked_kept = 0, unacked_lost = 0;
    std::uint64_t steps = 0, checkpoints = 0, settled_bytes = 0, views_shown = 0, offsets_committed = 0,
                  prefixes_behind = 0;
    std::uint64_t crashes_in_start = 0, stops_on_failed_sync = 0, stops_on_full_disk = 0, settle_refused = 0;

    NodeCoverage& operator+=(const NodeCoverage& other);
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> rows() const;
};

struct NodeOutcome {
    std::string failure;  ///< empty: all held
    NodeCoverage coverage;
};

/// The project of node_model.h, compiled.
Programs compile_programs();
NodeOutcome run_node_history(const NodeSimOptions& options, const Programs& programs);

}  // namespace mr::sim
