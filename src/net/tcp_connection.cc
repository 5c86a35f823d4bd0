#include "net/internal/tcp_connection.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <exception>

#include "base/log.h"
#include "net/internal/loop_impl.h"

namespace mr::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kGatherMax = 64;  // slices a writev
constexpr std::size_t kFlushBytesMax = 1U
                                       << 20;  // bytes a turn, so that one bulk reader cannot hold the loop
constexpr std::int64_t kLingerMs = 5'000;
constexpr std::size_t kReadBytesPerTurn = 2U << 20;

// The slices in use; the rest of the array are empty buffers, which Asio would pass on.
struct Sequence {
    using value_type = asio::const_buffer;
    using const_iterator = const asio::const_buffer*;
    const_iterator first, last;
    [[nodiscard]] const_iterator begin() const { return first; }
    [[nodiscard]] const_iterator end() const { return last; }
};

std::string endpoint_text(const asio::ip::tcp::endpoint& endpoint) {
    return HostPort{endpoint.address().to_string(), endpoint.port()}.to_string();
}

}  // namespace

TcpConnection::TcpConnection(std::shared_ptr<TcpShared> shared, asio::ip::tcp::socket socket)
    : shared_(std::move(shared)), socket_(std::move(socket)) {
    error_code error;
    peer_ = endpoint_text(socket_.remote_endpoint(error));
    local_ = endpoint_text(socket_.local_endpoint(error));
}

template <class Call>
void TcpConnection::guarded(Call&& call) {
    try {
        call();
    } catch (const std::exception& e) {
        log_error(shared_->options.name, "connection from {} closed: its session threw: {}", peer_, e.what());
        abort();
    }
}

void TcpConnection::start(std::unique_ptr<Session> session) {
    session_ = std::move(session);
    if (!session_) {
        abort();
        return;
    }
    arm_read();
}

void TcpConnection::arm_read() {
    if (reading_ || paused_ || state_ != State::open) return;
    reading_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](const error_code& error) {
                           self->reading_ = false;
                           if (!error) self->on_readable();
                       });
}

void TcpConnection::on_readable() {
    // A full buffer has more behind it: asking for it at once saves a round through epoll (measured: two of
    // three system calls of a bulk producer). Not for ever: others have their turn.
    std::size_t done = 0;
    bool more = true;
    while (more && done < kReadBytesPerTurn && state_ == State::open && !paused_) {
        more = false;
        guarded([&] { more = read_once(done); });
    }
    arm_read();
}

bool TcpConnection::read_once(std::size_t& done) {
    const std::span<char> wanted = session_->room();
    const std::span<char> room = wanted.empty() ? std::span<char>(shared_->read_buffer) : wanted;
    error_code error;
    const std::size_t n = socket_.read_some(asio::buffer(room.data(), room.size()), error);
    if (error == asio::error::would_block) return false;
    if (error == asio::error::eof) {
        // What is queued may still be wanted by a peer that only half closed.
        peer_done_ = true;
        close();
        return false;
    }
    if (error) {
        finish();
        return false;
    }
    done += n;
    if (wanted.empty()) {
        session_->on_bytes(std::string_view(room.data(), n));
    } else {
        session_->on_filled(n);
    }
    return n == room.size();
}

void TcpConnection::resume_reading() {
    if (!paused_) return;
    paused_ = false;
    // Not read from here: rule 2 of the header.
    arm_read();
}

void TcpConnection::send(SharedBytes bytes) {
    queue(std::move(bytes));
}

void TcpConnection::send_file(FileSlice slice) {
    queue(std::move(slice));
}

void TcpConnection::queue(Piece piece) {
    const std::size_t size = size_of(piece);
    if (state_ != State::open || size == 0) return;
    buffered_ += size;
    queue_.push_back(std::move(piece));
    if (buffered_ > shared_->options.low_water_bytes) held_back_ = true;
    schedule_flush();
}

void TcpConnection::schedule_flush() {
    if (flush_scheduled_) return;
    flush_scheduled_ = true;
    shared_->loop.post([self = shared_from_this()] {
        self->flush_scheduled_ = false;
        self->flush();
    });
}

std::size_t TcpConnection::write_some(error_code& error) {
    if (const auto* slice = std::get_if<FileSlice>(&queue_.front())) return write_file(*slice, error);
    std::array<asio::const_buffer, kGatherMax> slices;
    std::size_t count = 0;
    bool file_follows = false;
    for (const Piece& piece : queue_) {
        const auto* bytes = std::get_if<SharedBytes>(&piece);
        file_follows = bytes == nullptr;
        if (count == kGatherMax || file_follows) break;
        const std::string_view view = count == 0 ? bytes->view().substr(front_offset_) : bytes->view();
        slices[count++] = asio::const_buffer(view.data(), view.size());
    }
    // What stands before a file goes out with its beginning, not in a packet of its own.
    return socket_.send(Sequence{slices.data(), slices.data() + count}, file_follows ? MSG_MORE : 0, error);
}

std::size_t TcpConnection::write_file(const FileSlice& slice, error_code& error) {
    const std::size_t rest = std::min(slice.size - front_offset_, kFlushBytesMax);
    auto at = static_cast<off_t>(slice.offset + front_offset_);
    for (;;) {
        const ssize_t n = ::sendfile(socket_.native_handle(), slice.file->descriptor(), &at, rest);
        if (n > 0) return static_cast<std::size_t>(n);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) {
            log_error(shared_->options.name, "connection from {} closed: the file it is sent was cut short",
                      peer_);
            error = asio::error::eof;
        } else {
            error = error_code(errno, boost::system::system_category());
        }
        return 0;
    }
}

void TcpConnection::consume(std::size_t bytes) {
    buffered_ -= bytes;
    bytes += front_offset_;
    while (!queue_.empty() && bytes >= size_of(queue_.front())) {
        bytes -= size_of(queue_.front());
        queue_.pop_front();
    }
    front_offset_ = bytes;
}

void TcpConnection::flush() {
    if (state_ == State::closed) return;
    std::size_t written = 0;
    while (!queue_.empty()) {
        if (written >= kFlushBytesMax) {
            schedule_flush();
            break;
        }
        error_code error;
        const std::size_t n = write_some(error);
        if (error == asio::error::would_block) {
            wait_writable();
            break;
        }
        if (error) {
            finish();
            return;
        }
        consume(n);
        written += n;
    }
    if (state_ == State::closing && written > 0) start_linger();  // slow is fine, stuck is not
    after_flush();
}

void TcpConnection::wait_writable() {
    if (flush_scheduled_) return;
    flush_scheduled_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_write,
                       [self = shared_from_this()](const error_code& error) {
                           self->flush_scheduled_ = false;
                           if (!error) self->flush();
                       });
}

void TcpConnection::after_flush() {
    if (state_ == State::closing && queue_.empty()) {
        drain();
    } else if (state_ == State::open && held_back_ && buffered_ <= shared_->options.low_water_bytes) {
        held_back_ = false;
        guarded([&] { session_->on_writable(); });
    }
}

void TcpConnection::close() {
    if (state_ != State::open) return;
    state_ = State::closing;
    start_linger();
    schedule_flush();
}

void TcpConnection::start_linger() {
    linger_ = shared_->loop.after(kLingerMs, [self = shared_from_this()] { self->abort(); });
}

void TcpConnection::drain() {
    // Closing with unread bytes in the kernel sends a reset, and a reset may overtake the answer we just
    // wrote. So: say that we are done, then read and forget until the peer has closed too.
    error_code error;
    if (!draining_) {
        draining_ = true;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    }
    auto& buffer = shared_->read_buffer;
    while (!error && !peer_done_) socket_.read_some(asio::buffer(buffer), error);
    if (error != asio::error::would_block) {
        finish();
        return;
    }
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](const error_code& failed) {
                           if (!failed && self->state_ == State::closing) self->drain();
                       });
}

void TcpConnection::abort() {
    finish();
}

void TcpConnection::finish() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    linger_.cancel();
    error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_both, error);
    socket_.close(error);
    queue_.clear();
    buffered_ = 0;
    shared_->loop.post([self = shared_from_this()] {
        self->end_session();
        self->shared_->connections.erase(self.get());
    });
}

void TcpConnection::end_session() {
    if (!session_) return;
    guarded([&] { session_->on_close(); });
    session_.reset();
}

void TcpConnection::end_now() {
    finish();
    end_session();
}

}  // namespace mr::net
