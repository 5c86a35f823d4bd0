// The views over HTTP: shapes of answers, filters, conditional requests, waiting for a version, batches.
#include "serve/http/view_routes.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "serve/testing/serve_fixture.h"

namespace mr::serve {
namespace {

using views::testing::no_zone;
using views::testing::TestViews;
using views::testing::zone;

class ViewRoutesTest : public testing::ServeFixture {};

constexpr std::string_view kHead =
    R"({"view":"zone_p95","epoch":"7f3a","version":2,"commit_time":1795380269101,"rows":[)";

std::string rows(const testing::Reply& reply) {
    const std::size_t at = reply.body.find("\"rows\":");
    return at == std::string::npos ? reply.body : reply.body.substr(at + 7, reply.body.size() - at - 8);
}

TEST_F(ViewRoutesTest, OneView) {
    listen();
    zones();
    const auto all = ask("/api/v1/views/zone_p95");
    EXPECT_EQ(all.status, 200);
    EXPECT_EQ(all.body,
              std::string(kHead) +
                  R"({"zone":"C-07","warehouse":"LYON-1","p95_ms":398},{"zone":"C-08","warehouse":"LYON-1",)"
                  R"("p95_ms":120},)"
                  R"({"zone":"P-01","warehouse":"PARIS-2","p95_ms":77}]})");
    EXPECT_EQ(all.header("Content-Type"), "application/json");
    EXPECT_EQ(all.header("Millrace-Version"), "2");
    EXPECT_EQ(all.header("Millrace-Commit-Time"), "1795380269101");
    EXPECT_EQ(all.header("Cache-Control"), "private, no-cache");
    EXPECT_EQ(rows(ask("/api/v1/views/zone_p95?warehouse=LYON-1&order=p95_ms:asc&limit=1")),
              R"([{"zone":"C-08","warehouse":"LYON-1","p95_ms":120}])");
    EXPECT_EQ(rows(ask("/api/v1/views/zone_p95?zone=P-01")),
              R"([{"zone":"P-01","warehouse":"PARIS-2","p95_ms":77}])");
    EXPECT_EQ(rows(ask("/api/v1/views/zone_p95?where.zone=nowhere")), "[]");
}

TEST_F(ViewRoutesTest, ListOfViews) {
    listen();
    zones();
    EXPECT_EQ(
        ask("/api/v1/views").body,
        R"({"views":[{"name":"zone_p95","view":"zone_p95","epoch":"7f3a","version":2,)"
        R"("commit_time":1795380269101,"rows":3,)"
        R"("bytes":)" +
            std::to_string(views_.store().find("zone_p95")->bytes()) +
            R"(,"key":["zone"],"columns":[{"name":"zone","type":"STRING NOT NULL"},{"name":"warehouse",)"
            R"("type":"STRING"},)"
            R"({"name":"p95_ms","type":"BIGINT"}],"over_limit":false}]})");
}

TEST_F(ViewRoutesTest, ConditionalRequests) {
    listen();
    zones();
    const auto first = ask("/api/v1/views/zone_p95?warehouse=LYON-1");
    const std::string tag = first.header("ETag");
    EXPECT_TRUE(tag.starts_with("\"7f3a-2-")) << tag;
    const auto again = ask("/api/v1/views/zone_p95?warehouse=LYON-1", {{"If-None-Match", "\"x\", W/" + tag}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.header("ETag"), tag);
    EXPECT_EQ(ask("/api/v1/views/zone_p95?warehouse=PARIS-2", {{"If-None-Match", tag}}).status, 200);
    views_.step({zone("C-07", "LYON-1", 1)});
    settle();
    EXPECT_EQ(ask("/api/v1/views/zone_p95?warehouse=LYON-1", {{"If-None-Match", tag}}).status, 200);
    EXPECT_EQ(rows(ask("/api/v1/views/zone_p95?zone=C-07")),
              R"([{"zone":"C-07","warehouse":"LYON-1","p95_ms":1}])")
        << "not from the cache of the version before";
}

TEST_F(ViewRoutesTest, ErrorsHelp) {
    listen();
    zones();
    const auto view = ask("/api/v1/views/zone_p59");
    EXPECT_EQ(view.status, 404);
    EXPECT_EQ(view.body, R"({"error":{"code":"not_found","message":"unknown view: zone_p59",)"
                         R"("help":"did you mean `zone_p95`?","did_you_mean":"zone_p95"}})");
    const auto column = ask("/api/v1/views/zone_p95?warehose=x");
    EXPECT_EQ(column.status, 400);
    EXPECT_EQ(column.body,
              R"({"error":{"code":"invalid_argument","message":"view zone_p95 has no column warehose",)"
              R"("help":"did you mean `warehouse`?","did_you_mean":"warehouse"}})");
    for (const char* bad : {"p95_ms=x", "order=zone:up", "order=none", "limit=x", "limit=-1", "min_version=x",
                            "zone=1&zone=2"}) {
        EXPECT_EQ(ask(fmt::format("/api/v1/views/zone_p95?{}", bad)).status, 400) << bad;
    }
}

TEST_F(ViewRoutesTest, WaitsForAVersion) {
    listen();
    zones();
    net::testing::TestClient waiting(loop_, server_->bound());
    ASSERT_TRUE(waiting.send(
        "GET /api/v1/views/zone_p95?min_version=3&zone=C-07 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    for (int i = 0; i < 20; ++i) loop_.run_once(0);
    waiting.poll();
    EXPECT_EQ(waiting.received(), "");
    views_.step({zone("C-07", "LYON-1", 5)});
    settle();
    ASSERT_TRUE(waiting.wait_text("\"p95_ms\":5"));
    // Time out: refused, never answered with what is older.
    waiting.received().clear();
    ASSERT_TRUE(waiting.send("GET /api/v1/views/zone_p95?min_version=9 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    for (int i = 0; i < 20; ++i) loop_.run_once(0);
    clock_.advance_ms(101);
    ASSERT_TRUE(waiting.wait_text("503 Service Unavailable"));
    ASSERT_TRUE(waiting.wait_text("is at version 3, not yet at 9"));
    EXPECT_NE(waiting.received().find("Retry-After: 1\r\n"), std::string::npos);
    // A step that did not touch the view reveals its version too.
    views_.store().durable(Seq(9));
    EXPECT_EQ(ask("/api/v1/views/zone_p95?min_version=9").status, 200);
    // Whoever waits when the routes go is told so, and no timer fires into nothing.
    waiting.received().clear();
    ASSERT_TRUE(
        waiting.send("GET /api/v1/views/zone_p95?min_version=99 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    for (int i = 0; i < 20; ++i) loop_.run_once(0);
    view_routes_.reset();
    clock_.advance_ms(1'000);
    ASSERT_TRUE(waiting.wait_text("500 Internal Server Error"));
}

TEST_F(ViewRoutesTest, ManyAtOnce) {
    listen();
    zones();
    const std::string tag = ask("/api/v1/views/zone_p95?zone=C-08").header("ETag");
    const auto reply = post("/api/v1/views:batch",
                            R"([{"view":"zone_p95","params":{"zone":"C-07","limit":1}},{"view":"zone_p95",)"
                            R"("params":{"zone":"C-08"},"etag":)" +
                                ("\"" + std::string("\\") + tag.substr(0, tag.size() - 1) + "\\\"\"") +
                                R"(},{"view":"none"},{"view":"zone_p95","params":{"p95_ms":"x"}},{}])");
    EXPECT_EQ(reply.status, 200);
    const std::string& body = reply.body;
    EXPECT_EQ(body.find(R"({"results":[{"status":200,"etag":"\"7f3a-2-)"), 0U) << body;
    EXPECT_NE(body.find(R"("view":"zone_p95","epoch":"7f3a","version":2,"commit_time":1795380269101,)"
                        R"("rows":[{"zone":"C-07","warehouse":"LYON-1","p95_ms":398}]})"),
              std::string::npos);
    EXPECT_NE(body.find(R"({"status":304,"etag":"\"7f3a-2-)"), std::string::npos);
    EXPECT_NE(body.find(R"({"status":404,"view":"none","error":{"code":"not_found")"), std::string::npos);
    EXPECT_NE(body.find(R"({"status":400,"view":"zone_p95","error":)"), std::string::npos);
    EXPECT_EQ(post("/api/v1/views:batch", "[]").body, R"({"results":[]})");
    for (const char* bad : {"{}", "nonsense", ""})
        EXPECT_EQ(post("/api/v1/views:batch", bad).status, 400) << bad;
}

TEST_F(ViewRoutesTest, ChangesSinceAVersion) {
    listen();
    zones();
    views_.step({zone("C-07", "LYON-1", 400), no_zone("C-08")});
    settle();
    EXPECT_EQ(ask("/api/v1/views/zone_p95/changes?epoch=7f3a&since=2").body,
              R"({"t":"delta","from":2,"version":3,"ct":1795380269101,"up":[{"zone":"C-07",)"
              R"("warehouse":"LYON-1","p95_ms":400}],"del":[["C-08"]]})");
    EXPECT_EQ(ask("/api/v1/views/zone_p95/changes?epoch=7f3a&since=2&warehouse=PARIS-2").body,
              R"({"t":"delta","from":2,"version":3,"ct":1795380269101,"up":[],"del":[]})");
    EXPECT_EQ(
        ask("/api/v1/views/zone_p95/changes?epoch=0000&since=2").body,
        R"({"t":"reset","epoch":"7f3a","version":3,"ct":1795380269101,"key":["zone"],"why":"redeployed"})");
    EXPECT_NE(ask("/api/v1/views/zone_p95/changes?epoch=7f3a&since=0").body.find("retention"),
              std::string::npos);
    for (const char* bad :
         {"", "?epoch=7f3a", "?since=1", "?epoch=7f3a&since=x", "?epoch=7f3a&since=1&limit=2"}) {
        EXPECT_EQ(ask(fmt::format("/api/v1/views/zone_p95/changes{}", bad)).status, 400) << bad;
    }
}

TEST_F(ViewRoutesTest, LargeQuestionsGoToAWorker) {
    std::vector<std::move_only_function<void()>> work;
    listen({.loop_rows_max = 2,
            .offload = [&](std::move_only_function<void()> w) { work.push_back(std::move(w)); }});
    zones();
    net::testing::TestClient client(loop_, server_->bound());
    ASSERT_TRUE(
        client.send("GET /api/v1/views/zone_p95?warehouse=LYON-1 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(net::testing::run_until(loop_, [&] { return work.size() == 1; }));
    views_.step({zone("C-07", "LYON-1", 1)});
    settle();
    std::thread worker([&] { work[0](); });
    worker.join();
    ASSERT_TRUE(client.wait_text("\"p95_ms\":398")) << "the version it was asked at";
    EXPECT_EQ(ask("/api/v1/views/zone_p95?zone=C-07").status, 200) << "a key lookup stays on the loop";
    EXPECT_EQ(work.size(), 1U);
    // The service may go before the worker is done.
    ASSERT_TRUE(
        client.send("GET /api/v1/views/zone_p95?warehouse=LYON-1 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(net::testing::run_until(loop_, [&] { return work.size() == 2; }));
    view_routes_.reset();
    work[1]();
    for (int i = 0; i < 20; ++i) loop_.run_once(0);
}

// Goal: an answer that takes rows over from the one before is the answer built from nothing.
// Method: rows that come, change and go at random; one question is asked again and again, the other each time
// with a limit it never had.
TEST_F(ViewRoutesTest, AnswersTakeOverUnchangedRows) {
    listen();
    zones();
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        const std::string name = fmt::format("Z-{:02}", random() % 30);
        switch (random() % 4) {
            case 0:
                views_.step({no_zone(name)});
                break;
            case 1:
                views_.step({zone(name, "LYON-1", round), no_zone(fmt::format("Z-{:02}", random() % 30))});
                break;
            default:
                views_.step({zone(name, random() % 2 == 0 ? "LYON-1" : "PARIS-2", round)});
                break;
        }
        settle();
        const std::string where = round % 3 == 0   ? "warehouse=LYON-1&"
                                  : round % 3 == 1 ? "order=p95_ms:desc&"
                                                   : "";
        ASSERT_EQ(rows(ask(fmt::format("/api/v1/views/zone_p95?{}limit=500", where))),
                  rows(ask(fmt::format("/api/v1/views/zone_p95?{}limit={}", where, 1'000 + round))))
            << "round " << round;
    }
}

TEST(BodyCache, BoundedAndExact) {
    BodyCache cache(1'000, 3);
    const auto body = [](std::size_t n) {
        RowsBody out;
        out.bytes = SharedBytes(std::string(n, 'x'));
        return out;
    };
    cache.put("a", "e", Seq(1), body(100));
    EXPECT_FALSE(cache.find("a", "e", Seq(1)).empty());
    EXPECT_TRUE(cache.find("a", "f", Seq(1)).empty());
    EXPECT_EQ(cache.bytes(), 0U) << "another epoch: never asked for again";
    for (const char* name : {"a", "b", "c", "d"}) cache.put(name, "e", Seq(1), body(200));
    EXPECT_TRUE(cache.find("a", "e", Seq(1)).empty());
    cache.put("huge", "e", Seq(1), body(900));
    EXPECT_TRUE(cache.find("huge", "e", Seq(1)).empty());
    EXPECT_EQ(cache.bytes(), 600U);
}

}  // namespace
}  // namespace mr::serve
