// The hashes, signatures and random bytes that authentication needs, over OpenSSL. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mr::security {

enum class Hash : std::uint8_t { sha256, sha384, sha512 };

std::size_t hash_bytes(Hash hash);
std::string digest(Hash hash, std::string_view bytes);
std::string hmac(Hash hash, std::string_view key, std::string_view bytes);
/// PBKDF2 with HMAC, one block: SCRAM's Hi().
std::string pbkdf2(Hash hash, std::string_view password, std::string_view salt, std::uint32_t iterations);
/// From the operating system's generator.
std::string random_bytes(std::size_t count);
/// In a time that says nothing about where they differ.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace mr::security
