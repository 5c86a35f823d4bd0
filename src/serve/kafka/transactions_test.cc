// Transactions as clients of each version speak them: what is answered where, which errors which version
// knows, what read_committed consumers are sent.
#include <gtest/gtest.h>

#include "serve/kafka/testing/broker_fixture.h"

namespace mr::serve::kafka {
namespace {

using namespace testing;

class KafkaTransactions : public ::testing::Test {
  protected:
    void SetUp() override {
        f.make_topic("t", 2);
        init();
    }
    wire::InitProducerIdResponse init(std::int16_t version = 5, std::int64_t id = -1,
                                      std::int16_t epoch = -1) {
        wire::InitProducerIdRequest request;
        request.transactional_id = "tx";
        request.transaction_timeout_ms = 10'000;
        request.producer_id = id;
        request.producer_epoch = epoch;
        const auto answer = client.ask<wire::InitProducerIdResponse>(request, version);
        if (answer.error_code == ErrorCode::none) {
            pid = answer.producer_id;
            pepoch = answer.producer_epoch;
            sequence = 0;
        }
        return answer;
    }
    ErrorCode add(std::int16_t version, const std::string& topic = "t") {
        wire::AddPartitionsToTxnRequest request;
        wire::AddPartitionsToTxnRequest::Topic to;
        to.name = topic;
        to.partitions = {0};
        if (version < 4) {
            request.transactional_id = "tx";
            request.producer_id = pid;
            request.producer_epoch = pepoch;
            request.topics.push_back(to);
            return client.ask<wire::AddPartitionsToTxnResponse>(request, version)
                .topics.at(0)
                .partitions.at(0)
                .error_code;
        }
        for (const bool verify : {true, false}) {
            auto& one = request.transactions.emplace_back();
            one.transactional_id = "tx";
            one.producer_id = pid;
            one.producer_epoch = pepoch;
            one.verify_only = verify;
            one.topics.push_back(to);
        }
        const auto answer = client.ask<wire::AddPartitionsToTxnResponse>(request, version);
        EXPECT_EQ(answer.transactions.size(), 2U);
        EXPECT_EQ(answer.transactions[0].topics[0].partitions[0].error_code,
                  ErrorCode::transaction_abortable);
        return answer.transactions[1].topics[0].partitions[0].error_code;
    }
    ErrorCode produce(std::int16_t version) {
        auto request = produce_to("t", 0,
                                  batch_of(1, f.clock.now().value,
                                           {.producer_id = pid,
                                            .producer_epoch = pepoch,
                                            .base_sequence = sequence,
                                            .transactional = true}));
        request.transactional_id = "tx";
        const auto part = client.ask<wire::ProduceResponse>(request, version).topics.at(0).partitions.at(0);
        if (part.error_code == ErrorCode::none) ++sequence;
        return part.error_code;
    }
    wire::EndTxnResponse end(bool commit, std::int16_t version) {
        wire::EndTxnRequest request;
        request.transactional_id = "tx";
        request.producer_id = pid;
        request.producer_epoch = pepoch;
        request.committed = commit;
        const auto answer = client.ask<wire::EndTxnResponse>(request, version);
        if (answer.error_code == ErrorCode::none && version >= 5) {
            pid = answer.producer_id;
            pepoch = answer.producer_epoch;
            sequence = 0;
        }
        return answer;
    }
    ErrorCode offsets(std::int16_t version, std::int64_t offset, bool add_first = true) {
        if (version < 5 && add_first) {
            wire::AddOffsetsToTxnRequest add;
            add.transactional_id = "tx";
            add.producer_id = pid;
            add.producer_epoch = pepoch;
            add.group_id = "g";
            const auto error =
                client.ask<wire::AddOffsetsToTxnResponse>(add, std::min<std::int16_t>(version, 3)).error_code;
            if (error != ErrorCode::none) return error;
        }
        wire::TxnOffsetCommitRequest request;
        request.transactional_id = "tx";
        request.producer_id = pid;
        request.producer_epoch = pepoch;
        request.group_id = "g";
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        auto& partition = topic.partitions.emplace_back();
        partition.committed_offset = offset;
        partition.committed_metadata = "m";
        return client.ask<wire::TxnOffsetCommitResponse>(request, version)
            .topics.at(0)
            .partitions.at(0)
            .error_code;
    }
    wire::FetchResponse::Partition fetch(bool committed, std::int64_t offset = 0) {
        auto request = fetch_from("t", 0, offset);
        request.isolation_level = committed ? 1 : 0;
        return client.ask<wire::FetchResponse>(request, 11).topics.at(0).partitions.at(0);
    }
    wire::OffsetFetchResponse::Partition committed(bool stable) {
        wire::OffsetFetchRequest request;
        request.require_stable = stable;
        auto& group = request.groups.emplace_back();
        group.group_id = "g";
        auto& topic = group.topics.emplace().emplace_back();
        topic.name = "t";
        topic.partition_indexes = {0};
        return client.ask<wire::OffsetFetchResponse>(request, 8).groups.at(0).topics.at(0).partitions.at(0);
    }

    BrokerFixture f;
    Client& client = f.client();
    std::int64_t pid = -1;
    std::int16_t pepoch = -1;
    std::int32_t sequence = 0;
};

TEST_F(KafkaTransactions, Version1InAllVersions) {
    for (std::int16_t v = 0; v <= 3; ++v) {
        const auto produced = static_cast<std::int16_t>(3 + v * 2);
        EXPECT_EQ(produce(produced), ErrorCode::invalid_txn_state);
        EXPECT_EQ(add(v, "no"), ErrorCode::unknown_topic_or_partition);
        ASSERT_EQ(add(v), ErrorCode::none);
        ASSERT_EQ(produce(produced), ErrorCode::none);
        ASSERT_EQ(offsets(v, v), ErrorCode::none);
        EXPECT_EQ(committed(true).error_code, ErrorCode::unstable_offset_commit);
        EXPECT_EQ(committed(false).committed_offset, v - 1);
        ASSERT_EQ(end(true, v).error_code, ErrorCode::none);
        EXPECT_EQ(committed(true).committed_offset, v);
        EXPECT_EQ(committed(true).metadata, "m");
    }
    EXPECT_EQ(produce(11), ErrorCode::transaction_abortable);
    EXPECT_EQ(offsets(3, 1, false), ErrorCode::invalid_txn_state);
    EXPECT_EQ(offsets(4, 1, false), ErrorCode::transaction_abortable);
}

/// What librdkafka does after an abort in which an answer was lost: refused with the error by which each
/// version aborts and asks for a new epoch.
TEST_F(KafkaTransactions, ASequenceUsedAgain) {
    for (const std::int16_t v : {std::int16_t{7}, std::int16_t{10}, std::int16_t{11}}) {
        ASSERT_EQ(add(3), ErrorCode::none);
        ASSERT_EQ(produce(v), ErrorCode::none);
        ASSERT_EQ(end(false, 3).error_code, ErrorCode::none);
        --sequence;
        ASSERT_EQ(add(3), ErrorCode::none);
        EXPECT_EQ(produce(v), v < 11 ? ErrorCode::unknown_producer_id : ErrorCode::transaction_abortable);
        ASSERT_EQ(end(false, 3).error_code, ErrorCode::none);
        ASSERT_EQ(init(5, pid, pepoch).error_code, ErrorCode::none);
    }
}

TEST_F(KafkaTransactions, HalfAProducerIsNoProducer) {
    EXPECT_EQ(init(5, pid, -1).error_code, ErrorCode::invalid_request);
    EXPECT_EQ(init(5, -1, pepoch).error_code, ErrorCode::invalid_request);
}

TEST_F(KafkaTransactions, Version2AndBatchedAdds) {
    ASSERT_EQ(produce(12), ErrorCode::none);
    ASSERT_EQ(offsets(5, 4), ErrorCode::none);
    const std::int16_t before = pepoch;
    const auto ended = end(true, 5);
    ASSERT_EQ(ended.error_code, ErrorCode::none);
    EXPECT_EQ(ended.producer_epoch, before + 1);
    EXPECT_EQ(committed(true).committed_offset, 4);
    for (std::int16_t v = 4; v <= 5; ++v) {
        ASSERT_EQ(add(v), ErrorCode::none);
        ASSERT_EQ(end(false, 5).error_code, ErrorCode::none);
    }
}

TEST_F(KafkaTransactions, ReadCommittedGetsTheListOfAborted) {
    ASSERT_EQ(produce(12), ErrorCode::none);
    auto part = fetch(true);
    EXPECT_EQ(part.high_watermark, 1);
    EXPECT_EQ(part.last_stable_offset, 0);
    EXPECT_EQ(part.records->size(), 0U);
    EXPECT_GT(fetch(false).records->size(), 0U);
    ASSERT_EQ(end(false, 5).error_code, ErrorCode::none);
    part = fetch(true);
    EXPECT_EQ(part.last_stable_offset, 2);
    EXPECT_GT(part.records->size(), 0U);  // data and marker: the consumer leaves them out
    ASSERT_TRUE(part.aborted_transactions);
    ASSERT_EQ(part.aborted_transactions->size(), 1U);
    EXPECT_EQ(part.aborted_transactions->at(0).producer_id, pid);
    EXPECT_EQ(part.aborted_transactions->at(0).first_offset, 0);
    EXPECT_FALSE(fetch(false).aborted_transactions && !fetch(false).aborted_transactions->empty());
    ASSERT_EQ(produce(12), ErrorCode::none);
    wire::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().timestamp = -1;
    for (std::int8_t level = 0; level <= 1; ++level) {
        request.isolation_level = level;
        const auto answer = client.ask<wire::ListOffsetsResponse>(request, 7);
        EXPECT_EQ(answer.topics.at(0).partitions.at(0).offset, level == 0 ? 3 : 2);
    }
}

// A fetch that waits is told when the transaction ends, and gets its list of aborted ones (KAFKA-5376).
TEST_F(KafkaTransactions, AWaitingFetchSeesTheEnd) {
    ASSERT_EQ(produce(12), ErrorCode::none);
    Client& reader = f.client();
    auto request = fetch_from("t", 0, 0, 5'000);
    request.isolation_level = 1;
    reader.send(request, 11);
    f.run_all();
    EXPECT_FALSE(reader.receive<wire::FetchResponse>(11));
    ASSERT_EQ(end(false, 5).error_code, ErrorCode::none);
    f.run_all();
    f.advance(20);
    const auto answer = reader.receive<wire::FetchResponse>(11);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->topics.at(0).partitions.at(0).aborted_transactions->size(), 1U);
}

TEST_F(KafkaTransactions, OldEpochsAreFencedAsEachVersionKnows) {
    ASSERT_EQ(produce(12), ErrorCode::none);
    const auto old = pepoch;
    ASSERT_EQ(init().error_code, ErrorCode::none);
    EXPECT_EQ(pepoch, old + 2);
    pepoch = old;
    EXPECT_EQ(produce(12), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(add(1), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(add(2), ErrorCode::producer_fenced);
    EXPECT_EQ(offsets(0, 1), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(offsets(3, 1), ErrorCode::producer_fenced);
    EXPECT_EQ(offsets(5, 1), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(end(true, 1).error_code, ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(end(true, 2).error_code, ErrorCode::producer_fenced);
    EXPECT_EQ(end(true, 5).error_code, ErrorCode::producer_fenced);
    EXPECT_EQ(init(3, pid, old).error_code, ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(init(4, pid, old).error_code, ErrorCode::producer_fenced);
    pid += 100;
    EXPECT_EQ(end(true, 5).error_code, ErrorCode::invalid_producer_id_mapping);
    EXPECT_EQ(produce(12), ErrorCode::invalid_producer_id_mapping);
}

TEST_F(KafkaTransactions, OverdueOnesAreAborted) {
    ASSERT_EQ(produce(12), ErrorCode::none);
    f.advance(9'000);
    EXPECT_EQ(fetch(true).last_stable_offset, 0);
    f.advance(2'000);
    EXPECT_EQ(fetch(true).last_stable_offset, 2);
    EXPECT_EQ(end(true, 4).error_code, ErrorCode::producer_fenced);
    EXPECT_EQ(end(true, 5).error_code, ErrorCode::invalid_txn_state);
    const auto before = pepoch;
    ASSERT_EQ(end(false, 5).error_code, ErrorCode::none);
    EXPECT_EQ(pepoch, before + 1);
    EXPECT_EQ(produce(12), ErrorCode::none);
}

TEST_F(KafkaTransactions, Tools) {
    ASSERT_EQ(produce(12), ErrorCode::none);
    f.advance(1'500);
    for (std::int16_t v = 0; v <= 2; ++v) {
        wire::ListTransactionsRequest request;
        request.state_filters = {"Ongoing", "Odd"};
        request.producer_id_filters = {pid};
        request.duration_filter = 1'000;
        request.transactional_id_pattern = "t[wx]";
        auto list = client.ask<wire::ListTransactionsResponse>(request, v);
        EXPECT_EQ(list.unknown_state_filters, std::vector<std::string>{"Odd"});
        ASSERT_EQ(list.transactions.size(), 1U);
        EXPECT_EQ(list.transactions[0].state, "Ongoing");
        if (v < 1) continue;
        request.duration_filter = 2'000;
        EXPECT_TRUE(client.ask<wire::ListTransactionsResponse>(request, v).transactions.empty());
        request.duration_filter = -1;
        if (v < 2) continue;
        request.transactional_id_pattern = "t";
        EXPECT_TRUE(client.ask<wire::ListTransactionsResponse>(request, v).transactions.empty());
        request.transactional_id_pattern = "(";
        list = client.ask<wire::ListTransactionsResponse>(request, v);
        EXPECT_EQ(list.error_code, ErrorCode::invalid_regular_expression);
    }
    wire::DescribeTransactionsRequest describe;
    describe.transactional_ids = {"tx", "no"};
    const auto described = client.ask<wire::DescribeTransactionsResponse>(describe, 0);
    ASSERT_EQ(described.transactions.size(), 2U);
    EXPECT_EQ(described.transactions[0].topics.at(0).topic, "t");
    EXPECT_EQ(described.transactions[0].timeout_ms, 10'000);
    EXPECT_EQ(described.transactions[1].error_code, ErrorCode::transactional_id_not_found);
    wire::DescribeProducersRequest producers;
    auto& topic = producers.topics.emplace_back();
    topic.name = "t";
    topic.partition_indexes = {0, 7};
    const auto found = client.ask<wire::DescribeProducersResponse>(producers, 0);
    ASSERT_EQ(found.topics.at(0).partitions.size(), 2U);
    ASSERT_EQ(found.topics[0].partitions[0].active_producers.size(), 1U);
    EXPECT_EQ(found.topics[0].partitions[0].active_producers[0].current_txn_start_offset, 0);
    EXPECT_EQ(found.topics[0].partitions[1].error_code, ErrorCode::unknown_topic_or_partition);
    wire::WriteTxnMarkersRequest markers;
    auto& marker = markers.markers.emplace_back();
    marker.producer_id = pid;
    marker.producer_epoch = pepoch;
    auto& where = marker.topics.emplace_back();
    where.name = "t";
    where.partition_indexes = {0};
    for (std::int16_t v = 1; v <= 2; ++v) {
        const auto written = client.ask<wire::WriteTxnMarkersResponse>(markers, v);
        EXPECT_EQ(written.markers.at(0).topics.at(0).partitions.at(0).error_code,
                  v == 1 ? ErrorCode::none : ErrorCode::invalid_txn_state);
    }
}

}  // namespace
}  // namespace mr::serve::kafka
