// One TLS connection: OpenSSL between two buffers in memory, the connection below and the session above.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "base/log.h"
#include "net/internal/openssl.h"
#include "net/tls.h"

namespace mr::net {
namespace {

using internal::openssl_error;
using internal::Owned;

constexpr std::int64_t kHandshakeMs = 10'000;
constexpr std::size_t kRecordBytes = 16U << 10;
constexpr std::size_t kPieceBytes = 64U << 10;
/// Encrypted in one turn of the loop, and what may lie encrypted below.
constexpr std::size_t kTurnBytes = 256U << 10;
constexpr std::size_t kBelowBytesMax = 512U << 10;
/// As net/tcp_server.h's low_water_bytes.
constexpr std::size_t kLowWaterBytes = 64U << 10;

/// The connection that the inner session sees. It lives as long as anybody holds it; `below_` is dropped at
/// the end.
class TlsLink final : public Connection, public std::enable_shared_from_this<TlsLink> {
  public:
    TlsLink(EventLoop& loop, std::shared_ptr<const TlsContext> context, std::shared_ptr<Connection> below,
            std::string name)
        : loop_(loop),
          context_(context->ssl()),
          below_(std::move(below)),
          name_(std::move(name)),
          peer_(below_->peer_address()),
          local_(below_->local_address()),
          ssl_(SSL_new(context_.get())) {}

    Status begin() {
        BIO* in = BIO_new(BIO_s_mem());
        BIO* out = BIO_new(BIO_s_mem());
        if (!ssl_ || in == nullptr || out == nullptr)
            return fail(Code::resource_exhausted, "OpenSSL has no memory");
        BIO_set_mem_eof_return(in, -1);
        BIO_set_mem_eof_return(out, -1);
        SSL_set_bio(ssl_.get(), in, out);
        SSL_set_accept_state(ssl_.get());
        return {};
    }

    using Connection::send;
    void send(SharedBytes bytes) override {
        if (!open() || bytes.empty()) return;
        waiting_bytes_ += bytes.size();
        waiting_.push_back(std::move(bytes));
        if (buffered_bytes() > kLowWaterBytes) held_back_ = true;
        schedule();
    }
    void close() override {
        if (!open()) return;
        // The connection below gives the peer time to take it.
        encrypt(waiting_bytes_, SIZE_MAX);
        closing_ = true;
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
        pass_down();
        below_->close();
    }
    void abort() override {
        closing_ = true;
        if (below_) below_->abort();
    }
    void pause_reading() override {
        paused_ = true;
        if (below_) below_->pause_reading();
    }
    void resume_reading() override {
        if (!paused_) return;
        paused_ = false;
        if (!below_) return;
        below_->resume_reading();
        // What was decrypted before, or could be, waits here and not in the socket.
        schedule();
    }
    [[nodiscard]] std::size_t buffered_bytes() const override {
        return waiting_bytes_ + (below_ ? below_->buffered_bytes() : 0);
    }
    [[nodiscard]] bool open() const override { return !closing_ && below_ && below_->open(); }
    [[nodiscard]] const std::string& peer_address() const override { return peer_; }
    [[nodiscard]] const std::string& local_address() const override { return local_; }
    [[nodiscard]] const std::string& peer_subject() const override { return subject_; }

    // --- for TlsSession ---
    /// Makes the inner session once the handshake is done; false when it refused.
    std::function<bool()> on_established;
    Session* above = nullptr;

    void feed(std::string_view bytes) {
        // In pieces, since what OpenSSL's buffer once held it keeps.
        while (!bytes.empty() && below_ && below_->open()) {
            const std::string_view piece = bytes.substr(0, kPieceBytes);
            BIO_write(SSL_get_rbio(ssl_.get()), piece.data(), static_cast<int>(piece.size()));
            bytes.remove_prefix(piece.size());
            work();
        }
    }
    /// Whatever can go on: handshake, decryption, encryption.
    void work() {
        if (!below_ || !below_->open()) return;
        if (!established_ && !handshake()) return;
        decrypt();
        encrypt(kTurnBytes, kBelowBytesMax);
        if (open() && held_back_ && buffered_bytes() <= kLowWaterBytes) {
            held_back_ = false;
            above->on_writable();
        }
    }
    void fail_handshake(std::string_view why) {
        log_info(name_, "{}: TLS handshake failed: {}", peer_, why);
        pass_down();  // the alert that says so
        closing_ = true;
        if (below_) below_->close();
    }
    [[nodiscard]] bool established() const { return established_; }
    void end() {
        closing_ = true;
        above = nullptr;
        waiting_.clear();
        waiting_bytes_ = 0;
        below_.reset();
    }

  private:
    bool handshake() {
        ERR_clear_error();
        const int done = SSL_do_handshake(ssl_.get());
        if (done != 1) {
            const int what = SSL_get_error(ssl_.get(), done);
            if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
                pass_down();
                return false;
            }
            const long verified = SSL_get_verify_result(ssl_.get());
            const std::string reason = openssl_error();
            fail_handshake(verified == X509_V_OK
                               ? reason
                               : fmt::format("{} ({})", reason, X509_verify_cert_error_string(verified)));
            return false;
        }
        pass_down();
        established_ = true;
        const Owned<X509, X509_free> certificate(SSL_get1_peer_certificate(ssl_.get()));
        if (certificate) subject_ = internal::subject_of(certificate.get());
        return on_established();
    }

    void decrypt() {
        std::array<char, kRecordBytes> plain;
        while (!paused_ && open()) {
            ERR_clear_error();
            const int n = SSL_read(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
            if (n > 0) {
                above->on_bytes(std::string_view(plain.data(), static_cast<std::size_t>(n)));
                continue;
            }
            const int what = SSL_get_error(ssl_.get(), n);
            if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) break;
            if (what == SSL_ERROR_ZERO_RETURN) {
                close();  // the peer has said goodbye
                return;
            }
            log_debug(name_, "{}: TLS: {}", peer_, openssl_error());
            pass_down();
            abort();
            return;
        }
        pass_down();
    }

    /// At most so many bytes, and none while more than `below_max` lie encrypted below.
    void encrypt(std::size_t bytes_max, std::size_t below_max) {
        if (!established_ || !below_) return;
        std::size_t done = 0;
        while (!waiting_.empty() && done < bytes_max) {
            if (below_->buffered_bytes() >= below_max) break;
            const std::string_view rest = waiting_.front().view().substr(front_offset_);
            const std::size_t take = std::min(rest.size(), kRecordBytes);
            ERR_clear_error();
            const int n = SSL_write(ssl_.get(), rest.data(), static_cast<int>(take));
            if (n <= 0) {
                log_debug(name_, "{}: TLS: {}", peer_, openssl_error());
                return abort();
            }
            const auto written = static_cast<std::size_t>(n);
            done += written;
            waiting_bytes_ -= written;
            front_offset_ += written;
            if (front_offset_ == waiting_.front().size()) {
                waiting_.pop_front();
                front_offset_ = 0;
            }
            // Small answers go out together.
            if (static_cast<std::size_t>(BIO_pending(SSL_get_wbio(ssl_.get()))) >= kPieceBytes) pass_down();
        }
        pass_down();
        // Where the connection below is full it calls when it has drained; else the next turn goes on.
        if (!waiting_.empty() && below_->buffered_bytes() < below_max) schedule();
    }

    void pass_down() {
        if (!below_) return;
        BIO* out = SSL_get_wbio(ssl_.get());
        const int size = BIO_pending(out);
        if (size <= 0) return;
        std::string bytes(static_cast<std::size_t>(size), '\0');
        const int n = BIO_read(out, bytes.data(), size);
        if (n <= 0) return;
        bytes.resize(static_cast<std::size_t>(n));
        below_->send(SharedBytes(std::move(bytes)));
    }

    void schedule() {
        if (scheduled_) return;
        scheduled_ = true;
        loop_.post([self = shared_from_this()] {
            self->scheduled_ = false;
            if (self->above != nullptr) self->work();
        });
    }

    EventLoop& loop_;
    const std::shared_ptr<SSL_CTX> context_;
    std::shared_ptr<Connection> below_;
    const std::string name_;
    const std::string peer_;
    const std::string local_;
    std::string subject_;
    Owned<SSL, SSL_free> ssl_;
    std::deque<SharedBytes> waiting_;  ///< sent and not yet encrypted
    std::size_t front_offset_ = 0;
    std::size_t waiting_bytes_ = 0;
    bool established_ = false;
    bool closing_ = false;
    bool paused_ = false;
    bool held_back_ = false;
    bool scheduled_ = false;
};

/// The session that the connection below sees.
class TlsSession final : public Session {
  public:
    TlsSession(EventLoop& loop, std::shared_ptr<TlsLink> link, std::shared_ptr<const SessionFactory> factory)
        : link_(std::move(link)) {
        link_->on_established = [this, factory = std::move(factory)] {
            timer_.cancel();
            inner_ = (*factory)(link_);
            link_->above = inner_.get();
            if (inner_ == nullptr) link_->abort();
            return inner_ != nullptr;
        };
        timer_ = loop.after(kHandshakeMs, [this] { link_->fail_handshake("it takes too long"); });
    }
    ~TlsSession() override { on_close(); }

    void on_bytes(std::string_view bytes) override { link_->feed(bytes); }
    void on_writable() override { link_->work(); }
    void on_close() override {
        timer_.cancel();
        link_->on_established = nullptr;
        link_->end();
        if (const auto inner = std::move(inner_)) inner->on_close();
    }

  private:
    std::shared_ptr<TlsLink> link_;
    std::unique_ptr<Session> inner_;
    Timer timer_;
};

}  // namespace

SessionFactory tls_factory(EventLoop& loop, std::shared_ptr<const TlsContext> context, SessionFactory inner,
                           std::string name) {
    const auto shared = std::make_shared<const SessionFactory>(std::move(inner));
    return [&loop, context = std::move(context), shared,
            name = std::move(name)](std::shared_ptr<Connection> below) -> std::unique_ptr<Session> {
        auto link = std::make_shared<TlsLink>(loop, context, std::move(below), name);
        if (const Status begun = link->begin(); !begun) {
            log_warn(name, "{}", begun.error().message);
            return nullptr;
        }
        return std::make_unique<TlsSession>(loop, std::move(link), shared);
    };
}

}  // namespace mr::net
