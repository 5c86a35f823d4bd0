// The server's end of one WebSocket: frames to messages, pings, the close handshake. Thread: loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/tcp_server.h"
#include "net/websocket.h"
#include "net/websocket_codec.h"

namespace mr::net {

class WebSocketSession final : public WebSocket {
  public:
    WebSocketSession(EventLoop& loop, std::shared_ptr<Connection> connection, std::size_t message_bytes_max);

    void start(std::unique_ptr<WebSocketHandler> handler);
    void on_bytes(std::string_view bytes);
    void on_writable();
    /// The connection has gone; ends the handler.
    void on_connection_closed();
    void ping() { send_frame(WebSocketOpcode::ping, {}); }

    using WebSocket::send_text;
    void send_text(std::string_view head, const SharedBytes& tail) override;
    void close(std::uint16_t code, std::string_view reason) override;
    [[nodiscard]] std::size_t buffered_bytes() const override { return connection_->buffered_bytes(); }
    void pause_reading() override { connection_->pause_reading(); }
    void resume_reading() override { connection_->resume_reading(); }
    [[nodiscard]] bool open() const override { return !closing_ && connection_->open(); }
    [[nodiscard]] const std::string& peer_address() const override { return connection_->peer_address(); }

  private:
    bool on_message(const WebSocketMessage& message);
    void send_frame(WebSocketOpcode opcode, std::string_view payload);

    EventLoop& loop_;
    std::shared_ptr<Connection> connection_;
    std::unique_ptr<WebSocketHandler> handler_;
    WebSocketDecoder decoder_;
    std::optional<std::uint16_t> code_;  ///< of the close, once known
    bool closing_ = false;               ///< our close frame was sent
    Timer close_timer_;
};

}  // namespace mr::net
