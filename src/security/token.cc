#include "security/token.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "security/crypto.h"
#include "security/jwt.h"

namespace mr::security {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::array kRoles = {
    std::pair(Role::viewer, std::string_view("viewer")),
    std::pair(Role::operator_, std::string_view("operator")),
    std::pair(Role::engineer, std::string_view("engineer")),
    std::pair(Role::admin, std::string_view("admin")),
};

}  // namespace

std::string_view to_string(Role role) {
    for (const auto& [known, name] : kRoles) {
        if (known == role) return name;
    }
    return "anybody";
}

std::optional<Role> parse_role(std::string_view text) {
    for (const auto& [role, name] : kRoles) {
        if (name == text) return role;
    }
    return std::nullopt;
}

const std::vector<std::string>& role_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> out;
        for (const auto& [role, name] : kRoles) out.emplace_back(name);
        return out;
    }();
    return names;
}

std::string new_token() {
    return fmt::format("mr_{}", base64url_encode(random_bytes(kSecretBytes)));
}

std::string token_digest(std::string_view token) {
    return digest(Hash::sha256, token);
}

Status check_token_name(std::string_view name) {
    const bool plain = std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-' ||
               c == '@';
    });
    if (!name.empty() && name.size() <= kTokenNameBytesMax && plain) return {};
    return fail(Code::invalid_argument,
                "a token's name has 1 to {} letters, digits, '.', '_', '-' and '@'; found `{}`",
                kTokenNameBytesMax, name.substr(0, kTokenNameBytesMax));
}

}  // namespace mr::security
