#include "wire/compression.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace mr::wire {
namespace {

constexpr std::array kAll = {Compression::none, Compression::gzip, Compression::snappy, Compression::lz4,
                             Compression::zstd};
constexpr std::size_t kPlenty = 64U << 20;

std::string sample(std::size_t size, bool repetitive) {
    std::mt19937 random(7);
    std::string out;
    while (out.size() < size) {
        out += repetitive ? "{\"event\":\"Weigh\",\"n\":" + std::to_string(out.size() % 97) + "}"
                          : std::string(1, static_cast<char>(random()));
    }
    out.resize(size);
    return out;
}

// Goal: what one end compresses the other end gets back, for every codec, at sizes around block boundaries.
TEST(Compression, RoundTrips) {
    for (const Compression codec : kAll) {
        for (const std::size_t size : {0UL, 1UL, 100UL, 32768UL, 32769UL, 65536UL, 1000003UL}) {
            for (const bool repetitive : {true, false}) {
                const std::string plain = sample(size, repetitive);
                std::string packed = "before";
                ASSERT_TRUE(compress(codec, plain, packed));
                std::string back = "kept";
                const Status status = decompress(codec, packed.substr(6), kPlenty, back);
                ASSERT_TRUE(status) << to_string(codec) << " " << size << ": " << status.error().message;
                ASSERT_EQ(back, "kept" + plain) << to_string(codec) << " " << size;
            }
        }
    }
}

// Goal: the bound is exact: size passes, size - 1 is refused as resource_exhausted.
TEST(Compression, BoundIsExact) {
    for (const Compression codec : kAll) {
        for (const std::size_t size : {1UL, 5000UL, 200000UL}) {
            const std::string plain = sample(size, true);
            std::string packed;
            ASSERT_TRUE(compress(codec, plain, packed));
            std::string back;
            EXPECT_TRUE(decompress(codec, packed, size, back)) << to_string(codec) << " " << size;
            back.clear();
            const Status status = decompress(codec, packed, size - 1, back);
            ASSERT_FALSE(status) << to_string(codec) << " " << size;
            EXPECT_EQ(status.error().code, Code::resource_exhausted) << to_string(codec);
            EXPECT_LE(back.size(), size);
        }
    }
}

// Goal: a bomb (1 GiB of zeros in about 1 MiB) is stopped at the bound without allocating what it claims.
TEST(Compression, BombsStopAtTheBound) {
    for (const Compression codec : {Compression::gzip, Compression::lz4, Compression::zstd}) {
        std::string one;
        ASSERT_TRUE(compress(codec, std::string(8U << 20, '\0'), one));
        std::string bomb;
        for (int i = 0; i < 16; ++i) bomb += one;  // concatenated members or frames are one stream
        std::string back;
        const Status status = decompress(codec, bomb, 10U << 20, back);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, Code::resource_exhausted);
        EXPECT_LE(back.capacity(), 40U << 20);
    }
    // Snappy names its size up front: a block that claims 3.9 GB in 6 bytes is a lie, not an allocation.
    std::string back;
    const Status status =
        decompress(Compression::snappy, std::string("\xff\xff\xff\xff\x0e\x00", 6), kPlenty, back);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Code::corrupt);
}

// Goal: every truncation and many bit flips end in an error or in bytes, never in a crash or an endless loop.
TEST(Compression, DamagedInput) {
    std::mt19937 random(11);
    for (const Compression codec : kAll) {
        if (codec == Compression::none) continue;
        std::string packed;
        ASSERT_TRUE(compress(codec, sample(3000, true), packed));
        for (std::size_t length = 0; length < packed.size(); ++length) {
            std::string back;
            const bool ok = decompress(codec, packed.substr(0, length), kPlenty, back).has_value();
            // A snappy stream cut after its header is a valid stream of nothing.
            EXPECT_TRUE(!ok || (codec == Compression::snappy && back.empty())) << to_string(codec) << length;
        }
        for (int i = 0; i < 2000; ++i) {
            std::string damaged = packed;
            damaged[random() % damaged.size()] ^= static_cast<char>(1U << (random() % 8));
            std::string back;
            static_cast<void>(decompress(codec, damaged, kPlenty, back));
            EXPECT_LE(back.size(), kPlenty + 1);
        }
        std::string back;
        EXPECT_FALSE(decompress(codec, "GET / HTTP/1.1", kPlenty, back)) << to_string(codec);
    }
}

// Goal: snappy as librdkafka and Go clients write it: one raw block without xerial's framing; and two xerial
// streams one after the other. Bytes by python-snappy's description of the format, by hand.
TEST(Compression, SnappyRawAndRepeated) {
    std::string back;
    ASSERT_TRUE(decompress(Compression::snappy, std::string("\x05\x10hello", 7), kPlenty, back));
    EXPECT_EQ(back, "hello");
    std::string packed;
    ASSERT_TRUE(compress(Compression::snappy, "one", packed));
    ASSERT_TRUE(compress(Compression::snappy, "two", packed));
    back.clear();
    ASSERT_TRUE(decompress(Compression::snappy, packed, kPlenty, back));
    EXPECT_EQ(back, "onetwo");
}

TEST(Compression, Names) {
    for (const Compression codec : kAll) EXPECT_EQ(*parse_compression(to_string(codec)), codec);
    const auto unknown = parse_compression("snapy");
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().message.find("did you mean `snappy`"), std::string::npos);
}

}  // namespace
}  // namespace mr::wire
