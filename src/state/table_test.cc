// Goal: both tables behave as a std::map, and capture exactly the keys that differ between steps. Method:
// random operations against a map, a replica fed with the captured changes only, and hand-written edge cases.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "state/keyed_table.h"
#include "state/ordered_table.h"

namespace mr::state {
namespace {

using Model = std::map<std::string, std::string>;

std::string random_key(std::mt19937& rng) {
    std::string key = rng() % 2 == 0 ? "common-prefix-" : "";
    key += std::to_string(rng() % 400);
    if (rng() % 50 == 0) key.append(rng() % 300, 'k');
    return key;
}

std::string random_value(std::mt19937& rng) {
    const std::size_t size = rng() % 20 == 0 ? rng() % 60'000 : rng() % 40;
    return std::string(size, static_cast<char>('a' + rng() % 26));
}

Model contents(const KeyedTable& t) {
    Model m;
    t.for_each([&](std::string_view k, std::string_view v) { m.emplace(k, v); });
    return m;
}

Model contents(OrderedTable& t) {
    Model m;
    std::string last;
    t.scan({}, {}, [&](const OrderedTable::Entry& e) {
        EXPECT_TRUE(m.empty() || last < e.key);
        last = e.key;
        m.emplace(e.key, e.value);
        return true;
    });
    return m;
}

template <class T>
void run_random(std::uint32_t seed) {
    SCOPED_TRACE("SEED=" + std::to_string(seed));
    std::mt19937 rng(seed);
    T table(3, "t");
    T replica(3, "t");
    Model model;
    Model before;
    for (int step = 0; step < 60; ++step) {
        const std::size_t operations = rng() % 200;
        for (std::size_t i = 0; i < operations; ++i) {
            const std::string key = random_key(rng);
            if (rng() % 3 == 0) {
                EXPECT_EQ(table.erase(key), model.erase(key) == 1);
            } else {
                const std::string value = random_value(rng);
                table.put(key, value);
                model[key] = value;
            }
            const auto got = table.get(key);
            const auto want = model.find(key);
            ASSERT_EQ(got.has_value(), want != model.end());
            if (got) {
                EXPECT_EQ(*got, want->second);
            }
        }
        ASSERT_EQ(table.size(), model.size());
        std::vector<Change> changes;
        table.changes(changes);
        Model seen;
        for (const Change& c : changes) {
            EXPECT_EQ(c.table, 3U);
            EXPECT_TRUE(seen.emplace(c.key, "").second) << "captured twice: " << c.key;
            if (!c.value) {
                EXPECT_TRUE(before.contains(std::string(c.key)));
            }
            replica.apply(c.key, c.value);
        }
        table.step_done();
        EXPECT_FALSE(table.dirty());
        ASSERT_EQ(contents(replica), model);
        before = model;
    }
    EXPECT_EQ(contents(table), model);
    for (const auto& [key, value] : model) EXPECT_TRUE(table.erase(key));
    table.step_done();
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(contents(table), Model());
}

TEST(KeyedTable, BehavesAsAMapAndCapturesChanges) {
    for (std::uint32_t seed = 1; seed <= 6; ++seed) run_random<KeyedTable>(seed);
}

TEST(OrderedTable, BehavesAsAMapAndCapturesChanges) {
    for (std::uint32_t seed = 1; seed <= 6; ++seed) run_random<OrderedTable>(seed);
}

TEST(KeyedTable, EditsInPlace) {
    KeyedTable t(0, "t");
    for (int i = 0; i < 5; ++i) {
        const KeyedTable::Edit e = t.edit("n", 8);
        EXPECT_EQ(e.inserted, i == 0);
        std::int64_t n = 0;
        std::memcpy(&n, e.value, 8);
        EXPECT_EQ(n, i);
        ++n;
        std::memcpy(e.value, &n, 8);
    }
    // Growing keeps what was there and fills up with zeros.
    const KeyedTable::Edit grown = t.edit("n", 100);
    EXPECT_EQ(grown.value[0], 5);
    EXPECT_EQ(grown.value[99], 0);
    std::vector<Change> changes;
    t.changes(changes);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].value->size(), 100U);
}

TEST(KeyedTable, PutAndErasedWithinAStepLeavesNoTrace) {
    KeyedTable t(0, "t");
    t.put("a", "1");
    t.erase("a");
    std::vector<Change> changes;
    t.changes(changes);
    EXPECT_TRUE(changes.empty());
    t.step_done();
    t.put("a", "1");
    t.step_done();
    t.erase("a");
    t.put("a", "2");
    t.erase("a");
    t.changes(changes);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_FALSE(changes[0].value.has_value());
}

TEST(OrderedTable, RemovedAndPutAgainIsOneChange) {
    OrderedTable t(0, "t");
    t.put("a", "1");
    t.step_done();
    t.erase("a");
    t.put("a", "2");
    std::vector<Change> changes;
    t.changes(changes);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].value, "2");
    t.erase("a");
    changes.clear();
    t.changes(changes);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_FALSE(changes[0].value.has_value());
}

TEST(OrderedTable, NeighboursAndScans) {
    std::mt19937 rng(7);
    OrderedTable t(0, "t");
    Model model;
    for (int i = 0; i < 3000; ++i) {
        const std::string key = std::to_string(rng() % 100'000);
        t.put(key, key);
        model[key] = key;
        if (i % 3 == 0 && !model.empty()) {
            const std::string gone = model.begin()->first;
            t.erase(gone);
            model.erase(gone);
        }
    }
    for (int i = 0; i < 2000; ++i) {
        const std::string key = std::to_string(rng() % 100'000);
        const auto after = t.at_or_after(key);
        const auto want_after = model.lower_bound(key);
        ASSERT_EQ(after.has_value(), want_after != model.end());
        if (after) {
            EXPECT_EQ(after->key, want_after->first);
        }
        const auto strictly = t.at_or_after(key, false);
        const auto want_strictly = model.upper_bound(key);
        ASSERT_EQ(strictly.has_value(), want_strictly != model.end());
        if (strictly) {
            EXPECT_EQ(strictly->key, want_strictly->first);
        }
        const auto before = t.before(key);
        ASSERT_EQ(before.has_value(), want_after != model.begin());
        if (before) {
            EXPECT_EQ(before->key, std::prev(want_after)->first);
        }
        const std::string prefix = key.substr(0, 2);
        std::vector<std::string> found;
        t.scan_prefix(prefix, [&](const OrderedTable::Entry& e) {
            found.emplace_back(e.key);
            return true;
        });
        std::vector<std::string> want;
        for (auto it = model.lower_bound(prefix); it != model.end() && it->first.starts_with(prefix); ++it)
            want.push_back(it->first);
        EXPECT_EQ(found, want);
        std::vector<std::string> back;
        t.scan_back(prefix, prefix_end(prefix), false, [&](const OrderedTable::Entry& e) {
            back.emplace_back(e.key);
            return true;
        });
        EXPECT_EQ(back, std::vector<std::string>(want.rbegin(), want.rend()));
        const auto last = t.last_of_prefix(prefix);
        ASSERT_EQ(last.has_value(), !want.empty());
        if (last) {
            EXPECT_EQ(last->key, want.back());
        }
    }
}

TEST(OrderedTable, EditsInPlace) {
    OrderedTable t(0, "t");
    EXPECT_TRUE(t.edit("a", 8).inserted);
    t.edit("a", 8).value[3] = 'x';
    EXPECT_FALSE(t.edit("a", 8).inserted);
    EXPECT_EQ(*t.get("a"), std::string_view("\0\0\0x\0\0\0\0", 8));
    std::vector<Change> changes;
    t.changes(changes);
    EXPECT_EQ(changes.size(), 1U);
}

TEST(OrderedTable, PrefixEnd) {
    EXPECT_EQ(prefix_end("ab"), "ac");
    EXPECT_EQ(prefix_end(std::string("a\xff\xff")), "b");
    EXPECT_EQ(prefix_end("\xff"), "");
    EXPECT_EQ(prefix_end(""), "");
}

TEST(OrderedTable, KeysWithZeroBytesAtTheEndDiffer) {
    OrderedTable t(0, "t");
    t.put("a", "1");
    t.put(std::string("a\0", 2), "2");
    t.put(std::string("a\0\0", 3), "3");
    EXPECT_EQ(t.size(), 3U);
    EXPECT_EQ(t.get("a"), "1");
    EXPECT_EQ(t.get(std::string("a\0\0", 3)), "3");
}

}  // namespace
}  // namespace mr::state
