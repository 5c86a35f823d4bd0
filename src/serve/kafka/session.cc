#include "serve/kafka/session.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "serve/kafka/handler_table.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

constexpr std::string_view kLog = "kafka";

bool is_produce(std::int16_t key) {
    return key == static_cast<std::int16_t>(wire::ApiKey::produce);
}

/// Of "127.0.0.1:52114", "[::1]:52114".
std::string host_of(const std::string& peer) {
    std::string host = peer.substr(0, peer.rfind(':'));
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return host;
}

FrameReader::Limits limits_of(const Options& options) {
    return {options.produce_bytes_max, options.request_bytes_max};
}

}  // namespace

Session::Session(Service& service, std::shared_ptr<const Listener> listener,
                 std::shared_ptr<net::Connection> connection)
    : service_(service),
      connection_(std::move(connection)),
      listener_(std::move(listener)),
      frames_(limits_of(service.options())),
      last_active_ms_(service.now_ms()) {
    service_.opened(*this);
    if (listener_->sasl) {
        const std::size_t small = service_.options().unauthenticated_bytes_max;
        frames_.set_limits({small, small});
        set_user(std::string(security::kAnonymous));
        authentication_ = std::make_unique<Authentication>(service_, *service_.security(), [this] {
            set_user(authentication_->user());
            frames_.set_limits(limits_of(service_.options()));
        });
    } else if (const Status known = set_user_of_certificate(); !known) {
        shut(known.error().message);
    }
    refuse_if_too_early();
}

void Session::refuse_if_too_early() {
    Quotas& quotas = service_.quotas();
    if (closing_ || !quotas.any()) return;
    const std::int64_t early =
        quotas.count_connection(host_of(connection_->peer_address()), service_.now_ms());
    if (early == 0) return;
    muted_until_ms_ = service_.now_ms() + early;
    mute_timer_ = service_.loop().after(early, [this] {
        if (closing_) return;
        // Not a warning: whoever connects in a loop would fill the log.
        log_debug(kLog, "{}: connection closed: its address has more than the quota connection_creation_rate",
                  connection_->peer_address());
        service_.refusals().add();
        closing_ = true;
        connection_->abort();
    });
}

std::int64_t Session::charge(const Call& call) {
    Quotas& quotas = service_.quotas();
    if (!quotas.any()) return 0;
    // An answer that was waited for costs what its handler took; one made in the handler, what it took so
    // far.
    const std::int64_t taken =
        call.handled_ns().value_or(service_.clock().monotonic_ns() - call.received_ns());
    return quotas.count(Quotas::Kind::request, {call.user(), call.client_id()},
                        static_cast<std::size_t>(std::max<std::int64_t>(taken, 0)), service_.now_ms());
}

void Session::set_user(std::string user) {
    Origin origin{
        .peer = connection_->peer_address(), .user = std::move(user), .listener = listener_, .access = {}};
    const Security* security = service_.security();
    if (security != nullptr && security->authorizer != nullptr) {
        origin.access = std::make_shared<const Access>(*security->authorizer,
                                                       fmt::format("{}:{}", security::kUserType, origin.user),
                                                       host_of(connection_->peer_address()));
    }
    origin.audit = security != nullptr && security->audit;
    origin_ = std::make_shared<const Origin>(std::move(origin));
}

Status Session::set_user_of_certificate() {
    std::string user(security::kAnonymous);
    const std::string& subject = connection_->peer_subject();
    const Security* security = service_.security();
    Status known;
    if (!subject.empty()) {
        user = subject;
        if (security != nullptr && security->mapper != nullptr) {
            auto name = security->mapper->name_of(subject);
            if (name) {
                user = std::move(*name);
            } else {
                known = std::unexpected(std::move(name).error());
            }
        }
    }
    set_user(std::move(user));
    return known;
}

Session::~Session() {
    on_close();
}

void Session::on_bytes(std::string_view bytes) {
    if (closing_) return;
    last_active_ms_ = service_.now_ms();
    const Status status = frames_.feed(bytes);
    if (!status) return shut(status.error().message);
    pump();
    update_reading();
}

void Session::on_filled(std::size_t bytes) {
    last_active_ms_ = service_.now_ms();
    frames_.filled(bytes);
    pump();
    update_reading();
}

void Session::on_writable() {
    count_unsent();
    pump();
    update_reading();
}

void Session::on_close() {
    if (!connection_) return;
    closing_ = true;
    mute_timer_.cancel();
    for (const CallPtr& call : calls_) call->detach();
    calls_.clear();
    service_.count_held(counted_bytes_, 0);
    counted_bytes_ = 0;
    service_.count_unsent(std::exchange(counted_unsent_, 0), 0);
    service_.closed(*this);
    authentication_.reset();
    connection_.reset();
}

void Session::shut(std::string_view why) {
    if (closing_) return;
    closing_ = true;
    log_warn(kLog, "{}: connection closed: {}", connection_->peer_address(), why);
    service_.refusals().add();
    connection_->abort();
}

void Session::drain() {
    if (closing_) return;
    draining_ = true;
    const bool owes = std::any_of(calls_.begin(), calls_.end(),
                                  [](const CallPtr& call) { return call->key() == wire::ApiKey::produce; });
    if (owes) return;  // flush() closes
    closing_ = true;
    connection_->close();
}

void Session::close_if_idle(std::int64_t limit_ms) {
    if (!calls_.empty() || last_active_ms_ > limit_ms) return;
    log_debug(kLog, "{}: closed after {} ms without a request", connection_->peer_address(),
              service_.options().idle_connection_ms);
    drain();
}

void Session::answered(Call& call) {
    static_cast<void>(call);
    flush();
    pump();
    update_reading();
}

void Session::refused(Call& call, std::string_view why) {
    shut(fmt::format("{} v{}: {}", wire::to_string(call.key()), call.version(), why));
}

bool Session::may_dispatch() {
    if (closing_ || draining_ || muted_until_ms_ > 0 || !frames_.has_frame()) return false;
    if (connection_->buffered_bytes() > service_.options().unsent_bytes_max) return false;
    if (authentication_ != nullptr && !authentication_->done()) return calls_.empty();
    const auto next = wire::peek_request_header(frames_.front().view());
    const bool produce = next && is_produce(next->api_key);
    if (produce && service_.hold_produce(*this)) return false;
    if (calls_.empty()) return true;
    const bool all_produce = std::all_of(calls_.begin(), calls_.end(), [](const CallPtr& call) {
        return call->key() == wire::ApiKey::produce;
    });
    return produce && all_produce && calls_.size() < service_.options().produce_in_flight_max;
}

/// Not re-entered: a handler that answers at once only marks its call, and the loop here goes on.
void Session::pump() {
    if (pumping_) return;
    pumping_ = true;
    while (may_dispatch()) {
        dispatch(frames_.pop());
        flush();
    }
    pumping_ = false;
}

/// A SASL token without Kafka's header, which is answered in kind.
void Session::dispatch_token(const SharedBytes& frame) {
    wire::RequestHeader header;
    header.api_key = static_cast<std::int16_t>(wire::ApiKey::sasl_authenticate);
    auto call = std::make_shared<Call>(static_cast<CallOwner&>(*this), std::move(header), origin_,
                                       service_.clock().monotonic_ns());
    calls_.push_back(call);
    handle_bare_token(call, std::string(frame.view()));
}

void Session::dispatch(const SharedBytes& frame) {
    if (authentication_ != nullptr && authentication_->bare()) return dispatch_token(frame);
    const auto peeked = wire::peek_request_header(frame.view());
    if (!peeked) return shut(peeked.error().message);
    const Handler* handler = find_handler(peeked->api_key);
    if (handler == nullptr) {
        return shut(fmt::format("api key {} v{} is not known here", peeked->api_key, peeked->api_version));
    }
    const bool is_api_versions = handler->key == wire::ApiKey::api_versions;
    if (authentication_ != nullptr && !authentication_->admits(handler->key)) {
        return shut(authentication_->done() ? fmt::format("{} after the session's authentication had expired",
                                                          wire::to_string(handler->key))
                                            : fmt::format("{} before the authentication was done",
                                                          wire::to_string(handler->key)));
    }
    const bool known = handler->versions.contains(peeked->api_version);
    if (!known && !is_api_versions) {
        return shut(fmt::format("{} v{} is not supported, only v{} to v{}", wire::to_string(handler->key),
                                peeked->api_version, handler->versions.min, handler->versions.max));
    }
    // A client newer than us may ask for an ApiVersions we do not know: it is answered in v0, and its header
    // has the flexible form.
    const auto header =
        wire::decode_request_header(frame.view(), peeked->api_version >= handler->flexible_since);
    if (!header) return shut(header.error().message);
    auto call = std::make_shared<Call>(static_cast<CallOwner&>(*this), header->first, origin_,
                                       service_.clock().monotonic_ns());
    calls_.push_back(call);
    service_.count_request(*handler);
    log_debug(kLog, "{}: {} v{} from `{}`, {} bytes", connection_->peer_address(),
              wire::to_string(handler->key), peeked->api_version, call->client_id(), frame.size());
    handler->run(service_, call, frame.slice(header->second));
    call->handled(service_.clock().monotonic_ns());
}

/// Sends what is answered, up to the first call that is not.
void Session::flush() {
    while (!closing_ && !calls_.empty() && calls_.front()->finished()) {
        Call& call = *calls_.front();
        for (Piece& piece : call.take_output().pieces()) connection_->send_piece(std::move(piece));
        const Handler* handler = find_handler(static_cast<std::int16_t>(call.key()));
        service_.count_answer(*handler, service_.clock().monotonic_ns() - call.received_ns());
        if (call.throttle_ms() > 0) mute(call.throttle_ms());
        if (call.closes()) {
            closing_ = true;
            connection_->close();
            return;
        }
        calls_.pop_front();
        last_active_ms_ = service_.now_ms();
        count_unsent();
    }
    if (draining_ && !closing_ && calls_.empty()) {
        closing_ = true;
        connection_->close();
    }
}

void Session::count_unsent() {
    const std::size_t before = counted_unsent_;
    const std::size_t after = recount_unsent();
    service_.count_unsent(before, after);
}

void Session::mute(std::int64_t ms) {
    muted_until_ms_ = std::max(muted_until_ms_, service_.now_ms() + ms);
    mute_timer_ = service_.loop().after(muted_until_ms_ - service_.now_ms(), [this] { unmute(); });
}

void Session::unmute() {
    muted_until_ms_ = 0;
    if (closing_) return;
    pump();
    update_reading();
}

void Session::update_reading() {
    if (closing_) return;
    const std::size_t held = frames_.held_bytes();
    const std::size_t before = std::exchange(counted_bytes_, held);
    service_.count_held(before, held);
    if (closing_) return;  // it was this connection that held too much
    const bool want = !frames_.has_frame();
    if (want == reading_) return;
    reading_ = want;
    if (want) {
        connection_->resume_reading();
    } else {
        connection_->pause_reading();
    }
}

}  // namespace mr::serve::kafka
