// ACLs: Kafka's meaning rule by rule, and random sets against a list that is searched from end to end.
#include "security/acl.h"

#include <gtest/gtest.h>

#include <random>

#include "security/authorizer.h"

namespace mr::security {
namespace {

using enum Operation;
constexpr auto topic = ResourceType::topic;
constexpr auto group = ResourceType::group;
constexpr auto cluster = ResourceType::cluster;

constexpr Subject kAlice{"User:alice", "10.0.0.1"};

Acl topic_acl(std::string name, Operation operation, Permission permission = Permission::allow,
              PatternType pattern = PatternType::literal, std::string principal = "User:alice") {
    return {.type = topic,
            .pattern = pattern,
            .name = std::move(name),
            .principal = std::move(principal),
            .host = "*",
            .operation = operation,
            .permission = permission};
}

bool allowed(const std::vector<Acl>& acls, Operation operation, std::string_view name,
             const Subject& who = kAlice) {
    AclSet set;
    for (const Acl& acl : acls) set.add(acl);
    return set.decide(who, operation, topic, name) == AclSet::Answer::allowed;
}

TEST(Acls, LiteralPrefixedAndWildcard) {
    EXPECT_TRUE(allowed({topic_acl("orders", read)}, read, "orders"));
    EXPECT_FALSE(allowed({topic_acl("orders", read)}, read, "orders2"));
    EXPECT_FALSE(allowed({topic_acl("orders", read)}, write, "orders"));
    EXPECT_TRUE(allowed({topic_acl("*", read)}, read, "anything"));
    EXPECT_FALSE(allowed({topic_acl("*", read, Permission::allow, PatternType::prefixed)}, read, "anything"));
    const auto prefixed = topic_acl("ord", read, Permission::allow, PatternType::prefixed);
    EXPECT_TRUE(allowed({prefixed}, read, "ord"));
    EXPECT_TRUE(allowed({prefixed}, read, "orders"));
    EXPECT_FALSE(allowed({prefixed}, read, "or"));
    EXPECT_FALSE(allowed({prefixed}, read, "xord"));
}

TEST(Acls, DenyWins) {
    EXPECT_FALSE(allowed({topic_acl("orders", all), topic_acl("*", read, Permission::deny)}, read, "orders"));
    EXPECT_FALSE(
        allowed({topic_acl("orders", read), topic_acl("o", all, Permission::deny, PatternType::prefixed)},
                read, "orders"));
    EXPECT_TRUE(
        allowed({topic_acl("orders", all), topic_acl("orders", write, Permission::deny)}, read, "orders"));
    EXPECT_FALSE(allowed({topic_acl("orders", all),
                          topic_acl("orders", read, Permission::deny, PatternType::literal, "User:*")},
                         read, "orders"));
    EXPECT_TRUE(allowed({topic_acl("orders", all),
                         topic_acl("orders", read, Permission::deny, PatternType::literal, "User:bob")},
                        read, "orders"));
}

TEST(Acls, ImpliedOperations) {
    for (const Operation operation : {read, write, remove, alter})
        EXPECT_TRUE(allowed({topic_acl("t", operation)}, describe, "t")) << to_string(operation);
    for (const Operation operation :
         {create, cluster_action, alter_configs, describe_configs, idempotent_write})
        EXPECT_FALSE(allowed({topic_acl("t", operation)}, describe, "t")) << to_string(operation);
    EXPECT_TRUE(allowed({topic_acl("t", alter_configs)}, describe_configs, "t"));
    EXPECT_FALSE(allowed({topic_acl("t", describe_configs)}, alter_configs, "t"));
    EXPECT_TRUE(allowed({topic_acl("t", describe), topic_acl("t", read, Permission::deny)}, describe, "t"))
        << "a deny implies nothing";
    EXPECT_TRUE(allowed({topic_acl("t", all)}, alter_configs, "t"));
}

TEST(Acls, HostsAndPrincipals) {
    auto acl = topic_acl("t", read);
    acl.host = "10.0.0.1";
    EXPECT_TRUE(allowed({acl}, read, "t"));
    acl.host = "10.0.0.2";
    EXPECT_FALSE(allowed({acl}, read, "t"));
    EXPECT_FALSE(allowed({topic_acl("t", read)}, read, "t", {"User:bob", "10.0.0.1"}));
    EXPECT_TRUE(allowed({topic_acl("t", read, Permission::allow, PatternType::literal, "User:*")}, read, "t",
                        {"User:bob", "::1"}));
}

TEST(Acls, WhereNoneSpeaks) {
    AclSet set;
    EXPECT_EQ(set.decide(kAlice, read, topic, "t"), AclSet::Answer::none);
    set.add(topic_acl("t", write, Permission::allow, PatternType::literal, "User:bob"));
    EXPECT_EQ(set.decide(kAlice, read, topic, "t"), AclSet::Answer::denied);
    EXPECT_EQ(set.decide(kAlice, read, topic, "other"), AclSet::Answer::none);
    EXPECT_EQ(set.decide(kAlice, read, group, "t"), AclSet::Answer::none);
}

TEST(Acls, SomeResourceOfAType) {
    const auto some = [](const std::vector<Acl>& acls) {
        AclSet set;
        for (const Acl& acl : acls) set.add(acl);
        return set.allows_some(kAlice, write, topic);
    };
    EXPECT_FALSE(some({}));
    EXPECT_FALSE(some({topic_acl("t", read)}));
    EXPECT_TRUE(some({topic_acl("t", write)}));
    EXPECT_TRUE(some({topic_acl("t", all)}));
    EXPECT_TRUE(some({topic_acl("t", write, Permission::allow, PatternType::prefixed)}));
    EXPECT_FALSE(some({topic_acl("t", write), topic_acl("*", write, Permission::deny)}));
    EXPECT_FALSE(some({topic_acl("t", write), topic_acl("t", write, Permission::deny)}));
    EXPECT_FALSE(some({topic_acl("ta", write, Permission::allow, PatternType::prefixed),
                       topic_acl("t", all, Permission::deny, PatternType::prefixed)}));
    EXPECT_TRUE(some({topic_acl("t", write, Permission::allow, PatternType::prefixed),
                      topic_acl("ta", all, Permission::deny, PatternType::prefixed)}));
}

TEST(Acls, Filters) {
    AclSet set;
    set.add(topic_acl("orders", read));
    set.add(topic_acl("*", read));
    set.add(topic_acl("ord", read, Permission::allow, PatternType::prefixed));
    set.add(topic_acl("x", write, Permission::deny, PatternType::literal, "User:bob"));
    EXPECT_EQ(set.size(), 4U);
    EXPECT_EQ(set.find({}).size(), 4U);
    EXPECT_EQ(set.find({.name = "orders"}).size(), 1U);
    EXPECT_EQ(set.find({.pattern = PatternType::match, .name = "orders"}).size(), 3U);
    EXPECT_EQ(set.find({.pattern = PatternType::match, .name = "x"}).size(), 2U);
    EXPECT_EQ(set.find({.pattern = PatternType::prefixed}).size(), 1U);
    EXPECT_EQ(set.find({.principal = "User:bob"}).size(), 1U);
    EXPECT_EQ(set.find({.operation = write, .permission = Permission::allow}).size(), 0U);
    EXPECT_EQ(set.find({.type = group}).size(), 0U);
    EXPECT_FALSE(set.add(topic_acl("orders", read)));
    EXPECT_TRUE(set.remove(topic_acl("orders", read)));
    EXPECT_FALSE(set.remove(topic_acl("orders", read)));
    EXPECT_EQ(set.size(), 3U);
}

TEST(Acls, WhatIsNone) {
    const auto with = [](auto change) {
        Acl acl = topic_acl("t", read);
        change(acl);
        return check_acl(acl).has_value();
    };
    EXPECT_TRUE(with([](Acl&) {}));
    EXPECT_FALSE(with([](Acl& a) { a.name.clear(); }));
    EXPECT_FALSE(with([](Acl& a) { a.principal = "alice"; }));
    EXPECT_FALSE(with([](Acl& a) { a.host.clear(); }));
    EXPECT_FALSE(with([](Acl& a) { a.type = ResourceType::any; }));
    EXPECT_FALSE(with([](Acl& a) { a.type = cluster; }));
    EXPECT_TRUE(with([](Acl& a) { a.type = cluster, a.name = "kafka-cluster"; }));
    EXPECT_FALSE(with([](Acl& a) { a.operation = Operation::any; }));
    EXPECT_FALSE(with([](Acl& a) { a.operation = static_cast<Operation>(99); }));
    EXPECT_FALSE(with([](Acl& a) { a.pattern = PatternType::match; }));
    EXPECT_FALSE(with([](Acl& a) { a.permission = Permission::any; }));
    EXPECT_FALSE(with([](Acl& a) { a.name = std::string(kAclBytesMax, 'x'); }));
}

// Method: names over {a, b}, so that many are prefixes of others; the answer is what a plain search gives.
TEST(Acls, RandomSetsAgainstASearch) {
    std::mt19937 random(7);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const auto name = [&] {
        std::string out;
        for (int i = pick(5) + 1; i > 0; --i) out += pick(2) == 0 ? 'a' : 'b';
        return pick(12) == 0 ? std::string("*") : out;
    };
    for (int round = 0; round < 300; ++round) {
        AclSet set;
        std::vector<Acl> list;
        for (int i = 0; i < 12; ++i) {
            Acl acl = topic_acl(name(), pick(2) == 0 ? read : alter,
                                pick(3) == 0 ? Permission::deny : Permission::allow,
                                pick(2) == 0 ? PatternType::literal : PatternType::prefixed,
                                pick(3) == 0 ? "User:bob" : "User:alice");
            if (set.add(acl)) list.push_back(acl);
        }
        if (!list.empty() && pick(2) == 0) {
            ASSERT_TRUE(set.remove(list.back()));
            list.pop_back();
        }
        for (int i = 0; i < 20; ++i) {
            std::string asked = name();
            if (asked == "*") asked = "a";
            bool any = false;
            bool allow = false;
            bool deny = false;
            for (const Acl& acl : list) {
                const AclFilter speaks{.pattern = PatternType::match, .name = asked};
                if (!speaks.matches(acl)) continue;
                any = true;
                if (acl.principal != kAlice.principal) continue;
                if (acl.permission == Permission::deny) {
                    deny = deny || acl.operation == describe;
                } else {
                    allow = true;  // read and alter imply describe
                }
            }
            const auto wanted = deny    ? AclSet::Answer::denied
                                : allow ? AclSet::Answer::allowed
                                : any   ? AclSet::Answer::denied
                                        : AclSet::Answer::none;
            EXPECT_EQ(set.decide(kAlice, describe, topic, asked), wanted) << asked;
        }
    }
}

TEST(Acls, Names) {
    EXPECT_EQ(parse_resource_type("transactional-id"), ResourceType::transactional_id);
    EXPECT_EQ(parse_resource_type("TRANSACTIONAL_ID"), ResourceType::transactional_id);
    EXPECT_EQ(parse_operation("DescribeConfigs"), describe_configs);
    EXPECT_EQ(parse_operation("delete"), remove);
    EXPECT_EQ(parse_permission("DENY"), Permission::deny);
    EXPECT_EQ(parse_operation("fly"), std::nullopt);
    EXPECT_EQ(topic_acl("t", read).text(), "Allow User:alice Read on Topic t (Literal) from *");
}

}  // namespace
}  // namespace mr::security
