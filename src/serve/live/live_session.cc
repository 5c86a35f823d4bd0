#include "serve/live/live_session.h"

namespace mr::serve {
namespace {

constexpr std::uint16_t kSlowClient = 4008;  // docs/formats/live.md, "Close codes"

}  // namespace

LiveSession::LiveSession(LiveService& service, std::shared_ptr<net::WebSocket> socket)
    : service_(service), socket_(std::move(socket)) {
    service_.add(this);
}

LiveSession::~LiveSession() {
    for (const auto& [id, subscription] : subscriptions_) service_.unsubscribe(subscription);
    service_.remove(this);
}

void LiveSession::on_close(std::uint16_t code) {
    static_cast<void>(code);
}

void LiveSession::on_text(std::string_view text) {
    // A client that asks and does not read the answers is not asked again until it has.
    if (!writable()) socket_->pause_reading();
    const auto frame = parse_client_frame(text);
    if (frame) {
        handle(*frame);
        return;
    }
    send_error(frame.error().error, frame.error().id, "frames are described in docs/formats/live.md");
    if (++bad_frames_ >= service_.options_.bad_frames_max) {
        socket_->close(net::close_code::kPolicyViolation, "too many frames that were not understood");
    }
}

void LiveSession::send_error(const Error& error, std::optional<std::int64_t> id, std::string_view help) {
    socket_->send_text(error_frame(error, id, help));
}

SubscriptionPtr LiveSession::find(const ClientFrame& frame) {
    const auto at = subscriptions_.find(*frame.id);
    if (at != subscriptions_.end()) return at->second;
    send_error({Code::not_found, fmt::format("no subscription {} on this connection", *frame.id)}, frame.id);
    return nullptr;
}

void LiveSession::for_each(const ClientFrame& frame,
                           const std::function<void(const SubscriptionPtr&)>& action) {
    if (frame.id) {
        if (const SubscriptionPtr subscription = find(frame)) action(subscription);
        return;
    }
    for (const auto& [id, subscription] : subscriptions_) action(subscription);
}

void LiveSession::handle(const ClientFrame& frame) {
    using Type = ClientFrame::Type;
    switch (frame.type) {
        case Type::sub:
            subscribe(frame);
            return;
        case Type::unsub:
            if (const SubscriptionPtr subscription = find(frame)) {
                service_.unsubscribe(subscription);
                subscriptions_.erase(subscription->id);
            }
            return;
        case Type::pause:
            for_each(frame, [&](const SubscriptionPtr& s) { service_.pause(*s); });
            return;
        case Type::resume:
            for_each(frame, [&](const SubscriptionPtr& s) { service_.resume(s); });
            return;
        case Type::paint:
            service_.paint(frame);
            return;
        case Type::auth:
            return;  // nothing to authenticate yet
    }
}

void LiveSession::subscribe(const ClientFrame& frame) {
    if (subscriptions_.contains(*frame.id)) {
        send_error(
            {Code::already_exists, fmt::format("subscription {} exists on this connection", *frame.id)},
            frame.id, "unsub it first, or choose another id");
        return;
    }
    if (subscriptions_.size() >= service_.options_.subscriptions_max) {
        send_error({Code::resource_exhausted, fmt::format("at most {} subscriptions a connection",
                                                          service_.options_.subscriptions_max)},
                   frame.id);
        return;
    }
    auto subscription = service_.subscribe(*this, frame);
    if (subscription) {
        subscriptions_.emplace(*frame.id, std::move(*subscription));
    } else {
        send_error(subscription.error(), frame.id);
    }
}

bool LiveSession::writable() {
    if (!socket_->open()) return false;
    if (socket_->buffered_bytes() <= service_.options_.unsent_bytes_max) {
        blocked_since_ns_.reset();
        return true;
    }
    if (!blocked_since_ns_) blocked_since_ns_ = service_.now_ns();
    return false;
}

void LiveSession::on_writable() {
    blocked_since_ns_.reset();
    socket_->resume_reading();
    for (const auto& [id, subscription] : subscriptions_) {
        if (subscription->dirty || subscription->reset_due) service_.enqueue(subscription);
    }
}

void LiveSession::check_speed() {
    if (writable() || !blocked_since_ns_) return;
    if (service_.now_ns() - *blocked_since_ns_ < service_.options_.unsent_ms_max * 1'000'000) return;
    service_.slow_.add();
    socket_->close(kSlowClient, "too slow: reconnect and resume");
}

}  // namespace mr::serve
