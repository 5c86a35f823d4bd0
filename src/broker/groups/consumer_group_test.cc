// KIP-848 groups: Kafka's answers to heartbeats, and random histories of members, topics and time in which no
// partition may ever have two owners and everything must come to rest, evenly assigned.
#include "broker/groups/consumer_group.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "broker/groups/memory_store.h"

namespace mr::broker::groups {
namespace {

using enum KafkaError;

Uuid id_of(int n) {
    std::string raw(16, '\0');
    raw[0] = static_cast<char>(n);
    raw[15] = 1;
    return Uuid::from_bytes(raw);
}

std::shared_ptr<const TopicsView> make_topics(const std::map<std::string, int>& partitions) {
    auto view = std::make_shared<TopicsView>();
    int n = 0;
    for (const auto& [name, count] : partitions) {
        auto topic = std::make_shared<TopicView>();
        topic->id = id_of(++n);
        topic->name = name;
        topic->partitions.resize(static_cast<std::size_t>(count));
        view->by_id.emplace(topic->id, topic);
        view->by_name.emplace(name, std::move(topic));
    }
    return view;
}

std::size_t count_of(const PartitionSet& set) {
    std::size_t n = 0;
    for (const auto& [topic, partitions] : set) n += partitions.size();
    return n;
}

class ConsumerGroups : public ::testing::Test {
  protected:
    static CoordinatorOptions options() {
        CoordinatorOptions o;
        o.members_max = 20;
        o.initial_rebalance_delay_ms = 0;
        return o;
    }
    ConsumerGroups()
        : coordinator_(
              options(), [this] { return fmt::format("id{}", ++ids_); },
              [](std::string_view g) { return g == "stored"; },
              [] { return std::vector<std::string>{"stored"}; }) {
        coordinator_.set_topics([this] { return topics_; });
    }
    static ConsumerHeartbeat joining(const std::string& member, std::vector<std::string> names = {"t"}) {
        ConsumerHeartbeat r;
        r.group = "g";
        r.member_id = member;
        r.rebalance_timeout_ms = 10'000;
        r.topic_names = std::move(names);
        r.owned = PartitionSet{};
        r.client_id = "client";
        return r;
    }
    static ConsumerHeartbeat going_on(const std::string& member, std::int32_t epoch,
                                      std::optional<PartitionSet> owned = std::nullopt) {
        ConsumerHeartbeat r;
        r.group = "g";
        r.member_id = member;
        r.epoch = epoch;
        r.owned = std::move(owned);
        return r;
    }
    ConsumerHeartbeatAnswer beat(ConsumerHeartbeat r) {
        return coordinator_.consumer_heartbeat(now_, std::move(r));
    }
    void pass(std::int64_t ms) {
        now_ += ms;
        coordinator_.tick(now_);
    }

    int ids_ = 0;
    std::int64_t now_ = 1'000;
    std::shared_ptr<const TopicsView> topics_ = make_topics({{"t", 6}});
    Coordinator coordinator_;
};

TEST_F(ConsumerGroups, OneMemberGetsAllAtOnce) {
    const auto first = beat(joining("a"));
    EXPECT_EQ(first.error, none);
    EXPECT_EQ(first.member_id, "a");
    EXPECT_EQ(first.epoch, 2);  // as Kafka: one for the member, one for the topics it brought
    EXPECT_EQ(first.heartbeat_interval_ms, 5'000);
    ASSERT_TRUE(first.assignment);
    EXPECT_EQ(count_of(*first.assignment), 6U);
    const auto next = beat(going_on("a", 2, *first.assignment));
    EXPECT_EQ(next.error, none);
    EXPECT_EQ(next.epoch, 2);
    EXPECT_FALSE(next.assignment);  // unchanged
    EXPECT_EQ(coordinator_.describe_consumer("g").state, "Stable");
    EXPECT_EQ(coordinator_.list().front().type, "consumer");
}

TEST_F(ConsumerGroups, PartitionsMoveOnlyWhenGivenUp) {
    const auto a = beat(joining("a"));
    const auto b = beat(joining("b"));
    EXPECT_EQ(b.error, none);
    ASSERT_TRUE(b.assignment);
    EXPECT_EQ(count_of(*b.assignment), 0U);  // all of them are still a's
    EXPECT_EQ(coordinator_.describe_consumer("g").state, "Reconciling");
    const auto asked = beat(going_on("a", a.epoch, *a.assignment));
    ASSERT_TRUE(asked.assignment);
    EXPECT_EQ(count_of(*asked.assignment), 3U);
    EXPECT_EQ(asked.epoch, a.epoch);  // until it has revoked
    EXPECT_EQ(count_of(*beat(going_on("b", b.epoch, PartitionSet{})).assignment.or_else([] {
                  return std::optional(PartitionSet{});
              })),
              0U);
    const auto revoked = beat(going_on("a", a.epoch, *asked.assignment));
    EXPECT_EQ(revoked.epoch, b.epoch);
    const auto got = beat(going_on("b", b.epoch, PartitionSet{}));
    ASSERT_TRUE(got.assignment);
    EXPECT_EQ(count_of(*got.assignment), 3U);
    EXPECT_EQ(coordinator_.describe_consumer("g").state, "Stable");
}

TEST_F(ConsumerGroups, WhoDoesNotRevokeInTimeIsOut) {
    const auto a = beat(joining("a"));
    beat(joining("b"));
    ASSERT_EQ(beat(going_on("a", a.epoch, *a.assignment)).error, none);
    for (int i = 0; i < 12; ++i) {
        pass(1'000);
        beat(going_on("b", 3));
        if (i < 9) {
            EXPECT_EQ(beat(going_on("a", a.epoch, *a.assignment)).error, none) << i;
        }
    }
    EXPECT_EQ(beat(going_on("a", a.epoch, *a.assignment)).error, unknown_member_id);
    EXPECT_EQ(coordinator_.describe_consumer("g").members.size(), 1U);
}

TEST_F(ConsumerGroups, KafkasErrors) {
    auto r = joining("");
    EXPECT_EQ(beat(r).member_id, "id1");  // v0: the coordinator makes it
    r.member_id_required = true;
    EXPECT_EQ(beat(r).error, invalid_request);
    r = joining("x");
    r.rebalance_timeout_ms = -1;
    EXPECT_EQ(beat(r).error, invalid_request);
    r = joining("x");
    r.owned.reset();
    EXPECT_EQ(beat(r).error, invalid_request);
    r = joining("x");
    r.topic_names.reset();
    EXPECT_EQ(beat(r).error, invalid_request);
    r.regex = "(";
    EXPECT_EQ(beat(r).error, invalid_regular_expression);
    r = joining("x");
    r.assignor = "clever";
    EXPECT_EQ(beat(r).error, unsupported_assignor);
    r = joining("x");
    r.group = "";
    EXPECT_EQ(beat(r).error, invalid_request);
    EXPECT_EQ(beat(going_on("nobody", 1)).error, unknown_member_id);
    auto other = going_on("nobody", 1);
    other.group = "none";
    EXPECT_EQ(beat(other).error, group_id_not_found);
    const auto a = beat(joining("a"));
    EXPECT_EQ(beat(going_on("a", a.epoch + 1)).error, fenced_member_epoch);
    EXPECT_EQ(beat(going_on("a", a.epoch - 2)).error, fenced_member_epoch);
    // A fenced member joins again under its name.
    EXPECT_EQ(beat(joining("a")).error, none);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{"a", {}, 1}}), stale_member_epoch);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{"b", {}, 1}}), unknown_member_id);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {{"", {}, -1}}), unknown_member_id);
    EXPECT_EQ(coordinator_.check_fetch("g", std::nullopt, -1), none);
    EXPECT_EQ(coordinator_.check_fetch("g", "a", 99), stale_member_epoch);
    EXPECT_EQ(coordinator_.remove("g"), non_empty_group);
    EXPECT_EQ(coordinator_.describe("g").error, group_id_not_found);
    EXPECT_EQ(coordinator_.describe_consumer("none").error, group_id_not_found);
    const auto left = beat(going_on("a", -1));
    EXPECT_EQ(left.error, none);
    EXPECT_EQ(left.epoch, -1);
    EXPECT_EQ(beat(going_on("a", -1)).error, unknown_member_id);
}

// KIP-1251, each answer as Apache Kafka 4.3.1 gave it to the same requests.
TEST_F(ConsumerGroups, CommitsOfAnEarlierEpoch) {
    const Uuid t = id_of(1);
    const auto commit = [&](const std::string& member, std::int32_t epoch, const PartitionSet& what) {
        return coordinator_.check_commit(now_, "g",
                                         {.who = {member, {}, epoch}, .partitions = [&] { return what; }});
    };
    const auto a = beat(joining("a"));
    EXPECT_EQ(commit("a", a.epoch, *a.assignment), none);
    EXPECT_EQ(commit("a", a.epoch - 1, *a.assignment), stale_member_epoch);
    EXPECT_EQ(commit("a", a.epoch + 1, *a.assignment), stale_member_epoch);
    const auto b = beat(joining("b"));
    const auto asked = beat(going_on("a", a.epoch, *a.assignment));
    const PartitionSet& kept = *asked.assignment;
    PartitionSet lost = *a.assignment;
    for (const std::int32_t p : kept.at(t)) lost[t].erase(p);
    EXPECT_EQ(commit("a", a.epoch, *a.assignment), none) << "it has not yet given them up";
    const auto revoked = beat(going_on("a", a.epoch, kept));
    ASSERT_GT(revoked.epoch, a.epoch);
    EXPECT_EQ(commit("a", a.epoch, kept), none);
    EXPECT_EQ(commit("a", a.epoch, lost), stale_member_epoch);
    EXPECT_EQ(commit("a", a.epoch, *a.assignment), stale_member_epoch);
    EXPECT_EQ(commit("a", a.epoch - 1, kept), stale_member_epoch);
    EXPECT_EQ(commit("a", revoked.epoch, lost), none) << "in its own epoch it may commit anything";
    const auto got = beat(going_on("b", b.epoch, PartitionSet{}));
    EXPECT_EQ(commit("b", got.epoch - 1, *got.assignment), stale_member_epoch);
    // One more comes: what is to be given up counts as long as it is there, from the epoch it was got in.
    beat(joining("c"));
    const auto again = beat(going_on("a", revoked.epoch, kept));
    ASSERT_EQ(count_of(*again.assignment), 2U);
    ASSERT_EQ(again.epoch, revoked.epoch);
    EXPECT_EQ(commit("a", a.epoch, kept), none);
    // What else is asked of who commits.
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {"a", {}, again.epoch}, .modern = false}),
              unsupported_version);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {"", {}, -1}, .transactional = true}), none);
    EXPECT_EQ(coordinator_.check_commit(now_, "g", {.who = {"a", {}, -1}, .transactional = true}),
              stale_member_epoch);
    EXPECT_EQ(coordinator_.check_fetch("g", "a", a.epoch), stale_member_epoch);
    EXPECT_EQ(coordinator_.check_fetch("g", "a", again.epoch), none);
    for (const char* member : {"a", "b", "c"}) EXPECT_EQ(beat(going_on(member, -1)).error, none);
}

TEST_F(ConsumerGroups, WhoTakesAStaticPlaceCommitsFromTheStart) {
    const auto commit = [&](const std::string& member, std::int32_t epoch) {
        return coordinator_.check_commit(now_, "g", {.who = {member, "one", epoch}, .partitions = [] {
                                                         return PartitionSet{{id_of(1), {0}}};
                                                     }});
    };
    auto r = joining("a");
    r.instance_id = "one";
    const auto first = beat(r);
    auto leaves = going_on("a", -2);
    leaves.instance_id = "one";
    ASSERT_EQ(beat(leaves).error, none);
    EXPECT_EQ(commit("a", first.epoch), stale_member_epoch);
    r.member_id = "b";
    const auto second = beat(r);
    EXPECT_EQ(second.epoch, first.epoch);
    EXPECT_EQ(commit("b", second.epoch - 1), none);
    EXPECT_EQ(commit("b", 0), none);
    EXPECT_EQ(commit("a", first.epoch), unknown_member_id);
    // With nobody in it, it is still a group of the new protocol.
    leaves.member_id = "b";
    leaves.epoch = -1;
    leaves.group = "g";
    ASSERT_EQ(beat(leaves).error, none);
    EXPECT_EQ(commit("b", second.epoch), group_id_not_found) << "no offsets: it is forgotten at once";
}

TEST_F(ConsumerGroups, WhatIsNoLongerSubscribedToIsGivenUpAtOnce) {
    topics_ = make_topics({{"t", 6}, {"u", 2}});
    const auto a = beat(joining("a", {"t", "u"}));
    ASSERT_EQ(count_of(*a.assignment), 8U);
    beat(joining("b"));
    const auto asked = beat(going_on("a", a.epoch, *a.assignment));
    ASSERT_LT(count_of(*asked.assignment), 8U);
    // It still gives up what b is to get, and changes its mind meanwhile.
    auto changed = going_on("a", a.epoch, *a.assignment);
    changed.topic_names = {"t"};
    const auto next = beat(changed);
    EXPECT_EQ(next.epoch, a.epoch);
    ASSERT_TRUE(next.assignment);
    EXPECT_FALSE(next.assignment->contains(id_of(2)));
}

TEST_F(ConsumerGroups, StaticMembersKeepTheirPlace) {
    auto r = joining("a");
    r.instance_id = "one";
    const auto first = beat(r);
    ASSERT_EQ(first.error, none);
    r.member_id = "b";
    EXPECT_EQ(beat(r).error, unreleased_instance_id);
    auto go = going_on("a", -2);
    EXPECT_EQ(beat(go).error, invalid_request);
    go.instance_id = "one";
    EXPECT_EQ(beat(go).epoch, -2);
    EXPECT_EQ(coordinator_.describe_consumer("g").members.size(), 1U);
    const auto again = beat(r);
    EXPECT_EQ(again.error, none);
    EXPECT_EQ(again.epoch, first.epoch);  // no rebalance
    EXPECT_EQ(again.assignment, first.assignment);
    auto old = going_on("a", first.epoch);
    old.instance_id = "one";
    EXPECT_EQ(beat(old).error, fenced_instance_id);
    old.instance_id = "two";
    EXPECT_EQ(beat(old).error, unknown_member_id);
    // Gone for longer than its session.
    go.member_id = "b";
    EXPECT_EQ(beat(go).error, none);
    pass(50'000);
    EXPECT_TRUE(coordinator_.describe_consumer("g").members.empty());
}

TEST_F(ConsumerGroups, TopicsAndExpressions) {
    auto r = joining("a", {});
    r.topic_names.reset();
    r.regex = "t.*";
    const auto first = beat(r);
    EXPECT_EQ(count_of(first.assignment.value_or(PartitionSet{})), 6U);
    topics_ = make_topics({{"t", 6}, {"t2", 2}, {"x", 3}});
    const auto more = beat(going_on("a", first.epoch, *first.assignment));
    ASSERT_TRUE(more.assignment);
    EXPECT_EQ(count_of(*more.assignment), 8U);
    EXPECT_GT(more.epoch, first.epoch);
    topics_ = make_topics({{"t", 6}});
    const auto fewer = beat(going_on("a", more.epoch, *more.assignment));
    ASSERT_TRUE(fewer.assignment);
    EXPECT_EQ(count_of(*fewer.assignment), 6U);
    EXPECT_EQ(coordinator_.describe_consumer("g").members[0].regex, "t.*");
}

TEST_F(ConsumerGroups, ExpressionsMeanWhatTheMemberMaySee) {
    topics_ = make_topics({{"t", 6}, {"t2", 2}, {"x", 3}});
    std::set<std::string> hidden = {"t2"};
    int asked = 0;
    const MayDescribe may = [&](const std::string& topic) {
        ++asked;
        return !hidden.contains(topic);
    };
    auto r = joining("a", {});
    r.topic_names.reset();
    r.regex = "t.*";
    r.may_describe = may;
    auto at = beat(r);
    EXPECT_EQ(count_of(at.assignment.value_or(PartitionSet{})), 6U);
    EXPECT_EQ(asked, 2) << "only of topics that match";
    const auto go_on = [&] {
        auto next = going_on("a", at.epoch, at.assignment);
        next.may_describe = may;
        auto answer = beat(next);
        EXPECT_EQ(answer.error, none);
        if (!answer.assignment) answer.assignment = at.assignment;
        at = answer;
        return count_of(*at.assignment);
    };
    // Who may see what is looked at again with new topics …
    hidden.clear();
    EXPECT_EQ(go_on(), 6U);
    EXPECT_EQ(asked, 2);
    topics_ = make_topics({{"t", 6}, {"t2", 2}, {"x", 4}});
    EXPECT_EQ(go_on(), 8U);
    // … and every ten minutes.
    hidden.insert("t");
    for (int i = 0; i < 19; ++i) {
        pass(30'000);
        EXPECT_EQ(go_on(), 8U) << i;
    }
    pass(30'000);
    EXPECT_EQ(go_on(), 2U);
    // A name said outright is the handler's to refuse.
    auto named = going_on("a", at.epoch, at.assignment);
    named.topic_names = {"t"};
    named.may_describe = may;
    EXPECT_EQ(count_of(beat(named).assignment.value_or(PartitionSet{})), 8U);
}

TEST_F(ConsumerGroups, AnExpressionComesToMeanWhatOthersName) {
    topics_ = make_topics({{"t", 1}, {"t2", 4}});
    std::set<std::string> hidden = {"t2"};
    auto r = joining("a", {});
    r.topic_names.reset();
    r.regex = "t.*";
    r.may_describe = [&](const std::string& topic) { return !hidden.contains(topic); };
    const auto a = beat(r);
    const auto b = beat(joining("b", {"t2"}));
    EXPECT_EQ(count_of(b.assignment.value()), 4U);
    const auto epoch = coordinator_.describe_consumer("g").group_epoch;
    hidden.clear();
    for (int i = 0; i < 20; ++i) {
        pass(30'000);
        beat(going_on("b", coordinator_.describe_consumer("g").members.at(1).epoch));
        auto next = going_on("a", coordinator_.describe_consumer("g").members.at(0).epoch);
        next.may_describe = r.may_describe;
        ASSERT_EQ(beat(next).error, none);
    }
    EXPECT_GT(coordinator_.describe_consumer("g").group_epoch, epoch);
    EXPECT_EQ(coordinator_.describe_consumer("g").members.at(0).target.size(), 2U);
}

TEST(Assignors, RangeGivesNeighbours) {
    const Uuid t = id_of(1);
    const Uuid u = id_of(2);
    const auto out =
        assign_range({{"b", "b", {t, u}, {}}, {"a", "a", {t, u}, {}}, {"c", "c", {t}, {}}}, {{t, 7}, {u, 2}});
    EXPECT_EQ(out.at("a"), (PartitionSet{{t, {0, 1, 2}}, {u, {0}}}));
    EXPECT_EQ(out.at("b"), (PartitionSet{{t, {3, 4}}, {u, {1}}}));
    EXPECT_EQ(out.at("c"), (PartitionSet{{t, {5, 6}}}));
}

TEST(Assignors, UniformIsEvenAndSticky) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        AssignedTopics topics;
        const int topic_count = 1 + static_cast<int>(random() % 4);
        for (int i = 0; i < topic_count; ++i) topics[id_of(i)] = static_cast<std::int32_t>(random() % 12);
        std::vector<AssignedMember> members(1 + random() % 6);
        const bool alike = random() % 2 == 0;
        for (std::size_t i = 0; i < members.size(); ++i) {
            members[i].id = fmt::format("m{}", i);
            for (const auto& [topic, n] : topics) {
                if (alike || random() % 2 == 0) members[i].topics.insert(topic);
            }
        }
        auto first = assign_uniform(members, topics);
        std::set<std::pair<Uuid, std::int32_t>> seen;
        for (const auto& member : members) {
            for (const auto& [topic, partitions] : first.at(member.id)) {
                EXPECT_TRUE(member.topics.contains(topic));
                for (const auto p : partitions) EXPECT_TRUE(seen.emplace(topic, p).second);
            }
            for (const auto& other : members) {
                if (!alike) break;
                EXPECT_LE(count_of(first.at(member.id)), count_of(first.at(other.id)) + 1);
            }
        }
        std::size_t wanted = 0;
        for (const auto& [topic, n] : topics) {
            const bool any = std::any_of(members.begin(), members.end(),
                                         [&](const auto& m) { return m.topics.contains(topic); });
            if (any) wanted += static_cast<std::size_t>(n);
        }
        EXPECT_EQ(seen.size(), wanted);
        // Nobody has anything moved for nothing.
        for (auto& member : members) member.current = first.at(member.id);
        EXPECT_EQ(assign_uniform(members, topics), first);
    }
}

/// Members as a client library makes them: own what they were told, revoke at their own pace, sometimes lose
/// an answer, sometimes vanish; and the coordinator is restarted now and then.
class History {
  public:
    explicit History(unsigned seed) : random_(seed) { start(); }
    void run() {
        for (int i = 0; i < 400 && !::testing::Test::HasFailure(); ++i) step();
        for (int i = 0; i < 60; ++i) {
            for (auto& [id, client] : clients_) beat(id, client, false);
            advance(1'000);
        }
        check_rest();
    }

  private:
    struct Client {
        std::int32_t epoch = 0;
        PartitionSet owned;
        bool patient = false;
    };
    static CoordinatorOptions options() {
        CoordinatorOptions o;
        o.consumer_session_timeout_ms = 20'000;
        return o;
    }
    void start() {
        coordinator_ = std::make_unique<Coordinator>(
            options(), [] { return std::string("made"); }, [](std::string_view) { return false; },
            [] { return std::vector<std::string>(); });
        coordinator_->set_topics([this] { return topics_; });
        coordinator_->set_store(store_.writer());
        EXPECT_TRUE(coordinator_->restore(now_, store_.groups()).empty());
    }
    /// What was not yet durable is lost; nobody has been told of it.
    void restart() {
        store_.crash();
        store_.hold = false;
        start();
    }
    std::size_t pick(std::size_t n) { return random_() % n; }
    void advance(std::int64_t ms) {
        now_ += ms;
        coordinator_->tick(now_);
    }
    void step() {
        switch (pick(12)) {
            case 0:
                if (clients_.size() < 6) clients_[fmt::format("m{}", next_++)];
                return;
            case 1:
                if (clients_.empty() || pick(3) != 0) return;
                clients_.erase(
                    std::next(clients_.begin(), static_cast<std::ptrdiff_t>(pick(clients_.size()))));
                // It died without a word: only its session ends it.
                return;
            case 2:
                topics_ =
                    make_topics({{"t", static_cast<int>(1 + pick(9))}, {"u", static_cast<int>(1 + pick(5))}});
                return;
            case 3:
                return pick(4) == 0 ? restart() : void();
            case 4:
                return advance(static_cast<std::int64_t>(pick(2'000)));
            default: {
                if (clients_.empty()) return;
                auto it = std::next(clients_.begin(), static_cast<std::ptrdiff_t>(pick(clients_.size())));
                return beat(it->first, it->second, pick(8) == 0);
            }
        }
    }
    void beat(const std::string& id, Client& client, bool lose_answer) {
        ConsumerHeartbeat r;
        r.group = "g";
        r.member_id = id;
        r.epoch = client.epoch;
        if (client.epoch == 0) {
            r.rebalance_timeout_ms = 60'000;
            r.topic_names = {"t", "u"};
            client.owned.clear();
        }
        r.owned = client.owned;
        store_.hold = lose_answer && pick(2) == 0;
        const auto answer = coordinator_->consumer_heartbeat(now_, r);
        if (store_.hold) return restart();
        if (lose_answer) return;
        if (answer.error != none) {
            ASSERT_TRUE(answer.error == fenced_member_epoch || answer.error == unknown_member_id ||
                        answer.error == group_id_not_found)
                << to_string(answer.error);
            client.epoch = 0;
            client.owned.clear();
            return;
        }
        client.epoch = answer.epoch;
        if (answer.assignment) client.owned = *answer.assignment;
        // Two living members that believe themselves in the group never own the same.
        std::map<std::pair<Uuid, std::int32_t>, std::string> owners;
        for (const auto& [other, state] : clients_) {
            if (state.epoch <= 0) continue;
            for (const auto& [topic, partitions] : state.owned) {
                for (const auto p : partitions) {
                    const auto [at, first] = owners.emplace(std::pair(topic, p), other);
                    if (first) continue;
                    // Unless one of them is out of the group and does not know yet.
                    EXPECT_TRUE(coordinator_->check_fetch("g", other, state.epoch) != none ||
                                coordinator_->check_fetch("g", at->second, clients_.at(at->second).epoch) !=
                                    none)
                        << other << " and " << at->second << " own partition " << p;
                }
            }
        }
    }
    void check_rest() {
        std::set<std::pair<Uuid, std::int32_t>> owned;
        std::size_t least = SIZE_MAX;
        std::size_t most = 0;
        for (const auto& [id, client] : clients_) {
            least = std::min(least, count_of(client.owned));
            most = std::max(most, count_of(client.owned));
            for (const auto& [topic, partitions] : client.owned) {
                for (const auto p : partitions) EXPECT_TRUE(owned.emplace(topic, p).second);
            }
        }
        if (clients_.empty()) return;
        std::size_t total = 0;
        for (const auto& [name, topic] : topics_->by_name) total += topic->partitions.size();
        EXPECT_EQ(owned.size(), total);
        EXPECT_LE(most, least + 1);
        EXPECT_EQ(coordinator_->describe_consumer("g").state, "Stable");
        // And at rest a restart changes nothing.
        const int writes = store_.writes;
        restart();
        for (auto& [id, client] : clients_) beat(id, client, false);
        EXPECT_EQ(store_.writes, writes);
        EXPECT_EQ(coordinator_->describe_consumer("g").state, "Stable");
    }

    std::mt19937 random_;
    std::int64_t now_ = 0;
    int next_ = 0;
    std::shared_ptr<const TopicsView> topics_ = make_topics({{"t", 4}, {"u", 3}});
    MemoryStore store_{now_};
    std::unique_ptr<Coordinator> coordinator_;
    std::map<std::string, Client> clients_;
};

TEST(ConsumerGroupHistory, NeverTwoOwnersAndAlwaysRest) {
    const char* given = std::getenv("SEED");
    for (int round = 0; round < 200 && !::testing::Test::HasFailure(); ++round) {
        const unsigned seed =
            given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
        SCOPED_TRACE(fmt::format("SEED={}", seed));
        History(seed).run();
    }
}

}  // namespace
}  // namespace mr::broker::groups
