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
            ArchiveSink::open(node.broker(), node.fs(), node.clock(), {lake_of(node), kHour, {}}, "orders");
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
        LakeSink::open(node.broker(), node.fs(), node.clock(), {lake_of(node), 0, {}}, lake_table(true));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
    auto sink =
        LakeSink::open(node.broker(), node.fs(), node.clock(), {lake_of(node), 0, {}}, lake_table(false));
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

TEST(LakeSinks, StartOverWithAnotherTopicOfThatName) {
    broker::TestNode first, second;
    const std::string lake = (first.directory() / "lake").string();
    for (broker::TestNode* node : {&first, &second}) {
        node->create("orders", 1);
        node->produce("orders", 0, {"a", "b", "c"});
        auto sink = ArchiveSink::open(node->broker(), node->fs(), node->clock(), {lake, kHour, {}}, "orders");
        ASSERT_TRUE(sink) << sink.error().message;
        EXPECT_EQ(*(*sink)->run_once(), 3U);
    }
}

}  // namespace
}  // namespace mr::connect
