// The worked examples of docs/formats/journal.md and checkpoint.md are what this build writes and reads.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "journal/internal/checkpoint_store.h"
#include "journal/internal/entry_codec.h"
#include "journal/internal/journal_file.h"
#include "journal/internal/parts.h"
#include "journal/pipeline_entry.h"
#include "journal/step_entry.h"

namespace mr::journal::internal {
namespace {

/// The bytes of the block "```hex <name>" in a document; `#` starts a comment.
std::string documented(const std::string& document, const std::string& name) {
    std::ifstream file(std::string(MR_SOURCE_DIR) + "/docs/formats/" + document);
    EXPECT_TRUE(file) << document;
    std::string line;
    std::string bytes;
    bool inside = false;
    while (std::getline(file, line)) {
        if (line == "```hex " + name) {
            inside = true;
        } else if (inside && line.starts_with("```")) {
            return bytes;
        } else if (inside) {
            std::istringstream words(line.substr(0, line.find('#')));
            for (std::string word; words >> word;)
                bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
        }
    }
    ADD_FAILURE() << document << " has no example " << name;
    return bytes;
}

/// For the failure message: what would have to stand in the document.
std::string as_documented(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 16) out += hex(bytes.substr(at, 16), 16) + "\n";
    return out;
}

FileHeader example_header() {
    return {
        .number = 1, .salt = 0x0123456789abcdef, .file_bytes = 64U << 20, .base = Seq(1), .synced = Seq(0)};
}

TEST(FormatDocs, FileHeader) {
    const std::string written = encode_file_header(example_header());
    ASSERT_EQ(written.size(), kFileHeaderBytes);
    EXPECT_EQ(written.substr(64), std::string(kFileHeaderBytes - 64, '\0'));
    EXPECT_EQ(as_documented(documented("journal.md", "file-header")), as_documented(written.substr(0, 64)));
    const auto read = decode_file_header(written, "example");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->number, 1U);
    EXPECT_EQ(read->salt, 0x0123456789abcdefU);
    EXPECT_EQ(read->base, Seq(1));
}

TEST(FormatDocs, LastPart) {
    std::string written;
    encode_parts_header(written, {.kind = Kind::step, .version = 1, .before = 2});
    written += "end";
    EXPECT_EQ(as_documented(documented("journal.md", "last-part")), as_documented(written));
    Entry last{Seq(9), Kind::last_part, 1, SharedBytes(written)};
    PartJoiner joiner;
    // Of the three parts before it the first is a crash's.
    for (std::uint64_t seq = 6; seq <= 8; ++seq) {
        Entry part{Seq(seq), Kind::part, 1, SharedBytes(std::to_string(seq) + " ")};
        EXPECT_EQ(joiner.add(part), PartJoiner::Got::nothing);
    }
    EXPECT_EQ(joiner.add(last), PartJoiner::Got::entry);
    EXPECT_EQ(last.kind, Kind::step);
    EXPECT_EQ(last.payload.view(), "7 8 end");
    Entry again{Seq(20), Kind::last_part, 1, SharedBytes(written)};
    EXPECT_EQ(joiner.add(again), PartJoiner::Got::too_late);
    EXPECT_EQ(joiner.first(), Seq(18));
    for (const std::size_t bytes : {0, 3, 7}) {
        Entry bad{Seq(21), Kind::last_part, 1, SharedBytes(written.substr(0, bytes))};
        EXPECT_FALSE(joiner.add(bad));
    }
}

TEST(FormatDocs, Entries) {
    const std::uint32_t seed = file_seed(example_header().number, example_header().salt);
    std::string written;
    encode_entry(written, seed, {.seq = Seq(1), .synced = Seq(0), .kind = Kind::topic_batch}, "hello");
    encode_entry(written, seed, {.seq = Seq(1), .synced = Seq(1), .kind = Kind::mark}, "");
    const std::string bytes = documented("journal.md", "entries");
    EXPECT_EQ(as_documented(bytes), as_documented(written));
    const auto header = decode_entry_header(bytes, seed);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->kind, Kind::topic_batch);
    EXPECT_TRUE(payload_matches(*header, std::string_view(bytes).substr(32, 5), seed));
    EXPECT_FALSE(decode_entry_header(bytes, seed + 1));
}

TEST(FormatDocs, Step) {
    StepEntry step;
    step.pipeline = "orders";
    step.epoch = InstanceEpoch(3);
    step.consumed = Seq(41);
    step.step = 7;
    step.wall_time = TimestampMs(1'700'000'000'000);
    step.next_arrival = 1000;
    step.time_inputs = {{TimeInput::Kind::processing_time, 0, -1, 1'700'000'000'000}};
    step.state = {{0, "k", "v"}, {0, "x", std::nullopt}};
    Uuid topic;
    topic.bytes.fill(0x11);
    step.outputs = {{topic, PartitionId(4), Offset(-1), LeaderEpoch(0), "batch"}};
    step.views = {{0, "a", "row"}};
    std::string written = encode_step(step);
    ASSERT_TRUE(patch_step_output(written, 0, Offset(12), LeaderEpoch(5)));
    const std::string bytes = documented("journal.md", "step");
    EXPECT_EQ(as_documented(bytes), as_documented(written));
    const auto read = decode_step(bytes);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->outputs[0].base_offset, Offset(12));
    EXPECT_EQ(read->views[0].row, "row");
}

TEST(FormatDocs, Swapped) {
    PipelineEntry entry;
    entry.action = PipelineEntry::Action::swapped;
    entry.pipeline = other_slot("live");
    entry.epoch = InstanceEpoch(2);
    entry.created = TimestampMs(1'700'000'000'000);
    const std::string written = encode_pipeline(entry);
    EXPECT_EQ(as_documented(documented("journal.md", "swapped")), as_documented(written));
    const auto read = decode_pipeline(written);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->action, PipelineEntry::Action::swapped);
    EXPECT_EQ(pipeline_of_slot(read->pipeline), "live");
    EXPECT_EQ(other_slot(read->pipeline), "live");
}

TEST(FormatDocs, Checkpoint) {
    SnapshotRef broker;
    broker.participant = "broker";
    broker.through = Seq(42);
    broker.file = "000000000002-broker.snapshot";
    broker.bytes = 5;
    broker.crc = crc32c("state");
    SnapshotRef registry;
    registry.participant = "registry";
    registry.through = Seq(40);
    registry.file = "000000000001-registry.snapshot";
    registry.crc = crc32c("");
    const Manifest manifest{.id = 2,
                            .written = TimestampMs(1'700'000'000'000),
                            .journal_from = Seq(40),
                            .snapshots = {broker, registry}};
    const std::string bytes = documented("checkpoint.md", "manifest");
    EXPECT_EQ(as_documented(bytes), as_documented(encode_manifest(manifest)));
    const auto read = decode_manifest(bytes, "example");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, manifest);
    const std::string snapshot = documented("checkpoint.md", "snapshot");
    EXPECT_EQ(as_documented(snapshot), as_documented(encode_snapshot(broker, "state")));
    EXPECT_EQ(decode_snapshot(snapshot, broker, "example").value_or(""), "state");
    EXPECT_FALSE(decode_snapshot(snapshot, registry, "example")) << "not the one that was asked for";
}

/// No truncation and no changed byte of a manifest or a snapshot goes unnoticed.
TEST(FormatDocs, DamageIsNoticed) {
    const std::string manifest = documented("checkpoint.md", "manifest");
    for (std::size_t i = 0; i < manifest.size(); ++i) {
        EXPECT_FALSE(decode_manifest(std::string_view(manifest).substr(0, i), "example"));
        std::string changed = manifest;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        const bool is_reserved = i == 10 || i == 11;
        EXPECT_EQ(decode_manifest(changed, "example").has_value(), is_reserved) << i;
    }
}

}  // namespace
}  // namespace mr::journal::internal
