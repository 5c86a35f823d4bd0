// One request on its way through the broker: what a handler gets and answers through.
//
// A handler answers exactly once, now or later, on the loop's thread; after the connection has gone, answers
// are dropped. Answers leave the connection in the order of the requests. Thread: loop (it may be destroyed
// elsewhere, with the proposal whose callback held it).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "serve/kafka/audit.h"
#include "serve/kafka/security.h"
#include "wire/api.h"
#include "wire/message.h"

namespace mr::serve::kafka {

class Authentication;
class Call;
using CallPtr = std::shared_ptr<Call>;

/// Where a call's answer goes: its session, until that is closed.
class CallOwner {
  public:
    virtual ~CallOwner() = default;
    virtual void answered(Call& call) = 0;
    /// The request cannot be answered as the protocol wants: closes the connection with a log line.
    virtual void refused(Call& call, std::string_view why) = 0;
    /// The answer is about to be made: how long its client must wait for what the request cost
    /// (milliseconds).
    virtual std::int64_t charge(const Call& call) = 0;
    /// nullptr on listeners without SASL.
    virtual Authentication* authentication() = 0;
};

/// Who sends requests over a connection, and by which listener. Shared by its calls; immutable.
struct Origin {
    std::string peer{};  ///< "127.0.0.1:52114"
    std::string user{security::kAnonymous};
    std::shared_ptr<const Listener> listener{};
    std::shared_ptr<const Access> access{};  ///< nullptr: may do everything
    bool audit = false;
};

class Call {
  public:
    Call(CallOwner& owner, wire::RequestHeader header, std::shared_ptr<const Origin> origin,
         std::int64_t received_ns)
        : owner_(&owner), header_(std::move(header)), origin_(std::move(origin)), received_ns_(received_ns) {}

    [[nodiscard]] wire::ApiKey key() const { return static_cast<wire::ApiKey>(header_.api_key); }
    [[nodiscard]] std::int16_t version() const { return header_.api_version; }
    /// "" where the client gave none.
    [[nodiscard]] std::string client_id() const { return header_.client_id.value_or(""); }
    /// "127.0.0.1:52114".
    [[nodiscard]] const std::string& peer() const { return origin_->peer; }
    /// "ANONYMOUS" where nobody authenticates.
    [[nodiscard]] const std::string& user() const { return origin_->user; }
    [[nodiscard]] const Listener& listener() const { return *origin_->listener; }
    /// The connection still wants the answer.
    [[nodiscard]] bool wanted() const { return owner_ != nullptr; }

    // --- what this caller may do: everything, where no authorizer is configured
    [[nodiscard]] bool may(Operation operation, ResourceType type, std::string_view name) const {
        return origin_->access == nullptr || origin_->access->may(operation, type, name);
    }
    [[nodiscard]] bool may_topic(Operation operation, std::string_view name) const {
        return may(operation, ResourceType::topic, name);
    }
    [[nodiscard]] bool may_group(Operation operation, std::string_view name) const {
        return may(operation, ResourceType::group, name);
    }
    [[nodiscard]] bool may_transaction(Operation operation, std::string_view name) const {
        return may(operation, ResourceType::transactional_id, name);
    }
    [[nodiscard]] bool may_cluster(Operation operation) const {
        return may(operation, ResourceType::cluster, security::kClusterName);
    }
    [[nodiscard]] bool may_some(Operation operation, ResourceType type) const {
        return origin_->access == nullptr || origin_->access->may_some(operation, type);
    }
    /// False: nobody need be asked.
    [[nodiscard]] bool restricted() const { return origin_->access != nullptr; }
    /// Bit set of operations (KIP-430); `everything` where nobody is restricted.
    [[nodiscard]] std::int32_t operations(ResourceType type, std::string_view name,
                                          std::int32_t everything) const {
        return origin_->access == nullptr ? everything : origin_->access->operations(type, name);
    }
    [[nodiscard]] Authentication* authentication() { return owner_ ? owner_->authentication() : nullptr; }
    /// An administrative act of this caller is to be logged …
    [[nodiscard]] bool audited() const { return origin_->audit; }
    /// … with these words, where its answer does not say enough.
    void note(std::string words) { note_ = std::move(words); }

    template <class Response>
    void answer(const Response& response) {
        if constexpr (kAudited<Response>) {
            if (origin_->audit) audit(*origin_, client_id(), Response::kApi, note_, audit_items(response));
        }
        answer_as(response, header_.api_version);
    }
    /// In another version than the request's: only for ApiVersions.
    template <class Response>
    void answer_as(const Response& response, std::int16_t version) {
        if (owner_) throttle(owner_->charge(*this));
        if constexpr (requires { response.throttle_time_ms; }) {
            if (throttle_ms_ > response.throttle_time_ms) {
                Response told = response;
                told.throttle_time_ms = static_cast<std::int32_t>(throttle_ms_);
                return encode_and_finish(told, version);
            }
        }
        encode_and_finish(response, version);
    }
    /// The connection is not served for so long after this answer (KIP-219); the answer says it, too.
    void throttle(std::int64_t ms) { throttle_ms_ = std::max(throttle_ms_, ms); }
    /// The connection is closed when this answer is sent.
    void close_after() { close_after_ = true; }
    /// Produce with acks=0: the client waits for nothing.
    void answer_nothing() { finish({}); }
    /// Without the protocol's header: only for SASL tokens after a SaslHandshake of version 0.
    void answer_bare(std::string_view bytes) {
        wire::Output output;
        ByteWriter out(output.bytes, Endian::big);
        out.i32(static_cast<std::int32_t>(bytes.size()));
        out.raw(bytes);
        finish(std::move(output));
    }
    void refuse(std::string_view why) {
        if (owner_) owner_->refused(*this, why);
    }

    // --- for the session ----------------------------------------------------------------------------------
    [[nodiscard]] std::int64_t received_ns() const { return received_ns_; }
    /// How long the handler had the loop; nothing while it has.
    [[nodiscard]] std::optional<std::int64_t> handled_ns() const { return handled_ns_; }
    void handled(std::int64_t now_ns) { handled_ns_ = now_ns - received_ns_; }
    [[nodiscard]] bool finished() const { return finished_; }
    [[nodiscard]] bool closes() const { return close_after_; }
    [[nodiscard]] std::int64_t throttle_ms() const { return throttle_ms_; }
    [[nodiscard]] wire::Output take_output() { return std::move(output_); }
    void detach() { owner_ = nullptr; }

  private:
    template <class Response>
    void encode_and_finish(const Response& response, std::int16_t version) {
        finish(owner_ ? wire::encode_response(response, version, header_.correlation_id) : wire::Output{});
    }
    void finish(wire::Output output) {
        MR_CHECK(!finished_, "{} answered twice", wire::to_string(key()));
        finished_ = true;
        output_ = std::move(output);
        if (owner_) owner_->answered(*this);
    }

    CallOwner* owner_;
    const wire::RequestHeader header_;
    const std::shared_ptr<const Origin> origin_;
    const std::int64_t received_ns_;
    std::optional<std::int64_t> handled_ns_{};
    bool finished_ = false;
    bool close_after_ = false;
    std::int64_t throttle_ms_ = 0;
    std::string note_;
    wire::Output output_;
};

}  // namespace mr::serve::kafka
