// The journal with a planted bug: checksums no longer depend on the file, so that what a recycled file held
// in its former life passes for entries of this one. This definition takes the place of
// src/journal/internal/file_seed.cc at link time; the simulation must notice.
#include <gtest/gtest.h>

#include "base/log.h"
#include "journal/internal/entry_codec.h"
#include "model_actors.h"
#include "sim_world.h"

namespace mr::journal::internal {

std::uint32_t file_seed(std::uint64_t, std::uint64_t) {
    return 0;
}

}  // namespace mr::journal::internal

namespace mr::sim {
namespace {

TEST(JournalSim, FindsStaleTailAdopted) {
    set_log_level(LogLevel::off);
    for (std::uint64_t s = 1; s <= 1'000; ++s) {
        SimOptions options;
        options.seed = s;
        options.crashes = 12;
        std::vector<std::unique_ptr<SimActor>> actors;
        actors.push_back(make_kv_actor(100));
        actors.push_back(make_log_actor(100));
        const Outcome outcome = run_history(options, std::move(actors));
        if (outcome.failure.empty()) continue;
        fmt::print("  stale tail found with seed {}: {}\n", s,
                   outcome.failure.substr(0, outcome.failure.find('\n')));
        return;
    }
    FAIL() << "a stale tail went unnoticed in 1,000 histories";
}

}  // namespace
}  // namespace mr::sim
