// Goal: views hold exactly what durable steps said, at their version; changes fold; retention, redeploy,
// checkpoint and recovery keep their promises.
#include "views/view_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "views/query.h"
#include "views/testing/test_views.h"

namespace mr::views {
namespace {

using testing::no_zone;
using testing::RowSpec;
using testing::TestViews;
using testing::zone;

std::string text_of(const SnapshotPtr& view) {
    if (!view) return "none";
    const RowJson json(*view->definition);
    std::string out = fmt::format("{}@{}", view->epoch, view->version);
    for (const RowPtr& row : run_query(*view, {}).rows) {
        out += " ";
        const auto values = read_row(row->row, view->definition->schema);
        out += (*values)[0].text() + "=" + to_string((*values)[2], view->definition->schema[2].type);
    }
    return out;
}

struct Recorder final : ViewListener {
    void on_changed(View& view) override {
        log += fmt::format("changed {}@{};", view.name(), view.version());
    }
    void on_replaced(View& view) override {
        log += fmt::format("replaced {}@{};", view.name(), view.epoch());
    }
    void on_dropped(const std::string& name) override { log += fmt::format("dropped {};", name); }
    std::string take() { return std::exchange(log, {}); }
    std::string log;
};

class ViewStoreTest : public ::testing::Test {
  protected:
    void create(std::string epoch = "7f3a", std::vector<std::pair<std::string, std::string>> options = {}) {
        auto view = TestViews::view("zone_p95", testing::zone_schema(), {0}, std::move(epoch));
        view.options = std::move(options);
        views_.create("p", {view});
    }
    [[nodiscard]] std::string now() const { return text_of(views_.store().snapshot("zone_p95")); }

    VirtualClock clock_{TimestampMs(1'000'000)};
    mutable TestViews views_{clock_};
};

TEST_F(ViewStoreTest, RevealsOnlyWhatIsDurable) {
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    Recorder recorder;
    views_.store().add_listener(&recorder);
    create();
    EXPECT_EQ(recorder.take(), "replaced zone_p95@7f3a;");
    EXPECT_EQ(now(), "7f3a@1");
    const Seq first = views_.step({zone("A", "W", 1)}, true);
    views_.step({zone("A", "W", 2), zone("B", "W", 3)}, true);
    EXPECT_EQ(now(), "7f3a@1");
    views_.store().durable(first);
    EXPECT_EQ(now(), "7f3a@1") << "the loop has not run";
    views_.run_posted();
    EXPECT_EQ(now(), "7f3a@2 A=1");
    EXPECT_EQ(recorder.take(), "changed zone_p95@2;");
    views_.step({no_zone("A")}, true);
    views_.store().durable(Seq(3));
    views_.store().durable(Seq(4));
    EXPECT_EQ(views_.posted(), 1U) << "one drain for both";
    views_.run_posted();
    EXPECT_EQ(now(), "7f3a@4 B=3");
    EXPECT_EQ(recorder.take(), "changed zone_p95@4;") << "once, for two steps";
    views_.drop();
    EXPECT_EQ(recorder.take(), "dropped zone_p95;");
    EXPECT_EQ(now(), "none");
    views_.store().remove_listener(&recorder);
}

TEST_F(ViewStoreTest, ChangesFoldByKey) {
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    create();
    views_.step({zone("A", "W", 1), zone("B", "W", 1)});           // 2
    views_.step({zone("A", "W", 2), zone("X", "W", 1)});           // 3
    views_.step({zone("A", "W", 3), no_zone("X"), no_zone("B")});  // 4
    const View& view = *views_.store().find("zone_p95");
    const auto changes = view.changes_since(Seq(2));
    ASSERT_TRUE(changes);
    EXPECT_EQ(changes->to, Seq(4));
    EXPECT_EQ(changes->commits, 2U);
    ASSERT_EQ(changes->changes.size(), 2U) << "X came and went";
    EXPECT_EQ(changes->changes[0].before->version, Seq(2));
    EXPECT_EQ(changes->changes[0].after->version, Seq(4));
    EXPECT_EQ(changes->changes[1].after, nullptr);
    EXPECT_TRUE(view.changes_since(Seq(4))->changes.empty());
    EXPECT_EQ(view.changes_since(Seq(1))->changes.size(), 1U);
    EXPECT_FALSE(view.changes_since(Seq(0))) << "before the view was created";
    EXPECT_FALSE(view.changes_since(Seq(5))) << "not there yet";
}

TEST_F(ViewStoreTest, TheRingForgetsByCountAndAge) {
    TestViews small(clock_,
                    {.ring = {.commits_max = 2, .age_max_ms = 60'000, .changes_max = 100}, .post = {}});
    EXPECT_TRUE(small.store().recovered(Seq(0)));
    small.create("p", {TestViews::view("zone_p95", testing::zone_schema(), {0})});
    for (int i = 0; i < 4; ++i) small.step({zone("A", "W", i)});  // 2 to 5
    const View& view = *small.store().find("zone_p95");
    EXPECT_FALSE(view.changes_since(Seq(2)));
    EXPECT_TRUE(view.changes_since(Seq(3)));
    clock_.advance_ms(60'001);
    small.step({zone("A", "W", 9)});  // 6
    EXPECT_FALSE(view.changes_since(Seq(4)));
    EXPECT_TRUE(view.changes_since(Seq(5)));
}

TEST_F(ViewStoreTest, RetentionTakesTheOldest) {
    const Schema schema{{{"id", DataType::bigint()}, {"at", DataType::timestamp(3)}}};
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    auto view = TestViews::view("events", schema, {0});
    view.options = {{"view.retention", "10 s"}, {"view.max-rows", "3"}};
    views_.create("p", {view});
    const auto at = [](std::int64_t id, std::int64_t ms) {
        return RowSpec{0, {Value::of(id), Value::of(ms)}};
    };
    const auto ids = [&] {
        std::string out;
        for (const auto& row : run_query(*views_.store().snapshot("events"), {}).rows) {
            out += to_string((*read_row(row->row, schema))[0], schema[0].type) + " ";
        }
        return out;
    };
    views_.step({at(1, 1'000), at(2, 5'000)});
    EXPECT_EQ(ids(), "1 2 ");
    const Seq before = views_.seq;
    views_.step({at(3, 12'000)});
    EXPECT_EQ(ids(), "2 3 ") << "1 is more than 10 s behind 3";
    const auto changes = views_.store().find("events")->changes_since(before);
    ASSERT_EQ(changes->changes.size(), 2U);
    EXPECT_EQ(changes->changes[0].after, nullptr) << "subscribers are told";
    views_.step({at(9, 500)});
    EXPECT_EQ(ids(), "2 3 ") << "too old on arrival";
    views_.step({at(4, 12'001), at(5, 12'002)});
    EXPECT_EQ(ids(), "3 4 5 ") << "max-rows takes by time too";
    views_.step({at(3, 12'500)});
    views_.step({at(6, 12'600)});
    EXPECT_EQ(ids(), "3 5 6 ") << "a moved row counts at its new time";
    EXPECT_FALSE(views_.store().over_limit("p"));
}

TEST_F(ViewStoreTest, WithoutRetentionTooManyRowsAreReported) {
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    create("7f3a", {{"view.max-rows", "1"}});
    views_.step({zone("A", "W", 1)});
    EXPECT_FALSE(views_.store().over_limit("p"));
    views_.step({zone("B", "W", 1)});
    EXPECT_TRUE(views_.store().over_limit("p"));
    EXPECT_EQ(now(), "7f3a@3 A=1 B=1") << "nothing is lost";
    views_.step({no_zone("B")});
    EXPECT_FALSE(views_.store().over_limit("p"));
}

TEST_F(ViewStoreTest, RedeployStartsANewEpoch) {
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    Recorder recorder;
    views_.store().add_listener(&recorder);
    create();
    views_.step({zone("A", "W", 1)});
    recorder.take();
    views_.create("p", {TestViews::view("other", testing::zone_schema(), {0}, "81c0")});
    EXPECT_EQ(recorder.take(), "dropped zone_p95;replaced other@81c0;");
    create("81c1");
    EXPECT_EQ(now(), "81c1@4");
    views_.store().remove_listener(&recorder);
}

TEST_F(ViewStoreTest, CheckpointAndRecoveryGiveTheSameViews) {
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    create("7f3a", {{"view.max-rows", "500"}});
    views_.step({zone("A", "W", 1), zone("B", "W", 2)});
    const Seq held = views_.step({zone("A", "W", 7)}, true);
    auto cut = views_.store().cut();
    EXPECT_EQ(cut->through, Seq(held.value - 1)) << "the queued step is not in the cut";
    std::string bytes;
    ASSERT_TRUE(cut->write(bytes));
    views_.settle();
    EXPECT_EQ(views_.store().cut()->through, held);
    const std::string expected = now();

    // A second store restores the cut and is given the held step again.
    TestViews second(clock_);
    ASSERT_TRUE(second.store().restore(bytes, cut->through));
    EXPECT_EQ(second.store().applied_through(), cut->through);
    journal::StepEntry step;
    step.pipeline = "p";
    step.epoch = InstanceEpoch(1);
    step.wall_time = clock_.now();
    std::string key, row;
    append_key(key, DataType::string(), Value::of("A"));
    append_row(row, testing::zone_schema(), std::vector<Value>{Value::of("A"), Value::of("W"), Value::of(7)});
    step.views.push_back({0, key, row});
    const std::string payload = journal::encode_step(step);
    second.store().apply({held, journal::Kind::step, 1, SharedBytes(payload)});
    EXPECT_TRUE(second.store().recovered(held));
    EXPECT_EQ(text_of(second.store().snapshot("zone_p95")), expected);
    EXPECT_EQ(second.store().snapshot("zone_p95")->definition->rows_max, 500U);
    EXPECT_TRUE(second.store().find("zone_p95")->changes_since(cut->through))
        << "clients resume over a restart";

    // Damage is an error, never a crash.
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        TestViews cut_short(clock_);
        EXPECT_FALSE(cut_short.store().restore(std::string_view(bytes).substr(0, n), Seq(1)));
        std::string flipped = bytes;
        flipped[n] = static_cast<char>(flipped[n] ^ 0x41);
        TestViews damaged(clock_);
        static_cast<void>(damaged.store().restore(flipped, Seq(1)));
    }
}

TEST_F(ViewStoreTest, TheDocumentsSnapshot) {
    clock_.advance_ms(1'000 - 1'000'000);
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    views_.create("p", {TestViews::view("v", {{{"a", DataType::string()}}}, {0}, "7f")});
    views_.step({{0, {Value::of("x")}}});
    std::string bytes;
    ASSERT_TRUE(views_.store().cut()->write(bytes));
    EXPECT_EQ(hex(bytes, 200),
              "01 01 01 70 01 00 00 00 01 01 76 01 01 76 02 37 66 01 01 61 09 01 00 00 01 00 00 02 "
              "00 00 00 00 00 00 00 e8 03 00 00 00 00 00 00 01 04 01 78 00 "
              "00 04 01 01 01 78 02 00 00 00 00 00 00 00 e8 03 00 00 00 00 00 00");
}

TEST_F(ViewStoreTest, LongDrainsYield) {
    TestViews views(clock_, {.ring = {}, .rows_per_turn = 2, .post = {}});
    EXPECT_TRUE(views.store().recovered(Seq(0)));
    views.create("p", {TestViews::view("zone_p95", testing::zone_schema(), {0})});
    for (int i = 0; i < 5; ++i) views.step({zone("A", "W", i)}, true);
    views.store().durable(views.seq);
    ASSERT_TRUE(views.store().drain());
    EXPECT_EQ(views.store().snapshot("zone_p95")->version, Seq(2));
    EXPECT_EQ(views.store().cut()->through, Seq(2));
    views.run_posted();
    EXPECT_EQ(views.store().snapshot("zone_p95")->version, Seq(6));
    EXPECT_EQ(views.store().cut()->through, Seq(6));
}

TEST_F(ViewStoreTest, OtherThreadsReadWhileTheLoopWrites) {
    EXPECT_TRUE(views_.store().recovered(Seq(0)));
    create();
    std::atomic<bool> stop{false};
    std::thread reader([&] {
        while (!stop) {
            const SnapshotPtr view = views_.store().snapshot("zone_p95");
            // Both rows are written by every step: a snapshot never shows half of one.
            const auto rows = run_query(*view, {}).rows;
            if (rows.size() == 2) {
                EXPECT_EQ(rows[0]->version, rows[1]->version);
            }
        }
    });
    for (int i = 0; i < 2'000; ++i) views_.step({zone("A", "W", i), zone("B", "W", i)});
    stop = true;
    reader.join();
}

TEST(ViewDefinition, Options) {
    auto view = TestViews::view("v", testing::zone_schema(), {0});
    view.options = {{"view.retention", "1 d"}};
    EXPECT_EQ(ViewDefinition::from_entry(view).error().message,
              "view v: 'view.retention' needs a TIMESTAMP column to count on, and the view has none");
    view.options = {{"view.time-column", "p95_ms"}};
    EXPECT_FALSE(ViewDefinition::from_entry(view));
    view.options = {};
    view.key = {7};
    EXPECT_FALSE(ViewDefinition::from_entry(view));
    const Schema windows{{{"window_start", DataType::timestamp()}, {"window_end", DataType::timestamp()}}};
    EXPECT_EQ(ViewDefinition::from_entry(TestViews::view("w", windows, {0}))->time_column, 1U);
}

}  // namespace
}  // namespace mr::views
