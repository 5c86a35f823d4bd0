// Push: tells subscribers over WebSocket that views changed. Frames and rules: docs/formats/live.md.
//
// A subscription holds no frames. It knows the version its client has; when it may send, the frame is made
// from the view's change ring for exactly (what the client has, what there is), so whatever happened between
// folds into one frame by itself, nothing is queued, and subscribers of the same parameters at the same
// version share one built body. The loop is yielded to every few sends.
// Thread: loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "base/metrics.h"
#include "net/loop.h"
#include "net/websocket.h"
#include "serve/live/frames.h"
#include "views/view_store.h"

namespace mr::serve {

struct LiveOptions {
    std::int64_t heartbeat_ms = 1'000;
    std::size_t subscriptions_max = 256;       ///< a connection
    std::size_t unsent_bytes_max = 64U << 10;  ///< nothing is added to a connection above this …
    std::int64_t unsent_ms_max = 10'000;       ///< … and it is closed when it stays there so long
    std::size_t delta_bytes_max = 256U << 10;  ///< a larger delta is sent as inv
    std::int64_t pending_ms_max = 1'000;       ///< … and one that waited longer
    int bad_frames_max = 32;
    int sends_per_turn = 16;
};

class LiveSession;
struct LiveGroup;
struct LiveSubscription;
using SubscriptionPtr = std::shared_ptr<LiveSubscription>;

class LiveService final : public views::ViewListener {
  public:
    /// REQUIRES: loop, store and metrics outlive it, and it the server that carries its route().
    LiveService(net::EventLoop& loop, views::ViewStore& store, Metrics& metrics, LiveOptions options = {});
    ~LiveService() override;

    /// GET /api/v1/live
    [[nodiscard]] net::WebSocketRoute route();
    [[nodiscard]] std::size_t clients() const { return sessions_.size(); }

    void on_changed(views::View& view) override;
    void on_replaced(views::View& view) override;
    void on_dropped(const std::string& name) override;

  private:
    friend class LiveSession;

    // For LiveSession.
    void add(LiveSession* session);
    void remove(LiveSession* session);
    /// The subscription, attached and answered; or why not.
    Result<SubscriptionPtr> subscribe(LiveSession& session, const ClientFrame& frame);
    void unsubscribe(const SubscriptionPtr& subscription);
    void pause(LiveSubscription& subscription);
    void resume(const SubscriptionPtr& subscription);
    void paint(const ClientFrame& frame);

    Result<std::shared_ptr<LiveGroup>> group_for(const views::View& view, const ClientFrame& frame);
    void start(LiveSession& session, const SubscriptionPtr& subscription, const views::View& view,
               const std::optional<ResumePoint>& from);
    void reset(LiveSession& session, LiveSubscription& subscription, const views::View& view,
               std::string_view why);
    /// Something to send: now, at its next turn, or when its connection drains.
    void mark(const SubscriptionPtr& subscription);
    void enqueue(const SubscriptionPtr& subscription);
    void pump();
    void send(const SubscriptionPtr& subscription);
    void send_inv(LiveSession& session, LiveSubscription& subscription, const views::View& view);
    /// False when the change cannot be sent as a delta.
    bool send_delta(LiveSession& session, LiveSubscription& subscription, const views::View& view);
    void sent(LiveSubscription& subscription, const views::View& view);
    void heartbeat();
    [[nodiscard]] std::int64_t now_ns() const { return loop_.clock().monotonic_ns(); }

    net::EventLoop& loop_;
    views::ViewStore& store_;
    const LiveOptions options_;
    Gauge& clients_gauge_;
    Counter& frames_;
    Counter& folded_;
    Counter& slow_;
    Histogram& push_seconds_;
    Histogram& paint_seconds_;
    std::set<LiveSession*> sessions_;
    /// By view, then by filters.
    std::map<std::string, std::map<std::string, std::weak_ptr<LiveGroup>>, std::less<>> groups_;
    std::deque<SubscriptionPtr> queue_;
    bool pump_posted_ = false;
    net::Timer heartbeat_timer_;
};

}  // namespace mr::serve
