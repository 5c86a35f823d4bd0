#include "net/tcp_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cstring>
#include <vector>

#include "base/log.h"
#include "net/internal/loop_impl.h"
#include "net/internal/tcp_connection.h"

namespace mr::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 256U << 10;
constexpr std::int64_t kAcceptRetryMs = 100;

Result<tcp::endpoint> resolve(asio::io_context& io, const HostPort& at) {
    if (at.host.empty()) return tcp::endpoint(tcp::v6(), at.port);
    error_code error;
    const auto literal = asio::ip::make_address(at.host, error);
    if (!error) return tcp::endpoint(literal, at.port);
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(at.host, std::to_string(at.port), error);
    if (error || found.empty()) {
        return fail(Code::invalid_argument, "cannot resolve the listen address {}: {}", at.to_string(),
                    error.message());
    }
    // IPv4 first: "localhost" then means what a client without IPv6 can reach.
    for (const auto& entry : found) {
        if (entry.endpoint().address().is_v4()) return entry.endpoint();
    }
    return found.begin()->endpoint();
}

}  // namespace

const std::string& Connection::peer_subject() const {
    static const std::string none;
    return none;
}

void Connection::send_file(FileSlice slice) {
    std::string bytes;
    const auto read = slice.file->read_at(slice.offset, slice.size, bytes);
    if (read && bytes.size() == slice.size) return send(std::move(bytes));
    log_error("net", "connection to {} closed in the middle of an answer: {}", peer_address(),
              read ? "the file it is in was cut short" : read.error().message);
    abort();
}

void Connection::send_piece(Piece piece) {
    if (auto* slice = std::get_if<FileSlice>(&piece)) return send_file(std::move(*slice));
    send(std::get<SharedBytes>(std::move(piece)));
}

class TcpServer::Impl : public std::enable_shared_from_this<TcpServer::Impl> {
  public:
    Impl(EventLoop& event_loop, TcpServerOptions options, SessionFactory session_factory)
        : shared(std::make_shared<TcpShared>(event_loop, std::move(options), std::vector<char>(kReadBytes))),
          factory(std::move(session_factory)),
          acceptor(event_loop.impl().io) {}

    Status open();
    void accept();
    void on_accept(const error_code& error, tcp::socket socket);

    std::shared_ptr<TcpShared> shared;
    SessionFactory factory;
    tcp::acceptor acceptor;
    HostPort bound;
    Timer retry;
    std::uint64_t refused = 0;
};

Status TcpServer::Impl::open() {
    const TcpServerOptions& options = shared->options;
    MR_TRY(tcp::endpoint endpoint, resolve(shared->loop.impl().io, options.listen));
    error_code error;
    const auto failed = [&](std::string_view what) {
        return fail(error == asio::error::address_in_use ? Code::already_exists : Code::io_error,
                    "cannot {} {} for {}: {}", what, options.listen.to_string(), options.name,
                    error.message());
    };
    acceptor.open(endpoint.protocol(), error);
    if (error && options.listen.host.empty()) {  // a machine without IPv6
        endpoint = tcp::endpoint(tcp::v4(), options.listen.port);
        acceptor.open(endpoint.protocol(), error);
    }
    if (error) return failed("open a socket at");
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (endpoint.address().is_v6())
        acceptor.set_option(asio::ip::v6_only(!options.listen.host.empty()), error);
    acceptor.bind(endpoint, error);
    if (error) return failed("bind");
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed("listen at");
    acceptor.non_blocking(true, error);
    bound = HostPort{options.listen.host, acceptor.local_endpoint(error).port()};
    return {};
}

void TcpServer::Impl::accept() {
    if (!acceptor.is_open()) return;
    acceptor.async_accept([weak = weak_from_this()](const error_code& error, tcp::socket socket) {
        if (const auto self = weak.lock()) self->on_accept(error, std::move(socket));
    });
}

void TcpServer::Impl::on_accept(const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
    if (error) {
        // Out of descriptors or the peer gave up: neither is a reason to stop listening or to spin.
        log_warn(shared->options.name, "accept failed: {}", error.message());
        retry = shared->loop.after(kAcceptRetryMs, [this] { accept(); });
        return;
    }
    if (shared->connections.size() >= shared->options.connections_max) {
        ++refused;
        if ((refused & (refused - 1)) == 0) {  // the 1st, 2nd, 4th, 8th …
            log_warn(shared->options.name, "connection refused: {} are open, the limit ({} refused so far)",
                     shared->connections.size(), refused);
        }
        accept();
        return;
    }
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    if (const std::size_t unsent = shared->options.unsent_bytes_max; unsent > 0) {
        const int value = static_cast<int>(unsent);
        setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof value);
    }
    const auto connection = std::make_shared<TcpConnection>(shared, std::move(socket));
    shared->connections.emplace(connection.get(), connection);
    connection->start(factory(connection));
    accept();
}

TcpServer::TcpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<TcpServer>> TcpServer::listen(EventLoop& loop, TcpServerOptions options,
                                                     SessionFactory factory) {
    const auto impl = std::make_shared<Impl>(loop, std::move(options), std::move(factory));
    MR_TRY_VOID(impl->open());
    impl->accept();
    return std::make_unique<TcpServer>(impl);
}

TcpServer::~TcpServer() {
    stop_accepting();
    // Not left to the loop, which may never run again: sessions and connections own each other until then.
    const auto connections = std::move(impl_->shared->connections);
    for (const auto& [key, connection] : connections) connection->end_now();
}

const HostPort& TcpServer::bound() const {
    return impl_->bound;
}

std::size_t TcpServer::connections() const {
    return impl_->shared->connections.size();
}

void TcpServer::stop_accepting() {
    error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->retry.cancel();
}

void TcpServer::close_connections() {
    const auto connections = impl_->shared->connections;
    for (const auto& [key, connection] : connections) connection->close();
}

}  // namespace mr::net
