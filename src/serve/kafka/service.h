// The Kafka listener's shared part: what every session and handler of one node uses.
//
//   Service service({loop, clock, broker, journal, metrics}, options);
//   auto server = net::TcpServer::listen(loop, {.listen = …, .name = "kafka"}, service.session_factory());
//   service.set_advertised(server->bound());         // where it was not configured
//   journal.set_on_space([&] { service.journal_has_space(); });
//
// It owns the group coordinator (a pure state machine) and drives its time, and the queue of proposals that
// the journal had no room for. Everything outside learns only what is durable: answers to changes come from
// the proposals' done(), reads use the broker's durable views.
//
// Shutdown: stop_accepting on the server, close() here, run the loop until the server has no connections (or
// a deadline), then destroy the server, the threads of run_elsewhere, and last this: sessions and cold reads
// refer to it.
// Thread: loop, except where it says any.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "broker/groups/coordinator.h"
#include "journal/journal.h"
#include "net/loop.h"
#include "net/tcp_server.h"
#include "serve/kafka/call.h"
#include "serve/kafka/fetch_session.h"
#include "serve/kafka/group_activity.h"
#include "serve/kafka/handler_table.h"
#include "serve/kafka/options.h"
#include "serve/kafka/quotas.h"
#include "serve/kafka/security.h"

namespace mr::serve::kafka {

class Session;

class Service {
  public:
    using Work = std::move_only_function<void()>;
    struct Parts {
        net::EventLoop& loop;
        const Clock& clock;
        broker::Broker& broker;
        journal::Journal& journal;
        Metrics& metrics;
        /// Runs work that may touch the disk on another thread; a full pool may destroy it unrun. Empty:
        /// here and now (tests, simulation).
        std::function<void(Work)> run_elsewhere;
        broker::groups::CoordinatorOptions groups;
        /// nullptr: nobody authenticates, everybody may do everything. REQUIRES: outlives the service.
        const Security* security = nullptr;
    };
    Service(Parts parts, Options options);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// For a plaintext listener that advertises what the options say.
    [[nodiscard]] net::SessionFactory session_factory();
    /// For any listener: what it is may still change until the first connection (the port that it is bound
    /// to).
    [[nodiscard]] net::SessionFactory session_factory(std::shared_ptr<const Listener> listener);
    /// The address clients of session_factory() are told, if the options gave no port.
    void set_advertised(const net::HostPort& bound);
    /// Any thread: the journal takes proposals again.
    void journal_has_space();
    /// For retention: whose offsets do not expire. May be kept longer than this.
    [[nodiscard]] std::shared_ptr<const GroupActivity> group_activity() const { return group_activity_; }
    /// Nothing more is dispatched; a connection closes when what is on its way to the disk is answered.
    /// Waiting joins are refused, waiting fetches dropped.
    void close();

    // --- for handlers
    // ---------------------------------------------------------------------------------------
    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] broker::Broker& broker() { return parts_.broker; }
    [[nodiscard]] const Security* security() const { return parts_.security; }
    [[nodiscard]] broker::groups::Coordinator& coordinator() { return coordinator_; }
    [[nodiscard]] const broker::groups::Coordinator& coordinator() const { return coordinator_; }
    /// As of now.
    [[nodiscard]] Quotas& quotas();
    /// In the first moments of a new data directory the id that is on its way to the disk.
    [[nodiscard]] std::string cluster_id() const;
    [[nodiscard]] FetchSessionCache& fetch_sessions() { return fetch_sessions_; }
    [[nodiscard]] net::EventLoop& loop() { return parts_.loop; }
    [[nodiscard]] const Clock& clock() const { return parts_.clock; }
    /// Milliseconds of the monotonic clock: what the coordinator counts in.
    [[nodiscard]] std::int64_t now_ms() const { return parts_.clock.monotonic_ns() / 1'000'000; }

    /// Hands a proposal to the journal, in order within its lane; what it has no room for waits here.
    void submit(journal::Lane lane, std::unique_ptr<journal::Proposal> proposal);
    /// Runs `work` where it may block, then `after` on the loop: with false if there was no room to run it.
    void run_blocking(Work work, std::move_only_function<void(bool done)> after);
    /// A callback for other threads that brings its value to `f` on the loop.
    template <class T, class F>
    std::move_only_function<void(T)> on_loop(F f) {
        return [loop = &parts_.loop, f = std::move(f)](T value) mutable {
            loop->post([f = std::move(f), value = std::move(value)]() mutable { f(std::move(value)); });
        };
    }
    /// To be called after anything was done with the coordinator: its next deadline may have moved.
    void coordinator_changed();

    // --- for sessions
    // ---------------------------------------------------------------------------------------
    void opened(Session& session);
    void closed(Session& session);
    /// A session's held bytes changed; over the limit, the connection that holds most is closed.
    void count_held(std::size_t before, std::size_t after);
    /// The same for what it was answered and has not taken yet.
    void count_unsent(std::size_t before, std::size_t after);
    /// How much one Fetch answer may hold now: less while much is unsent.
    [[nodiscard]] std::size_t fetch_bytes_max() const;
    /// The journal takes no more produce requests for now: `session` is to stop dispatching them and is
    /// called again (on_writable) when it does.
    [[nodiscard]] bool hold_produce(Session& session);
    void count_request(const Handler& handler);
    void count_answer(const Handler& handler, std::int64_t ns);
    [[nodiscard]] Counter& refusals() { return refusals_; }
    void count_failed_authentication() { failed_authentications_.add(); }

  private:
    using Proposals = std::deque<std::unique_ptr<journal::Proposal>>;
    void submit_waiting();
    bool submit_from(Proposals& waiting, journal::Lane lane);
    void restore_groups();
    void check_idle();
    void check_transactions();
    [[nodiscard]] std::int64_t idle_check_ms() const;

    Parts parts_;
    Options options_;
    std::shared_ptr<Listener> listener_;  ///< of session_factory()
    broker::groups::Coordinator coordinator_;
    std::shared_ptr<GroupActivity> group_activity_;
    FetchSessionCache fetch_sessions_;
    Quotas quotas_;
    std::string first_cluster_id_;  ///< empty where the data directory had one
    net::Timer coordinator_timer_;
    std::int64_t coordinator_deadline_ = 0;
    net::Timer idle_timer_;
    net::Timer submit_timer_;
    net::Timer transactions_timer_;
    std::int64_t transactions_swept_ms_ = 0;
    std::int64_t groups_swept_ms_ = 0;
    Proposals waiting_control_;
    Proposals waiting_produce_;
    std::unordered_set<Session*> held_;  ///< have produce requests that wait for room
    std::unordered_set<Session*> sessions_;
    std::size_t held_bytes_ = 0;
    std::size_t unsent_bytes_ = 0;
    Gauge& connections_;
    Counter& refusals_;
    Counter& failed_authentications_;
    struct ApiMetrics {
        Counter* requests;
        Histogram* seconds;
    };
    std::vector<ApiMetrics> apis_;  ///< in the order of handlers()
    /// Callbacks that other threads posted may arrive after the service has gone: they look here first.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace mr::serve::kafka
