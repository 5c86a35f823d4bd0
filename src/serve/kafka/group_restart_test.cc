// Groups over a restart of the node, on the wire: what members were told holds, what they were not told may
// be lost.
#include <gtest/gtest.h>

#include "serve/kafka/testing/broker_fixture.h"

namespace mr::serve::kafka {
namespace {

using testing::BrokerFixture;
using testing::Client;

wire::JoinGroupRequest join_request(const std::string& member) {
    wire::JoinGroupRequest request;
    request.group_id = "g";
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 10'000;
    request.member_id = member;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", {"subscription"}});
    return request;
}

wire::SyncGroupRequest sync_request(const std::string& member, std::int32_t generation) {
    wire::SyncGroupRequest sync;
    sync.group_id = "g";
    sync.generation_id = generation;
    sync.member_id = member;
    sync.protocol_type = "consumer";
    sync.protocol_name = "range";
    sync.assignments.push_back({member, {"assignment"}});
    return sync;
}

ErrorCode beat(Client& client, const std::string& member, std::int32_t generation) {
    return client
        .ask<wire::HeartbeatResponse>(wire::HeartbeatRequest{"g", generation, member, std::nullopt}, 4)
        .error_code;
}

wire::DescribeGroupsResponse::Group describe(Client& client) {
    return client.ask<wire::DescribeGroupsResponse>(wire::DescribeGroupsRequest{{"g"}, false}, 6)
        .groups.at(0);
}

TEST(GroupRestart, MembersGoOnWithoutARebalance) {
    BrokerFixture f;
    Client& first = f.client();
    const auto joined = first.ask<wire::JoinGroupResponse>(join_request(""), 3);
    ASSERT_EQ(joined.error_code, ErrorCode::none);
    ASSERT_EQ(first.ask<wire::SyncGroupResponse>(sync_request(joined.member_id, 1), 5).assignment.data,
              "assignment");
    f.restart();
    Client& second = f.client();
    EXPECT_EQ(beat(second, joined.member_id, 1), ErrorCode::none);
    const auto group = describe(second);
    EXPECT_EQ(group.group_state, "Stable");
    EXPECT_EQ(group.protocol_data, "range");
    ASSERT_EQ(group.members.size(), 1U);
    EXPECT_EQ(group.members[0].member_id, joined.member_id);
    EXPECT_EQ(group.members[0].client_id, "test");
    EXPECT_EQ(group.members[0].client_host, "/127.0.0.1");
    EXPECT_EQ(group.members[0].member_metadata.data, "subscription");
    EXPECT_EQ(group.members[0].member_assignment.data, "assignment");
    // Again, and time goes on.
    f.restart();
    f.advance(9'000);
    Client& third = f.client();
    EXPECT_EQ(beat(third, joined.member_id, 1), ErrorCode::none);
    f.restart();
    f.advance(10'001);
    EXPECT_EQ(beat(f.client(), joined.member_id, 1), ErrorCode::unknown_member_id);
}

TEST(GroupRestart, WhatWasNotAnsweredMayBeLost) {
    BrokerFixture f;
    Client& first = f.client();
    const auto joined = first.ask<wire::JoinGroupResponse>(join_request(""), 3);
    first.send(sync_request(joined.member_id, 1), 5);
    f.run_loop();
    EXPECT_FALSE(first.receive<wire::SyncGroupResponse>(5)) << "before it is durable";
    f.restart();
    EXPECT_EQ(beat(f.client(), joined.member_id, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(describe(f.client()).error_code, ErrorCode::group_id_not_found);
}

TEST(GroupRestart, WhoHasLeftIsGone) {
    BrokerFixture f;
    Client& first = f.client();
    const auto joined = first.ask<wire::JoinGroupResponse>(join_request(""), 3);
    first.ask<wire::SyncGroupResponse>(sync_request(joined.member_id, 1), 5);
    wire::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.members.push_back({joined.member_id, std::nullopt, "done"});
    first.send(leave, 5);
    f.run_loop();
    EXPECT_FALSE(first.receive<wire::LeaveGroupResponse>(5)) << "before it is durable";
    f.run_all();
    EXPECT_TRUE(first.receive<wire::LeaveGroupResponse>(5));
    f.restart();
    EXPECT_EQ(describe(f.client()).group_state, "Empty");
    EXPECT_EQ(beat(f.client(), joined.member_id, 1), ErrorCode::unknown_member_id);
    const wire::DeleteGroupsRequest remove{{"g"}};
    EXPECT_EQ(f.client().ask<wire::DeleteGroupsResponse>(remove, 2).results.at(0).error_code,
              ErrorCode::none);
    EXPECT_EQ(describe(f.client()).error_code, ErrorCode::group_id_not_found);
    f.restart();
    EXPECT_EQ(describe(f.client()).error_code, ErrorCode::group_id_not_found);
    // Without offsets and members a group is forgotten after a while, as in Kafka.
    Client& again = f.client();
    const auto back = again.ask<wire::JoinGroupResponse>(join_request(""), 3);
    again.ask<wire::SyncGroupResponse>(sync_request(back.member_id, 1), 5);
    leave.members[0].member_id = back.member_id;
    again.ask<wire::LeaveGroupResponse>(leave, 5);
    for (int i = 0; i < 21; ++i) f.advance(30'000);
    EXPECT_EQ(describe(f.client()).error_code, ErrorCode::group_id_not_found);
}

TEST(GroupRestart, MembersOfTheNewProtocolGoOn) {
    BrokerFixture f;
    f.make_topic("a", 4, {});
    wire::ConsumerGroupHeartbeatRequest request;
    request.group_id = "g";
    request.member_id = "m";
    request.rebalance_timeout_ms = 10'000;
    request.subscribed_topic_names = {"a"};
    request.topic_partitions.emplace();
    Client& first = f.client();
    first.send(request, 1);
    f.run_loop();
    EXPECT_FALSE(first.receive<wire::ConsumerGroupHeartbeatResponse>(1)) << "before it is durable";
    f.run_all();
    const auto joined = first.receive<wire::ConsumerGroupHeartbeatResponse>(1);
    ASSERT_TRUE(joined && joined->assignment);
    f.restart();
    wire::ConsumerGroupDescribeRequest describe_request;
    describe_request.group_ids = {"g"};
    const auto described = f.client().ask<wire::ConsumerGroupDescribeResponse>(describe_request, 1);
    EXPECT_EQ(described.groups.at(0).group_state, "Stable");
    ASSERT_EQ(described.groups[0].members.size(), 1U);
    EXPECT_EQ(described.groups[0].members[0].member_epoch, joined->member_epoch);
    EXPECT_EQ(described.groups[0].members[0].assignment.topic_partitions.at(0).partitions.size(), 4U);
    wire::ConsumerGroupHeartbeatRequest go_on;
    go_on.group_id = "g";
    go_on.member_id = "m";
    go_on.member_epoch = joined->member_epoch;
    go_on.rebalance_timeout_ms = -1;
    const auto next = f.client().ask<wire::ConsumerGroupHeartbeatResponse>(go_on, 1);
    EXPECT_EQ(next.error_code, ErrorCode::none);
    EXPECT_EQ(next.member_epoch, joined->member_epoch);
    EXPECT_FALSE(next.assignment);
    go_on.member_epoch += 1;
    EXPECT_EQ(f.client().ask<wire::ConsumerGroupHeartbeatResponse>(go_on, 1).error_code,
              ErrorCode::fenced_member_epoch);
}

}  // namespace
}  // namespace mr::serve::kafka
