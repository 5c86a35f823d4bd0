// Certificates for tests, made on the spot: a CA, and what it signs. Header only; not part of the product.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mr::net::testing {

struct Pem {
    std::string certificate;
    std::string key;
};

class Authority {
  public:
    explicit Authority(const std::string& name)
        : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(make({{"CN", name}}, key_.get(), true)) {}

    /// Signed by this authority, for clients and servers alike; localhost is among its names.
    [[nodiscard]] Pem issue(const std::vector<std::pair<std::string, std::string>>& subject) {
        const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        return {text(make(subject, key.get(), false).get()), text(key.get())};
    }
    [[nodiscard]] std::string certificate() const { return text(certificate_.get()); }

  private:
    using Certificate = std::shared_ptr<X509>;

    template <class Write>
    static std::string written(Write write) {
        BIO* out = BIO_new(BIO_s_mem());
        write(out);
        char* data = nullptr;
        const long size = BIO_get_mem_data(out, &data);
        std::string text(data, static_cast<std::size_t>(size));
        BIO_free_all(out);
        return text;
    }
    static std::string text(X509* certificate) {
        return written([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
    }
    static std::string text(EVP_PKEY* key) {
        return written(
            [&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
    }
    static void extend(X509* certificate, int what, const char* value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    Certificate make(const std::vector<std::pair<std::string, std::string>>& subject, EVP_PKEY* key,
                     bool is_ca) {
        const Certificate certificate(X509_new(), X509_free);
        X509_set_version(certificate.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24L * 3600);
        X509_NAME* name = X509_get_subject_name(certificate.get());
        for (const auto& [type, value] : subject) {
            X509_NAME_add_entry_by_txt(name, type.c_str(), MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
        }
        X509_set_issuer_name(certificate.get(), is_ca ? name : X509_get_subject_name(certificate_.get()));
        X509_set_pubkey(certificate.get(), key);
        extend(certificate.get(), NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
        if (!is_ca) extend(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
        X509_sign(certificate.get(), key_.get(), EVP_sha256());
        return certificate;
    }

    int serial_ = 0;
    std::shared_ptr<EVP_PKEY> key_;
    Certificate certificate_;
};

}  // namespace mr::net::testing
