// What the Kafka listeners know of security, and what one connection is allowed. Nothing of it costs a
// connection anything where no authorizer is configured: its Access is null, and null may do everything.
// Thread: loop, except where it says any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "security/authorizer.h"
#include "security/principal.h"
#include "security/sasl.h"
#include "security/store.h"

namespace mr::serve::kafka {

using security::Operation;
using security::ResourceType;

/// One listening address and what it asks of who connects.
struct Listener {
    std::string protocol = "PLAINTEXT";  ///< as Kafka names it: SSL, SASL_PLAINTEXT, SASL_SSL
    bool sasl = false;
    /// What Metadata and FindCoordinator tell who came by this listener; port 0 until it is bound.
    net::HostPort advertise{"127.0.0.1", 0};
};

/// REQUIRES: what it points to outlives the service.
struct Security {
    security::Store* store = nullptr;                   ///< nullptr: no users, no ACLs
    const security::Authorizer* authorizer = nullptr;   ///< nullptr: everybody may do everything
    const security::PrincipalMapper* mapper = nullptr;  ///< nullptr: names are the certificates' subjects
    std::vector<security::Mechanism> mechanisms{};      ///< in the order clients are told
    std::function<std::shared_ptr<const security::KeySet>()> keys{};
    security::JwtRules jwt{};
    std::string decoy_secret{};
    std::int64_t reauthenticate_ms = 0;  ///< Kafka's connections.max.reauth.ms; 0: never
    bool audit = false;                  ///< a log line for every administrative act
};

/// A principal, from where it came, and the authorizer to ask. Thread: any (immutable).
class Access {
  public:
    Access(const security::Authorizer& authorizer, std::string principal, std::string host)
        : authorizer_(authorizer), principal_(std::move(principal)), host_(std::move(host)) {}

    [[nodiscard]] bool may(Operation operation, ResourceType type, std::string_view name) const {
        return authorizer_.allows(who(), operation, type, name);
    }
    [[nodiscard]] bool may_some(Operation operation, ResourceType type) const {
        return authorizer_.allows_some(who(), operation, type);
    }
    [[nodiscard]] std::int32_t operations(ResourceType type, std::string_view name) const {
        return authorizer_.operations(who(), type, name);
    }

  private:
    [[nodiscard]] security::Subject who() const { return {principal_, host_}; }
    const security::Authorizer& authorizer_;
    const std::string principal_;
    const std::string host_;
};

}  // namespace mr::serve::kafka
