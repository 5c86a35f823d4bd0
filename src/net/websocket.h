// A WebSocket as its application sees it. The server does the handshake, fragments, pings, close handshake
// and limits. Thread: loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "net/http_message.h"
#include "net/websocket_codec.h"

namespace mr::net {

/// One open WebSocket. After a close everything is ignored.
class WebSocket {
  public:
    virtual ~WebSocket() = default;
    /// Sends `head` + `tail` as one text frame. The tail is shared, not copied: one body built once goes to
    /// many clients, each with its own head. REQUIRES: valid UTF-8.
    virtual void send_text(std::string_view head, const SharedBytes& tail) = 0;
    void send_text(std::string_view text) { send_text(text, SharedBytes()); }
    /// Starts the close handshake; what was sent before still goes out (for at most 5 s).
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    /// Sent and not yet taken by the operating system: do not send above your limit, wait for on_writable().
    [[nodiscard]] virtual std::size_t buffered_bytes() const = 0;
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    [[nodiscard]] virtual bool open() const = 0;
    [[nodiscard]] virtual const std::string& peer_address() const = 0;
};

/// What an application does with it. Calls follow the rules of net/tcp_server.h.
class WebSocketHandler {
  public:
    virtual ~WebSocketHandler() = default;
    /// A whole text message, checked UTF-8, at most message_bytes_max.
    virtual void on_text(std::string_view text) = 0;
    virtual void on_writable() {}
    /// Last call: by which code it ended (1006 when the connection just went).
    virtual void on_close(std::uint16_t code) = 0;
};

struct WebSocketRoute {
    std::string path;
    std::vector<std::string> subprotocols;  ///< the first that the client offers too; none in common is 400
    std::size_t message_bytes_max = 64U << 10;
    /// Asked first, if set: an answer refuses the upgrade.
    std::function<std::optional<HttpResponse>(const HttpRequest&)> refuse = nullptr;
    std::function<Result<std::unique_ptr<WebSocketHandler>>(const HttpRequest&, std::shared_ptr<WebSocket>)>
        open;
};

}  // namespace mr::net
