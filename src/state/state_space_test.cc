// Goal: a state space comes back from names + snapshot + changes exactly as it was, and refuses foreign
// bytes. The worked example of docs/formats/state-keys.md is checked here byte by byte.
#include "state/state_space.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "columnar/codec.h"

namespace mr::state {
namespace {

TEST(StateSpace, RecoversFromNamesSnapshotAndChanges) {
    StateSpace space;
    KeyedTable& groups = space.keyed(0x1234, "groups");
    OrderedTable& due = space.ordered(0x1234, "due");
    EXPECT_EQ(&groups, &space.keyed(0x1234, "groups"));
    groups.put("a", "1");
    groups.put("b", "2");
    due.put("t1", "");
    space.step_done();
    std::string snapshot;
    space.snapshot(snapshot);
    groups.put("a", "3");
    groups.erase("b");
    due.put("t2", "x");
    std::vector<Change> changes;
    space.changes(changes);
    EXPECT_EQ(changes.size(), 3U);

    StateSpace other;
    ASSERT_TRUE(other.declare(space.names()));
    ASSERT_TRUE(other.restore(snapshot));
    // Applying a step twice is harmless.
    for (int twice = 0; twice < 2; ++twice) {
        for (const Change& c : changes) ASSERT_TRUE(other.apply(c));
    }
    EXPECT_EQ(other.keyed(0x1234, "groups").get("a"), "3");
    EXPECT_EQ(other.keyed(0x1234, "groups").get("b"), std::nullopt);
    EXPECT_EQ(other.ordered(0x1234, "due").get("t2"), "x");
    EXPECT_EQ(other.names(), space.names());
    std::vector<Change> none;
    other.changes(none);
    EXPECT_TRUE(none.empty());
    EXPECT_GT(other.memory(0x1234), 0U);
    EXPECT_EQ(other.memory(0x9999), 0U);
}

TEST(StateSpace, RefusesForeignBytes) {
    StateSpace space;
    space.keyed(1, "k").put("key", "value");
    space.step_done();
    std::string snapshot;
    space.snapshot(snapshot);
    for (std::size_t cut = 0; cut < snapshot.size(); ++cut) {
        StateSpace other;
        EXPECT_FALSE(other.restore(std::string_view(snapshot).substr(0, cut))) << cut;
        EXPECT_TRUE(other.stats().empty() || other.stats()[0].keys == 0);
    }
    StateSpace other;
    EXPECT_FALSE(other.restore(snapshot + "x"));
    snapshot[0] = 9;
    const Status wrong = other.restore(snapshot);
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("version 9"), std::string::npos);
    EXPECT_FALSE(other.declare({"heap/1/x"}));
    EXPECT_FALSE(other.apply({7, "k", "v"}));
}

/// docs/formats/state-keys.md, "Worked example".
TEST(StateSpace, WorkedExample) {
    std::string key;
    append_key(key, DataType::string(), Value::of("WH1"));
    append_key(key, DataType::bigint(), Value::of(-2));
    EXPECT_EQ(hex(key, 64), "01 57 48 31 00 00 01 7f ff ff ff ff ff ff fe");
    std::string row;
    const Schema schema{{{"site", DataType::string()}, {"n", DataType::bigint()}}};
    const std::vector<Value> values = {Value::of("WH1"), Value::of(-2)};
    append_row(row, schema, values);
    EXPECT_EQ(hex(row, 64), "01 01 03 57 48 31 01 03");

    StateSpace space;
    space.keyed(0x2a, "groups").put("k", "v");
    space.step_done();
    std::string snapshot;
    space.snapshot(snapshot);
    EXPECT_EQ(hex(snapshot, 64),
              "01 01 1d 6b 65 79 65 64 2f 30 30 30 30 30 30 30 30 30 30 30 30 30 30 32 61 2f 67 72 6f 75 70 "
              "73 01 01 6b 01 76");
}

}  // namespace
}  // namespace mr::state
