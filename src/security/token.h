// Bearer tokens of the HTTP listeners: who shows one is known by its name and may do what its role allows.
//
// A token is 256 random bits, shown once, when it is made. What is kept is its SHA-256: with that much chance
// in it a slower hash would add nothing. Thread: any (values).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace mr::security {

inline constexpr std::size_t kTokensMax = 1'000;
inline constexpr std::size_t kTokenNameBytesMax = 100;

/// Each may do what those before it may. The numbers are on disk.
enum class Role : std::uint8_t {
    anybody = 0,    ///< needs no token
    viewer = 1,     ///< sees everything, changes nothing
    operator_ = 2,  ///< keeps it running: alerts, paused pipelines, groups, hanging transactions
    engineer = 3,   ///< topics, schemas
    admin = 4,      ///< users, ACLs, tokens
};

std::string_view to_string(Role role);
/// "viewer", "operator", "engineer" or "admin".
std::optional<Role> parse_role(std::string_view text);
const std::vector<std::string>& role_names();

struct Token {
    std::string name{};
    Role role = Role::viewer;
    TimestampMs created{};

    bool operator==(const Token&) const = default;
};
/// By token_digest(): what is looked up with every request. How long that takes tells of digests, and nobody
/// can choose what a token's digest begins with without knowing it.
using Tokens = std::map<std::string, Token, std::less<>>;

/// "mr_" and 43 characters that fit a header, a URL and a WebSocket subprotocol.
std::string new_token();
std::string token_digest(std::string_view token);
/// Letters, digits, '.', '_', '-' and '@'; not empty.
Status check_token_name(std::string_view name);

/// A token given (with its digest and role), or taken away.
struct TokenChange {
    std::string name{};
    std::string digest{};
    std::optional<Role> role{};

    bool operator==(const TokenChange&) const = default;
};

}  // namespace mr::security
