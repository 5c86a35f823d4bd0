// Goal: only the net effect of a step leaves it: no row and its retraction, -1 before +1 per key.
#include "engine/consolidate.h"

#include <gtest/gtest.h>

namespace mr::engine {
namespace {

const Schema kSchema{{{"k", DataType::string()}, {"v", DataType::bigint()}}};

struct Change {
    const char* k;
    std::int64_t v;
    std::int32_t weight;
};

Delta delta(std::initializer_list<Change> changes) {
    DeltaBuilder b(kSchema);
    std::uint64_t arrival = 0;
    for (const Change& c : changes) {
        b.column(0).append_text(c.k);
        b.column(1).append_integer(c.v);
        b.end_row(c.weight, ++arrival, kNoWatermark);
    }
    return b.finish(kNoWatermark);
}

std::string text(const Delta& d) {
    std::string out;
    for (std::size_t i = 0; i < d.size(); ++i) {
        out += fmt::format("{:+}{}{} ", d.weight[i], d.columns[0]->text(i), d.columns[1]->integer(i));
    }
    return out;
}

constexpr int kKey[] = {0};

TEST(Consolidate, NetChangesPerKey) {
    const Delta d = delta({{"a", 1, -1}, {"a", 2, 1}, {"b", 5, 1}, {"a", 2, -1}, {"a", 3, 1}, {"b", 5, -1}});
    const Delta net = consolidate(d, kKey);
    net.check(kSchema);
    EXPECT_EQ(text(net), "-1a1 +1a3 ");
    EXPECT_EQ(text(consolidate(delta({{"a", 1, -1}, {"a", 2, 1}, {"a", 2, -1}, {"a", 1, 1}}), kKey)), "");
    EXPECT_EQ(text(consolidate(delta({{"a", 1, 1}, {"a", 1, 1}}), {})), "+2a1 ");
}

TEST(Consolidate, KeyChangesOfRetractAndUpsert) {
    const Delta d = delta({{"a", 1, -1}, {"a", 2, 1}, {"b", 5, -1}, {"c", 1, 1}, {"c", 1, -1}});
    const auto retract = key_changes(d, kKey, plan::Mode::retract);
    ASSERT_EQ(retract.size(), 2U);
    EXPECT_EQ(retract[0].row, 1);
    EXPECT_EQ(retract[1].row, -1);
    EXPECT_EQ(retract[1].last, 2U);
    const auto upsert = key_changes(d, kKey, plan::Mode::upsert);
    ASSERT_EQ(upsert.size(), 3U);
    EXPECT_EQ(upsert[2].row, -1);
}

// Goal: many keys and many rows a key are told apart, and what came and went leaves its place to others.
TEST(Consolidate, ManyKeysAndRowsThatComeAndGo) {
    DeltaBuilder b(kSchema);
    std::uint64_t arrival = 0;
    const auto put = [&](int key, std::int64_t v, std::int32_t weight) {
        b.column(0).append_text("k" + std::to_string(key));
        b.column(1).append_integer(v);
        b.end_row(weight, ++arrival, kNoWatermark);
    };
    for (int round = 0; round < 3; ++round) {
        for (int key = 0; key < 500; ++key) {
            put(key, round, -1);
            put(key, round + 1, 1);
        }
    }
    for (int v = 10; v < 20; ++v) put(7, v, 1);
    for (int v = 10; v < 20; ++v) put(7, v, -1);
    const Delta d = b.finish(kNoWatermark);
    const auto changes = key_changes(d, kKey, plan::Mode::retract);
    ASSERT_EQ(changes.size(), 500U);
    for (const KeyChange& c : changes) {
        EXPECT_EQ(d.columns[1]->integer(static_cast<std::size_t>(c.row)), 3);
    }
    EXPECT_EQ(changes.back().last, d.size() - 1);
    EXPECT_EQ(consolidate(d, kKey).size(), 1'000U);
    EXPECT_TRUE(key_changes(delta({}), kKey, plan::Mode::retract).empty());
}

TEST(Consolidate, ConcatKeepsOrder) {
    const std::vector<Delta> rounds = {delta({{"a", 1, 1}}), delta({}), delta({{"b", 2, 1}})};
    EXPECT_EQ(text(concat(rounds, kSchema)), "+1a1 +1b2 ");
}

}  // namespace
}  // namespace mr::engine
