// Access control lists with Kafka's meaning, as values and as a set that decides.
//
// Rules (those of Kafka's StandardAuthorizer):
//   1. An ACL speaks of a resource when its pattern is literal and equal, literal and "*", or a prefix of it.
//   2. It speaks of a principal when equal or "User:*", of a host when equal or "*".
//   3. A deny of the operation or of All wins over every allow.
//   4. Allowing Read, Write, Delete or Alter allows Describe; allowing AlterConfigs allows DescribeConfigs.
//   Denies
//      imply nothing.
//   5. A resource of which no ACL speaks at all is decided by allow_if_none.
// Numbers are the protocol's and stand in the journal. Thread: any (immutable).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::security {

enum class ResourceType : std::int8_t {
    any = 1,
    topic = 2,
    group = 3,
    cluster = 4,
    transactional_id = 5,
    delegation_token = 6,
    user = 7,
};
enum class PatternType : std::int8_t { any = 1, match = 2, literal = 3, prefixed = 4 };
enum class Operation : std::int8_t {
    any = 1,
    all = 2,
    read = 3,
    write = 4,
    create = 5,
    remove = 6,
    alter = 7,
    describe = 8,
    cluster_action = 9,
    describe_configs = 10,
    alter_configs = 11,
    idempotent_write = 12,
    create_tokens = 13,
    describe_tokens = 14,
    two_phase_commit = 15,
};
enum class Permission : std::int8_t { any = 1, deny = 2, allow = 3 };

inline constexpr std::string_view kClusterName = "kafka-cluster";
inline constexpr std::string_view kWildcard = "*";
/// More than anybody keeps by hand; a flood of them ends here.
inline constexpr std::size_t kAclsMax = 50'000;
/// Principal, name and host together: a distinguished name and a topic's name fit many times.
inline constexpr std::size_t kAclBytesMax = 2U << 10;

/// "Topic", "TransactionalId", "DescribeConfigs", "Prefixed", "Allow": as Kafka's tools show them.
std::string_view to_string(ResourceType type);
std::string_view to_string(PatternType type);
std::string_view to_string(Operation operation);
std::string_view to_string(Permission permission);
/// From those names, whatever their letters' case; "transactional-id" as well.
std::optional<ResourceType> parse_resource_type(std::string_view text);
std::optional<PatternType> parse_pattern_type(std::string_view text);
std::optional<Operation> parse_operation(std::string_view text);
std::optional<Permission> parse_permission(std::string_view text);

struct Acl {
    ResourceType type = ResourceType::topic;
    PatternType pattern = PatternType::literal;
    std::string name{};
    std::string principal{};  ///< "User:alice", "User:*"
    std::string host{kWildcard};
    Operation operation = Operation::all;
    Permission permission = Permission::allow;

    auto operator<=>(const Acl&) const = default;
    /// "Allow User:alice Read on Topic orders (Literal) from *".
    [[nodiscard]] std::string text() const;
};

/// What can be an ACL: invalid_argument says what is wrong, in Kafka's words where it has some.
Status check_acl(const Acl& acl);

/// Nothing set, or `any`, fits everything. PatternType::match takes whatever speaks of `name`.
struct AclFilter {
    ResourceType type = ResourceType::any;
    PatternType pattern = PatternType::any;
    std::optional<std::string> name{};
    std::optional<std::string> principal{};
    std::optional<std::string> host{};
    Operation operation = Operation::any;
    Permission permission = Permission::any;

    [[nodiscard]] bool matches(const Acl& acl) const;
};
Status check_filter(const AclFilter& filter);

/// Somebody asking: what ACLs compare with.
struct Subject {
    std::string_view principal;  ///< "User:alice"
    std::string_view host;       ///< "127.0.0.1"
};

class AclSet {
  public:
    enum class Answer : std::uint8_t { allowed, denied, none };

    /// `none`: no ACL speaks of the resource.
    [[nodiscard]] Answer decide(const Subject& who, Operation operation, ResourceType type,
                                std::string_view name) const;
    /// Is there any resource of that type on which `who` may?
    [[nodiscard]] bool allows_some(const Subject& who, Operation operation, ResourceType type) const;

    /// False when it is there already.
    bool add(const Acl& acl);
    bool remove(const Acl& acl);
    [[nodiscard]] bool contains(const Acl& acl) const;
    [[nodiscard]] std::vector<Acl> find(const AclFilter& filter) const;
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    /// The ACLs of one pattern of one type; shared between the versions of a set.
    using Entries = std::shared_ptr<const std::vector<Acl>>;
    using ByName = std::map<std::string, Entries, std::less<>>;
    struct Patterns {
        ByName literal;
        ByName prefixed;
    };
    [[nodiscard]] const Patterns* of(ResourceType type) const;
    template <class Visit>
    static void each_prefix(const ByName& prefixed, std::string_view name, Visit visit);

    std::map<ResourceType, Patterns> types_;
    std::size_t size_ = 0;
};

}  // namespace mr::security
