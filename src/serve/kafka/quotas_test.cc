// Client quotas: their names as settings, Kafka's order of who applies, and waiting times.
#include "serve/kafka/quotas.h"

#include <gtest/gtest.h>

namespace mr::serve::kafka {
namespace {

std::shared_ptr<const broker::ClusterSettings> settings(
    const std::vector<std::tuple<QuotaEntity, std::string, std::string>>& quotas) {
    auto out = std::make_shared<broker::ClusterSettings>();
    (*out)["cluster.id"] = "x";
    (*out)["z"] = "y";
    for (const auto& [entity, key, value] : quotas) (*out)[quota_setting(entity, key)] = value;
    return out;
}

TEST(Quotas, NamesComeBack) {
    const QuotaEntity entity{{"client-id", "a/b&c=d%<default> \xc3\xa9"}, {"user", std::nullopt}};
    const std::string name = quota_setting(entity, "producer_byte_rate");
    EXPECT_TRUE(name.starts_with("quota.client-id=a%2Fb%26c%3Dd%25%3Cdefault%3E"));
    const auto back = parse_quota_setting(name);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->first, entity);
    EXPECT_EQ(back->second, "producer_byte_rate");
    EXPECT_FALSE(parse_quota_setting("cluster.id"));
    EXPECT_FALSE(parse_quota_setting("quota.client-id=%zz/x"));
    EXPECT_FALSE(parse_quota_setting("quota.client-id/x"));
}

TEST(Quotas, WhatKafkaRefuses) {
    EXPECT_FALSE(check_quota_entity({}));
    EXPECT_FALSE(check_quota_entity({{"team", "a"}}));
    EXPECT_FALSE(check_quota_entity({{"ip", "::1"}, {"user", "a"}}));
    EXPECT_FALSE(check_quota_entity({{"user", ""}}));
    EXPECT_TRUE(check_quota_entity({{"user", "a"}, {"client-id", std::nullopt}}));
    const QuotaEntity user{{"user", "a"}};
    EXPECT_TRUE(check_quota_value(user, "producer_byte_rate", 10));
    EXPECT_TRUE(check_quota_value(user, "request_percentage", 12.5));
    EXPECT_FALSE(check_quota_value(user, "producer_byte_rate", 10.5));
    EXPECT_FALSE(check_quota_value(user, "producer_byte_rate", 0));
    EXPECT_FALSE(check_quota_value(user, "connection_creation_rate", 10));
    EXPECT_FALSE(check_quota_value(user, "bytes", 10));
    EXPECT_TRUE(check_quota_value({{"ip", "::1"}}, "connection_creation_rate", 10));
}

TEST(Quotas, TheMostSpecificCounts) {
    Quotas quotas;
    quotas.refresh(
        settings({{{{"client-id", std::nullopt}}, "producer_byte_rate", "100"},
                  {{{"client-id", "fast"}}, "producer_byte_rate", "1000"},
                  {{{"user", "ANONYMOUS"}, {"client-id", "vip"}}, "producer_byte_rate", "10000"}}));
    EXPECT_EQ(quotas.count(Quotas::Kind::consume, {kAnonymousUser, "any"}, 1'000'000, 0), 0);
    // Ten seconds' worth are free, what is above must be waited for.
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "slow"}, 1'000, 0), 0);
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "slow"}, 100, 0), 1'000);
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "other"}, 1'000, 0),
              0);  // each client by itself
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "slow"}, 100, 2'000), 0);
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "fast"}, 11'000, 0), 1'000);
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "vip"}, 110'000, 0), 1'000);
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "vip"}, 1'000'000'000, 0), 60'000);
    quotas.refresh(settings({}));
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {kAnonymousUser, "slow"}, 1'000'000, 3'000), 0);
}

TEST(Quotas, TimeOfRequestsIsPercentOfACore) {
    Quotas quotas;
    quotas.refresh(settings({{{{"user", std::nullopt}}, "request_percentage", "50"}}));
    constexpr std::size_t kSecond = 1'000'000'000;
    const Quotas::Who who{"a", "b"};
    EXPECT_EQ(quotas.count(Quotas::Kind::request, who, 5 * kSecond, 0), 0);
    EXPECT_EQ(quotas.count(Quotas::Kind::request, who, kSecond / 10, 0), 200);
    EXPECT_EQ(quotas.count(Quotas::Kind::request, who, 5 * kSecond, 0), 1'000);  // one window at most
    EXPECT_EQ(quotas.count(Quotas::Kind::request, {"other", "b"}, 5 * kSecond, 0), 0);
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, who, 5 * kSecond, 0), 0);
}

TEST(Quotas, EveryAddressHasItsConnections) {
    Quotas quotas;
    quotas.refresh(settings({{{{"ip", std::nullopt}}, "connection_creation_rate", "1"},
                             {{{"ip", "10.0.0.1"}}, "connection_creation_rate", "2"}}));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(quotas.count_connection("10.0.0.9", 0), 0);
    EXPECT_EQ(quotas.count_connection("10.0.0.9", 0), 1'000);
    EXPECT_EQ(quotas.count_connection("10.0.0.8", 0), 0);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(quotas.count_connection("10.0.0.1", 0), 0);
    EXPECT_EQ(quotas.count_connection("10.0.0.1", 0), 500);
    // Those that were refused took nothing.
    for (int i = 0; i < 9; ++i) EXPECT_EQ(quotas.count_connection("10.0.0.1", 0), 500);
    EXPECT_EQ(quotas.count_connection("10.0.0.1", 500), 0);
    EXPECT_EQ(quotas.count_connection("10.0.0.9", 2'000), 0);
}

TEST(Quotas, WhatWasSpentStaysSpentWhenOtherSettingsChange) {
    Quotas quotas;
    const std::pair produce{"producer_byte_rate", "1000"};
    quotas.refresh(settings({{{{"user", std::nullopt}}, produce.first, produce.second}}));
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {"a", "b"}, 11'000, 0), 1'000);
    quotas.refresh(settings({{{{"user", std::nullopt}}, produce.first, produce.second}}));
    EXPECT_EQ(quotas.count(Quotas::Kind::produce, {"a", "b"}, 1'000, 0), 2'000);
}

}  // namespace
}  // namespace mr::serve::kafka
