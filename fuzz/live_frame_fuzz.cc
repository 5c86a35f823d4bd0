// Frames a browser sends to /api/v1/live: WebSocket framing first, then the JSON in it. The first byte says
// how the bytes are cut. Invariants: no crash; a cut changes nothing; a message is never larger than allowed.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "net/websocket_codec.h"
#include "serve/live/frames.h"

namespace {

constexpr std::size_t kMessageMax = 2'048;

std::string decode(std::string_view bytes, std::size_t cut) {
    std::string log;
    mr::net::WebSocketDecoder decoder(kMessageMax);
    while (!bytes.empty()) {
        const std::string_view part = bytes.substr(0, cut);
        bytes.remove_prefix(part.size());
        const auto error = decoder.feed(part, [&](const mr::net::WebSocketMessage& message) {
            MR_CHECK(message.payload.size() <= kMessageMax, "{}", message.payload.size());
            log += std::to_string(static_cast<int>(message.opcode)) + std::string(message.payload) + "\n";
            static_cast<void>(mr::serve::parse_client_frame(message.payload));
            return true;
        });
        if (error) return log + std::to_string(error->code);
    }
    return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    MR_CHECK(decode(bytes, bytes.size() + 1) == decode(bytes, std::size_t{1} + data[0]));
    static_cast<void>(mr::serve::parse_client_frame(bytes));
    return 0;
}
