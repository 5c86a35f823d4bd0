// Groups across a restart: members, generations and assignments are where they were, what was not durable had
// not been said, and what cannot be kept is lost without harm.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "broker/groups/memory_store.h"

namespace mr::broker::groups {
namespace {

using enum KafkaError;

Uuid topic_id(int n) {
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
        topic->id = topic_id(++n);
        topic->name = name;
        topic->partitions.resize(static_cast<std::size_t>(count));
        view->by_id.emplace(topic->id, topic);
        view->by_name.emplace(name, std::move(topic));
    }
    return view;
}

std::shared_ptr<const TopicsView> one_topic(int partitions) {
    return make_topics({{"t", partitions}});
}

class Restarts : public ::testing::Test {
  protected:
    using Joined = std::shared_ptr<std::optional<JoinResponse>>;
    using Synced = std::shared_ptr<std::optional<SyncResponse>>;

    Restarts() { start(); }
    void start() {
        coordinator_ = std::make_unique<Coordinator>(
            options_, [this] { return fmt::format("id{}", ++ids_); },
            [this](std::string_view g) { return with_offsets_.contains(std::string(g)); },
            [this] { return std::vector<std::string>(with_offsets_.begin(), with_offsets_.end()); });
        coordinator_->set_topics([this] { return topics_; });
        coordinator_->set_store(store_.writer());
        unreadable_ = coordinator_->restore(now_, store_.groups());
    }
    /// kill -9: what waited for the disk is lost.
    void restart() {
        store_.crash();
        now_ += 1'000;
        start();
    }
    void pass(std::int64_t ms) {
        now_ += ms;
        coordinator_->tick(now_);
    }
    static JoinRequest request(const std::string& member) {
        JoinRequest r;
        r.group = "g";
        r.member_id = member;
        r.client_id = "client";
        r.client_host = "/127.0.0.1";
        r.protocol_type = "consumer";
        r.protocols = {{"range", "subscription"}};
        r.session_timeout_ms = 10'000;
        r.rebalance_timeout_ms = 30'000;
        return r;
    }
    Joined join(JoinRequest r) {
        auto slot = std::make_shared<std::optional<JoinResponse>>();
        coordinator_->join(now_, std::move(r),
                           [slot](JoinResponse response) { *slot = std::move(response); });
        return slot;
    }
    Synced sync(const std::string& member, std::int32_t generation,
                std::vector<Assignment> assignments = {}) {
        auto slot = std::make_shared<std::optional<SyncResponse>>();
        SyncRequest r{"g", generation, member, {}, {}, {}, std::move(assignments)};
        coordinator_->sync(now_, std::move(r),
                           [slot](SyncResponse response) { *slot = std::move(response); });
        return slot;
    }
    KafkaError beat(const std::string& member, std::int32_t generation) {
        return coordinator_->heartbeat(now_, "g", {member, {}, generation});
    }
    /// One member with an assignment, in generation 1.
    std::string settled(std::optional<std::string> instance = {}) {
        auto r = request("");
        r.instance_id = std::move(instance);
        const std::string id = (*join(r))->member_id;
        EXPECT_EQ((*sync(id, 1, {{id, "mine"}}))->assignment, "mine");
        return id;
    }
    static std::string shown(const DescribedGroup& g) {
        std::string out = fmt::format("{} {} {} {}", g.group, g.state, g.protocol_type, g.protocol);
        for (const auto& m : g.members) {
            out += fmt::format("; {} {} {} {} {} {}", m.member_id, m.instance_id.value_or("-"), m.client_id,
                               m.client_host, m.metadata, m.assignment);
        }
        return out;
    }
    static std::string shown(const PartitionSet& set) {
        std::string out;
        for (const auto& [topic, partitions] : set) {
            for (const auto p : partitions) out += fmt::format(" {}", p);
        }
        return out;
    }
    static std::string shown(const DescribedConsumerGroup& g) {
        std::string out = fmt::format("{} {} {} {}", g.state, g.group_epoch, g.assignment_epoch, g.assignor);
        for (const auto& m : g.members) {
            out += fmt::format("; {} {} {} {} {} {} {} of", m.member_id, m.instance_id.value_or("-"),
                               m.rack_id.value_or("-"), m.epoch, m.client_id, m.client_host, m.regex);
            for (const auto& name : m.topic_names) out += " " + name;
            for (const auto* list : {&m.assigned, &m.target}) {
                out += ":";
                for (const auto& t : *list) {
                    for (const auto p : t.partitions) out += fmt::format(" {}-{}", t.name, p);
                }
            }
        }
        return out;
    }

    static ConsumerHeartbeat joining(const std::string& member) {
        ConsumerHeartbeat r;
        r.group = "g";
        r.member_id = member;
        r.rebalance_timeout_ms = 10'000;
        r.topic_names = {"t"};
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
        r.client_id = "client";
        return r;
    }
    ConsumerHeartbeatAnswer beat(ConsumerHeartbeat r) {
        return coordinator_->consumer_heartbeat(now_, std::move(r));
    }

    CoordinatorOptions options_ = [] {
        CoordinatorOptions o;
        o.initial_rebalance_delay_ms = 0;
        return o;
    }();
    int ids_ = 0;
    std::int64_t now_ = 1'000;
    std::set<std::string> with_offsets_;
    std::shared_ptr<const TopicsView> topics_ = one_topic(6);
    MemoryStore store_{now_};
    std::unique_ptr<Coordinator> coordinator_;
    std::vector<std::string> unreadable_;
};

TEST_F(Restarts, MembersGoOnInTheirGeneration) {
    const std::string a = settled();
    auto second = join(request(""));
    auto again = join(request(a));
    ASSERT_TRUE(*second && *again);
    const std::string b = (*second)->member_id;
    auto waits = sync(b, 2);
    sync(a, 2, {{a, "half"}, {b, "other"}});
    ASSERT_TRUE(*waits);
    const std::string before = shown(coordinator_->describe("g"));
    restart();
    EXPECT_EQ(shown(coordinator_->describe("g")), before);
    EXPECT_EQ(beat(a, 2), none);
    EXPECT_EQ(beat(b, 2), none);
    EXPECT_EQ((*sync(b, 2))->assignment, "other");
    EXPECT_EQ(coordinator_->check_commit(now_, "g", {{b, {}, 2}}), none);
    // Who was fenced stays it.
    EXPECT_EQ(beat(a, 1), illegal_generation);
    EXPECT_EQ(coordinator_->check_commit(now_, "g", {{a, {}, 1}}), illegal_generation);
    EXPECT_EQ(coordinator_->check_commit(now_, "g", {{"", {}, -1}}), unknown_member_id);
    EXPECT_EQ(beat("nobody", 2), unknown_member_id);
    EXPECT_TRUE(coordinator_->active("g"));
    std::vector<std::string> subscribed;
    EXPECT_EQ(coordinator_->check_offset_delete("g", subscribed), none);
    // The next to come makes the next generation.
    auto third = join(request(""));
    EXPECT_EQ(beat(a, 2), rebalance_in_progress);
    join(request(b));
    EXPECT_EQ((*join(request(a)))->generation, 3);
    EXPECT_TRUE(*third);
}

TEST_F(Restarts, SessionsBeginAnew) {
    const std::string a = settled();
    pass(9'000);
    restart();
    pass(9'000);
    EXPECT_EQ(beat(a, 1), none);
    restart();
    EXPECT_EQ(coordinator_->next_deadline(), now_ + 10'000);
    pass(10'001);
    EXPECT_EQ(coordinator_->describe("g").state, "Dead");
    EXPECT_TRUE(store_.groups().empty());
}

TEST_F(Restarts, ARebalanceThatHadNotEndedNeverWas) {
    const std::string a = settled();
    auto second = join(request(""));
    auto again = join(request(a));
    const std::string b = (*second)->member_id;
    ASSERT_EQ((*again)->generation, 2);
    store_.hold = true;
    auto waits = sync(b, 2);
    auto leads = sync(a, 2, {{a, "half"}, {b, "other"}});
    EXPECT_FALSE(*waits || *leads);  // not before it is durable
    EXPECT_EQ(coordinator_->describe("g").state, "CompletingRebalance");
    EXPECT_EQ(beat(b, 2), none);
    restart();
    store_.hold = false;
    EXPECT_EQ(beat(a, 2), illegal_generation);
    EXPECT_EQ(beat(b, 2), unknown_member_id);
    EXPECT_EQ(beat(a, 1), none);
    EXPECT_EQ((*sync(a, 1))->assignment, "mine");
}

TEST_F(Restarts, SyncIsAnsweredOnceItIsDurable) {
    store_.hold = true;
    const std::string a = (*join(request("")))->member_id;
    auto first = sync(a, 1, {{a, "mine"}});
    auto retry = sync(a, 1, {{a, "other"}});
    EXPECT_EQ((*first)->error, rebalance_in_progress);
    EXPECT_FALSE(*retry);
    store_.flush();
    ASSERT_TRUE(*retry);
    EXPECT_EQ((*retry)->assignment, "mine");
    EXPECT_EQ(store_.writes, 1);
}

TEST_F(Restarts, AJoinWhileItIsBeingWrittenBeginsTheNext) {
    store_.hold = true;
    const std::string a = (*join(request("")))->member_id;
    auto first = sync(a, 1, {{a, "mine"}});
    auto second = join(request(""));
    EXPECT_EQ((*first)->error, rebalance_in_progress);
    auto again = join(request(a));
    const std::string b = (*second)->member_id;
    auto leads = sync(a, 2, {{a, "half"}, {b, "other"}});
    auto waits = sync(b, 2);
    // The first is durable now; the second is what they wait for.
    store_.flush_one();
    EXPECT_FALSE(*leads || *waits);
    EXPECT_EQ(coordinator_->describe("g").state, "CompletingRebalance");
    store_.flush();
    ASSERT_TRUE(*leads && *waits);
    EXPECT_EQ((*waits)->assignment, "other");
    restart();
    EXPECT_EQ(beat(b, 2), none);
}

TEST_F(Restarts, AStaticMembersNewIdIsDurableBeforeItHearsIt) {
    const std::string a = settled("s1");
    auto r = request("");
    r.instance_id = "s1";
    store_.hold = true;
    auto back = join(r);
    EXPECT_FALSE(*back);
    restart();
    EXPECT_EQ(coordinator_->heartbeat(now_, "g", {a, "s1", 1}), none);
    auto once_more = join(r);
    store_.flush();
    ASSERT_TRUE(*once_more);
    const std::string b = (*once_more)->member_id;
    EXPECT_EQ((*once_more)->generation, 1);
    restart();
    store_.hold = false;
    EXPECT_EQ(coordinator_->heartbeat(now_, "g", {a, "s1", 1}), fenced_instance_id);
    EXPECT_EQ(coordinator_->heartbeat(now_, "g", {b, "s1", 1}), none);
    EXPECT_EQ((*sync(b, 1))->assignment, "mine");
    // And without its id it takes its place again.
    EXPECT_EQ((*join(r))->generation, 1);
    // Somebody else takes it away while its answer waits.
    store_.hold = true;
    auto late = join(r);
    EXPECT_EQ(coordinator_->leave(now_, "g", {{"", "s1"}}).members[0].error, none);
    coordinator_->forget_unused();
    ASSERT_TRUE(*late);
    EXPECT_EQ((*late)->error, unknown_member_id);
}

TEST_F(Restarts, AnEmptyGroupRemembersItsGeneration) {
    with_offsets_ = {"g"};
    const std::string a = settled();
    store_.hold = true;
    EXPECT_EQ(coordinator_->leave(now_, "g", {{a, {}}}).members[0].error, none);
    bool told = false;
    coordinator_->when_stored("g", [&] { told = true; });
    EXPECT_FALSE(told);
    store_.flush();
    EXPECT_TRUE(told);
    store_.hold = false;
    restart();
    EXPECT_EQ(coordinator_->describe("g").state, "Empty");
    EXPECT_EQ(coordinator_->describe("g").protocol_type, "consumer");
    EXPECT_EQ(beat(a, 1), unknown_member_id);
    EXPECT_EQ((*join(request("")))->generation, 3);
}

TEST_F(Restarts, NothingIsLeftOfAGroupThatIsGone) {
    settled();
    EXPECT_EQ(store_.groups().size(), 1U);
    EXPECT_EQ(coordinator_->remove("g"), non_empty_group);
    (void)coordinator_->leave(now_, "g", {{"", {}}, {"client-id1", {}}});
    coordinator_->forget_unused();
    EXPECT_TRUE(store_.groups().empty());
    EXPECT_EQ(coordinator_->describe("g").state, "Dead");

    with_offsets_ = {"g"};
    const std::string b = settled();
    (void)coordinator_->leave(now_, "g", {{b, {}}});
    coordinator_->forget_unused();
    EXPECT_EQ(store_.groups().size(), 1U);
    EXPECT_EQ(coordinator_->remove("g"), none);
    EXPECT_TRUE(store_.groups().empty());
    bool told = false;
    coordinator_->when_stored("g", [&] { told = true; });
    EXPECT_TRUE(told);
}

TEST_F(Restarts, WhatIsTooLargeToBeWrittenWorksOn) {
    options_.stored_bytes_max = 190;
    start();
    const std::string a = settled();
    EXPECT_EQ(store_.groups().size(), 1U);
    auto large = request("");
    large.protocols[0].metadata = std::string(200, 'x');
    auto second = join(large);
    auto again = join(request(a));
    const std::string b = (*second)->member_id;
    auto waits = sync(b, 2);
    sync(a, 2, {{a, "half"}, {b, "other"}});
    ASSERT_TRUE(*waits);
    EXPECT_EQ((*waits)->assignment, "other");
    EXPECT_TRUE(store_.groups().empty());  // generation 1 would be wrong
    (void)coordinator_->leave(now_, "g", {{b, {}}});
    EXPECT_EQ((*join(request(a)))->generation, 3);
    EXPECT_EQ((*sync(a, 3, {{a, "mine"}}))->error, none);
    EXPECT_EQ(store_.groups().size(), 1U);
    restart();
    EXPECT_EQ(beat(a, 3), none);

    // And of the new protocol.
    EXPECT_EQ(coordinator_->leave(now_, "g", {{a, {}}}).members[0].error, none);
    const auto first = beat(joining("m1"));
    EXPECT_EQ(store_.groups().at("g")->type, GroupType::consumer);
    beat(joining("m2"));
    EXPECT_TRUE(store_.groups().empty());
    EXPECT_EQ(beat(going_on("m2", -1)).error, none);
    EXPECT_EQ(store_.groups().size(), 1U);
    restart();
    EXPECT_EQ(beat(going_on("m1", first.epoch, *first.assignment)).error, none);
}

TEST_F(Restarts, WhatAnExpressionMeansToAMemberIsKnownStill) {
    topics_ = make_topics({{"t", 6}, {"t2", 2}});
    const MayDescribe may = [](const std::string& topic) { return topic != "t2"; };
    auto r = joining("a");
    r.topic_names.reset();
    r.regex = "t.*";
    r.may_describe = may;
    const auto first = beat(r);
    EXPECT_EQ(shown(first.assignment.value()), " 0 1 2 3 4 5");
    const std::string before = shown(coordinator_->describe_consumer("g"));
    restart();
    EXPECT_EQ(shown(coordinator_->describe_consumer("g")), before);
    auto next = going_on("a", first.epoch, first.assignment);
    next.may_describe = may;
    const auto again = beat(next);
    EXPECT_EQ(again.epoch, first.epoch);
    EXPECT_FALSE(again.assignment);
}

TEST_F(Restarts, MembersOfTheNewProtocolGoOnInTheirEpochs) {
    const auto a = beat(joining("a"));
    beat(joining("b"));
    const auto asked = beat(going_on("a", a.epoch, *a.assignment));
    // In the middle of it: a has partitions to give up, b waits for them.
    std::string before = shown(coordinator_->describe_consumer("g"));
    restart();
    EXPECT_EQ(shown(coordinator_->describe_consumer("g")), before);
    EXPECT_EQ(beat(going_on("a", a.epoch, *a.assignment)).epoch, a.epoch);  // has not given them up
    const auto revoked = beat(going_on("a", a.epoch, *asked.assignment));
    EXPECT_GT(revoked.epoch, a.epoch);
    const auto got = beat(going_on("b", revoked.epoch, PartitionSet{}));
    ASSERT_TRUE(got.assignment);
    EXPECT_EQ(shown(*got.assignment).size(), 6U);
    EXPECT_EQ(coordinator_->describe_consumer("g").state, "Stable");
    // At rest nothing is written, and nothing happens at a restart.
    const int writes = store_.writes;
    EXPECT_EQ(beat(going_on("a", revoked.epoch)).error, none);
    EXPECT_EQ(beat(going_on("b", got.epoch)).error, none);
    EXPECT_EQ(store_.writes, writes);
    before = shown(coordinator_->describe_consumer("g"));
    restart();
    EXPECT_EQ(shown(coordinator_->describe_consumer("g")), before);
    const auto next = beat(going_on("b", got.epoch));
    EXPECT_EQ(next.epoch, got.epoch);
    EXPECT_FALSE(next.assignment);
    EXPECT_EQ(store_.writes, writes);
    EXPECT_EQ(beat(going_on("a", 1)).error, fenced_member_epoch);
    EXPECT_EQ(coordinator_->check_commit(now_, "g", {{"a", {}, 1}}), stale_member_epoch);
    // In which epoch a partition was got is known still.
    const auto commit = [&](const std::string& member, std::int32_t epoch, const PartitionSet& what) {
        return coordinator_->check_commit(now_, "g",
                                          {.who = {member, {}, epoch}, .partitions = [&] { return what; }});
    };
    EXPECT_EQ(commit("a", a.epoch, *asked.assignment), none);
    EXPECT_EQ(commit("a", a.epoch, *got.assignment), stale_member_epoch);
    EXPECT_EQ(commit("b", a.epoch, *got.assignment), stale_member_epoch);
    // Who does not come back is out.
    pass(44'000);
    EXPECT_EQ(beat(going_on("b", got.epoch)).error, none);
    pass(2'000);
    EXPECT_EQ(coordinator_->describe_consumer("g").members.size(), 1U);
    EXPECT_EQ(store_.groups().at("g")->members.size(), 1U);
}

TEST_F(Restarts, TopicsThatChangedMeanwhileAreNoticed) {
    const auto a = beat(joining("a"));
    topics_ = one_topic(9);
    restart();
    const auto more = beat(going_on("a", a.epoch, *a.assignment));
    EXPECT_GT(more.epoch, a.epoch);
    ASSERT_TRUE(more.assignment);
    EXPECT_EQ(more.assignment->at(topic_id(1)).size(), 9U);
}

TEST_F(Restarts, AStaticMemberThatLeftForAWhileHasItsPlace) {
    auto r = joining("a");
    r.instance_id = "one";
    const auto first = beat(r);
    auto go = going_on("a", -2);
    go.instance_id = "one";
    EXPECT_EQ(beat(go).error, none);
    restart();
    r.member_id = "b";
    const auto back = beat(r);
    EXPECT_EQ(back.epoch, first.epoch);
    EXPECT_EQ(back.assignment, first.assignment);
    restart();
    auto old = going_on("a", first.epoch);
    old.instance_id = "one";
    EXPECT_EQ(beat(old).error, fenced_instance_id);
    EXPECT_EQ(store_.groups().at("g")->members.size(), 1U);
}

TEST_F(Restarts, AGroupThatCannotBeReadIsLeftOut) {
    settled();
    auto damaged = std::make_shared<StoredGroup>(*store_.groups().at("g"));
    damaged->head = "?";
    Coordinator other(
        options_, [] { return std::string("id"); }, [](std::string_view) { return false; },
        [] { return std::vector<std::string>(); });
    MemoryStore store(now_);
    other.set_store(store.writer());
    const auto unreadable = other.restore(now_, {{"g", damaged}});
    ASSERT_EQ(unreadable.size(), 1U);
    EXPECT_TRUE(unreadable[0].starts_with("g: "));
    EXPECT_EQ(store.writes, 1);  // gone
    EXPECT_EQ(other.describe("g").state, "Dead");
    auto twice = std::make_shared<StoredGroup>(*store_.groups().at("g"));
    const std::string body = encode(ClassicBody{"same", "c", "h", 1, 1, "", ""});
    twice->members = {{"a", body}, {"b", body}};
    EXPECT_EQ(other.restore(now_, {{"g", twice}}).size(), 1U);
}

/// Clients of the classic protocol over a coordinator that dies now and then: whoever is told an assignment
/// is told the one that the leader of that generation made, also by the next coordinator.
TEST_F(Restarts, RandomHistories) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("SEED={}", seed));
    std::mt19937 random(seed);
    struct Client {
        std::string id;
        std::int32_t generation = -1;
        Joined joining;
        Synced syncing;
    };
    std::vector<Client> clients(4);
    int plans = 0;
    std::map<std::int32_t, std::string> told;  // whose plan, by generation
    int assigned = 0;
    int kept = 0;
    with_offsets_ = {"g"};
    for (int step = 0; step < 5'000; ++step) {
        Client& c = clients[random() % clients.size()];
        if (c.joining && *c.joining) {
            const JoinResponse& r = **c.joining;
            if (r.error == none) {
                c.id = r.member_id;
                c.generation = r.generation;
                std::vector<Assignment> plan;
                ++plans;
                for (const auto& m : r.members)
                    plan.push_back({m.member_id, fmt::format("{} by {}", m.member_id, plans)});
                c.joining = nullptr;
                c.syncing = sync(c.id, c.generation, plan);
                continue;
            }
            if (r.error == unknown_member_id) c.id.clear();
            c.joining = nullptr;
        }
        if (c.syncing && *c.syncing) {
            if ((*c.syncing)->error == none && !(*c.syncing)->assignment.empty()) {
                const std::string& mine = (*c.syncing)->assignment;
                EXPECT_TRUE(mine.starts_with(c.id + " by ")) << mine;
                const std::string by = mine.substr(mine.rfind(' '));
                EXPECT_EQ(told.emplace(c.generation, by).first->second, by) << "generation " << c.generation;
                ++assigned;
            }
            c.syncing = nullptr;
        }
        switch (random() % 16) {
            case 0:
            case 1:
            case 2:
                if (!c.joining) c.joining = join(request(c.id));
                break;
            case 3:
                if (c.id.empty() || random() % 8 != 0) break;
                (void)coordinator_->leave(now_, "g", {{c.id, {}}});
                c = Client{};
                break;
            case 4:
                pass(static_cast<std::int64_t>(random() % 3'000));
                break;
            case 5:
                store_.hold = random() % 2 == 0;
                if (!store_.hold) store_.flush();
                break;
            case 6: {
                if (random() % 8 != 0) break;
                const bool idle = !store_.hold && coordinator_->describe("g").state == "Stable";
                const std::string before = shown(coordinator_->describe("g"));
                restart();
                if (idle) {
                    EXPECT_EQ(shown(coordinator_->describe("g")), before);
                    ++kept;
                }
                for (auto& other : clients) {
                    other.joining = nullptr;
                    other.syncing = nullptr;
                }
                break;
            }
            default:
                if (!c.id.empty() && beat(c.id, c.generation) == unknown_member_id && !c.joining)
                    c.id.clear();
        }
    }
    EXPECT_GT(assigned, 50);
    EXPECT_GT(kept, 0);
    store_.flush();
    coordinator_->close();
    for (const auto& c : clients) EXPECT_TRUE(!c.joining || *c.joining);
}

}  // namespace
}  // namespace mr::broker::groups
