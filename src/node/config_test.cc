// Goal: settings are read, overridden and refused with their place and the nearest known name.
#include "node/config.h"

#include <gtest/gtest.h>

namespace mr::node {
namespace {

TEST(Config, ReadsNestedAndDottedKeys) {
    const auto config = parse_config(
        "name: demo\nkafka:\n  listen: 127.0.0.1:0\nlake.commit-interval: 1s\nlake:\n  archive: [a, b]\n"
        "topics:\n  orders: {partitions: 3, retention.ms: 1000}\n  clock:\n",
        "millrace.yaml");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->name, "demo");
    EXPECT_EQ(config->kafka_listen, "127.0.0.1:0");
    EXPECT_EQ(config->lake_commit_interval_ms, 1000);
    EXPECT_EQ(config->lake_archive, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(config->topics.at("orders").partitions, 3);
    EXPECT_EQ(config->topics.at("orders").configs.at("retention.ms"), "1000");
    EXPECT_EQ(config->topics.at("clock").partitions, 1);
}

TEST(Config, AnUnknownKeyNamesItsPlaceAndTheNearest) {
    const auto config = parse_config("kafka:\n  lisen: 127.0.0.1:0\n", "millrace.yaml");
    ASSERT_FALSE(config.has_value());
    EXPECT_EQ(config.error().message,
              "millrace.yaml:2:3: unknown setting `kafka.lisen`; did you mean `kafka.listen`?");
}

TEST(Config, AWrongValueSaysWhatIsExpected) {
    Config config;
    const auto status = set_option(config, "lake.commit-interval", "soon", "-X");
    EXPECT_EQ(status.error().message,
              "-X: lake.commit-interval: expected something like 250ms, 10s, 5m or 90d, found `soon`");
    EXPECT_FALSE(set_option(config, "http.listen", "8080", "-X").has_value());
    EXPECT_FALSE(parse_config("a: [", "f.yaml").has_value());
}

}  // namespace
}  // namespace mr::node
