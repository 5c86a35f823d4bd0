// TLS listeners over real sockets: both versions, client certificates, reload, large answers, hostile peers.
#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "net/testing/certificates.h"
#include "net/testing/test_client.h"

namespace mr::net {
namespace {

using testing::Authority;
using testing::Pem;
using testing::run_until;
using testing::TestClient;

/// Answers "N" with N bytes of x, "who" with the peer's subject, and everything else with itself; "bye"
/// closes.
class Echo final : public Session {
  public:
    explicit Echo(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    void on_bytes(std::string_view bytes) override {
        seen += bytes.size();
        if (bytes == "bye") {
            connection_->send(std::string("goodbye"));
            return connection_->close();
        }
        if (bytes == "who") return connection_->send("<" + connection_->peer_subject() + ">");
        const long count = std::strtol(std::string(bytes).c_str(), nullptr, 10);
        connection_->send(count > 0 ? std::string(static_cast<std::size_t>(count), 'x') : std::string(bytes));
    }
    void on_writable() override { ++writable; }
    void on_close() override { ++closed; }

    inline static std::size_t seen = 0;
    inline static int writable = 0;
    inline static int closed = 0;

  private:
    std::shared_ptr<Connection> connection_;
};

/// A TLS client over a plain one.
class TlsClient {
  public:
    TlsClient(EventLoop& loop, const HostPort& to, const Pem& identity = {}, int version = TLS1_3_VERSION)
        : loop_(loop), plain_(loop, to), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
        SSL_CTX_set_max_proto_version(context_.get(), version);
        SSL_CTX_set_min_proto_version(context_.get(), 0);
        if (!identity.certificate.empty()) use(identity);
        ssl_.reset(SSL_new(context_.get()), SSL_free);
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(ssl_.get());
    }
    /// "" or what went wrong.
    std::string connect() {
        const bool done = run_until(loop_, [&] {
            if (failed_ || SSL_is_init_finished(ssl_.get())) return true;
            pump();
            const int n = SSL_do_handshake(ssl_.get());
            if (n != 1 && SSL_get_error(ssl_.get(), n) != SSL_ERROR_WANT_READ) failed_ = true;
            pump();
            return plain_.ended();
        });
        return done && !failed_ && SSL_is_init_finished(ssl_.get()) ? "" : "refused";
    }
    void send(std::string_view text) {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
        pump();
    }
    bool wait(const std::function<bool(const std::string&)>& condition) {
        return run_until(loop_,
                         [&] {
                             read();
                             return condition(received_) || plain_.ended() || failed_;
                         }) &&
               condition(received_);
    }
    bool wait_text(const std::string& text) {
        return wait([&](const std::string& r) { return r.find(text) != std::string::npos; });
    }
    bool wait_end() {
        return run_until(loop_, [&] {
            read();
            return plain_.ended() || failed_ || (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
        });
    }
    std::string& received() { return received_; }
    SSL* ssl() { return ssl_.get(); }

  private:
    void use(const Pem& identity) {
        BIO* certificate = BIO_new_mem_buf(identity.certificate.data(), -1);
        BIO* key = BIO_new_mem_buf(identity.key.data(), -1);
        X509* x509 = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
        EVP_PKEY* pkey = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
        SSL_CTX_use_certificate(context_.get(), x509);
        SSL_CTX_use_PrivateKey(context_.get(), pkey);
        X509_free(x509);
        EVP_PKEY_free(pkey);
        BIO_free_all(certificate);
        BIO_free_all(key);
    }
    void pump() {
        char buffer[16384];
        for (int n = 0; (n = BIO_read(SSL_get_wbio(ssl_.get()), buffer, sizeof buffer)) > 0;)
            plain_.send(std::string_view(buffer, static_cast<std::size_t>(n)));
        plain_.poll();
        std::string& in = plain_.received();
        if (!in.empty()) BIO_write(SSL_get_rbio(ssl_.get()), in.data(), static_cast<int>(in.size()));
        in.clear();
    }
    void read() {
        pump();
        char buffer[16384];
        for (;;) {
            const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
            if (n > 0) {
                received_.append(buffer, static_cast<std::size_t>(n));
                continue;
            }
            const int what = SSL_get_error(ssl_.get(), n);
            if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_ZERO_RETURN) failed_ = true;
            return;
        }
    }

    EventLoop& loop_;
    TestClient plain_;
    std::shared_ptr<SSL_CTX> context_;
    std::shared_ptr<SSL> ssl_;
    std::string received_;
    bool failed_ = false;
};

class TlsTest : public ::testing::Test {
  protected:
    TlsTest() {
        std::string name = (std::filesystem::temp_directory_path() / "tls-test-XXXXXX").string();
        MR_CHECK(::mkdtemp(name.data()) != nullptr);
        directory_ = name;
        write("ca.pem", authority_.certificate());
        write_identity("server", authority_.issue({{"O", "millrace"}, {"CN", "localhost"}}));
        Echo::seen = 0;
        Echo::writable = Echo::closed = 0;
    }
    ~TlsTest() override { std::filesystem::remove_all(directory_); }

    void write(const std::string& name, const std::string& text) {
        std::ofstream(directory_ + "/" + name) << text;
    }
    void write_identity(const std::string& name, const Pem& pem) {
        write(name + ".pem", pem.certificate);
        write(name + ".key", pem.key);
    }
    [[nodiscard]] TlsFiles files(ClientAuth auth = ClientAuth::none) const {
        return {.certificate = directory_ + "/server.pem",
                .key = directory_ + "/server.key",
                .client_ca = directory_ + "/ca.pem",
                .client_auth = auth};
    }
    std::shared_ptr<TlsContext> listen(TlsFiles files) {
        auto context = TlsContext::load(posix_file_system(), std::move(files));
        EXPECT_TRUE(context) << context.error().message;
        auto server = TcpServer::listen(loop_, {.name = "tls"},
                                        tls_factory(
                                            loop_, *context,
                                            [](std::shared_ptr<Connection> connection) {
                                                return std::make_unique<Echo>(std::move(connection));
                                            },
                                            "tls"));
        EXPECT_TRUE(server);
        server_ = std::move(*server);
        return *context;
    }

    VirtualClock clock_{TimestampMs(0)};
    EventLoop loop_{clock_};
    Authority authority_{"test authority"};
    std::string directory_;
    std::unique_ptr<TcpServer> server_;
};

TEST_F(TlsTest, EchoesInBothVersions) {
    listen(files());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(loop_, server_->bound(), {}, version);
        ASSERT_EQ(client.connect(), "");
        EXPECT_EQ(SSL_version(client.ssl()), version);
        client.send("hello");
        EXPECT_TRUE(client.wait_text("hello"));
        client.received().clear();
        client.send("who");
        EXPECT_TRUE(client.wait_text("<>"));
    }
    TlsClient old(loop_, server_->bound(), {}, TLS1_1_VERSION);
    EXPECT_EQ(old.connect(), "refused");
}

// Goal: megabytes arrive whole, while the session hears when they have drained.
TEST_F(TlsTest, LargeAnswers) {
    listen(files());
    TlsClient client(loop_, server_->bound());
    ASSERT_EQ(client.connect(), "");
    client.send("9000000");
    EXPECT_TRUE(client.wait([](const std::string& r) { return r.size() >= 9'000'000; }))
        << client.received().size();
    EXPECT_EQ(client.received().find_first_not_of('x'), std::string::npos);
    EXPECT_TRUE(run_until(loop_, [] { return Echo::writable == 1; }));
}

TEST_F(TlsTest, ClosingSendsWhatIsLeft) {
    listen(files());
    TlsClient client(loop_, server_->bound());
    ASSERT_EQ(client.connect(), "");
    client.send("bye");
    EXPECT_TRUE(client.wait_text("goodbye"));
    EXPECT_TRUE(client.wait_end());
}

TEST_F(TlsTest, ClientCertificates) {
    listen(files(ClientAuth::required));
    const Pem alice = authority_.issue({{"C", "FR"}, {"O", "Entrepôt"}, {"OU", "floor"}, {"CN", "alice"}});
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient known(loop_, server_->bound(), alice, version);
        ASSERT_EQ(known.connect(), "");
        known.send("who");
        EXPECT_TRUE(known.wait_text("<CN=alice,OU=floor,O=Entrepôt,C=FR>")) << known.received();
        TlsClient nobody(loop_, server_->bound(), {}, version);
        nobody.connect();
        nobody.send("who");
        EXPECT_FALSE(nobody.wait_text(">"));
        Authority other("another authority");
        TlsClient forged(loop_, server_->bound(), other.issue({{"CN", "alice"}}), version);
        forged.connect();
        forged.send("who");
        EXPECT_FALSE(forged.wait_text(">"));
    }
}

TEST_F(TlsTest, RequestedCertificatesMayBeMissingButNotForged) {
    listen(files(ClientAuth::requested));
    TlsClient nobody(loop_, server_->bound());
    ASSERT_EQ(nobody.connect(), "");
    nobody.send("who");
    EXPECT_TRUE(nobody.wait_text("<>"));
    Authority other("another authority");
    TlsClient forged(loop_, server_->bound(), other.issue({{"CN", "alice"}}));
    forged.connect();
    forged.send("who");
    EXPECT_FALSE(forged.wait_text(">"));
}

TEST_F(TlsTest, CertificatesAreReloaded) {
    const auto context = listen(files());
    const auto shown = [&] {
        TlsClient client(loop_, server_->bound());
        EXPECT_EQ(client.connect(), "");
        X509* certificate = SSL_get1_peer_certificate(client.ssl());
        char name[256] = {};
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_organizationName, name,
                                  sizeof name);
        X509_free(certificate);
        return std::string(name);
    };
    EXPECT_EQ(shown(), "millrace");
    EXPECT_FALSE(*context->refresh());
    TlsClient before(loop_, server_->bound());
    ASSERT_EQ(before.connect(), "");
    const Pem next = authority_.issue({{"O", "renewed"}, {"CN", "localhost"}});
    write("server.pem", next.certificate);
    const auto half = context->refresh();
    EXPECT_FALSE(half) << "the key is still that of the old certificate";
    EXPECT_FALSE(*context->refresh()) << "told once";
    EXPECT_EQ(shown(), "millrace");
    write("server.key", next.key);
    EXPECT_TRUE(*context->refresh());
    EXPECT_EQ(shown(), "renewed");
    before.send("still here");
    EXPECT_TRUE(before.wait_text("still here"));
}

TEST_F(TlsTest, WrongFiles) {
    const auto problem = [&](TlsFiles wrong) {
        const auto context = TlsContext::load(posix_file_system(), std::move(wrong));
        return context ? "" : context.error().message;
    };
    TlsFiles missing = files();
    missing.key = directory_ + "/none.key";
    EXPECT_NE(problem(missing).find("none.key"), std::string::npos);
    TlsFiles swapped = files();
    std::swap(swapped.certificate, swapped.key);
    EXPECT_NE(problem(swapped).find("no PEM"), std::string::npos);
    write_identity("other", authority_.issue({{"CN", "other"}}));
    TlsFiles mixed = files();
    mixed.key = directory_ + "/other.key";
    EXPECT_NE(problem(mixed).find("not that of the certificate"), std::string::npos);
    write("empty.pem", "");
    TlsFiles no_ca = files(ClientAuth::required);
    no_ca.client_ca = directory_ + "/empty.pem";
    EXPECT_NE(problem(no_ca).find("empty.pem"), std::string::npos);
}

// Goal: whoever does not speak TLS is cut off, and nobody is told of him.
TEST_F(TlsTest, HostilePeers) {
    listen(files());
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\0'),
          std::string("\x16\x03\x01\xff\xff", 5) + std::string(70'000, 'a'),
          std::string("\x00\x00\x00\x0e\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff", 14)}) {
        TestClient client(loop_, server_->bound());
        client.send(bytes);
        EXPECT_TRUE(client.wait_end());
    }
    ASSERT_TRUE(run_until(loop_, [&] { return server_->connections() == 0; }));
    TestClient silent(loop_, server_->bound());
    run_until(loop_, [&] { return server_->connections() == 1; });
    clock_.advance_ms(9'000);
    loop_.run_once(1);
    EXPECT_TRUE(silent.poll());
    clock_.advance_ms(2'000);
    EXPECT_TRUE(silent.wait_end());
    EXPECT_EQ(Echo::seen, 0U);
    EXPECT_EQ(Echo::closed, 0);
}

}  // namespace
}  // namespace mr::net
