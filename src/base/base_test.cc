// Goal: the small pieces keep their promises: checksum, suggestions, channel, metrics, files.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <thread>
#include <vector>

#include "base/channel.h"
#include "base/crc32c.h"
#include "base/disk_file.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/quantity.h"
#include "base/sim_file_system.h"
#include "base/suggest.h"
#include "base/uuid.h"

namespace mr {
namespace {

TEST(Crc32c, KnownValuesAndContinuation) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);  // RFC 3720, B.4
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
    EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST(Quantity, AsFlinkReadsThem) {
    EXPECT_EQ(parse_duration_ms("7 d"), 7 * 86'400'000);
    EXPECT_EQ(parse_duration_ms("30min"), 1'800'000);
    EXPECT_EQ(parse_duration_ms(" 10 Seconds "), 10'000);
    EXPECT_EQ(parse_duration_ms("250"), 250);
    for (const char* bad : {"", "d", "-1 d", "1 fortnight", "99999999999999 d", "1.5 h"}) {
        EXPECT_FALSE(parse_duration_ms(bad)) << bad;
    }
    EXPECT_EQ(parse_bytes("64MiB"), 64 << 20);
    EXPECT_EQ(parse_bytes("1 gb"), 1 << 30);
    EXPECT_EQ(parse_bytes("65536"), 65'536);
    EXPECT_FALSE(parse_bytes("1 parsec"));
    EXPECT_FALSE(parse_bytes("9999999999 gb"));
    EXPECT_FALSE(parse_count("5 d"));
}

// Goal: however long, and wherever blocks begin and end, it is the sum of its bytes one by one.
TEST(Crc32c, LongInputsAreTheirBytes) {
    std::string bytes(40'000, '\0');
    std::uint32_t random = 1;
    for (char& c : bytes) c = static_cast<char>((random = random * 1'664'525 + 1'013'904'223) >> 24);
    std::uint32_t expected = 7;
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        if (length % 97 == 0 || length < 2'000 || length > bytes.size() - 20) {
            ASSERT_EQ(crc32c(std::string_view(bytes).substr(0, length), 7), expected) << length;
        }
        if (length < bytes.size()) expected = crc32c(std::string_view(bytes).substr(length, 1), expected);
    }
}

TEST(Suggest, FindsTyposOnly) {
    const std::vector<std::string> names = {"order_id", "warehouse", "status"};
    EXPECT_EQ(nearest_name("ordr_id", names), "order_id");
    EXPECT_EQ(nearest_name("STATSU", names), "status");
    EXPECT_EQ(nearest_name("temperature", names), std::nullopt);
}

TEST(Channel, RefusesWhenFullAndWakesOnce) {
    int woken = 0;
    Channel<int> channel(2, [&] { ++woken; });
    int a = 1, b = 2, c = 3;
    EXPECT_TRUE(channel.try_push(a));
    EXPECT_TRUE(channel.try_push(b));
    EXPECT_FALSE(channel.try_push(c));
    EXPECT_EQ(woken, 1);
    std::vector<int> out;
    EXPECT_TRUE(channel.drain(out));
    EXPECT_EQ(out, (std::vector<int>{1, 2}));
    EXPECT_FALSE(channel.drain(out));
}

TEST(Channel, CloseReleasesAWaitingProducer) {
    Channel<int> channel(1);
    channel.push(1);
    std::thread producer([&] { EXPECT_FALSE(channel.push(2)); });
    channel.close();
    producer.join();
}

TEST(Metrics, PrintsPrometheusText) {
    Metrics metrics;
    metrics.counter("millrace_events_in_total", "Events received.", "stream=\"a\"").add(3);
    metrics.histogram("millrace_query_seconds", "Queries.").record_ns(1'500'000);
    const std::string text = metrics.text();
    EXPECT_NE(text.find("millrace_events_in_total{stream=\"a\"} 3\n"), std::string::npos);
    EXPECT_NE(text.find("millrace_query_seconds_bucket{le=\"0.2\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("millrace_query_seconds_bucket{le=\"0.001\"} 0\n"), std::string::npos);
}

TEST(Uuid, TextRoundTrip) {
    const Uuid id = Uuid::random();
    EXPECT_EQ(Uuid::parse(id.to_string()).value(), id);
    EXPECT_FALSE(Uuid::parse("nope").has_value());
}

// Goal: gathered writes put down the same bytes on any file system, however many and long the parts are.
TEST(FileSystem, PartsAreWrittenTogether) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < 1'000; ++i)
        parts.push_back(std::string(i * 37 % 4'000, static_cast<char>(i)));
    const std::vector<std::string_view> views(parts.begin(), parts.end());
    std::string wanted = "....";
    for (const auto& part : parts) wanted += part;
    char pattern[] = "/tmp/mr_parts_XXXXXX";
    const std::string directory = ::mkdtemp(pattern);
    SimFileSystem sim(1);
    ASSERT_TRUE(sim.make_dirs(directory));
    for (FileSystem* fs : std::initializer_list<FileSystem*>{&posix_file_system(), &sim}) {
        auto file = fs->open(directory + "/f", FileSystem::Mode::create);
        ASSERT_TRUE(file);
        ASSERT_TRUE((*file)->write_at(0, "...."));
        ASSERT_TRUE(write_parts(**file, 4, views));
        ASSERT_TRUE(write_parts(**file, 4, {}));
        std::string read;
        ASSERT_TRUE((*file)->read_at(0, wanted.size() + 1, read));
        EXPECT_EQ(read, wanted);
        // Just written, so in memory; some file systems cannot say.
        const auto cached = read_cached(**file, 2, wanted.size(), read);
        ASSERT_TRUE(cached);
        EXPECT_TRUE(!*cached || read == wanted.substr(2));
    }
    std::filesystem::remove_all(directory);
}

// Goal: a read gives what was asked for and no more, whatever room the string had before.
TEST(FileSystem, ReadsNoMoreThanWasAskedFor) {
    char pattern[] = "/tmp/mr_read_XXXXXX";
    const std::string directory = ::mkdtemp(pattern);
    auto file = posix_file_system().open(directory + "/f", FileSystem::Mode::create);
    ASSERT_TRUE(file);
    const std::string all(1'000, 'x');
    ASSERT_TRUE((*file)->write_at(0, all));
    for (const std::size_t room : {0U, 20U, 100U, 500U}) {
        for (std::size_t length = 0; length < 600; length += 7) {
            std::string read;
            read.reserve(room);
            ASSERT_TRUE((*file)->read_at(3, length, read));
            EXPECT_EQ(read.size(), length) << room;
            std::string cached;
            cached.reserve(room);
            ASSERT_TRUE(read_cached(**file, 3, length, cached));
            EXPECT_LE(cached.size(), length) << room;
        }
    }
    std::filesystem::remove_all(directory);
}

TEST(FileSystem, AtomicWriteLinkAndLock) {
    char dir[] = "/tmp/mr_fs_XXXXXX";
    ASSERT_NE(::mkdtemp(dir), nullptr);
    FileSystem& fs = posix_file_system();
    const std::string path = join_path(dir, "x");
    ASSERT_TRUE(write_file_atomic(fs, path, "one").has_value());
    ASSERT_TRUE(write_file_atomic(fs, path, "two").has_value());
    EXPECT_EQ(read_file(fs, path).value(), "two");
    EXPECT_EQ(fs.link(path, path).error().code, Code::already_exists);
    EXPECT_EQ(fs.open(join_path(dir, "y"), FileSystem::Mode::read).error().code, Code::not_found);
    auto held = fs.lock(join_path(dir, "lock"));
    ASSERT_TRUE(held.has_value());
    EXPECT_EQ(fs.lock(join_path(dir, "lock")).error().code, Code::unavailable);
    std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace mr
