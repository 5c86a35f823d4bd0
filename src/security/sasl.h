// SASL as Kafka uses it: PLAIN (RFC 4616), SCRAM-SHA-256/512 (RFC 7677), OAUTHBEARER (RFC 7628).
//
// An exchange belongs to one connection and is stepped with each token of the client. A step may take
// milliseconds (PLAIN hashes the password): where blocking() says so, off the loop. Every way to fail looks
// alike to the client; the reason is for the log. Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "security/jwt.h"
#include "security/scram.h"
#include "security/store.h"

namespace mr::security {

enum class Mechanism : std::uint8_t { plain, scram_sha256, scram_sha512, oauthbearer };

std::string_view to_string(Mechanism mechanism);
std::optional<Mechanism> parse_mechanism(std::string_view name);
/// In the order they are told to clients.
std::vector<std::string> all_mechanisms();

/// What exchanges compare with, as of their beginning.
struct SaslContext {
    std::shared_ptr<const View> view{};
    std::shared_ptr<const KeySet> keys{};  ///< nullptr: no OAUTHBEARER
    JwtRules jwt{};
    std::string decoy_secret{};  ///< see scram.h
};

struct SaslStep {
    std::string challenge{};  ///< to be sent, maybe empty
    bool done = false;        ///< authenticated: `user` is who
    std::string user{};
    /// OAUTHBEARER: when what was shown runs out.
    std::optional<TimestampMs> expires{};
};

class SaslExchange {
  public:
    virtual ~SaslExchange() = default;
    [[nodiscard]] virtual Mechanism mechanism() const = 0;
    /// The next step may take long.
    [[nodiscard]] virtual bool blocking() const { return false; }
    /// permission_denied or invalid_argument end it. (A token that is refused is told in a challenge first,
    /// which the client answers: RFC 7628.)
    virtual Result<SaslStep> step(std::string_view token, TimestampMs now) = 0;

    static std::unique_ptr<SaslExchange> make(Mechanism mechanism, SaslContext context);
};

/// The parts of a PLAIN token.
struct PlainToken {
    std::string authorisation{};
    std::string user{};
    std::string password{};
};
Result<PlainToken> parse_plain(std::string_view token);

/// The parts of an OAUTHBEARER client's first message.
struct BearerToken {
    std::string authorisation{};
    std::string token{};
};
Result<BearerToken> parse_bearer(std::string_view message);

}  // namespace mr::security
