// WebSocket frames as pure functions on bytes (RFC 6455): the server's side. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mr::net {

enum class WebSocketOpcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

/// Close codes we send (RFC 6455, section 7.4; 4000 and above are ours).
namespace close_code {
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kUnsupportedData = 1003;
inline constexpr std::uint16_t kNoStatus = 1005;  ///< never sent: a close frame without a code
inline constexpr std::uint16_t kAbnormal = 1006;  ///< never sent: the connection just went
inline constexpr std::uint16_t kInvalidText = 1007;
inline constexpr std::uint16_t kPolicyViolation = 1008;
inline constexpr std::uint16_t kTooBig = 1009;
inline constexpr std::uint16_t kServiceRestart = 1012;
}  // namespace close_code

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string websocket_accept(std::string_view key);

/// The header of an unmasked, unfragmented frame: append the payload after it.
std::string websocket_header(WebSocketOpcode opcode, std::size_t payload_bytes);
/// Payload of a close frame.
std::string websocket_close_payload(std::uint16_t code, std::string_view reason);

struct WebSocketError {
    std::uint16_t code = close_code::kProtocolError;
    std::string reason;
};

/// A whole message or a control frame.
struct WebSocketMessage {
    WebSocketOpcode opcode = WebSocketOpcode::text;
    std::string_view payload;  ///< text is checked UTF-8; valid during the call
};

/// Reassembles what a client sends: masked frames cut anywhere, fragments, control frames between them.
class WebSocketDecoder {
  public:
    explicit WebSocketDecoder(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

    /// Calls `sink` for each complete message; stops and returns at the first error, or when sink says false.
    std::optional<WebSocketError> feed(std::string_view bytes,
                                       const std::function<bool(const WebSocketMessage&)>& sink);

  private:
    std::optional<WebSocketError> frame(WebSocketOpcode opcode, bool last, std::string_view payload,
                                        const std::function<bool(const WebSocketMessage&)>& sink,
                                        bool& go_on);
    const std::size_t message_bytes_max_;
    std::string pending_;                            ///< bytes of an incomplete frame
    std::string message_;                            ///< fragments so far
    std::optional<WebSocketOpcode> message_opcode_;  ///< of the fragmented message under way
};

}  // namespace mr::net
