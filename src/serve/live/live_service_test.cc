// What the golden scripts do not show: many clients, slow clients, limits, big deltas, dropped views.
#include "serve/live/live_service.h"

#include <gtest/gtest.h>

#include "serve/testing/serve_fixture.h"

namespace mr::serve {
namespace {

using net::testing::TestWebSocket;
using views::testing::TestViews;
using views::testing::zone;

class LiveServiceTest : public testing::ServeFixture {
  protected:
    std::unique_ptr<TestWebSocket> connect() {
        auto socket = std::make_unique<TestWebSocket>(loop_, server_->bound(), "/api/v1/live", "millrace.v1");
        EXPECT_TRUE(socket->upgraded());
        return socket;
    }
    static std::string sub(int id, std::string_view more = R"(,"mode":"delta")") {
        return fmt::format(R"({{"t":"sub","id":{},"view":"zone_p95"{}}})", id, more);
    }
    double metric(std::string_view name) {
        const std::string text = metrics_.text();
        const std::size_t at = text.find("\n" + std::string(name) + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
    }
};

TEST_F(LiveServiceTest, ManyClientsGetTheSameBody) {
    listen();
    zones();
    std::vector<std::unique_ptr<TestWebSocket>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(connect());
        clients.back()->send_text(sub(i));
        ASSERT_TRUE(clients.back()->wait_text()->starts_with(R"({"t":"ok")"));
    }
    EXPECT_EQ(live_->clients(), 50U);
    EXPECT_EQ(metric("millrace_live_clients"), 50);
    views_.step({zone("C-07", "LYON-1", 1)});
    settle();
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(
            clients[static_cast<std::size_t>(i)]->wait_text(),
            fmt::format(
                R"({{"t":"delta","id":{},"from":2,"version":3,"ct":1795380269101,"up":[{{"zone":"C-07",)"
                R"("warehouse":"LYON-1","p95_ms":1}}],"del":[]}})",
                i));
    }
    EXPECT_EQ(metric("millrace_live_frames_total"), 50);
    clients.clear();
    EXPECT_TRUE(net::testing::run_until(loop_, [&] { return live_->clients() == 0; }));
}

TEST_F(LiveServiceTest, ASlowClientIsConflatedThenClosed) {
    listen();
    zones();
    auto socket = connect();
    socket->send_text(sub(1, R"(,"mode":"delta","max_hz":60)"));
    ASSERT_TRUE(socket->wait_text());
    // Rows of 60 kB, the client not reading: the kernel's buffers fill, then ours to its limit, then no more.
    const std::string big(60'000, 'x');
    const auto change = [&](int i) {
        clock_.advance_ms(17);
        views_.step({zone("C-07", big, i)});
        settle();
    };
    int steps = 0;
    const double frames_before = metric("millrace_live_frames_total");
    for (; steps < 400; ++steps) change(steps);
    const double frames = metric("millrace_live_frames_total") - frames_before;
    EXPECT_LT(frames, 395) << "conflation began";
    clock_.advance_ms(4'000);
    loop_.run_once(0);
    change(9'999);
    clock_.advance_ms(9'000);
    ASSERT_TRUE(net::testing::run_until(loop_, [&] { return metric("millrace_live_slow_total") == 1; }));
    EXPECT_EQ(socket->wait_close(), 4008) << "it can still be read once the client wakes up";
}

TEST_F(LiveServiceTest, ASlowClientThatCatchesUpGetsOneFrame) {
    listen();
    zones();
    auto socket = connect();
    socket->send_text(sub(1, R"(,"mode":"delta","max_hz":60)"));
    ASSERT_TRUE(socket->wait_text());
    const std::string big(60'000, 'x');
    for (int i = 0; i < 400; ++i) {
        clock_.advance_ms(17);
        views_.step({zone("C-07", big, i)});
        settle();
    }
    std::string last;
    std::int64_t version = 2;
    while (version < static_cast<std::int64_t>(views_.seq.value)) {
        const auto frame = socket->wait_text();
        ASSERT_TRUE(frame);
        const auto json = parse_json(*frame);
        if (*json->get("t")->text() == "hb") continue;
        if (json->get("from") != nullptr) {
            EXPECT_EQ(json->get("from")->integer(), version);
        }
        version = *json->get("version")->integer();
    }
    EXPECT_EQ(metric("millrace_live_slow_total"), 0);
}

TEST_F(LiveServiceTest, BigDeltasAndOldOnesBecomeInv) {
    listen();
    zones();
    auto socket = connect();
    socket->send_text(sub(1));
    ASSERT_TRUE(socket->wait_text());
    std::vector<views::testing::RowSpec> rows;
    for (int i = 0; i < 300; ++i) rows.push_back(zone(fmt::format("Z-{}", i), std::string(1'000, 'w'), i));
    views_.step(rows);
    settle();
    EXPECT_EQ(socket->wait_text(), R"({"t":"inv","id":1,"version":3,"ct":1795380269101,"n":1})");
    socket->send_text(sub(2, R"(,"mode":"delta","max_hz":0.5)"));
    ASSERT_TRUE(socket->wait_text());
    views_.step({zone("C-07", "LYON-1", 1)});
    settle();
    clock_.advance_ms(60);
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"delta","id":)"));
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"delta","id":)"));
    views_.step({zone("C-07", "LYON-1", 2)});
    settle();
    clock_.advance_ms(2'000);
    std::string frames;
    for (int i = 0; i < 3; ++i) frames += socket->wait_text().value_or("");
    EXPECT_NE(frames.find(R"({"t":"inv","id":2,"version":5)"), std::string::npos) << frames;
}

TEST_F(LiveServiceTest, InvWithParamsOfAGet) {
    listen();
    zones();
    auto socket = connect();
    socket->send_text(sub(1, R"(,"params":{"warehouse":"PARIS-2","order":"p95_ms:desc","limit":10})"));
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"ok")"));
    views_.step({zone("C-07", "LYON-1", 1)});
    settle();
    EXPECT_FALSE(socket->take_text()) << "no row of PARIS-2 changed";
    views_.step({zone("P-01", "PARIS-2", 1)});
    settle();
    EXPECT_EQ(socket->wait_text(), R"({"t":"inv","id":1,"version":4,"ct":1795380269101,"n":2})");
}

TEST_F(LiveServiceTest, LimitsAndDroppedViews) {
    listen({}, {.subscriptions_max = 2, .bad_frames_max = 3});
    zones();
    auto socket = connect();
    socket->send_text(sub(1));
    socket->send_text(sub(1));
    socket->send_text(sub(2, ""));
    socket->send_text(sub(3));
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"ok","id":1)"));
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"err","id":1,"code":"already_exists")"));
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"ok","id":2)"));
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"err","id":3,"code":"resource_exhausted")"));
    views_.drop();
    settle();
    std::string gone = *socket->wait_text() + *socket->wait_text();
    EXPECT_NE(
        gone.find(R"({"t":"err","id":1,"code":"not_found","message":"view zone_p95 was dropped","help":""})"),
        std::string::npos);
    zones();
    socket->send_text(sub(1));
    EXPECT_TRUE(socket->wait_text()->starts_with(R"({"t":"ok","id":1)")) << "the id is free again";
    for (int i = 0; i < 3; ++i) socket->send_text("{");
    EXPECT_EQ(socket->wait_close(), 1008);
}

TEST_F(LiveServiceTest, RedeployWithoutTheFilteredColumn) {
    listen();
    zones();
    auto socket = connect();
    socket->send_text(sub(1, R"(,"params":{"warehouse":"LYON-1"})"));
    socket->send_text(sub(2));
    ASSERT_TRUE(socket->wait_text() && socket->wait_text());
    views_.create("p", {TestViews::view("zone_p95", {{{"zone", DataType::string()}}}, {0}, "81c0")});
    settle();
    std::string frames = *socket->wait_text() + *socket->wait_text();
    EXPECT_NE(frames.find(R"({"t":"err","id":1,"code":"invalid_argument",)"
                          R"("message":"view zone_p95 has no column warehouse")"),
              std::string::npos)
        << frames;
    EXPECT_NE(frames.find(R"({"t":"reset","id":2,"epoch":"81c0","version":3,)"), std::string::npos) << frames;
    views_.step({{0, {Value::of("A")}}});
    settle();
    EXPECT_EQ(socket->wait_text(),
              R"({"t":"delta","id":2,"from":3,"version":4,"ct":1795380269101,"up":[{"zone":"A"}],"del":[]})");
}

TEST_F(LiveServiceTest, PaintReportsAreMeasured) {
    listen();
    zones();
    auto socket = connect();
    socket->send_text(
        R"({"t":"paint","samples":[{"id":1,"version":2,"ms":41.5},{"id":1,"version":2,"ms":400}]})");
    EXPECT_TRUE(net::testing::run_until(
        loop_, [&] { return metric("millrace_event_to_screen_seconds_count") == 2; }));
}

}  // namespace
}  // namespace mr::serve
