// OAUTHBEARER tokens: JSON Web Tokens (RFC 7519) signed with a key of a JSON Web Key Set (RFC 7517).
//
// A token is believed when its signature fits a key of the set that is made for its algorithm (RS256/384/512,
// ES256/384/512, HS256/384/512; never "none", never an HMAC with a public key), it is not expired and it says
// what the settings ask for: issuer, audience, scopes. Sizes are bounded before anything is decoded. Thread:
// any (immutable).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace mr::security {

inline constexpr std::size_t kTokenBytesMax = 64U << 10;
inline constexpr std::size_t kKeySetBytesMax = 1U << 20;
inline constexpr std::size_t kKeysMax = 256;

struct JwtRules {
    std::string issuer{};                 ///< empty: any
    std::vector<std::string> audience{};  ///< one of them; empty: any
    std::vector<std::string> scopes{};    ///< all of them
    std::string principal_claim = "sub";
    std::string scope_claim = "scope";  ///< a string with blanks, or a list
    std::int64_t clock_skew_ms = 30'000;
};

struct JwtClaims {
    std::string principal{};
    TimestampMs expires{};
};

class KeySet {
  public:
    KeySet();
    ~KeySet();
    KeySet(KeySet&&) noexcept;
    KeySet& operator=(KeySet&&) noexcept;

    /// {"keys":[…]}. Keys of kinds that are of no use here are left out; none left is an error.
    static Result<KeySet> parse(std::string_view json);
    [[nodiscard]] std::size_t size() const;

    /// permission_denied says which check failed, without quoting the token.
    [[nodiscard]] Result<JwtClaims> check(std::string_view token, const JwtRules& rules,
                                          TimestampMs now) const;

  private:
    struct Key;
    [[nodiscard]] Status check_signature(std::string_view algorithm, std::string_view key_id,
                                         std::string_view input, std::string_view signature) const;
    std::vector<Key> keys_;
};

/// Nothing for text that is not base64url without padding (RFC 7515).
Result<std::string> base64url_decode(std::string_view text);
std::string base64url_encode(std::string_view bytes);

}  // namespace mr::security
