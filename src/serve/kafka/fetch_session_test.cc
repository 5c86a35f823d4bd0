#include "serve/kafka/fetch_session.h"

#include <gtest/gtest.h>

#include <string>

namespace mr::serve::kafka {
namespace {

wire::FetchRequest request(std::int32_t id, std::int32_t epoch, std::initializer_list<int> partitions) {
    wire::FetchRequest out;
    out.session_id = id;
    out.session_epoch = epoch;
    if (partitions.size() > 0) out.topics.emplace_back().topic = "t";
    for (const int partition : partitions) {
        auto& one = out.topics[0].partitions.emplace_back();
        one.partition = partition;
        one.fetch_offset = 100 + partition;
    }
    return out;
}

std::string wants(const FetchSession& session) {
    std::string out;
    for (const FetchWant& want : session.wants) {
        out += fmt::format("{}@{} ", want.key.partition, want.request.fetch_offset);
    }
    return out;
}

TEST(FetchSession, WithoutOne) {
    FetchSessionCache cache(10, 0);
    const auto found = cache.begin(request(0, -1, {1, 2}));
    EXPECT_EQ(found.error, wire::ErrorCode::none);
    EXPECT_EQ(found.id, 0);
    EXPECT_FALSE(found.incremental);
    EXPECT_EQ(wants(*found.session), "1@101 2@102 ");
    EXPECT_EQ(cache.size(), 0U);
}

TEST(FetchSession, RemembersAndForgets) {
    FetchSessionCache cache(10, 41);
    const auto first = cache.begin(request(0, 0, {1, 2, 3}));
    EXPECT_EQ(first.id, 42);
    EXPECT_FALSE(first.incremental);
    auto next = request(42, 1, {2});
    next.topics[0].partitions[0].fetch_offset = 500;
    next.forgotten_topics.emplace_back().topic = "t";
    next.forgotten_topics[0].partitions = {1};
    const auto second = cache.begin(next);
    EXPECT_EQ(second.error, wire::ErrorCode::none);
    EXPECT_TRUE(second.incremental);
    EXPECT_EQ(wants(*second.session), "2@500 3@103 ");
    second.session->served({"t", {}, 2});
    EXPECT_EQ(wants(*second.session), "3@103 2@500 ");
}

// Golden answers of Kafka: wrong epoch 71, unknown id 70; (id, -1) closes.
TEST(FetchSession, Errors) {
    FetchSessionCache cache(10, 0);
    const std::int32_t id = cache.begin(request(0, 0, {1})).id;
    EXPECT_EQ(cache.begin(request(id, 2, {})).error, wire::ErrorCode::invalid_fetch_session_epoch);
    EXPECT_EQ(cache.begin(request(id, 1, {})).error, wire::ErrorCode::none);
    EXPECT_EQ(cache.begin(request(id, 1, {})).error, wire::ErrorCode::invalid_fetch_session_epoch);
    EXPECT_EQ(cache.begin(request(id + 1, 1, {})).error, wire::ErrorCode::fetch_session_id_not_found);
    EXPECT_EQ(cache.begin(request(id, -1, {1})).id, 0);
    EXPECT_EQ(cache.begin(request(id, 2, {})).error, wire::ErrorCode::fetch_session_id_not_found);
}

TEST(FetchSession, TheOneUnusedForLongestGoes) {
    FetchSessionCache cache(2, 0);
    const std::int32_t a = cache.begin(request(0, 0, {1})).id;
    const std::int32_t b = cache.begin(request(0, 0, {1})).id;
    EXPECT_EQ(cache.begin(request(a, 1, {})).error, wire::ErrorCode::none);
    cache.begin(request(0, 0, {1}));
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(cache.begin(request(b, 1, {})).error, wire::ErrorCode::fetch_session_id_not_found);
    EXPECT_EQ(cache.begin(request(a, 2, {})).error, wire::ErrorCode::none);
}

// Goal: clients that name very many partitions push each other out instead of growing the cache.
TEST(FetchSession, PartitionsAreBounded) {
    FetchSessionCache cache(1000, 0);
    for (int i = 0; i < 10; ++i) {
        wire::FetchRequest big = request(0, 0, {0});
        big.topics[0].partitions.resize(60'000);
        for (int p = 0; p < 60'000; ++p) big.topics[0].partitions[static_cast<std::size_t>(p)].partition = p;
        cache.begin(big);
    }
    EXPECT_EQ(cache.size(), 3U);
}

}  // namespace
}  // namespace mr::serve::kafka
