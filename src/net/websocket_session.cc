#include "net/internal/websocket_session.h"

#include "base/log.h"

namespace mr::net {
namespace {

constexpr std::int64_t kCloseTimeoutMs = 5'000;
// Pongs to a peer that pings and does not read must not pile up.
constexpr std::size_t kPongBacklogBytes = 1U << 20;

}  // namespace

WebSocketSession::WebSocketSession(EventLoop& loop, std::shared_ptr<Connection> connection,
                                   std::size_t message_bytes_max)
    : loop_(loop), connection_(std::move(connection)), decoder_(message_bytes_max) {}

void WebSocketSession::start(std::unique_ptr<WebSocketHandler> handler) {
    handler_ = std::move(handler);
}

void WebSocketSession::send_frame(WebSocketOpcode opcode, std::string_view payload) {
    std::string frame = websocket_header(opcode, payload.size());
    frame.append(payload);
    connection_->send(SharedBytes(std::move(frame)));
}

void WebSocketSession::send_text(std::string_view head, const SharedBytes& tail) {
    if (!open()) return;
    std::string start = websocket_header(WebSocketOpcode::text, head.size() + tail.size());
    start.append(head);
    connection_->send(SharedBytes(std::move(start)));
    connection_->send(tail);
}

void WebSocketSession::close(std::uint16_t code, std::string_view reason) {
    if (closing_ || !connection_->open()) return;
    closing_ = true;
    if (!code_) code_ = code;
    send_frame(WebSocketOpcode::close,
               code == close_code::kNoStatus ? std::string() : websocket_close_payload(code, reason));
    connection_->resume_reading();  // to see the peer's close frame
    close_timer_ = loop_.after(kCloseTimeoutMs, [weak = std::weak_ptr(connection_)] {
        if (const auto connection = weak.lock()) connection->close();
    });
}

void WebSocketSession::on_bytes(std::string_view bytes) {
    const auto error = decoder_.feed(bytes, [this](const WebSocketMessage& m) { return on_message(m); });
    if (!error) return;
    log_debug("net", "websocket of {} closed: {}", connection_->peer_address(), error->reason);
    close(error->code, error->reason);
    connection_->close();
}

bool WebSocketSession::on_message(const WebSocketMessage& message) {
    switch (message.opcode) {
        case WebSocketOpcode::text:
            if (!closing_) handler_->on_text(message.payload);
            return true;
        case WebSocketOpcode::ping:
            if (!closing_ && connection_->buffered_bytes() < kPongBacklogBytes) {
                send_frame(WebSocketOpcode::pong, message.payload);
            }
            return true;
        case WebSocketOpcode::close: {
            const auto code = message.payload.size() >= 2 ? ByteReader(message.payload, Endian::big).u16()
                                                          : close_code::kNoStatus;
            close(code, {});  // the echo, unless ours was first
            connection_->close();
            return false;
        }
        case WebSocketOpcode::binary:
            close(close_code::kUnsupportedData, "only text messages are understood");
            return true;
        case WebSocketOpcode::pong:
        case WebSocketOpcode::continuation:
            return true;
    }
    return true;
}

void WebSocketSession::on_writable() {
    if (!closing_) handler_->on_writable();
}

void WebSocketSession::on_connection_closed() {
    closing_ = true;
    close_timer_.cancel();
    if (const auto handler = std::move(handler_)) handler->on_close(code_.value_or(close_code::kAbnormal));
}

}  // namespace mr::net
