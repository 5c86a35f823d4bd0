// A listening socket and its connections, as bytes in and bytes out: what every protocol in serve/ stands on.
//
// A protocol implements Session and is given a Connection. Rules:
//   1. Everything here happens on the loop's thread. Answers computed elsewhere are brought back with
//      loop.post(), holding the shared_ptr<Connection>: after the close, send() and the rest do nothing.
//   2. No call of a Session is made from inside another call of it, nor from inside a call it makes to its
//      Connection. on_close() comes exactly once, last, for whatever reason; then the session is destroyed.
//   3. send() never blocks and never copies: bytes are queued and written together (gathered) at the end of
//      the current turn of the loop. The queue is the sender's to bound: look at buffered_bytes() and stop
//      producing, or pause_reading(), above your limit; on_writable() says when it has drained.
//   4. An exception that leaves a session closes that connection, with a log line, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/disk_file.h"
#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace mr::net {

/// One accepted connection. Thread: loop.
class Connection {
  public:
    virtual ~Connection() = default;

    /// Queues bytes. Ignored after close().
    virtual void send(SharedBytes bytes) = 0;
    void send(std::string bytes) { send(SharedBytes(std::move(bytes))); }
    /// Queues a part of a file; where it can it goes to the socket without being copied. REQUIRES: that part
    /// is not written any more, and better lies in the page cache: it is read on the loop.
    virtual void send_file(FileSlice slice);
    void send_piece(Piece piece);
    /// Stops reading, writes what is queued (for as long as the peer takes some of it every 5 s), then
    /// closes. on_close() follows later.
    virtual void close() = 0;
    /// Closes at once; what is queued is lost. on_close() follows later.
    virtual void abort() = 0;
    /// No on_bytes() until resume_reading(): back-pressure to the peer by TCP's window.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    /// Queued by send() and not yet taken by the operating system.
    [[nodiscard]] virtual std::size_t buffered_bytes() const = 0;
    /// False once close() or abort() was called or the peer has gone.
    [[nodiscard]] virtual bool open() const = 0;
    /// "127.0.0.1:52114"; for logs and host checks.
    [[nodiscard]] virtual const std::string& peer_address() const = 0;
    /// The address the peer connected to.
    [[nodiscard]] virtual const std::string& local_address() const = 0;
    /// The subject of the certificate it has shown, as RFC 2253 writes it; empty: none, or no TLS.
    [[nodiscard]] virtual const std::string& peer_subject() const;
};

/// What a protocol does with one connection. Thread: loop.
class Session {
  public:
    virtual ~Session() = default;
    /// Bytes as they arrive, cut anywhere; valid during the call only. At most 256 KiB a call.
    virtual void on_bytes(std::string_view bytes) = 0;
    /// Where the next bytes should go at once, when they belong to something large that is half there; then
    /// on_filled(how many) comes instead of on_bytes(). Empty: nowhere.
    virtual std::span<char> room() { return {}; }
    virtual void on_filled(std::size_t bytes) { static_cast<void>(bytes); }
    /// buffered_bytes() had been above Options::low_water_bytes and has now drained to it.
    virtual void on_writable() {}
    /// The connection is gone. Nothing is called after this.
    virtual void on_close() = 0;
};

/// Makes the session of a new connection; nullptr closes it. The connection may be kept by the session (the
/// server breaks the cycle at close).
using SessionFactory = std::function<std::unique_ptr<Session>(std::shared_ptr<Connection>)>;

struct TcpServerOptions {
    HostPort listen{"127.0.0.1", 0};
    std::size_t connections_max = 4096;  ///< above it a new connection is accepted and closed
    std::size_t low_water_bytes = 64U << 10;
    /// TCP_NOTSENT_LOWAT: how much the kernel takes beyond what is on its way, so that what is queued stays
    /// in our hands and can be conflated. 0: the system's default.
    std::size_t unsent_bytes_max = 0;
    std::string name = "tcp";  ///< in log lines
};

/// Destroying it closes the listener and every connection. Thread: loop.
class TcpServer {
  public:
    /// Binds and listens. A taken port or an unknown host is an error that names it.
    static Result<std::unique_ptr<TcpServer>> listen(EventLoop& loop, TcpServerOptions options,
                                                     SessionFactory factory);
    ~TcpServer();

    /// Where it listens: the port is the real one when 0 was asked for.
    [[nodiscard]] const HostPort& bound() const;
    [[nodiscard]] std::size_t connections() const;
    /// Closes the listener; connections live on (drain).
    void stop_accepting();
    /// close() on every connection.
    void close_connections();

    /// For listen().
    class Impl;
    explicit TcpServer(std::shared_ptr<Impl> impl);

  private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace mr::net
