// Segments on disk: Kafka's layout byte by byte (what kafka-dump-log checks), our .seqindex, and what a start
// does with files that are longer, shorter or not known.
#include "broker/internal/segment.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/sim_file_system.h"
#include "broker/broker_test_node.h"

namespace mr::broker {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

fs::path stem(TestNode& node, const std::string& topic, std::int64_t base) {
    return fs::path(node.log(topic).directory()) / segment_stem(Offset(base));
}

TEST(Segment, SeqIndexBytes) {
    // docs/formats/topic-segment.md, worked example.
    std::string bytes;
    write_seq_index_header(bytes, Offset(1000));
    write_seq_index_entry(bytes, Offset(1000), {Offset(1002), 0x80, Seq(7), Offset(1001)});
    EXPECT_EQ(hex(bytes, 64),
              "4d 52 53 45 51 49 58 32 e8 03 00 00 00 00 00 00 04 af 0d de "
              "02 00 00 00 80 00 00 00 07 00 00 00 00 00 00 00 e9 03 00 00 00 00 00 00 16 e6 ed 4d");
    EXPECT_TRUE(check_seq_index_header(bytes, Offset(1000)));
    EXPECT_FALSE(check_seq_index_header(bytes, Offset(1001)));
    const auto entry =
        read_seq_index_entry(std::string_view(bytes).substr(kSeqIndexHeaderBytes), Offset(1000));
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->base_offset, Offset(1002));
    EXPECT_EQ(entry->position, 0x80U);
    EXPECT_EQ(entry->seq, Seq(7));
    EXPECT_EQ(entry->stable, Offset(1001));
    bytes[25] ^= 1;
    EXPECT_EQ(
        read_seq_index_entry(std::string_view(bytes).substr(kSeqIndexHeaderBytes), Offset(1000)).error().code,
        Code::corrupt);
}

// What org.apache.kafka.tools.DumpLogSegments verifies: batches one after the other with valid CRCs and
// offsets that go on; each .index entry names the last offset of the batch that begins at its position; each
// .timeindex entry the largest timestamp so far, growing, of a batch that has it.
TEST(Segment, LayoutIsKafkas) {
    TestNode node;
    node.create("a", 1, {{"segment.bytes", "20000"}, {"index.interval.bytes", "500"}});
    for (int i = 0; i < 300; ++i) {
        node.produce("a", 0,
                     make_batch({{TestNode::kStart + (i * 37) % 1'000, "k", std::string(100, 'x')},
                                 {TestNode::kStart + i, "k", "y"}}));
    }
    node.checkpoint();
    std::int64_t next = 0;
    std::size_t files = 0;
    for (const auto& segment : *node.log("a").segments()) {
        ++files;
        const auto path = stem(node, "a", segment->info().base.value);
        const std::string log = slurp(path.string() + ".log");
        const std::string index = slurp(path.string() + ".index");
        const std::string times = slurp(path.string() + ".timeindex");
        EXPECT_EQ(segment->info().base.value, next);
        EXPECT_EQ(log.size(), segment->info().log_bytes);
        EXPECT_LE(log.size(), 20'000U);
        std::string_view rest = log;
        while (!rest.empty()) {
            const auto batch = wire::next_batch(rest);
            ASSERT_TRUE(batch && *batch);
            const auto header = wire::decode_batch_header(**batch);
            ASSERT_TRUE(header);
            EXPECT_EQ(header->base_offset.value, next);
            EXPECT_EQ(header->leader_epoch, LeaderEpoch(0));
            EXPECT_TRUE(wire::batch_crc_ok(**batch, *header));
            next = header->next_offset().value;
        }
        ASSERT_EQ(index.size() % kOffsetIndexEntryBytes, 0U);
        EXPECT_GT(index.size(), 20 * kOffsetIndexEntryBytes);
        for (ByteReader in(index, Endian::big); !in.at_end();) {
            const std::int64_t offset = segment->info().base.value + in.i32();
            const auto header =
                wire::decode_batch_header(std::string_view(log).substr(static_cast<std::size_t>(in.i32())));
            ASSERT_TRUE(header);
            EXPECT_EQ(header->last_offset().value, offset);
        }
        ASSERT_EQ(times.size() % kTimeIndexEntryBytes, 0U);
        EXPECT_GT(times.size(), 0U);
        std::int64_t before = -1;
        for (ByteReader in(times, Endian::big); !in.at_end();) {
            const std::int64_t timestamp = in.i64();
            const Offset offset = segment->info().base.plus(in.i32());
            EXPECT_GT(timestamp, before);
            before = timestamp;
            const auto found = segment->find_offset(offset);
            ASSERT_TRUE(found);
            const auto run = segment->read(*found, 1, 1);
            ASSERT_TRUE(run);
            EXPECT_EQ(wire::decode_batch_header(run->bytes.view())->max_timestamp.value, timestamp);
        }
    }
    EXPECT_EQ(next, 600);
    EXPECT_GE(files, 3U);
}

TEST(Segment, IsCutToItsValidLength) {
    BrokerOptions options;
    options.settle_min_bytes = 1;
    TestNode node(options);
    node.create("a");
    node.create("b");
    node.produce("a", 0, Strings{"1"});
    node.checkpoint();
    const auto path = stem(node, "a", 0).string();
    const auto length = fs::file_size(path + ".log");
    // Settled after the checkpoint: the next start cuts it off, and takes it from the journal again.
    node.produce("a", 0, Strings{"2"});
    node.produce("b", 0, Strings{"3"});
    node.settle_all();
    EXPECT_GT(fs::file_size(path + ".log"), length);
    EXPECT_TRUE(fs::exists(stem(node, "b", 0).string() + ".log"));
    const auto stray = fs::path(node.log("a").directory()) / "00000000000000000099.log";
    std::ofstream(stray) << "stray";
    node.stop();
    std::ofstream(path + ".seqindex", std::ios::app) << "torn";
    node.start();
    EXPECT_EQ(fs::file_size(path + ".log"), length);
    EXPECT_FALSE(fs::exists(stray));
    EXPECT_EQ(node.values("a"), (Strings{"1", "2"}));
    EXPECT_EQ(node.values("b"), (Strings{"3"}));
    node.checkpoint();
    node.restart();
    EXPECT_EQ(node.values("a"), (Strings{"1", "2"}));
}

TEST(Segment, DamageIsNamed) {
    TestNode node;
    node.create("a");
    node.produce("a", 0, Strings{"1", "2"});
    node.checkpoint();
    const auto path = stem(node, "a", 0).string() + ".log";
    node.stop();
    fs::resize_file(path, fs::file_size(path) - 1);
    Metrics metrics;
    VirtualClock clock(TimestampMs(0));
    BrokerOptions options;
    options.directory = (node.directory() / "topics").string();
    auto broker = Broker::open(node.fs(), metrics, options);
    ASSERT_TRUE(broker);
    journal::Options journal_options;
    journal_options.directory = (node.directory() / "journal").string();
    journal_options.checkpoint_directory = (node.directory() / "checkpoints").string();
    const auto journal = journal::Journal::open(node.fs(), clock, metrics, journal_options, {broker->get()});
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().code, Code::corrupt);
    EXPECT_NE(journal.error().message.find(path), std::string::npos) << journal.error().message;
}

// Goal: index entries whose checksums are right and whose positions contradict each other, or lie behind the
// end of the file, are damage that is named; no length is made of them.
TEST(Segment, EntriesThatDoNotFitEachOtherAreDamage) {
    constexpr Offset kBase{100};
    const auto read = [&](const std::vector<std::uint32_t>& positions,
                          std::uint64_t log_bytes) -> std::string {
        SimFileSystem disk(1);
        EXPECT_TRUE(disk.make_dirs("t"));
        const auto files = std::make_shared<SegmentFiles>(disk, "t", kBase);
        std::string index;
        write_seq_index_header(index, kBase);
        SegmentInfo info;
        info.base = kBase;
        info.next = kBase.plus(static_cast<std::int64_t>(positions.size()));
        info.batches = static_cast<std::uint32_t>(positions.size());
        info.log_bytes = log_bytes;
        for (std::size_t i = 0; i < positions.size(); ++i) {
            const Offset base = kBase.plus(static_cast<std::int64_t>(i));
            write_seq_index_entry(index, kBase, {base, positions[i], Seq(i + 1), base});
        }
        const auto put = [&](SegmentFiles::Which which, const std::string& content) {
            const auto file = files->get(which, FileSystem::Mode::create);
            EXPECT_TRUE(file && (*file)->write_at(0, content));
        };
        put(SegmentFiles::seq_index, index);
        put(SegmentFiles::log, std::string(300, 'b'));
        const auto found = Segment(info, files).extent(0, 1'000, 10);
        return found ? fmt::format("{} in {}", found->places.size(), found->end) : found.error().message;
    };
    EXPECT_EQ(read({0, 100, 200}, 300), "3 in 300");
    const std::string damage = "t/00000000000000000100.seqindex, entry ";
    EXPECT_EQ(read({200, 100, 0}, 300), damage + "0: a batch from 200 to 100 of 300 bytes");
    EXPECT_EQ(read({0, 0, 200}, 300), damage + "0: a batch from 0 to 0 of 300 bytes");
    EXPECT_EQ(read({0, 100, 90}, 300), damage + "1: a batch from 100 to 90 of 300 bytes");
    EXPECT_EQ(read({0, 4'000'000'000}, 300), damage + "0: a batch from 0 to 4000000000 of 300 bytes");
    EXPECT_EQ(read({4'000'000'000}, 300), damage + "0: a batch from 4000000000 to 300 of 300 bytes");
}

/// Ten batches of two records, 1,000 bytes each, all settled and out of memory.
void fill(TestNode& node) {
    node.create("a", 1, {{"segment.bytes", "100000"}});
    for (int i = 0; i < 10; ++i) {
        node.produce("a", 0, Strings{std::string(500, static_cast<char>('a' + i)), std::string(420, 'x')});
    }
    node.checkpoint();
    node.restart();
}

// Goal: what lies in a segment is named as a part of its file: from the batch with the offset asked for, as
// much as fits, and no more than the reader may see.
TEST(Segment, IsReadAsAPartOfItsFile) {
    TestNode node;
    fill(node);
    const auto read = [&](std::int64_t from, ReadOptions options) {
        options.files = true;
        return node.broker().read(node.log("a"), Offset(from), options);
    };
    const auto all = read(0, {});
    ASSERT_EQ(all.files.size(), 1U);
    EXPECT_TRUE(all.pieces.empty());
    EXPECT_EQ(all.next, Offset(20));
    const std::string log = slurp(stem(node, "a", 0).string() + ".log");
    EXPECT_EQ(TestNode::bytes_of(all), log);
    const std::size_t one = log.size() / 10;
    const auto some = read(7, {.max_bytes = 3 * one + 1});
    EXPECT_EQ(TestNode::bytes_of(some), log.substr(3 * one, 3 * one));
    EXPECT_EQ(some.next, Offset(12));
    // The first one whole, if asked to; else nothing.
    EXPECT_EQ(read(19, {.max_bytes = 1}).bytes, one);
    EXPECT_EQ(read(19, {.max_bytes = 1, .min_one_batch = false}).bytes, 0U);
    // Just read, so in the page cache (where the file system can say so).
    const auto cached = read(4, {.may_wait = false});
    EXPECT_TRUE(cached.would_wait || TestNode::bytes_of(cached) == log.substr(2 * one));
    EXPECT_TRUE(node.broker().read(node.log("a"), Offset(0), {.may_wait = false}).would_wait);
    EXPECT_EQ(read(20, {.may_wait = false}).bytes, 0U);
}

// Goal: wherever in a batch a byte changes, nobody gets it, and file and remedy are named.
TEST(Segment, DamageIsNotServed) {
    TestNode node;
    fill(node);
    const auto path = stem(node, "a", 0).string() + ".log";
    const std::uint64_t batch = fs::file_size(path) / 10 * 6;
    const auto change = [&](std::uint64_t at) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const int byte = file.get();
        file.seekp(static_cast<std::streamoff>(at));
        file.put(static_cast<char>(byte ^ 0x40));
    };
    const auto read = [&](std::int64_t from, bool files) {
        return node.broker().read(node.log("a"), Offset(from), {.max_bytes = 1, .files = files});
    };
    for (std::uint64_t at = 0; at < wire::kBatchHeaderBytes + 200; ++at) {
        // The leader epoch is under no checksum, in Kafka's format.
        if (at >= 12 && at < 16) continue;
        change(batch + at);
        for (const bool files : {true, false}) {
            EXPECT_EQ(read(10, files).error, KafkaError::none);
            const auto bad = read(12, files);
            EXPECT_EQ(bad.error, KafkaError::kafka_storage_error) << at;
            EXPECT_EQ(bad.bytes, 0U);
            EXPECT_NE(bad.message.find(path + " is damaged at byte"), std::string::npos) << bad.message;
            EXPECT_EQ(read(14, files).error, KafkaError::none);
        }
        change(batch + at);
    }
    EXPECT_EQ(read(12, true).error, KafkaError::none);
}

TEST(Segment, DeletedTopicsLeaveNothing) {
    TestNode node;
    node.create("a");
    node.produce("a", 0, Strings{"1"});
    node.checkpoint();
    const fs::path directory = node.log("a").directory();
    node.submit(delete_topics(node.broker(), {{"a", {}}}, {}));
    node.pump();
    node.settle_all();
    EXPECT_FALSE(fs::exists(directory));
    EXPECT_FALSE(fs::exists(directory.parent_path().parent_path()));
    node.restart();
    EXPECT_EQ(node.broker().topics()->find("a"), nullptr);
}

}  // namespace
}  // namespace mr::broker
