// Compaction: of each key the newest record stays, tombstones for their time, offsets where they were; and
// whatever crash comes in between, the log is the one before or the one after.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <utility>

#include "base/sim_file_system.h"
#include "broker/broker_test_node.h"
#include "broker/holds.h"
#include "broker/internal/key_map.h"
#include "broker/internal/segment.h"
#include "broker/log_reader.h"

namespace mr::broker {
namespace {

struct Kept {
    std::int64_t offset = 0;
    std::string key;
    std::optional<std::string> value;
    std::int64_t timestamp = 0;
    bool operator==(const Kept&) const = default;
};

std::string keyed_batch(const std::vector<Kept>& records, wire::BatchOptions options = {}) {
    wire::BatchBuilder builder(options);
    for (const auto& r : records) {
        builder.add(TimestampMs(r.timestamp), r.key,
                    r.value ? std::optional<std::string_view>(*r.value) : std::nullopt);
    }
    return builder.finish();
}

/// What a consumer from `from` on sees, fetch by fetch.
std::vector<Kept> consume(TestNode& node, const std::string& topic, std::int64_t from,
                          std::size_t max_bytes = 1U << 20) {
    std::vector<Kept> out;
    PartitionLog& log = node.log(topic);
    std::int64_t at = from;
    while (at < log.durable()->log_end.value) {
        const auto result = node.broker().read(log, Offset(at), {.max_bytes = max_bytes});
        EXPECT_EQ(result.error, KafkaError::none) << to_string(result.error) << " " << result.message;
        if (result.bytes == 0) {
            ADD_FAILURE() << "nothing at " << at << " below " << log.durable()->log_end.value;
            break;
        }
        std::string bytes;
        result.append_to(bytes);
        std::string_view rest = bytes;
        const std::int64_t before = at;
        while (true) {
            const auto batch = wire::next_batch(rest);
            if (!batch || !*batch) break;
            auto reader = wire::RecordReader::open(**batch);
            EXPECT_TRUE(reader);
            EXPECT_TRUE(wire::batch_crc_ok(**batch, reader->header()));
            wire::Record record;
            while (reader->next(record)) {
                if (record.offset.value < at) continue;
                out.push_back({record.offset.value, std::string(*record.key),
                               record.value ? std::optional(std::string(*record.value)) : std::nullopt,
                               record.timestamp.value});
            }
            EXPECT_TRUE(reader->status());
            at = reader->header().next_offset().value;
        }
        EXPECT_GT(at, before) << "a consumer would hang or go back";
        if (at <= before) break;
    }
    return out;
}

std::vector<std::pair<std::int64_t, std::string>> brief(const std::vector<Kept>& records) {
    std::vector<std::pair<std::int64_t, std::string>> out;
    for (const auto& r : records) out.emplace_back(r.offset, r.key + "=" + r.value.value_or("-"));
    return out;
}
using Brief = std::vector<std::pair<std::int64_t, std::string>>;

class Compaction : public ::testing::Test {
  protected:
    static BrokerOptions options() {
        BrokerOptions o;
        o.tail_bytes = 100;
        o.settle_min_bytes = 1;
        o.compaction_check_ms = 0;
        return o;
    }
    static ConfigMap config(ConfigMap more = {}) {
        // Every batch of these tests is more than half of this, and so a segment.
        more.insert({{"cleanup.policy", "compact"},
                     {"segment.bytes", "120"},
                     {"min.cleanable.dirty.ratio", "0"},
                     {"delete.retention.ms", "1000"}});
        return more;
    }
    void put(std::vector<std::pair<std::string, std::optional<std::string>>> records,
             wire::BatchOptions batch = {}) {
        std::vector<Kept> all;
        for (auto& [key, value] : records) all.push_back({0, key, value, node.clock().now().value});
        ASSERT_EQ(node.produce("t", 0, keyed_batch(all, batch)).error, KafkaError::none);
    }
    /// What was settled is read from segments afterwards: something else fills the memory.
    void evict() {
        if (node.broker().topics()->find("filler") == nullptr) node.create("filler");
        for (int i = 0; i < 130; ++i) node.produce("filler", 0, std::vector<std::string>{"x"});
    }
    void compact() {
        node.settle_all();
        evict();
        for (int i = 0; i < 1'000; ++i) {
            const auto worked = node.broker().compact_once(node.clock().now());
            ASSERT_TRUE(worked) << worked.error().message;
            if (!*worked) return;
        }
        FAIL() << "compaction does not end";
    }
    TestNode node{options()};
};

TEST(KeyMap, SipHash) {
    // vectors_sip128 of the reference implementation: key 00..0f, inputs of 0 and 1 bytes.
    const internal::HashKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
    EXPECT_EQ(internal::siphash128(key, ""),
              (internal::Hash128{0xe6a825ba047f81a3ULL, 0x930255c71472f66dULL}));
    EXPECT_EQ(internal::siphash128(key, std::string_view("\0", 1)),
              (internal::Hash128{0x44af996bd8c187daULL, 0x45fc229b11597634ULL}));
}

TEST(KeyMap, KeepsTheLargestAndItsBound) {
    internal::KeyMap map({1, 2}, 100'000);
    int n = 0;
    while (map.put(std::to_string(n), Offset(n))) ++n;
    EXPECT_LE(map.memory_bytes(), 100'000U);
    EXPECT_GT(n, 3'000);
    EXPECT_TRUE(map.put("7", Offset(1'000'000)));
    EXPECT_TRUE(map.put("7", Offset(5)));
    EXPECT_EQ(map.find("7"), Offset(1'000'000));
    EXPECT_EQ(map.find("8"), Offset(8));
    EXPECT_EQ(map.find(std::to_string(n)), std::nullopt);
}

TEST_F(Compaction, KeepsTheNewestOfEachKey) {
    node.create("t", 1, config());
    put({{"a", "1"}, {"b", "1"}, {"a", "2"}});
    put({{"c", "1"}, {"b", "2"}, {"a", "3"}});
    put({{"c", "2"}, {"d", "1"}, {"d", "2"}});
    put({{"open", "segment stays whole"}, {"a", "4"}, {"a", "5"}});
    compact();
    // The open segment takes no part: it neither is compacted nor supersedes.
    const Brief wanted{{4, "b=2"},  {5, "a=3"}, {6, "c=2"}, {8, "d=2"}, {9, "open=segment stays whole"},
                       {10, "a=4"}, {11, "a=5"}};
    EXPECT_EQ(brief(consume(node, "t", 0)), wanted);
    for (std::int64_t from = 0; from < 12; ++from) {
        Brief suffix;
        for (const auto& r : wanted) {
            if (r.first >= from) suffix.push_back(r);
        }
        EXPECT_EQ(brief(consume(node, "t", from, 1)), suffix) << from;
    }
    EXPECT_EQ(node.log("t").durable()->log_start, Offset(0));
    node.checkpoint();
    node.restart();
    EXPECT_EQ(brief(consume(node, "t", 0)), wanted);
    // Going on: what was compacted is read again with the new dirty part.
    put({{"b", "3"}, {"x", "1"}, {"x", "2"}});
    put({{"end", "1"}, {"end", "2"}, {"end", "3"}});
    compact();
    EXPECT_EQ(brief(consume(node, "t", 0)), (Brief{{6, "c=2"},
                                                   {8, "d=2"},
                                                   {9, "open=segment stays whole"},
                                                   {11, "a=5"},
                                                   {12, "b=3"},
                                                   {14, "x=2"},
                                                   {15, "end=1"},
                                                   {16, "end=2"},
                                                   {17, "end=3"}}));
}

TEST_F(Compaction, TombstonesStayForTheirTime) {
    node.create("t", 1, config());
    put({{"a", "1"}, {"b", "1"}, {"c", "1"}});
    put({{"a", std::nullopt}, {"c", "2"}, {"c", "3"}});
    put({{"z", "1"}, {"z", "2"}, {"z", "3"}});
    compact();
    EXPECT_EQ(brief(consume(node, "t", 0)),
              (Brief{{1, "b=1"}, {3, "a=-"}, {5, "c=3"}, {6, "z=1"}, {7, "z=2"}, {8, "z=3"}}));
    const std::int64_t sent = node.clock().now().value;
    node.clock().advance_ms(900);
    put({{"y", "1"}, {"y", "2"}, {"y", "3"}});
    compact();
    auto now = consume(node, "t", 0);
    ASSERT_EQ(brief(now)[1], (std::pair<std::int64_t, std::string>(3, "a=-")));
    EXPECT_EQ(now[1].timestamp, sent);  // the horizon in the header does not shift it
    node.clock().advance_ms(200);
    put({{"w", "1"}, {"w", "2"}, {"w", "3"}});
    compact();
    EXPECT_EQ(
        brief(consume(node, "t", 0)),
        (Brief{{1, "b=1"}, {5, "c=3"}, {8, "z=3"}, {11, "y=3"}, {12, "w=1"}, {13, "w=2"}, {14, "w=3"}}));
}

TEST_F(Compaction, RespectsHoldsAndLags) {
    const Uuid id = node.create("t", 1, config({{"min.compaction.lag.ms", "5000"}}));
    put({{"a", "1"}, {"a", "2"}, {"a", "3"}});
    put({{"a", "4"}, {"a", "5"}, {"a", "6"}});
    const Seq position = node.log("t").durable()->last_seq;
    put({{"a", "7"}, {"a", "8"}, {"a", "9"}});
    put({{"z", "1"}, {"z", "2"}, {"z", "3"}});
    compact();
    EXPECT_EQ(consume(node, "t", 0).size(), 12U);  // all too young
    auto hold = node.broker().holds().take("reader", {id}, position);
    node.clock().advance_ms(6'000);
    compact();
    EXPECT_EQ(brief(consume(node, "t", 0)),
              (Brief{{5, "a=6"}, {6, "a=7"}, {7, "a=8"}, {8, "a=9"}, {9, "z=1"}, {10, "z=2"}, {11, "z=3"}}));
    hold.reset();
    compact();
    EXPECT_EQ(brief(consume(node, "t", 0)), (Brief{{8, "a=9"}, {9, "z=1"}, {10, "z=2"}, {11, "z=3"}}));
}

TEST_F(Compaction, KeepsWhatBatchesSayOfThemselves) {
    node.create("t", 1, config({{"segment.bytes", "400"}}));
    put({{"a", "1"}, {"b", std::string(100, 'x')}, {"a", "2"}},
        {.compression = wire::Compression::gzip, .producer_id = 7, .producer_epoch = 3, .base_sequence = 0});
    for (int i = 0; i < 6; ++i) put({{"a", "3"}, {"c", std::string(60, 'y')}});
    compact();
    const auto result = node.broker().read(node.log("t"), Offset(0), {});
    std::string bytes;
    result.append_to(bytes);
    std::string_view rest = bytes;
    const auto batch = wire::next_batch(rest);
    ASSERT_TRUE(batch && *batch);
    const auto header = wire::decode_batch_header(**batch);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->base_offset, Offset(0));
    EXPECT_EQ(header->last_offset_delta, 2);
    EXPECT_EQ(header->record_count, 1);
    EXPECT_EQ(header->producer_id, 7);
    EXPECT_EQ(header->producer_epoch, 3);
    EXPECT_EQ(header->base_sequence, 0);
    EXPECT_EQ(header->compression(), wire::Compression::gzip);
    EXPECT_LT(result.bytes, 700U);
}

TEST_F(Compaction, SeveralSegmentsBecomeOneInKafkasLayout) {
    node.create("t", 1, config({{"segment.bytes", "3000"}}));
    for (int i = 0; i < 200; ++i) put({{fmt::format("k{}", i % 7), std::string(100, 'x')}, {"k0", "y"}});
    node.settle_all();
    evict();
    const std::size_t before = node.log("t").segments()->size();
    ASSERT_GT(before, 5U);
    compact();
    const auto segments = node.log("t").segments();
    ASSERT_EQ(segments->size(), 2U);
    const Segment& first = *segments->front();
    EXPECT_EQ(first.info().base, Offset(0));
    EXPECT_EQ(first.info().generation, 1U);
    EXPECT_EQ(first.info().next, (*segments)[1]->info().base);
    const auto path = std::filesystem::path(first.files().path(SegmentFiles::log));
    EXPECT_EQ(path.filename(), "00000000000000000000.log");
    EXPECT_EQ(path.parent_path().filename(), "compacted-1");
    EXPECT_EQ(std::filesystem::file_size(path), first.info().log_bytes);
    // The old files stay until a checkpoint names the new ones.
    const auto directory = path.parent_path().parent_path();
    const auto files = [&] { return std::distance(std::filesystem::directory_iterator(directory), {}); };
    EXPECT_EQ(files(), static_cast<std::ptrdiff_t>(before * SegmentFiles::kFiles + 1));
    node.checkpoint();
    EXPECT_EQ(files(), static_cast<std::ptrdiff_t>(SegmentFiles::kFiles + 1));
    // A second one replaces the first.
    for (int i = 0; i < 60; ++i) put({{fmt::format("k{}", i % 7), std::string(100, 'z')}, {"k0", "y"}});
    compact();
    node.checkpoint();
    EXPECT_TRUE(std::filesystem::exists(directory / "compacted-2"));
    EXPECT_FALSE(std::filesystem::exists(directory / "compacted-1"));
    node.restart();
    EXPECT_GE(consume(node, "t", 0).size(), 8U);
}

// Random work on one compacted log, with crashes of every kind at every operation, against the list of
// everything produced: what is read is a part of it, at its offsets, and replayed gives the same table.
class CompactionModel {
  public:
    explicit CompactionModel(unsigned seed) : random_(seed), disk_(seed), node_(options(random_), &disk_) {
        node_.create("t", 1,
                     {{"cleanup.policy", "compact"},
                      {"segment.bytes", std::to_string(600 + pick(3'000))},
                      {"index.interval.bytes", "200"},
                      {"min.cleanable.dirty.ratio", pick(2) == 0 ? "0" : "0.4"},
                      {"delete.retention.ms", "2000"}});
    }
    void run(int steps) {
        for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
        crash();
        check(0);
        check_reader();
        settle_down();
        check(0);
        check_compact();
    }
    [[nodiscard]] std::uint64_t replaced() const { return replaced_; }

  private:
    static BrokerOptions options(std::mt19937& random) {
        BrokerOptions o;
        o.tail_bytes = 4'000;
        o.settle_min_bytes = 500;
        o.settle_slice_bytes = 700;
        o.compaction_check_ms = 100;
        // Sometimes room for every key, sometimes for a part only.
        o.compaction_map_bytes = random() % 2 == 0 ? 1U << 20 : 24 * 1'024;
        return o;
    }
    std::size_t pick(std::size_t n) { return random_() % n; }
    std::size_t key_count() const { return 1'200; }

    void step() {
        switch (pick(20)) {
            case 0:
                return node_.checkpoint();
            case 1:
                return pick(3) == 0 ? crash() : void();
            case 2:
            case 3:
            case 4: {
                const auto worked = node_.broker().settle_once();
                ASSERT_TRUE(worked) << worked.error().message;
                return;
            }
            case 5:
                node_.clock().advance_ms(static_cast<std::int64_t>(pick(400)));
                return;
            case 6:
                return check(pick(produced_.size() + 1));
            case 7:
            case 8:
            case 9:
            case 10:
            case 11:
                return compact();
            default:
                return produce();
        }
    }
    void compact() {
        const auto worked = node_.broker().compact_once(node_.clock().now());
        ASSERT_TRUE(worked) << worked.error().message;
    }
    void produce() {
        std::vector<Kept> records;
        for (std::size_t i = 0; i <= pick(12); ++i) {
            // Few keys often, many keys rarely.
            const std::size_t key = pick(3) != 0 ? pick(8) : pick(key_count());
            std::optional<std::string> value;
            if (pick(6) != 0) value = fmt::format("v{}{}", produced_.size(), std::string(pick(80), 'x'));
            records.push_back({static_cast<std::int64_t>(produced_.size() + i), fmt::format("k{}", key),
                               value, node_.clock().now().value - static_cast<std::int64_t>(pick(50))});
        }
        const auto codec = static_cast<wire::Compression>(pick(5));
        const auto result = node_.produce("t", 0, keyed_batch(records, {.compression = codec}));
        ASSERT_EQ(result.error, KafkaError::none);
        ASSERT_EQ(result.base_offset.value, static_cast<std::int64_t>(produced_.size()));
        produced_.insert(produced_.end(), records.begin(), records.end());
    }
    void crash() {
        for (auto list = node_.log("t").segments(); const auto& segment : *list) {
            replaced_ = std::max<std::uint64_t>(replaced_, segment->info().generation);
        }
        node_.stop();
        pick(3) == 0 ? disk_.kill() : disk_.crash();
        node_.start();
        ASSERT_EQ(node_.log("t").durable()->log_end.value, static_cast<std::int64_t>(produced_.size()));
    }
    using Table = std::map<std::string, std::string>;
    static Table replay(const std::vector<Kept>& records) {
        Table table;
        for (const auto& r : records) {
            if (r.value) {
                table[r.key] = *r.value;
            } else {
                table.erase(r.key);
            }
        }
        return table;
    }
    void check(std::size_t from) {
        const auto seen = consume(node_, "t", static_cast<std::int64_t>(from), 1 + pick(2'000));
        std::int64_t last = static_cast<std::int64_t>(from) - 1;
        for (const auto& r : seen) {
            ASSERT_GT(r.offset, last);
            last = r.offset;
            ASSERT_LT(r.offset, static_cast<std::int64_t>(produced_.size()));
            EXPECT_EQ(r, produced_[static_cast<std::size_t>(r.offset)]) << r.offset;
        }
        // Whoever comes from there on misses no newest value, and no old one comes back.
        const auto newest = replay({produced_.begin() + static_cast<std::ptrdiff_t>(from), produced_.end()});
        EXPECT_EQ(replay(seen), newest);
    }
    void check_reader() {
        auto reader = LogReader::open(node_.broker(), {.name = "m", .topics = {"t"}, .hold = false});
        ASSERT_TRUE(reader);
        std::vector<Kept> seen;
        LogSlice slice;
        Seq before;
        do {
            const Status status = (*reader)->read({.bytes_max = 1 + pick(3'000)}, slice);
            ASSERT_TRUE(status) << status.error().message;
            for (const auto& batch : slice.batches) {
                EXPECT_GT(batch.seq, before);
                before = batch.seq;
                auto records = wire::RecordReader::open(batch.batch.view());
                ASSERT_TRUE(records);
                wire::Record record;
                while (records->next(record)) {
                    const std::int64_t offset =
                        record.offset.value - records->header().base_offset.value + batch.base_offset.value;
                    seen.push_back({offset, std::string(*record.key),
                                    record.value ? std::optional(std::string(*record.value)) : std::nullopt,
                                    record.timestamp.value});
                }
            }
        } while (!slice.up_to_date);
        EXPECT_EQ(replay(seen), replay(produced_));
    }
    void settle_down() {
        for (int round = 0; round < 50; ++round) {
            node_.settle_all();
            node_.clock().advance_ms(3'000);
            for (int i = 0; i < 500; ++i) compact();
        }
        node_.checkpoint();
    }
    /// In what counts as clean, no key twice.
    void check_compact() {
        const auto segments = node_.log("t").segments();
        Offset clean;
        for (const auto& segment : *segments) clean = std::max(clean, segment->info().clean_to);
        std::map<std::string, std::int64_t> seen;
        for (const auto& r : consume(node_, "t", 0)) {
            if (r.offset >= clean.value) break;
            EXPECT_TRUE(seen.emplace(r.key, r.offset).second) << r.key << " at " << r.offset;
        }
    }

    std::mt19937 random_;
    SimFileSystem disk_;
    TestNode node_;
    std::vector<Kept> produced_;
    std::uint64_t replaced_ = 0;
};

TEST(CompactionModelTest, RandomOperations) {
    const char* given = std::getenv("SEED");
    std::uint64_t replaced = 0;
    for (int round = 0; round < 25 && !::testing::Test::HasFailure(); ++round) {
        const unsigned seed =
            given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
        SCOPED_TRACE(fmt::format("SEED={}", seed));
        CompactionModel model(seed);
        model.run(400);
        replaced += model.replaced();
    }
    EXPECT_GT(replaced, 0U) << "no crash came after a compaction: the test shows nothing";
}

}  // namespace
}  // namespace mr::broker
