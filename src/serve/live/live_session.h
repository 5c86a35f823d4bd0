// One client of the live service: its subscriptions, and whether its connection keeps up. Thread: loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "net/loop.h"
#include "net/websocket.h"
#include "serve/live/live_service.h"

namespace mr::serve {

/// Subscriptions of one view with the same filters: they see the same rows, so they share built frames.
struct LiveGroup {
    std::string view;
    std::string filters_text;
    std::shared_ptr<const views::ViewDefinition> definition;
    std::vector<views::Equals> filters;
    std::unique_ptr<views::RowJson> json;
    std::unordered_set<LiveSubscription*> members;
    /// Delta bodies of the view's newest version, by (client's version, version the changes were looked at
    /// from). An empty body: nothing that matches changed; no body: too large.
    Seq built_for;
    std::map<std::pair<Seq, Seq>, std::optional<SharedBytes>> built;
};

struct LiveSubscription : std::enable_shared_from_this<LiveSubscription> {
    std::int64_t id = 0;
    LiveSession* session = nullptr;  ///< nullptr once unsubscribed
    std::shared_ptr<LiveGroup> group;
    LiveMode mode = LiveMode::inv;
    Params params;  ///< to bind them again when the view is redeployed
    std::int64_t interval_ns = 0;
    Seq sent;                   ///< version the client has been told
    Seq checked;                ///< nothing that matches changed from `sent` to here
    std::uint64_t commits = 0;  ///< View::commits() when `sent` was told
    bool dirty = false;         ///< the view has gone on
    bool paused = false;
    bool queued = false;     ///< in the service's queue
    bool reset_due = false;  ///< the view was redeployed and the client not yet told
    std::int64_t dirty_since_ns = 0;
    std::int64_t next_send_ns = 0;
    net::Timer throttle;
};

class LiveSession final : public net::WebSocketHandler {
  public:
    LiveSession(LiveService& service, std::shared_ptr<net::WebSocket> socket);
    ~LiveSession() override;

    void on_text(std::string_view text) override;
    void on_writable() override;
    void on_close(std::uint16_t code) override;

    void send(std::string_view head, const SharedBytes& tail) { socket_->send_text(head, tail); }
    void send_error(const Error& error, std::optional<std::int64_t> id, std::string_view help = {});
    /// May more be added to the connection? Remembers since when not.
    [[nodiscard]] bool writable();
    /// Closes a connection that has not kept up for too long.
    void check_speed();
    void drop(std::int64_t id) { subscriptions_.erase(id); }

  private:
    void handle(const ClientFrame& frame);
    void subscribe(const ClientFrame& frame);
    [[nodiscard]] SubscriptionPtr find(const ClientFrame& frame);
    void for_each(const ClientFrame& frame, const std::function<void(const SubscriptionPtr&)>& action);

    LiveService& service_;
    std::shared_ptr<net::WebSocket> socket_;
    std::unordered_map<std::int64_t, SubscriptionPtr> subscriptions_;
    std::optional<std::int64_t> blocked_since_ns_;
    int bad_frames_ = 0;
};

}  // namespace mr::serve
