#include "security/authorizer.h"

namespace mr::security {

Authorizer::Authorizer(const Store& store, const AuthorizerOptions& options)
    : store_(store), allow_if_none_(options.allow_if_none) {
    for (const Principal& principal : options.super_users) super_users_.insert(principal.text());
}

bool Authorizer::allows(const View& view, const Subject& who, Operation operation, ResourceType type,
                        std::string_view name) const {
    switch (view.acls.decide(who, operation, type, name)) {
        case AclSet::Answer::allowed:
            return true;
        case AclSet::Answer::denied:
            return false;
        case AclSet::Answer::none:
            return allow_if_none_;
    }
    return false;
}

bool Authorizer::allows(const Subject& who, Operation operation, ResourceType type,
                        std::string_view name) const {
    return is_super_user(who.principal) || allows(*store_.view(), who, operation, type, name);
}

bool Authorizer::allows_some(const Subject& who, Operation operation, ResourceType type) const {
    if (is_super_user(who.principal)) return true;
    const auto view = store_.view();
    // A name nobody has: what is allowed on it is allowed on others.
    return allows(*view, who, operation, type, "hardcode") || view->acls.allows_some(who, operation, type);
}

std::int32_t Authorizer::operations(const Subject& who, ResourceType type, std::string_view name) const {
    const bool super_user = is_super_user(who.principal);
    const auto view = store_.view();
    std::int32_t bits = 0;
    for (const Operation operation : operations_of(type)) {
        if (super_user || allows(*view, who, operation, type, name)) bits |= 1 << static_cast<int>(operation);
    }
    return bits;
}

std::vector<Operation> operations_of(ResourceType type) {
    using enum Operation;
    switch (type) {
        case ResourceType::topic:
            return {read, write, create, remove, alter, describe, describe_configs, alter_configs};
        case ResourceType::group:
            return {read, remove, describe, describe_configs, alter_configs};
        case ResourceType::cluster:
            return {create,           alter,         describe,         cluster_action,
                    describe_configs, alter_configs, idempotent_write, create_tokens,
                    describe_tokens};
        case ResourceType::transactional_id:
            return {write, describe, two_phase_commit};
        case ResourceType::delegation_token:
            return {describe};
        case ResourceType::user:
            return {create_tokens, describe_tokens};
        case ResourceType::any:
            break;
    }
    return {};
}

}  // namespace mr::security
