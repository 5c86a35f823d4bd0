// TLS for any listener: a session factory that wraps another one. What it wraps sees the same Connection and
// Session as without TLS (net/tcp_server.h, with all its rules); plaintext listeners go past all this.
//
//   auto tls = TlsContext::load(files);                     // certificate, key, and who may come
//   TcpServer::listen(loop, options, tls_factory(loop, tls, inner));
//
// Promises
//   1. TLS 1.2 and 1.3 only; no compression, no renegotiation, no resumption (so that a certificate that is
//   no longer
//      trusted opens nothing).
//   2. A handshake that is not done in 10 s is cut off; what a peer makes us hold during it is bounded.
//   3. The inner session is made when the handshake is done: peer_subject() says whose certificate was shown.
//   4. Bytes are encrypted in slices of at most 256 KiB a turn and only as fast as the peer takes them; until
//   then they
//      are the sender's, unencrypted and shared.
// Thread: loop, except TlsContext::load.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "net/tcp_server.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace mr::net {

enum class ClientAuth : std::uint8_t { none, requested, required };

struct TlsFiles {
    std::string certificate{};  ///< PEM: the server's, then what leads from it to the root
    std::string key{};          ///< PEM, unencrypted
    std::string client_ca{};    ///< PEM: who vouches for clients; needed unless client_auth is none
    ClientAuth client_auth = ClientAuth::none;
    bool tls13_only = false;
};

/// What connections are made with; replaced as a whole when the files change.
class TlsContext {
  public:
    /// Reads the files: one that is missing, wrong, or a key of another certificate is an error that names
    /// it.
    static Result<std::shared_ptr<TlsContext>> load(FileSystem& fs, TlsFiles files);

    /// Reads the files again: true when they differ and connections from now on use the new ones. Files that
    /// do not fit together are an error, told once, and the old ones stay in use.
    Result<bool> refresh();
    /// "CN=broker, valid until 2027-01-01": for the log.
    [[nodiscard]] const std::string& describe() const { return description_; }
    [[nodiscard]] const TlsFiles& files() const { return files_; }

    [[nodiscard]] const std::shared_ptr<SSL_CTX>& ssl() const { return ssl_; }

    /// For load().
    TlsContext(FileSystem& fs, TlsFiles files) : fs_(fs), files_(std::move(files)) {}

  private:
    FileSystem& fs_;
    const TlsFiles files_;
    std::string seen_;  ///< the files' contents, or what went wrong with them
    std::string description_;
    std::shared_ptr<SSL_CTX> ssl_;
};

/// REQUIRES: the loop outlives the connections.
SessionFactory tls_factory(EventLoop& loop, std::shared_ptr<const TlsContext> context, SessionFactory inner,
                           std::string name);

}  // namespace mr::net
