// Goal: rises of a watermark are found where rows caused them, whatever the cut.
#include "engine/track.h"

#include <gtest/gtest.h>

namespace mr::engine {
namespace {

Delta rows(std::vector<std::uint64_t> arrivals, std::vector<std::int64_t> wm, std::int64_t end) {
    Delta d;
    d.weight.assign(arrivals.size(), 1);
    d.arrival = std::move(arrivals);
    d.wm = std::move(wm);
    d.end_watermark = end;
    return d;
}

TEST(Track, RisesBelongToTheRowBefore) {
    const Track t = track_of_source(rows({3, 5, 6}, {10, 10, 20}, 30), 10, 6);
    EXPECT_EQ(t.start, 10);
    EXPECT_EQ(t.raises, (std::vector<Raise>{{5, 20}, {6, 30}}));
    EXPECT_EQ(t.end(), 30);
}

TEST(Track, RisesThatNoRowExplains) {
    // Before a row: just before it. Without rows: after the latest row of any source.
    EXPECT_EQ(track_of_source(rows({5}, {20}, 20), 10, 9).raises, (std::vector<Raise>{{4, 20}}));
    EXPECT_EQ(track_of_source(rows({}, {}, 20), 10, 9).raises, (std::vector<Raise>{{9, 20}}));
    EXPECT_TRUE(track_of_source(rows({}, {}, 10), 10, 9).raises.empty());
}

TEST(Track, MinimumOfSeveral) {
    const Track a{10, {{1, 20}, {4, 50}}};
    const Track b{5, {{2, 15}, {3, 30}, {5, 60}}};
    const std::vector<const Track*> both = {&a, &b};
    const Track m = track_minimum(both);
    EXPECT_EQ(m.start, 5);
    EXPECT_EQ(m.raises, (std::vector<Raise>{{2, 15}, {3, 20}, {4, 30}, {5, 50}}));
    EXPECT_EQ(track_minimum({}).start, kMaxWatermark);
}

TEST(Track, Delayed) {
    const Track t = track_delayed({kNoWatermark, {{1, 20}, {2, kMaxWatermark}}}, 5);
    EXPECT_EQ(t.start, kNoWatermark);
    EXPECT_EQ(t.raises, (std::vector<Raise>{{1, 15}, {2, kMaxWatermark}}));
}

TEST(Track, WalkTakesRowsAndRisesByArrival) {
    const Delta left = rows({1, 3, 3}, {0, 0, 0}, 0);
    const Delta right = rows({1, 2, 3}, {0, 0, 0}, 0);
    const Track t{0, {{2, 7}, {9, 8}}};
    std::string seen;
    walk_two(
        left, right, t,
        [&](std::size_t side, std::size_t row, std::int64_t wm) {
            seen += fmt::format("{}{}:{} ", side == 0 ? 'l' : 'r', row, wm);
        },
        [&](const Raise& r, std::int64_t before) { seen += fmt::format("!{}>{} ", before, r.watermark); });
    EXPECT_EQ(seen, "l0:0 r0:0 r1:0 !0>7 l1:7 l2:7 r2:7 !7>8 ");
}

}  // namespace
}  // namespace mr::engine
