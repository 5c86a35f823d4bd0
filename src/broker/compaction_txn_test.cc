// Compaction of transactional data, against what Kafka's cleaner does: records of aborted transactions go,
// nothing of an open transaction is touched, a marker stays while the log has batches of its transaction and
// delete.retention.ms longer; and neither read_committed clients nor readers in journal order notice.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "broker/internal/segment.h"
#include "broker/log_reader.h"
#include "broker/txn/txn_test_client.h"

namespace mr::broker::txn {
namespace {

using Strings = std::vector<std::string>;

struct Seen {
    std::int64_t offset = 0;
    std::string what;  ///< key=value, or COMMIT, ABORT
    bool operator==(const Seen&) const = default;
};

std::string marker_name(const wire::Record& record) {
    return record.key->size() == 4 && (*record.key)[3] == 1 ? "COMMIT" : "ABORT";
}

/// A client as librdkafka and Java are: it keeps a set of producers whose transaction is void, fills it from
/// the list that comes with an answer and empties it at abort markers.
std::vector<Seen> client(TestNode& node, bool committed, std::int64_t from = 0,
                         std::size_t max_bytes = 1U << 20) {
    std::vector<Seen> out;
    PartitionLog& log = node.log("t");
    std::int64_t at = from;
    while (true) {
        const auto result =
            node.broker().read(log, Offset(at), {.max_bytes = max_bytes, .read_committed = committed});
        EXPECT_EQ(result.error, KafkaError::none) << result.message;
        if (result.bytes == 0) return out;
        auto aborted = result.aborted;
        std::sort(aborted.begin(), aborted.end(), [](auto& a, auto& b) { return a.first < b.first; });
        std::size_t next_aborted = 0;
        std::set<std::int64_t> is_void;
        std::string bytes;
        result.append_to(bytes);
        std::string_view rest = bytes;
        while (const auto batch = wire::next_batch(rest)) {
            if (!*batch) break;
            auto reader = wire::RecordReader::open(**batch);
            EXPECT_TRUE(reader && wire::batch_crc_ok(**batch, reader->header()));
            const auto header = reader->header();
            for (; next_aborted < aborted.size() && aborted[next_aborted].first < header.next_offset();
                 ++next_aborted)
                is_void.insert(aborted[next_aborted].producer_id);
            wire::Record record;
            while (reader->next(record)) {
                if (header.is_control()) {
                    if (marker_name(record) == "ABORT") is_void.erase(header.producer_id);
                    if (!committed) out.push_back({record.offset.value, marker_name(record)});
                } else if (record.offset.value >= at && !(committed && header.is_transactional() &&
                                                          is_void.contains(header.producer_id))) {
                    out.push_back({record.offset.value,
                                   std::string(*record.key) + "=" + std::string(record.value.value_or("-"))});
                }
            }
            at = header.next_offset().value;
        }
    }
}

Strings texts(const std::vector<Seen>& seen) {
    Strings out;
    for (const auto& one : seen) out.push_back(one.what);
    return out;
}

class TransactionalCompaction : public ::testing::Test {
  protected:
    static BrokerOptions options() {
        BrokerOptions o;
        o.tail_bytes = 100;
        o.settle_min_bytes = 1;
        o.compaction_check_ms = 0;
        return o;
    }
    /// With 60 bytes each batch is a segment, so that everything but the newest can be compacted; with 600
    /// several are, as compaction leaves the last batch of each.
    void start(const std::string& segment_bytes) {
        node.create("t", 1,
                    {{"cleanup.policy", "compact"},
                     {"segment.bytes", segment_bytes},
                     {"min.cleanable.dirty.ratio", "0"},
                     {"delete.retention.ms", "1000"}});
        for (auto* p : {&a, &b}) ASSERT_EQ(p->init(), KafkaError::none);
    }
    void put(TestProducer& p, const std::string& key, const std::string& value) {
        p.key = key;
        ASSERT_EQ(p.produce("t", 0, {value}).error, KafkaError::none);
    }
    void put(const std::string& key, const std::string& value) {
        ASSERT_EQ(node.produce("t", 0, make_batch({{node.clock().now().value, key, value}})).error,
                  KafkaError::none);
    }
    void compact() {
        // What was settled is read from segments afterwards: something else fills the memory.
        node.settle_all();
        if (node.broker().topics()->find("filler") == nullptr) node.create("filler");
        for (int i = 0; i < 130; ++i) node.produce("filler", 0, Strings{"x"});
        for (int i = 0; i < 1'000; ++i) {
            const auto worked = node.broker().compact_once(node.clock().now());
            ASSERT_TRUE(worked) << worked.error().message;
            if (!*worked) return;
        }
        FAIL() << "compaction does not end";
    }
    /// Some records more, so that what was the open segment is closed, and a compaction.
    void again() {
        for (int i = 0; i < 12; ++i) put("tick", std::to_string(++ticks_));
        compact();
    }
    Strings all() { return texts(client(node, false)); }
    Strings committed() { return texts(client(node, true)); }
    [[nodiscard]] bool has(const std::string& what) {
        const auto seen = all();
        return std::find(seen.begin(), seen.end(), what) != seen.end();
    }

    TestNode node{options()};
    TestProducer a{node, "a", true};
    TestProducer b{node, "b", true};

  private:
    int ticks_ = 0;
};

TEST_F(TransactionalCompaction, AbortedRecordsGoAndSupersedeNothing) {
    start("60");
    put(a, "k", "1");
    put(a, "l", "1");
    ASSERT_EQ(a.finish(true), KafkaError::none);  // 2
    put(a, "k", "void");
    put(a, "m", "void");
    ASSERT_EQ(a.finish(false), KafkaError::none);  // 5
    put(b, "l", "2");
    ASSERT_EQ(b.finish(true), KafkaError::none);  // 7
    put("open", "segment");                       // 8
    compact();
    EXPECT_EQ(client(node, false),
              (std::vector<Seen>{
                  {0, "k=1"}, {2, "COMMIT"}, {5, "ABORT"}, {6, "l=2"}, {7, "COMMIT"}, {8, "open=segment"}}));
    EXPECT_EQ(committed(), (Strings{"k=1", "l=2", "open=segment"}));
    node.checkpoint();
    node.restart();
    EXPECT_EQ(committed(), (Strings{"k=1", "l=2", "open=segment"}));
}

TEST_F(TransactionalCompaction, WhatIsOpenStaysAsItIs) {
    start("60");
    put("k", "1");
    put("k", "2");
    put(a, "k", "3");  // open
    put("k", "4");
    put("k", "5");
    put("end", "1");
    compact();
    // Compaction goes up to the last stable offset, where the open transaction begins.
    EXPECT_EQ(all(), (Strings{"k=2", "k=3", "k=4", "k=5", "end=1"}));
    EXPECT_EQ(committed(), Strings{"k=2"});
    ASSERT_EQ(a.finish(false), KafkaError::none);
    again();
    const auto seen = committed();
    ASSERT_GE(seen.size(), 2U);
    EXPECT_EQ(Strings(seen.begin(), seen.begin() + 2), (Strings{"k=5", "end=1"}));
}

TEST_F(TransactionalCompaction, MarkersGoOnceTheirRecordsAreGoneAndTheirTimeIsOver) {
    start("600");
    put(a, "k", "void");
    ASSERT_EQ(a.finish(false), KafkaError::none);
    again();
    EXPECT_TRUE(has("ABORT"));  // its records went just now
    EXPECT_FALSE(has("k=void"));
    node.clock().advance_ms(2'000);
    again();
    EXPECT_TRUE(has("ABORT"));  // only now its time begins
    node.clock().advance_ms(900);
    again();
    EXPECT_TRUE(has("ABORT"));
    node.clock().advance_ms(200);
    again();
    EXPECT_FALSE(has("ABORT"));
    // The producer's next, committed records are not taken for those of the transaction without a marker.
    put(a, "k", "real");
    ASSERT_EQ(a.finish(true), KafkaError::none);
    const auto seen = committed();
    EXPECT_NE(std::find(seen.begin(), seen.end(), "k=real"), seen.end());
    again();
    node.checkpoint();
    node.restart();
    const auto after = committed();
    EXPECT_NE(std::find(after.begin(), after.end(), "k=real"), after.end());
}

TEST_F(TransactionalCompaction, TheMarkerOfACommittedRecordStaysAsLongAsTheRecord) {
    start("600");
    put(a, "k", "1");
    ASSERT_EQ(a.finish(true), KafkaError::none);
    for (int i = 0; i < 4; ++i) {
        again();
        node.clock().advance_ms(2'000);
    }
    EXPECT_TRUE(has("COMMIT"));
    EXPECT_TRUE(has("k=1"));
    put("k", "2");
    for (int i = 0; i < 4; ++i) {
        again();
        node.clock().advance_ms(2'000);
    }
    EXPECT_FALSE(has("COMMIT"));
    EXPECT_TRUE(has("k=2"));
}

TEST_F(TransactionalCompaction, AReaderInJournalOrderGetsNothingTwice) {
    start("600");
    // b's record becomes visible with the end of a's transaction, which began before it and leaves no record.
    put(a, "k", "void");
    put(b, "l", "behind a");
    ASSERT_EQ(b.finish(true), KafkaError::none);
    ASSERT_EQ(a.finish(false), KafkaError::none);
    const auto drain = [&](Seq after) {
        auto reader =
            LogReader::open(node.broker(), {.name = "r", .topics = {"t"}, .after = after, .hold = false});
        EXPECT_TRUE(reader);
        Strings out;
        LogSlice slice;
        do {
            const Status status = (*reader)->read({}, slice);
            EXPECT_TRUE(status) << status.error().message;
            for (const auto& batch : slice.batches) {
                auto records = wire::RecordReader::open(batch.batch.view());
                EXPECT_TRUE(records);
                wire::Record record;
                while (records->next(record)) out.emplace_back(*record.value);
            }
        } while (!slice.up_to_date);
        return out;
    };
    const Seq position = node.broker().applied_seq();
    EXPECT_EQ(drain({}), Strings{"behind a"});
    for (int i = 0; i < 5; ++i) {
        again();
        node.clock().advance_ms(2'000);
        const auto rest = drain(position);
        EXPECT_EQ(std::count(rest.begin(), rest.end(), "behind a"), 0) << i;
        EXPECT_EQ(drain({}).front(), "behind a") << i;
    }
}

// Random transactions and compactions: a client that reads committed records and replays them has the table
// of what was committed, from wherever it starts.
TEST_F(TransactionalCompaction, RandomTransactions) {
    start("600");
    const unsigned seed = std::getenv("SEED") != nullptr
                              ? static_cast<unsigned>(std::atoi(std::getenv("SEED")))
                              : std::random_device{}();
    SCOPED_TRACE(fmt::format("SEED={}", seed));
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t n) { return random() % n; };
    std::map<std::int64_t, std::pair<std::string, std::string>> committed_records;
    std::map<TestProducer*, std::map<std::int64_t, std::pair<std::string, std::string>>> open;
    for (int step = 0; step < 400 && !HasFailure(); ++step) {
        TestProducer& p = pick(2) == 0 ? a : b;
        const std::string key = fmt::format("k{}", pick(5));
        const std::string value = std::to_string(step);
        switch (pick(10)) {
            case 0:
            case 1:
            case 2:
            case 3: {
                p.key = key;
                const auto result = p.produce("t", 0, {value});
                ASSERT_EQ(result.error, KafkaError::none);
                open[&p][result.base_offset.value] = {key, value};
                break;
            }
            case 4:
            case 5: {
                if (open[&p].empty()) break;
                const bool commit = pick(2) == 0;
                ASSERT_EQ(p.finish(commit), KafkaError::none);
                if (commit) committed_records.insert(open[&p].begin(), open[&p].end());
                open[&p].clear();
                break;
            }
            case 6: {
                const auto result =
                    node.produce("t", 0, make_batch({{node.clock().now().value, key, value}}));
                committed_records[result.base_offset.value] = {key, value};
                break;
            }
            case 7:
                node.clock().advance_ms(static_cast<std::int64_t>(pick(1'500)));
                break;
            default:
                compact();
        }
        const std::int64_t stable = node.log("t").durable()->last_stable.value;
        const std::int64_t from = static_cast<std::int64_t>(pick(static_cast<std::size_t>(stable) + 1));
        std::map<std::string, std::string> wanted;
        for (const auto& [offset, record] : committed_records) {
            if (offset >= from && offset < stable) wanted[record.first] = record.second;
        }
        std::map<std::string, std::string> table;
        for (const auto& seen : client(node, true, from, 1 + pick(600))) {
            const auto at = seen.what.find('=');
            table[seen.what.substr(0, at)] = seen.what.substr(at + 1);
            const auto known = committed_records.find(seen.offset);
            ASSERT_NE(known, committed_records.end())
                << seen.what << " at " << seen.offset << " was never committed";
            EXPECT_EQ(seen.what, known->second.first + "=" + known->second.second);
        }
        EXPECT_EQ(table, wanted) << "from " << from;
    }
}

}  // namespace
}  // namespace mr::broker::txn
