#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <utility>
#include <vector>

#include "net/internal/openssl.h"
#include "net/tls.h"

namespace mr::net {

namespace internal {

std::string openssl_error() {
    std::string text;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        const char* reason = ERR_reason_error_string(code);
        if (reason != nullptr && text.empty()) text = reason;
    }
    return text.empty() ? "unknown error" : text;
}

std::string subject_of(X509* certificate) {
    const Owned<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
    // RFC 2253's form, but with UTF-8 as it is and not escaped, as Java has it.
    constexpr unsigned long kForm = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
    if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, kForm) < 0) return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace internal

namespace {

using internal::openssl_error;
using internal::Owned;

using Certificate = Owned<X509, X509_free>;

Owned<BIO, BIO_free_all> reader_of(const std::string& pem) {
    return Owned<BIO, BIO_free_all>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::vector<Certificate> certificates_of(const std::string& pem) {
    std::vector<Certificate> out;
    const auto reader = reader_of(pem);
    while (X509* one = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) out.emplace_back(one);
    ERR_clear_error();
    return out;
}

/// Nobody is asked for a password on a terminal.
int no_password(char* /*to*/, int /*size*/, int /*writing*/, void* /*data*/) {
    return 0;
}

Status use_certificate(SSL_CTX* ssl, const TlsFiles& files, const std::string& pem,
                       std::string& description) {
    std::vector<Certificate> chain = certificates_of(pem);
    if (chain.empty()) return fail(Code::invalid_argument, "{} holds no PEM certificate", files.certificate);
    if (SSL_CTX_use_certificate(ssl, chain.front().get()) != 1)
        return fail(Code::invalid_argument, "{}: {}", files.certificate, openssl_error());
    for (std::size_t i = 1; i < chain.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(ssl, chain[i].get()) != 1)
            return fail(Code::invalid_argument, "{}: {}", files.certificate, openssl_error());
    }
    const Owned<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
    ASN1_TIME_print(out.get(), X509_get0_notAfter(chain.front().get()));
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    description = fmt::format("{}, valid until {}", internal::subject_of(chain.front().get()),
                              std::string_view(data, static_cast<std::size_t>(size > 0 ? size : 0)));
    return {};
}

Status use_key(SSL_CTX* ssl, const TlsFiles& files, const std::string& pem) {
    const auto reader = reader_of(pem);
    const Owned<EVP_PKEY, EVP_PKEY_free> key(
        PEM_read_bio_PrivateKey(reader.get(), nullptr, no_password, nullptr));
    if (!key) {
        return fail(Code::invalid_argument,
                    "{} holds no PEM private key that can be read without a password ({})", files.key,
                    openssl_error());
    }
    if (SSL_CTX_use_PrivateKey(ssl, key.get()) != 1 || SSL_CTX_check_private_key(ssl) != 1) {
        ERR_clear_error();
        return fail(Code::invalid_argument, "the key {} is not that of the certificate {}", files.key,
                    files.certificate);
    }
    return {};
}

Status use_client_ca(SSL_CTX* ssl, const TlsFiles& files, const std::string& pem) {
    if (files.client_auth == ClientAuth::none) {
        SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
        return {};
    }
    const std::vector<Certificate> roots = certificates_of(pem);
    if (roots.empty()) return fail(Code::invalid_argument, "{} holds no PEM certificate", files.client_ca);
    X509_STORE* store = SSL_CTX_get_cert_store(ssl);
    for (const Certificate& root : roots) {
        X509_STORE_add_cert(store, root.get());
        SSL_CTX_add_client_CA(ssl, root.get());
    }
    ERR_clear_error();
    const int fail_without = files.client_auth == ClientAuth::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | fail_without, nullptr);
    return {};
}

std::shared_ptr<SSL_CTX> new_context(const TlsFiles& files) {
    std::shared_ptr<SSL_CTX> ssl(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (ssl == nullptr) return nullptr;
    SSL_CTX_set_min_proto_version(ssl.get(), files.tls13_only ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(ssl.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ssl.get(), 0);
    SSL_CTX_set_mode(ssl.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A chain of certificates of a client; OpenSSL's own limit is 100 KiB.
    SSL_CTX_set_max_cert_list(ssl.get(), 64L << 10);
    return ssl;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::load(FileSystem& fs, TlsFiles files) {
    auto context = std::make_shared<TlsContext>(fs, std::move(files));
    MR_TRY_VOID(context->refresh());
    return context;
}

Result<bool> TlsContext::refresh() {
    std::vector<std::string> contents;
    const bool with_clients = files_.client_auth != ClientAuth::none;
    for (const std::string& path : {files_.certificate, files_.key, with_clients ? files_.client_ca : ""}) {
        if (path.empty()) {
            contents.emplace_back();
            continue;
        }
        auto text = read_file(fs_, path);
        if (!text) {
            // Half-way through being replaced, or gone for good: either way, once is enough.
            if (std::exchange(seen_, text.error().message) == text.error().message) return false;
            return annotate(text.error(), path);
        }
        contents.push_back(std::move(*text));
    }
    std::string all = contents[0] + '\0' + contents[1] + '\0' + contents[2];
    if (all == seen_) return false;
    seen_ = std::move(all);
    auto ssl = new_context(files_);
    if (ssl == nullptr) return fail(Code::internal, "OpenSSL: {}", openssl_error());
    std::string description;
    MR_TRY_VOID(use_certificate(ssl.get(), files_, contents[0], description));
    MR_TRY_VOID(use_key(ssl.get(), files_, contents[1]));
    MR_TRY_VOID(use_client_ca(ssl.get(), files_, contents[2]));
    ssl_ = std::move(ssl);
    description_ = std::move(description);
    return true;
}

}  // namespace mr::net
