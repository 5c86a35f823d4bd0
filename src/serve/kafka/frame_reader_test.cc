#include "serve/kafka/frame_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>

namespace mr::serve::kafka {
namespace {

std::string frame(std::int16_t key, std::size_t bytes) {
    std::string out;
    ByteWriter writer(out, Endian::big);
    writer.i32(static_cast<std::int32_t>(bytes));
    writer.i16(key);
    writer.raw(std::string(bytes - 2, 'x'));
    return out;
}

constexpr FrameReader::Limits kLimits{.produce_bytes_max = 1000, .request_bytes_max = 100};

// Goal: frames come out the same however the stream is cut.
TEST(FrameReader, AnyCut) {
    const std::string stream = frame(3, 8) + frame(0, 900) + frame(18, 100);
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        FrameReader reader(kLimits);
        for (std::size_t at = 0; at < stream.size(); at += cut) {
            ASSERT_TRUE(reader.feed(std::string_view(stream).substr(at, cut)));
        }
        EXPECT_EQ(reader.held_bytes(), stream.size());
        std::string again;
        while (reader.has_frame()) {
            const SharedBytes one = reader.pop();
            ByteWriter(again, Endian::big).i32(static_cast<std::int32_t>(one.size()));
            again += one.view();
        }
        EXPECT_EQ(again, stream) << cut;
        EXPECT_EQ(reader.held_bytes(), 0U);
    }
}

// Goal: the same when what is missing of a large frame is received right where it belongs.
TEST(FrameReader, ReceivedInPlace) {
    const FrameReader::Limits limits{.produce_bytes_max = 8U << 20, .request_bytes_max = 1000};
    const std::string stream = frame(3, 8) + frame(0, 5U << 20) + frame(0, 40'000) + frame(18, 100);
    for (const std::size_t cut : {7UL, 1'000UL, 100'000UL, 3UL << 20}) {
        FrameReader reader(limits);
        std::size_t at = 0;
        std::size_t in_place = 0;
        while (at < stream.size()) {
            const std::span<char> room = reader.room();
            const std::size_t n = std::min(cut, stream.size() - at);
            if (room.empty()) {
                ASSERT_TRUE(reader.feed(std::string_view(stream).substr(at, n)));
                at += n;
                continue;
            }
            EXPECT_LE(room.size(), 1U << 20) << "a length is believed only so far as bytes arrive";
            const std::size_t used = std::min(n, room.size());
            stream.copy(room.data(), used, at);
            reader.filled(used);
            at += used;
            in_place += used;
            EXPECT_EQ(reader.held_bytes(), at);
        }
        EXPECT_GT(in_place, 1U << 20);
        std::string again;
        while (reader.has_frame()) {
            const SharedBytes one = reader.pop();
            ByteWriter(again, Endian::big).i32(static_cast<std::int32_t>(one.size()));
            again += one.view();
        }
        EXPECT_TRUE(again == stream) << cut;
        EXPECT_EQ(reader.held_bytes(), 0U);
    }
}

TEST(FrameReader, LimitsByApi) {
    FrameReader produce(kLimits);
    EXPECT_TRUE(produce.feed(frame(0, 1000)));
    EXPECT_FALSE(FrameReader(kLimits).feed(frame(0, 1001)));
    EXPECT_TRUE(FrameReader(kLimits).feed(frame(3, 100)));
    EXPECT_FALSE(FrameReader(kLimits).feed(frame(3, 101)));
}

// Goal: what is no Kafka request is refused by its first bytes, before anything is stored for it.
TEST(FrameReader, Hostile) {
    EXPECT_FALSE(FrameReader(kLimits).feed("GET / HTTP/1.1\r\n"));
    EXPECT_FALSE(FrameReader(kLimits).feed(std::string("\x16\x03\x01\x02\x00", 5)));  // TLS
    EXPECT_FALSE(FrameReader(kLimits).feed(std::string("\x7f\xff\xff\xff", 4)));
    EXPECT_FALSE(FrameReader(kLimits).feed(std::string("\xff\xff\xff\xff", 4)));
    EXPECT_FALSE(FrameReader(kLimits).feed(std::string("\x00\x00\x00\x00", 4)));
    EXPECT_FALSE(FrameReader(kLimits).feed(std::string("\x00\x00\x00\x07", 4)));
    FrameReader reader({.produce_bytes_max = 32U << 20, .request_bytes_max = 8U << 20});
    EXPECT_TRUE(reader.feed(std::string("\x01\xff\xff\xff\x00\x00", 6)));
    EXPECT_EQ(reader.held_bytes(), 6U);
}

}  // namespace
}  // namespace mr::serve::kafka
