// The HTTP and WebSocket server over real sockets, with a virtual clock.
#include "net/http_server.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "net/http_client.h"
#include "net/testing/test_client.h"
#include "net/testing/test_websocket.h"

namespace mr::net {
namespace {

using testing::run_until;
using testing::TestClient;
using testing::TestWebSocket;

struct Echo final : WebSocketHandler {
    explicit Echo(std::shared_ptr<WebSocket> s, std::optional<std::uint16_t>& c)
        : socket(std::move(s)), closed(c) {}
    void on_text(std::string_view text) override {
        if (text == "close") {
            socket->close(4008, "slow");
        } else {
            socket->send_text("<", SharedBytes(std::string(text) + ">"));
        }
    }
    void on_close(std::uint16_t code) override { closed = code; }
    std::shared_ptr<WebSocket> socket;
    std::optional<std::uint16_t>& closed;
};

class HttpServerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        HttpServerOptions options;
        options.websockets.push_back({.path = "/live",
                                      .subprotocols = {"millrace.v1"},
                                      .open = [this](const HttpRequest&, std::shared_ptr<WebSocket> socket)
                                          -> Result<std::unique_ptr<WebSocketHandler>> {
                                          return std::make_unique<Echo>(socket, closed_);
                                      }});
        auto server =
            HttpServer::listen(loop_, metrics_, options, [this](HttpRequest request, HttpResponder r) {
                if (request.path == "/later") {
                    later_.push_back(r);
                } else if (request.path == "/drop") {
                    return;
                } else {
                    r.respond(HttpResponse::text(
                        200, fmt::format("{} {} {}", request.method, request.path, request.body)));
                }
            });
        ASSERT_TRUE(server) << server.error().message;
        server_ = std::move(*server);
    }
    std::string exchange(std::string_view request, std::string_view until) {
        TestClient client(loop_, server_->bound());
        EXPECT_TRUE(client.send(request));
        client.wait_text(until);
        return client.received();
    }
    VirtualClock clock_{TimestampMs(784111777000)};
    EventLoop loop_{clock_};
    Metrics metrics_;
    std::vector<HttpResponder> later_;
    std::optional<std::uint16_t> closed_;
    std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(HttpServerTest, AnswersAndKeepsAlive) {
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send(kGet));
    ASSERT_TRUE(client.wait_text("GET /a "));
    EXPECT_EQ(client.received(),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n"
              "X-Content-Type-Options: nosniff\r\nConnection: keep-alive\r\n\r\nGET /a ");
    client.received().clear();
    ASSERT_TRUE(client.send("HEAD /b HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(client.wait_text("Content-Length: 8\r\n"));
    ASSERT_TRUE(client.wait_text("keep-alive\r\n\r\n"));
    EXPECT_TRUE(client.received().ends_with("\r\n\r\n")) << "no body";
    ASSERT_TRUE(client.send("GET /c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    ASSERT_TRUE(client.wait_end());
    EXPECT_NE(client.received().find("Connection: close"), std::string::npos);
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrderOneAtATime) {
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send(
        "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(run_until(loop_, [&] { return later_.size() == 1; }));
    for (int i = 0; i < 10; ++i) loop_.run_once(0);
    client.poll();
    EXPECT_EQ(client.received(), "");
    std::thread worker([responder = later_[0]] { responder.post(HttpResponse::text(200, "first")); });
    worker.join();
    later_[0].respond(HttpResponse::text(200, "too late"));
    ASSERT_TRUE(client.wait_text("GET /2"));
    EXPECT_LT(client.received().find("first"), client.received().find("GET /2"));
    EXPECT_EQ(client.received().find("too late"), std::string::npos);
}

TEST_F(HttpServerTest, ADroppedResponderAnswers500AndALostClientIsNoticed) {
    EXPECT_NE(exchange("GET /drop HTTP/1.1\r\nHost: localhost\r\n\r\n", "not answered").find("500 Internal"),
              std::string::npos);
    {
        TestClient client(loop_, server_->bound());
        ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        ASSERT_TRUE(run_until(loop_, [&] { return later_.size() == 1; }));
        EXPECT_TRUE(later_[0].wanted());
    }
    later_[0].respond(HttpResponse::text(200, "x"));
    ASSERT_TRUE(run_until(loop_, [&] { return server_->connections() == 0; }));
    later_.clear();
}

TEST_F(HttpServerTest, RefusesBadRequests) {
    EXPECT_NE(exchange("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "}}").find(" 421 "),
              std::string::npos);
    EXPECT_NE(exchange("rubbish\r\n\r\n", "}}").find(" 400 "), std::string::npos);
    EXPECT_NE(
        exchange("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n", "}}").find(" 413 "),
        std::string::npos);
    EXPECT_NE(
        exchange("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab", "}}").find(" 415 "),
        std::string::npos);
}

TEST_F(HttpServerTest, TheAnswerToATooBigBodySurvivesTheBody) {
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(
        client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: 3000000\r\n\r\n" +
                    std::string(3'000'000, 'x')));
    ASSERT_TRUE(client.wait_text("exceeds"));
    EXPECT_TRUE(client.wait_end());
}

TEST_F(HttpServerTest, SlowAndIdleConnectionsEnd) {
    TestClient slow(loop_, server_->bound());
    ASSERT_TRUE(slow.send("GET / HT"));
    TestClient idle(loop_, server_->bound());
    ASSERT_TRUE(idle.send(kGet));
    ASSERT_TRUE(idle.wait_text("GET /a"));
    clock_.advance_ms(14'000);
    loop_.run_once(0);
    ASSERT_TRUE(slow.send("T"));
    loop_.run_once(0);
    clock_.advance_ms(2'000);
    ASSERT_TRUE(slow.wait_text("408 Request Timeout")) << "bytes that trickle in do not buy time";
    clock_.advance_ms(60'000);
    EXPECT_TRUE(idle.wait_end());
}

TEST_F(HttpServerTest, WebSocketEchoCloseAndErrors) {
    TestWebSocket socket(loop_, server_->bound(), "/live", "millrace.v1");
    ASSERT_TRUE(socket.upgraded()) << socket.client().received();
    EXPECT_NE(socket.response().find("Sec-WebSocket-Protocol: millrace.v1\r\n"), std::string::npos);
    socket.send_text("hi");
    EXPECT_EQ(socket.wait_text(), "<hi>");
    socket.send_text(std::string(60'000, 'y'));
    EXPECT_EQ(socket.wait_text()->size(), 60'002U);
    socket.send_frame(0x89, "beat");
    EXPECT_TRUE(
        socket.client().wait_text("\x8a\x04"
                                  "beat"));
    socket.client().received().clear();
    socket.send_text("close");
    EXPECT_EQ(socket.wait_close(), 4008);
    socket.send_frame(0x88, std::string("\x0f\xa8", 2));
    EXPECT_TRUE(socket.client().wait_end());
    socket.client().disconnect();
    EXPECT_TRUE(run_until(loop_, [&] { return closed_ == 4008; }));
}

TEST_F(HttpServerTest, WebSocketProtocolErrors) {
    for (const auto& [first, payload, code] :
         std::vector<std::tuple<int, std::string, int>>{{0x82, "bin", 1003},
                                                        {0x81, "\xff", 1007},
                                                        {0x83, "x", 1002},
                                                        {0x81, std::string(70'000, 'x'), 1009}}) {
        TestWebSocket socket(loop_, server_->bound(), "/live", "millrace.v1");
        ASSERT_TRUE(socket.upgraded());
        socket.send_frame(static_cast<std::uint8_t>(first), payload);
        EXPECT_EQ(socket.wait_close(), code);
    }
    EXPECT_NE(exchange("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n", "}}").find(" 426 "),
              std::string::npos);
    TestWebSocket other(loop_, server_->bound(), "/live", "chat");
    EXPECT_FALSE(other.upgraded());
    EXPECT_NE(other.client().received().find(" 400 "), std::string::npos);
}

TEST_F(HttpServerTest, SilentWebSocketsArePingedThenDropped) {
    TestWebSocket socket(loop_, server_->bound(), "/live", "millrace.v1");
    ASSERT_TRUE(socket.upgraded());
    clock_.advance_ms(21'000);
    ASSERT_TRUE(socket.client().wait_text(std::string("\x89\x00", 2)));
    clock_.advance_ms(40'000);
    EXPECT_TRUE(socket.client().wait_end());
    EXPECT_TRUE(run_until(loop_, [&] { return closed_ == close_code::kAbnormal; }));
}

TEST_F(HttpServerTest, DrainSaysWhy) {
    TestWebSocket socket(loop_, server_->bound(), "/live", "millrace.v1");
    ASSERT_TRUE(socket.upgraded());
    TestClient pending(loop_, server_->bound());
    ASSERT_TRUE(pending.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(run_until(loop_, [&] { return later_.size() == 1; }));
    server_->drain(close_code::kServiceRestart, R"({"retry_ms":500})");
    EXPECT_EQ(socket.wait_close(), close_code::kServiceRestart);
    EXPECT_EQ(socket.close_reason(), R"({"retry_ms":500})");
    later_[0].respond(HttpResponse::text(200, "done"));
    ASSERT_TRUE(pending.wait_text("done"));
    EXPECT_NE(pending.received().find("Connection: close"), std::string::npos);
}

TEST_F(HttpServerTest, TheBlockingClientSpeaksToIt) {
    Result<HttpAnswer> answer = fail(Code::internal, "not called");
    bool done = false;
    std::thread caller([&] {
        HttpClient client;
        answer = client.call({.method = "POST",
                              .url = fmt::format("http://{}/sql", server_->bound().to_string()),
                              .headers = {{"Content-Type", "application/json"}},
                              .body = "{}"});
        loop_.post([&] { done = true; });
    });
    EXPECT_TRUE(run_until(loop_, [&] { return done; }));
    caller.join();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "POST /sql {}");
    EXPECT_EQ(find_header(answer->headers, "content-length"), "12");
    const HostPort gone = server_->bound();
    server_.reset();
    HttpClient client;
    EXPECT_EQ(client.call({.url = fmt::format("http://{}/", gone.to_string())}).error().code,
              Code::unavailable);
    EXPECT_EQ(client.call({.url = "file:///etc/passwd"}).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace mr::net
