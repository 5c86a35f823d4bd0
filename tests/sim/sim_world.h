// One simulated node over one simulated disk: a seed decides what clients ask, which thread runs next, and
// when the disk, the process or the power fails.
//
// What must hold, checked after every start and at the end:
//   1. what was acknowledged is there, and what an acknowledged refusal had seen is, too;
//   2. the entries are those that were ordered, in that order, none twice, none missing before the last;
//   3. each participant is what its model makes of these entries, from snapshot and journal alike;
//   4. an acknowledgement comes once, and not before durable() has reached what its proposal saw;
//   5. read() gives the same entries back.
// Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/sim_file_system.h"
#include "journal/journal.h"
#include "sim_actor.h"

namespace mr::sim {

/// A bug planted to see whether the checks find it.
enum class Mutation : std::uint8_t {
    none,
    early_ack,      ///< acknowledged when ordered, not when durable
    skipped_sync,   ///< syncs do nothing
    applied_twice,  ///< a participant forgets how far its snapshot went
};

struct SimOptions {
    std::uint64_t seed = 0;
    std::size_t operations = 240;
    std::size_t crashes = 3;  ///< at least; more come of faults
    Mutation mutation = Mutation::none;
    std::uint64_t fault_percent = 4;  ///< of operations that arm another fault
    /// In the end one byte somewhere on the disk is changed: the start must refuse, or not be affected.
    bool rot = false;
    std::uint64_t file_bytes = 16U << 10;
};

/// What the histories went through; the test fails if one of these never happened.
struct Coverage {
    SimFaults faults;
    std::uint64_t histories = 0;
    std::uint64_t operations = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t refused_full_queue = 0;
    std::uint64_t starts = 0;
    std::uint64_t starts_from_checkpoint = 0;
    std::uint64_t torn_tails = 0;
    std::uint64_t dropped_entries = 0;  ///< ordered, never acknowledged, gone after a crash
    std::uint64_t entries_in_parts = 0;
    std::uint64_t left_over_parts = 0;  ///< a crash took the last one
    std::uint64_t checkpoints = 0;
    std::uint64_t crashes_in_checkpoint = 0;
    std::uint64_t crashes_in_recovery = 0;
    std::uint64_t recycled_files = 0;
    std::uint64_t stops_on_failed_sync = 0;
    std::uint64_t stops_on_full_disk = 0;
    std::uint64_t reads = 0;
    std::uint64_t rot_refused = 0;  ///< not part of rows(): only with SimOptions::rot
    std::uint64_t rot_harmless = 0;

    Coverage& operator+=(const Coverage& other);
    /// Name and count of each.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> rows() const;
};

struct Outcome {
    std::string failure;  ///< empty: all held
    Coverage coverage;
};

/// Runs one history with these actors.
Outcome run_history(const SimOptions& options, std::vector<std::unique_ptr<SimActor>> actors);

}  // namespace mr::sim
