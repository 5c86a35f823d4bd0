// What tools ask of a cluster of one broker, client quotas with their waiting times, the cluster's id, and
// KIP-848 groups on the wire.
#include <gtest/gtest.h>

#include "serve/kafka/testing/broker_fixture.h"

namespace mr::serve::kafka {
namespace {

using testing::batch_of;
using testing::BrokerFixture;
using testing::Client;
using testing::produce_to;
using wire::ErrorCode;

class Cluster : public ::testing::Test {
  protected:
    BrokerFixture f;
    Client& client = f.client();
};

TEST_F(Cluster, HasAnIdOfItsOwn) {
    const auto first =
        client.ask<wire::DescribeClusterResponse>(wire::DescribeClusterRequest{}, 1).cluster_id;
    EXPECT_EQ(first.size(), 22U);
    EXPECT_EQ(client.ask<wire::MetadataResponse>(wire::MetadataRequest{}, 9).cluster_id, first);
    BrokerFixture other;
    EXPECT_NE(other.client().ask<wire::DescribeClusterResponse>(wire::DescribeClusterRequest{}, 1).cluster_id,
              first);
}

TEST_F(Cluster, DescribesTopicPartitionsPageByPage) {
    f.make_topic("a", 3, {});
    f.make_topic("b", 2, {});
    wire::DescribeTopicPartitionsRequest request;
    request.response_partition_limit = 2;
    std::vector<std::pair<std::string, std::int32_t>> seen;
    for (int page = 0; page < 5; ++page) {
        const auto answer = client.ask<wire::DescribeTopicPartitionsResponse>(request, 0);
        for (const auto& topic : answer.topics) {
            EXPECT_EQ(topic.error_code, ErrorCode::none);
            for (const auto& p : topic.partitions) {
                seen.emplace_back(*topic.name, p.partition_index);
                EXPECT_EQ(p.leader_id, kNodeId);
            }
        }
        if (!answer.next_cursor) break;
        request.cursor = {answer.next_cursor->topic_name, answer.next_cursor->partition_index};
    }
    EXPECT_EQ(seen, (std::vector<std::pair<std::string, std::int32_t>>{
                        {"a", 0}, {"a", 1}, {"a", 2}, {"b", 0}, {"b", 1}}));
    wire::DescribeTopicPartitionsRequest missing;
    missing.topics.emplace_back().name = "none";
    EXPECT_EQ(client.ask<wire::DescribeTopicPartitionsResponse>(missing, 0).topics.at(0).error_code,
              ErrorCode::unknown_topic_or_partition);
}

TEST_F(Cluster, LeadersAndReplicasAreWhereTheyAre) {
    f.make_topic("a", 1, {});
    wire::ElectLeadersRequest elect;
    EXPECT_TRUE(client.ask<wire::ElectLeadersResponse>(elect, 2).replica_election_results.empty());
    elect.topic_partitions.emplace().push_back({"a", {0, 7}});
    const auto elected = client.ask<wire::ElectLeadersResponse>(elect, 2).replica_election_results.at(0);
    EXPECT_EQ(elected.partition_result.at(0).error_code, ErrorCode::election_not_needed);
    EXPECT_EQ(elected.partition_result.at(1).error_code, ErrorCode::unknown_topic_or_partition);
    wire::AlterPartitionReassignmentsRequest move;
    auto& topic = move.topics.emplace_back();
    topic.name = "a";
    topic.partitions.push_back({0, std::vector<std::int32_t>{kNodeId}});
    topic.partitions.push_back({0, std::vector<std::int32_t>{kNodeId, 2}});
    topic.partitions.push_back({0, std::nullopt});
    const auto moved = client.ask<wire::AlterPartitionReassignmentsResponse>(move, 0).responses.at(0);
    EXPECT_EQ(moved.partitions.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(moved.partitions.at(1).error_code, ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(moved.partitions.at(2).error_code, ErrorCode::no_reassignment_in_progress);
    EXPECT_TRUE(
        client.ask<wire::ListPartitionReassignmentsResponse>(wire::ListPartitionReassignmentsRequest{}, 0)
            .topics.empty());
    wire::DescribeQuorumRequest quorum;
    auto& log = quorum.topics.emplace_back();
    log.topic_name = "__cluster_metadata";
    log.partitions.emplace_back();
    EXPECT_EQ(client.ask<wire::DescribeQuorumResponse>(quorum, 2).topics.at(0).partitions.at(0).leader_id,
              kNodeId);
    EXPECT_FALSE(client.ask<wire::ListConfigResourcesResponse>(wire::ListConfigResourcesRequest{}, 1)
                     .config_resources.empty());
}

TEST_F(Cluster, QuotasAreKeptShownAndWaitedFor) {
    f.make_topic("a", 1, {});
    wire::AlterClientQuotasRequest alter;
    auto& entry = alter.entries.emplace_back();
    entry.entity.push_back({"client-id", std::nullopt});
    entry.ops.push_back({"producer_byte_rate", 100, false});
    auto& wrong = alter.entries.emplace_back();
    wrong.entity.push_back({"client-id", "x"});
    wrong.ops.push_back({"bytes", 100, false});
    const auto altered = client.ask<wire::AlterClientQuotasResponse>(alter, 1);
    EXPECT_EQ(altered.entries.at(0).error_code, ErrorCode::none)
        << altered.entries[0].error_message.value_or("");
    EXPECT_EQ(altered.entries.at(1).error_code, ErrorCode::invalid_request);
    wire::DescribeClientQuotasRequest describe;
    describe.components.push_back({"client-id", 1, std::nullopt});
    const auto described = client.ask<wire::DescribeClientQuotasResponse>(describe, 1);
    ASSERT_TRUE(described.entries && described.entries->size() == 1);
    EXPECT_EQ(described.entries->at(0).values.at(0).value, 100);

    // 10 seconds' worth are free; what is above is waited for, and the connection is not served meanwhile.
    const std::string batch = batch_of(200, f.clock.now().value);
    const auto throttled = client.ask<wire::ProduceResponse>(produce_to("a", 0, batch), 9);
    EXPECT_EQ(throttled.topics.at(0).partitions.at(0).error_code, ErrorCode::none);
    EXPECT_GT(throttled.throttle_time_ms, 5'000);
    client.send(wire::MetadataRequest{}, 9);
    f.run_all();
    EXPECT_FALSE(client.receive<wire::MetadataResponse>(9));
    EXPECT_TRUE(f.client().ask<wire::MetadataResponse>(wire::MetadataRequest{}, 9).controller_id == kNodeId);
    f.advance(throttled.throttle_time_ms + 1);
    EXPECT_TRUE(client.receive<wire::MetadataResponse>(9));
}

/// Golden, asked of Kafka 4.3 with one partition a second: eleven at once, and one request may go beyond;
/// then 89 without a message for those who know it and a wait for others, for checks, deletions and more
/// partitions, too; what is there or unknown takes nothing; metadata does not create, and says nothing of
/// waiting.
TEST_F(Cluster, PartitionsAreCreatedAndDeletedWithinAQuota) {
    wire::AlterClientQuotasRequest alter;
    auto& entry = alter.entries.emplace_back();
    entry.entity.push_back({"user", std::nullopt});
    entry.ops.push_back({"controller_mutation_rate", 1, false});
    ASSERT_EQ(client.ask<wire::AlterClientQuotasResponse>(alter, 1).entries.at(0).error_code,
              ErrorCode::none);
    // Each by a connection of its own: one that is told to wait is not served. The error and the wait.
    const auto create = [&](const std::string& name, std::int32_t partitions, std::int16_t version,
                            bool only_check = false) {
        wire::CreateTopicsRequest request;
        request.validate_only = only_check;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
        const auto answer = f.client().ask<wire::CreateTopicsResponse>(request, version);
        const auto& of = answer.topics.at(0);
        EXPECT_FALSE(of.error_code == ErrorCode::throttling_quota_exceeded && of.error_message);
        return std::pair(of.error_code, answer.throttle_time_ms);
    };
    const auto remove = [&](const std::string& name, std::int16_t version) {
        wire::DeleteTopicsRequest request;
        if (version >= 6) {
            request.topics.emplace_back().name = name;
        } else {
            request.topic_names.push_back(name);
        }
        const auto answer = f.client().ask<wire::DeleteTopicsResponse>(request, version);
        return std::pair(answer.responses.at(0).error_code, answer.throttle_time_ms);
    };
    const auto grow = [&](const std::string& name, std::int32_t count, std::int16_t version) {
        wire::CreatePartitionsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.count = count;
        const auto answer = f.client().ask<wire::CreatePartitionsResponse>(request, version);
        return std::pair(answer.results.at(0).error_code, answer.throttle_time_ms);
    };
    const auto done = [](std::int32_t wait) { return std::pair(ErrorCode::none, wait); };
    const auto refused = [](std::int32_t wait) {
        return std::pair(ErrorCode::throttling_quota_exceeded, wait);
    };
    EXPECT_EQ(create("a", 14, 7), done(0));
    f.advance(100);
    EXPECT_EQ(create("b", 1, 7), refused(2'900));
    EXPECT_EQ(create("b", 1, 7, true), refused(2'900));
    EXPECT_EQ(create("c", 1, 5), done(3'900));
    EXPECT_EQ(remove("a", 6), refused(3'900));
    EXPECT_EQ(remove("nothing", 6), std::pair(ErrorCode::unknown_topic_or_partition, 0));
    EXPECT_EQ(grow("c", 3, 3), refused(3'900));
    EXPECT_EQ(create("a", 3, 7), std::pair(ErrorCode::topic_already_exists, 0));
    wire::MetadataRequest metadata;
    metadata.topics.emplace().emplace_back().name = "auto";
    auto seen = f.client().ask<wire::MetadataResponse>(metadata, 9);
    EXPECT_EQ(seen.topics.at(0).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(seen.throttle_time_ms, 0);
    f.advance(3'900);
    seen = f.client().ask<wire::MetadataResponse>(metadata, 9);
    EXPECT_EQ(seen.topics.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(grow("c", 3, 2), done(3'000));
    EXPECT_EQ(remove("c", 4), done(6'000));
    EXPECT_EQ(create("hundred", 100, 5), done(106'000));
}

/// What a client is told to wait for the time its requests took, whatever they were; waiting for records
/// costs nothing.
TEST_F(Cluster, RequestsAreChargedForTheirTime) {
    wire::AlterClientQuotasRequest alter;
    auto& entry = alter.entries.emplace_back();
    entry.entity.push_back({"user", std::nullopt});
    entry.ops.push_back({"request_percentage", 1, false});
    ASSERT_EQ(client.ask<wire::AlterClientQuotasResponse>(alter, 1).entries.at(0).error_code,
              ErrorCode::none);
    f.make_topic("t", 1, {});
    wire::FetchRequest fetch;
    fetch.max_wait_ms = 5'000;
    fetch.min_bytes = 1;
    fetch.max_bytes = 1'000;
    auto& topic = fetch.topics.emplace_back();
    topic.topic = "t";
    topic.partitions.emplace_back().partition_max_bytes = 1'000;
    Client& reader = f.client();
    reader.send(fetch, 11);
    f.run_all();
    f.advance(5'000);
    const auto answer = reader.receive<wire::FetchResponse>(11);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->throttle_time_ms, 0);
}

/// One connection a second from an address, ten at once: one too many is not served and closed after a
/// second, and takes nothing from those to come.
TEST_F(Cluster, ConnectionsFromAnAddressHaveAQuota) {
    wire::AlterClientQuotasRequest alter;
    auto& entry = alter.entries.emplace_back();
    entry.entity.push_back({"ip", std::nullopt});
    entry.ops.push_back({"connection_creation_rate", 1, false});
    ASSERT_EQ(client.ask<wire::AlterClientQuotasResponse>(alter, 1).entries.at(0).error_code,
              ErrorCode::none);
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(f.client().ask<wire::ApiVersionsResponse>(wire::ApiVersionsRequest{}, 0).error_code ==
                    ErrorCode::none);
    for (int i = 0; i < 5; ++i) {
        Client& early = f.client();
        early.send(wire::ApiVersionsRequest{}, 0);
        f.run_all();
        EXPECT_FALSE(early.receive<wire::ApiVersionsResponse>(0));
        EXPECT_TRUE(early.connection->open());
        f.advance(1'000);
        EXPECT_FALSE(early.connection->open());
        EXPECT_TRUE(early.connection->sent.empty());
        // That second let one more in.
        EXPECT_EQ(f.client().ask<wire::ApiVersionsResponse>(wire::ApiVersionsRequest{}, 0).error_code,
                  ErrorCode::none);
    }
}

TEST_F(Cluster, NewGroupsOnTheWire) {
    const Uuid topic = f.make_topic("a", 4, {});
    wire::ConsumerGroupHeartbeatRequest join;
    join.group_id = "g";
    join.member_id = "m";
    join.rebalance_timeout_ms = 10'000;
    join.subscribed_topic_names = {"a"};
    join.topic_partitions.emplace();
    const auto joined = client.ask<wire::ConsumerGroupHeartbeatResponse>(join, 1);
    EXPECT_EQ(joined.error_code, ErrorCode::none) << joined.error_message.value_or("");
    ASSERT_TRUE(joined.assignment);
    ASSERT_EQ(joined.assignment->topic_partitions.size(), 1U);
    EXPECT_EQ(joined.assignment->topic_partitions[0].topic_id, topic);
    EXPECT_EQ(joined.assignment->topic_partitions[0].partitions, (std::vector<std::int32_t>{0, 1, 2, 3}));
    wire::OffsetCommitRequest commit;
    commit.group_id = "g";
    commit.member_id = "m";
    commit.generation_id_or_member_epoch = joined.member_epoch - 1;
    auto& to = commit.topics.emplace_back();
    to.name = "a";
    to.partitions.emplace_back().committed_offset = 0;
    EXPECT_EQ(client.ask<wire::OffsetCommitResponse>(commit, 9).topics.at(0).partitions.at(0).error_code,
              ErrorCode::stale_member_epoch);
    commit.generation_id_or_member_epoch = joined.member_epoch;
    EXPECT_EQ(client.ask<wire::OffsetCommitResponse>(commit, 9).topics.at(0).partitions.at(0).error_code,
              ErrorCode::none);
    wire::ConsumerGroupDescribeRequest describe;
    describe.group_ids = {"g", "none"};
    const auto described = client.ask<wire::ConsumerGroupDescribeResponse>(describe, 1);
    EXPECT_EQ(described.groups.at(0).group_state, "Stable");
    EXPECT_EQ(described.groups.at(0).members.at(0).assignment.topic_partitions.at(0).topic_name, "a");
    EXPECT_EQ(described.groups.at(1).error_code, ErrorCode::group_id_not_found);
    wire::ListGroupsRequest list;
    list.types_filter = {"Consumer"};
    EXPECT_EQ(client.ask<wire::ListGroupsResponse>(list, 5).groups.size(), 1U);
    join.member_epoch = -1;
    EXPECT_EQ(client.ask<wire::ConsumerGroupHeartbeatResponse>(join, 1).member_epoch, -1);
    // Empty, but not forgotten: it has committed.
    EXPECT_EQ(client.ask<wire::ConsumerGroupDescribeResponse>(describe, 1).groups.at(0).group_state, "Empty");
}

}  // namespace
}  // namespace mr::serve::kafka
