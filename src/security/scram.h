// SCRAM (RFC 5802, RFC 7677): what is kept of a password, and the server's side of the exchange.
//
// A credential is salt, iterations, StoredKey and ServerKey: who reads it learns no password and cannot log
// in with it. Passwords are taken as the bytes they come in (clients normalise). A user who is not there gets
// a salt of his own, always the same, and fails at the last step: nobody learns which names exist. Thread:
// any (values).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "security/crypto.h"

namespace mr::security {

/// Numbers are the protocol's (KIP-554) and stand in the journal.
enum class ScramMechanism : std::uint8_t { sha256 = 1, sha512 = 2 };

inline constexpr std::uint32_t kIterationsMin = 4'096;
inline constexpr std::uint32_t kIterationsMax = 16'384;
inline constexpr std::size_t kSaltBytesMax = 1'024;
inline constexpr std::size_t kUserBytesMax = 1'024;
/// The password of `user create`; hashing takes as long as it is long.
inline constexpr std::size_t kPasswordBytesMax = 4'096;

/// "SCRAM-SHA-256".
std::string_view to_string(ScramMechanism mechanism);
Hash hash_of(ScramMechanism mechanism);

struct ScramCredential {
    std::string salt{};
    std::uint32_t iterations = kIterationsMin;
    std::string stored_key{};
    std::string server_key{};

    bool operator==(const ScramCredential&) const = default;
};

ScramCredential make_credential(ScramMechanism mechanism, std::string_view password, std::string salt,
                                std::uint32_t iterations);
/// From what the client derived itself (AlterUserScramCredentials).
ScramCredential credential_of_salted(ScramMechanism mechanism, std::string_view salted_password,
                                     std::string salt, std::uint32_t iterations);
/// Is that the password? Takes milliseconds: not for the loop.
bool is_password(ScramMechanism mechanism, const ScramCredential& credential, std::string_view password);
/// The credential a user who is not there seems to have; `secret` is the node's own.
ScramCredential decoy_credential(ScramMechanism mechanism, std::string_view user, std::string_view secret);

/// One exchange. first() then final(), each once.
class ScramServer {
  public:
    /// `nonce`: ours; the tests give the RFC's.
    explicit ScramServer(ScramMechanism mechanism, std::string nonce = {});

    /// Reads "n,,n=user,r=nonce" and finds out who asks. invalid_argument: not SCRAM.
    Status read_first(std::string_view client_first);
    [[nodiscard]] const std::string& user() const { return user_; }
    /// "r=…,s=…,i=…". `known`: false makes final() fail whatever it gets.
    std::string answer_first(ScramCredential credential, bool known);
    /// "v=…", or permission_denied.
    Result<std::string> final(std::string_view client_final);

  private:
    const ScramMechanism mechanism_;
    std::string client_nonce_;
    std::string nonce_;  ///< the client's, then ours
    std::string user_;
    std::string gs2_header_;
    std::string first_bare_;
    std::string server_first_;
    ScramCredential credential_;
    bool known_ = false;
};

}  // namespace mr::security
