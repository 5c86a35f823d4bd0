// The broker over the real journal: produce and read, admin, offsets, restarts. Answers are Kafka's
// (research: edge answers of the real broker).
#include "broker/broker.h"

#include <gtest/gtest.h>

#include "base/sim_file_system.h"
#include "broker/broker_test_node.h"
#include "broker/holds.h"
#include "broker/txn/transactions.h"

namespace mr::broker {
namespace {

using Strings = std::vector<std::string>;

TEST(Broker, ProducesAndReadsBack) {
    TestNode node;
    const Uuid id = node.create("orders", 2);
    EXPECT_FALSE(id.is_zero());
    EXPECT_EQ(node.produce("orders", 0, Strings{"a", "b"}).base_offset, Offset(0));
    EXPECT_EQ(node.produce("orders", 0, Strings{"c"}).base_offset, Offset(2));
    EXPECT_EQ(node.produce("orders", 1, Strings{"x"}).base_offset, Offset(0));
    EXPECT_EQ(node.values("orders", 0), (Strings{"a", "b", "c"}));
    EXPECT_EQ(node.values("orders", 1), (Strings{"x"}));
    // From the middle of a batch, the whole batch comes.
    const auto result = node.broker().read(node.log("orders"), Offset(1), {.max_bytes = 1});
    EXPECT_EQ(result.error, KafkaError::none);
    std::string bytes;
    result.append_to(bytes);
    const auto header = wire::decode_batch_header(bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->base_offset, Offset(0));
    EXPECT_EQ(header->total_bytes(), bytes.size());
}

// Goal: a default that was altered while the broker ran is inherited by topics old and new, after a restart
// from the journal and from a checkpoint too; what another release took and this one does not is left alone.
TEST(Broker, InheritsAlteredDefaults) {
    TestNode node;
    node.create("a");
    const auto alter = [&](const std::string& name, std::optional<std::string> value) {
        node.submit(change_cluster_settings(node.broker(), {{name, std::move(value)}}, {}));
        node.pump();
    };
    const auto retention = [&](const std::string& topic) {
        return node.broker().topics()->find(topic)->config.settings().retention_ms;
    };
    alter(broker_setting("log.retention.ms", false), "7000");
    EXPECT_EQ(retention("a"), 7'000);
    alter("broker.log.segment.bytes", "no number");
    alter("broker.of.the.future", "x");
    node.create("b");
    node.restart();
    EXPECT_EQ(retention("b"), 7'000);
    alter(broker_setting("log.retention.ms", true), "9000");
    node.checkpoint();
    node.restart();
    EXPECT_EQ(retention("a"), 9'000);
    node.create("c", 1, {{"retention.ms", "1"}});
    EXPECT_EQ(retention("c"), 1);
    alter(broker_setting("log.retention.ms", true), std::nullopt);
    alter(broker_setting("log.retention.ms", false), std::nullopt);
    EXPECT_EQ(retention("a"), 604'800'000);
    EXPECT_EQ(retention("c"), 1);
}

TEST(Broker, ShowsNothingBeforeItIsDurable) {
    TestNode node;
    node.create("orders");
    ProduceResult result{.error = KafkaError::unknown_server_error};
    const std::string batch = make_batch({{node.clock().now().value, "k", "v"}});
    node.submit(node.produce_proposal("orders", 0, batch, &result));
    node.pump_unsynced();
    EXPECT_EQ(result.error, KafkaError::unknown_server_error);
    EXPECT_EQ(node.log("orders").applied()->log_end, Offset(1));
    EXPECT_EQ(node.log("orders").durable()->log_end, Offset(0));
    EXPECT_EQ(node.broker().read(node.log("orders"), Offset(0), {}).bytes, 0U);
    EXPECT_EQ(node.broker().read(node.log("orders"), Offset(1), {}).error, KafkaError::offset_out_of_range);
    node.pump();
    EXPECT_EQ(result.error, KafkaError::none);
    EXPECT_EQ(node.log("orders").durable()->log_end, Offset(1));
}

TEST(Broker, AsyncTopicsAnswerAndShowWhatIsWritten) {
    TestNode node;
    node.create("clicks", 1, {{"durability", "async"}});
    auto reader = LogReader::open(
        node.broker(),
        {.name = "sink", .topics = {"clicks"}, .visibility = Visibility::durable, .hold = false});
    ASSERT_TRUE(reader);
    int woken = 0;
    const auto waiter = std::make_shared<DataWaiter>([&] { ++woken; });
    node.log("clicks").wait_beyond(Offset(0), waiter);
    ProduceResult result{.error = KafkaError::unknown_server_error};
    const std::string batch = make_batch({{node.clock().now().value, "k", "v"}});
    node.submit(node.produce_proposal("clicks", 0, batch, &result));
    node.pump_unsynced();
    EXPECT_EQ(result.error, KafkaError::none);
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(node.values("clicks"), Strings{"v"});
    EXPECT_EQ(node.broker().offset_for_time(node.log("clicks"), -1).offset, Offset(1));
    // Sinks wait for the disk.
    EXPECT_EQ(node.log("clicks").durable()->log_end, Offset(0));
    LogSlice slice;
    ASSERT_TRUE((*reader)->read({}, slice));
    EXPECT_TRUE(slice.batches.empty());
    // What consumers have seen is not taken back when the topic becomes a safe one.
    node.submit(alter_configs(node.broker(), {{"clicks", {{ConfigChange::Op::set, "durability", "fsync"}}}},
                              false, {}));
    node.submit(node.produce_proposal("clicks", 0, batch, nullptr));
    node.pump_unsynced();
    EXPECT_EQ(node.values("clicks"), Strings{"v"});
    node.pump();
    EXPECT_EQ(node.values("clicks"), (Strings{"v", "v"}));
    ASSERT_TRUE((*reader)->read({}, slice));
    EXPECT_EQ(slice.batches.size(), 2U);
}

TEST(Broker, OneAnswerWaitsForTheSafeTopicsInIt) {
    TestNode node;
    node.create("clicks", 1, {{"durability", "async"}});
    node.create("orders");
    const std::string batch = make_batch({{node.clock().now().value, "k", "v"}});
    const auto facts = wire::validate_batch(batch, {});
    ASSERT_TRUE(facts);
    bool answered = false;
    auto both = std::make_unique<ProduceProposal>(node.broker(), [&](auto) { answered = true; });
    both->add(node.broker().topics()->find("clicks")->id, PartitionId(0), batch, *facts);
    both->add(node.broker().topics()->find("orders")->id, PartitionId(0), batch, *facts);
    node.submit(std::move(both));
    node.pump_unsynced();
    EXPECT_FALSE(answered);
    EXPECT_EQ(node.values("clicks"), Strings{"v"});
    EXPECT_TRUE(node.values("orders").empty());
    node.pump();
    EXPECT_TRUE(answered);
}

TEST(Broker, APowerLossOfAnAsyncTopicRaisesItsEpoch) {
    SimFileSystem disk(7);
    BrokerOptions options;
    options.boot_id = "first";
    TestNode node(options, &disk);
    node.create("clicks", 1, {{"durability", "async"}});
    node.create("orders");
    node.produce("clicks", 0, Strings{"a"});
    node.submit(node.produce_proposal("clicks", 0, make_batch({{TestNode::kStart, "k", "b"}}), nullptr));
    node.pump_unsynced();
    node.submit(txn::expire(node.broker()));  // notes the run of the system
    node.pump();
    // A kill is none: nothing is lost, nobody needs to look.
    node.submit(node.produce_proposal("clicks", 0, make_batch({{TestNode::kStart, "k", "c"}}), nullptr));
    node.pump_unsynced();
    node.stop();
    disk.kill();
    node.start();
    node.pump();
    EXPECT_EQ(node.values("clicks"), (Strings{"a", "b", "c"}));
    EXPECT_EQ(node.log("clicks").shown()->leader_epoch, LeaderEpoch(0));

    node.submit(node.produce_proposal("clicks", 0, make_batch({{TestNode::kStart, "k", "lost"}}), nullptr));
    node.pump_unsynced();
    EXPECT_EQ(node.log("clicks").shown()->log_end, Offset(4));
    node.stop();
    disk.crash();
    node.set_boot_id("second");
    node.start();
    ASSERT_EQ(node.produce("clicks", 0, Strings{"d", "e"}).error, KafkaError::none);
    const auto view = node.log("clicks").shown();
    EXPECT_EQ(view->leader_epoch, LeaderEpoch(1));
    // A consumer at 4, after records of epoch 0, is told where its history ends.
    const auto end = view->end_of_epoch(LeaderEpoch(0));
    EXPECT_EQ(end.epoch, LeaderEpoch(0));
    EXPECT_EQ(end.end, Offset(view->log_end.value - 2));
    EXPECT_EQ(node.log("orders").shown()->leader_epoch, LeaderEpoch(0));
}

TEST(Broker, WakesWhoWaitsForData) {
    TestNode node;
    node.create("orders");
    int woken = 0;
    auto waiter = std::make_shared<DataWaiter>([&] { ++woken; });
    node.log("orders").wait_beyond(Offset(0), waiter);
    EXPECT_EQ(woken, 0);
    node.produce("orders", 0, Strings{"a"});
    EXPECT_EQ(woken, 1);
    node.produce("orders", 0, Strings{"b"});
    EXPECT_EQ(woken, 1);
    // Already there: at once.
    node.log("orders").wait_beyond(Offset(1), std::make_shared<DataWaiter>([&] { ++woken; }));
    EXPECT_EQ(woken, 2);
    auto cancelled = std::make_shared<DataWaiter>([&] { ++woken; });
    node.log("orders").wait_beyond(Offset(2), cancelled);
    cancelled->cancel();
    auto deleted = std::make_shared<DataWaiter>([&] { ++woken; });
    node.log("orders").wait_beyond(Offset(2), deleted);
    node.submit(delete_topics(node.broker(), {{"orders", {}}}, {}));
    node.pump();
    EXPECT_EQ(woken, 3);
}

TEST(Broker, AnswersOutOfRangeAsKafkaDoes) {
    TestNode node;
    node.create("orders");
    node.produce("orders", 0, Strings{"a"});
    for (const std::int64_t offset : {-1, 2, 100}) {
        const auto result = node.broker().read(node.log("orders"), Offset(offset), {});
        EXPECT_EQ(result.error, KafkaError::offset_out_of_range);
        EXPECT_EQ(result.high_watermark, Offset(-1));
        EXPECT_EQ(result.last_stable, Offset(-1));
        EXPECT_EQ(result.log_start, Offset(-1));
    }
    const auto end = node.broker().read(node.log("orders"), Offset(1), {});
    EXPECT_EQ(end.error, KafkaError::none);
    EXPECT_EQ(end.high_watermark, Offset(1));
    EXPECT_TRUE(end.pieces.empty());
}

TEST(Broker, RefusesBadBatches) {
    TestNode node;
    node.create("orders", 1, {{"max.message.bytes", "200"}});
    const std::int64_t now = node.clock().now().value;
    EXPECT_EQ(node.produce("nowhere", 0, Strings{"a"}).error, KafkaError::unknown_topic_or_partition);
    EXPECT_EQ(node.produce("orders", 1, Strings{"a"}).error, KafkaError::unknown_topic_or_partition);
    EXPECT_EQ(node.produce("orders", 0, Strings{std::string(300, 'x')}).error, KafkaError::message_too_large);
    const auto late = node.produce("orders", 0, make_batch({{now + 3LL * 86'400'000, "k", "v"}}));
    EXPECT_EQ(late.error, KafkaError::invalid_timestamp);
    EXPECT_NE(late.message.find("out of range"), std::string::npos);
    EXPECT_EQ(node.produce("orders", 0, make_batch({{now - 400LL * 86'400'000, "k", "v"}})).error,
              KafkaError::none);
}

std::string sequenced(std::int64_t producer, std::int16_t epoch, std::int32_t sequence, int records = 1) {
    std::vector<TestRecord> list(static_cast<std::size_t>(records), TestRecord{TestNode::kStart, "k", "v"});
    return make_batch(list, {.producer_id = producer, .producer_epoch = epoch, .base_sequence = sequence});
}

TEST(Broker, IdempotentProducersAreDeduplicated) {
    TestNode node;
    node.create("orders");
    // No state: any first sequence.
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 0, 5)).base_offset, Offset(0));
    for (int i = 1; i <= 5; ++i)
        EXPECT_EQ(node.produce("orders", 0, sequenced(7, 0, 5 + i)).base_offset, Offset(i));
    for (int i = 1; i <= 5; ++i) {
        const auto again = node.produce("orders", 0, sequenced(7, 0, 5 + i));
        EXPECT_EQ(again.error, KafkaError::none);
        EXPECT_EQ(again.base_offset, Offset(i));
        EXPECT_EQ(again.log_append_time, TimestampMs(TestNode::kStart));
    }
    // The sixth last is forgotten; a gap is a gap.
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 0, 5)).error, KafkaError::out_of_order_sequence_number);
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 0, 12)).error, KafkaError::out_of_order_sequence_number);
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 1, 3)).error, KafkaError::out_of_order_sequence_number);
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 1, 0)).base_offset, Offset(6));
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 0, 11)).error, KafkaError::invalid_producer_epoch);
    // It survives a restart, by entries and by checkpoint.
    node.restart();
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 1, 0)).base_offset, Offset(6));
    node.checkpoint();
    node.restart();
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 1, 0)).base_offset, Offset(6));
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 1, 2)).error, KafkaError::out_of_order_sequence_number);
    // Idle past the expiration: as new.
    node.clock().advance_ms(86'400'001);
    EXPECT_EQ(node.produce("orders", 0, sequenced(7, 1, 9)).base_offset, Offset(7));
    // Sequences wrap.
    EXPECT_EQ(node.produce("orders", 0, sequenced(8, 0, INT32_MAX - 1, 2)).error, KafkaError::none);
    EXPECT_EQ(node.produce("orders", 0, sequenced(8, 0, 0)).error, KafkaError::none);
}

TEST(Broker, LogAppendTimeIsTheNodes) {
    TestNode node;
    node.create("orders", 1, {{"message.timestamp.type", "LogAppendTime"}});
    const auto result = node.produce("orders", 0, make_batch({{12, "k", "v"}}));
    EXPECT_EQ(result.log_append_time, TimestampMs(TestNode::kStart));
    const auto found = node.broker().offset_for_time(node.log("orders"), TestNode::kStart);
    EXPECT_EQ(found.offset, Offset(0));
    EXPECT_EQ(found.timestamp, TimestampMs(TestNode::kStart));
}

TEST(Broker, CreateTopicsAnswers) {
    TestNode node;
    node.create("a.b");
    std::vector<CreatedTopic> got;
    node.submit(create_topics(node.broker(),
                              {{"a.b"},
                               {"zero", 0},
                               {"three", 1, 3},
                               {"a/b"},
                               {"odd", 1, -1, {{"retention", "1"}}},
                               {"a_b"},
                               {"fine", 3},
                               {"neg", 1, -1, {{"retention.ms", "-2"}}},
                               {"safe", 1, -1, {{"durability", "mostly"}}}},
                              false, [&](auto results) { got = std::move(results); }));
    node.pump();
    ASSERT_EQ(got.size(), 9U);
    EXPECT_EQ(got[0].error, KafkaError::topic_already_exists);
    EXPECT_EQ(got[1].error, KafkaError::invalid_partitions);
    EXPECT_EQ(got[2].error, KafkaError::invalid_replication_factor);
    EXPECT_EQ(got[3].error, KafkaError::invalid_topic_exception);
    EXPECT_EQ(got[4].error, KafkaError::invalid_config);
    EXPECT_NE(got[4].message.find("Unknown topic config name: retention"), std::string::npos);
    EXPECT_EQ(got[5].error, KafkaError::invalid_topic_exception);
    EXPECT_EQ(got[6].error, KafkaError::none);
    EXPECT_EQ(got[6].partitions, 3);
    EXPECT_EQ(got[7].error, KafkaError::invalid_config);
    EXPECT_EQ(got[8].message,
              "Invalid value mostly for configuration durability: String must be one of: fsync, async");
    EXPECT_EQ(node.broker().topics()->by_name.size(), 2U);
}

TEST(Broker, RecreatedTopicHasNewIdAndHigherEpoch) {
    TestNode node;
    const Uuid first = node.create("orders");
    node.produce("orders", 0, Strings{"a"});
    node.submit(
        delete_topics(node.broker(), {{"", first}, {"nothing", {}}, {"", Uuid::random()}}, [](auto results) {
            EXPECT_EQ(results[0].error, KafkaError::none);
            EXPECT_EQ(results[0].name, "orders");
            EXPECT_EQ(results[1].error, KafkaError::unknown_topic_or_partition);
            EXPECT_EQ(results[2].error, KafkaError::unknown_topic_id);
        }));
    node.pump();
    EXPECT_EQ(node.broker().topics()->find("orders"), nullptr);
    node.checkpoint();
    node.restart();
    const Uuid second = node.create("orders");
    EXPECT_NE(first, second);
    EXPECT_EQ(node.log("orders").durable()->leader_epoch, LeaderEpoch(1));
    EXPECT_TRUE(node.values("orders").empty());
    EXPECT_EQ(Broker::check_leader_epoch(node.log("orders"), LeaderEpoch(0)),
              KafkaError::fenced_leader_epoch);
    EXPECT_EQ(Broker::check_leader_epoch(node.log("orders"), LeaderEpoch(2)),
              KafkaError::unknown_leader_epoch);
    EXPECT_EQ(Broker::check_leader_epoch(node.log("orders"), LeaderEpoch(-1)), KafkaError::none);
}

TEST(Broker, PartitionsAndConfigsChange) {
    TestNode node;
    node.create("orders");
    node.submit(create_partitions(node.broker(), {{"orders", 1}, {"orders", 0}, {"none", 3}, {"orders", 3}},
                                  false, [](auto results) {
                                      EXPECT_EQ(results[0].error, KafkaError::invalid_partitions);
                                      EXPECT_EQ(results[1].error, KafkaError::invalid_partitions);
                                      EXPECT_EQ(results[2].error, KafkaError::unknown_topic_or_partition);
                                      EXPECT_EQ(results[3].error, KafkaError::none);
                                  }));
    using Op = ConfigChange::Op;
    node.submit(alter_configs(
        node.broker(),
        {{"orders", {{Op::set, "retention.ms", "1000"}, {Op::append, "cleanup.policy", "compact"}}},
         {"orders", {{Op::set, "retention.ms", "soon"}}},
         {"orders", {{Op::append, "retention.ms", "1"}}}},
        false, [](auto results) {
            EXPECT_EQ(results[0].error, KafkaError::none) << results[0].message;
            EXPECT_EQ(results[1].error, KafkaError::invalid_config);
            EXPECT_EQ(results[2].error, KafkaError::invalid_config);
        }));
    node.pump();
    node.produce("orders", 2, Strings{"x"});
    node.checkpoint();
    node.restart();
    const auto topic = node.broker().topics()->find("orders");
    EXPECT_EQ(topic->partition_count(), 3);
    EXPECT_EQ(topic->config.settings().retention_ms, 1000);
    EXPECT_TRUE(topic->config.settings().compact);
    EXPECT_TRUE(topic->config.settings().del);
    EXPECT_EQ(node.values("orders", 2), Strings{"x"});
}

TEST(Broker, CommittedOffsetsComeBack) {
    TestNode node;
    const Uuid id = node.create("orders", 2);
    std::vector<KafkaError> got;
    node.submit(
        commit_offsets(node.broker(), "group",
                       {{"orders", {}, PartitionId(0), Offset(5), LeaderEpoch(0), std::string("m\0d", 3)},
                        {"", id, PartitionId(1), Offset(7), LeaderEpoch(-1), ""},
                        {"none", {}, PartitionId(0), Offset(1), LeaderEpoch(-1), ""},
                        {"orders", {}, PartitionId(0), Offset(1), LeaderEpoch(-1), std::string(5000, 'x')}},
                       [&](auto results) { got = std::move(results); }));
    node.pump();
    using enum KafkaError;
    EXPECT_EQ(got, (std::vector{none, none, unknown_topic_or_partition, offset_metadata_too_large}));
    const auto check = [&] {
        const auto offsets = node.broker().group_offsets("group");
        ASSERT_NE(offsets, nullptr);
        EXPECT_EQ(offsets->find(id, PartitionId(0))->offset, Offset(5));
        EXPECT_EQ(offsets->find(id, PartitionId(0))->metadata, std::string("m\0d", 3));
        EXPECT_EQ(offsets->find(id, PartitionId(1))->offset, Offset(7));
    };
    check();
    node.restart();
    check();
    node.checkpoint();
    node.restart();
    check();
    node.submit(delete_offsets(node.broker(), "group", {{"orders", PartitionId(1)}}, {}));
    node.pump();
    EXPECT_EQ(node.broker().group_offsets("group")->find(id, PartitionId(1)), nullptr);
    node.submit(delete_group_offsets(node.broker(), {"group", "other"}, [](auto results) {
        EXPECT_EQ(results, (std::vector{none, group_id_not_found}));
    }));
    node.pump();
    EXPECT_EQ(node.broker().group_offsets("group"), nullptr);
    EXPECT_TRUE(node.broker().groups_with_offsets().empty());
}

TEST(Broker, OffsetsExpireUnlessTheGroupIsActive) {
    TestNode node;
    node.create("orders");
    for (const char* group : {"old", "busy"}) {
        node.submit(commit_offsets(node.broker(), group, {{"orders", {}, PartitionId(0), Offset(0)}}, {}));
    }
    node.pump();
    node.clock().advance_ms(8LL * 86'400'000);
    node.broker().retention_once(
        node.clock().now(), [&](auto proposal) { return node.submit(std::move(proposal)), true; },
        [](std::string_view group) { return group == "busy"; });
    node.pump();
    EXPECT_EQ(node.broker().group_offsets("old"), nullptr);
    EXPECT_NE(node.broker().group_offsets("busy"), nullptr);
}

TEST(Broker, OffsetsForTimes) {
    TestNode node;
    node.create("orders");
    const std::int64_t t = TestNode::kStart;
    node.produce("orders", 0, make_batch({{t + 10, "k", "0"}, {t + 30, "k", "1"}, {t + 20, "k", "2"}}));
    node.produce("orders", 0, make_batch({{t + 25, "k", "3"}, {t + 40, "k", "4"}}));
    const auto offset = [&](std::int64_t timestamp) {
        return node.broker().offset_for_time(node.log("orders"), timestamp).offset.value;
    };
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(offset(-1), 5);
        EXPECT_EQ(offset(-2), 0);
        EXPECT_EQ(offset(-3), 4);
        EXPECT_EQ(offset(-4), 0);
        EXPECT_EQ(offset(-5), -1);
        EXPECT_EQ(offset(0), 0);
        EXPECT_EQ(offset(t + 11), 1);
        EXPECT_EQ(offset(t + 30), 1);
        EXPECT_EQ(offset(t + 31), 4);
        EXPECT_EQ(offset(t + 41), -1);
        EXPECT_EQ(node.broker().offset_for_time(node.log("orders"), -6).error,
                  KafkaError::unsupported_version);
        EXPECT_EQ(node.broker().offset_for_time(node.log("orders"), t + 41).timestamp, TimestampMs(-1));
        node.checkpoint();  // the second time from segments
        node.restart();
    }
}

TEST(Broker, DeleteRecordsMovesTheStart) {
    TestNode node;
    node.create("orders");
    node.produce("orders", 0, Strings{"a", "b", "c"});
    node.produce("orders", 0, Strings{"d"});
    std::vector<DeletedRecords> got;
    const auto remove = [&](std::int64_t before) {
        node.submit(delete_records(node.broker(), {{"orders", PartitionId(0), Offset(before)}},
                                   [&](auto results) { got = std::move(results); }));
        node.pump();
        return got.at(0);
    };
    EXPECT_EQ(remove(2).low_watermark, Offset(2));
    EXPECT_EQ(remove(1).low_watermark, Offset(2));
    EXPECT_EQ(remove(5).error, KafkaError::offset_out_of_range);
    EXPECT_EQ(node.broker().read(node.log("orders"), Offset(1), {}).error, KafkaError::offset_out_of_range);
    EXPECT_EQ(node.values("orders", 0, 2), (Strings{"c", "d"}));
    EXPECT_EQ(node.broker().offset_for_time(node.log("orders"), 0).offset, Offset(2));
    node.checkpoint();
    node.restart();
    EXPECT_EQ(node.values("orders", 0, 2), (Strings{"c", "d"}));
    EXPECT_EQ(remove(-1).low_watermark, Offset(4));
    EXPECT_EQ(node.broker().offset_for_time(node.log("orders"), -2).offset, Offset(4));
    EXPECT_EQ(node.produce("orders", 0, Strings{"e"}).base_offset, Offset(4));
    node.checkpoint();
    node.restart();
    EXPECT_EQ(node.values("orders", 0, 4), Strings{"e"});
}

TEST(Broker, ProducerIds) {
    TestNode node;
    std::vector<ProducerIdResult> got;
    const auto init = [&](ProducerIdRequest request) {
        node.submit(init_producer_id(node.broker(), std::move(request), [&](auto r) { got.push_back(r); }));
        node.pump();
        return got.back();
    };
    const auto first = init({});
    const auto second = init({});
    EXPECT_NE(first.producer_id, second.producer_id);
    const auto txn = init({.transactional_id = "t"});
    EXPECT_EQ(txn.producer_epoch, 0);
    node.checkpoint();
    node.restart();
    const auto again = init({.transactional_id = "t"});
    EXPECT_EQ(again.producer_id, txn.producer_id);
    EXPECT_EQ(again.producer_epoch, 1);
    EXPECT_GT(init({}).producer_id, txn.producer_id);
    EXPECT_EQ(init({.transactional_id = "t", .transaction_timeout_ms = 10'000'000}).error,
              KafkaError::invalid_transaction_timeout);
}

}  // namespace
}  // namespace mr::broker
