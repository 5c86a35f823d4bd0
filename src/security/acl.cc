#include "security/acl.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "security/principal.h"

namespace mr::security {
namespace {

constexpr std::array kTypes = {
    std::pair(ResourceType::any, std::string_view("Any")),
    std::pair(ResourceType::topic, std::string_view("Topic")),
    std::pair(ResourceType::group, std::string_view("Group")),
    std::pair(ResourceType::cluster, std::string_view("Cluster")),
    std::pair(ResourceType::transactional_id, std::string_view("TransactionalId")),
    std::pair(ResourceType::delegation_token, std::string_view("DelegationToken")),
    std::pair(ResourceType::user, std::string_view("User")),
};
constexpr std::array kPatterns = {
    std::pair(PatternType::any, std::string_view("Any")),
    std::pair(PatternType::match, std::string_view("Match")),
    std::pair(PatternType::literal, std::string_view("Literal")),
    std::pair(PatternType::prefixed, std::string_view("Prefixed")),
};
constexpr std::array kOperations = {
    std::pair(Operation::any, std::string_view("Any")),
    std::pair(Operation::all, std::string_view("All")),
    std::pair(Operation::read, std::string_view("Read")),
    std::pair(Operation::write, std::string_view("Write")),
    std::pair(Operation::create, std::string_view("Create")),
    std::pair(Operation::remove, std::string_view("Delete")),
    std::pair(Operation::alter, std::string_view("Alter")),
    std::pair(Operation::describe, std::string_view("Describe")),
    std::pair(Operation::cluster_action, std::string_view("ClusterAction")),
    std::pair(Operation::describe_configs, std::string_view("DescribeConfigs")),
    std::pair(Operation::alter_configs, std::string_view("AlterConfigs")),
    std::pair(Operation::idempotent_write, std::string_view("IdempotentWrite")),
    std::pair(Operation::create_tokens, std::string_view("CreateTokens")),
    std::pair(Operation::describe_tokens, std::string_view("DescribeTokens")),
    std::pair(Operation::two_phase_commit, std::string_view("TwoPhaseCommit")),
};
constexpr std::array kPermissions = {
    std::pair(Permission::any, std::string_view("Any")),
    std::pair(Permission::deny, std::string_view("Deny")),
    std::pair(Permission::allow, std::string_view("Allow")),
};

template <class Table, class Enum>
std::string_view name_in(const Table& table, Enum value) {
    for (const auto& [known, name] : table) {
        if (known == value) return name;
    }
    return "Unknown";
}

/// "transactional-id", "TRANSACTIONAL_ID" and "TransactionalId" are the same.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != '-' && c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}

template <class Table>
auto value_in(const Table& table, std::string_view text) {
    using Enum = std::remove_cvref_t<decltype(table[0].first)>;
    for (const auto& [known, name] : table) {
        if (plain(name) == plain(text)) return std::optional<Enum>(known);
    }
    return std::optional<Enum>();
}

template <class Table, class Enum>
bool known_in(const Table& table, Enum value) {
    return std::any_of(table.begin(), table.end(), [&](const auto& row) { return row.first == value; });
}

bool speaks_of(const Acl& acl, const Subject& who) {
    return (acl.principal == who.principal || acl.principal == "User:*") &&
           (acl.host == who.host || acl.host == kWildcard);
}

bool allows(Operation granted, Operation wanted) {
    if (granted == wanted || granted == Operation::all) return true;
    if (wanted == Operation::describe) {
        return granted == Operation::read || granted == Operation::write || granted == Operation::remove ||
               granted == Operation::alter;
    }
    return wanted == Operation::describe_configs && granted == Operation::alter_configs;
}

bool same_or_all(Operation granted, Operation wanted) {
    return granted == wanted || granted == Operation::all;
}

/// What a walk over the ACLs of one resource has found so far.
struct Finding {
    const Subject& who;
    Operation operation;
    bool any = false;
    bool allow = false;
    bool deny = false;

    void look(const std::vector<Acl>& acls) {
        any = any || !acls.empty();
        for (const Acl& acl : acls) {
            if (!speaks_of(acl, who)) continue;
            if (acl.permission == Permission::deny) {
                deny = deny || same_or_all(acl.operation, operation);
            } else {
                allow = allow || allows(acl.operation, operation);
            }
        }
    }
};

}  // namespace

std::string_view to_string(ResourceType type) {
    return name_in(kTypes, type);
}
std::string_view to_string(PatternType type) {
    return name_in(kPatterns, type);
}
std::string_view to_string(Operation operation) {
    return name_in(kOperations, operation);
}
std::string_view to_string(Permission permission) {
    return name_in(kPermissions, permission);
}
std::optional<ResourceType> parse_resource_type(std::string_view text) {
    return value_in(kTypes, text);
}
std::optional<PatternType> parse_pattern_type(std::string_view text) {
    return value_in(kPatterns, text);
}
std::optional<Operation> parse_operation(std::string_view text) {
    return value_in(kOperations, text);
}
std::optional<Permission> parse_permission(std::string_view text) {
    return value_in(kPermissions, text);
}

std::string Acl::text() const {
    return fmt::format("{} {} {} on {} {} ({}) from {}", to_string(permission), principal,
                       to_string(operation), to_string(type), name, to_string(pattern), host);
}

Status check_acl(const Acl& acl) {
    if (!known_in(kTypes, acl.type) || acl.type == ResourceType::any)
        return fail(Code::invalid_argument, "Invalid resourceType {}", static_cast<int>(acl.type));
    if (acl.pattern != PatternType::literal && acl.pattern != PatternType::prefixed)
        return fail(Code::invalid_argument, "Invalid patternType {}", static_cast<int>(acl.pattern));
    if (!known_in(kOperations, acl.operation) || acl.operation == Operation::any)
        return fail(Code::invalid_argument, "Invalid operation {}", static_cast<int>(acl.operation));
    if (acl.permission != Permission::deny && acl.permission != Permission::allow)
        return fail(Code::invalid_argument, "Invalid permissionType {}", static_cast<int>(acl.permission));
    if (acl.name.empty()) return fail(Code::invalid_argument, "Resource name should not be empty");
    if (acl.type == ResourceType::cluster && acl.name != kClusterName) {
        return fail(Code::invalid_argument, "The only valid name for the CLUSTER resource is {}",
                    kClusterName);
    }
    if (acl.host.empty()) return fail(Code::invalid_argument, "Host should not be empty");
    MR_TRY_VOID(parse_principal(acl.principal));
    const std::size_t bytes = acl.name.size() + acl.principal.size() + acl.host.size();
    if (bytes > kAclBytesMax) {
        return fail(Code::invalid_argument, "An ACL of {} bytes: at most {} are accepted", bytes,
                    kAclBytesMax);
    }
    return {};
}

bool AclFilter::matches(const Acl& acl) const {
    if (type != ResourceType::any && type != acl.type) return false;
    if (operation != Operation::any && operation != acl.operation) return false;
    if (permission != Permission::any && permission != acl.permission) return false;
    if (principal && *principal != acl.principal) return false;
    if (host && *host != acl.host) return false;
    if (pattern == PatternType::literal || pattern == PatternType::prefixed) {
        if (pattern != acl.pattern) return false;
        return !name || *name == acl.name;
    }
    if (!name) return true;
    if (pattern == PatternType::any) return *name == acl.name;
    if (acl.pattern == PatternType::literal) return acl.name == *name || acl.name == kWildcard;
    return std::string_view(*name).starts_with(acl.name);
}

Status check_filter(const AclFilter& filter) {
    if (!known_in(kTypes, filter.type))
        return fail(Code::invalid_argument, "Unknown resource type {}", static_cast<int>(filter.type));
    if (!known_in(kPatterns, filter.pattern))
        return fail(Code::invalid_argument, "Unknown pattern type {}", static_cast<int>(filter.pattern));
    if (!known_in(kOperations, filter.operation))
        return fail(Code::invalid_argument, "Unknown operation {}", static_cast<int>(filter.operation));
    if (!known_in(kPermissions, filter.permission))
        return fail(Code::invalid_argument, "Unknown permission {}", static_cast<int>(filter.permission));
    return {};
}

const AclSet::Patterns* AclSet::of(ResourceType type) const {
    const auto it = types_.find(type);
    return it == types_.end() ? nullptr : &it->second;
}

/// Every prefix of `name` in the map, longest first, in as many steps as there are distinct common prefixes.
template <class Visit>
void AclSet::each_prefix(const ByName& prefixed, std::string_view name, Visit visit) {
    while (!prefixed.empty()) {
        auto it = prefixed.upper_bound(name);
        if (it == prefixed.begin()) return;
        --it;
        const std::string_view candidate = it->first;
        if (name.starts_with(candidate)) {
            visit(*it->second);
            if (candidate.empty()) return;
            name = candidate.substr(0, candidate.size() - 1);
        } else {
            const auto [a, b] = std::mismatch(name.begin(), name.end(), candidate.begin(), candidate.end());
            name = name.substr(0, static_cast<std::size_t>(a - name.begin()));
        }
    }
}

AclSet::Answer AclSet::decide(const Subject& who, Operation operation, ResourceType type,
                              std::string_view name) const {
    const Patterns* patterns = of(type);
    if (patterns == nullptr) return Answer::none;
    Finding found{who, operation};
    for (const std::string_view literal : {name, kWildcard}) {
        const auto it = patterns->literal.find(literal);
        if (it != patterns->literal.end()) found.look(*it->second);
        if (name == kWildcard) break;
    }
    each_prefix(patterns->prefixed, name, [&](const std::vector<Acl>& acls) { found.look(acls); });
    if (found.deny) return Answer::denied;
    if (found.allow) return Answer::allowed;
    return found.any ? Answer::denied : Answer::none;
}

bool AclSet::allows_some(const Subject& who, Operation operation, ResourceType type) const {
    const Patterns* patterns = of(type);
    if (patterns == nullptr) return false;
    std::set<std::string_view> deny_literal, deny_prefix, allow_literal, allow_prefix;
    const auto collect = [&](const ByName& from, auto& deny, auto& allow) {
        for (const auto& [name, acls] : from) {
            for (const Acl& acl : *acls) {
                if (!speaks_of(acl, who) || !same_or_all(acl.operation, operation)) continue;
                (acl.permission == Permission::deny ? deny : allow).insert(name);
            }
        }
    };
    collect(patterns->literal, deny_literal, allow_literal);
    if (deny_literal.contains(kWildcard)) return false;
    collect(patterns->prefixed, deny_prefix, allow_prefix);
    const auto dominated = [&](std::string_view name) {
        return std::any_of(deny_prefix.begin(), deny_prefix.end(),
                           [&](std::string_view prefix) { return name.starts_with(prefix); });
    };
    if (allow_literal.contains(kWildcard)) return true;
    for (const std::string_view name : allow_prefix) {
        if (!dominated(name)) return true;
    }
    return std::any_of(allow_literal.begin(), allow_literal.end(), [&](std::string_view name) {
        return !deny_literal.contains(name) && !dominated(name);
    });
}

bool AclSet::add(const Acl& acl) {
    Patterns& patterns = types_[acl.type];
    Entries& entries = (acl.pattern == PatternType::literal ? patterns.literal : patterns.prefixed)[acl.name];
    auto next = entries == nullptr ? std::make_shared<std::vector<Acl>>()
                                   : std::make_shared<std::vector<Acl>>(*entries);
    const auto at = std::lower_bound(next->begin(), next->end(), acl);
    if (at != next->end() && *at == acl) return false;
    next->insert(at, acl);
    entries = std::move(next);
    ++size_;
    return true;
}

bool AclSet::remove(const Acl& acl) {
    const auto type = types_.find(acl.type);
    if (type == types_.end()) return false;
    ByName& names = acl.pattern == PatternType::literal ? type->second.literal : type->second.prefixed;
    const auto it = names.find(acl.name);
    if (it == names.end()) return false;
    auto next = std::make_shared<std::vector<Acl>>(*it->second);
    if (std::erase(*next, acl) == 0) return false;
    --size_;
    if (next->empty()) {
        names.erase(it);
    } else {
        it->second = std::move(next);
    }
    if (type->second.literal.empty() && type->second.prefixed.empty()) types_.erase(type);
    return true;
}

bool AclSet::contains(const Acl& acl) const {
    const Patterns* patterns = of(acl.type);
    if (patterns == nullptr) return false;
    const ByName& names = acl.pattern == PatternType::literal ? patterns->literal : patterns->prefixed;
    const auto it = names.find(acl.name);
    return it != names.end() && std::binary_search(it->second->begin(), it->second->end(), acl);
}

std::vector<Acl> AclSet::find(const AclFilter& filter) const {
    std::vector<Acl> out;
    for (const auto& [type, patterns] : types_) {
        if (filter.type != ResourceType::any && filter.type != type) continue;
        for (const ByName* names : {&patterns.literal, &patterns.prefixed}) {
            for (const auto& [name, acls] : *names) {
                std::copy_if(acls->begin(), acls->end(), std::back_inserter(out),
                             [&](const Acl& acl) { return filter.matches(acl); });
            }
        }
    }
    return out;
}

}  // namespace mr::security
