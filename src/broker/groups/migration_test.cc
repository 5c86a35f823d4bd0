// One group, two protocols: classic members go on when the first member of the new protocol comes, and when
// the last one leaves.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "broker/groups/embedded_protocol.h"
#include "broker/groups/memory_store.h"

namespace mr::broker::groups {
namespace {

using enum KafkaError;

Uuid topic_id() {
    std::string raw(16, '\0');
    raw[0] = 1;
    return Uuid::from_bytes(raw);
}

std::shared_ptr<const TopicsView> topic_t() {
    auto view = std::make_shared<TopicsView>();
    auto topic = std::make_shared<TopicView>();
    topic->id = topic_id();
    topic->name = "t";
    topic->partitions.resize(6);
    view->by_id.emplace(topic->id, topic);
    view->by_name.emplace(topic->name, std::move(topic));
    return view;
}

/// ConsumerProtocolSubscription: of topic "t", with what it owns since version 1.
std::string subscription(const std::set<std::int32_t>& owned, std::int16_t version = 1) {
    std::string bytes;
    ByteWriter out(bytes, Endian::big);
    out.i16(version);
    out.i32(1);
    out.i16(1);
    out.raw("t");
    out.i32(-1);
    if (version == 0) return bytes;
    out.i32(1);
    out.i16(1);
    out.raw("t");
    out.i32(static_cast<std::int32_t>(owned.size()));
    for (const auto p : owned) out.i32(p);
    if (version >= 2) out.i32(7);
    if (version >= 3) {
        out.i16(4);
        out.raw("rack");
    }
    return bytes;
}

std::set<std::int32_t> partitions_in(const std::string& assignment) {
    const auto read = read_assignment(assignment);
    EXPECT_TRUE(read);
    if (!read || !read->partitions.contains("t")) return {};
    return read->partitions.at("t");
}

class Migration : public ::testing::Test {
  protected:
    Migration() { start(); }
    void start() {
        CoordinatorOptions options;
        options.initial_rebalance_delay_ms = 0;
        coordinator_ = std::make_unique<Coordinator>(
            options, [this] { return fmt::format("id{}", ++ids_); }, [](std::string_view) { return false; },
            [] { return std::vector<std::string>(); });
        coordinator_->set_topics([this] { return topics_; });
        coordinator_->set_store(store_.writer());
        EXPECT_TRUE(coordinator_->restore(now_, store_.groups()).empty());
    }
    static JoinRequest request(const std::string& member, const std::string& metadata) {
        JoinRequest r;
        r.group = "g";
        r.member_id = member;
        r.client_id = "client";
        r.client_host = "/h";
        r.protocol_type = "consumer";
        r.protocols = {{"range", metadata}};
        r.session_timeout_ms = 10'000;
        r.rebalance_timeout_ms = 30'000;
        return r;
    }
    JoinResponse join(JoinRequest r) {
        auto slot = std::make_shared<std::optional<JoinResponse>>();
        coordinator_->join(now_, std::move(r),
                           [slot](JoinResponse response) { *slot = std::move(response); });
        EXPECT_TRUE(*slot) << "waits";
        return slot->value_or(JoinResponse{});
    }
    SyncResponse sync(const std::string& member, std::int32_t generation, std::vector<Assignment> plan = {}) {
        auto slot = std::make_shared<std::optional<SyncResponse>>();
        SyncRequest r{"g", generation, member, {}, "consumer", "range", std::move(plan)};
        coordinator_->sync(now_, std::move(r),
                           [slot](SyncResponse response) { *slot = std::move(response); });
        EXPECT_TRUE(*slot) << "waits";
        return slot->value_or(SyncResponse{});
    }
    KafkaError beat(const std::string& member, std::int32_t generation) {
        return coordinator_->heartbeat(now_, "g", {member, {}, generation});
    }
    ConsumerHeartbeatAnswer heartbeat(const std::string& member, std::int32_t epoch,
                                      std::optional<PartitionSet> owned = std::nullopt,
                                      std::optional<std::string> instance = {}) {
        ConsumerHeartbeat r;
        r.group = "g";
        r.member_id = member;
        r.epoch = epoch;
        r.instance_id = std::move(instance);
        if (epoch == 0) {
            r.rebalance_timeout_ms = 10'000;
            r.topic_names = {"t"};
            owned = PartitionSet{};
        }
        r.owned = std::move(owned);
        return coordinator_->consumer_heartbeat(now_, std::move(r));
    }
    void pass(std::int64_t ms) {
        now_ += ms;
        coordinator_->tick(now_);
    }
    /// A classic member that has everything, in generation 1.
    std::string settled(std::optional<std::string> instance = {}) {
        auto r = request("", subscription({}));
        r.instance_id = std::move(instance);
        const std::string id = join(r).member_id;
        EXPECT_EQ(sync(id, 1, {{id, write_assignment(1, {{"t", {0, 1, 2, 3, 4, 5}}})}}).error, none);
        return id;
    }

    int ids_ = 0;
    std::int64_t now_ = 1'000;
    std::shared_ptr<const TopicsView> topics_ = topic_t();
    MemoryStore store_{now_};
    std::unique_ptr<Coordinator> coordinator_;
};

TEST_F(Migration, ThereAndBackAgain) {
    const std::string a = settled();
    const auto b = heartbeat("b", 0);
    EXPECT_EQ(b.error, none) << b.message;
    EXPECT_TRUE(b.assignment && b.assignment->empty()) << "they are all a's";
    EXPECT_EQ(coordinator_->describe("g").error, group_id_not_found);
    auto described = coordinator_->describe_consumer("g");
    ASSERT_EQ(described.members.size(), 2U);
    for (const auto& member : described.members) {
        EXPECT_EQ(member.classic, member.member_id == a);
        EXPECT_EQ(member.assigned.empty(), member.member_id != a);
    }
    EXPECT_EQ(coordinator_->check_commit(now_, "g", {{a, {}, 1}}), none);

    // a is asked to rejoin, gives up what it must, and rejoins.
    EXPECT_EQ(beat(a, 1), rebalance_in_progress);
    EXPECT_EQ(sync(a, 1).error, rebalance_in_progress);
    auto joined = join(request(a, subscription({0, 1, 2, 3, 4, 5})));
    EXPECT_EQ(joined.error, none);
    EXPECT_EQ(joined.member_id, a);
    EXPECT_EQ(joined.protocol_type, "consumer");
    EXPECT_EQ(joined.protocol_name, "range");
    EXPECT_TRUE(joined.members.empty());
    const auto kept = partitions_in(sync(a, joined.generation).assignment);
    EXPECT_EQ(kept.size(), 3U);
    EXPECT_EQ(beat(a, joined.generation), rebalance_in_progress) << "to say that it has given them up";
    const std::int32_t before = joined.generation;
    joined = join(request(a, subscription(kept)));
    EXPECT_GT(joined.generation, before);
    EXPECT_EQ(partitions_in(sync(a, joined.generation).assignment), kept);
    EXPECT_EQ(beat(a, joined.generation), none);
    EXPECT_EQ(beat(a, before), illegal_generation);
    EXPECT_EQ(coordinator_->check_commit(now_, "g", {{a, {}, before}}), illegal_generation);
    EXPECT_EQ(coordinator_->check_commit(now_, "g", {{a, {}, joined.generation}}), none);
    const auto got = heartbeat("b", b.epoch, PartitionSet{});
    ASSERT_TRUE(got.assignment);
    EXPECT_EQ(got.assignment->at(topic_id()).size(), 3U);
    EXPECT_EQ(coordinator_->describe_consumer("g").state, "Stable");

    // A restart changes nothing.
    start();
    EXPECT_EQ(beat(a, joined.generation), none);
    EXPECT_EQ(partitions_in(sync(a, joined.generation).assignment), kept);
    EXPECT_EQ(heartbeat("b", got.epoch).error, none);
    EXPECT_EQ(store_.groups().at("g")->type, GroupType::consumer);
    EXPECT_EQ(coordinator_->remove("g"), non_empty_group);

    // The last of the new protocol leaves.
    EXPECT_EQ(heartbeat("b", -1).error, none);
    EXPECT_EQ(coordinator_->describe("g").state, "PreparingRebalance");
    EXPECT_EQ(coordinator_->describe_consumer("g").error, group_id_not_found);
    EXPECT_EQ(store_.groups().at("g")->type, GroupType::classic);
    EXPECT_EQ(beat(a, joined.generation), illegal_generation);
    const auto again = join(request(a, subscription(kept)));
    EXPECT_EQ(again.error, none);
    EXPECT_EQ(again.leader, a);
    EXPECT_GT(again.generation, joined.generation);
    EXPECT_EQ(again.members.size(), 1U);
    EXPECT_EQ(sync(a, again.generation, {{a, write_assignment(1, {{"t", {0}}})}}).error, none);
    start();
    EXPECT_EQ(beat(a, again.generation), none);
}

TEST_F(Migration, ClassicMembersJoinAGroupOfTheNewProtocol) {
    const auto b = heartbeat("b", 0);
    ASSERT_EQ(b.assignment->at(topic_id()).size(), 6U);
    auto r = request("", subscription({}));
    r.require_member_id = true;
    auto joined = join(r);
    EXPECT_EQ(joined.error, member_id_required);
    r.member_id = joined.member_id;
    joined = join(r);
    EXPECT_EQ(joined.error, none);
    EXPECT_TRUE(partitions_in(sync(r.member_id, joined.generation).assignment).empty());
    EXPECT_EQ(beat(r.member_id, joined.generation), none) << "it can only wait";
    const auto asked = heartbeat("b", b.epoch, *b.assignment);
    ASSERT_TRUE(asked.assignment);
    const auto revoked = heartbeat("b", b.epoch, *asked.assignment);
    EXPECT_GT(revoked.epoch, b.epoch);
    EXPECT_EQ(beat(r.member_id, joined.generation), rebalance_in_progress) << "now there is something to get";
    joined = join(r);
    EXPECT_EQ(partitions_in(sync(r.member_id, joined.generation).assignment).size(), 3U);
    // Not everybody may.
    auto wrong = request("", subscription({}));
    wrong.protocol_type = "connect";
    EXPECT_EQ(join(wrong).error, inconsistent_group_protocol);
    wrong = request("", "?");
    EXPECT_EQ(join(wrong).error, inconsistent_group_protocol);
    wrong = request("", subscription({}));
    wrong.protocols[0].name = "sticky";
    EXPECT_EQ(join(wrong).error, inconsistent_group_protocol)
        << "no protocol in common with the classic member";
    EXPECT_EQ(beat("b", revoked.epoch), unknown_member_id) << "it does not speak the classic protocol";
    EXPECT_EQ(sync("b", revoked.epoch).error, unknown_member_id);
    EXPECT_EQ(sync(r.member_id, joined.generation + 1).error, illegal_generation);
    EXPECT_EQ(coordinator_->leave(now_, "g", {{"nobody", {}}}).members[0].error, unknown_member_id);
    EXPECT_EQ(coordinator_->leave(now_, "g", {{r.member_id, {}}}).members[0].error, none);
    EXPECT_EQ(coordinator_->describe_consumer("g").members.size(), 1U);
}

TEST_F(Migration, WhoIsNotHeardOfIsOut) {
    const std::string a = settled();
    auto b = heartbeat("b", 0);
    PartitionSet owned;
    // b as its library does it: gives up what it must, and says so.
    const auto b_goes_on = [&] {
        for (int i = 0; i < 2; ++i) {
            b = heartbeat("b", b.epoch, owned);
            EXPECT_EQ(b.error, none) << b.message;
            owned = b.assignment.value_or(owned);
        }
    };
    // Its session is that of the classic protocol.
    pass(9'000);
    EXPECT_EQ(beat(a, 1), rebalance_in_progress);
    for (int i = 0; i < 3; ++i) {
        pass(9'000);
        EXPECT_EQ(beat(a, 1), rebalance_in_progress);
        b_goes_on();
    }
    pass(9'000);
    b_goes_on();
    // It was asked to rejoin and has not, within its rebalance timeout.
    EXPECT_EQ(beat(a, 1), unknown_member_id);
    EXPECT_EQ(owned[topic_id()].size(), 6U);
    // One that joins, but never asks for its assignment.
    const auto joined = join(request("", subscription({})));
    for (int i = 0; i < 4; ++i) {
        pass(8'000);
        (void)beat(joined.member_id, joined.generation);
        b_goes_on();
    }
    EXPECT_EQ(beat(joined.member_id, joined.generation), unknown_member_id);
    // And when b is not heard of, the classic member that is left has a classic group.
    const auto last = join(request("", subscription({})));
    EXPECT_EQ(sync(last.member_id, last.generation).error, none);
    for (int i = 0; i < 4; ++i) {
        pass(9'000);
        EXPECT_EQ(beat(last.member_id, last.generation), none) << i;
    }
    pass(9'000);
    EXPECT_EQ(coordinator_->describe("g").state, "PreparingRebalance");
    EXPECT_EQ(coordinator_->describe("g").members.size(), 1U);
}

TEST_F(Migration, StaticMembersChangeTheirProtocol) {
    const std::string a = settled("one");
    // Started again with the new protocol: its place, no rebalance.
    const auto back = heartbeat("a2", 0, {}, "one");
    EXPECT_EQ(back.error, none) << back.message;
    ASSERT_TRUE(back.assignment);
    EXPECT_EQ(back.assignment->at(topic_id()).size(), 6U);
    EXPECT_EQ(coordinator_->describe_consumer("g").members.size(), 1U);
    EXPECT_EQ(coordinator_->heartbeat(now_, "g", {a, "one", 1}), fenced_instance_id);
    // And with the classic one again: a classic group.
    auto r = request("", subscription({}));
    r.instance_id = "one";
    const auto classic = join(r);
    EXPECT_EQ(classic.error, none);
    EXPECT_EQ(coordinator_->describe("g").members.size(), 1U);
    EXPECT_EQ(coordinator_->describe("g").members[0].member_id, classic.member_id);
}

TEST_F(Migration, WhatCannotBecomeANewGroupStaysClassic) {
    auto r = request("", "?");
    r.protocol_type = "connect";
    std::string id = join(r).member_id;
    EXPECT_EQ(sync(id, 1).error, inconsistent_group_protocol);
    EXPECT_EQ(heartbeat("b", 0).error, group_id_not_found);
    EXPECT_EQ(coordinator_->leave(now_, "g", {{id, {}}}).members[0].error, none);

    id = join(request("", "?")).member_id;
    auto refused = heartbeat("b", 0);
    EXPECT_EQ(refused.error, group_id_not_found);
    EXPECT_NE(refused.message.find("malformed"), std::string::npos) << refused.message;
    EXPECT_EQ(coordinator_->leave(now_, "g", {{id, {}}}).members[0].error, none);

    const auto joined = join(request("", subscription({})));
    std::string custom = write_assignment(1, {{"t", {0}}});
    custom.replace(custom.size() - 4, 4, std::string("\0\0\0\1x", 5));
    EXPECT_EQ(sync(joined.member_id, joined.generation, {{joined.member_id, custom}}).error, none);
    refused = heartbeat("b", 0);
    EXPECT_EQ(refused.error, group_id_not_found);
    EXPECT_NE(refused.message.find("custom assignor"), std::string::npos) << refused.message;
    EXPECT_EQ(beat(joined.member_id, joined.generation), none);
    EXPECT_EQ(heartbeat("b", 3).error, group_id_not_found);
}

TEST(EmbeddedProtocol, VersionsAndDamage) {
    for (std::int16_t version = 0; version <= 3; ++version) {
        const std::string bytes = subscription({1, 2}, version);
        const auto read = read_subscription(bytes);
        ASSERT_TRUE(read) << version;
        EXPECT_EQ(read->topics, std::vector<std::string>{"t"});
        EXPECT_EQ(read->owned.size(), version == 0 ? 0U : 1U);
        EXPECT_EQ(read->rack.has_value(), version == 3);
        for (std::size_t n = 0; n < bytes.size(); ++n)
            EXPECT_FALSE(read_subscription(bytes.substr(0, n))) << n;
    }
    const std::string bytes = write_assignment(9, {{"t", {0, 5}}, {"u", {}}});
    EXPECT_EQ(
        hex(bytes, 100),
        "00 03 00 00 00 02 00 01 74 00 00 00 02 00 00 00 00 00 00 00 05 00 01 75 00 00 00 00 ff ff ff ff");
    for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(read_assignment(bytes.substr(0, n))) << n;
    EXPECT_EQ(partitions_in(bytes), (std::set<std::int32_t>{0, 5}));
    EXPECT_FALSE(read_subscription(std::string("\0\0\x7f\xff\xff\xff", 6)));
}

}  // namespace
}  // namespace mr::broker::groups
