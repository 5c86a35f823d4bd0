// Security of the Kafka listener: SASL by the protocol, re-authentication, what each request answers to who
// may not, the APIs of ACLs and SCRAM credentials.
#include "serve/kafka/security.h"

#include "security/crypto.h"
#include "serve/kafka/testing/broker_fixture.h"

namespace mr::serve::kafka {
namespace {

using security::Acl;
using security::Permission;
using security::ScramMechanism;
using testing::batch_of;
using testing::BrokerFixture;
using testing::Client;
using testing::fetch_from;
using testing::produce_to;

class SecurityTest : public ::testing::Test {
  protected:
    SecurityTest() {
        listener_->protocol = "SASL_PLAINTEXT";
        listener_->sasl = true;
        listener_->advertise = {"kafka.example", 9094};
        f.security.mechanisms = {security::Mechanism::plain, security::Mechanism::scram_sha256};
        f.security.decoy_secret = "secret";
        for (const std::string user : {"alice", "bob", "root"}) {
            f.propose(f.store.change_users(
                {{user, ScramMechanism::sha256,
                  security::make_credential(ScramMechanism::sha256, user + "-pw", "salt", 4096)}},
                {}));
        }
    }
    /// From now on ACLs are asked; root may do everything.
    void enforce(bool allow_if_none = false) {
        authorizer_ = std::make_unique<security::Authorizer>(
            f.store, security::AuthorizerOptions{{{"User", "root"}}, allow_if_none});
        f.security.authorizer = authorizer_.get();
    }
    void allow(const std::string& user, Operation operation, ResourceType type, const std::string& name,
               Permission permission = Permission::allow) {
        f.propose(f.store.add_acls({{.type = type,
                                     .pattern = security::PatternType::literal,
                                     .name = name,
                                     .principal = "User:" + user,
                                     .host = "*",
                                     .operation = operation,
                                     .permission = permission}},
                                   {}));
    }
    static wire::SaslHandshakeRequest handshake(const std::string& mechanism) {
        wire::SaslHandshakeRequest request;
        request.mechanism = mechanism;
        return request;
    }
    static wire::SaslAuthenticateRequest token(const std::string& bytes) {
        wire::SaslAuthenticateRequest request;
        request.auth_bytes.data = bytes;
        return request;
    }
    static std::string plain(const std::string& user, const std::string& password) {
        return std::string(1, '\0') + user + std::string(1, '\0') + password;
    }
    wire::SaslAuthenticateResponse log_in(Client& client, const std::string& user) {
        EXPECT_EQ(client.ask<wire::SaslHandshakeResponse>(handshake("PLAIN"), 1).error_code, ErrorCode::none);
        return client.ask<wire::SaslAuthenticateResponse>(token(plain(user, user + "-pw")), 2);
    }
    /// A connection that has logged in.
    Client& as(const std::string& user) {
        Client& client = f.client(listener_);
        EXPECT_EQ(log_in(client, user).error_code, ErrorCode::none);
        return client;
    }

    BrokerFixture f;
    std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
    std::unique_ptr<security::Authorizer> authorizer_;
};

TEST_F(SecurityTest, PlainLogsIn) {
    Client& client = as("alice");
    const auto metadata = client.ask<wire::MetadataResponse>(wire::MetadataRequest{}, 12);
    ASSERT_EQ(metadata.brokers.size(), 1U);
    EXPECT_EQ(metadata.brokers[0].host, "kafka.example") << "the address of this listener";
    EXPECT_EQ(metadata.brokers[0].port, 9094);
}

TEST_F(SecurityTest, NothingIsServedBefore) {
    wire::ApiVersionsRequest versions;
    versions.client_software_name = versions.client_software_version = "x";
    Client& client = f.client(listener_);
    EXPECT_EQ(client.ask<wire::ApiVersionsResponse>(versions, 3).error_code, ErrorCode::none);
    client.send(wire::MetadataRequest{}, 12);
    f.run_all();
    EXPECT_TRUE(client.connection->aborted);
    Client& middle = f.client(listener_);
    middle.ask<wire::SaslHandshakeResponse>(handshake("SCRAM-SHA-256"), 1);
    middle.send(wire::MetadataRequest{}, 12);
    f.run_all();
    EXPECT_TRUE(middle.connection->aborted);
    Client& large = f.client(listener_);
    std::string frame("\x00\x10\x00\x00\x00\x24\x00\x02", 8);
    large.feed(frame);
    EXPECT_TRUE(large.connection->aborted) << "a frame of 1 MiB";
}

TEST_F(SecurityTest, WrongPasswordsCloseTheConnection) {
    for (const auto& [user, password] : {std::pair("alice", "no"), std::pair("nobody", "alice-pw")}) {
        Client& client = f.client(listener_);
        client.ask<wire::SaslHandshakeResponse>(handshake("PLAIN"), 1);
        client.send(token(plain(user, password)), 2);
        f.run_all();
        EXPECT_TRUE(client.connection->sent.empty()) << "not at once";
        f.advance(101);
        const auto answer = client.receive<wire::SaslAuthenticateResponse>(2);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->error_code, ErrorCode::sasl_authentication_failed);
        EXPECT_EQ(answer->error_message.value_or(""),
                  "Authentication failed during authentication due to invalid credentials with SASL "
                  "mechanism PLAIN");
        EXPECT_FALSE(client.connection->open());
    }
}

TEST_F(SecurityTest, UnknownMechanisms) {
    Client& client = f.client(listener_);
    const auto answer = client.ask<wire::SaslHandshakeResponse>(handshake("GSSAPI"), 1);
    EXPECT_EQ(answer.error_code, ErrorCode::unsupported_sasl_mechanism);
    EXPECT_EQ(answer.mechanisms, (std::vector<std::string>{"PLAIN", "SCRAM-SHA-256"}));
    EXPECT_FALSE(client.connection->open());
    Client& early = f.client(listener_);
    EXPECT_EQ(early.ask<wire::SaslAuthenticateResponse>(token("x"), 2).error_code,
              ErrorCode::illegal_sasl_state);
    // Where there is no SASL it is said so, and the connection lives.
    Client& open = f.client();
    EXPECT_EQ(open.ask<wire::SaslHandshakeResponse>(handshake("PLAIN"), 1).error_code,
              ErrorCode::illegal_sasl_state);
    EXPECT_EQ(open.ask<wire::SaslAuthenticateResponse>(token("x"), 2).error_code,
              ErrorCode::illegal_sasl_state);
    EXPECT_TRUE(open.connection->open());
}

// Goal: the exchange of clients from before Kafka 1.0: tokens without a header.
TEST_F(SecurityTest, BareTokens) {
    Client& client = f.client(listener_);
    EXPECT_EQ(client.ask<wire::SaslHandshakeResponse>(handshake("PLAIN"), 0).error_code, ErrorCode::none);
    std::string frame;
    ByteWriter out(frame, Endian::big);
    const std::string bytes = plain("alice", "alice-pw");
    out.i32(static_cast<std::int32_t>(bytes.size()));
    out.raw(bytes);
    client.feed(frame);
    f.run_all();
    EXPECT_EQ(client.connection->sent, std::string(4, '\0'));
    client.connection->sent.clear();
    EXPECT_EQ(client.ask<wire::MetadataResponse>(wire::MetadataRequest{}, 12).brokers.size(), 1U);
    Client& wrong = f.client(listener_);
    wrong.ask<wire::SaslHandshakeResponse>(handshake("PLAIN"), 0);
    frame.back() = 'x';
    wrong.feed(frame);
    f.run_all();
    f.advance(101);
    EXPECT_TRUE(wrong.connection->aborted);
}

TEST_F(SecurityTest, AuthenticatingAgain) {
    f.security.reauthenticate_ms = 60'000;
    Client& client = f.client(listener_);
    EXPECT_EQ(log_in(client, "alice").session_lifetime_ms, 60'000);
    f.advance(50'000);
    EXPECT_EQ(log_in(client, "alice").error_code, ErrorCode::none);
    f.advance(50'000);
    EXPECT_EQ(client.ask<wire::MetadataResponse>(wire::MetadataRequest{}, 12).brokers.size(), 1U);
    f.advance(11'000);
    client.send(wire::MetadataRequest{}, 12);
    f.run_all();
    EXPECT_TRUE(client.connection->aborted) << "not authenticated again in time";
    Client& changed = as("alice");
    changed.ask<wire::SaslHandshakeResponse>(handshake("PLAIN"), 1);
    changed.send(token(plain("bob", "bob-pw")), 2);
    f.run_all();
    f.advance(101);
    EXPECT_EQ(changed.receive<wire::SaslAuthenticateResponse>(2)->error_code,
              ErrorCode::sasl_authentication_failed);
    Client& other = as("alice");
    EXPECT_EQ(other.ask<wire::SaslHandshakeResponse>(handshake("SCRAM-SHA-256"), 1).error_code,
              ErrorCode::illegal_sasl_state);
}

TEST_F(SecurityTest, CertificatesNameUsers) {
    f.make_topic("t");
    enforce();
    auto tls = std::make_shared<Listener>();
    tls->protocol = "SSL";
    const auto mapper = security::PrincipalMapper::parse("RULE:^CN=([^,]+),OU=floor.*$/$1/");
    f.security.mapper = &*mapper;
    allow("alice", Operation::describe, ResourceType::topic, "t");
    const auto topics = [](Client& client) {
        return client.ask<wire::MetadataResponse>(wire::MetadataRequest{}, 12).topics.size();
    };
    EXPECT_EQ(topics(f.client(tls, "CN=alice,OU=floor,O=x")), 1U);
    EXPECT_EQ(topics(f.client(tls, "CN=bob,OU=floor,O=x")), 0U);
    EXPECT_EQ(topics(f.client(tls)), 0U) << "nobody";
    EXPECT_TRUE(f.client(tls, "CN=alice,OU=office").connection->aborted) << "no rule fits";
    f.security.mapper = nullptr;
}

TEST_F(SecurityTest, TopicsOfOthersAreNotShown) {
    f.make_topic("mine");
    f.make_topic("theirs");
    enforce();
    allow("alice", Operation::read, ResourceType::topic, "mine");
    Client& alice = as("alice");
    const auto all = alice.ask<wire::MetadataResponse>(wire::MetadataRequest{}, 12);
    ASSERT_EQ(all.topics.size(), 1U);
    EXPECT_EQ(all.topics[0].name, "mine");
    wire::MetadataRequest named;
    named.allow_auto_topic_creation = true;
    named.topics.emplace();
    for (const char* name : {"mine", "theirs", "none"}) named.topics->emplace_back().name = name;
    const auto some = alice.ask<wire::MetadataResponse>(named, 12);
    ASSERT_EQ(some.topics.size(), 3U);
    EXPECT_EQ(some.topics[0].error_code, ErrorCode::none);
    EXPECT_EQ(some.topics[1].error_code, ErrorCode::topic_authorization_failed);
    EXPECT_TRUE(some.topics[1].topic_id.is_zero());
    EXPECT_EQ(some.topics[2].error_code, ErrorCode::topic_authorization_failed) << "there or not is not told";
    EXPECT_EQ(f.broker().topics()->find("none"), nullptr);
    allow("alice", Operation::describe, ResourceType::topic, "none");
    EXPECT_EQ(alice.ask<wire::MetadataResponse>(named, 12).topics[2].error_code,
              ErrorCode::topic_authorization_failed)
        << "may see it, not create it";
    allow("alice", Operation::create, ResourceType::topic, "none");
    EXPECT_EQ(alice.ask<wire::MetadataResponse>(named, 12).topics[2].error_code, ErrorCode::none);
}

TEST_F(SecurityTest, ReadingAndWriting) {
    f.make_topic("t");
    enforce();
    Client& alice = as("alice");
    const auto produced = [&] {
        return alice.ask<wire::ProduceResponse>(produce_to("t", 0, batch_of(1, 1'700'000'000'000)), 9)
            .topics[0]
            .partitions[0]
            .error_code;
    };
    const auto fetched = [&] {
        return alice.ask<wire::FetchResponse>(fetch_from("t", 0, 0), 12).topics[0].partitions[0].error_code;
    };
    EXPECT_EQ(produced(), ErrorCode::topic_authorization_failed);
    EXPECT_EQ(fetched(), ErrorCode::topic_authorization_failed);
    allow("alice", Operation::write, ResourceType::topic, "t");
    EXPECT_EQ(produced(), ErrorCode::none);
    EXPECT_EQ(fetched(), ErrorCode::topic_authorization_failed);
    allow("alice", Operation::read, ResourceType::topic, "t");
    EXPECT_EQ(fetched(), ErrorCode::none);
    allow("*", Operation::read, ResourceType::topic, "*", Permission::deny);
    EXPECT_EQ(fetched(), ErrorCode::topic_authorization_failed);
    wire::ProduceRequest transactional = produce_to("t", 0, batch_of(1, 1'700'000'000'000));
    transactional.transactional_id = "tx";
    EXPECT_EQ(alice.ask<wire::ProduceResponse>(transactional, 9).topics[0].partitions[0].error_code,
              ErrorCode::transactional_id_authorization_failed);
    Client& root = as("root");
    EXPECT_EQ(root.ask<wire::FetchResponse>(fetch_from("t", 0, 0), 12).topics[0].partitions[0].error_code,
              ErrorCode::none);
}

TEST_F(SecurityTest, ExpressionsOfGroupsMeanTopicsThatMayBeSeen) {
    const Uuid seen = f.make_topic("orders", 2, {});
    f.make_topic("orders-secret", 2, {});
    enforce();
    allow("alice", Operation::read, ResourceType::group, "g");
    allow("alice", Operation::describe, ResourceType::topic, "orders");
    wire::ConsumerGroupHeartbeatRequest join;
    join.group_id = "g";
    join.member_id = "m";
    join.rebalance_timeout_ms = 10'000;
    join.subscribed_topic_regex = "orders.*";
    join.topic_partitions.emplace();
    const auto joined = as("alice").ask<wire::ConsumerGroupHeartbeatResponse>(join, 1);
    ASSERT_EQ(joined.error_code, ErrorCode::none) << joined.error_message.value_or("");
    ASSERT_TRUE(joined.assignment);
    ASSERT_EQ(joined.assignment->topic_partitions.size(), 1U);
    EXPECT_EQ(joined.assignment->topic_partitions[0].topic_id, seen);
}

TEST_F(SecurityTest, WhatRequestsAnswerToWhoMayNot) {
    f.make_topic("t");
    enforce();
    Client& alice = as("alice");
    wire::FindCoordinatorRequest find;
    find.key = "g";
    EXPECT_EQ(alice.ask<wire::FindCoordinatorResponse>(find, 3).error_code,
              ErrorCode::group_authorization_failed);
    find.key_type = 1;
    EXPECT_EQ(alice.ask<wire::FindCoordinatorResponse>(find, 3).error_code,
              ErrorCode::transactional_id_authorization_failed);
    wire::JoinGroupRequest join;
    join.group_id = "g";
    EXPECT_EQ(alice.ask<wire::JoinGroupResponse>(join, 5).error_code, ErrorCode::group_authorization_failed);
    wire::InitProducerIdRequest init;
    EXPECT_EQ(alice.ask<wire::InitProducerIdResponse>(init, 4).error_code,
              ErrorCode::cluster_authorization_failed);
    allow("alice", Operation::write, ResourceType::topic, "other");
    EXPECT_EQ(alice.ask<wire::InitProducerIdResponse>(init, 4).error_code, ErrorCode::none)
        << "who may write somewhere may be idempotent";
    init.transactional_id = "tx";
    EXPECT_EQ(alice.ask<wire::InitProducerIdResponse>(init, 4).error_code,
              ErrorCode::transactional_id_authorization_failed);
    wire::CreateTopicsRequest create;
    create.topics.emplace_back().name = "new";
    create.topics[0].num_partitions = create.topics[0].replication_factor = 1;
    EXPECT_EQ(alice.ask<wire::CreateTopicsResponse>(create, 7).topics[0].error_code,
              ErrorCode::topic_authorization_failed);
    wire::DeleteTopicsRequest remove;
    remove.topic_names = {"t"};
    EXPECT_EQ(alice.ask<wire::DeleteTopicsResponse>(remove, 5).responses[0].error_code,
              ErrorCode::topic_authorization_failed);
    wire::DescribeConfigsRequest configs;
    configs.resources.emplace_back().resource_type = 2;
    configs.resources[0].resource_name = "t";
    configs.resources.emplace_back().resource_type = 4;
    configs.resources[1].resource_name = "1";
    const auto described = alice.ask<wire::DescribeConfigsResponse>(configs, 4);
    EXPECT_EQ(described.results[0].error_code, ErrorCode::topic_authorization_failed);
    EXPECT_EQ(described.results[1].error_code, ErrorCode::cluster_authorization_failed);
    EXPECT_EQ(alice.ask<wire::DescribeLogDirsResponse>(wire::DescribeLogDirsRequest{}, 4).error_code,
              ErrorCode::cluster_authorization_failed);
    wire::OffsetFetchRequest offsets;
    offsets.groups.emplace_back().group_id = "g";
    EXPECT_EQ(alice.ask<wire::OffsetFetchResponse>(offsets, 8).groups[0].error_code,
              ErrorCode::group_authorization_failed);
    EXPECT_TRUE(alice.ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups.empty());
    wire::DescribeClusterRequest cluster;
    cluster.include_cluster_authorized_operations = true;
    const auto info = alice.ask<wire::DescribeClusterResponse>(cluster, 1);
    EXPECT_EQ(info.error_code, ErrorCode::none);
    EXPECT_EQ(info.cluster_authorized_operations, 0);
    EXPECT_NE(f.broker().topics()->find("t"), nullptr);
}

TEST_F(SecurityTest, AclsByTheProtocol) {
    wire::CreateAclsRequest create;
    auto& creation = create.creations.emplace_back();
    creation.resource_type = 2;
    creation.resource_name = "t";
    creation.principal = "User:alice";
    creation.host = "*";
    creation.operation = 3;
    creation.permission_type = 3;
    EXPECT_EQ(f.client().ask<wire::CreateAclsResponse>(create, 3).results[0].error_code,
              ErrorCode::security_disabled);
    enforce();
    EXPECT_EQ(as("alice").ask<wire::CreateAclsResponse>(create, 3).results[0].error_code,
              ErrorCode::cluster_authorization_failed);
    Client& root = as("root");
    create.creations.push_back(create.creations[0]);
    create.creations[1].resource_type = 4;
    const auto created = root.ask<wire::CreateAclsResponse>(create, 3);
    EXPECT_EQ(created.results[0].error_code, ErrorCode::none);
    EXPECT_EQ(created.results[1].error_code, ErrorCode::invalid_request);
    wire::DescribeAclsRequest describe;
    describe.resource_type_filter = describe.pattern_type_filter = describe.operation =
        describe.permission_type = 1;
    const auto described = root.ask<wire::DescribeAclsResponse>(describe, 3);
    ASSERT_EQ(described.resources.size(), 1U);
    EXPECT_EQ(described.resources[0].resource_name, "t");
    EXPECT_EQ(described.resources[0].acls.at(0).principal, "User:alice");
    wire::DeleteAclsRequest remove;
    auto& filter = remove.filters.emplace_back();
    filter.resource_type_filter = filter.pattern_type_filter = filter.operation = filter.permission_type = 1;
    remove.filters.push_back(filter);
    remove.filters[1].operation = 99;
    const auto removed = root.ask<wire::DeleteAclsResponse>(remove, 3);
    EXPECT_EQ(removed.filter_results[0].matching_acls.size(), 1U);
    EXPECT_EQ(removed.filter_results[1].error_code, ErrorCode::invalid_request);
    EXPECT_TRUE(root.ask<wire::DescribeAclsResponse>(describe, 3).resources.empty());
}

TEST_F(SecurityTest, ScramCredentialsByTheProtocol) {
    wire::AlterUserScramCredentialsRequest alter;
    auto& upsertion = alter.upsertions.emplace_back();
    upsertion.name = "carol";
    upsertion.mechanism = 1;
    upsertion.iterations = 4096;
    upsertion.salt.data = "salt";
    upsertion.salted_password.data = security::pbkdf2(security::Hash::sha256, "carol-pw", "salt", 4096);
    const auto with = [&](auto change) {
        alter.upsertions.push_back(alter.upsertions[0]);
        change(alter.upsertions.back());
    };
    with([](auto& u) { u.name = "few", u.iterations = 10; });
    with([](auto& u) { u.name = "many", u.iterations = 20'000; });
    with([](auto& u) { u.name = "unknown", u.mechanism = 7; });
    with([](auto& u) { u.name = ""; });
    alter.deletions.emplace_back().name = "nobody";
    alter.deletions[0].mechanism = 1;
    const auto altered = f.client().ask<wire::AlterUserScramCredentialsResponse>(alter, 0);
    ASSERT_EQ(altered.results.size(), 6U);
    EXPECT_EQ(altered.results[0].error_code, ErrorCode::resource_not_found);
    EXPECT_EQ(altered.results[1].error_code, ErrorCode::none);
    EXPECT_EQ(altered.results[2].error_code, ErrorCode::unacceptable_credential);
    EXPECT_EQ(altered.results[3].error_code, ErrorCode::unacceptable_credential);
    EXPECT_EQ(altered.results[4].error_code, ErrorCode::unsupported_sasl_mechanism);
    EXPECT_EQ(altered.results[5].error_code, ErrorCode::unacceptable_credential);
    EXPECT_EQ(log_in(f.client(listener_), "carol").error_code, ErrorCode::none);
    wire::DescribeUserScramCredentialsRequest describe;
    describe.users.emplace().emplace_back().name = "carol";
    describe.users->emplace_back().name = "nobody";
    const auto described = f.client().ask<wire::DescribeUserScramCredentialsResponse>(describe, 0);
    ASSERT_EQ(described.results.size(), 2U);
    EXPECT_EQ(described.results[0].credential_infos.at(0).iterations, 4096);
    EXPECT_EQ(described.results[1].error_code, ErrorCode::resource_not_found);
    enforce();
    EXPECT_EQ(as("alice").ask<wire::AlterUserScramCredentialsResponse>(alter, 0).results[1].error_code,
              ErrorCode::cluster_authorization_failed);
}

// Goal: a worker pool that is full refuses a login, and nothing else goes wrong.
TEST_F(SecurityTest, NoWorkerToCheckAPassword) {
    Client& client = f.client(listener_);
    client.ask<wire::SaslHandshakeResponse>(handshake("PLAIN"), 1);
    f.drop_blocking_work = true;
    client.send(token(plain("alice", "alice-pw")), 2);
    f.run_all();
    f.advance(101);
    EXPECT_EQ(client.receive<wire::SaslAuthenticateResponse>(2)->error_code,
              ErrorCode::sasl_authentication_failed);
}

}  // namespace
}  // namespace mr::serve::kafka
