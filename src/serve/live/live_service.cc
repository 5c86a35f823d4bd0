#include "serve/live/live_service.h"

#include <algorithm>

#include "serve/live/live_session.h"

namespace mr::serve {
namespace {

// Sessions told of the time in one turn: about 5 us each.
constexpr std::size_t kHeartbeatsPerTurn = 64;
constexpr std::size_t kBuiltMax = 64;

}  // namespace

LiveService::LiveService(net::EventLoop& loop, views::ViewStore& store, Metrics& metrics, LiveOptions options)
    : loop_(loop),
      store_(store),
      options_(options),
      clients_gauge_(metrics.gauge("millrace_live_clients", "Open live connections")),
      frames_(metrics.counter("millrace_live_frames_total", "Live frames sent")),
      folded_(metrics.counter("millrace_live_folded_total", "Commits folded into a later frame")),
      slow_(metrics.counter("millrace_live_slow_total",
                            "Live connections closed because they did not keep up")),
      push_seconds_(metrics.histogram("millrace_commit_to_push_seconds",
                                      "From a step's computation to its frame being handed to the socket")),
      paint_seconds_(metrics.histogram("millrace_event_to_screen_seconds",
                                       "From a step's computation to the pixel, reported by browsers")) {
    store_.add_listener(this);
}

LiveService::~LiveService() {
    store_.remove_listener(this);
}

net::WebSocketRoute LiveService::route() {
    return {.path = "/api/v1/live",
            .subprotocols = {"millrace.v1"},
            .open = [this](const net::HttpRequest&, std::shared_ptr<net::WebSocket> socket)
                -> Result<std::unique_ptr<net::WebSocketHandler>> {
                return std::make_unique<LiveSession>(*this, std::move(socket));
            }};
}

void LiveService::add(LiveSession* session) {
    sessions_.insert(session);
    clients_gauge_.set(static_cast<double>(sessions_.size()));
    if (!heartbeat_timer_.pending()) {
        heartbeat_timer_ = loop_.after(options_.heartbeat_ms, [this] { heartbeat(); });
    }
}

void LiveService::remove(LiveSession* session) {
    sessions_.erase(session);
    clients_gauge_.set(static_cast<double>(sessions_.size()));
}

void LiveService::heartbeat() {
    if (sessions_.empty()) return;
    heartbeat_timer_ = loop_.after(options_.heartbeat_ms, [this] { heartbeat(); });
    auto all = std::make_shared<std::vector<LiveSession*>>(sessions_.begin(), sessions_.end());
    const SharedBytes frame(heartbeat_frame(loop_.clock().now()));
    for (std::size_t from = 0; from < all->size(); from += kHeartbeatsPerTurn) {
        loop_.post([this, all, frame, from] {
            for (std::size_t i = from; i < std::min(from + kHeartbeatsPerTurn, all->size()); ++i) {
                LiveSession* session = (*all)[i];
                if (!sessions_.contains(session)) continue;
                session->check_speed();
                if (session->writable()) session->send({}, frame);
            }
        });
    }
}

Result<std::shared_ptr<LiveGroup>> LiveService::group_for(const views::View& view, const ClientFrame& frame) {
    MR_TRY(ViewParams params, parse_view_params(view.definition(), frame.params));
    if (frame.mode == LiveMode::delta && (params.ordered || params.limited)) {
        return fail(Code::invalid_argument,
                    "mode delta takes no {}: sort and cut in the client, or use mode inv",
                    params.ordered ? "order" : "limit");
    }
    auto& slot = groups_[view.name()][params.canonical_filters];
    if (auto group = slot.lock(); group && group->definition == view.shared_definition()) return group;
    auto group = std::make_shared<LiveGroup>();
    group->view = view.name();
    group->filters_text = params.canonical_filters;
    group->definition = view.shared_definition();
    group->filters = std::move(params.query.filters);
    group->json = std::make_unique<views::RowJson>(*group->definition);
    slot = group;
    return group;
}

Result<SubscriptionPtr> LiveService::subscribe(LiveSession& session, const ClientFrame& frame) {
    views::View* view = store_.find(frame.view);
    if (view == nullptr) {
        const auto near = store_.suggest(frame.view);
        return fail(Code::not_found, "unknown view: {}{}", frame.view,
                    near ? fmt::format("; did you mean `{}`?", *near) : std::string());
    }
    MR_TRY(auto group, group_for(*view, frame));
    auto subscription = std::make_shared<LiveSubscription>();
    subscription->id = *frame.id;
    subscription->session = &session;
    subscription->group = std::move(group);
    subscription->mode = frame.mode;
    subscription->params = frame.params;
    subscription->interval_ns = static_cast<std::int64_t>(1e9 / frame.max_hz);
    subscription->group->members.insert(subscription.get());
    start(session, subscription, *view, frame.from);
    return subscription;
}

void LiveService::start(LiveSession& session, const SubscriptionPtr& subscription, const views::View& view,
                        const std::optional<ResumePoint>& from) {
    LiveSubscription& s = *subscription;
    s.sent = s.checked = view.version();
    s.commits = view.commits();
    if (from && from->epoch != view.epoch()) {
        reset(session, s, view, "redeployed");
        return;
    }
    if (from && from->version != view.version()) {
        const bool ahead = from->version > view.version();
        const auto missed = ahead ? std::nullopt : view.changes_since(from->version);
        if (ahead || (s.mode == LiveMode::delta && !missed)) {
            reset(session, s, view, "retention");
            return;
        }
        s.sent = s.checked = from->version;
        s.commits -= missed ? missed->commits : std::min<std::uint64_t>(s.commits, 1);
    }
    session.send(frame_head("ok", s.id), SharedBytes(position_tail(view, s.sent)));
    if (s.sent != view.version()) mark(subscription);
}

void LiveService::reset(LiveSession& session, LiveSubscription& subscription, const views::View& view,
                        std::string_view why) {
    session.send(frame_head("reset", subscription.id), SharedBytes(position_tail(view, view.version(), why)));
    subscription.reset_due = false;
    subscription.dirty = false;
    subscription.sent = subscription.checked = view.version();
    subscription.commits = view.commits();
    frames_.add();
}

void LiveService::unsubscribe(const SubscriptionPtr& subscription) {
    subscription->session = nullptr;
    subscription->throttle.cancel();
    const auto group = std::move(subscription->group);
    if (!group) return;
    group->members.erase(subscription.get());
    if (!group->members.empty()) return;
    const auto by_view = groups_.find(group->view);
    if (by_view == groups_.end()) return;
    const auto slot = by_view->second.find(group->filters_text);
    if (slot != by_view->second.end() && slot->second.lock() == group) by_view->second.erase(slot);
    if (by_view->second.empty()) groups_.erase(by_view);
}

void LiveService::pause(LiveSubscription& subscription) {
    subscription.paused = true;
    subscription.throttle.cancel();
}

void LiveService::resume(const SubscriptionPtr& subscription) {
    subscription->paused = false;
    subscription->dirty_since_ns = now_ns();
    if (subscription->dirty || subscription->reset_due) enqueue(subscription);
}

void LiveService::paint(const ClientFrame& frame) {
    for (const PaintSample& sample : frame.samples) {
        paint_seconds_.record_ns(static_cast<std::int64_t>(sample.ms * 1e6));
    }
}

void LiveService::on_changed(views::View& view) {
    const auto by_view = groups_.find(view.name());
    if (by_view == groups_.end()) return;
    for (const auto& [filters, weak] : by_view->second) {
        const auto group = weak.lock();
        if (!group) continue;
        group->built.clear();
        for (LiveSubscription* member : group->members) mark(member->shared_from_this());
    }
}

void LiveService::on_replaced(views::View& view) {
    const auto by_view = groups_.find(view.name());
    if (by_view == groups_.end()) return;
    std::vector<SubscriptionPtr> all;
    for (const auto& [filters, weak] : by_view->second) {
        const auto group = weak.lock();
        if (!group) continue;
        for (LiveSubscription* member : group->members) all.push_back(member->shared_from_this());
    }
    for (const SubscriptionPtr& subscription : all) {
        // Columns may have gone: the filters are read again, by the new definition.
        ClientFrame frame;
        frame.params = subscription->params;
        frame.mode = subscription->mode;
        LiveSession* session = subscription->session;
        auto group = group_for(view, frame);
        unsubscribe(subscription);
        if (!group) {
            session->send_error(group.error(), subscription->id);
            session->drop(subscription->id);
            continue;
        }
        subscription->session = session;
        subscription->group = std::move(*group);
        subscription->group->members.insert(subscription.get());
        subscription->reset_due = true;
        enqueue(subscription);
    }
}

void LiveService::on_dropped(const std::string& name) {
    const auto by_view = groups_.find(name);
    if (by_view == groups_.end()) return;
    std::vector<SubscriptionPtr> all;
    for (const auto& [filters, weak] : by_view->second) {
        if (const auto group = weak.lock()) {
            for (LiveSubscription* member : group->members) all.push_back(member->shared_from_this());
        }
    }
    for (const SubscriptionPtr& subscription : all) {
        LiveSession* session = subscription->session;
        unsubscribe(subscription);
        session->send_error({Code::not_found, fmt::format("view {} was dropped", name)}, subscription->id);
        session->drop(subscription->id);
    }
}

void LiveService::mark(const SubscriptionPtr& subscription) {
    if (!subscription->dirty) {
        subscription->dirty = true;
        subscription->dirty_since_ns = now_ns();
    }
    enqueue(subscription);
}

void LiveService::enqueue(const SubscriptionPtr& subscription) {
    if (subscription->queued || subscription->paused || subscription->throttle.pending()) return;
    subscription->queued = true;
    queue_.push_back(subscription);
    if (pump_posted_) return;
    pump_posted_ = true;
    loop_.post([this] { pump(); });
}

void LiveService::pump() {
    pump_posted_ = false;
    for (int i = 0; i < options_.sends_per_turn && !queue_.empty(); ++i) {
        const SubscriptionPtr subscription = std::move(queue_.front());
        queue_.pop_front();
        subscription->queued = false;
        send(subscription);
    }
    if (queue_.empty() || pump_posted_) return;
    pump_posted_ = true;
    loop_.post([this] { pump(); });
}

void LiveService::send(const SubscriptionPtr& subscription) {
    LiveSubscription& s = *subscription;
    if (s.session == nullptr || s.paused || !(s.dirty || s.reset_due)) return;
    views::View* view = store_.find(s.group->view);
    if (view == nullptr) return;
    if (!s.session->writable()) return;  // its on_writable() comes back here
    if (s.reset_due) {
        reset(*s.session, s, *view, "redeployed");
        return;
    }
    if (const std::int64_t wait_ns = s.next_send_ns - now_ns(); wait_ns > 0) {
        s.throttle = loop_.after((wait_ns + 999'999) / 1'000'000, [this, weak = std::weak_ptr(subscription)] {
            if (const auto due = weak.lock()) enqueue(due);
        });
        return;
    }
    const bool old = now_ns() - s.dirty_since_ns > options_.pending_ms_max * 1'000'000;
    if (s.mode == LiveMode::inv || old || !send_delta(*s.session, s, *view)) send_inv(*s.session, s, *view);
    s.dirty = false;
}

void LiveService::send_inv(LiveSession& session, LiveSubscription& s, const views::View& view) {
    if (!s.group->filters.empty()) {
        const auto changes = view.changes_since(s.checked);
        if (changes && !touches(view.definition(), s.group->filters, *changes)) {
            s.checked = view.version();
            return;
        }
    }
    const std::uint64_t n = std::max<std::uint64_t>(view.commits() - s.commits, 1);
    session.send(frame_head("inv", s.id), SharedBytes(inv_tail(view.version(), view.commit_time(), n)));
    sent(s, view);
}

bool LiveService::send_delta(LiveSession& session, LiveSubscription& s, const views::View& view) {
    LiveGroup& group = *s.group;
    if (group.built_for != view.version() || group.built.size() > kBuiltMax) {
        group.built.clear();
        group.built_for = view.version();
    }
    auto [entry, fresh] = group.built.try_emplace({s.sent, s.checked});
    if (fresh) {
        const auto changes = view.changes_since(s.checked);
        if (changes) {
            auto tail = delta_tail(view.definition(), *group.json, group.filters, s.sent, *changes);
            if (!tail) {
                entry->second = SharedBytes();
            } else if (tail->size() <= options_.delta_bytes_max) {
                entry->second = SharedBytes(std::move(*tail));
            }
        }
    }
    if (!entry->second) return false;
    if (entry->second->empty()) {
        s.checked = view.version();
        return true;
    }
    session.send(frame_head("delta", s.id), *entry->second);
    sent(s, view);
    return true;
}

void LiveService::sent(LiveSubscription& s, const views::View& view) {
    frames_.add();
    const std::uint64_t n = view.commits() - s.commits;
    if (n > 1) folded_.add(n - 1);
    push_seconds_.record_ns((loop_.clock().now().value - view.commit_time().value) * 1'000'000);
    s.sent = s.checked = view.version();
    s.commits = view.commits();
    s.next_send_ns = now_ns() + s.interval_ns;
}

}  // namespace mr::serve
