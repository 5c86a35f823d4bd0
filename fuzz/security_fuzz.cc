// Whatever a client sends as a SASL token, whatever stands in a key set, a mapping rule, a principal or the
// store's entries: a value or an error, never a crash. The first byte says what the rest is. Invariant: what
// decodes encodes to something that decodes to the same bytes again; nobody is let in.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "security/jwt.h"
#include "security/principal.h"
#include "security/sasl.h"
#include "security/store.h"

namespace {

using namespace mr;
using namespace mr::security;

constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"oct","k":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"},)"
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

const KeySet& keys() {
    static const KeySet set = std::move(*KeySet::parse(kKeys));
    return set;
}

SaslContext context() {
    static const auto view = [] {
        auto made = std::make_shared<View>();
        const ScramCredential credential{"salt", 4096, std::string(32, 's'), std::string(32, 'k')};
        made->users["alice"] =
            std::make_shared<const Credentials>(Credentials{{ScramMechanism::sha256, credential}});
        return made;
    }();
    static const auto shared_keys = std::make_shared<const KeySet>(std::move(*KeySet::parse(kKeys)));
    return {.view = view, .keys = shared_keys, .jwt = {}, .decoy_secret = "secret"};
}

/// Tokens one after the other, a line break between them.
void exchange(Mechanism mechanism, std::string_view tokens) {
    const auto server = SaslExchange::make(mechanism, context());
    for (int step = 0; step < 4; ++step) {
        const std::string_view token = tokens.substr(0, tokens.find('\n'));
        const auto result = server->step(token, TimestampMs(1'000'000'000'000));
        if (!result) return;
        MR_CHECK(!result->done, "somebody got in as {}", result->user);
        tokens.remove_prefix(std::min(token.size() + 1, tokens.size()));
    }
}

template <class T>
void round_trip(const Result<T>& entry, Result<T> (*decode)(std::string_view)) {
    if (!entry) return;
    const std::string bytes = encode(*entry);
    const auto again = decode(bytes);
    MR_CHECK(again.has_value(), "{}", again.error().message);
    MR_CHECK(encode(*again) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0]) {
        case 'p':
            static_cast<void>(parse_plain(rest));
            break;
        case 's':
            exchange(Mechanism::scram_sha256, rest);
            break;
        case 'S':
            exchange(Mechanism::scram_sha512, rest);
            break;
        case 'o':
            exchange(Mechanism::oauthbearer, rest);
            break;
        case 'j':
            static_cast<void>(keys().check(rest, {}, TimestampMs(1'000'000'000'000)));
            break;
        case 'k':
            static_cast<void>(KeySet::parse(rest));
            break;
        case 'm':
            if (const auto mapper = PrincipalMapper::parse(rest))
                static_cast<void>(mapper->name_of("CN=a,OU=b,O=c"));
            static_cast<void>(parse_principals(rest));
            break;
        case 'u':
            round_trip(decode_users_changed(rest), decode_users_changed);
            break;
        case 'a':
            round_trip(decode_acls_changed(rest), decode_acls_changed);
            break;
        case 't':
            round_trip(decode_token_changed(rest), decode_token_changed);
            break;
        case 'v':
            if (const auto view = decode_view(rest)) MR_CHECK(decode_view(encode_view(*view)).has_value());
            break;
        default:
            break;
    }
    return 0;
}
