// Produce, Fetch, ListOffsets and OffsetForLeaderEpoch against the answers Kafka 4.3.1 gives (the edge cases
// of the research notes, measured on the real broker).
#include "serve/kafka/testing/broker_fixture.h"

namespace mr::serve::kafka {
namespace {

using testing::batch_of;
using testing::BrokerFixture;
using testing::Client;
using testing::fetch_from;
using testing::produce_to;

class ProduceFetch : public ::testing::Test {
  protected:
    ProduceFetch() : topic_id(f.make_topic("t", 2)), client(f.client()) {}

    std::int64_t now() const { return f.clock.now().value; }
    wire::ProduceResponse::Partition produce(const wire::ProduceRequest& request, std::int16_t version = 12) {
        return client.ask<wire::ProduceResponse>(request, version).topics.at(0).partitions.at(0);
    }
    wire::ProduceResponse::Partition produce(std::string batch, std::int32_t partition = 0) {
        return produce(produce_to("t", partition, std::move(batch)));
    }
    wire::FetchResponse::Partition fetch(const wire::FetchRequest& request, std::int16_t version = 12) {
        return client.ask<wire::FetchResponse>(request, version).topics.at(0).partitions.at(0);
    }
    static int count_records(const wire::FetchResponse::Partition& partition) {
        int count = 0;
        if (!partition.records) return 0;
        for (const SharedBytes& part : partition.records->parts) {
            std::string_view rest = part.view();
            while (true) {
                const auto batch = wire::next_batch(rest);
                if (!batch || !*batch) break;
                const auto facts = wire::validate_batch(**batch, {.batch_bytes_max = 64U << 20});
                EXPECT_TRUE(facts);
                count += facts ? facts->header.record_count : 0;
            }
        }
        return count;
    }
    wire::BatchOptions idempotent(std::int32_t sequence, std::int16_t epoch = 0) const {
        wire::BatchOptions options;
        options.producer_id = 77;
        options.producer_epoch = epoch;
        options.base_sequence = sequence;
        return options;
    }

    BrokerFixture f;
    const Uuid topic_id;
    Client& client;
};

TEST_F(ProduceFetch, AllVersionsProduce) {
    for (std::int16_t version = 3; version <= 13; ++version) {
        auto request = produce_to(version < 13 ? "t" : "", 0, batch_of(2, now()));
        request.topics[0].topic_id = topic_id;
        const auto part = produce(request, version);
        EXPECT_EQ(part.error_code, ErrorCode::none) << version;
        EXPECT_EQ(part.base_offset, (version - 3) * 2);
        EXPECT_EQ(part.log_append_time_ms, -1);
    }
}

TEST_F(ProduceFetch, AllVersionsFetch) {
    produce(batch_of(3, now()));
    produce(batch_of(2, now()));
    for (std::int16_t version = 4; version <= 18; ++version) {
        auto request = fetch_from(version < 13 ? "t" : "", 0, 0);
        request.topics[0].topic_id = topic_id;
        const auto part = fetch(request, version);
        EXPECT_EQ(part.error_code, ErrorCode::none) << version;
        EXPECT_EQ(part.high_watermark, 5);
        EXPECT_EQ(part.last_stable_offset, 5);
        EXPECT_EQ(count_records(part), 5) << version;
    }
}

TEST_F(ProduceFetch, ProduceErrors) {
    std::string bad_crc = batch_of(1, now());
    bad_crc.back() ^= 1;
    EXPECT_EQ(produce(bad_crc).error_code, ErrorCode::corrupt_message);
    EXPECT_EQ(produce(batch_of(1, now()) + batch_of(1, now())).error_code, ErrorCode::invalid_record);
    EXPECT_EQ(produce(batch_of(1, now(), {.control = true})).error_code, ErrorCode::invalid_record);
    EXPECT_EQ(produce(batch_of(200'000, now())).error_code, ErrorCode::message_too_large);
    EXPECT_EQ(produce("").error_code, ErrorCode::invalid_record);
    auto request = produce_to("t", 0, batch_of(1, now()));
    request.acks = 2;
    EXPECT_EQ(produce(request).error_code, ErrorCode::invalid_required_acks);
    EXPECT_EQ(produce(produce_to("no", 0, batch_of(1, now()))).error_code,
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(produce(produce_to("t", 2, batch_of(1, now()))).error_code,
              ErrorCode::unknown_topic_or_partition);
    auto by_id = produce_to("", 0, batch_of(1, now()));
    by_id.topics[0].topic_id = Uuid::random();
    EXPECT_EQ(produce(by_id, 13).error_code, ErrorCode::unknown_topic_id);
    EXPECT_EQ(
        produce(batch_of(1, now(),
                         {.producer_id = 1, .producer_epoch = 0, .base_sequence = 0, .transactional = true}))
            .error_code,
        ErrorCode::transactional_id_authorization_failed);
    // Nothing of all this was written.
    EXPECT_EQ(produce(batch_of(1, now())).base_offset, 0);
}

TEST_F(ProduceFetch, TimestampTooFarAheadNamesTheRecord) {
    wire::BatchBuilder builder;
    builder.add(TimestampMs(now()), "a", "fine");
    builder.add(TimestampMs(now() + 3 * 86'400'000LL), "b", "from the future");
    const auto part = produce(builder.finish());
    EXPECT_EQ(part.error_code, ErrorCode::invalid_timestamp);
    EXPECT_TRUE(part.error_message.has_value());
    ASSERT_EQ(part.record_errors.size(), 1U);
    EXPECT_EQ(part.record_errors[0].batch_index, 1);
}

TEST_F(ProduceFetch, CompactedTopicsNeedKeys) {
    f.make_topic("c", 1, {{"cleanup.policy", "compact"}});
    wire::BatchBuilder builder;
    builder.add(TimestampMs(now()), "key", "1");
    builder.add(TimestampMs(now()), std::nullopt, "2");
    const auto part = produce(produce_to("c", 0, builder.finish()));
    EXPECT_EQ(part.error_code, ErrorCode::invalid_record);
    ASSERT_EQ(part.record_errors.size(), 1U);
    EXPECT_EQ(part.record_errors[0].batch_index, 1);
}

// Golden: first batch with any sequence accepted; duplicates among the last five answer their offset; the
// sixth last, gaps and new epochs with seq != 0 are 45; old epochs 47; acks=1 is fine.
TEST_F(ProduceFetch, IdempotentProducers) {
    for (int i = 0; i < 6; ++i) {
        const auto part = produce(batch_of(1, now(), idempotent(5 + i)));
        EXPECT_EQ(part.error_code, ErrorCode::none);
        EXPECT_EQ(part.base_offset, i);
    }
    const auto duplicate = produce(batch_of(1, now(), idempotent(8)));
    EXPECT_EQ(duplicate.error_code, ErrorCode::none);
    EXPECT_EQ(duplicate.base_offset, 3);
    EXPECT_EQ(produce(batch_of(1, now(), idempotent(5))).error_code, ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(produce(batch_of(1, now(), idempotent(20))).error_code,
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(produce(batch_of(1, now(), idempotent(3, 1))).error_code,
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(produce(batch_of(1, now(), idempotent(0, 1))).base_offset, 6);
    EXPECT_EQ(produce(batch_of(1, now(), idempotent(11, 0))).error_code, ErrorCode::invalid_producer_epoch);
    auto request = produce_to("t", 0, batch_of(1, now(), idempotent(1, 1)));
    request.acks = 1;
    EXPECT_EQ(produce(request).base_offset, 7);
}

TEST_F(ProduceFetch, AcksZero) {
    auto request = produce_to("t", 0, batch_of(1, now()));
    request.acks = 0;
    client.send(request, 9);
    f.run_all();
    EXPECT_TRUE(client.connection->sent.empty());
    Client& other = f.client();
    EXPECT_EQ(
        other.ask<wire::FetchResponse>(fetch_from("t", 0, 0), 12).topics[0].partitions[0].high_watermark, 1);
    // An error can only be shown by hanging up.
    request.topics[0].name = "no";
    client.send(request, 9);
    f.run_all();
    EXPECT_TRUE(client.connection->aborted);
}

TEST_F(ProduceFetch, FetchErrors) {
    produce(batch_of(3, now()));
    for (const std::int64_t offset : {-1LL, 4LL}) {
        const auto part = fetch(fetch_from("t", 0, offset));
        EXPECT_EQ(part.error_code, ErrorCode::offset_out_of_range);
        EXPECT_EQ(part.high_watermark, -1);
        EXPECT_EQ(part.log_start_offset, -1);
    }
    auto request = fetch_from("t", 0, 0);
    request.topics[0].partitions[0].current_leader_epoch = 9;
    EXPECT_EQ(fetch(request).error_code, ErrorCode::unknown_leader_epoch);
    EXPECT_EQ(fetch(fetch_from("no", 0, 0)).error_code, ErrorCode::unknown_topic_or_partition);
    request = fetch_from("", 0, 0);
    request.topics[0].topic_id = Uuid::random();
    EXPECT_EQ(fetch(request, 13).error_code, ErrorCode::unknown_topic_id);
}

// Golden: the first batch comes whole whatever the limits; from the middle of a batch the whole batch comes.
TEST_F(ProduceFetch, WholeBatches) {
    produce(batch_of(10, now()));
    produce(batch_of(10, now()));
    auto request = fetch_from("t", 0, 0);
    request.topics[0].partitions[0].partition_max_bytes = 1;
    EXPECT_EQ(count_records(fetch(request)), 10);
    request.max_bytes = 0;
    EXPECT_EQ(count_records(fetch(request)), 10);
    EXPECT_EQ(count_records(fetch(fetch_from("t", 0, 15))), 10);
    EXPECT_EQ(count_records(fetch(fetch_from("t", 0, 20))), 0);
}

// Goal: of several partitions only the first non-empty one may break the limit.
TEST_F(ProduceFetch, LimitOverPartitions) {
    produce(batch_of(10, now()), 0);
    produce(batch_of(10, now()), 1);
    auto request = fetch_from("t", 0, 0);
    request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
    request.topics[0].partitions[1].partition = 1;
    request.max_bytes = 50;
    const auto response = client.ask<wire::FetchResponse>(request, 12);
    EXPECT_EQ(count_records(response.topics[0].partitions[0]), 10);
    EXPECT_EQ(count_records(response.topics[0].partitions[1]), 0);
    EXPECT_EQ(response.topics[0].partitions[1].error_code, ErrorCode::none);
}

TEST_F(ProduceFetch, LongPollWakesOnDurableData) {
    client.send(fetch_from("t", 0, 0, 60'000), 12);
    f.run_all();
    EXPECT_TRUE(client.connection->sent.empty());
    Client& producer = f.client();
    producer.send(produce_to("t", 0, batch_of(2, now())), 12);
    f.run_journal();
    f.run_loop();
    EXPECT_TRUE(client.connection->sent.empty()) << "appended is not durable";
    f.run_all();
    const auto response = client.receive<wire::FetchResponse>(12);
    ASSERT_TRUE(response);
    EXPECT_EQ(count_records(response->topics[0].partitions[0]), 2);
}

TEST_F(ProduceFetch, LongPollGathersMinBytes) {
    auto request = fetch_from("t", 0, 0, 10'000);
    request.min_bytes = 2'000;
    client.send(request, 12);
    Client& producer = f.client();
    for (int i = 0; i < 3; ++i) {
        producer.ask<wire::ProduceResponse>(produce_to("t", 0, batch_of(60, now())), 12);
        f.advance(10);
        if (i == 0) {
            EXPECT_TRUE(client.connection->sent.empty());
        }
    }
    const auto response = client.receive<wire::FetchResponse>(12);
    ASSERT_TRUE(response);
    EXPECT_GE(response->topics[0].partitions[0].records->size(), 2'000U);
    // And whatever there is when the wait is over.
    request.topics[0].partitions[0].fetch_offset = 120;
    request.min_bytes = 100'000;
    client.send(request, 12);
    f.run_all();
    EXPECT_TRUE(client.connection->sent.empty());
    for (int i = 0; i < 100; ++i) f.advance(100);
    EXPECT_TRUE(client.receive<wire::FetchResponse>(12));
}

TEST_F(ProduceFetch, IncrementalSessionTellsOnlyNews) {
    produce(batch_of(1, now()), 0);
    auto first = fetch_from("t", 0, 0);
    first.topics[0].partitions.push_back(first.topics[0].partitions[0]);
    first.topics[0].partitions[1].partition = 1;
    first.session_epoch = 0;
    const auto full = client.ask<wire::FetchResponse>(first, 12);
    EXPECT_NE(full.session_id, 0);
    EXPECT_EQ(full.topics[0].partitions.size(), 2U);
    produce(batch_of(1, now()), 1);
    wire::FetchRequest next;
    next.session_id = full.session_id;
    next.session_epoch = 1;
    next.topics.emplace_back().topic = "t";
    next.topics[0].partitions.push_back(first.topics[0].partitions[0]);
    next.topics[0].partitions[0].fetch_offset = 1;
    const auto news = client.ask<wire::FetchResponse>(next, 12);
    EXPECT_EQ(news.session_id, full.session_id);
    ASSERT_EQ(news.topics.size(), 1U);
    ASSERT_EQ(news.topics[0].partitions.size(), 1U);
    EXPECT_EQ(news.topics[0].partitions[0].partition_index, 1);
    next.session_epoch = 7;
    EXPECT_EQ(client.ask<wire::FetchResponse>(next, 12).error_code, ErrorCode::invalid_fetch_session_epoch);
    next.session_id ^= 0x1234567;
    EXPECT_EQ(client.ask<wire::FetchResponse>(next, 12).error_code, ErrorCode::fetch_session_id_not_found);
}

TEST_F(ProduceFetch, ListOffsets) {
    wire::BatchBuilder builder;
    for (const int at : {100, 400, 300}) builder.add(TimestampMs(now() + at), "k", "v");
    produce(builder.finish());
    produce(batch_of(2, now() + 200));
    const auto ask = [&](std::int64_t timestamp, std::int16_t version = 11) {
        wire::ListOffsetsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        topic.partitions.emplace_back().timestamp = timestamp;
        return client.ask<wire::ListOffsetsResponse>(request, version).topics.at(0).partitions.at(0);
    };
    for (std::int16_t version = 1; version <= 11; ++version) {
        EXPECT_EQ(ask(-1, version).offset, 5) << version;
        EXPECT_EQ(ask(-2, version).offset, 0) << version;
        EXPECT_EQ(ask(now() + 350, version).offset, 1) << version;
    }
    EXPECT_EQ(ask(-1).leader_epoch, 0);
    EXPECT_EQ(ask(-3).offset, 1);
    EXPECT_EQ(ask(-3).timestamp, now() + 400);
    EXPECT_EQ(ask(-4).offset, 0);
    EXPECT_EQ(ask(-5).offset, -1);
    EXPECT_EQ(ask(-5).error_code, ErrorCode::none);
    EXPECT_EQ(ask(-6, 10).error_code, ErrorCode::unsupported_version);
    EXPECT_EQ(ask(-7).error_code, ErrorCode::unsupported_version);
    EXPECT_EQ(ask(-3, 6).error_code, ErrorCode::unsupported_version);
    const auto late = ask(now() + 10'000);
    EXPECT_EQ(late.error_code, ErrorCode::none);
    EXPECT_EQ(late.offset, -1);
    EXPECT_EQ(late.timestamp, -1);
    EXPECT_EQ(late.leader_epoch, -1);
}

// Goal: when no thread is free to search the disk, the client is told to try again and is not left waiting.
TEST_F(ProduceFetch, BusyWorkersAreRetriable) {
    produce(batch_of(3, now()));
    f.drop_blocking_work = true;
    wire::ListOffsetsRequest request;
    request.topics.emplace_back().name = "t";
    request.topics[0].partitions.emplace_back().timestamp = now();
    const auto busy = client.ask<wire::ListOffsetsResponse>(request, 7).topics.at(0).partitions.at(0);
    EXPECT_EQ(busy.error_code, ErrorCode::request_timed_out);
    f.drop_blocking_work = false;
    EXPECT_EQ(client.ask<wire::ListOffsetsResponse>(request, 7).topics.at(0).partitions.at(0).offset, 0);
}

// Goal: what has left memory comes from the segments, several partitions in one answer, within the limits.
TEST(ColdFetch, ReadsSegments) {
    broker::BrokerOptions options;
    options.tail_bytes = 1;
    options.settle_min_bytes = 1;
    BrokerFixture f({}, 64U << 20, options);
    f.make_topic("t", 2);
    Client& client = f.client();
    constexpr int kBatches = 300;
    for (int i = 0; i < kBatches; ++i) {
        client.ask<wire::ProduceResponse>(produce_to("t", i % 2, batch_of(10, f.clock.now().value)), 12);
    }
    f.settle();
    const auto batch_bytes = static_cast<std::int32_t>(batch_of(10, f.clock.now().value).size());
    ASSERT_FALSE(
        f.broker().is_resident(*f.broker().topics()->find("t")->partition(PartitionId(0)), Offset(0)));
    std::int64_t at[] = {0, 0};
    while (at[0] < kBatches * 5 || at[1] < kBatches * 5) {
        auto request = fetch_from("t", 0, at[0]);
        auto& partitions = request.topics[0].partitions;
        partitions.push_back(partitions[0]);
        partitions[1].partition = 1;
        partitions[1].fetch_offset = at[1];
        for (auto& partition : partitions) partition.partition_max_bytes = 20 * batch_bytes + 1;
        request.max_bytes = 30 * batch_bytes;
        const auto response = client.ask<wire::FetchResponse>(request, 12);
        for (const auto& partition : response.topics.at(0).partitions) {
            ASSERT_EQ(partition.error_code, ErrorCode::none);
            ASSERT_TRUE(partition.records);
            EXPECT_LE(partition.records->size(), static_cast<std::size_t>(20 * batch_bytes));
            for (const SharedBytes& part : partition.records->parts) {
                std::string_view rest = part.view();
                while (true) {
                    const auto batch = wire::next_batch(rest);
                    if (!batch || !*batch) break;
                    const auto facts = wire::validate_batch(**batch, {});
                    ASSERT_TRUE(facts);
                    EXPECT_EQ(facts->header.base_offset.value, at[partition.partition_index]);
                    at[partition.partition_index] = facts->header.next_offset().value;
                }
            }
        }
        ASSERT_GT(response.topics[0].partitions[0].records->size() +
                      response.topics[0].partitions[1].records->size(),
                  0U);
    }
}

TEST_F(ProduceFetch, OffsetForLeaderEpoch) {
    produce(batch_of(4, now()));
    for (std::int16_t version = 2; version <= 4; ++version) {
        wire::OffsetForLeaderEpochRequest request;
        auto& topic = request.topics.emplace_back();
        topic.topic = "t";
        topic.partitions.emplace_back().leader_epoch = 0;
        const auto part =
            client.ask<wire::OffsetForLeaderEpochResponse>(request, version).topics.at(0).partitions.at(0);
        EXPECT_EQ(part.error_code, ErrorCode::none);
        EXPECT_EQ(part.end_offset, 4);
        EXPECT_EQ(part.leader_epoch, 0);
    }
}

TEST_F(ProduceFetch, InitProducerId) {
    for (std::int16_t version = 0; version <= 5; ++version) {
        const auto given = client.ask<wire::InitProducerIdResponse>(wire::InitProducerIdRequest{}, version);
        EXPECT_EQ(given.error_code, ErrorCode::none);
        EXPECT_GE(given.producer_id, 0);
        EXPECT_EQ(given.producer_epoch, 0);
    }
    wire::InitProducerIdRequest request;
    request.transactional_id = "tx";
    request.transaction_timeout_ms = 900'001;
    EXPECT_EQ(client.ask<wire::InitProducerIdResponse>(request, 5).error_code,
              ErrorCode::invalid_transaction_timeout);
}

}  // namespace
}  // namespace mr::serve::kafka
