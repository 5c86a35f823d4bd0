#include "security/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace mr::security {
namespace {

const EVP_MD* md_of(Hash hash) {
    switch (hash) {
        case Hash::sha256:
            return EVP_sha256();
        case Hash::sha384:
            return EVP_sha384();
        case Hash::sha512:
            return EVP_sha512();
    }
    return EVP_sha256();
}

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::size_t hash_bytes(Hash hash) {
    return static_cast<std::size_t>(EVP_MD_get_size(md_of(hash)));
}

std::string digest(Hash hash, std::string_view bytes) {
    std::string out(hash_bytes(hash), '\0');
    MR_CHECK(EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, md_of(hash), nullptr) == 1);
    return out;
}

std::string hmac(Hash hash, std::string_view key, std::string_view bytes) {
    std::string out(hash_bytes(hash), '\0');
    unsigned int size = 0;
    // A null key would mean "the one before".
    const char* data = key.data() == nullptr ? "" : key.data();
    const auto* made = HMAC(md_of(hash), data, static_cast<int>(key.size()), bytes_of(bytes), bytes.size(),
                            bytes_of(out), &size);
    MR_CHECK(made != nullptr && size == out.size());
    return out;
}

std::string pbkdf2(Hash hash, std::string_view password, std::string_view salt, std::uint32_t iterations) {
    std::string out(hash_bytes(hash), '\0');
    const int made = PKCS5_PBKDF2_HMAC(password.data() == nullptr ? "" : password.data(),
                                       static_cast<int>(password.size()), bytes_of(salt),
                                       static_cast<int>(salt.size()), static_cast<int>(iterations),
                                       md_of(hash), static_cast<int>(out.size()), bytes_of(out));
    MR_CHECK(made == 1);
    return out;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    MR_CHECK(RAND_bytes(bytes_of(out), static_cast<int>(count)) == 1, "no random bytes");
    return out;
}

bool equal_secrets(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace mr::security
