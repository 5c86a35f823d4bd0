// Goal: quantiles are at most a quarter too high, whatever the durations.
#include "engine/round_times.h"

#include <gtest/gtest.h>

namespace mr::engine {
namespace {

TEST(RoundTimes, AQuantileIsTheUpperEdgeOfItsBucket) {
    for (std::int64_t ns = 1; ns < 100'000'000'000; ns = ns * 5 / 4 + 1) {
        RoundTimes times;
        times.record(ns);
        EXPECT_GE(times.quantile_ns(1), ns);
        EXPECT_LE(times.quantile_ns(1), ns + ns / 4);
    }
}

TEST(RoundTimes, CountsAndSums) {
    RoundTimes times;
    EXPECT_EQ(times.quantile_ns(0.5), 0);
    for (int i = 0; i < 99; ++i) times.record(3);
    times.record(7'000'000);
    const RoundTimes::Summary summary = times.summary();
    EXPECT_EQ(summary.rounds, 100U);
    EXPECT_EQ(summary.total_ns, 7'000'297U);
    EXPECT_EQ(summary.p50_ns, 3);
    EXPECT_EQ(summary.p99_ns, 3);
    EXPECT_GE(times.quantile_ns(0.999), 7'000'000);
    times.record(-5);  // a clock that went back counts as nothing
    EXPECT_EQ(times.summary().total_ns, 7'000'297U);
}

}  // namespace
}  // namespace mr::engine
