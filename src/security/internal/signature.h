// Keys that check signatures as JWTs carry them (RFC 7518). Thread: any (immutable).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

typedef struct evp_pkey_st EVP_PKEY;

namespace mr::security::internal {

class VerifyKey {
  public:
    /// Big-endian numbers. At least 2048 bits.
    static Result<VerifyKey> rsa(std::string_view modulus, std::string_view exponent);
    /// "P-256", "P-384", "P-521".
    static Result<VerifyKey> ec(std::string_view curve, std::string_view x, std::string_view y);
    /// For HMACs; at least 32 bytes.
    static Result<VerifyKey> secret(std::string bytes);

    /// Is this key made for that algorithm ("RS256")?
    [[nodiscard]] bool can(std::string_view algorithm) const;
    /// REQUIRES: can(algorithm).
    [[nodiscard]] bool verify(std::string_view algorithm, std::string_view input,
                              std::string_view signature) const;

  private:
    enum class Kind : std::uint8_t { rsa, p256, p384, p521, secret };
    Kind kind_ = Kind::secret;
    std::shared_ptr<EVP_PKEY> key_;  ///< public keys
    std::string secret_;
};

}  // namespace mr::security::internal
