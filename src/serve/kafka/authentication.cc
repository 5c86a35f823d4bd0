#include "serve/kafka/authentication.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

constexpr std::string_view kLog = "kafka";
/// Kafka's connection.failed.authentication.delay.ms.
constexpr std::int64_t kFailureDelayMs = 100;

}  // namespace

Authentication::Authentication(Service& service, const Security& security,
                               std::function<void()> authenticated)
    : service_(service), security_(security), authenticated_(std::move(authenticated)) {}

Authentication::~Authentication() {
    *alive_ = false;
}

bool Authentication::admits(wire::ApiKey key) const {
    if (key == wire::ApiKey::api_versions || key == wire::ApiKey::sasl_handshake ||
        key == wire::ApiKey::sasl_authenticate) {
        return true;
    }
    return done_ && (expires_ms_ == 0 || service_.now_ms() < expires_ms_);
}

ErrorCode Authentication::handshake(const std::string& name, bool bare) {
    const auto mechanism = security::parse_mechanism(name);
    const auto& known = security_.mechanisms;
    if (!mechanism || std::find(known.begin(), known.end(), *mechanism) == known.end())
        return ErrorCode::unsupported_sasl_mechanism;
    if (exchange_ != nullptr || (done_ && (mechanism != mechanism_ || bare)))
        return ErrorCode::illegal_sasl_state;
    mechanism_ = mechanism;
    bare_ = bare;
    exchange_ = security::SaslExchange::make(*mechanism, {.view = security_.store->view(),
                                                          .keys = security_.keys ? security_.keys() : nullptr,
                                                          .jwt = security_.jwt,
                                                          .decoy_secret = security_.decoy_secret});
    return ErrorCode::none;
}

void Authentication::step(std::string token, const std::string& peer, Answer answer) {
    if (exchange_ == nullptr) {
        return answer({ErrorCode::illegal_sasl_state,
                       "SaslAuthenticate request received without a SaslHandshake before it",
                       {},
                       0});
    }
    const TimestampMs now = service_.clock().now();
    if (!exchange_->blocking()) return finish(peer, exchange_->step(token, now), std::move(answer));
    struct Slow {
        std::string token;
        std::optional<mr::Result<security::SaslStep>> result;
    };
    auto slow = std::make_shared<Slow>(Slow{std::move(token), {}});
    service_.run_blocking(
        [exchange = exchange_, slow, now] { slow->result = exchange->step(slow->token, now); },
        [this, alive = alive_, slow, peer, answer = std::move(answer)](bool ran) mutable {
            if (!*alive) return;
            if (!ran)
                slow->result = mr::fail(Code::unavailable, "too much is going on to check the password");
            finish(peer, std::move(*slow->result), std::move(answer));
        });
}

std::int64_t Authentication::lifetime_of(const security::SaslStep& step) const {
    std::int64_t lifetime = security_.reauthenticate_ms;
    if (step.expires) {
        const std::int64_t left =
            std::max<std::int64_t>(1, step.expires->value - service_.clock().now().value);
        lifetime = lifetime == 0 ? left : std::min(lifetime, left);
    }
    return lifetime;
}

void Authentication::finish(const std::string& peer, mr::Result<security::SaslStep> step, Answer answer) {
    if (!step) {
        exchange_.reset();
        return fail(peer, step.error().message, std::move(answer));
    }
    if (!step->done) return answer({ErrorCode::none, {}, std::move(step->challenge), 0});
    exchange_.reset();
    if (done_ && step->user != user_) {
        return fail(
            peer,
            fmt::format("cannot change principals during re-authentication from {} to {}", user_, step->user),
            std::move(answer));
    }
    log_debug(kLog, "{}: authenticated as User:{} with {}", peer, step->user, to_string(*mechanism_));
    user_ = step->user;
    done_ = true;
    const std::int64_t lifetime = lifetime_of(*step);
    expires_ms_ = lifetime == 0 ? 0 : service_.now_ms() + lifetime;
    authenticated_();
    answer({ErrorCode::none, {}, std::move(step->challenge), lifetime});
}

void Authentication::fail(const std::string& peer, std::string_view why, Answer answer) {
    log_info(kLog, "{}: authentication with {} failed: {}", peer, to_string(*mechanism_), why);
    service_.count_failed_authentication();
    Result failed;
    failed.error = ErrorCode::sasl_authentication_failed;
    // In Kafka's words; the reason stays here.
    failed.message = fmt::format(
        "Authentication failed during authentication due to invalid credentials with SASL "
        "mechanism {}",
        to_string(*mechanism_));
    failure_timer_ = service_.loop().after(
        kFailureDelayMs,
        [answer = std::move(answer), failed = std::move(failed)]() mutable { answer(std::move(failed)); });
}

}  // namespace mr::serve::kafka
