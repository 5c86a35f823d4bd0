// WebSocket frames: RFC 6455's own examples, any cut, and what must be refused.
#include "net/websocket_codec.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/bytes.h"

namespace mr::net {
namespace {

std::string client_frame(std::uint8_t first, std::string_view payload, bool masked = true) {
    std::string out(1, static_cast<char>(first));
    ByteWriter w(out, Endian::big);
    const std::uint8_t bit = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        w.u8(static_cast<std::uint8_t>(bit | payload.size()));
    } else if (payload.size() <= 0xffff) {
        w.u8(bit | 126);
        w.u16(static_cast<std::uint16_t>(payload.size()));
    } else {
        w.u8(bit | 127);
        w.u64(payload.size());
    }
    const std::string_view mask("\x37\xfa\x21\x3d", 4);
    if (masked) w.raw(mask);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out.push_back(static_cast<char>(payload[i] ^ (masked ? mask[i & 3] : 0)));
    }
    return out;
}

struct Got {
    std::vector<std::pair<WebSocketOpcode, std::string>> messages;
    std::uint16_t error = 0;
};

Got decode(std::string_view bytes, std::size_t step = 1 << 20, std::size_t max = 1'000) {
    Got got;
    WebSocketDecoder decoder(max);
    for (std::size_t at = 0; at < bytes.size() && got.error == 0; at += step) {
        const auto error = decoder.feed(bytes.substr(at, step), [&](const WebSocketMessage& m) {
            got.messages.emplace_back(m.opcode, std::string(m.payload));
            return true;
        });
        if (error) got.error = error->code;
    }
    return got;
}

TEST(WebSocketCodec, Rfc6455Examples) {
    EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    // Section 5.7: a masked "Hello".
    EXPECT_EQ(client_frame(0x81, "Hello"), std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11));
    EXPECT_EQ(websocket_header(WebSocketOpcode::text, 5) + "Hello", "\x81\x05Hello");
    EXPECT_EQ(websocket_header(WebSocketOpcode::binary, 256), std::string("\x82\x7e\x01\x00", 4));
    EXPECT_EQ(websocket_header(WebSocketOpcode::binary, 65536),
              std::string("\x82\x7f\0\0\0\0\0\x01\0\0", 10));
}

TEST(WebSocketCodec, TheDocumentsHeartbeat) {
    const std::string payload = R"({"t":"hb","now":1795380270000})";
    EXPECT_EQ(
        hex(websocket_header(WebSocketOpcode::text, payload.size()) + payload),
        "81 1e 7b 22 74 22 3a 22 68 62 22 2c 22 6e 6f 77 22 3a 31 37 39 35 33 38 30 32 37 30 30 30 30 7d");
}

TEST(WebSocketCodec, AnyCutAndFragmentsWithControlFramesBetween) {
    const std::string bytes = client_frame(0x81, "one") + client_frame(0x01, "tw") +
                              client_frame(0x89, "ping") + client_frame(0x80, "o") +
                              client_frame(0x81, std::string(300, 'x')) +
                              client_frame(0x88, std::string("\x03\xe8"
                                                             "bye",
                                                             5));
    for (const std::size_t step : {1UL, 2UL, 3UL, 7UL, 64UL, 4096UL}) {
        const Got got = decode(bytes, step);
        ASSERT_EQ(got.messages.size(), 5U) << step;
        EXPECT_EQ(got.messages[0].second, "one");
        EXPECT_EQ(got.messages[1].first, WebSocketOpcode::ping);
        EXPECT_EQ(got.messages[2].second, "two");
        EXPECT_EQ(got.messages[3].second.size(), 300U);
        EXPECT_EQ(got.messages[4].first, WebSocketOpcode::close);
        EXPECT_EQ(got.error, 0);
    }
}

TEST(WebSocketCodec, Refuses) {
    EXPECT_EQ(decode(client_frame(0x81, "x", false)).error, close_code::kProtocolError) << "unmasked";
    EXPECT_EQ(decode(client_frame(0xc1, "x")).error, close_code::kProtocolError) << "reserved bit";
    EXPECT_EQ(decode(client_frame(0x83, "x")).error, close_code::kProtocolError) << "opcode";
    EXPECT_EQ(decode(client_frame(0x09, "x")).error, close_code::kProtocolError) << "fragmented ping";
    EXPECT_EQ(decode(client_frame(0x89, std::string(126, 'x'))).error, close_code::kProtocolError);
    EXPECT_EQ(decode(client_frame(0x80, "x")).error, close_code::kProtocolError) << "nothing to continue";
    EXPECT_EQ(decode(client_frame(0x01, "x") + client_frame(0x81, "y")).error, close_code::kProtocolError);
    EXPECT_EQ(decode(client_frame(0x81, "\xff")).error, close_code::kInvalidText);
    EXPECT_EQ(decode(client_frame(0x88, "x")).error, close_code::kProtocolError) << "half a code";
    EXPECT_EQ(decode(client_frame(0x88, std::string("\x03\xed", 2))).error, close_code::kProtocolError)
        << "1005";
    EXPECT_EQ(decode(client_frame(0x81, std::string(1001, 'x'))).error, close_code::kTooBig);
    std::string fragments;
    for (int i = 0; i < 20; ++i) fragments += client_frame(i == 0 ? 0x01 : 0x00, std::string(100, 'x'));
    EXPECT_EQ(decode(fragments).error, close_code::kTooBig) << "the sum counts";
    // A length near 2^64 must not overflow the check.
    EXPECT_EQ(decode(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "abcd").error,
              close_code::kTooBig);
}

}  // namespace
}  // namespace mr::net
