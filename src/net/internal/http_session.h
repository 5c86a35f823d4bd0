// One connection of an HttpServer: parse, guard, hand over, answer, repeat; or become a WebSocket.
// Thread: loop.
#pragma once

#include <memory>
#include <unordered_set>

#include "net/http_server.h"
#include "net/internal/websocket_session.h"

namespace mr::net {

class HttpSession;

/// What the sessions of one server share.
struct HttpShared {
    EventLoop& loop;
    HttpServerOptions options;
    HttpHandler handler;
    Counter& requests;
    Counter& refused;
    Histogram& seconds;
    std::unordered_set<HttpSession*> sessions;
    bool draining = false;
};

/// Links a responder to the session that waits for it; the session may go first.
struct HttpExchange {
    HttpSession* session = nullptr;
};

class HttpSession final : public Session {
  public:
    HttpSession(std::shared_ptr<HttpShared> shared, std::shared_ptr<Connection> connection);
    ~HttpSession() override;

    void on_bytes(std::string_view bytes) override;
    void on_writable() override;
    void on_close() override;

    void answer(const HttpResponse& response);
    /// Called every second: time-outs and pings.
    void tick(std::int64_t now_ms);
    void drain(std::uint16_t code, std::string_view reason);

  private:
    void serve_next();
    void dispatch(ParsedRequest parsed);
    /// True when the request was an upgrade (granted or refused).
    bool try_upgrade(const HttpRequest& request);
    void upgrade(const HttpRequest& request, const WebSocketRoute& route);
    void send(const HttpResponse& response, bool keep_alive, bool head_only);
    void refuse(const HttpResponse& response);
    [[nodiscard]] std::int64_t now_ms() const { return shared_->loop.clock().monotonic_ns() / 1'000'000; }

    std::shared_ptr<HttpShared> shared_;
    std::shared_ptr<Connection> connection_;
    HttpParser parser_;
    std::shared_ptr<HttpExchange> exchange_;  ///< set while a request is being answered
    bool keep_alive_ = true;
    bool head_only_ = false;
    bool serving_ = false;  ///< inside serve_next(): an answer must not recurse into it
    std::int64_t request_start_ns_ = 0;
    std::string cors_;                ///< header lines of the answer under way
    std::int64_t last_heard_ms_ = 0;  ///< bytes came
    std::int64_t idle_since_ms_ = 0;  ///< start of the request under way, or end of the last one
    std::int64_t last_ping_ms_ = 0;
    std::shared_ptr<WebSocketSession> websocket_;
};

}  // namespace mr::net
