// Goal: rules read as written; mistakes are named with their place.
#include "alerts/rule.h"

#include <gtest/gtest.h>

namespace mr::alerts {
namespace {

TEST(Rule, ReadsAListAndASingleRule) {
    const auto rules = parse_rules(
        "- name: late\n  view: orders\n  where: {status: at risk}\n  key: [id]\n  severity: critical\n  "
        "summary: \"{{id}} is late\"\n"
        "- {name: other, view: v}\n",
        "a.yaml");
    ASSERT_TRUE(rules.has_value()) << rules.error().message;
    ASSERT_EQ(rules->size(), 2U);
    EXPECT_EQ((*rules)[0].where[0].second, "at risk");
    EXPECT_EQ((*rules)[0].severity, "critical");
    EXPECT_EQ((*rules)[1].title, "other");
    EXPECT_EQ(parse_rules("{name: x, view: v}", "a.yaml")->size(), 1U);
    EXPECT_TRUE(parse_rules("", "a.yaml")->empty());
}

TEST(Rule, MistakesHaveAPlace) {
    EXPECT_EQ(parse_rules("name: x\nveiw: v\n", "a.yaml").error().message,
              "a.yaml:2:1: unknown field `veiw`; did you mean `view`?");
    EXPECT_EQ(parse_rules("{name: x, view: v, severity: critcal}", "a.yaml").error().message,
              "a.yaml:1:1: unknown severity `critcal`; did you mean `critical`?");
    EXPECT_FALSE(parse_rules("name: x\n", "a.yaml").has_value());
    EXPECT_FALSE(parse_rules("[", "a.yaml").has_value());
}

}  // namespace
}  // namespace mr::alerts
