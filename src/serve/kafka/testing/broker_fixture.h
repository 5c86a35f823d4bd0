// A broker with its journal and a Kafka service, driven by one thread in steps, and clients that speak
// through fake connections: no sockets, no sleeps. Header only; for tests.
//
//   BrokerFixture f;  Client& c = f.client();
//   auto answer = c.ask(wire::MetadataRequest{}, 12);     // sends, runs everything, decodes the answer
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "broker/broker.h"
#include "journal/journal.h"
#include "net/loop.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"
#include "serve/kafka/session.h"
#include "wire/record.h"

namespace mr::serve::kafka::testing {

class FakeConnection final : public net::Connection {
  public:
    void send(SharedBytes bytes) override {
        if (open_) sent += bytes.view();
    }
    void close() override { open_ = false; }
    void abort() override {
        open_ = false;
        aborted = true;
    }
    void pause_reading() override { paused = true; }
    void resume_reading() override { paused = false; }
    [[nodiscard]] std::size_t buffered_bytes() const override { return unsent; }
    [[nodiscard]] bool open() const override { return open_; }
    [[nodiscard]] const std::string& peer_address() const override { return peer_; }
    [[nodiscard]] const std::string& local_address() const override { return local_; }
    [[nodiscard]] const std::string& peer_subject() const override { return subject; }

    std::string subject;  ///< of the certificate it seems to have shown
    std::string sent;
    std::size_t unsent = 0;
    bool aborted = false;
    bool paused = false;

  private:
    bool open_ = true;
    const std::string peer_ = "127.0.0.1:50000";
    const std::string local_ = "127.0.0.1:9092";
};

class BrokerFixture;

/// One connection and what a client of it remembers.
class Client {
  public:
    explicit Client(BrokerFixture& fixture, std::shared_ptr<const Listener> listener = {},
                    const std::string& subject = {});
    ~Client() { hang_up(); }

    template <class Request>
    void send(const Request& request, std::int16_t version) {
        feed(wire::encode_request(request, version, ++correlation_, "test").flatten());
    }
    void feed(std::string_view bytes) {
        if (session_ && connection->open()) session_->on_bytes(bytes);
    }
    /// The next answer that has arrived, as the answer to the oldest request not yet received.
    template <class Response>
    std::optional<Response> receive(std::int16_t version) {
        if (connection->sent.size() < 4) return std::nullopt;
        const auto size =
            static_cast<std::size_t>(mr::internal::load<std::int32_t>(connection->sent.data(), Endian::big));
        if (connection->sent.size() < 4 + size) return std::nullopt;
        const SharedBytes frame(connection->sent.substr(4, size));
        connection->sent.erase(0, 4 + size);
        auto response = wire::decode_response<Response>(frame, version, ++received_);
        EXPECT_TRUE(response) << (response ? "" : response.error().message);
        if (!response) return std::nullopt;
        return std::move(*response);
    }
    template <class Response, class Request>
    Response ask(const Request& request, std::int16_t version);
    void hang_up() {
        if (session_) session_->on_close();
        session_.reset();
    }
    net::Session& session() { return *session_; }

    std::shared_ptr<FakeConnection> connection = std::make_shared<FakeConnection>();

  private:
    BrokerFixture& fixture_;
    std::unique_ptr<net::Session> session_;
    std::int32_t correlation_ = 0;
    std::int32_t received_ = 0;
};

class BrokerFixture {
  public:
    explicit BrokerFixture(Options options = {}, std::size_t queue_bytes_max = 64U << 20,
                           broker::BrokerOptions state = {})
        : directory_(make_directory()),
          options_(std::move(options)),
          queue_bytes_max_(queue_bytes_max),
          state_(std::move(state)) {
        options_.advertise = {"127.0.0.1", 9092};
        state_.directory = directory_ + "/topics";
        start();
    }
    ~BrokerFixture() {
        stop(true);
        std::filesystem::remove_all(directory_);
    }
    /// As kill -9 and a new start do it: all clients are gone, and what was not answered may be.
    void restart() {
        stop(false);
        start();
    }

    Client& client() { return *clients_.emplace_back(std::make_unique<Client>(*this)); }
    /// By another listener, maybe with a certificate.
    Client& client(std::shared_ptr<const Listener> listener, const std::string& subject = {}) {
        return *clients_.emplace_back(std::make_unique<Client>(*this, std::move(listener), subject));
    }
    /// Hands a proposal to the journal and runs everything.
    void propose(std::unique_ptr<journal::Proposal> proposal) {
        MR_CHECK(journal_->try_submit(journal::Lane::control, proposal));
        run_all();
    }
    [[nodiscard]] Service& service() { return *service_; }
    [[nodiscard]] broker::Broker& broker() { return *broker_; }

    /// Appends what was proposed; nothing of it is durable yet.
    void run_journal() {
        while (journal_->run_once()) {
        }
    }
    void run_loop() {
        while (loop.run_once(0)) {
        }
    }
    /// Until there is nothing left to do.
    void run_all() {
        for (int quiet = 0; quiet < 3;) {
            const bool ran = journal_->run_once();
            const bool synced = journal_->sync_once();
            const bool looped = loop.run_once(0);
            quiet = ran || synced || looped ? 0 : quiet + 1;
        }
    }
    void advance(std::int64_t ms) {
        clock.advance_ms(ms);
        run_all();
    }
    /// Moves everything into segments.
    void settle() {
        for (bool worked = true; worked;) {
            const auto settled = broker_->settle_once();
            MR_CHECK(settled.has_value(), "{}", settled.error().message);
            worked = *settled;
        }
    }
    /// A topic with its partitions, by the protocol.
    Uuid make_topic(const std::string& name, std::int32_t partitions = 1,
                    const std::vector<std::pair<std::string, std::string>>& configs = {});

    VirtualClock clock{TimestampMs(1'700'000'000'000)};
    net::EventLoop loop{clock};
    Metrics metrics;
    security::Store store;
    Security security{.store = &store};  ///< to be changed before the clients come that it is about
    bool drop_blocking_work = false;     ///< as a worker pool that is full

  private:
    void start() {
        auto broker = broker::Broker::open(posix_file_system(), metrics, state_);
        MR_CHECK(broker.has_value(), "{}", broker.error().message);
        broker_ = std::move(*broker);
        journal::Options where;
        where.directory = directory_ + "/journal";
        where.checkpoint_directory = directory_ + "/checkpoints";
        where.file_bytes = 4U << 20;
        where.queue_bytes_max = queue_bytes_max_;
        auto journal =
            journal::Journal::open(posix_file_system(), clock, metrics, where, {broker_.get(), &store});
        MR_CHECK(journal.has_value(), "{}", journal.error().message);
        journal_ = std::move(*journal);
        broker_->set_journal(*journal_);
        broker::groups::CoordinatorOptions groups;
        groups.initial_rebalance_delay_ms = 0;
        service_ = std::make_unique<Service>(Service::Parts{loop, clock, *broker_, *journal_, metrics,
                                                            [this](Service::Work work) {
                                                                if (!drop_blocking_work) work();
                                                            },
                                                            groups, &security},
                                             options_);
        journal_->set_on_space([this] { service_->journal_has_space(); });
    }
    void stop(bool drain) {
        clients_.clear();
        journal_->set_on_space({});
        service_.reset();
        if (drain) {
            journal_->stop();
            run_all();
        }
        run_loop();
        journal_.reset();
        broker_.reset();
    }
    static std::string make_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "kafka-test-XXXXXX").string();
        MR_CHECK(::mkdtemp(name.data()) != nullptr, "{}", name);
        return name;
    }
    const std::string directory_;
    Options options_;
    const std::size_t queue_bytes_max_;
    broker::BrokerOptions state_;
    std::unique_ptr<broker::Broker> broker_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<Service> service_;
    std::vector<std::unique_ptr<Client>> clients_;
};

inline Client::Client(BrokerFixture& fixture, std::shared_ptr<const Listener> listener,
                      const std::string& subject)
    : fixture_(fixture) {
    connection->subject = subject;
    const auto factory = listener ? fixture.service().session_factory(std::move(listener))
                                  : fixture.service().session_factory();
    session_ = factory(connection);
}

template <class Response, class Request>
Response Client::ask(const Request& request, std::int16_t version) {
    send(request, version);
    fixture_.run_all();
    auto response = receive<Response>(version);
    EXPECT_TRUE(response.has_value()) << wire::to_string(Request::kApi) << " v" << version << ": no answer";
    return response.value_or(Response{});
}

inline Uuid BrokerFixture::make_topic(const std::string& name, std::int32_t partitions,
                                      const std::vector<std::pair<std::string, std::string>>& configs) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    for (const auto& [key, value] : configs) {
        auto& config = topic.configs.emplace_back();
        config.name = key;
        config.value = value;
    }
    const auto response = client().ask<wire::CreateTopicsResponse>(request, 7);
    EXPECT_EQ(response.topics.at(0).error_code, ErrorCode::none)
        << response.topics[0].error_message.value_or("");
    return response.topics.at(0).topic_id;
}

/// A batch of `count` records "v0", "v1", … stamped `timestamp`.
inline std::string batch_of(int count, std::int64_t timestamp, wire::BatchOptions options = {}) {
    wire::BatchBuilder builder(options);
    for (int i = 0; i < count; ++i) builder.add(TimestampMs(timestamp), "k", "v" + std::to_string(i));
    return builder.finish();
}

inline wire::ProduceRequest produce_to(const std::string& topic, std::int32_t partition, std::string batch) {
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 1000;
    auto& to = request.topics.emplace_back();
    to.name = topic;
    auto& part = to.partitions.emplace_back();
    part.index = partition;
    part.records = wire::RecordData(SharedBytes(std::move(batch)));
    return request;
}

inline wire::FetchRequest fetch_from(const std::string& topic, std::int32_t partition, std::int64_t offset,
                                     std::int32_t max_wait_ms = 0) {
    wire::FetchRequest request;
    request.max_wait_ms = max_wait_ms;
    request.min_bytes = 1;
    auto& from = request.topics.emplace_back();
    from.topic = topic;
    auto& part = from.partitions.emplace_back();
    part.partition = partition;
    part.fetch_offset = offset;
    part.partition_max_bytes = 1 << 20;
    return request;
}

}  // namespace mr::serve::kafka::testing
