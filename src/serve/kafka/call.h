// One request on its way through the broker: what a handler gets and answers through.
//
// A handler answers exactly once, now or later, on the loop's thread; after the connection has gone, answers
// are dropped. Answers leave the connection in the order of the requests. Thread: loop (it may be destroyed
// elsewhere, with the proposal whose callback held it).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/api.h"
#include "wire/message.h"

namespace mr::serve::kafka {

class Call;
using CallPtr = std::shared_ptr<Call>;

/// Where a call's answer goes: its session, until that is closed.
class CallOwner {
  public:
    virtual ~CallOwner() = default;
    virtual void answered(Call& call) = 0;
    /// The request cannot be answered as the protocol wants: closes the connection with a log line.
    virtual void refused(Call& call, std::string_view why) = 0;
};

class Call {
  public:
    Call(CallOwner& owner, wire::RequestHeader header, std::string peer, std::int64_t received_ns)
        : owner_(&owner), header_(std::move(header)), peer_(std::move(peer)), received_ns_(received_ns) {}

    [[nodiscard]] wire::ApiKey key() const { return static_cast<wire::ApiKey>(header_.api_key); }
    [[nodiscard]] std::int16_t version() const { return header_.api_version; }
    /// "" where the client gave none.
    [[nodiscard]] std::string client_id() const { return header_.client_id.value_or(""); }
    /// "127.0.0.1:52114".
    [[nodiscard]] const std::string& peer() const { return peer_; }
    /// The connection still wants the answer.
    [[nodiscard]] bool wanted() const { return owner_ != nullptr; }

    template <class Response>
    void answer(const Response& response) {
        answer_as(response, header_.api_version);
    }
    /// In another version than the request's: only for ApiVersions.
    template <class Response>
    void answer_as(const Response& response, std::int16_t version) {
        finish(owner_ ? wire::encode_response(response, version, header_.correlation_id) : wire::Output{});
    }
    /// The connection is not served for so long after this answer (KIP-219); the answer says it, too.
    void throttle(std::int64_t ms) { throttle_ms_ = ms; }
    /// Produce with acks=0: the client waits for nothing.
    void answer_nothing() { finish({}); }
    void refuse(std::string_view why) {
        if (owner_) owner_->refused(*this, why);
    }

    // --- for the session ----------------------------------------------------------------------------------
    [[nodiscard]] std::int64_t received_ns() const { return received_ns_; }
    [[nodiscard]] bool finished() const { return finished_; }
    [[nodiscard]] std::int64_t throttle_ms() const { return throttle_ms_; }
    [[nodiscard]] wire::Output take_output() { return std::move(output_); }
    void detach() { owner_ = nullptr; }

  private:
    void finish(wire::Output output) {
        MR_CHECK(!finished_, "{} answered twice", wire::to_string(key()));
        finished_ = true;
        output_ = std::move(output);
        if (owner_) owner_->answered(*this);
    }

    CallOwner* owner_;
    const wire::RequestHeader header_;
    const std::string peer_;
    const std::int64_t received_ns_;
    bool finished_ = false;
    std::int64_t throttle_ms_ = 0;
    wire::Output output_;
};

}  // namespace mr::serve::kafka
