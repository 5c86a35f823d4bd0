// The listener and its connections over real sockets on 127.0.0.1, the loop driven by the test.
#include "net/tcp_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "net/testing/test_client.h"

namespace mr::net {
namespace {

using testing::run_until;
using testing::TestClient;

struct Log {
    std::vector<std::shared_ptr<Connection>> connections;
    std::string bytes;
    std::string room;  ///< where sessions want their bytes; empty: nowhere
    std::size_t filled = 0;
    int closed = 0;
    int writable = 0;
    std::function<void(Connection&, std::string_view)> on_bytes;
};

class LoggingSession final : public Session {
  public:
    LoggingSession(Log& log, std::shared_ptr<Connection> connection)
        : log_(log), connection_(std::move(connection)) {}
    void on_bytes(std::string_view bytes) override {
        log_.bytes += bytes;
        if (log_.on_bytes) log_.on_bytes(*connection_, bytes);
    }
    std::span<char> room() override { return std::span(log_.room).subspan(log_.filled); }
    void on_filled(std::size_t bytes) override { log_.filled += bytes; }
    void on_writable() override { ++log_.writable; }
    void on_close() override { ++log_.closed; }

  private:
    Log& log_;
    std::shared_ptr<Connection> connection_;
};

class TcpServerTest : public ::testing::Test {
  protected:
    void listen(TcpServerOptions options = {}) {
        auto server = TcpServer::listen(loop_, options, [this](std::shared_ptr<Connection> connection) {
            log_.connections.push_back(connection);
            return std::make_unique<LoggingSession>(log_, connection);
        });
        ASSERT_TRUE(server) << server.error().message;
        server_ = std::move(*server);
    }
    VirtualClock clock_{TimestampMs(1'000)};
    EventLoop loop_{clock_};
    Log log_;
    std::unique_ptr<TcpServer> server_;
};

TEST_F(TcpServerTest, EchoesBytes) {
    listen();
    ASSERT_NE(server_->bound().port, 0);
    log_.on_bytes = [](Connection& c, std::string_view bytes) {
        c.send(std::string("<"));
        c.send(std::string(bytes));
        c.send(std::string(">"));
    };
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.connected());
    ASSERT_TRUE(client.send("hello"));
    ASSERT_TRUE(client.wait_text("<hello>"));
    EXPECT_EQ(log_.connections.at(0)->peer_address().substr(0, 10), "127.0.0.1:");
    EXPECT_EQ(log_.connections.at(0)->local_address(), server_->bound().to_string());
    client.disconnect();
    ASSERT_TRUE(run_until(loop_, [&] { return log_.closed == 1 && server_->connections() == 0; }));
    EXPECT_FALSE(log_.connections[0]->open());
    log_.connections[0]->send(std::string("into the void"));
    EXPECT_EQ(log_.connections[0]->buffered_bytes(), 0U);
}

TEST_F(TcpServerTest, LargeSendIsQueuedAndDrains) {
    listen();
    const std::string big(20U << 20, 'x');
    log_.on_bytes = [&](Connection& c, std::string_view) { c.send(big); };
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send("go"));
    ASSERT_TRUE(run_until(loop_, [&] {
        loop_.run_once(0);
        return !log_.connections.empty() && log_.connections[0]->buffered_bytes() > 0;
    }));
    EXPECT_EQ(log_.writable, 0);
    ASSERT_TRUE(client.wait_bytes(big.size()));
    EXPECT_EQ(client.received(), big);
    ASSERT_TRUE(run_until(loop_, [&] { return log_.connections[0]->buffered_bytes() == 0; }));
    EXPECT_GE(log_.writable, 1);
}

/// A file of its own, gone with the test.
class TestFile {
  public:
    explicit TestFile(std::string_view contents) {
        char pattern[] = "/tmp/mr_slice_XXXXXX";
        directory_ = ::mkdtemp(pattern);
        file_ = std::move(*posix_file_system().open(directory_ + "/f", FileSystem::Mode::create));
        EXPECT_TRUE(file_->write_at(0, contents));
    }
    ~TestFile() { std::filesystem::remove_all(directory_); }
    [[nodiscard]] FileSlice slice(std::size_t from, std::size_t size) const {
        return {std::dynamic_pointer_cast<const DiskFile>(file_), from, size};
    }
    File& file() { return *file_; }

  private:
    std::string directory_;
    std::shared_ptr<File> file_;
};

std::string numbered(std::size_t size) {
    std::string out;
    for (std::uint64_t n = 0; out.size() < size; ++n) out += fmt::format("{:x},", n);
    out.resize(size);
    return out;
}

// Goal: parts of files go out in order with what stands before, between and behind them.
TEST_F(TcpServerTest, SendsPartsOfFiles) {
    listen();
    const std::string contents = numbered(9U << 20);
    const TestFile file(contents);
    log_.on_bytes = [&](Connection& c, std::string_view) {
        c.send(std::string("<"));
        c.send_piece(file.slice(3, contents.size() - 3));
        c.send_file(file.slice(0, 0));
        c.send_file(file.slice(7, 1));
        c.send_piece(SharedBytes(std::string("|")));
        c.send_file(file.slice(100, 1'000));
    };
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send("go"));
    const std::string wanted = "<" + contents.substr(3) + contents[7] + "|" + contents.substr(100, 1'000);
    ASSERT_TRUE(client.wait_bytes(wanted.size()));
    EXPECT_TRUE(client.received() == wanted);
    ASSERT_TRUE(run_until(loop_, [&] { return log_.connections[0]->buffered_bytes() == 0; }));
    EXPECT_GE(log_.writable, 1);
}

TEST_F(TcpServerTest, AFileThatWasCutShortEndsTheConnection) {
    listen();
    TestFile file(std::string(1'000, 'f'));
    log_.on_bytes = [&](Connection& c, std::string_view) { c.send_file(file.slice(500, 1'000)); };
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send("go"));
    ASSERT_TRUE(client.wait_end());
    EXPECT_EQ(client.received(), std::string(500, 'f'));
    EXPECT_TRUE(run_until(loop_, [&] { return log_.closed == 1; }));
}

TEST_F(TcpServerTest, BytesGoWhereTheSessionWantsThem) {
    listen();
    log_.room.resize(300'000);
    TestClient client(loop_, server_->bound());
    const std::string sent = numbered(300'010);
    ASSERT_TRUE(client.send(sent));
    ASSERT_TRUE(run_until(loop_, [&] { return log_.bytes.size() == 10; }));
    EXPECT_TRUE(log_.room + log_.bytes == sent);
}

TEST_F(TcpServerTest, CloseFlushesFirst) {
    listen();
    const std::string big(8U << 20, 'y');
    log_.on_bytes = [&](Connection& c, std::string_view) {
        c.send(big);
        c.close();
        c.send(std::string("never"));
    };
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send("go"));
    ASSERT_TRUE(client.wait_end());
    EXPECT_EQ(client.received().size(), big.size());
    EXPECT_EQ(log_.closed, 0) << "our side is shut, the peer's is not";
    client.disconnect();
    EXPECT_TRUE(run_until(loop_, [&] { return log_.closed == 1; }));
}

TEST_F(TcpServerTest, CloseGivesUpOnAPeerThatDoesNotRead) {
    listen();
    log_.on_bytes = [&](Connection& c, std::string_view) {
        c.send(std::string(64U << 20, 'z'));
        c.close();
    };
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send("go"));
    ASSERT_TRUE(run_until(loop_, [&] { return !log_.bytes.empty(); }));
    for (int i = 0; i < 100; ++i) loop_.run_once(0);
    EXPECT_EQ(log_.closed, 0);
    clock_.advance_ms(5'001);
    EXPECT_TRUE(run_until(loop_, [&] { return log_.closed == 1 && server_->connections() == 0; }));
}

TEST_F(TcpServerTest, PausedReadingHoldsThePeerBack) {
    listen();
    log_.on_bytes = [&](Connection& c, std::string_view) { c.pause_reading(); };
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(client.send("a"));
    ASSERT_TRUE(run_until(loop_, [&] { return log_.bytes == "a"; }));
    ASSERT_TRUE(client.send("b"));
    for (int i = 0; i < 20; ++i) loop_.run_once(0);
    EXPECT_EQ(log_.bytes, "a");
    log_.connections[0]->resume_reading();
    EXPECT_TRUE(run_until(loop_, [&] { return log_.bytes == "ab"; }));
}

TEST_F(TcpServerTest, AThrowingSessionLosesOnlyItsConnection) {
    listen();
    log_.on_bytes = [&](Connection& c, std::string_view bytes) {
        if (bytes == "bad") throw std::runtime_error("planted");
        c.send(std::string(bytes));
    };
    TestClient bad(loop_, server_->bound());
    TestClient good(loop_, server_->bound());
    ASSERT_TRUE(bad.send("bad"));
    ASSERT_TRUE(bad.wait_end());
    ASSERT_TRUE(good.send("fine"));
    EXPECT_TRUE(good.wait_text("fine"));
}

TEST_F(TcpServerTest, RefusesAboveTheLimit) {
    listen({.connections_max = 1});
    log_.on_bytes = [&](Connection& c, std::string_view bytes) { c.send(std::string(bytes)); };
    TestClient first(loop_, server_->bound());
    ASSERT_TRUE(first.send("1"));
    ASSERT_TRUE(first.wait_text("1"));
    TestClient second(loop_, server_->bound());
    ASSERT_TRUE(second.wait_end());
    ASSERT_TRUE(first.send("2"));
    EXPECT_TRUE(first.wait_text("12"));
}

TEST_F(TcpServerTest, DestroyingTheServerEndsSessions) {
    listen();
    TestClient client(loop_, server_->bound());
    ASSERT_TRUE(run_until(loop_, [&] { return server_->connections() == 1; }));
    server_.reset();
    EXPECT_EQ(log_.closed, 1);
    EXPECT_TRUE(client.wait_end());
}

TEST_F(TcpServerTest, ATakenPortIsAnError) {
    listen();
    const auto second = TcpServer::listen(loop_, {.listen = server_->bound(), .name = "kafka"}, nullptr);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::already_exists);
    EXPECT_NE(second.error().message.find(server_->bound().to_string()), std::string::npos);
}

TEST_F(TcpServerTest, PostFromOtherThreadsAndTimers) {
    int posted = 0;
    std::thread other([&] {
        for (int i = 0; i < 1'000; ++i) loop_.post([&] { ++posted; });
    });
    EXPECT_TRUE(run_until(loop_, [&] { return posted == 1'000; }));
    other.join();

    std::vector<int> fired;
    const Timer late = loop_.after(20, [&] { fired.push_back(20); });
    const Timer early = loop_.after(10, [&] { fired.push_back(10); });
    Timer cancelled = loop_.after(5, [&] { fired.push_back(5); });
    cancelled.cancel();
    loop_.run_once(0);
    EXPECT_TRUE(fired.empty());
    clock_.advance_ms(15);
    loop_.run_once(0);
    EXPECT_EQ(fired, std::vector<int>{10});
    EXPECT_TRUE(late.pending());
    clock_.advance_ms(15);
    loop_.run_once(0);
    EXPECT_EQ(fired, (std::vector<int>{10, 20}));
    loop_.post([] { throw std::runtime_error("planted"); });
    EXPECT_TRUE(loop_.run_once(0));
    loop_.stop();
    loop_.run();
}

TEST(Address, ParsesAndRefuses) {
    EXPECT_EQ(parse_host_port("127.0.0.1:9092")->to_string(), "127.0.0.1:9092");
    EXPECT_EQ(parse_host_port("[::1]:0")->host, "::1");
    EXPECT_EQ(parse_host_port("[::1]:0")->to_string(), "[::1]:0");
    EXPECT_EQ(parse_host_port("*:80")->host, "");
    for (const char* bad : {"", "host", "host:", "host:x", "host:70000", "::1:80", "[::1:80", "a:1 "}) {
        EXPECT_FALSE(parse_host_port(bad)) << bad;
    }
    EXPECT_TRUE(is_loopback("127.0.0.53"));
    EXPECT_FALSE(is_loopback("127.evil.example"));
    EXPECT_TRUE(is_ip_literal("10.0.0.1"));
    EXPECT_FALSE(is_ip_literal("localhost"));
}

}  // namespace
}  // namespace mr::net
