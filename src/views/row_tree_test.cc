// Goal: the tree is a sorted map, and a snapshot never changes. Method: random operations against std::map.
#include "views/row_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace mr::views {
namespace {

RowPtr row(std::string key, std::string value) {
    return std::make_shared<const ViewRow>(std::move(key), std::move(value), Seq(1), TimestampMs(1));
}

std::map<std::string, std::string> contents(const RowSnapshot& snapshot, std::string_view from = {}) {
    std::map<std::string, std::string> out;
    snapshot.scan(from, [&](const RowPtr& r) {
        out.emplace(r->key, r->row);
        return true;
    });
    return out;
}

TEST(RowTree, BehavesAsAMapAndKeepsSnapshots) {
    for (const unsigned seed : {1U, 2U, 3U}) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        RowTree tree;
        std::map<std::string, std::string> model;
        std::vector<std::pair<RowSnapshot, std::map<std::string, std::string>>> kept;
        for (int i = 0; i < 60'000; ++i) {
            // Phases: mostly growing, then mostly shrinking.
            const bool removing = random() % 10 < (i / 15'000 % 2 == 0 ? 2U : 8U);
            const std::string key = fmt::format("{:05}", random() % 20'000);
            if (removing) {
                const RowPtr old = tree.erase(key);
                EXPECT_EQ(old != nullptr, model.erase(key) == 1);
            } else {
                const RowPtr old = tree.put(row(key, std::to_string(i)));
                const auto at = model.find(key);
                ASSERT_EQ(old != nullptr, at != model.end());
                if (old) {
                    EXPECT_EQ(old->row, at->second);
                }
                model[key] = std::to_string(i);
            }
            if (i % 10'000 == 0) kept.emplace_back(tree.snapshot(), model);
        }
        tree.check();
        EXPECT_EQ(tree.size(), model.size());
        EXPECT_EQ(contents(tree.snapshot()), model);
        for (const auto& [snapshot, expected] : kept) {
            EXPECT_EQ(snapshot.size(), expected.size());
            EXPECT_EQ(contents(snapshot), expected);
        }
        const auto from = contents(tree.snapshot(), "10000x");
        EXPECT_EQ(from, (std::map<std::string, std::string>(model.upper_bound("10000x"), model.end())));
        for (int i = 0; i < 1'000; ++i) {
            const std::string key = fmt::format("{:05}", random() % 20'000);
            const RowPtr found = tree.find(key);
            EXPECT_EQ(found != nullptr, model.contains(key));
            EXPECT_EQ(tree.snapshot().find(key), found);
        }
    }
}

TEST(RowTree, GrowingKeysAndRemovalFromTheFront) {
    RowTree tree;
    for (int i = 0; i < 50'000; ++i) {
        tree.put(row(fmt::format("{:08}", i), "x"));
        if (i >= 1'000) {
            ASSERT_NE(tree.erase(fmt::format("{:08}", i - 1'000)), nullptr);
        }
    }
    tree.check();
    EXPECT_EQ(tree.size(), 1'000U);
    for (int i = 49'000; i < 50'000; ++i) tree.erase(fmt::format("{:08}", i));
    EXPECT_EQ(tree.size(), 0U);
    EXPECT_EQ(tree.erase("x"), nullptr);
    EXPECT_EQ(tree.find("x"), nullptr);
    EXPECT_TRUE(contents(tree.snapshot()).empty());
    tree.put(row("a", "1"));
    EXPECT_EQ(contents(tree.snapshot()).size(), 1U);
}

}  // namespace
}  // namespace mr::views
