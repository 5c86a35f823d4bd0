// One accepted socket: non-blocking reads into a buffer shared by all connections of a server, gathered
// writes from a queue of shared slices. Rules: net/tcp_server.h. Thread: loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/tcp_server.h"

namespace mr::net {

class TcpConnection;

/// What the connections of one server share.
struct TcpShared {
    EventLoop& loop;
    TcpServerOptions options;
    std::vector<char> read_buffer;
    std::unordered_map<TcpConnection*, std::shared_ptr<TcpConnection>> connections;
};

class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
  public:
    TcpConnection(std::shared_ptr<TcpShared> shared, boost::asio::ip::tcp::socket socket);

    void start(std::unique_ptr<Session> session);

    /// abort() with on_close() at once: for the server's destructor, which no session calls.
    void end_now();

    using Connection::send;
    void send(SharedBytes bytes) override;
    void send_file(FileSlice slice) override;
    void close() override;
    void abort() override;
    void pause_reading() override { paused_ = true; }
    void resume_reading() override;
    [[nodiscard]] std::size_t buffered_bytes() const override { return buffered_; }
    [[nodiscard]] bool open() const override { return state_ == State::open; }
    [[nodiscard]] const std::string& peer_address() const override { return peer_; }
    [[nodiscard]] const std::string& local_address() const override { return local_; }

  private:
    enum class State : std::uint8_t { open, closing, closed };

    void arm_read();
    void on_readable();
    /// Reads once, to where the session wants it or into the common buffer, and adds to `done`. False: there
    /// is no more for now.
    bool read_once(std::size_t& done);
    void queue(Piece piece);
    void schedule_flush();
    void flush();
    std::size_t write_some(boost::system::error_code& error);
    std::size_t write_file(const FileSlice& slice, boost::system::error_code& error);
    void consume(std::size_t bytes);
    void wait_writable();
    void after_flush();
    /// (Re)starts the time that a closing connection may go without progress.
    void start_linger();
    /// Everything is written: waits for the peer to close as well.
    void drain();
    /// Closes the socket and posts the last call of the session.
    void finish();
    void end_session();
    /// Runs a call into the session; what it throws closes this connection.
    template <class Call>
    void guarded(Call&& call);

    std::shared_ptr<TcpShared> shared_;
    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<Session> session_;
    std::deque<Piece> queue_;
    std::size_t front_offset_ = 0;  ///< bytes of queue_.front() already written
    std::size_t buffered_ = 0;
    State state_ = State::open;
    bool paused_ = false;
    bool peer_done_ = false;        ///< the peer has shut down its side
    bool draining_ = false;         ///< we have shut down ours
    bool reading_ = false;          ///< an async_wait for readability is outstanding
    bool flush_scheduled_ = false;  ///< a flush is posted or waits for writability
    bool held_back_ = false;        ///< buffered_ has been above low water since the last on_writable()
    Timer linger_;
    std::string peer_;
    std::string local_;
};

}  // namespace mr::net
