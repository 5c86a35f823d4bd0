// The connection: versions, order, hostile bytes, back-pressure; and that documentation and handlers agree.
#include "serve/kafka/session.h"

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "serve/kafka/testing/broker_fixture.h"

namespace mr::serve::kafka {
namespace {

using testing::batch_of;
using testing::BrokerFixture;
using testing::Client;
using testing::fetch_from;
using testing::produce_to;

wire::ApiVersionsRequest api_versions() {
    wire::ApiVersionsRequest request;
    request.client_software_name = "test";
    request.client_software_version = "1.0-a";
    return request;
}

TEST(Session, ApiVersionsIsTheHandlerTable) {
    BrokerFixture f;
    for (std::int16_t version = 0; version <= 4; ++version) {
        const auto response = f.client().ask<wire::ApiVersionsResponse>(api_versions(), version);
        EXPECT_EQ(response.error_code, ErrorCode::none);
        ASSERT_EQ(response.api_keys.size(), handlers().size());
        for (std::size_t i = 0; i < handlers().size(); ++i) {
            EXPECT_EQ(response.api_keys[i].api_key, static_cast<std::int16_t>(handlers()[i].key));
            EXPECT_EQ(response.api_keys[i].max_version, handlers()[i].versions.max);
        }
        EXPECT_EQ(response.api_keys[0].min_version, 0) << "Produce is advertised from 0 (KAFKA-18659)";
        if (version < 3) continue;
        ASSERT_EQ(response.finalized_features.size(), 2U);
        EXPECT_EQ(response.finalized_features[0].name, "group.version");
        EXPECT_EQ(response.finalized_features[1].name, "transaction.version");
        EXPECT_EQ(response.finalized_features[1].max_version_level, 2);
    }
}

// Golden answer of Kafka 4.3.1: error 35 in a v0 body that lists key 18 only; the connection lives on.
TEST(Session, ApiVersionsTooNew) {
    BrokerFixture f;
    Client& client = f.client();
    client.send(api_versions(), 9);
    f.run_all();
    const auto response = client.receive<wire::ApiVersionsResponse>(0);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->error_code, ErrorCode::unsupported_version);
    ASSERT_EQ(response->api_keys.size(), 1U);
    EXPECT_EQ(response->api_keys[0].api_key, 18);
    EXPECT_EQ(response->api_keys[0].max_version, 4);
    EXPECT_EQ(client.ask<wire::ApiVersionsResponse>(api_versions(), 4).error_code, ErrorCode::none);
}

TEST(Session, SoftwareNameIsChecked) {
    BrokerFixture f;
    for (const char* name : {"bad name!", "", "-x", "x."}) {
        auto request = api_versions();
        request.client_software_name = name;
        EXPECT_EQ(f.client().ask<wire::ApiVersionsResponse>(request, 4).error_code,
                  ErrorCode::invalid_request);
    }
}

// Golden: below-minimum version, unknown key, a huge frame, HTTP: closed without an answer.
TEST(Session, WhatIsNoKafkaClosesTheConnection) {
    BrokerFixture f;
    f.make_topic("t");
    std::vector<std::string> hostile = {
        "GET / HTTP/1.1\r\n\r\n",
        std::string("\x7f\xff\xff\xff\x00\x00\x00\x00", 8),
        std::string("\x00\x00\x00\x0a\x00\x63\x00\x00\x00\x00\x00\x01\xff\xff", 14),      // key 99
        std::string("\x00\x00\x00\x0a\x00\x00\x00\x02\x00\x00\x00\x01\xff\xff", 14),      // Produce v2
        std::string("\x00\x00\x00\x0b\x00\x03\x00\x01\x00\x00\x00\x01\xff\xff\x00", 15),  // body cut short
    };
    for (const std::string& bytes : hostile) {
        Client& client = f.client();
        client.feed(bytes);
        f.run_all();
        EXPECT_TRUE(client.connection->aborted) << hex(bytes);
        EXPECT_TRUE(client.connection->sent.empty());
    }
    EXPECT_EQ(f.service().refusals().value(), hostile.size());
    EXPECT_EQ(f.client().ask<wire::MetadataResponse>(wire::MetadataRequest{}, 9).topics.size(), 1U);
}

// Goal: librdkafka 2.16 asks for all topics (Metadata v13) with an int32 where a varint is due; Kafka ignores
// the three bytes left over. These are its bytes.
TEST(Session, LibrdkafkaAsksForAllTopics) {
    BrokerFixture f;
    f.make_topic("t");
    Client& client = f.client();
    client.feed(
        std::string("\x00\x00\x00\x19\x00\x03\x00\x0d\x00\x00\x00\x01\x00\x07rdkafka\x00\x00\x00\x00\x00"
                    "\x01\x00\x00",
                    29));
    f.run_all();
    const auto response = client.receive<wire::MetadataResponse>(13);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->topics.size(), 1U);
}

// Golden: two pipelined requests are answered strictly in order, the second after the first one's wait.
TEST(Session, AnswersKeepTheOrderOfRequests) {
    BrokerFixture f;
    f.make_topic("t");
    Client& client = f.client();
    client.send(fetch_from("t", 0, 0, 1000), 12);
    client.send(wire::MetadataRequest{}, 9);
    f.run_all();
    EXPECT_TRUE(client.connection->sent.empty());
    EXPECT_TRUE(client.connection->paused) << "nothing more is read while a request waits";
    f.advance(999);
    EXPECT_TRUE(client.connection->sent.empty());
    f.advance(1);
    EXPECT_TRUE(client.receive<wire::FetchResponse>(12));
    EXPECT_TRUE(client.receive<wire::MetadataResponse>(9));
    EXPECT_FALSE(client.connection->paused);
}

// Goal: nothing of a produce is told before it is durable, and several share one sync.
TEST(Session, ProduceIsAnsweredWhenDurableAndPipelined) {
    BrokerFixture f;
    f.make_topic("t");
    Client& client = f.client();
    for (int i = 0; i < 5; ++i) client.send(produce_to("t", 0, batch_of(1, f.clock.now().value)), 9);
    client.send(wire::MetadataRequest{}, 9);
    f.run_journal();
    f.run_loop();
    EXPECT_TRUE(client.connection->sent.empty());
    f.run_all();
    for (int i = 0; i < 5; ++i) {
        const auto response = client.receive<wire::ProduceResponse>(9);
        ASSERT_TRUE(response);
        EXPECT_EQ(response->topics[0].partitions[0].base_offset, i);
    }
    EXPECT_TRUE(client.receive<wire::MetadataResponse>(9));
}

TEST(Session, ManyPipelinedProducesAreBounded) {
    BrokerFixture f;
    f.make_topic("t");
    Client& client = f.client();
    for (int i = 0; i < 30; ++i) client.send(produce_to("t", 0, batch_of(1, f.clock.now().value)), 9);
    EXPECT_TRUE(client.connection->paused);
    f.run_all();
    for (int i = 0; i < 30; ++i) {
        const auto response = client.receive<wire::ProduceResponse>(9);
        ASSERT_TRUE(response) << i;
        EXPECT_EQ(response->topics[0].partitions[0].base_offset, i);
    }
    EXPECT_FALSE(client.connection->paused);
}

// Goal: a client that does not read its answers gets no further requests processed.
TEST(Session, UnsentAnswersHoldRequestsBack) {
    BrokerFixture f;
    Client& client = f.client();
    client.connection->unsent = 2U << 20;
    client.send(wire::MetadataRequest{}, 9);
    f.run_all();
    EXPECT_TRUE(client.connection->sent.empty());
    client.connection->unsent = 0;
    client.session().on_writable();
    EXPECT_TRUE(client.receive<wire::MetadataResponse>(9));
}

TEST(Session, HangingUpWhileWaiting) {
    BrokerFixture f;
    f.make_topic("t");
    Client& waiting = f.client();
    waiting.send(fetch_from("t", 0, 0, 30'000), 12);
    Client& producing = f.client();
    producing.send(produce_to("t", 0, batch_of(1, f.clock.now().value)), 9);
    waiting.hang_up();
    producing.hang_up();
    f.run_all();
    f.advance(60'000);
    EXPECT_TRUE(producing.connection->sent.empty());
}

// Goal: many half-sent requests do not fill the memory: the connection that holds most is closed.
TEST(Session, ReceivedBytesAreBounded) {
    Options options;
    options.received_bytes_max = 1U << 20;
    BrokerFixture f(options);
    const std::string head("\x01\x00\x00\x00\x00\x00\x00\x09", 8);
    Client& small = f.client();
    small.feed(head + std::string(100'000, 'x'));
    Client& large = f.client();
    large.feed(head + std::string(900'000, 'x'));
    EXPECT_FALSE(large.connection->aborted);
    small.feed(std::string(100'000, 'x'));
    EXPECT_TRUE(large.connection->aborted);
    EXPECT_FALSE(small.connection->aborted);
}

// Goal: readers that do not read do not fill the memory: the connection that is owed most is closed.
TEST(Session, AnswersNotTakenAreBounded) {
    Options options;
    options.unsent_total_bytes_max = 3U << 20;
    options.unsent_bytes_max = 2U << 20;
    BrokerFixture f(options);
    Client& slow = f.client();
    slow.connection->unsent = 2U << 20;
    slow.send(wire::MetadataRequest{}, 9);
    f.run_all();
    Client& other = f.client();
    other.connection->unsent = 1U << 19;
    other.send(wire::MetadataRequest{}, 9);
    f.run_all();
    EXPECT_FALSE(slow.connection->aborted);
    // It has taken some meanwhile, without our being told.
    slow.connection->unsent = 1U << 20;
    other.connection->unsent = 3U << 19;
    other.send(wire::MetadataRequest{}, 9);
    f.run_all();
    EXPECT_FALSE(slow.connection->aborted);
    slow.connection->unsent = 2U << 20;
    slow.send(wire::MetadataRequest{}, 9);
    f.run_all();
    EXPECT_TRUE(slow.connection->aborted);
    EXPECT_FALSE(other.connection->aborted);
}

// Goal: at shutdown what is on its way to the disk is still acknowledged; what merely waits is dropped.
TEST(Session, ClosingAnswersWhatWasProduced) {
    BrokerFixture f;
    f.make_topic("t");
    Client& producing = f.client();
    producing.send(produce_to("t", 0, batch_of(1, f.clock.now().value)), 9);
    Client& waiting = f.client();
    waiting.send(fetch_from("t", 0, 5, 60'000), 12);
    f.service().close();
    EXPECT_TRUE(producing.connection->open());
    f.run_all();
    EXPECT_TRUE(producing.receive<wire::ProduceResponse>(9));
    EXPECT_FALSE(producing.connection->open());
    EXPECT_FALSE(waiting.connection->open());
}

// Goal: when the journal has no room, produce requests stay in their sockets; they go on when there is room.
TEST(Session, FullJournalHoldsProducersBack) {
    BrokerFixture f({}, 64U << 10);
    f.make_topic("t");
    Client& client = f.client();
    auto request = produce_to("t", 0, batch_of(3'000, f.clock.now().value));
    request.acks = 0;
    for (int i = 0; i < 40; ++i) client.send(request, 9);
    EXPECT_TRUE(client.connection->paused);
    Client& other = f.client();
    other.send(wire::MetadataRequest{}, 9);
    EXPECT_TRUE(other.receive<wire::MetadataResponse>(9)) << "others go on";
    f.run_all();
    EXPECT_FALSE(client.connection->paused);
    const auto part = other.ask<wire::FetchResponse>(fetch_from("t", 0, 0), 12).topics.at(0).partitions.at(0);
    EXPECT_EQ(part.high_watermark, 40 * 3'000);
}

TEST(Session, IdleConnectionsAreClosed) {
    BrokerFixture f;
    Client& client = f.client();
    client.ask<wire::MetadataResponse>(wire::MetadataRequest{}, 9);
    f.advance(590'000);
    EXPECT_TRUE(client.connection->open());
    for (int i = 0; i < 3; ++i) f.advance(30'000);
    EXPECT_FALSE(client.connection->open());
}

// Goal: every version that is answered was compared with the official client's bytes, request and response
// (src/wire/golden_test.cc): what is added to the table needs a line of tests/golden/kafka first.
TEST(Golden, EveryVersionThatIsAnswered) {
    for (const Handler& handler : handlers()) {
        const std::string api(wire::to_string(handler.key));
        std::ifstream file(MR_SOURCE_DIR "/tests/golden/kafka/" + api + ".hex");
        std::set<std::pair<std::string, int>> there;
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            std::string kind, form;
            int version = -1;
            if (words >> kind >> version >> form && form == "full") there.emplace(kind, version);
        }
        for (int version = handler.versions.min; version <= handler.versions.max; ++version) {
            EXPECT_TRUE(there.contains({"request", version})) << api << " request " << version;
            EXPECT_TRUE(there.contains({"response", version})) << api << " response " << version;
        }
    }
}

// Goal: docs/kafka-compatibility.md lists exactly what is answered.
TEST(Documentation, ListsTheHandlers) {
    std::ifstream file(MR_SOURCE_DIR "/docs/kafka-compatibility.md");
    std::map<int, std::string> rows;
    for (std::string line; std::getline(file, line);) {
        std::istringstream cells(line);
        std::string bar;
        int key = 0;
        std::string name;
        std::string versions;
        if (cells >> bar >> key >> bar >> name >> bar >> versions && bar == "|")
            rows[key] = name + " " + versions;
    }
    EXPECT_EQ(rows.size(), handlers().size());
    for (const Handler& handler : handlers()) {
        EXPECT_EQ(rows[static_cast<int>(handler.key)],
                  fmt::format("{} {}-{}", wire::to_string(handler.key), handler.versions.min,
                              handler.versions.max));
    }
}

}  // namespace
}  // namespace mr::serve::kafka
