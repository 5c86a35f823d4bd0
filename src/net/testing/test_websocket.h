// A WebSocket client for tests, over TestClient. Header only; not part of the product. Thread: the test's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "net/testing/test_client.h"

namespace mr::net::testing {

class TestWebSocket {
  public:
    TestWebSocket(EventLoop& loop, const HostPort& to, std::string_view path, std::string_view subprotocol)
        : client_(loop, to) {
        client_.send(
            "GET " + std::string(path) +
            " HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: " +
            std::string(subprotocol) + "\r\n\r\n");
        client_.wait_text("\r\n\r\n");
        std::string& in = client_.received();
        if (!in.starts_with("HTTP/1.1 101 ")) return;
        upgraded_ = true;
        const std::size_t end = in.find("\r\n\r\n") + 4;
        response_ = in.substr(0, end);
        in.erase(0, end);
    }

    [[nodiscard]] bool upgraded() const { return upgraded_; }
    [[nodiscard]] const std::string& response() const { return response_; }
    [[nodiscard]] TestClient& client() { return client_; }
    [[nodiscard]] const std::string& close_reason() const { return close_reason_; }

    void send_text(std::string_view text) { send_frame(0x81, text); }
    /// Masked with zeros: legal, and readable in a dump.
    void send_frame(std::uint8_t first, std::string_view payload) {
        std::string frame(1, static_cast<char>(first));
        ByteWriter w(frame, Endian::big);
        if (payload.size() < 126) {
            w.u8(static_cast<std::uint8_t>(0x80 | payload.size()));
        } else if (payload.size() <= 0xffff) {
            w.u8(0x80 | 126);
            w.u16(static_cast<std::uint16_t>(payload.size()));
        } else {
            w.u8(0x80 | 127);
            w.u64(payload.size());
        }
        w.raw(std::string_view("\0\0\0\0", 4));
        w.raw(payload);
        client_.send(frame);
    }
    /// The next text frame that is already here.
    std::optional<std::string> take_text() {
        client_.poll();
        return take(1);
    }
    /// Runs the loop until a text frame comes; nothing if none does.
    std::optional<std::string> wait_text() {
        std::optional<std::string> text;
        client_.wait([&](const std::string&) { return text || (text = take(1)); });
        return text;
    }
    /// Runs the loop until a close frame comes; its code, or 0.
    std::uint16_t wait_close() {
        std::optional<std::string> payload;
        client_.wait([&](const std::string&) { return payload || (payload = take(8)); });
        if (!payload || payload->size() < 2) return 0;
        close_reason_ = payload->substr(2);
        return ByteReader(*payload, Endian::big).u16();
    }

  private:
    /// Takes frames off the front, dropping others, until one with `opcode`.
    std::optional<std::string> take(std::uint8_t opcode) {
        std::string& in = client_.received();
        for (;;) {
            ByteReader reader(in, Endian::big);
            const std::uint8_t first = reader.u8();
            std::uint64_t length = reader.u8();
            if (length == 126) length = reader.u16();
            if (length == 127) length = reader.u64();
            const std::string payload(reader.raw(length));
            if (reader.bad()) return std::nullopt;
            in.erase(0, reader.position());
            if ((first & 15) == opcode) return payload;
        }
    }
    TestClient client_;
    bool upgraded_ = false;
    std::string response_;
    std::string close_reason_;
};

}  // namespace mr::net::testing
