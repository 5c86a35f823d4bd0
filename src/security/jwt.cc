#include "security/jwt.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.h"
#include "security/internal/signature.h"

namespace mr::security {
namespace {

using Json = nlohmann::json;

std::string text_in(const Json& object, const std::string& name) {
    const auto it = object.find(name);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::unexpected<Error> refuse(std::string_view why) {
    return fail(Code::permission_denied, "{}", why);
}

/// JSON of at most a few levels: nobody nests claims deeply, and a flat limit keeps hostile ones cheap.
Result<Json> parse_object(std::string_view text, std::string_view what) {
    constexpr int kDepthMax = 16;
    bool too_deep = false;
    const auto limit = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > kDepthMax;
        return depth <= kDepthMax;
    };
    Json json = Json::parse(text.begin(), text.end(), limit, false);
    if (json.is_discarded() || !json.is_object() || too_deep)
        return fail(Code::invalid_argument, "{} is not a JSON object", what);
    return json;
}

/// NumericDate: seconds, maybe with a fraction. Nothing when it is not there or not a sane number.
std::optional<std::int64_t> milliseconds_in(const Json& object, const std::string& name) {
    const auto it = object.find(name);
    if (it == object.end() || !it->is_number()) return std::nullopt;
    const double seconds = it->get<double>();
    constexpr double kFarthest = 253'402'300'800;  // the year 10000
    if (!std::isfinite(seconds) || seconds < 0 || seconds > kFarthest) return std::nullopt;
    return static_cast<std::int64_t>(seconds * 1'000);
}

std::vector<std::string> words_of(const Json& value) {
    std::vector<std::string> words;
    if (value.is_array()) {
        for (const Json& one : value) {
            if (one.is_string()) words.push_back(one.get<std::string>());
        }
    } else if (value.is_string()) {
        const std::string text = value.get<std::string>();
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find(' ', at), text.size());
            if (end > at) words.push_back(text.substr(at, end - at));
            at = end + 1;
        }
    }
    return words;
}

Status check_times(const Json& claims, const JwtRules& rules, TimestampMs now, JwtClaims& out) {
    const auto expires = milliseconds_in(claims, "exp");
    if (!expires) return refuse("the token has no expiry (exp)");
    if (*expires + rules.clock_skew_ms <= now.value) return refuse("the token has expired");
    for (const char* name : {"nbf", "iat"}) {
        if (!claims.contains(name)) continue;
        const auto from = milliseconds_in(claims, name);
        if (!from) return refuse(fmt::format("the token's {} is no time", name));
        if (*from > now.value + rules.clock_skew_ms) return refuse("the token is not yet valid");
    }
    out.expires = TimestampMs(*expires);
    return {};
}

Status check_claims(const Json& claims, const JwtRules& rules, TimestampMs now, JwtClaims& out) {
    MR_TRY_VOID(check_times(claims, rules, now, out));
    if (!rules.issuer.empty() && text_in(claims, "iss") != rules.issuer)
        return refuse("the token is of another issuer (iss)");
    if (!rules.audience.empty()) {
        std::vector<std::string> given;
        if (claims.contains("aud")) {
            // One audience is a string, which may hold blanks.
            given = claims["aud"].is_string() ? std::vector{claims["aud"].get<std::string>()}
                                              : words_of(claims["aud"]);
        }
        const bool meant = std::any_of(given.begin(), given.end(), [&](const std::string& one) {
            return std::find(rules.audience.begin(), rules.audience.end(), one) != rules.audience.end();
        });
        if (!meant) return refuse("the token is for another audience (aud)");
    }
    if (!rules.scopes.empty()) {
        const auto given = claims.contains(rules.scope_claim) ? words_of(claims[rules.scope_claim])
                                                              : std::vector<std::string>();
        for (const std::string& wanted : rules.scopes) {
            if (std::find(given.begin(), given.end(), wanted) == given.end())
                return refuse(fmt::format("the token lacks the scope {}", wanted));
        }
    }
    out.principal = text_in(claims, rules.principal_claim);
    if (out.principal.empty() || out.principal.size() > 1'024)
        return refuse(fmt::format("the token names nobody ({})", rules.principal_claim));
    return {};
}

}  // namespace

Result<std::string> base64url_decode(std::string_view text) {
    std::string plain(text);
    for (char& c : plain) {
        if (c == '+' || c == '/' || c == '=') return fail(Code::invalid_argument, "not base64url");
        if (c == '-') c = '+';
        if (c == '_') c = '/';
    }
    plain.append((4 - plain.size() % 4) % 4, '=');
    auto bytes = base64_decode(plain);
    if (!bytes) return fail(Code::invalid_argument, "not base64url");
    return std::move(*bytes);
}

std::string base64url_encode(std::string_view bytes) {
    std::string text = base64_encode(bytes);
    while (text.ends_with('=')) text.pop_back();
    for (char& c : text) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    return text;
}

struct KeySet::Key {
    std::string id;
    std::string algorithm;  ///< empty: any of its kind
    std::shared_ptr<const internal::VerifyKey> key;
};

KeySet::KeySet() = default;
KeySet::~KeySet() = default;
KeySet::KeySet(KeySet&&) noexcept = default;
KeySet& KeySet::operator=(KeySet&&) noexcept = default;

std::size_t KeySet::size() const {
    return keys_.size();
}

Result<KeySet> KeySet::parse(std::string_view text) {
    if (text.size() > kKeySetBytesMax)
        return fail(Code::invalid_argument, "a key set of {} bytes: at most {} are read", text.size(),
                    kKeySetBytesMax);
    MR_TRY(const Json json, parse_object(text, "the key set"));
    if (!json.contains("keys") || !json["keys"].is_array())
        return fail(Code::invalid_argument, R"(expected {{"keys": […]}})");
    KeySet set;
    std::string last_problem = "it is empty";
    for (const Json& one : json["keys"]) {
        if (!one.is_object() || set.keys_.size() >= kKeysMax) continue;
        const std::string use = text_in(one, "use");
        if (!use.empty() && use != "sig") continue;
        const auto part = [&](const char* name) {
            return base64url_decode(text_in(one, name)).value_or(std::string());
        };
        const std::string kind = text_in(one, "kty");
        Result<internal::VerifyKey> key =
            fail(Code::unsupported, "no key of kind `{}` can be used here", kind);
        if (kind == "RSA") key = internal::VerifyKey::rsa(part("n"), part("e"));
        if (kind == "EC") key = internal::VerifyKey::ec(text_in(one, "crv"), part("x"), part("y"));
        if (kind == "oct") key = internal::VerifyKey::secret(part("k"));
        if (!key) {
            last_problem = key.error().message;
            continue;
        }
        set.keys_.push_back({text_in(one, "kid"), text_in(one, "alg"),
                             std::make_shared<const internal::VerifyKey>(std::move(*key))});
    }
    if (set.keys_.empty())
        return fail(Code::invalid_argument, "the key set has no usable key: {}", last_problem);
    return set;
}

Status KeySet::check_signature(std::string_view algorithm, std::string_view key_id, std::string_view input,
                               std::string_view signature) const {
    bool any = false;
    for (const Key& key : keys_) {
        // A token that names its key is checked with that one only.
        if (!key_id.empty() && !key.id.empty() && key.id != key_id) continue;
        if (!key.algorithm.empty() && key.algorithm != algorithm) continue;
        if (!key.key->can(algorithm)) continue;
        any = true;
        if (key.key->verify(algorithm, input, signature)) return {};
    }
    return refuse(any ? "the token's signature is wrong" : "no key of the key set fits the token");
}

Result<JwtClaims> KeySet::check(std::string_view token, const JwtRules& rules, TimestampMs now) const {
    if (token.size() > kTokenBytesMax) return refuse("the token is too long");
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return refuse("the token is no signed JWT");
    const auto header_text = base64url_decode(token.substr(0, first));
    const auto claims_text = base64url_decode(token.substr(first + 1, second - first - 1));
    const auto signature = base64url_decode(token.substr(second + 1));
    if (!header_text || !claims_text || !signature) return refuse("the token is no signed JWT");
    const auto header = parse_object(*header_text, "the header");
    if (!header) return refuse("the token's header is not JSON");
    if (header->contains("crit")) return refuse("the token needs extensions that are not known (crit)");
    // The signature first: nothing is learnt from a forged token's other mistakes.
    MR_TRY_VOID(check_signature(text_in(*header, "alg"), text_in(*header, "kid"), token.substr(0, second),
                                *signature));
    const auto claims = parse_object(*claims_text, "the claims");
    if (!claims) return refuse("the token's claims are not JSON");
    JwtClaims out;
    MR_TRY_VOID(check_claims(*claims, rules, now, out));
    return out;
}

}  // namespace mr::security
