// HTTP and WebSocket over one blocking loopback connection each: as little as can be measured with. The
// product's own client is not used, so that a bench shares no code with what it measures. Thread: one each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// A connected socket with a read buffer.
class Connection {
  public:
    explicit Connection(const std::string& address);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void write(std::string_view bytes);
    /// Reads until at least `bytes` are buffered; false when the peer closed, or nothing came for a second
    /// (then timed_out()).
    bool fill(std::size_t bytes);
    [[nodiscard]] bool timed_out() const { return timed_out_; }
    [[nodiscard]] std::string_view buffered() const { return std::string_view(buffer_).substr(from_); }
    void consume(std::size_t bytes) { from_ += bytes; }
    /// Response head up to and with the empty line; ends the bench when the peer closes.
    std::string read_head();

  private:
    int socket_ = -1;
    std::string buffer_;
    std::size_t from_ = 0;
    bool timed_out_ = false;
};

class HttpClient {
  public:
    explicit HttpClient(const std::string& address) : address_(address), connection_(address) {}
    /// The body; it stays valid until the next call. Ends the bench on any status but 200.
    std::string_view get(const std::string& path);

  private:
    const std::string address_;
    Connection connection_;
    std::string body_;
};

/// /api/v1/live
class LiveClient {
  public:
    explicit LiveClient(const std::string& address);
    void send(std::string_view text);
    /// The next text frame; nothing when none came for a second.
    std::optional<std::string_view> receive();

  private:
    void send_frame(std::uint8_t opcode, std::string_view payload);
    Connection connection_;
    std::size_t unread_ = 0;  ///< bytes of the frame handed out last
};

}  // namespace bench
