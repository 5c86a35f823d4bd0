// SASL on one connection: which mechanism was agreed on, the exchange under way, who it turned out to be, and
// until when that holds (KIP-368).
//
// Rules
//   1. Before it is done only ApiVersions, SaslHandshake and SaslAuthenticate are served, and frames are
//   small.
//   2. After a failure the connection is closed; the answer comes a moment late, so that guessing is slow.
//   3. Who authenticates again must be the same and use the same mechanism; who does not in time is cut off
//   at the
//      next request.
//   4. After a SaslHandshake of version 0 tokens come bare, without Kafka's header, until it is done.
// Thread: loop (an exchange's slow steps run elsewhere; then nothing else happens on the connection).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/loop.h"
#include "security/sasl.h"
#include "serve/kafka/error.h"
#include "serve/kafka/security.h"

namespace mr::serve::kafka {

class Service;

class Authentication {
  public:
    /// `authenticated` is called once at success, and again after every later one.
    Authentication(Service& service, const Security& security, std::function<void()> authenticated);
    ~Authentication();

    struct Result {
        ErrorCode error = ErrorCode::none;
        std::string message{};  ///< for the client
        std::string token{};
        std::int64_t lifetime_ms = 0;
    };
    using Answer = std::move_only_function<void(Result)>;

    /// May this request be served now?
    [[nodiscard]] bool admits(wire::ApiKey key) const;
    [[nodiscard]] bool done() const { return done_; }
    /// Tokens come bare.
    [[nodiscard]] bool bare() const { return bare_ && !done_; }
    /// "alice", once done.
    [[nodiscard]] const std::string& user() const { return user_; }

    ErrorCode handshake(const std::string& mechanism, bool bare);
    /// `peer` is for log lines. The answer may come later, unless this has been destroyed.
    void step(std::string token, const std::string& peer, Answer answer);

  private:
    void finish(const std::string& peer, mr::Result<security::SaslStep> step, Answer answer);
    void fail(const std::string& peer, std::string_view why, Answer answer);
    [[nodiscard]] std::int64_t lifetime_of(const security::SaslStep& step) const;

    Service& service_;
    const Security& security_;
    std::function<void()> authenticated_;
    std::shared_ptr<security::SaslExchange> exchange_;
    std::optional<security::Mechanism> mechanism_;
    std::string user_;
    bool done_ = false;
    bool bare_ = false;
    std::int64_t expires_ms_ = 0;  ///< of the service's clock; 0: never
    net::Timer failure_timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace mr::serve::kafka
