#include "security/scram.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"

namespace mr::security {
namespace {

constexpr std::size_t kNonceBytes = 24;
constexpr std::size_t kDecoySaltBytes = 20;

std::string xor_of(std::string a, std::string_view b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
    return a;
}

/// "=2C" is ',' and "=3D" is '='; nothing for any other '='.
std::optional<std::string> decode_name(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            out += text[i];
            continue;
        }
        const std::string_view code = text.substr(i, 3);
        if (code != "=2C" && code != "=3D") return std::nullopt;
        out += code == "=2C" ? ',' : '=';
        i += 2;
    }
    return out;
}

/// The next part up to a comma.
std::string_view take(std::string_view& rest) {
    const auto end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

/// The value of "r=…"; nothing when the part is another.
std::optional<std::string_view> value_of(std::string_view part, char name) {
    if (part.size() < 2 || part[0] != name || part[1] != '=') return std::nullopt;
    return part.substr(2);
}

bool is_nonce(std::string_view text) {
    return !text.empty() && text.size() <= 1'024 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127 && c != ','; });
}

}  // namespace

std::string_view to_string(ScramMechanism mechanism) {
    return mechanism == ScramMechanism::sha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
}

Hash hash_of(ScramMechanism mechanism) {
    return mechanism == ScramMechanism::sha256 ? Hash::sha256 : Hash::sha512;
}

ScramCredential credential_of_salted(ScramMechanism mechanism, std::string_view salted_password,
                                     std::string salt, std::uint32_t iterations) {
    const Hash hash = hash_of(mechanism);
    return {.salt = std::move(salt),
            .iterations = iterations,
            .stored_key = digest(hash, hmac(hash, salted_password, "Client Key")),
            .server_key = hmac(hash, salted_password, "Server Key")};
}

ScramCredential make_credential(ScramMechanism mechanism, std::string_view password, std::string salt,
                                std::uint32_t iterations) {
    const std::string salted = pbkdf2(hash_of(mechanism), password, salt, iterations);
    return credential_of_salted(mechanism, salted, std::move(salt), iterations);
}

bool is_password(ScramMechanism mechanism, const ScramCredential& credential, std::string_view password) {
    if (password.size() > kPasswordBytesMax) return false;
    const ScramCredential made = make_credential(mechanism, password, credential.salt, credential.iterations);
    return equal_secrets(made.stored_key, credential.stored_key);
}

ScramCredential decoy_credential(ScramMechanism mechanism, std::string_view user, std::string_view secret) {
    const Hash hash = hash_of(mechanism);
    return {.salt = hmac(hash, secret, user).substr(0, kDecoySaltBytes),
            .iterations = kIterationsMin,
            .stored_key = hmac(hash, secret, std::string("stored ").append(user)),
            .server_key = hmac(hash, secret, std::string("server ").append(user))};
}

ScramServer::ScramServer(ScramMechanism mechanism, std::string nonce)
    : mechanism_(mechanism),
      nonce_(nonce.empty() ? base64_encode(random_bytes(kNonceBytes)) : std::move(nonce)) {}

Status ScramServer::read_first(std::string_view message) {
    const auto wrong = [](std::string_view what) {
        return fail(Code::invalid_argument, "the first SCRAM message {}", what);
    };
    std::string_view rest = message;
    const std::string_view binding = take(rest);
    if (binding.starts_with("p=")) return wrong("asks for channel binding, which is not offered");
    if (binding != "n" && binding != "y") return wrong("has no GS2 header");
    const std::string_view authorisation = take(rest);
    gs2_header_ = message.substr(0, message.size() - rest.size());
    first_bare_ = rest;
    const auto name = value_of(take(rest), 'n');
    if (!name) return wrong("has no user name");
    auto user = decode_name(*name);
    if (!user || user->empty() || user->size() > kUserBytesMax)
        return wrong("has a user name that cannot be");
    if (!authorisation.empty()) {
        const auto wanted = value_of(authorisation, 'a');
        if (!wanted || decode_name(*wanted) != user) return wrong("asks to act for somebody else");
    }
    const auto nonce = value_of(take(rest), 'r');
    if (!nonce || !is_nonce(*nonce)) return wrong("has no nonce");
    // Extensions follow: mandatory ones would stand before the name, and "tokenauth" asks for delegation
    // tokens.
    while (!rest.empty()) {
        if (take(rest) == "tokenauth=true") return wrong("asks for delegation tokens, which there are not");
    }
    user_ = std::move(*user);
    client_nonce_ = *nonce;
    nonce_ = client_nonce_ + nonce_;
    return {};
}

std::string ScramServer::answer_first(ScramCredential credential, bool known) {
    credential_ = std::move(credential);
    known_ = known;
    server_first_ =
        fmt::format("r={},s={},i={}", nonce_, base64_encode(credential_.salt), credential_.iterations);
    return server_first_;
}

Result<std::string> ScramServer::final(std::string_view message) {
    const auto wrong = [](std::string_view what) {
        return fail(Code::invalid_argument, "the final SCRAM message {}", what);
    };
    const auto proof_at = message.rfind(",p=");
    if (proof_at == std::string_view::npos) return wrong("has no proof");
    const std::string_view without_proof = message.substr(0, proof_at);
    std::string_view rest = without_proof;
    const auto binding = value_of(take(rest), 'c');
    if (!binding || base64_decode(*binding) != gs2_header_)
        return wrong("has another GS2 header than the first");
    const auto nonce = value_of(take(rest), 'r');
    // librdkafka before 2.6.1 (kcat of Debian 12) puts its part before the whole once more. Nothing is lost:
    // both parts are those of this exchange, and the proof is over the message as it was sent.
    if (!nonce || (*nonce != nonce_ && *nonce != client_nonce_ + nonce_)) return wrong("has another nonce");
    const auto proof = base64_decode(message.substr(proof_at + 3));
    const Hash hash = hash_of(mechanism_);
    if (!proof || proof->size() != hash_bytes(hash)) return wrong("has a proof of the wrong size");
    const std::string auth_message = fmt::format("{},{},{}", first_bare_, server_first_, without_proof);
    const std::string signature = hmac(hash, credential_.stored_key, auth_message);
    const std::string client_key = xor_of(*proof, signature);
    const bool right = equal_secrets(digest(hash, client_key), credential_.stored_key);
    if (!right || !known_) return fail(Code::permission_denied, "the password is not that of user {}", user_);
    return "v=" + base64_encode(hmac(hash, credential_.server_key, auth_message));
}

}  // namespace mr::security
