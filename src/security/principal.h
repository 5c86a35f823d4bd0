// Who somebody is: "User:alice", and how the subject of a client certificate becomes such a name.
//
// The rules are Kafka's ssl.principal.mapping.rules: tried in order, the first whose pattern matches the
// whole distinguished name gives the name; DEFAULT gives the distinguished name itself:
//   RULE:^CN=([^,]+),.*$/$1/L, DEFAULT
// Thread: any (values, immutable).
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::security {

inline constexpr std::string_view kUserType = "User";
inline constexpr std::string_view kAnonymous = "ANONYMOUS";

struct Principal {
    std::string type{kUserType};
    std::string name{kAnonymous};

    auto operator<=>(const Principal&) const = default;
    /// "User:alice".
    [[nodiscard]] std::string text() const { return type + ":" + name; }
};

/// "User:alice"; the name may hold colons.
Result<Principal> parse_principal(std::string_view text);
/// Several, separated by ';' or by a comma before the next "User:" (names may hold commas).
Result<std::vector<Principal>> parse_principals(std::string_view text);

/// Names for the subjects of client certificates.
class PrincipalMapper {
  public:
    /// DEFAULT only.
    PrincipalMapper();
    ~PrincipalMapper();
    PrincipalMapper(PrincipalMapper&&) noexcept;
    PrincipalMapper& operator=(PrincipalMapper&&) noexcept;

    /// A text that is no list of rules is an error that quotes the wrong one.
    static Result<PrincipalMapper> parse(std::string_view rules);
    /// `subject` as RFC 2253 writes it: "CN=alice,OU=floor,O=example". permission_denied when no rule
    /// matches.
    [[nodiscard]] Result<std::string> name_of(std::string_view subject) const;

  private:
    struct Rule;
    std::vector<Rule> rules_;
};

}  // namespace mr::security
