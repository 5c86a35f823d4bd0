#include "wire/record_batch.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "wire/record.h"

namespace mr::wire {
namespace {

std::string unhex(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

/// The worked example of docs/formats/record-batch.md, as kafka-python 3.0.12 encodes it.
const std::string kExample = unhex(
    "00000000000000000000005f000000000269e92b3f0000000000020000018bcfe5687b0000018bcfe56be7000000000000126700"
    "0300000011000000032e000000046b310a68656c6c6f040468310476310468320116002d02010a776f726c64001200d80d04046b"
    "310100");

std::string three_records(BatchOptions options = {}) {
    options.producer_id = 4711;
    options.producer_epoch = 3;
    options.base_sequence = 17;
    BatchBuilder builder(options);
    const std::vector<RecordHeader> headers = {{"h1", "v1"}, {"h2", std::nullopt}};
    builder.add(TimestampMs(1700000000123), "k1", "hello", headers);
    builder.add(TimestampMs(1700000000100), std::nullopt, "world");
    builder.add(TimestampMs(1700000000999), "k1", std::nullopt);
    return builder.finish();
}

std::string recrc(std::string batch) {
    ByteWriter(batch, Endian::big)
        .patch(kBatchCrcAt, crc32c(std::string_view(batch).substr(kBatchAttributesAt)));
    return batch;
}

Code refused(const std::string& batch, const ValidateOptions& options = {}) {
    const auto facts = validate_batch(batch, options);
    EXPECT_FALSE(facts);
    return facts ? Code::internal : facts.error().code;
}

// Goal: our encoder and a foreign one agree byte for byte.
TEST(RecordBatch, SameBytesAsKafkaPython) {
    BatchOptions options;
    options.leader_epoch = LeaderEpoch(0);
    EXPECT_EQ(hex(three_records(options), 4096), hex(kExample, 4096));
}

TEST(RecordBatch, DecodesTheForeignExample) {
    const auto facts = validate_batch(kExample, {});
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->header.producer_id, 4711);
    EXPECT_EQ(facts->header.producer_epoch, 3);
    EXPECT_EQ(facts->header.base_sequence, 17);
    EXPECT_EQ(facts->header.last_sequence(), 19);
    EXPECT_EQ(facts->header.record_count, 3);
    EXPECT_EQ(facts->max_timestamp.value, 1700000000999);
    EXPECT_EQ(facts->max_timestamp_delta, 2);
    EXPECT_EQ(facts->keyless_delta, 1);

    auto reader = RecordReader::open(kExample);
    ASSERT_TRUE(reader);
    Record record;
    ASSERT_TRUE(reader->next(record));
    EXPECT_EQ(record.key, "k1");
    EXPECT_EQ(record.value, "hello");
    EXPECT_EQ(record.timestamp.value, 1700000000123);
    EXPECT_EQ(record.headers.size(), 2U);
    EXPECT_EQ(record.headers.find("h1"), std::optional<std::string_view>("v1"));
    ASSERT_TRUE(record.headers.find("h2").has_value());
    EXPECT_FALSE(record.headers.find("h2")->has_value());
    EXPECT_FALSE(record.headers.find("h3").has_value());
    ASSERT_TRUE(reader->next(record));
    EXPECT_FALSE(record.key.has_value());
    EXPECT_EQ(record.timestamp.value, 1700000000100);
    ASSERT_TRUE(reader->next(record));
    EXPECT_EQ(record.offset.value, 2);
    EXPECT_FALSE(record.value.has_value());
    EXPECT_FALSE(reader->next(record));
    EXPECT_TRUE(reader->status());
}

// Goal: every compression survives validation and reading.
TEST(RecordBatch, CompressedRoundTrip) {
    for (int codec = 0; codec <= 4; ++codec) {
        BatchBuilder builder({.compression = static_cast<Compression>(codec), .base_offset = Offset(1000)});
        for (int i = 0; i < 500; ++i) {
            builder.add(TimestampMs(1000 + i), std::to_string(i),
                        std::string(static_cast<std::size_t>(i), 'x'));
        }
        const std::string batch = builder.finish();
        EXPECT_TRUE(builder.empty());
        const auto facts = validate_batch(batch, {});
        ASSERT_TRUE(facts) << facts.error().message;
        EXPECT_EQ(facts->header.compression(), static_cast<Compression>(codec));
        auto reader = RecordReader::open(batch);
        ASSERT_TRUE(reader);
        Record record;
        int seen = 0;
        while (reader->next(record)) {
            EXPECT_EQ(record.offset.value, 1000 + seen);
            EXPECT_EQ(record.key, std::to_string(seen));
            EXPECT_EQ(record.value->size(), static_cast<std::size_t>(seen));
            ++seen;
        }
        EXPECT_TRUE(reader->status());
        EXPECT_EQ(seen, 500);
    }
}

// Goal: base offset and leader epoch can be patched without a new CRC; LogAppendTime needs one and gets it.
TEST(RecordBatch, Patching) {
    std::string batch = three_records();
    patch_batch(batch, Offset(123456789012), LeaderEpoch(7));
    auto facts = validate_batch(batch, {});
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->header.base_offset.value, 123456789012);
    EXPECT_EQ(facts->header.last_offset().value, 123456789014);
    EXPECT_EQ(facts->header.leader_epoch.value, 7);
    set_log_append_time(batch, TimestampMs(1800000000000));
    facts = validate_batch(batch, {});
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->header.timestamp_type(), TimestampType::log_append_time);
    EXPECT_EQ(facts->max_timestamp.value, 1800000000000);
    EXPECT_EQ(facts->max_timestamp_delta, 0);
}

// Goal: the classes of refusal, each by the code its protocol error is derived from.
TEST(RecordBatch, Refusals) {
    const std::string good = three_records();
    ASSERT_TRUE(validate_batch(good, {}));
    std::string bad = good;
    bad[good.size() - 1] ^= 1;
    EXPECT_EQ(refused(bad), Code::corrupt) << "CRC";
    EXPECT_EQ(refused(good + good), Code::invalid_argument) << "two batches";
    EXPECT_EQ(refused(good + "x"), Code::invalid_argument) << "left over";
    EXPECT_EQ(refused(good, {.batch_bytes_max = good.size() - 1}), Code::resource_exhausted);
    EXPECT_TRUE(validate_batch(good, {.batch_bytes_max = good.size()}));
    EXPECT_EQ(refused(three_records({.control = true})), Code::invalid_argument);
    bad = good;
    bad[22] = 5;
    EXPECT_EQ(refused(recrc(bad)), Code::unsupported) << "compression 5";
    bad = good;
    bad[26] = 9;  // last offset delta
    EXPECT_EQ(refused(recrc(bad)), Code::invalid_argument);
    bad = good;
    bad[60] = 2;  // record count
    EXPECT_EQ(refused(recrc(bad)), Code::invalid_argument);
    bad = good;
    bad[16] = 1;
    EXPECT_EQ(refused(bad), Code::invalid_argument) << "message format v1";
    bad[16] = 3;
    EXPECT_EQ(refused(bad), Code::corrupt);
    EXPECT_EQ(refused(""), Code::invalid_argument);
    BatchOptions lying{.compression = Compression::zstd};
    EXPECT_EQ(refused(three_records(lying), {.decompressed_bytes_max = 10}), Code::resource_exhausted);
}

// Goal: truncations and bit flips behind a correct CRC never crash and never read outside the batch.
TEST(RecordBatch, HostileBytes) {
    std::mt19937 random(5);
    for (int codec = 0; codec <= 4; ++codec) {
        const std::string good = three_records({.compression = static_cast<Compression>(codec)});
        for (std::size_t length = 0; length < good.size(); ++length) {
            EXPECT_FALSE(validate_batch(good.substr(0, length), {}));
        }
        for (int i = 0; i < 3000; ++i) {
            std::string bad = good;
            for (int flips = 0; flips < 3; ++flips) {
                bad[kBatchAttributesAt + random() % (bad.size() - kBatchAttributesAt)] =
                    static_cast<char>(random());
            }
            bad = recrc(bad);
            auto reader = RecordReader::open(bad);
            Record record;
            while (reader && reader->next(record)) {
                record.headers.each([](const RecordHeader& header) { EXPECT_LE(header.key.size(), 4096U); });
            }
            static_cast<void>(validate_batch(bad, {}));
        }
    }
}

// Goal: a reader accepts what compaction leaves: gaps between offsets, and a batch without records.
TEST(RecordBatch, CompactedBatches) {
    std::string empty = three_records().substr(0, kBatchHeaderBytes);
    ByteWriter(empty, Endian::big).patch(8, std::int32_t{49});
    ByteWriter(empty, Endian::big).patch(57, std::int32_t{0});
    auto reader = RecordReader::open(recrc(empty));
    ASSERT_TRUE(reader) << reader.error().message;
    Record record;
    EXPECT_FALSE(reader->next(record));
    EXPECT_TRUE(reader->status());
    EXPECT_EQ(reader->header().next_offset().value, 3);
}

TEST(RecordBatch, NextBatchWalksAFetch) {
    const std::string one = three_records();
    const std::string both = one + one + one.substr(0, 70);
    std::string_view rest = both;
    EXPECT_EQ((*next_batch(rest))->size(), one.size());
    EXPECT_EQ((*next_batch(rest))->size(), one.size());
    EXPECT_FALSE(next_batch(rest)->has_value());
    std::string broken = one;
    ByteWriter(broken, Endian::big).patch(8, std::int32_t{3});
    rest = broken;
    EXPECT_FALSE(next_batch(rest));
}

TEST(RecordBatch, SequencesWrap) {
    BatchHeader header;
    header.base_sequence = 2147483646;
    header.last_offset_delta = 3;
    EXPECT_EQ(header.last_sequence(), 1);
}

}  // namespace
}  // namespace mr::wire
