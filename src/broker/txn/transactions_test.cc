// Transactions against the broker with its journal: what is visible when, who is fenced, what a crash leaves.
// The answers are Kafka 4.3's (research: edge answers).
#include "broker/txn/transactions.h"

#include <gtest/gtest.h>

#include "base/sim_file_system.h"
#include "broker/log_reader.h"
#include "broker/txn/describe.h"
#include "broker/txn/end_plan.h"
#include "broker/txn/txn_test_client.h"

namespace mr::broker::txn {
namespace {

using Strings = std::vector<std::string>;

/// What a read_committed consumer gets: filtered by the list that comes with each answer, as clients do.
Strings committed(TestNode& node, const std::string& topic, std::int32_t partition = 0, std::int64_t from = 0,
                  std::size_t max_bytes = 1U << 20) {
    Strings out;
    std::int64_t at = from;
    while (true) {
        const auto result = node.broker().read(node.log(topic, partition), Offset(at),
                                               {.max_bytes = max_bytes, .read_committed = true});
        EXPECT_EQ(result.error, KafkaError::none);
        if (result.bytes == 0) return out;
        std::string bytes;
        result.append_to(bytes);
        std::string_view rest = bytes;
        while (const auto batch = wire::next_batch(rest)) {
            if (!*batch) break;
            auto reader = wire::RecordReader::open(**batch);
            EXPECT_TRUE(reader && wire::batch_crc_ok(**batch, reader->header()));
            const auto& header = reader->header();
            EXPECT_LT(header.base_offset, result.last_stable);
            wire::Record record;
            while (!header.is_control() && reader->next(record)) {
                const bool aborted = header.is_transactional() &&
                                     is_aborted(result.aborted, header.producer_id, header.base_offset);
                if (!aborted && record.offset.value >= at) out.emplace_back(*record.value);
            }
            at = header.next_offset().value;
        }
    }
}

Strings drain(LogReader& reader, Seq* seq = nullptr) {
    Strings out;
    LogSlice slice;
    do {
        const Status status = reader.read({}, slice);
        EXPECT_TRUE(status) << status.error().message;
        for (const auto& batch : slice.batches) {
            each_record(batch, [&](Offset offset, const wire::Record& record) {
                if (offset >= batch.first_offset) out.emplace_back(*record.value);
            });
            if (seq != nullptr) {
                EXPECT_GE(batch.seq, *seq);
                *seq = batch.seq;
            }
        }
    } while (!slice.up_to_date);
    return out;
}

std::unique_ptr<LogReader> open(TestNode& node, Strings topics, Seq after = {}) {
    auto reader = LogReader::open(node.broker(), {.name = "t", .topics = std::move(topics), .after = after});
    EXPECT_TRUE(reader);
    return std::move(*reader);
}

/// Both versions of the protocol.
class Versions : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Transactions, Versions, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "v2" : "v1"; });

TEST_P(Versions, CommitAndAbortInSeveralPartitions) {
    TestNode node;
    node.create("a", 2);
    TestProducer p(node, "t", GetParam());
    ASSERT_EQ(p.init(), KafkaError::none);
    const std::int16_t first_epoch = p.epoch;
    ASSERT_EQ(p.produce("a", 0, {"1", "2"}).error, KafkaError::none);
    ASSERT_EQ(p.produce("a", 1, {"3"}).base_offset, Offset(0));
    node.produce("a", 0, Strings{"other"});
    EXPECT_EQ(node.log("a").durable()->log_end, Offset(3));
    EXPECT_EQ(node.log("a").durable()->last_stable, Offset(0));
    EXPECT_TRUE(committed(node, "a").empty());
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(p.epoch, first_epoch + (GetParam() ? 1 : 0));
    EXPECT_EQ(node.log("a").durable()->log_end, Offset(4));  // the marker takes one
    EXPECT_EQ(node.log("a").durable()->last_stable, Offset(4));
    EXPECT_EQ(committed(node, "a"), (Strings{"1", "2", "other"}));
    EXPECT_EQ(committed(node, "a", 1), Strings{"3"});

    ASSERT_EQ(p.produce("a", 0, {"void"}).error, KafkaError::none);
    ASSERT_EQ(p.produce("a", 1, {"void"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(false), KafkaError::none);
    const auto view = node.log("a").durable();
    EXPECT_EQ(view->last_stable, view->log_end);
    const auto aborted = view->aborted.overlapping(Offset(0), view->log_end);
    ASSERT_EQ(aborted.size(), 1U);
    EXPECT_EQ(aborted[0], (AbortedTxn{p.producer_id, Offset(4), Offset(5), Offset(6)}));
    EXPECT_EQ(committed(node, "a"), (Strings{"1", "2", "other"}));
    EXPECT_EQ(committed(node, "a", 1), Strings{"3"});
    EXPECT_EQ(node.broker().offset_for_time(node.log("a"), -1, true).offset, Offset(6));
}

TEST_P(Versions, AfterACheckpointAndARestartAllIsTheSame) {
    BrokerOptions options;
    options.settle_min_bytes = 1;
    TestNode node(options);
    node.create("a", 1, {{"segment.bytes", "400"}});
    TestProducer p(node, "t", GetParam());
    TestProducer q(node, "u", GetParam());
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(q.init(), KafkaError::none);
    Strings wanted;
    for (int i = 0; i < 20; ++i) {
        const std::string value = fmt::format("{}", i);
        ASSERT_EQ(p.produce("a", 0, {"p" + value}).error, KafkaError::none);
        ASSERT_EQ(q.produce("a", 0, {"q" + value}).error, KafkaError::none);
        ASSERT_EQ(p.finish(i % 2 == 0), KafkaError::none);
        if (i % 2 == 0) wanted.push_back("p" + value);
        ASSERT_EQ(q.finish(i % 3 == 0), KafkaError::none);
        if (i % 3 == 0) wanted.push_back("q" + value);
        if (i == 12) node.checkpoint();
    }
    EXPECT_EQ(committed(node, "a"), wanted);
    EXPECT_EQ(committed(node, "a", 0, 0, 1), wanted);
    const auto before = node.log("a").durable()->aborted.overlapping(Offset(0), Offset(1'000));
    for (int round = 0; round < 2; ++round) {
        node.restart();
        EXPECT_EQ(committed(node, "a"), wanted);
        EXPECT_EQ(committed(node, "a", 0, 0, 1), wanted);
        EXPECT_EQ(node.log("a").durable()->aborted.overlapping(Offset(0), Offset(1'000)), before);
        EXPECT_EQ(drain(*open(node, {"a"})).size(), wanted.size());
        node.checkpoint();
    }
    EXPECT_GT(node.log("a").segments()->size(), 3U);
    // Both go on where they were.
    ASSERT_EQ(p.produce("a", 0, {"more"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(true), KafkaError::none);
}

TEST_P(Versions, OffsetsCountAtTheCommit) {
    TestNode node;
    const Uuid topic = node.create("a");
    TestProducer p(node, "t", GetParam());
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(p.offsets("g", "a", 7), KafkaError::none);
    auto group = node.broker().group_offsets("g");
    ASSERT_NE(group, nullptr);
    EXPECT_TRUE(group->unstable(topic, PartitionId(0)));
    EXPECT_EQ(group->find(topic, PartitionId(0)), nullptr);
    node.checkpoint();
    ASSERT_EQ(p.finish(true), KafkaError::none);
    group = node.broker().group_offsets("g");
    ASSERT_NE(group, nullptr);
    EXPECT_FALSE(group->unstable(topic, PartitionId(0)));
    EXPECT_EQ(group->find(topic, PartitionId(0))->offset, Offset(7));
    ASSERT_EQ(p.offsets("g", "a", 9), KafkaError::none);
    ASSERT_EQ(p.finish(false), KafkaError::none);
    group = node.broker().group_offsets("g");
    EXPECT_EQ(group->find(topic, PartitionId(0))->offset, Offset(7));
    EXPECT_FALSE(group->unstable(topic, PartitionId(0)));
    // What never became anything leaves nothing.
    ASSERT_EQ(p.offsets("h", "a", 9), KafkaError::none);
    ASSERT_EQ(p.finish(false), KafkaError::none);
    EXPECT_EQ(node.broker().group_offsets("h"), nullptr);
}

TEST_P(Versions, ARestartAbortsWhatWasOpenAndItsProducerGoesOn) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", GetParam());
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"lost"}).error, KafkaError::none);
    ASSERT_EQ(p.offsets("g", "a", 3), KafkaError::none);
    if (GetParam()) node.checkpoint();
    node.restart();
    EXPECT_EQ(node.broker().transactions_due(), 0);
    // It is told so whatever it does, and can go on after an abort.
    EXPECT_EQ(p.finish(true), KafkaError::transaction_abortable);
    EXPECT_EQ(p.produce("a", 0, {"x"}).error, KafkaError::transaction_abortable);
    EXPECT_EQ(p.offsets("g", "a", 4), KafkaError::transaction_abortable);
    EXPECT_EQ(node.broker().transactions_due(), INT64_MAX);
    EXPECT_EQ(node.log("a").durable()->last_stable, Offset(2));
    EXPECT_TRUE(committed(node, "a").empty());
    EXPECT_EQ(node.broker().group_offsets("g"), nullptr);
    ASSERT_EQ(p.finish(false), KafkaError::none);
    if (!GetParam()) {
        ASSERT_EQ(p.init(60'000, true), KafkaError::none);
    }
    ASSERT_EQ(p.produce("a", 0, {"kept"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), Strings{"kept"});
    // One that gives up first notices nothing; nobody at all is needed either.
    ASSERT_EQ(p.produce("a", 0, {"lost"}).error, KafkaError::none);
    node.restart();
    ASSERT_EQ(p.finish(false), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"lost"}).error, KafkaError::none);
    node.restart();
    node.submit(expire(node.broker()));
    node.pump();
    EXPECT_EQ(node.log("a").durable()->last_stable, node.log("a").durable()->log_end);
    EXPECT_EQ(committed(node, "a"), Strings{"kept"});
}

TEST_P(Versions, IdsUnusedForLongestMakeRoom) {
    BrokerOptions options;
    options.transactional_ids_max = 3;
    TestNode node(options);
    node.create("a");
    std::vector<std::unique_ptr<TestProducer>> all;
    for (int i = 0; i < 5; ++i)
        all.push_back(std::make_unique<TestProducer>(node, fmt::format("t{}", i), GetParam()));
    for (int i = 0; i < 3; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)]->init(), KafkaError::none);
    ASSERT_EQ(all[0]->produce("a", 0, {"open"}).error, KafkaError::none);
    EXPECT_EQ(all[3]->init(), KafkaError::coordinator_not_available);
    node.clock().advance_ms(50'000);
    ASSERT_EQ(all[2]->init(), KafkaError::none);
    node.clock().advance_ms(20'000);
    ASSERT_EQ(all[3]->init(), KafkaError::none);
    // t1 went; t0 is in a transaction, t2 was used lately.
    EXPECT_EQ(all[1]->produce("a", 0, {"x"}).error, KafkaError::invalid_producer_id_mapping);
    EXPECT_EQ(all[4]->init(), KafkaError::coordinator_not_available);
    EXPECT_EQ(all[2]->produce("a", 0, {"kept"}).error, KafkaError::none);
    EXPECT_EQ(all[0]->finish(true), KafkaError::none);
    ASSERT_EQ(all[1]->init(), KafkaError::coordinator_not_available);
    node.clock().advance_ms(61'000);
    ASSERT_EQ(all[1]->init(), KafkaError::none);
}

/// What the service does every second or so.
void upkeep(TestNode& node) {
    node.submit(expire(node.broker()));
    node.pump();
}

TEST_P(Versions, AKilledProcessLosesNoTransactionAPowerFailureAbortsIt) {
    SimFileSystem disk(7);
    BrokerOptions options;
    options.boot_id = "first";
    TestNode node(options, &disk);
    node.create("a");
    upkeep(node);
    EXPECT_EQ(node.broker().transactions_due(), INT64_MAX);
    TestProducer p(node, "t", GetParam());
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"1"}).error, KafkaError::none);
    ASSERT_EQ(p.offsets("g", "a", 3), KafkaError::none);
    // Acknowledged before it is on disk: it must be there all the same.
    ProduceResult result{.error = KafkaError::unknown_server_error};
    node.submit(p.proposal("a", 0, {"2"}, &result));
    node.pump_unsynced();
    ASSERT_EQ(result.error, KafkaError::none);
    p.advance("a", 0, 1);
    node.stop();
    disk.kill();
    node.start();
    EXPECT_TRUE(committed(node, "a").empty());
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), (Strings{"1", "2"}));
    EXPECT_EQ(node.broker().group_offsets("g")->offsets.size(), 1U);

    ASSERT_EQ(p.produce("a", 0, {"lost"}).error, KafkaError::none);
    node.submit(p.proposal("a", 0, {"lost"}, nullptr));
    node.pump_unsynced();
    node.stop();
    disk.crash();
    node.set_boot_id("second");
    node.start();
    // Killed again before the transaction is ended: it must not pass for one of this run of the system.
    node.stop();
    disk.kill();
    node.start();
    EXPECT_EQ(node.broker().transactions_due(), 0);
    EXPECT_EQ(p.finish(true), KafkaError::transaction_abortable);
    upkeep(node);
    EXPECT_EQ(node.broker().transactions_due(), INT64_MAX);
    EXPECT_EQ(node.broker().cluster_settings()->find(kBootIdSetting)->second, "second");
    EXPECT_EQ(committed(node, "a"), (Strings{"1", "2"}));
}

TEST_P(Versions, OverdueOnesAreAborted) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", GetParam());
    EXPECT_EQ(p.init(0), KafkaError::invalid_transaction_timeout);
    EXPECT_EQ(p.init(900'001), KafkaError::invalid_transaction_timeout);
    ASSERT_EQ(p.init(5'000), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"late"}).error, KafkaError::none);
    EXPECT_EQ(node.broker().transactions_due(), TestNode::kStart + 5'000);
    node.clock().advance_ms(4'999);
    node.submit(expire(node.broker()));
    node.pump();
    EXPECT_EQ(node.log("a").durable()->last_stable, Offset(0));
    node.clock().advance_ms(1);
    node.submit(expire(node.broker()));
    node.pump();
    EXPECT_EQ(node.log("a").durable()->last_stable, Offset(2));
    EXPECT_EQ(p.finish(true), GetParam() ? KafkaError::invalid_txn_state : KafkaError::producer_fenced);
    EXPECT_EQ(p.produce("a", 0, {"x"}).error,
              GetParam() ? KafkaError::invalid_producer_epoch : KafkaError::producer_fenced);
    // Its producer may go on: with the epoch that the abort rose to, by asking for one (KIP-360) or by an
    // abort.
    const std::int16_t epoch = p.epoch;
    if (GetParam()) {
        ASSERT_EQ(p.finish(false), KafkaError::none);
        EXPECT_EQ(p.epoch, epoch + 1);
        p.epoch = epoch;
    }
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(p.init(60'000, true), KafkaError::none);
        EXPECT_EQ(p.epoch, epoch + 1);
        if (i == 0) p.epoch = epoch;  // the answer was lost
    }
    ASSERT_EQ(p.produce("a", 0, {"kept"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), Strings{"kept"});
    // Ids that nobody uses are forgotten.
    node.clock().advance_ms(604'800'001);
    node.submit(expire(node.broker()));
    node.pump();
    EXPECT_EQ(p.finish(false), KafkaError::invalid_producer_id_mapping);
}

TEST_P(Versions, ANewProducerFencesTheOld) {
    TestNode node;
    node.create("a");
    TestProducer old(node, "t", GetParam());
    TestProducer fresh(node, "t", GetParam());
    ASSERT_EQ(old.init(), KafkaError::none);
    ASSERT_EQ(old.produce("a", 0, {"zombie"}).error, KafkaError::none);
    ASSERT_EQ(fresh.init(), KafkaError::none);
    EXPECT_EQ(fresh.producer_id, old.producer_id);
    EXPECT_EQ(fresh.epoch, old.epoch + 2);  // one fenced the open transaction
    EXPECT_EQ(node.log("a").durable()->last_stable, Offset(2));
    EXPECT_EQ(old.finish(true), KafkaError::producer_fenced);
    old.add_first = false;
    EXPECT_EQ(old.produce("a", 0, {"x"}).error, KafkaError::invalid_producer_epoch);
    EXPECT_EQ(old.add("a"), KafkaError::producer_fenced);
    EXPECT_EQ(old.offsets("g", "a", 1), KafkaError::invalid_producer_epoch);
    EXPECT_EQ(old.init(60'000, true), KafkaError::producer_fenced);
    ASSERT_EQ(fresh.produce("a", 0, {"y"}).error, KafkaError::none);
    ASSERT_EQ(fresh.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), Strings{"y"});
}

TEST(Transactions, RulesOfVersion1) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", false);
    ASSERT_EQ(p.init(), KafkaError::none);
    p.add_first = false;
    EXPECT_EQ(p.produce("a", 0, {"x"}).error, KafkaError::invalid_txn_state);
    EXPECT_EQ(p.offsets("g", "a", 1), KafkaError::invalid_txn_state);
    EXPECT_EQ(p.finish(true), KafkaError::invalid_txn_state);
    EXPECT_EQ(p.finish(false), KafkaError::invalid_txn_state);
    EXPECT_EQ(p.add("b"), KafkaError::unknown_topic_or_partition);
    ASSERT_EQ(p.add("a"), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"1"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(p.finish(true), KafkaError::none);  // a retry
    EXPECT_EQ(p.finish(false), KafkaError::invalid_txn_state);
    // Sequences go on in the same epoch; a late batch does not fall into the next transaction.
    EXPECT_EQ(p.produce("a", 0, {"late"}).error, KafkaError::invalid_txn_state);
    ASSERT_EQ(p.add("a"), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"2"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(false), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), Strings{"1"});
}

/// What librdkafka does when an abort comes between a batch and its answer: the broker has the batch, the
/// producer takes it for never written and gives its sequence to the next record.
TEST(Transactions, ASequenceUsedAgainAfterAnAbortIsNotTakenForADuplicate) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", false);
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"void"}).error, KafkaError::none);
    // While the transaction is open it is a duplicate.
    p.advance("a", 0, -1);
    EXPECT_EQ(p.produce("a", 0, {"void"}).base_offset, Offset(0));
    ASSERT_EQ(p.finish(false), KafkaError::none);
    p.advance("a", 0, -1);
    EXPECT_EQ(p.produce("a", 0, {"kept"}).error, KafkaError::transaction_abortable);
    ASSERT_EQ(p.finish(false), KafkaError::none);
    // The producer asks for a new epoch (KIP-360) and goes on.
    ASSERT_EQ(p.init(60'000, true), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"kept"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), Strings{"kept"});
}

TEST(Transactions, RulesOfVersion2) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    EXPECT_EQ(p.finish(true), KafkaError::invalid_txn_state);
    ASSERT_EQ(p.produce("a", 0, {"1"}).error, KafkaError::none);
    const std::int16_t epoch = p.epoch;
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(p.epoch, epoch + 1);
    p.epoch = epoch;
    EXPECT_EQ(p.finish(false), KafkaError::invalid_txn_state);
    p.epoch = epoch;
    ASSERT_EQ(p.finish(true), KafkaError::none);  // a retry: the same answer
    EXPECT_EQ(p.epoch, epoch + 1);
    ASSERT_EQ(p.finish(false), KafkaError::none);  // of nothing: the epoch rises all the same
    EXPECT_EQ(p.epoch, epoch + 2);
    // A batch that comes late is fenced.
    ASSERT_EQ(p.produce("a", 0, {"2"}).error, KafkaError::none);
    ProduceResult late;
    --p.epoch;
    node.submit(p.proposal("a", 0, {"late"}, &late));
    node.pump();
    EXPECT_EQ(late.error, KafkaError::invalid_producer_epoch);
    ++p.epoch;
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), (Strings{"1", "2"}));
}

/// All but the last of the epochs are used.
void wear_out(TestNode& node, TestProducer& p) {
    for (; p.epoch < kEpochMax; ++p.epoch) {
        node.submit(end(node.broker(), {"t", p.producer_id, p.epoch}, false, true, {}));
        if (p.epoch % 500 == 0) node.pump();
    }
    node.pump();
}

TEST(Transactions, EpochsRunOutIntoANewProducerId) {
    SimFileSystem disk(1);
    TestNode node({}, &disk);
    node.create("a");
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    wear_out(node, p);
    const std::int64_t id = p.producer_id;
    ASSERT_EQ(p.produce("a", 0, {"1"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_NE(p.producer_id, id);
    EXPECT_EQ(p.epoch, 0);
    const std::int64_t next = p.producer_id;
    p.producer_id = id;
    p.epoch = kEpochMax;
    ASSERT_EQ(p.finish(true), KafkaError::none);  // a retry over the change
    EXPECT_EQ(p.producer_id, next);
    ASSERT_EQ(p.produce("a", 0, {"2"}).error, KafkaError::none);
    node.checkpoint();
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), (Strings{"1", "2"}));
    EXPECT_EQ(node.log("a").durable()->last_stable, Offset(4));
}

/// The last epoch is used up by an abort that the producer did not ask for.
TEST(Transactions, EpochsRunOutInAnAbortByTheBroker) {
    for (const bool asked : {false, true}) {
        TestNode node;
        node.create("a");
        TestProducer p(node, "t", true);
        ASSERT_EQ(p.init(5'000), KafkaError::none);
        wear_out(node, p);
        const std::int64_t id = p.producer_id;
        ASSERT_EQ(p.produce("a", 0, {"void"}).error, KafkaError::none);
        if (!asked) {
            node.clock().advance_ms(5'000);
            upkeep(node);
        }
        for (int i = 0; i < 2; ++i) {
            p.producer_id = id;
            p.epoch = kEpochMax;
            ASSERT_EQ(p.init(5'000, true), KafkaError::none);
            EXPECT_NE(p.producer_id, id);
            EXPECT_EQ(p.epoch, 0);
        }
        ASSERT_EQ(p.produce("a", 0, {"kept"}).error, KafkaError::none);
        ASSERT_EQ(p.finish(true), KafkaError::none);
        EXPECT_EQ(committed(node, "a"), Strings{"kept"});
    }
}

/// Every state by every end (docs/kafka-compatibility.md, "EndTxn").
TEST(Transactions, EndsInEveryState) {
    enum class State { empty, committed, aborted };
    constexpr auto kNone = KafkaError::none;
    constexpr auto kState = KafkaError::invalid_txn_state;
    constexpr auto kFenced = KafkaError::producer_fenced;
    struct Row {
        State state;
        bool v2;
        bool commit;
        KafkaError current, retry;
    };
    for (const Row& row :
         {Row{State::empty, false, false, kState, kFenced}, Row{State::empty, false, true, kState, kFenced},
          Row{State::committed, false, false, kState, kFenced},
          Row{State::committed, false, true, kNone, kFenced},
          Row{State::aborted, false, false, kNone, kFenced},
          Row{State::aborted, false, true, kState, kFenced}, Row{State::empty, true, false, kNone, kFenced},
          Row{State::empty, true, true, kState, kFenced}, Row{State::committed, true, false, kNone, kState},
          Row{State::committed, true, true, kState, kNone}, Row{State::aborted, true, false, kNone, kNone},
          Row{State::aborted, true, true, kState, kState}}) {
        for (const bool retry : {false, true}) {
            SCOPED_TRACE(fmt::format("state {} v2 {} commit {} retry {}", static_cast<int>(row.state), row.v2,
                                     row.commit, retry));
            TestNode node;
            node.create("a");
            TestProducer p(node, "t", row.v2);
            ASSERT_EQ(p.init(), kNone);
            ASSERT_EQ(p.init(), kNone);
            if (row.state != State::empty) {
                ASSERT_EQ(p.produce("a", 0, {"x"}).error, kNone);
                ASSERT_EQ(p.finish(row.state == State::committed), kNone);
            }
            if (retry) --p.epoch;
            const std::int16_t epoch = p.epoch;
            EXPECT_EQ(p.finish(row.commit), retry ? row.retry : row.current);
            const bool next = row.v2 && (retry ? row.retry : row.current) == kNone;
            EXPECT_EQ(p.epoch, epoch + (next ? 1 : 0));
        }
    }
}

TEST(Transactions, WhoIsNotKnownInAPartitionBeginsAtZero) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    p.advance("a", 0, 3);
    EXPECT_EQ(p.produce("a", 0, {"x"}).error, KafkaError::out_of_order_sequence_number);
    p.advance("a", 0, -3);
    EXPECT_EQ(p.produce("a", 0, {"x"}).error, KafkaError::none);
    // Version 1: what was there may be gone by retention.
    TestProducer q(node, "u", false);
    ASSERT_EQ(q.init(), KafkaError::none);
    q.advance("a", 0, 3);
    EXPECT_EQ(q.produce("a", 0, {"x"}).error, KafkaError::none);
}

TEST_P(Versions, AskingForANewEpochAbortsWhatIsOpen) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", GetParam());
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"void"}).error, KafkaError::none);
    const std::int16_t epoch = p.epoch;
    for (int i = 0; i < 3; ++i) {  // each but the last answer is lost
        p.epoch = epoch;
        ASSERT_EQ(p.init(60'000, true), KafkaError::none);
        EXPECT_EQ(p.epoch, epoch + 1);
    }
    ASSERT_EQ(p.produce("a", 0, {"kept"}).error, KafkaError::none);
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(committed(node, "a"), Strings{"kept"});
}

TEST(Transactions, InitProducerIdMayBeAskedAgain) {
    TestNode node;
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    const std::int16_t before = p.epoch;
    ASSERT_EQ(p.init(60'000, true), KafkaError::none);
    EXPECT_EQ(p.epoch, before + 1);
    p.epoch = before;  // the answer was lost
    ASSERT_EQ(p.init(60'000, true), KafkaError::none);
    EXPECT_EQ(p.epoch, before + 1);
    // Asked again late, with a transaction open already: it stays so.
    node.create("a");
    ASSERT_EQ(p.produce("a", 0, {"1"}).error, KafkaError::none);
    --p.epoch;
    EXPECT_EQ(p.init(60'000, true), KafkaError::producer_fenced);
    ++p.epoch;
    ASSERT_EQ(p.finish(true), KafkaError::none);
    TestProducer other(node, "t", true);
    ASSERT_EQ(other.init(), KafkaError::none);
    EXPECT_EQ(other.epoch, before + 3);
    EXPECT_EQ(p.init(60'000, true), KafkaError::producer_fenced);
}

TEST(Transactions, BatchesAreAnsweredEarlyOnceTheBeginningIsOnDisk) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    ProduceResult result{.error = KafkaError::unknown_server_error};
    node.submit(p.proposal("a", 0, {"1"}, &result));
    node.pump_unsynced();
    EXPECT_EQ(result.error, KafkaError::unknown_server_error);
    node.pump();
    EXPECT_EQ(result.error, KafkaError::none);
    node.create("b");
    result.error = KafkaError::unknown_server_error;
    node.submit(p.proposal("b", 0, {"2"}, &result));
    node.pump_unsynced();
    EXPECT_EQ(result.error, KafkaError::none);
    node.pump();
}

TEST(Transactions, ALongOneHoldsBackItsPartitionOnly) {
    TestNode node;
    node.create("a", 2);
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    auto live = open(node, {"a"});
    node.produce("a", 0, Strings{"first"});
    EXPECT_EQ(drain(*live), Strings{"first"});
    ASSERT_EQ(p.produce("a", 0, {"held"}).error, KafkaError::none);
    node.produce("a", 0, Strings{"behind"});
    node.produce("a", 1, Strings{"free"});
    EXPECT_EQ(drain(*live), Strings{"free"});
    const Seq position = live->position();
    node.checkpoint();
    EXPECT_TRUE(drain(*open(node, {"a"}, position)).empty());
    node.produce("a", 1, Strings{"free too"});
    ASSERT_EQ(p.finish(true), KafkaError::none);
    node.produce("a", 0, Strings{"after"});
    const Strings rest{"free too", "held", "behind", "after"};
    EXPECT_EQ(drain(*live), rest);
    // Whoever comes back to that position gets the same, from memory, from the segments, after a restart.
    EXPECT_EQ(drain(*open(node, {"a"}, position)), rest);
    node.checkpoint();
    live.reset();  // before its broker goes
    node.restart();
    EXPECT_EQ(drain(*open(node, {"a"}, position)), rest);
    Seq seq;
    EXPECT_EQ(drain(*open(node, {"a"}), &seq),
              (Strings{"first", "free", "free too", "held", "behind", "after"}));
}

TEST(Transactions, DeletedTopicsAndRecords) {
    TestNode node;
    node.create("a");
    node.create("b");
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"1"}).error, KafkaError::none);
    ASSERT_EQ(p.produce("b", 0, {"2", "3"}).error, KafkaError::none);
    ASSERT_EQ(p.offsets("g", "a", 1), KafkaError::none);
    node.submit(delete_topics(node.broker(), {{"a", {}}}, {}));
    node.submit(delete_records(node.broker(), {{"b", PartitionId(0), Offset(2)}}, {}));
    node.pump();
    EXPECT_EQ(node.log("b").durable()->last_stable, Offset(2));
    ASSERT_EQ(p.finish(true), KafkaError::none);
    EXPECT_EQ(node.log("b").durable()->last_stable, Offset(3));
    EXPECT_EQ(node.broker().group_offsets("g"), nullptr);
    node.checkpoint();
    node.restart();
    EXPECT_EQ(node.log("b").durable()->last_stable, Offset(3));
}

TEST(Transactions, WhatToolsSee) {
    TestNode node;
    node.create("a");
    TestProducer p(node, "t", true);
    ASSERT_EQ(p.init(), KafkaError::none);
    ASSERT_EQ(p.produce("a", 0, {"1"}).error, KafkaError::none);
    std::vector<TransactionInfo> infos;
    node.submit(describe(node.broker(), Strings{"t", "no"}, [&](auto r) { infos = std::move(r); }));
    std::vector<PartitionProducers> producers;
    node.submit(describe_producers(node.broker(), {{"a", PartitionId(0)}, {"a", PartitionId(1)}},
                                   [&](auto r) { producers = std::move(r); }));
    node.pump();
    ASSERT_EQ(infos.size(), 2U);
    EXPECT_EQ(infos[0].state, "Ongoing");
    EXPECT_EQ(infos[0].started_ms, TestNode::kStart);
    ASSERT_EQ(infos[0].topics.size(), 1U);
    EXPECT_EQ(infos[0].topics[0].first, "a");
    EXPECT_EQ(infos[1].error, KafkaError::transactional_id_not_found);
    ASSERT_EQ(producers.size(), 2U);
    ASSERT_EQ(producers[0].producers.size(), 1U);
    EXPECT_EQ(producers[0].producers[0].transaction_start, 0);
    EXPECT_EQ(producers[0].producers[0].last_sequence, 0);
    EXPECT_EQ(producers[1].error, KafkaError::unknown_topic_or_partition);
    KafkaError error = KafkaError::unknown_server_error;
    node.submit(force_abort(node.broker(), p.producer_id, p.epoch, true, [&](auto e) { error = e; }));
    node.pump();
    EXPECT_EQ(error, KafkaError::invalid_txn_state);
    node.submit(force_abort(node.broker(), p.producer_id, p.epoch, false, [&](auto e) { error = e; }));
    node.pump();
    EXPECT_EQ(error, KafkaError::none);
    EXPECT_EQ(p.finish(true), KafkaError::invalid_txn_state);
}

TEST(Transactions, MarkerAndIndexBytesAreKafkas) {
    const std::string marker = make_marker(true, 7, 1, TimestampMs(1'000));
    const auto header = wire::decode_batch_header(marker);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->attributes, 0x30);
    EXPECT_EQ(header->base_sequence, -1);
    EXPECT_EQ(header->record_count, 1);
    auto reader = wire::RecordReader::open(marker);
    wire::Record record;
    ASSERT_TRUE(reader && reader->next(record));
    EXPECT_EQ(hex(*record.key, 16), "00 00 00 01");
    EXPECT_EQ(hex(*record.value, 16), "00 00 00 00 00 00");
    EXPECT_EQ(marker.size(), 78U);

    // docs/formats/topic-segment.md, .txnindex.
    std::string bytes;
    write_txn_index_entry(bytes, {7, Offset(4), Offset(6), Offset(7)});
    EXPECT_EQ(hex(bytes, 64),
              "00 00 00 00 00 00 00 00 00 07 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 06 "
              "00 00 00 00 00 00 00 07");
    EXPECT_EQ(bytes.size(), kTxnIndexEntryBytes);
    const auto txn = read_txn_index_entry(bytes);
    ASSERT_TRUE(txn);
    EXPECT_EQ(*txn, (AbortedTxn{7, Offset(4), Offset(6), Offset(7)}));
    EXPECT_FALSE(read_txn_index_entry(bytes.substr(1)));
    bytes[1] = 1;
    EXPECT_EQ(read_txn_index_entry(bytes).error().code, Code::corrupt);
}

TEST(Transactions, AbortedIndexFindsWhatOverlaps) {
    AbortedIndex index;
    std::vector<AbortedTxn> all;
    for (std::int64_t i = 0; i < 1'000; ++i) {
        // A long one now and then that spans the others.
        const std::int64_t first = i % 10 == 9 ? i * 10 - 80 : i * 10;
        const AbortedTxn txn{i, Offset(first), Offset(i * 10 + 9),
                             Offset(i / 10 * 100 + (i % 10 == 9 ? 100 : 10))};
        all.push_back(txn);
        index = index.with(txn);
    }
    const std::vector<std::pair<int, int>> ranges{
        {0, 1}, {5, 2'000}, {995, 1'001}, {1'000, 1'000}, {9'999, 20'000}};
    for (const auto& [from, end] : ranges) {
        std::vector<AbortedTxn> wanted;
        for (const auto& txn : all) {
            if (from < end && txn.last.value >= from && txn.first.value < end) wanted.push_back(txn);
        }
        EXPECT_EQ(index.overlapping(Offset(from), Offset(end)), wanted) << from << " " << end;
    }
    ASSERT_NE(index.find_marker(Offset(19)), nullptr);
    EXPECT_EQ(index.find_marker(Offset(19))->producer_id, 1);
    EXPECT_EQ(index.find_marker(Offset(18)), nullptr);
    const AbortedIndex rest = index.without_below(Offset(5'000));
    EXPECT_LT(rest.size(), 700U);
    EXPECT_EQ(rest.overlapping(Offset(5'000), Offset(5'010)),
              index.overlapping(Offset(5'000), Offset(5'010)));
}

}  // namespace
}  // namespace mr::broker::txn
