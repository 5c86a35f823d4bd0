// HTTP/1.1 with keep-alive, and WebSocket upgrades, over one TcpServer.
//
// Promises: requests that http_guard.h refuses, that are malformed, too big or too slow never reach the
// handler; one request of a connection is answered before its next is read; every request is answered once:
// a responder that is dropped unused answers 500. Error answers are JSON (HttpResponse::error).
// Thread: loop (post() of a responder: any).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "net/http_guard.h"
#include "net/http_message.h"
#include "net/http_parser.h"
#include "net/tcp_server.h"
#include "net/websocket.h"

namespace mr::net {

class TlsContext;

/// The right to answer one request, now or later. Copies share it; the first answer counts. REQUIRES: the
/// loop outlives it.
class HttpResponder {
  public:
    /// Loop thread.
    void respond(HttpResponse response) const;
    /// Any thread: answers from the loop.
    void post(HttpResponse response) const;
    /// False when the client has gone: no need to compute. Loop thread.
    [[nodiscard]] bool wanted() const;
    [[nodiscard]] EventLoop& loop() const;

    /// For HttpServer.
    struct State;
    explicit HttpResponder(std::shared_ptr<State> state) : state_(std::move(state)) {}

  private:
    std::shared_ptr<State> state_;
};

using HttpHandler = std::function<void(HttpRequest, HttpResponder)>;

struct HttpServerOptions {
    TcpServerOptions tcp{.unsent_bytes_max = 128U << 10, .name = "http"};
    HttpLimits limits;
    HttpGuardOptions guard;
    std::int64_t request_timeout_ms = 15'000;    ///< from its first byte to its last
    std::int64_t keep_alive_ms = 75'000;         ///< between requests
    std::int64_t ping_interval_ms = 20'000;      ///< WebSocket: sent when nothing was heard for so long
    std::int64_t websocket_silence_ms = 60'000;  ///< … and nothing heard for so long ends it
    std::vector<WebSocketRoute> websockets;
    std::shared_ptr<const TlsContext> tls;  ///< nothing: not encrypted
};

/// Destroying it closes the listener and every connection.
class HttpServer {
  public:
    static Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop, Metrics& metrics,
                                                      HttpServerOptions options, HttpHandler handler);
    ~HttpServer();

    [[nodiscard]] const HostPort& bound() const;
    [[nodiscard]] std::size_t connections() const;
    /// Drain: stops listening, closes idle connections, answers what is under way with Connection: close,
    /// closes WebSockets with `code` and `reason`.
    void drain(std::uint16_t code, std::string_view reason);

    /// For listen().
    class Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::net
