// Goal: a mistake in YAML is shown like one in SQL: place, line, caret, nearest name.
#include "node/yaml_check.h"

#include <gtest/gtest.h>

#include "node/config.h"
#include "node/project.h"

namespace mr::node {
namespace {

const ViewColumns kViews = {{"orders_by_site", {"site", "orders", "amount"}}, {"alerts", {"id", "state"}}};

std::string dashboard(const std::string& text) {
    std::vector<sql::Diagnostic> out;
    check_dashboard({"live", "dashboards/live.yaml", text}, kViews, out);
    return sql::render(out);
}
std::string rules(const std::string& text) {
    std::vector<sql::Diagnostic> out;
    check_alerts({"a", "alerts/a.yaml", text}, kViews, out);
    return sql::render(out);
}
std::string settings(const std::string& text) {
    const auto config = parse_config(text, "millrace.yaml");
    return config ? "" : sql::render(yaml_diagnostic(config.error(), "millrace.yaml", text));
}

TEST(YamlCheck, SettingsShowTheLineAndTheNearestName) {
    EXPECT_EQ(settings("name: x\nkafka:\n  lisen: 127.0.0.1:0   # typo\n"),
              "error[M5002]: unknown setting `kafka.lisen`\n"
              "  --> millrace.yaml:3:3\n"
              "   3 |   lisen: 127.0.0.1:0   # typo\n"
              "     |   ^^^^^ did you mean `kafka.listen`?\n");
    EXPECT_EQ(settings("lake: {commit-interval: 10 parsecs}"),
              "error[M5001]: lake.commit-interval: expected something like 250ms, 10s, 5m or 90d, found `10 "
              "parsecs`\n"
              "  --> millrace.yaml:1:25\n"
              "   1 | lake: {commit-interval: 10 parsecs}\n"
              "     |                         ^^^^^^^^^^\n");
}

TEST(YamlCheck, EverySettingOfATopicIsChecked) {
    EXPECT_NE(settings("topics: {orders: {partitons: 3}}").find("did you mean `partitions`?"),
              std::string::npos);
    EXPECT_NE(settings("topics: {orders: {retention.m: 3}}").find("did you mean `retention.ms`?"),
              std::string::npos);
    EXPECT_NE(settings("topics: {orders: {retention.ms: soon}}").find("retention.ms"), std::string::npos);
    EXPECT_NE(settings("topics: {orders: 5}").find("expected {partitions"), std::string::npos);
    EXPECT_NE(settings("topics: {'a b': {}}").find("invalid"), std::string::npos);
    EXPECT_EQ(settings("topics: {orders: {partitions: 3, retention.ms: -1}, clock: }"), "");
}

TEST(YamlCheck, FormsThatCannotBe) {
    EXPECT_NE(settings("http: 5").find("`http` is a group of settings: listen"), std::string::npos);
    EXPECT_NE(settings("name: {x: y}").find("`name` is one value"), std::string::npos);
    EXPECT_NE(settings("name: a\nname: b").find("`name` is there twice"), std::string::npos);
    EXPECT_NE(settings("a: [").find("error[M5001]"), std::string::npos);
    EXPECT_NE(settings("? [a, b]\n: c").find("expected a name"), std::string::npos);
    EXPECT_EQ(settings(""), "");
}

TEST(YamlCheck, ADashboardNamesWhatThereIs) {
    EXPECT_EQ(dashboard("panels:\n  - {type: tile, view: orders_by_site, value: orders}\n  - {type: alerts}"),
              "");
    EXPECT_EQ(dashboard("panels:\n  - {type: tle, view: orders_by_site}\n"),
              "error[M5002]: `type` cannot be `tle` (there are tile, series, top, table, exceptions, alerts, "
              "latency)\n"
              "  --> dashboards/live.yaml:2:12\n"
              "   2 |   - {type: tle, view: orders_by_site}\n"
              "     |            ^^^ did you mean `tile`?\n");
    EXPECT_NE(dashboard("panels: [{type: tile, view: orders_by_sit}]").find("did you mean `orders_by_site`?"),
              std::string::npos);
    EXPECT_NE(dashboard("panels: [{type: tile, view: orders_by_site, value: oders}]")
                  .find("did you mean `orders`?"),
              std::string::npos);
    EXPECT_NE(dashboard("panels: [{type: top, view: orders_by_site, sort: 'orders desc, ste'}]")
                  .find("did you mean `site`?"),
              std::string::npos);
    EXPECT_NE(dashboard("panles: []").find("did you mean `panels`?"), std::string::npos);
    EXPECT_NE(dashboard("title: [x").find("error[M5001]"), std::string::npos);
    EXPECT_NE(dashboard("panels: 5").find("expected a list"), std::string::npos);
    EXPECT_NE(dashboard("panels: [5, {title: x}]").find("expected a panel"), std::string::npos);
}

TEST(YamlCheck, ARuleNamesWhatThereIs) {
    EXPECT_EQ(rules("{name: a, view: orders_by_site, key: [site], summary: \"{{ orders }} at {{site}}\"}"),
              "");
    EXPECT_NE(rules("nme: x").find("did you mean `name`?"), std::string::npos);
    EXPECT_NE(rules("- {name: a, view: orders_by_sit}").find("did you mean `orders_by_site`?"),
              std::string::npos);
    EXPECT_NE(rules("- {name: a, view: orders_by_site, where: {sit: x}}").find("did you mean `site`?"),
              std::string::npos);
    EXPECT_NE(
        rules("- {name: a, view: orders_by_site, summary: \"{{oders}}\"}").find("did you mean `orders`?"),
        std::string::npos);
}

}  // namespace
}  // namespace mr::node
