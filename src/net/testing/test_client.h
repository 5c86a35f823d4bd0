// A client for tests: a plain non-blocking socket, driven together with the server's loop by one thread, so
// that tests over real sockets stay deterministic. Header only; not part of the product. Thread: the test's.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>

#include "net/address.h"
#include "net/loop.h"

namespace mr::net::testing {

/// Runs the loop until `condition` holds; false after about 10 s of nothing.
inline bool run_until(EventLoop& loop, const std::function<bool()>& condition) {
    for (int i = 0; i < 10'000; ++i) {
        if (condition()) return true;
        loop.run_once(1);
    }
    return condition();
}

class TestClient {
  public:
    TestClient(EventLoop& loop, const HostPort& to) : loop_(loop), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(to.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // The kernel completes this against the backlog, whether or not the loop runs.
        connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    }
    ~TestClient() { disconnect(); }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    void disconnect() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    void shutdown_send() { ::shutdown(fd_, SHUT_WR); }

    /// Sends everything, running the loop when the socket is full. False when the server hung up.
    bool send(std::string_view bytes) {
        return run_until(loop_,
                         [&] {
                             const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                             if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
                             return bytes.empty() || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
                         }) &&
               bytes.empty();
    }
    /// Takes what has arrived into received(); false at the end of the stream.
    bool poll() {
        char buffer[65536];
        for (;;) {
            const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
            if (n > 0) {
                received_.append(buffer, static_cast<std::size_t>(n));
                continue;
            }
            if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) ended_ = true;
            return !ended_;
        }
    }
    /// Runs the loop until `condition` holds of what was received; false if it never does.
    bool wait(const std::function<bool(const std::string&)>& condition) {
        return run_until(loop_,
                         [&] {
                             poll();
                             return condition(received_) || ended_;
                         }) &&
               condition(received_);
    }
    bool wait_bytes(std::size_t count) {
        return wait([&](const std::string& r) { return r.size() >= count; });
    }
    bool wait_text(std::string_view text) {
        return wait([&](const std::string& r) { return r.find(text) != std::string::npos; });
    }
    bool wait_end() {
        return run_until(loop_, [&] { return !poll(); });
    }
    [[nodiscard]] std::string& received() { return received_; }
    [[nodiscard]] bool ended() const { return ended_; }

  private:
    EventLoop& loop_;
    int fd_;
    bool connected_ = false;
    bool ended_ = false;
    std::string received_;
};

}  // namespace mr::net::testing
