// Online features by key: one, many, composite keys, event times, errors.
#include "serve/http/feature_routes.h"

#include <gtest/gtest.h>

#include "serve/testing/serve_fixture.h"

namespace mr::serve {
namespace {

using views::testing::RowSpec;
using views::testing::TestViews;

class FeatureRoutesTest : public testing::ServeFixture {
  protected:
    void SetUp() override {
        listen();
        const Schema schema{{{"customer", DataType::string()},
                             {"day", DataType::date()},
                             {"orders", DataType::bigint()},
                             {"seen", DataType::timestamp_ltz(3)}}};
        views_.create("p", {TestViews::view("stats", schema, {0, 1}),
                            TestViews::view("zone_p95", views::testing::zone_schema(), {0})});
        views_.step({{0,
                      {Value::of("c1"), Value::of(20'779), Value::of(std::int64_t{9007199254740993}),
                       Value::of(std::int64_t{1795374000123})}},
                     {0, {Value::of("c2"), Value::of(20'779), Value::null(), Value::null()}},
                     {1, {Value::of("C-07"), Value::of("LYON-1"), Value::of(398)}}});
        settle();
    }
};

TEST_F(FeatureRoutesTest, OneByKey) {
    const std::string expected =
        R"({"view":"stats","epoch":"7f3a","version":2,"commit_time":1795380269101,)"
        R"("key":{"customer":"c1","day":"2026-11-22"},)"
        R"("found":true,"event_time":"2026-11-22T19:00:00.123Z","row_version":2,)"
        R"("features":{"orders":9007199254740993,"seen":"2026-11-22T19:00:00.123Z"}})";
    EXPECT_EQ(ask("/api/v1/features/stats?key=c1&key=2026-11-22").body, expected);
    EXPECT_EQ(ask("/api/v1/features/stats?day=2026-11-22&customer=c1").body, expected);
    const auto some = ask("/api/v1/features/stats?key=c1&key=2026-11-22&features=orders");
    EXPECT_NE(some.body.find(R"("features":{"orders":9007199254740993}})"), std::string::npos) << some.body;
    const auto none = ask("/api/v1/features/stats?key=c9&key=2026-11-22");
    EXPECT_EQ(none.status, 404);
    EXPECT_NE(none.body.find(R"("found":false,"event_time":null,"row_version":null,"features":null})"),
              std::string::npos);
    EXPECT_NE(
        ask("/api/v1/features/zone_p95?key=C-07").body.find(R"("event_time":"2026-11-22T20:44:29.101Z")"),
        std::string::npos)
        << "without a time column: the commit";
}

TEST_F(FeatureRoutesTest, ManyInOrder) {
    const auto reply =
        post("/api/v1/features/stats",
             R"({"keys":[["c2","2026-11-22"],{"customer":"c9","day":"2026-11-22"},["c1","2026-11-22"]],)"
             R"("features":["orders"]})");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body,
              R"({"view":"stats","epoch":"7f3a","version":2,"commit_time":1795380269101,"rows":[)"
              R"({"key":{"customer":"c2","day":"2026-11-22"},"found":true,"event_time":null,"row_version":2,)"
              R"("features":{"orders":null}},)"
              R"({"key":{"customer":"c9","day":"2026-11-22"},"found":false,"event_time":null,)"
              R"("row_version":null,"features":null},)"
              R"({"key":{"customer":"c1","day":"2026-11-22"},"found":true,)"
              R"("event_time":"2026-11-22T19:00:00.123Z","row_version":2,)"
              R"("features":{"orders":9007199254740993}}]})");
    EXPECT_EQ(post("/api/v1/features/zone_p95", R"({"keys":["C-07"]})").status, 200);
}

TEST_F(FeatureRoutesTest, Errors) {
    EXPECT_EQ(ask("/api/v1/features/stat?key=c1").status, 404);
    for (const char* bad : {"", "?key=c1", "?key=c1&key=x", "?key=c1&day=2026-11-22", "?customer=c1",
                            "?orders=1&customer=c1", "?key=c1&key=2026-11-22&features=none"}) {
        EXPECT_EQ(ask(fmt::format("/api/v1/features/stats{}", bad)).status, 400) << bad;
    }
    for (const char* bad : {"", "[]", "{}", R"({"keys":1})", R"({"keys":["c1"]})", R"({"keys":[[["x"],1]]})",
                            R"({"keys":[],"features":1})"}) {
        EXPECT_EQ(post("/api/v1/features/stats", bad).status, 400) << bad;
    }
}

}  // namespace
}  // namespace mr::serve
