#include "security/internal/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <optional>

#include "security/crypto.h"

namespace mr::security::internal {
namespace {

constexpr int kRsaBitsMin = 2'048;
constexpr int kRsaBitsMax = 16'384;
constexpr std::size_t kSecretBytesMin = 32;

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* thing) const { Free(thing); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, Free>>;
using Number = Owned<BIGNUM, BN_free>;

Number number_of(std::string_view bytes) {
    return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                            static_cast<int>(bytes.size()), nullptr));
}

/// A public key from named parameters; nullptr when OpenSSL finds them wrong.
std::shared_ptr<EVP_PKEY> make_key(const char* type, OSSL_PARAM_BLD* builder) {
    const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder));
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    const bool made = parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
    ERR_clear_error();
    std::shared_ptr<EVP_PKEY> owned(key, EVP_PKEY_free);
    if (!made || !owned) return nullptr;
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> check(EVP_PKEY_CTX_new(owned.get(), nullptr));
    const bool valid = check && EVP_PKEY_public_check(check.get()) == 1;
    ERR_clear_error();
    return valid ? owned : nullptr;
}

const EVP_MD* md_of(std::string_view algorithm) {
    if (algorithm.ends_with("256")) return EVP_sha256();
    return algorithm.ends_with("384") ? EVP_sha384() : EVP_sha512();
}

/// JWS has r and s side by side; OpenSSL wants them in DER.
std::optional<std::string> to_der(std::string_view signature, std::size_t half) {
    if (signature.size() != 2 * half) return std::nullopt;
    Number r = number_of(signature.substr(0, half));
    Number s = number_of(signature.substr(half));
    const Owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
    if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
    if (size <= 0) return std::nullopt;
    std::string der(static_cast<std::size_t>(size), '\0');
    auto* at = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(pair.get(), &at);
    return der;
}

}  // namespace

Result<VerifyKey> VerifyKey::rsa(std::string_view modulus, std::string_view exponent) {
    const Number n = number_of(modulus.substr(0, kRsaBitsMax / 8 + 1));
    const Number e = number_of(exponent.substr(0, 16));
    const int bits = n ? BN_num_bits(n.get()) : 0;
    if (!e || bits < kRsaBitsMin || bits > kRsaBitsMax)
        return fail(Code::invalid_argument, "an RSA key of {} bits: {} to {} are accepted", bits, kRsaBitsMin,
                    kRsaBitsMax);
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    VerifyKey key;
    key.kind_ = Kind::rsa;
    key.key_ = make_key("RSA", builder.get());
    if (key.key_ == nullptr) return fail(Code::invalid_argument, "an RSA key that is none");
    return key;
}

Result<VerifyKey> VerifyKey::ec(std::string_view curve, std::string_view x, std::string_view y) {
    VerifyKey key;
    std::size_t bytes = 0;
    if (curve == "P-256") {
        key.kind_ = Kind::p256;
        bytes = 32;
    } else if (curve == "P-384") {
        key.kind_ = Kind::p384;
        bytes = 48;
    } else if (curve == "P-521") {
        key.kind_ = Kind::p521;
        bytes = 66;
    } else {
        return fail(Code::unsupported, "curve `{}`: P-256, P-384 and P-521 are known", curve);
    }
    if (x.size() != bytes || y.size() != bytes)
        return fail(Code::invalid_argument, "an EC key of the wrong size");
    const std::string point = std::string(1, '\x04').append(x).append(y);
    const std::string name(curve);
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, name.c_str(), name.size());
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    key.key_ = make_key("EC", builder.get());
    if (key.key_ == nullptr) return fail(Code::invalid_argument, "an EC key that is not on its curve");
    return key;
}

Result<VerifyKey> VerifyKey::secret(std::string bytes) {
    if (bytes.size() < kSecretBytesMin)
        return fail(Code::invalid_argument, "a secret of {} bytes: at least {} are asked for", bytes.size(),
                    kSecretBytesMin);
    VerifyKey key;
    key.kind_ = Kind::secret;
    key.secret_ = std::move(bytes);
    return key;
}

bool VerifyKey::can(std::string_view algorithm) const {
    switch (kind_) {
        case Kind::rsa:
            return algorithm == "RS256" || algorithm == "RS384" || algorithm == "RS512";
        case Kind::p256:
            return algorithm == "ES256";
        case Kind::p384:
            return algorithm == "ES384";
        case Kind::p521:
            return algorithm == "ES512";
        case Kind::secret:
            return algorithm == "HS256" || algorithm == "HS384" || algorithm == "HS512";
    }
    return false;
}

bool VerifyKey::verify(std::string_view algorithm, std::string_view input, std::string_view signature) const {
    if (kind_ == Kind::secret) {
        const Hash hash = algorithm == "HS256"   ? Hash::sha256
                          : algorithm == "HS384" ? Hash::sha384
                                                 : Hash::sha512;
        return equal_secrets(hmac(hash, secret_, input), signature);
    }
    std::string der(signature);
    if (kind_ != Kind::rsa) {
        const std::size_t half = kind_ == Kind::p256 ? 32 : kind_ == Kind::p384 ? 48 : 66;
        auto made = to_der(signature, half);
        if (!made) return false;
        der = std::move(*made);
    }
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    const bool right =
        context && EVP_DigestVerifyInit(context.get(), nullptr, md_of(algorithm), nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                         reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
    ERR_clear_error();
    return right;
}

}  // namespace mr::security::internal
