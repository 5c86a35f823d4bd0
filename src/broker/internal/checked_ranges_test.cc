// Goal: what is said to be checked was; neighbours grow together, and what is kept is bounded.
#include "broker/internal/checked_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace mr::broker {
namespace {

TEST(CheckedRanges, NeighboursAndOverlapsGrowTogether) {
    CheckedRanges ranges;
    EXPECT_FALSE(ranges.cover(0, 1));
    ranges.add(10, 20);
    ranges.add(30, 40);
    EXPECT_TRUE(ranges.cover(10, 20));
    EXPECT_TRUE(ranges.cover(12, 13));
    EXPECT_FALSE(ranges.cover(9, 12));
    EXPECT_FALSE(ranges.cover(10, 40));
    ranges.add(20, 30);
    EXPECT_TRUE(ranges.cover(10, 40));
    ranges.add(0, 5);
    ranges.add(3, 60);
    EXPECT_TRUE(ranges.cover(0, 60));
    EXPECT_FALSE(ranges.cover(0, 61));
    ranges.add(70, 70);
    EXPECT_FALSE(ranges.cover(69, 70));
}

TEST(CheckedRanges, NeverSaysMoreThanWasAdded) {
    std::mt19937 random(7);
    for (int round = 0; round < 20; ++round) {
        CheckedRanges ranges;
        std::vector<bool> whole(4'000, false);
        for (int i = 0; i < 300; ++i) {
            const std::size_t begin = random() % 3'900;
            const std::size_t end = begin + random() % 20;
            ranges.add(begin, end);
            std::fill(whole.begin() + static_cast<std::ptrdiff_t>(begin),
                      whole.begin() + static_cast<std::ptrdiff_t>(end), true);
        }
        for (int i = 0; i < 2'000; ++i) {
            const std::size_t begin = random() % 3'900;
            const std::size_t end = begin + 1 + random() % 30;
            if (!ranges.cover(begin, end)) continue;
            for (std::size_t at = begin; at < end; ++at) ASSERT_TRUE(whole[at]) << at;
        }
    }
}

TEST(CheckedRanges, ForgetsTheSmallestOfTooMany) {
    CheckedRanges ranges;
    ranges.add(0, 1'000);
    for (std::uint64_t at = 2'000; at < 4'000; at += 20) ranges.add(at, at + 2);
    EXPECT_TRUE(ranges.cover(0, 1'000));
    std::size_t kept = 0;
    for (std::uint64_t at = 2'000; at < 4'000; at += 20) kept += ranges.cover(at, at + 2) ? 1 : 0;
    EXPECT_GT(kept, 0U);
    EXPECT_LT(kept, 100U);
}

}  // namespace
}  // namespace mr::broker
