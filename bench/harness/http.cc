#include "harness/http.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "harness/machine.h"

namespace bench {

Connection::Connection(const std::string& address) {
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1)));
    if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1)
        die("not an address: " + address);
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        die("cannot connect to " + address);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval second{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
}

Connection::~Connection() {
    if (socket_ >= 0) close(socket_);
}

void Connection::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) die("the node closed a connection");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

bool Connection::fill(std::size_t bytes) {
    timed_out_ = false;
    while (buffered().size() < bytes) {
        if (from_ > 0) {
            buffer_.erase(0, from_);
            from_ = 0;
        }
        const std::size_t had = buffer_.size();
        buffer_.resize(had + std::max<std::size_t>(bytes, 64U << 10));
        const ssize_t n = recv(socket_, buffer_.data() + had, buffer_.size() - had, 0);
        buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        if (n > 0) continue;
        timed_out_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        return false;
    }
    return true;
}

std::string Connection::read_head() {
    std::size_t end = 0;
    while ((end = buffered().find("\r\n\r\n")) == std::string_view::npos) {
        if (!fill(buffered().size() + 1) && !timed_out_) die("the node closed an HTTP connection");
    }
    std::string head(buffered().substr(0, end + 4));
    consume(end + 4);
    return head;
}

std::string_view HttpClient::get(const std::string& path) {
    connection_.write(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, address_));
    std::string head = connection_.read_head();
    if (!head.starts_with("HTTP/1.1 200"))
        die(fmt::format("GET {}: {}", path, head.substr(0, head.find('\r'))));
    std::ranges::transform(head, head.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto at = head.find("content-length:");
    if (at == std::string::npos) die("an answer without Content-Length");
    const auto length = std::strtoull(head.c_str() + at + 15, nullptr, 10);
    while (!connection_.fill(length)) {
        if (!connection_.timed_out()) die("the node closed an HTTP connection");
    }
    body_ = connection_.buffered().substr(0, length);
    connection_.consume(length);
    return body_;
}

LiveClient::LiveClient(const std::string& address) : connection_(address) {
    connection_.write(
        fmt::format("GET /api/v1/live HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bWlsbHJhY2UgYmVuY2hlcw==\r\n"
                    "Sec-WebSocket-Protocol: millrace.v1\r\n\r\n",
                    address));
    const std::string head = connection_.read_head();
    if (!head.starts_with("HTTP/1.1 101")) die("no WebSocket: " + head);
}

void LiveClient::send_frame(std::uint8_t opcode, std::string_view payload) {
    std::string frame(1, static_cast<char>(0x80 | opcode));
    if (payload.size() < 126) {
        frame.push_back(static_cast<char>(0x80 | payload.size()));
    } else {
        frame.push_back(static_cast<char>(0x80 | 126));
        frame.push_back(static_cast<char>(payload.size() >> 8));
        frame.push_back(static_cast<char>(payload.size() & 0xff));
    }
    frame.append(4, '\0');  // the mask: xor with zero
    frame.append(payload);
    connection_.write(frame);
}

void LiveClient::send(std::string_view text) {
    send_frame(1, text);
}

std::optional<std::string_view> LiveClient::receive() {
    connection_.consume(std::exchange(unread_, 0));
    while (true) {
        std::size_t head = 2;
        if (!connection_.fill(head)) break;
        const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(connection_.buffered()[i]); };
        const std::uint8_t opcode = byte(0) & 0x0f;
        std::size_t length = byte(1) & 0x7f;
        if (length >= 126) {
            const std::size_t wide = length == 126 ? 2 : 8;
            if (!connection_.fill(head + wide)) break;
            length = 0;
            for (std::size_t i = 0; i < wide; ++i) length = length << 8 | byte(head + i);
            head += wide;
        }
        while (!connection_.fill(head + length)) {
            if (!connection_.timed_out()) die("the node closed the live connection");
        }
        const std::string_view payload = connection_.buffered().substr(head, length);
        if (opcode == 1) {
            unread_ = head + length;
            return payload;
        }
        if (opcode == 8)
            die("the node closed the live connection: " +
                std::string(payload.substr(std::min<std::size_t>(2, length))));
        if (opcode == 9) send_frame(10, std::string(payload));
        connection_.consume(head + length);
    }
    if (!connection_.timed_out()) die("the node closed the live connection");
    return std::nullopt;
}

}  // namespace bench
