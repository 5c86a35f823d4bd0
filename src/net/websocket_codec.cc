#include "net/websocket_codec.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/check.h"

namespace mr::net {
namespace {

constexpr std::size_t kControlBytesMax = 125;  // RFC 6455, section 5.5

bool is_control(WebSocketOpcode opcode) {
    return static_cast<std::uint8_t>(opcode) >= 8;
}

bool is_known(std::uint8_t opcode) {
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

bool may_be_sent(std::uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

struct Header {
    bool last = false;
    WebSocketOpcode opcode{};
    std::uint64_t length = 0;
    std::array<char, 4> mask{};
    std::size_t size = 0;  ///< 0: more bytes needed
};

std::optional<WebSocketError> parse_header(std::string_view bytes, Header& out) {
    out.size = 0;
    if (bytes.size() < 2) return std::nullopt;
    const auto first = static_cast<std::uint8_t>(bytes[0]);
    const auto second = static_cast<std::uint8_t>(bytes[1]);
    if ((first & 0x70) != 0) return WebSocketError{close_code::kProtocolError, "reserved bits set"};
    if (!is_known(first & 15)) return WebSocketError{close_code::kProtocolError, "unknown opcode"};
    if ((second & 0x80) == 0) return WebSocketError{close_code::kProtocolError, "frame is not masked"};
    out.last = (first & 0x80) != 0;
    out.opcode = static_cast<WebSocketOpcode>(first & 15);
    if (is_control(out.opcode) && (!out.last || (second & 0x7f) > kControlBytesMax)) {
        return WebSocketError{close_code::kProtocolError, "long or fragmented control frame"};
    }
    ByteReader reader(bytes.substr(2), Endian::big);
    out.length = second & 0x7f;
    if (out.length == 126) out.length = reader.u16();
    if (out.length == 127) out.length = reader.u64();
    const std::string_view mask = reader.raw(4);
    if (reader.bad()) return std::nullopt;
    std::copy(mask.begin(), mask.end(), out.mask.begin());
    out.size = 2 + reader.position();
    return std::nullopt;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // section 1.3
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    MR_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
    return base64_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

std::string websocket_header(WebSocketOpcode opcode, std::size_t payload_bytes) {
    std::string out;
    ByteWriter w(out, Endian::big);
    w.u8(static_cast<std::uint8_t>(0x80U | static_cast<std::uint8_t>(opcode)));
    if (payload_bytes < 126) {
        w.u8(static_cast<std::uint8_t>(payload_bytes));
    } else if (payload_bytes <= 0xffff) {
        w.u8(126);
        w.u16(static_cast<std::uint16_t>(payload_bytes));
    } else {
        w.u8(127);
        w.u64(payload_bytes);
    }
    return out;
}

std::string websocket_close_payload(std::uint16_t code, std::string_view reason) {
    std::string out;
    ByteWriter(out, Endian::big).u16(code);
    out.append(reason.substr(0, kControlBytesMax - 2));
    return out;
}

std::optional<WebSocketError> WebSocketDecoder::frame(
    WebSocketOpcode opcode, bool last, std::string_view payload,
    const std::function<bool(const WebSocketMessage&)>& sink, bool& go_on) {
    if (opcode == WebSocketOpcode::close) {
        const bool coded = payload.size() >= 2;
        const auto code = coded ? ByteReader(payload, Endian::big).u16() : close_code::kNoStatus;
        if (payload.size() == 1 || (coded && !may_be_sent(code))) {
            return WebSocketError{close_code::kProtocolError, "bad close code"};
        }
        if (coded && !simdjson::validate_utf8(payload.data() + 2, payload.size() - 2)) {
            return WebSocketError{close_code::kInvalidText, "close reason is not UTF-8"};
        }
    }
    if (is_control(opcode)) {
        go_on = sink({opcode, payload});
        return std::nullopt;
    }
    if ((opcode == WebSocketOpcode::continuation) != message_opcode_.has_value()) {
        return WebSocketError{close_code::kProtocolError, "fragments out of order"};
    }
    const WebSocketOpcode whole = message_opcode_.value_or(opcode);
    std::string_view text = payload;
    if (!last || message_opcode_) {
        message_.append(payload);
        message_opcode_ = whole;
        if (!last) return std::nullopt;
        text = message_;
    }
    if (whole == WebSocketOpcode::text && !simdjson::validate_utf8(text.data(), text.size())) {
        return WebSocketError{close_code::kInvalidText, "text is not UTF-8"};
    }
    go_on = sink({whole, text});
    message_.clear();
    message_opcode_.reset();
    return std::nullopt;
}

std::optional<WebSocketError> WebSocketDecoder::feed(
    std::string_view bytes, const std::function<bool(const WebSocketMessage&)>& sink) {
    pending_.append(bytes);
    std::size_t used = 0;
    bool go_on = true;
    std::optional<WebSocketError> error;
    while (go_on && !error) {
        Header header;
        error = parse_header(std::string_view(pending_).substr(used), header);
        if (error || header.size == 0) break;
        if (!is_control(header.opcode) &&
            (header.length > message_bytes_max_ || header.length + message_.size() > message_bytes_max_)) {
            error = WebSocketError{close_code::kTooBig,
                                   fmt::format("a message exceeds {} bytes", message_bytes_max_)};
            break;
        }
        const std::size_t start = used + header.size;
        if (pending_.size() - start < header.length) break;
        const auto length = static_cast<std::size_t>(header.length);
        for (std::size_t i = 0; i < length; ++i) pending_[start + i] ^= header.mask[i & 3];
        used = start + length;
        error =
            frame(header.opcode, header.last, std::string_view(pending_).substr(start, length), sink, go_on);
    }
    pending_.erase(0, used);
    return error;
}

}  // namespace mr::net
