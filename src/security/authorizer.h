// Who may do what: ACLs (acl.h), super users and what goes without ACLs. Thread: any.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "security/principal.h"
#include "security/store.h"

namespace mr::security {

struct AuthorizerOptions {
    std::vector<Principal> super_users{};
    /// Kafka's allow.everyone.if.no.acl.found.
    bool allow_if_none = false;
};

/// REQUIRES: the store outlives it.
class Authorizer {
  public:
    Authorizer(const Store& store, const AuthorizerOptions& options);

    [[nodiscard]] bool allows(const Subject& who, Operation operation, ResourceType type,
                              std::string_view name) const;
    /// On at least one resource of that type (what an idempotent producer needs, KIP-679).
    [[nodiscard]] bool allows_some(const Subject& who, Operation operation, ResourceType type) const;
    /// All that `who` may do to it, as a bit set by operation number (KIP-430).
    [[nodiscard]] std::int32_t operations(const Subject& who, ResourceType type, std::string_view name) const;
    [[nodiscard]] bool is_super_user(std::string_view principal) const {
        return super_users_.contains(principal);
    }

  private:
    [[nodiscard]] bool allows(const View& view, const Subject& who, Operation operation, ResourceType type,
                              std::string_view name) const;
    const Store& store_;
    std::set<std::string, std::less<>> super_users_;
    const bool allow_if_none_;
};

/// The operations a resource of that type knows, as Kafka lists them.
std::vector<Operation> operations_of(ResourceType type);

}  // namespace mr::security
