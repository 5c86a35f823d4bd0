#include "serve/kafka/service.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/group_store.h"
#include "broker/txn/transactions.h"
#include "serve/kafka/session.h"

namespace mr::serve::kafka {
namespace {

std::uint32_t random_id() {
    const Uuid random = Uuid::random();
    return mr::internal::load<std::uint32_t>(random.view().data(), Endian::big);
}

constexpr std::int64_t kIdleCheckMs = 30'000;
/// How late a transaction may be aborted (Kafka looks every 10 s), and how often unused ids are looked for.
constexpr std::int64_t kTransactionCheckMs = 1'000;
constexpr std::int64_t kTransactionSweepMs = 60'000;
/// How often groups that have neither members nor offsets are forgotten: Kafka's
/// offsets.retention.check.interval.ms.
constexpr std::int64_t kGroupSweepMs = 600'000;

/// As Kafka's: a random UUID in base 64 for addresses, 22 characters.
std::string new_cluster_id() {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const Uuid random = Uuid::random();
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : random.view()) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += kAlphabet[bits >> (count - 6) & 63];
    }
    out += kAlphabet[bits << (6 - count) & 63];
    return out;
}

/// While the broker is settling too slowly, produce requests wait and are tried again this often.
constexpr std::int64_t kOverloadRetryMs = 50;

}  // namespace

Service::Service(Parts parts, Options options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      listener_(std::make_shared<Listener>()),
      coordinator_(
          parts_.groups, [] { return Uuid::random().to_string(); },
          [this](std::string_view group) { return parts_.broker.group_offsets(group) != nullptr; },
          [this] { return parts_.broker.groups_with_offsets(); }),
      group_activity_(
          std::make_shared<GroupActivity>(parts_.clock.now(), parts_.broker.options().offsets_retention_ms)),
      fetch_sessions_(options_.fetch_sessions_max, random_id()),
      connections_(parts_.metrics.gauge("millrace_kafka_connections", "Open Kafka connections")),
      refusals_(parts_.metrics.counter("millrace_kafka_refused_connections_total",
                                       "Kafka connections closed because of what they sent")),
      failed_authentications_(parts_.metrics.counter("millrace_kafka_failed_authentications_total",
                                                     "SASL exchanges that did not end well")) {
    listener_->advertise = options_.advertise;
    for (const Handler& handler : handlers()) {
        const std::string label = fmt::format("api=\"{}\"", wire::to_string(handler.key));
        apis_.push_back(
            {&parts_.metrics.counter("millrace_kafka_requests_total", "Kafka requests by api", label),
             &parts_.metrics.histogram("millrace_kafka_request_seconds",
                                       "From a request's arrival to its answer, waiting included", label)});
    }
    coordinator_.set_topics([this] { return parts_.broker.topics(); });
    restore_groups();
    if (!parts_.broker.cluster_settings()->contains(broker::kClusterIdSetting)) {
        first_cluster_id_ = new_cluster_id();
        submit(journal::Lane::control,
               broker::change_cluster_settings(
                   parts_.broker, {{std::string(broker::kClusterIdSetting), first_cluster_id_, true}}, {}));
    }
    idle_timer_ = parts_.loop.after(idle_check_ms(), [this] { check_idle(); });
    check_transactions();
}

/// Members go on where they were before a restart.
void Service::restore_groups() {
    coordinator_.set_store([this](const std::string& group, broker::groups::StoredChange change,
                                  broker::groups::Coordinator::Stored done) {
        auto answer = on_loop<bool>([this, alive = alive_, done = std::move(done)](bool) mutable {
            if (!*alive) return;
            done(now_ms());
            coordinator_changed();
        });
        submit(journal::Lane::control,
               broker::store_group(parts_.broker, group, std::move(change), std::move(answer)));
    });
    groups_swept_ms_ = now_ms();
    const broker::groups::StoredGroups stored = parts_.broker.take_recovered_groups();
    for (const std::string& why : coordinator_.restore(now_ms(), stored)) {
        log_error("kafka", "the members of a group cannot be read, they join again: {}", why);
    }
    group_activity_->restore(stored);
    coordinator_changed();
}

Quotas& Service::quotas() {
    quotas_.refresh(parts_.broker.cluster_settings());
    return quotas_;
}

std::string Service::cluster_id() const {
    if (!options_.cluster_id.empty()) return options_.cluster_id;
    const auto settings = parts_.broker.cluster_settings();
    const auto it = settings->find(broker::kClusterIdSetting);
    return it == settings->end() ? first_cluster_id_ : it->second;
}

std::int64_t Service::idle_check_ms() const {
    return std::clamp<std::int64_t>(options_.idle_connection_ms / 4, 10, kIdleCheckMs);
}

Service::~Service() {
    *alive_ = false;
    coordinator_.close();
}

net::SessionFactory Service::session_factory() {
    return session_factory(listener_);
}

net::SessionFactory Service::session_factory(std::shared_ptr<const Listener> listener) {
    return [this, listener](std::shared_ptr<net::Connection> connection) -> std::unique_ptr<net::Session> {
        return std::make_unique<Session>(*this, listener, std::move(connection));
    };
}

void Service::set_advertised(const net::HostPort& bound) {
    if (options_.advertise.port == 0) options_.advertise = bound;
    listener_->advertise = options_.advertise;
}

void Service::journal_has_space() {
    parts_.loop.post([this, alive = alive_] {
        if (*alive) submit_waiting();
    });
}

void Service::close() {
    coordinator_.close();
    const std::vector<Session*> sessions(sessions_.begin(), sessions_.end());
    for (Session* session : sessions) session->drain();
}

void Service::submit(journal::Lane lane, std::unique_ptr<journal::Proposal> proposal) {
    const bool produce = lane == journal::Lane::clients;
    (produce ? waiting_produce_ : waiting_control_).push_back(std::move(proposal));
    submit_waiting();
}

/// True when nothing waits any more.
bool Service::submit_from(Proposals& waiting, journal::Lane lane) {
    while (!waiting.empty()) {
        if (!parts_.journal.try_submit(lane, waiting.front()))
            return false;  // journal_has_space() comes back
        waiting.pop_front();
    }
    return true;
}

void Service::submit_waiting() {
    submit_from(waiting_control_, journal::Lane::control);
    if (parts_.broker.overloaded()) {
        if (!waiting_produce_.empty() && !submit_timer_.pending()) {
            submit_timer_ = parts_.loop.after(kOverloadRetryMs, [this] { submit_waiting(); });
        }
        return;
    }
    if (!submit_from(waiting_produce_, journal::Lane::clients)) return;
    const std::unordered_set<Session*> held = std::exchange(held_, {});
    for (Session* session : held) {
        if (sessions_.contains(session)) session->on_writable();
    }
}

bool Service::hold_produce(Session& session) {
    if (waiting_produce_.empty()) return false;
    held_.insert(&session);
    return true;
}

namespace {

/// Blocking work and what follows on the loop; tells the loop also when it was dropped without having run.
class Errand {
  public:
    using After = std::move_only_function<void(bool)>;
    Errand(net::EventLoop& loop, std::shared_ptr<bool> alive, Service::Work work, After after)
        : loop_(&loop), alive_(std::move(alive)), work_(std::move(work)), after_(std::move(after)) {}
    ~Errand() {
        loop_->post([alive = std::move(alive_), after = std::move(after_), done = done_]() mutable {
            if (*alive) after(done);
        });
    }
    Errand(const Errand&) = delete;
    Errand& operator=(const Errand&) = delete;
    void run() {
        work_();
        done_ = true;
    }

  private:
    net::EventLoop* loop_;
    std::shared_ptr<bool> alive_;
    Service::Work work_;
    After after_;
    bool done_ = false;
};

}  // namespace

void Service::run_blocking(Work work, std::move_only_function<void(bool)> after) {
    if (!parts_.run_elsewhere) {
        work();
        after(true);
        return;
    }
    parts_.run_elsewhere([errand = std::make_unique<Errand>(parts_.loop, alive_, std::move(work),
                                                            std::move(after))] { errand->run(); });
}

void Service::coordinator_changed() {
    const std::int64_t deadline = coordinator_.next_deadline();
    if (deadline == std::numeric_limits<std::int64_t>::max()) {
        coordinator_timer_.cancel();
        return;
    }
    if (coordinator_timer_.pending() && deadline >= coordinator_deadline_) return;
    coordinator_deadline_ = deadline;
    const std::int64_t delay = std::max<std::int64_t>(0, deadline - now_ms());
    coordinator_timer_ = parts_.loop.after(delay, [this] {
        coordinator_.tick(now_ms());
        coordinator_changed();
    });
}

void Service::opened(Session& session) {
    sessions_.insert(&session);
    connections_.set(static_cast<double>(sessions_.size()));
}

void Service::closed(Session& session) {
    sessions_.erase(&session);
    held_.erase(&session);
    connections_.set(static_cast<double>(sessions_.size()));
}

void Service::count_held(std::size_t before, std::size_t after) {
    held_bytes_ += after - before;
    if (after <= before || held_bytes_ <= options_.received_bytes_max) return;
    const auto largest = std::max_element(
        sessions_.begin(), sessions_.end(),
        [](const Session* a, const Session* b) { return a->held_bytes() < b->held_bytes(); });
    if (largest != sessions_.end()) {
        (*largest)->shut(
            fmt::format("requests being received over all connections exceed {} bytes, and this "
                        "one holds most of them",
                        options_.received_bytes_max));
    }
}

void Service::count_unsent(std::size_t before, std::size_t after) {
    unsent_bytes_ += after - before;
    if (after <= before || unsent_bytes_ <= options_.unsent_total_bytes_max) return;
    // Who drains is counted when it has drained: look again before anybody has to go.
    unsent_bytes_ = 0;
    for (Session* session : sessions_) unsent_bytes_ += session->recount_unsent();
    if (unsent_bytes_ <= options_.unsent_total_bytes_max) return;
    const auto largest = std::max_element(
        sessions_.begin(), sessions_.end(),
        [](const Session* a, const Session* b) { return a->counted_unsent() < b->counted_unsent(); });
    (*largest)->shut(
        fmt::format("answers that are not taken over all connections exceed {} bytes, and this one owes most "
                    "of them: its client reads too slowly",
                    options_.unsent_total_bytes_max));
}

std::size_t Service::fetch_bytes_max() const {
    const bool much = unsent_bytes_ > options_.unsent_total_bytes_max / 2;
    return much ? std::min(options_.fetch_bytes_max, options_.unsent_bytes_max) : options_.fetch_bytes_max;
}

void Service::count_request(const Handler& handler) {
    apis_[static_cast<std::size_t>(&handler - handlers().data())].requests->add();
}

void Service::count_answer(const Handler& handler, std::int64_t ns) {
    apis_[static_cast<std::size_t>(&handler - handlers().data())].seconds->record_ns(ns);
}

void Service::check_idle() {
    const std::int64_t limit = now_ms() - options_.idle_connection_ms;
    const std::vector<Session*> sessions(sessions_.begin(), sessions_.end());
    for (Session* session : sessions) session->close_if_idle(limit);
    group_activity_->update(parts_.clock.now(), coordinator_);
    if (now_ms() - groups_swept_ms_ >= kGroupSweepMs) {
        groups_swept_ms_ = now_ms();
        coordinator_.forget_unused();
        coordinator_changed();
    }
    idle_timer_ = parts_.loop.after(idle_check_ms(), [this] { check_idle(); });
}

/// Aborts what is overdue, and now and then forgets transactional ids that nobody uses.
void Service::check_transactions() {
    const bool sweep = now_ms() - transactions_swept_ms_ >= kTransactionSweepMs;
    if (sweep || parts_.broker.transactions_due() <= parts_.clock.now().value) {
        transactions_swept_ms_ = now_ms();
        submit(journal::Lane::control, broker::txn::expire(parts_.broker));
    }
    transactions_timer_ = parts_.loop.after(kTransactionCheckMs, [this] { check_transactions(); });
}

}  // namespace mr::serve::kafka
