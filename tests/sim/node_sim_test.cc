// Seeded histories of a whole node over a disk that fails (README.md): broker, views and pipelines.
//   SEED=n        runs that one history and says what happened
//   HISTORIES=n   runs that many instead of 1,000
#include <gtest/gtest.h>

#include "base/log.h"
#include "histories.h"
#include "node_world.h"

namespace mr::sim {
namespace {

const Programs& programs() {
    static const Programs all = compile_programs();
    return all;
}

TEST(NodeSim, WhatWasAcknowledgedIsThereAndWhatIsDerivedIsRight) {
    set_log_level(LogLevel::off);
    const Histories histories = Histories::from_environment();
    NodeCoverage coverage;
    for (std::uint64_t s = histories.first; s < histories.first + histories.count; ++s) {
        NodeSimOptions options;
        options.seed = s;
        // Every fifth history is long and calm: checkpoints follow each other, segments roll.
        const bool calm = s % 5 == 0;
        options.operations = calm ? 600 : 200 + s % 60;
        options.fault_percent = calm ? 1 : 3;
        options.crashes = 3 + s % 2;
        const NodeOutcome outcome = run_node_history(options, programs());
        coverage += outcome.coverage;
        ASSERT_EQ(outcome.failure, "") << "SEED=" << s << " repeats it";
        ASSERT_GE(outcome.coverage.operations, 200U);
        ASSERT_GE(outcome.coverage.faults.power_losses + outcome.coverage.faults.kills, 3U);
    }
    for (const auto& [name, n] : coverage.rows()) fmt::print("  {:<44}{:>10}\n", name, n);
    if (histories.is_repeat) return;
    for (const auto& [name, times] : coverage.rows()) EXPECT_GT(times, 0U) << "never happened: " << name;
}

/// A planted bug must be found, or the checks above prove nothing.
void expect_found(const char* name, NodeSimOptions options) {
    set_log_level(LogLevel::off);
    for (std::uint64_t s = 1; s <= 100; ++s) {
        options.seed = s;
        const NodeOutcome outcome = run_node_history(options, programs());
        if (outcome.failure.empty()) continue;
        fmt::print("  {} found with seed {}: {}\n", name, s, outcome.failure);
        return;
    }
    FAIL() << name << " went unnoticed in 100 histories";
}

TEST(NodeSim, FindsSkippedSyncs) {
    expect_found("skipped syncs", {.ignore_syncs = true});
}
TEST(NodeSim, FindsEarlyAck) {
    expect_found("early ack", {.early_ack = true});
}

TEST(NodeSim, SameSeedSameHistory) {
    const NodeSimOptions options{.seed = 42};
    EXPECT_EQ(run_node_history(options, programs()).coverage.rows(),
              run_node_history(options, programs()).coverage.rows());
}

}  // namespace
}  // namespace mr::sim
