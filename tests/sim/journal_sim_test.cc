// Seeded histories of a journal with two model participants over a disk that fails (README.md).
//   SEED=n        runs that one history and says what happened
//   HISTORIES=n   runs that many instead of 1,000
#include <gtest/gtest.h>

#include "base/log.h"
#include "histories.h"
#include "model_actors.h"
#include "sim_world.h"

namespace mr::sim {
namespace {

Outcome run_one(const SimOptions& options, std::size_t payload_bytes = 0) {
    std::vector<std::unique_ptr<SimActor>> actors;
    actors.push_back(make_kv_actor(payload_bytes));
    actors.push_back(make_log_actor(payload_bytes));
    return run_history(options, std::move(actors));
}

void print(const Coverage& coverage) {
    for (const auto& [name, count] : coverage.rows()) {
        fmt::print("  {:<44}{:>10}\n", name, count);
    }
}

TEST(JournalSim, NothingAcknowledgedIsLostNothingIsDoubled) {
    set_log_level(LogLevel::off);
    const Histories histories = Histories::from_environment();
    Coverage coverage;
    for (std::uint64_t s = histories.first; s < histories.first + histories.count; ++s) {
        SimOptions options;
        options.seed = s;
        // Every fourth history is long and calm, so that checkpoints follow each other and files come round
        // again.
        const bool calm = s % 4 == 0;
        options.operations = calm ? 800 : 200 + s % 100;
        options.fault_percent = calm ? 1 : 4;
        options.crashes = 3 + s % 3;
        // Every third history with entries of one size: leftovers then line up with what is written next.
        const Outcome outcome = run_one(options, s % 3 == 0 ? 100 : 0);
        coverage += outcome.coverage;
        ASSERT_EQ(outcome.failure, "") << "SEED=" << s << " repeats it";
        ASSERT_GE(outcome.coverage.operations, 200U);
        ASSERT_GE(outcome.coverage.faults.power_losses + outcome.coverage.faults.kills, 3U);
    }
    print(coverage);
    if (histories.is_repeat) return;
    for (const auto& [name, times] : coverage.rows()) EXPECT_GT(times, 0U) << "never happened: " << name;
}

/// A planted bug must be found within a few hundred histories, or the checks above prove nothing.
void expect_found(Mutation mutation, const char* name) {
    set_log_level(LogLevel::off);
    for (std::uint64_t s = 1; s <= 300; ++s) {
        SimOptions options;
        options.seed = s;
        options.mutation = mutation;
        const Outcome outcome = run_one(options);
        if (outcome.failure.empty()) continue;
        fmt::print("  {} found with seed {}: {}\n", name, s,
                   outcome.failure.substr(0, outcome.failure.find('\n')));
        return;
    }
    FAIL() << name << " went unnoticed in 300 histories";
}

TEST(JournalSim, FindsEarlyAck) {
    expect_found(Mutation::early_ack, "early ack");
}
TEST(JournalSim, FindsSkippedSync) {
    expect_found(Mutation::skipped_sync, "skipped sync");
}
TEST(JournalSim, FindsStepAppliedTwice) {
    expect_found(Mutation::applied_twice, "step applied twice");
}

/// Checksums and marks together: one changed byte of what was synced is noticed, or changes nothing.
TEST(JournalSim, RotIsNoticedOrHarmless) {
    set_log_level(LogLevel::off);
    Coverage coverage;
    for (std::uint64_t s = 1; s <= 600; ++s) {
        SimOptions options;
        options.seed = s;
        options.operations = 100;
        options.crashes = 1;
        options.fault_percent = 1;
        options.rot = true;
        const Outcome outcome = run_one(options);
        ASSERT_EQ(outcome.failure, "") << "seed " << s;
        coverage += outcome.coverage;
    }
    fmt::print("  one byte changed: refused {}, harmless {}\n", coverage.rot_refused, coverage.rot_harmless);
    EXPECT_GT(coverage.rot_refused, 100U);
    EXPECT_GT(coverage.rot_harmless, 10U);
}

TEST(JournalSim, SameSeedSameHistory) {
    const SimOptions options{.seed = 42};
    EXPECT_EQ(run_one(options).coverage.rows(), run_one(options).coverage.rows());
}

}  // namespace
}  // namespace mr::sim
