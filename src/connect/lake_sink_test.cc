// Archive and lake sinks on a real broker and journal. Goal: every record once, whatever restarts lie
// between. `Interop` also leaves its tables in $MILLRACE_LAKE_OUT for tests/interop/lake.py.
#include "connect/lake_sink.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "broker/broker_test_node.h"
#include "connect/archive_sink.h"
#include "lake/table.h"

namespace mr::connect {
namespace {

constexpr std::int64_t kHour = 3'600'000;

std::string lake_of(broker::TestNode& node) {
    const char* out = std::getenv("MILLRACE_LAKE_OUT");
    return out != nullptr ? out : (node.directory() / "lake").string();
}

/// Rows of the current snapshot, from the summary the metadata carry.
std::int64_t total(broker::TestNode& node, const std::string& table) {
    lake::Folder folder(node.fs(), (std::filesystem::path(lake_of(node)) / table).string());
    const auto version = folder.newest_version();
    if (!version || *version == 0) return -1;
    const auto metadata = lake::TableMetadata::parse(*folder.read(folder.version_path(*version)));
    const lake::Snapshot* current = metadata->current();
    return current == nullptr ? 0 : std::stoll(current->summary.find("total-records")->second);
}

plan::TablePtr lake_table(bool keyed) {
    auto table = std::make_shared<plan::Table>();
    table->name = "payments_lake";
    table->file = "outputs.sql";
    table->line = 3;
    const auto column = [&](const char* name, DataType type) {
        plan::TableColumn c;
        c.name = name;
        c.type = std::move(type);
        table->columns.push_back(std::move(c));
    };
    column("id", DataType::string());
    column("at", DataType::timestamp_ltz(3));
    column("amount", DataType::decimal(12, 2));
    column("tags", DataType::array(DataType::string()));
    if (keyed) table->primary_key = {0};
    const auto set = [&](const char* key, const char* value) { table->options[key] = {.value = value}; };
    set("connector", "iceberg");
    set("catalog-database", "fulfilment");
    set("catalog-table", "payments");
    set("time-column", "at");
    return table;
}

TEST(Interop, ArchiveKeepsEveryRecordOnce) {
    broker::TestNode node;
    node.create("orders", 2);
    const auto open = [&] {
        auto sink =
            open_archive_sink(node.broker(), node.fs(), node.clock(), {lake_of(node), kHour, {}}, "orders");
        EXPECT_TRUE(sink) << sink.error().message;
        return sink ? std::move(*sink) : nullptr;
    };
    auto sink = open();
    ASSERT_NE(sink, nullptr);
    EXPECT_EQ(sink->name(), "raw.orders");
    EXPECT_EQ(*sink->run_once(), 0U);
    node.produce("orders", 0, {"a", "b", "c"});
    node.produce("orders", 1,
                 broker::make_batch({{node.clock().now().value - kHour, "k", std::string("\0\0\0\0\7x", 6)},
                                     {-1, "k", std::string("\xff\xfe", 2)}}));
    const auto first = sink->run_once();
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(*first, 5U);
    EXPECT_EQ(*sink->run_once(), 0U);
    sink.reset();
    node.restart();
    sink = open();
    ASSERT_NE(sink, nullptr);
    EXPECT_EQ(*sink->run_once(), 0U);
    // Twelve hours in one go: no more than a few a snapshot, all of them there.
    for (int i = 0; i < 12; ++i)
        node.produce("orders", i % 2, broker::make_batch({{node.clock().now().value - i * kHour, "k", "v"}}));
    const auto second = sink->run_once();
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(*second, 12U);
    EXPECT_EQ(total(node, "raw/orders"), 17);
}

TEST(Interop, LakeTableTakesTheRowsOfItsTopic) {
    broker::TestNode node;
    node.create("payments_lake", 1);
    const auto refused =
        open_lake_sink(node.broker(), node.fs(), node.clock(), {lake_of(node), 0, {}}, lake_table(true));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
    auto sink =
        open_lake_sink(node.broker(), node.fs(), node.clock(), {lake_of(node), 0, {}}, lake_table(false));
    ASSERT_TRUE(sink) << sink.error().message;
    EXPECT_EQ((*sink)->name(), "fulfilment.payments");
    node.produce("payments_lake", 0,
                 {R"({"id":"p1","at":"2026-05-28 20:26:40Z","amount":12.50,"tags":["a","b"]})",
                  R"({"id":"p2","at":"2026-05-28 21:00:00Z","amount":-0.01,"tags":[]})",
                  R"({"id":null,"at":null,"amount":null,"tags":null})"});
    const auto rows = (*sink)->run_once();
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(*rows, 3U);
    EXPECT_EQ(*(*sink)->run_once(), 0U);
    EXPECT_EQ(total(node, "fulfilment/payments"), 3);
}

/// A table of these columns over the topic of its name.
plan::TablePtr table_of(const std::string& name, const std::vector<Field>& columns,
                        const std::map<std::string, std::string>& options = {}) {
    auto table = std::make_shared<plan::Table>();
    table->name = name;
    for (const Field& f : columns) {
        plan::TableColumn c;
        c.name = f.name;
        c.type = f.type;
        table->columns.push_back(std::move(c));
    }
    table->options["connector"] = {.value = "iceberg"};
    for (const auto& [key, value] : options) table->options[key] = {.value = value};
    return table;
}

TEST(Interop, EveryTypeIsWrittenAsItIs) {
    broker::TestNode node;
    node.create("types", 1);
    const auto row = DataType::row({{"x", DataType::integer()},
                                    {"y", DataType::string()},
                                    {"z", DataType::array(DataType::row({{"k", DataType::string()}}))}});
    const auto table = table_of("types", {{"id", DataType::bigint()},
                                          {"b", DataType::boolean()},
                                          {"i", DataType::integer()},
                                          {"l", DataType::bigint()},
                                          {"f", DataType::of(TypeKind::float_)},
                                          {"d", DataType::double_type()},
                                          {"m4", DataType::decimal(4, 2)},
                                          {"m18", DataType::decimal(18, 4)},
                                          {"m38", DataType::decimal(38, 10)},
                                          {"s", DataType::string()},
                                          {"dt", DataType::date()},
                                          {"tm", DataType::of(TypeKind::time)},
                                          {"ts", DataType::timestamp(3)},
                                          {"tz", DataType::timestamp_ltz(3)},
                                          {"a", DataType::array(DataType::integer())},
                                          {"mp", DataType::map(DataType::string(), DataType::bigint())},
                                          {"r", row}});
    auto sink = open_lake_sink(node.broker(), node.fs(), node.clock(), {lake_of(node), 0, {}}, table);
    ASSERT_TRUE(sink) << sink.error().message;
    const std::string huge(1'000'000, 'x');
    node.produce(
        "types", 0,
        {R"({"id":1,"b":true,"i":2147483647,"l":9223372036854775807,"f":1.5,"d":1e300,"m4":99.99,)"
         R"("m18":12345678901234.5678,"m38":1234567890123456789012345678.0123456789,)"
         "\"s\":\"h\xc3\xa9llo \xe2\x98\x83 \xf0\x9d\x84\x9e\","
         R"("dt":"2026-02-28","tm":"23:59:59.123","ts":"2026-05-28 20:26:40.123",)"
         R"("tz":"2026-05-28 20:26:40.123Z","a":[1,null,3],"mp":{"k":1,"z":null},)"
         R"("r":{"x":1,"y":"q","z":[{"k":"v"},{"k":null},null]}})",
         R"({"id":2,"b":false,"i":-2147483648,"l":-9223372036854775808,"f":-0.0,"d":-1e-300,"m4":-99.99,)"
         R"("m18":-0.0001,"m38":-0.0000000001,"s":"","dt":"1969-12-31","tm":"00:00:00",)"
         R"("ts":"1969-12-31 23:59:59.999","tz":"1969-12-31 23:59:59.999Z","a":[],"mp":{},)"
         R"("r":{"x":null,"y":null,"z":[]}})",
         R"({"id":3})",
         R"({"id":4,"dt":"0001-01-01","ts":"0001-01-01 00:00:00","tz":"9999-12-31 23:59:59.999Z","s":")" +
             huge + R"("})"});
    EXPECT_EQ((*sink)->run_once().value_or(0), 4U);
}

Status rewrite_all(auto& sink, int& jobs) {
    for (;;) {
        MR_TRY(const auto job, sink.plan_upkeep());
        if (job == nullptr) return {};
        for (;;) {
            MR_TRY(const bool done, job->run_slice());
            if (done) break;
        }
        MR_TRY_VOID(sink.commit_upkeep(*job));
        ++jobs;
    }
}

TEST(Interop, UpkeepRewritesAndForgetsAndLosesNothing) {
    broker::TestNode node;
    node.create("upkeep", 2);
    const LakeOptions options{lake_of(node), 24 * kHour, {}};
    auto sink = open_archive_sink(node.broker(), node.fs(), node.clock(), options, "upkeep");
    ASSERT_TRUE(sink) << sink.error().message;
    const std::int64_t hour = node.clock().now().value;
    int jobs = 0;
    for (int i = 0; i < 10; ++i) {
        for (const int partition : {0, 1})
            node.produce("upkeep", partition, broker::make_batch({{hour, "k", std::string(100, 'v')}}));
        ASSERT_EQ((*sink)->run_once().value_or(0), 2U);
        ASSERT_TRUE(rewrite_all(**sink, jobs));
    }
    EXPECT_EQ(jobs, 0);
    node.clock().advance_ms(6 * 60'000);
    const auto rewritten = rewrite_all(**sink, jobs);
    ASSERT_TRUE(rewritten) << rewritten.error().message;
    EXPECT_EQ(jobs, 1);
    EXPECT_EQ(total(node, "raw/upkeep"), 20);
    // The rewrite's snapshot carries the position: nothing is read twice after a restart.
    sink->reset();
    node.restart();
    sink = open_archive_sink(node.broker(), node.fs(), node.clock(), options, "upkeep");
    ASSERT_TRUE(sink) << sink.error().message;
    EXPECT_EQ((*sink)->run_once().value_or(9), 0U);
    node.clock().advance_ms(23 * kHour);
    for (const int partition : {0, 1})
        node.produce("upkeep", partition, broker::make_batch({{node.clock().now().value, "k", "new"}}));
    ASSERT_EQ((*sink)->run_once().value_or(0), 2U);
    EXPECT_EQ(total(node, "raw/upkeep"), 22);
    // The rows are a day old now, the snapshot of the rewrite not yet.
    node.clock().advance_ms(57 * 60'000);
    ASSERT_TRUE(rewrite_all(**sink, jobs));
    EXPECT_EQ(total(node, "raw/upkeep"), 2);
}

TEST(Interop, ATableGrowsWithItsSql) {
    broker::TestNode node;
    node.create("evolves", 1);
    const LakeOptions options{lake_of(node), 0, {}};
    for (const bool grown : {false, true}) {
        std::vector<Field> columns = {{"id", DataType::bigint()},
                                      {"n", grown ? DataType::bigint() : DataType::integer()}};
        if (grown) columns.push_back({"note", DataType::string()});
        auto sink =
            open_lake_sink(node.broker(), node.fs(), node.clock(), options, table_of("evolves", columns));
        ASSERT_TRUE(sink) << sink.error().message;
        const std::string row = grown ? R"({"id":2,"n":1099511627776,"note":"new"})" : R"({"id":1,"n":7})";
        node.produce("evolves", 0, std::vector<std::string>{row});
        EXPECT_EQ((*sink)->run_once().value_or(0), 1U);
    }
    const auto other = open_lake_sink(node.broker(), node.fs(), node.clock(), options,
                                      table_of("evolves", {{"id", DataType::string()}}));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Code::unsupported);
}

TEST(LakeSinks, OptionsOfATableAreChecked) {
    broker::TestNode node;
    node.create("t", 1);
    const auto bad = open_lake_sink(node.broker(), node.fs(), node.clock(), {lake_of(node), 0, {}},
                                    table_of("t", {{"id", DataType::bigint()}}, {{"retention", "soon"}}));
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("'retention'"), std::string::npos) << bad.error().message;
}

TEST(LakeSinks, StartOverWithAnotherTopicOfThatName) {
    broker::TestNode first, second;
    const std::string lake = (first.directory() / "lake").string();
    for (broker::TestNode* node : {&first, &second}) {
        node->create("orders", 1);
        node->produce("orders", 0, {"a", "b", "c"});
        auto sink = open_archive_sink(node->broker(), node->fs(), node->clock(), {lake, kHour, {}}, "orders");
        ASSERT_TRUE(sink) << sink.error().message;
        EXPECT_EQ(*(*sink)->run_once(), 3U);
    }
}

}  // namespace
}  // namespace mr::connect
