// Consumer groups: the flows clients go through, Kafka's edge answers, and random histories against
// invariants.
#include "broker/groups/coordinator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace mr::broker::groups {
namespace {

using enum KafkaError;

class GroupsTest : public ::testing::Test {
  protected:
    using Millis = Coordinator::Millis;
    static CoordinatorOptions options() {
        CoordinatorOptions o;
        o.initial_rebalance_delay_ms = 0;
        o.members_max = 5;
        return o;
    }
    explicit GroupsTest(CoordinatorOptions o = options())
        : coordinator_(
              o, [this] { return fmt::format("id{}", ++ids_); },
              [](std::string_view g) { return g == "stored"; },
              [] { return std::vector<std::string>{"stored"}; }) {}

    static JoinRequest request(const std::string& member, const std::string& protocol = "range",
                               const std::string& metadata = "m") {
        JoinRequest r;
        r.group = "g";
        r.member_id = member;
        r.client_id = "client";
        r.protocol_type = "consumer";
        r.protocols = {{protocol, metadata}};
        r.session_timeout_ms = 10'000;
        r.rebalance_timeout_ms = 30'000;
        return r;
    }
    /// The answer, or nothing while it is waiting.
    std::shared_ptr<std::optional<JoinResponse>> join(JoinRequest r) {
        auto slot = std::make_shared<std::optional<JoinResponse>>();
        coordinator_.join(now_, std::move(r), [slot](JoinResponse response) { *slot = std::move(response); });
        return slot;
    }
    std::shared_ptr<std::optional<SyncResponse>> sync(const std::string& member, std::int32_t generation,
                                                      std::vector<Assignment> assignments = {}) {
        auto slot = std::make_shared<std::optional<SyncResponse>>();
        SyncRequest r{"g", generation, member, {}, {}, {}, std::move(assignments)};
        coordinator_.sync(now_, std::move(r), [slot](SyncResponse response) { *slot = std::move(response); });
        return slot;
    }
    KafkaError beat(const std::string& member, std::int32_t generation) {
        return coordinator_.heartbeat(now_, "g", {member, {}, generation});
    }
    void pass(Millis ms) {
        now_ += ms;
        coordinator_.tick(now_);
    }
    std::string state() { return coordinator_.describe("g").state; }

    int ids_ = 0;
    Millis now_ = 1'000;
    Coordinator coordinator_;
};

TEST_F(GroupsTest, TwoMembersFormAGroup) {
    auto first = join(request(""));
    ASSERT_TRUE(*first);
    EXPECT_EQ((*first)->error, none);
    EXPECT_EQ((*first)->generation, 1);
    EXPECT_EQ((*first)->leader, (*first)->member_id);
    EXPECT_EQ((*first)->members.size(), 1U);
    const std::string a = (*first)->member_id;
    auto synced = sync(a, 1, {{a, "all"}});
    ASSERT_TRUE(*synced);
    EXPECT_EQ((*synced)->assignment, "all");
    EXPECT_EQ(state(), "Stable");

    auto second = join(request(""));
    EXPECT_FALSE(*second);
    EXPECT_EQ(beat(a, 1), rebalance_in_progress);
    EXPECT_EQ((*sync(a, 1))->error, rebalance_in_progress);
    auto again = join(request(a));
    ASSERT_TRUE(*second && *again);
    EXPECT_EQ((*again)->generation, 2);
    EXPECT_EQ((*again)->members.size(), 2U);
    EXPECT_TRUE((*second)->members.empty());
    EXPECT_EQ((*second)->leader, a);
    const std::string b = (*second)->member_id;
    auto waits = sync(b, 2);
    EXPECT_FALSE(*waits);
    EXPECT_EQ(beat(b, 2), none);  // before the leader's sync: fine
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{b, {}, 2}}), rebalance_in_progress);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {b, {}, 2}, .transactional = true}), none);
    sync(a, 2, {{a, "half"}, {b, "other"}});
    ASSERT_TRUE(*waits);
    EXPECT_EQ((*waits)->assignment, "other");
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{b, {}, 2}}), none);
    EXPECT_EQ(coordinator_.describe("g").members.size(), 2U);

    EXPECT_EQ(coordinator_.leave(now_, "g", {{b, {}}, {"nobody", {}}}).members[1].error, unknown_member_id);
    EXPECT_EQ(beat(a, 2), rebalance_in_progress);
    EXPECT_EQ((*join(request(a)))->generation, 3);
}

TEST_F(GroupsTest, EdgeAnswers) {
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{"", {}, 5}}), group_id_not_found);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {"", {}, 5}, .modern = false}),
              illegal_generation);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {"", {}, 5}, .transactional = true}),
              illegal_generation);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{"", {}, -1}}), none);
    EXPECT_EQ(coordinator_.check_commit(now_, "", {{"", {}, -1}}), none);
    EXPECT_EQ(coordinator_.check_commit(now_, "", {.who = {"", {}, -1}, .transactional = true}),
              invalid_group_id);
    // Nobody has been in it, but offsets are committed.
    EXPECT_EQ(coordinator_.check_commit(now_, "stored", {{"", {}, 5}}), unknown_member_id);
    EXPECT_EQ(beat("x", 1), unknown_member_id);
    auto short_session = request("");
    short_session.session_timeout_ms = 1;
    EXPECT_EQ((*join(short_session))->error, invalid_session_timeout);
    auto nameless = request("");
    nameless.group = "";
    EXPECT_EQ((*join(nameless))->error, invalid_group_id);
    EXPECT_EQ((*join(request("ghost")))->error, unknown_member_id);
    auto bare = request("");
    bare.protocols.clear();
    EXPECT_EQ((*join(bare))->error, inconsistent_group_protocol);
    EXPECT_EQ(coordinator_.describe("g").error, group_id_not_found);
    EXPECT_EQ(state(), "Dead");

    auto v9 = request("");
    v9.require_member_id = true;
    auto first = join(v9);
    EXPECT_EQ((*first)->error, member_id_required);
    const std::string id = (*first)->member_id;
    EXPECT_EQ(id, "client-id1");
    v9.member_id = id;
    EXPECT_EQ((*join(v9))->error, none);
    EXPECT_EQ(beat(id, 2), illegal_generation);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{"", {}, -1}}), unknown_member_id);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{"x", {}, 1}}), unknown_member_id);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {"", {}, -1}, .transactional = true}), none);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {"x", {}, 1}, .transactional = true}),
              unknown_member_id);
    EXPECT_EQ((*sync("x", 1))->error, unknown_member_id);
    EXPECT_EQ((*sync(id, 9))->error, illegal_generation);
    EXPECT_EQ((*join(request("", "roundrobin")))->error, inconsistent_group_protocol);
    EXPECT_EQ(coordinator_.remove("g"), non_empty_group);
    EXPECT_EQ(coordinator_.remove("nothing"), group_id_not_found);
    EXPECT_EQ(coordinator_.remove("stored"), none);
    EXPECT_EQ(coordinator_.list().size(), 2U);
}

TEST_F(GroupsTest, PendingIdExpires) {
    auto v9 = request("");
    v9.require_member_id = true;
    join(v9);
    EXPECT_EQ(state(), "Empty");
    pass(10'001);
    EXPECT_EQ(state(), "Dead");
}

TEST_F(GroupsTest, SessionsExpire) {
    const std::string a = (*join(request("")))->member_id;
    sync(a, 1, {});
    pass(9'000);
    EXPECT_EQ(beat(a, 1), none);
    pass(9'000);
    EXPECT_EQ(state(), "Stable");
    pass(1'001);
    EXPECT_EQ(state(), "Dead");
    EXPECT_EQ(beat(a, 1), unknown_member_id);
}

TEST_F(GroupsTest, SilentMembersAreLeftBehindByARebalance) {
    const std::string a = (*join(request("")))->member_id;
    sync(a, 1, {});
    auto b = join(request(""));
    for (int i = 0; i < 4; ++i) {
        pass(9'000);
        EXPECT_EQ(*b ? none : beat(a, 1), *b ? none : rebalance_in_progress);
    }
    ASSERT_TRUE(*b);  // after 30 s
    EXPECT_EQ((*b)->leader, (*b)->member_id);
    EXPECT_EQ(beat(a, 1), unknown_member_id);
    // And who never syncs is dropped as well.
    pass(9'000);
    EXPECT_EQ(beat((*b)->member_id, 2), none);
    for (int i = 0; i < 3; ++i) {
        pass(9'000);
        (void)beat((*b)->member_id, 2);
    }
    EXPECT_EQ(state(), "Dead");
}

TEST_F(GroupsTest, StaticMembersComeBackWithoutARebalance) {
    auto r = request("");
    r.instance_id = "s1";
    const std::string a = (*join(r))->member_id;
    EXPECT_EQ(a, "s1-id1");
    sync(a, 1, {{a, "mine"}});
    auto back = join(r);
    ASSERT_TRUE(*back);
    const std::string b = (*back)->member_id;
    EXPECT_NE(a, b);
    EXPECT_EQ((*back)->generation, 1);
    EXPECT_EQ((*back)->leader, a);  // an old client must not think it leads
    EXPECT_EQ(coordinator_.heartbeat(now_, "g", {a, "s1", 1}), fenced_instance_id);
    EXPECT_EQ(coordinator_.heartbeat(now_, "g", {b, "s1", 1}), none);
    EXPECT_EQ((*sync(b, 1))->assignment, "mine");
    r.support_skip_assignment = true;
    auto skips = join(r);
    EXPECT_TRUE((*skips)->skip_assignment);
    EXPECT_EQ((*skips)->leader, (*skips)->member_id);
    EXPECT_EQ((*skips)->members.size(), 1U);
    r.member_id = b;
    EXPECT_EQ((*join(r))->error, fenced_instance_id);
    EXPECT_EQ(coordinator_.leave(now_, "g", {{"", "s1"}, {"", "s2"}}).members[1].error, unknown_member_id);
    EXPECT_EQ(state(), "Empty");
}

TEST_F(GroupsTest, GroupSizeIsBounded) {
    for (int i = 0; i < 5; ++i) join(request(""));
    EXPECT_EQ((*join(request("")))->error, group_max_size_reached);
}

TEST_F(GroupsTest, ProtocolWithMostVotesWins) {
    auto a = request("");
    a.protocols = {{"range", "ra"}, {"sticky", "sa"}};
    auto first = join(a);
    const std::string id = (*first)->member_id;
    auto b = request("");
    b.protocols = {{"sticky", "sb"}, {"range", "rb"}};
    auto second = join(b);
    auto third = join(b);
    a.member_id = id;
    auto again = join(a);
    EXPECT_EQ((*again)->protocol_name, "sticky");
    EXPECT_EQ((*again)->members.at(0).metadata, "sa");
}

TEST_F(GroupsTest, SubscribedTopicsKeepTheirOffsets) {
    const std::string a =
        (*join(request("", "range", std::string("\0\1\0\0\0\1\0\3top\0\0\0\0", 15))))->member_id;
    std::vector<std::string> topics;
    EXPECT_EQ(coordinator_.check_offset_delete("g", topics), none);
    EXPECT_EQ(topics, std::vector<std::string>{"top"});
    EXPECT_EQ(coordinator_.check_offset_delete("none", topics), group_id_not_found);
}

class DelayedGroupsTest : public GroupsTest {
  protected:
    static CoordinatorOptions delayed() {
        CoordinatorOptions o;
        o.initial_rebalance_delay_ms = 3'000;
        return o;
    }
    DelayedGroupsTest() : GroupsTest(delayed()) {}
};

TEST_F(DelayedGroupsTest, ANewGroupWaitsForItsMembers) {
    auto a = join(request(""));
    EXPECT_FALSE(*a);
    EXPECT_EQ(coordinator_.next_deadline(), 4'000);
    pass(1'000);
    auto b = join(request(""));
    pass(2'000);
    EXPECT_FALSE(*a);  // somebody came: another three seconds
    pass(3'000);
    ASSERT_TRUE(*a && *b);
    EXPECT_EQ((*a)->members.size(), 2U);
    EXPECT_EQ((*a)->generation, 1);
}

TEST_F(GroupsTest, RandomHistoriesKeepTheInvariants) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("SEED={}", seed));
    std::mt19937 random(seed);
    struct Client {
        std::string id;
        std::int32_t generation = -1;
        std::shared_ptr<std::optional<JoinResponse>> joining;
        std::shared_ptr<std::optional<SyncResponse>> syncing;
    };
    std::vector<Client> clients(4);
    int stable_rounds = 0;
    for (int step = 0; step < 5'000; ++step) {
        Client& c = clients[random() % clients.size()];
        if (c.joining && *c.joining) {
            const JoinResponse& r = **c.joining;
            if (r.error == none) {
                c.id = r.member_id;
                c.generation = r.generation;
                std::vector<Assignment> plan;
                for (const auto& m : r.members) plan.push_back({m.member_id, "for " + m.member_id});
                c.joining = nullptr;
                c.syncing = sync(c.id, c.generation, plan);
                continue;
            }
            if (r.error == unknown_member_id) c.id.clear();
            c.joining = nullptr;
        }
        if (c.syncing && *c.syncing) {
            if ((*c.syncing)->error == none && !(*c.syncing)->assignment.empty()) {
                EXPECT_EQ((*c.syncing)->assignment, "for " + c.id);
                ++stable_rounds;
            }
            c.syncing = nullptr;
        }
        switch (random() % 8) {
            case 0:
            case 1:
                if (!c.joining) c.joining = join(request(c.id));
                break;
            case 2:
                if (!c.id.empty() && random() % 8 == 0) {
                    (void)coordinator_.leave(now_, "g", {{c.id, {}}});
                    c = Client{};
                }
                break;
            case 3:
                pass(static_cast<Millis>(random() % 3'000));
                break;
            default:
                if (!c.id.empty() && beat(c.id, c.generation) == unknown_member_id && !c.joining)
                    c.id.clear();
        }
        const auto described = coordinator_.describe("g");
        EXPECT_TRUE(described.members.empty() == (described.state == "Empty" || described.state == "Dead"))
            << described.state;
    }
    EXPECT_GT(stable_rounds, 50);
    coordinator_.close();
    for (const auto& c : clients) EXPECT_TRUE(!c.joining || *c.joining);
}

}  // namespace
}  // namespace mr::broker::groups
