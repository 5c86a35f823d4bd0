#include "security/sasl.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mr::security {
namespace {

constexpr std::array kMechanisms = {
    std::pair(Mechanism::plain, std::string_view("PLAIN")),
    std::pair(Mechanism::scram_sha256, std::string_view("SCRAM-SHA-256")),
    std::pair(Mechanism::scram_sha512, std::string_view("SCRAM-SHA-512")),
    std::pair(Mechanism::oauthbearer, std::string_view("OAUTHBEARER")),
};

class PlainExchange final : public SaslExchange {
  public:
    explicit PlainExchange(SaslContext context) : context_(std::move(context)) {}
    [[nodiscard]] Mechanism mechanism() const override { return Mechanism::plain; }
    [[nodiscard]] bool blocking() const override { return true; }

    Result<SaslStep> step(std::string_view bytes, TimestampMs) override {
        MR_TRY(PlainToken token, parse_plain(bytes));
        if (!token.authorisation.empty() && token.authorisation != token.user)
            return fail(Code::permission_denied, "user {} asks to act for somebody else", token.user);
        ScramMechanism mechanism = ScramMechanism::sha256;
        const ScramCredential* known = context_.view->credential(token.user, mechanism);
        if (known == nullptr) {
            mechanism = ScramMechanism::sha512;
            known = context_.view->credential(token.user, mechanism);
        }
        // Somebody who is not there takes as long.
        const ScramCredential credential =
            known != nullptr ? *known
                             : decoy_credential(ScramMechanism::sha256, token.user, context_.decoy_secret);
        const bool right =
            is_password(known != nullptr ? mechanism : ScramMechanism::sha256, credential, token.password);
        if (known == nullptr) return fail(Code::permission_denied, "there is no user {}", token.user);
        if (!right) return fail(Code::permission_denied, "the password is not that of user {}", token.user);
        return SaslStep{.challenge = {}, .done = true, .user = std::move(token.user), .expires = {}};
    }

  private:
    const SaslContext context_;
};

class ScramExchange final : public SaslExchange {
  public:
    ScramExchange(ScramMechanism mechanism, SaslContext context)
        : kind_(mechanism), context_(std::move(context)), server_(mechanism) {}
    [[nodiscard]] Mechanism mechanism() const override {
        return kind_ == ScramMechanism::sha256 ? Mechanism::scram_sha256 : Mechanism::scram_sha512;
    }

    Result<SaslStep> step(std::string_view token, TimestampMs) override {
        switch (std::exchange(next_, Next::nothing)) {
            case Next::first: {
                MR_TRY_VOID(server_.read_first(token));
                const ScramCredential* known = context_.view->credential(server_.user(), kind_);
                next_ = Next::final;
                return SaslStep{
                    .challenge = server_.answer_first(
                        known != nullptr ? *known
                                         : decoy_credential(kind_, server_.user(), context_.decoy_secret),
                        known != nullptr),
                    .done = false,
                    .user = {},
                    .expires = {}};
            }
            case Next::final: {
                MR_TRY(std::string proof, server_.final(token));
                return SaslStep{
                    .challenge = std::move(proof), .done = true, .user = server_.user(), .expires = {}};
            }
            case Next::nothing:
                break;
        }
        return fail(Code::invalid_argument, "the SCRAM exchange is over");
    }

  private:
    enum class Next : std::uint8_t { first, final, nothing };
    const ScramMechanism kind_;
    const SaslContext context_;
    ScramServer server_;
    Next next_ = Next::first;
};

class BearerExchange final : public SaslExchange {
  public:
    explicit BearerExchange(SaslContext context) : context_(std::move(context)) {}
    [[nodiscard]] Mechanism mechanism() const override { return Mechanism::oauthbearer; }

    Result<SaslStep> step(std::string_view message, TimestampMs now) override {
        // After an error the client sends one byte to say that it has understood.
        if (!failed_.empty()) return fail(Code::permission_denied, "{}", failed_);
        MR_TRY(BearerToken bearer, parse_bearer(message));
        Result<JwtClaims> claims = fail(Code::permission_denied, "no key set is configured");
        if (context_.keys != nullptr) claims = context_.keys->check(bearer.token, context_.jwt, now);
        if (claims && !bearer.authorisation.empty() && bearer.authorisation != claims->principal)
            claims = fail(Code::permission_denied, "{} asks to act for somebody else", claims->principal);
        if (!claims) {
            failed_ = claims.error().message;
            return SaslStep{
                .challenge = R"({"status":"invalid_token"})", .done = false, .user = {}, .expires = {}};
        }
        return SaslStep{
            .challenge = {}, .done = true, .user = std::move(claims->principal), .expires = claims->expires};
    }

  private:
    const SaslContext context_;
    std::string failed_;
};

/// "\x01key=value\x01…\x01\x01" after the GS2 header; only auth is of interest.
Result<std::string> auth_value(std::string_view rest) {
    constexpr char kSeparator = '\x01';
    std::string auth;
    if (rest.empty() || rest.front() != kSeparator)
        return fail(Code::invalid_argument, "the OAUTHBEARER message has no fields");
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != kSeparator) {
        const auto end = rest.find(kSeparator);
        if (end == std::string_view::npos) break;
        const std::string_view field = rest.substr(0, end);
        if (field.starts_with("auth=")) auth = field.substr(5);
        rest.remove_prefix(end + 1);
    }
    if (rest != std::string_view(&kSeparator, 1))
        return fail(Code::invalid_argument, "the OAUTHBEARER message does not end as it should");
    return auth;
}

}  // namespace

std::string_view to_string(Mechanism mechanism) {
    for (const auto& [known, name] : kMechanisms) {
        if (known == mechanism) return name;
    }
    return "unknown";
}

std::optional<Mechanism> parse_mechanism(std::string_view name) {
    for (const auto& [known, text] : kMechanisms) {
        if (text == name) return known;
    }
    return std::nullopt;
}

std::vector<std::string> all_mechanisms() {
    std::vector<std::string> names;
    for (const auto& [known, name] : kMechanisms) names.emplace_back(name);
    return names;
}

std::unique_ptr<SaslExchange> SaslExchange::make(Mechanism mechanism, SaslContext context) {
    switch (mechanism) {
        case Mechanism::plain:
            return std::make_unique<PlainExchange>(std::move(context));
        case Mechanism::scram_sha256:
            return std::make_unique<ScramExchange>(ScramMechanism::sha256, std::move(context));
        case Mechanism::scram_sha512:
            return std::make_unique<ScramExchange>(ScramMechanism::sha512, std::move(context));
        case Mechanism::oauthbearer:
            return std::make_unique<BearerExchange>(std::move(context));
    }
    return nullptr;
}

Result<PlainToken> parse_plain(std::string_view token) {
    const auto first = token.find('\0');
    const auto second = first == std::string_view::npos ? first : token.find('\0', first + 1);
    if (second == std::string_view::npos || token.find('\0', second + 1) != std::string_view::npos)
        return fail(Code::invalid_argument, "a PLAIN token has three parts");
    PlainToken out{std::string(token.substr(0, first)),
                   std::string(token.substr(first + 1, second - first - 1)),
                   std::string(token.substr(second + 1))};
    if (out.user.empty() || out.user.size() > kUserBytesMax)
        return fail(Code::invalid_argument, "a PLAIN token without a user name that can be");
    if (out.password.empty() || out.password.size() > kPasswordBytesMax)
        return fail(Code::invalid_argument, "a PLAIN token without a password that can be");
    return out;
}

Result<BearerToken> parse_bearer(std::string_view message) {
    if (message.size() > kTokenBytesMax + 4'096)
        return fail(Code::invalid_argument, "an OAUTHBEARER message of {} bytes", message.size());
    BearerToken out;
    const auto comma = message.find(',');
    const auto second = comma == std::string_view::npos ? comma : message.find(',', comma + 1);
    if (second == std::string_view::npos ||
        (message.substr(0, comma) != "n" && message.substr(0, comma) != "y"))
        return fail(Code::invalid_argument, "the OAUTHBEARER message has no GS2 header");
    const std::string_view authorisation = message.substr(comma + 1, second - comma - 1);
    if (!authorisation.empty()) {
        if (!authorisation.starts_with("a="))
            return fail(Code::invalid_argument, "the OAUTHBEARER message has no GS2 header");
        out.authorisation = authorisation.substr(2);
    }
    MR_TRY(const std::string auth, auth_value(message.substr(second + 1)));
    constexpr std::string_view kScheme = "bearer ";
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    const bool bearer =
        auth.size() > kScheme.size() && std::equal(kScheme.begin(), kScheme.end(), auth.begin(),
                                                   [&](char a, char b) { return a == lower(b); });
    if (!bearer) return fail(Code::invalid_argument, "the OAUTHBEARER message has no bearer token");
    out.token = auth.substr(kScheme.size());
    return out;
}

}  // namespace mr::security
