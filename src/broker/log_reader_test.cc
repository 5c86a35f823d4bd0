// LogReader: journal order over topics and partitions, from memory, from the journal's files and from
// segments.
#include "broker/log_reader.h"

#include <gtest/gtest.h>

#include "broker/broker_test_node.h"
#include "broker/holds.h"
#include "journal/step_entry.h"

namespace mr::broker {
namespace {

using Strings = std::vector<std::string>;

Strings values_of(const LogSlice& slice) {
    Strings out;
    for (const auto& batch : slice.batches) {
        auto reader = wire::RecordReader::open(batch.batch.view());
        EXPECT_TRUE(reader);
        wire::Record record;
        while (reader->next(record)) out.emplace_back(*record.value);
    }
    return out;
}

/// Reads until it is up to date, in small slices.
Strings drain(LogReader& reader, LogReadLimits limits = {.bytes_max = 1}) {
    Strings out;
    LogSlice slice;
    Seq last = reader.position();
    do {
        const Status status = reader.read(limits, slice);
        EXPECT_TRUE(status) << status.error().message;
        if (!status) break;
        for (const auto& batch : slice.batches) {
            EXPECT_GT(batch.seq, last);
            EXPECT_LE(batch.seq, slice.through);
        }
        EXPECT_GE(slice.through, last);
        last = slice.through;
        for (auto& value : values_of(slice)) out.push_back(std::move(value));
    } while (!slice.up_to_date);
    return out;
}

std::unique_ptr<LogReader> open(TestNode& node, Strings topics, Seq after = {}, bool hold = false,
                                Visibility visibility = Visibility::applied) {
    auto reader = LogReader::open(node.broker(), {.name = "test",
                                                  .topics = std::move(topics),
                                                  .after = after,
                                                  .visibility = visibility,
                                                  .hold = hold});
    EXPECT_TRUE(reader) << reader.error().message;
    return std::move(*reader);
}

/// A proposal that appends a step with the given outputs.
class StepProposal final : public journal::Proposal {
  public:
    StepProposal(Broker& broker, std::vector<journal::StepOutput> outputs) : broker_(broker) {
        journal::StepEntry step;
        step.pipeline = "p";
        step.outputs = std::move(outputs);
        payload_ = journal::encode_step(step);
    }
    void order(journal::Appender& out) override {
        const Status status = broker_.prepare_outputs(payload_);
        ASSERT_TRUE(status) << status.error().message;
        out.append(journal::Kind::step, std::move(payload_), journal::kStepVersion);
    }
    void done() override {}
    [[nodiscard]] std::size_t bytes() const override { return payload_.size(); }

  private:
    Broker& broker_;
    std::string payload_;
};

TEST(LogReader, GivesJournalOrderFromEverywhere) {
    BrokerOptions options;
    options.tail_bytes = 3'000;  // memory holds a few entries only
    options.settle_min_bytes = 1;
    TestNode node(options);
    node.create("a", 2, {{"segment.bytes", "2000"}});
    node.create("b");
    node.create("other");
    Strings wanted;
    std::vector<Seq> positions;
    for (int i = 0; i < 200; ++i) {
        const std::string value = fmt::format("{}-{}", i, std::string(100, 'x'));
        node.produce(i % 3 == 0 ? "b" : "a", i % 3 == 0 ? 0 : i % 2, Strings{value});
        node.produce("other", 0, Strings{"no"});
        wanted.push_back(value);
        positions.push_back(node.journal().applied());
    }
    const auto check = [&] {
        EXPECT_EQ(drain(*open(node, {"a", "b"})), wanted);
        EXPECT_EQ(drain(*open(node, {"a", "b"}, {}, false, Visibility::durable), {.batches_max = 7}), wanted);
        for (const std::size_t from : {1U, 57U, 130U, 197U, 199U}) {
            const Strings rest(wanted.begin() + static_cast<std::ptrdiff_t>(from) + 1, wanted.end());
            EXPECT_EQ(drain(*open(node, {"b", "a"}, positions[from])), rest) << from;
        }
    };
    check();  // from the journal's files
    auto worked = node.broker().settle_once();
    ASSERT_TRUE(worked && *worked);
    check();  // from segments
    node.checkpoint();
    node.restart();
    check();
    EXPECT_GT(node.log("a", 0).segments()->size(), 2U);
}

TEST(LogReader, StopsWhereAsked) {
    TestNode node;
    node.create("a");
    node.produce("a", 0, Strings{"1"});
    const Seq here = node.journal().applied();
    node.produce("a", 0, Strings{"2"});
    auto reader = open(node, {"a"});
    LogSlice slice;
    ASSERT_TRUE(reader->read({.not_after = here}, slice));
    EXPECT_EQ(values_of(slice), Strings{"1"});
    EXPECT_EQ(slice.through, here);
    EXPECT_TRUE(slice.up_to_date);
    ASSERT_TRUE(reader->read({}, slice));
    EXPECT_EQ(values_of(slice), Strings{"2"});
}

TEST(LogReader, SeesAppliedOrOnlyDurable) {
    TestNode node;
    node.create("a");
    auto eager = open(node, {"a"});
    auto patient = open(node, {"a"}, {}, false, Visibility::durable);
    int eager_woken = 0;
    int patient_woken = 0;
    eager->set_wakeup([&] { ++eager_woken; });
    patient->set_wakeup([&] { ++patient_woken; });
    EXPECT_TRUE(drain(*eager).empty());
    EXPECT_TRUE(drain(*patient).empty());
    node.submit(node.produce_proposal("a", 0, make_batch({{TestNode::kStart, "k", "v"}}), nullptr));
    node.pump_unsynced();
    EXPECT_EQ(eager_woken, 1);
    EXPECT_EQ(patient_woken, 0);
    EXPECT_EQ(drain(*eager), Strings{"v"});
    EXPECT_TRUE(drain(*patient).empty());
    node.pump();
    EXPECT_EQ(patient_woken, 1);
    EXPECT_EQ(eager_woken, 1);
    EXPECT_EQ(drain(*patient), Strings{"v"});
}

TEST(LogReader, AStepsOutputsComeTogether) {
    TestNode node;
    const Uuid a = node.create("a");
    const Uuid b = node.create("b", 2);
    const std::string one = make_batch({{TestNode::kStart, "k", "1"}, {TestNode::kStart, "k", "2"}});
    const std::string two = make_batch({{TestNode::kStart, "k", "3"}});
    node.produce("a", 0, Strings{"0"});
    const auto output = [](const Uuid& topic, std::int32_t partition, const std::string& batch) {
        journal::StepOutput out;
        out.topic = topic;
        out.partition = PartitionId(partition);
        out.base_offset = Offset(-1);
        out.batch = batch;
        return out;
    };
    node.submit(std::make_unique<StepProposal>(
        node.broker(), std::vector{output(a, 0, one), output(b, 1, two), output(a, 0, two)}));
    node.pump();
    EXPECT_EQ(node.values("a"), (Strings{"0", "1", "2", "3"}));
    EXPECT_EQ(node.values("b", 1), Strings{"3"});
    auto reader = open(node, {"a", "b"});
    LogSlice slice;
    ASSERT_TRUE(reader->read({.batches_max = 1}, slice));
    EXPECT_EQ(slice.batches.size(), 1U);
    ASSERT_TRUE(reader->read({.batches_max = 1}, slice));
    ASSERT_EQ(slice.batches.size(), 3U);
    EXPECT_EQ(slice.batches[0].base_offset, Offset(1));
    EXPECT_EQ(slice.batches[2].base_offset, Offset(3));
    EXPECT_EQ(slice.batches[1].topic, 1U);
    node.checkpoint();
    node.restart();
    EXPECT_EQ(drain(*open(node, {"a", "b"})), (Strings{"0", "1", "2", "3", "3"}));
}

TEST(LogReader, PicksUpNewPartitionsAndSurvivesDeletion) {
    TestNode node;
    node.create("a");
    auto reader = open(node, {"a"});
    node.produce("a", 0, Strings{"1"});
    node.submit(create_partitions(node.broker(), {{"a", 2}}, false, {}));
    node.pump();
    node.produce("a", 1, Strings{"2"});
    EXPECT_EQ(drain(*reader), (Strings{"1", "2"}));
    node.submit(delete_topics(node.broker(), {{"a", {}}}, {}));
    node.pump();
    EXPECT_TRUE(drain(*reader).empty());
    EXPECT_EQ(LogReader::open(node.broker(), {.name = "x", .topics = {"a"}}).error().code, Code::not_found);
}

void run_retention(TestNode& node) {
    node.broker().retention_once(node.clock().now(),
                                 [&](auto proposal) { return node.submit(std::move(proposal)), true; });
    node.pump();
}

TEST(Retention, GoesBySegmentsAndRespectsHolds) {
    BrokerOptions options;
    options.settle_min_bytes = 1;
    TestNode node(options);
    node.create("a", 1, {{"segment.bytes", "1000"}, {"retention.ms", "60000"}});
    Seq middle;
    for (int i = 0; i < 30; ++i) {
        node.produce("a", 0, Strings{fmt::format("{}{}", i, std::string(200, 'x'))});
        if (i == 14) middle = node.journal().applied();
    }
    node.checkpoint();
    auto reader = open(node, {"a"}, {}, true);
    run_retention(node);
    EXPECT_EQ(node.log("a").durable()->log_start, Offset(0));  // not old enough
    node.clock().advance_ms(61'000);
    run_retention(node);
    EXPECT_EQ(node.log("a").durable()->log_start, Offset(0));  // held from the start
    EXPECT_EQ(node.broker().holds().list().size(), 1U);
    reader->confirm(middle);
    run_retention(node);
    EXPECT_EQ(node.log("a").durable()->log_start, Offset(15));
    reader.reset();
    run_retention(node);
    EXPECT_EQ(node.log("a").durable()->log_start, Offset(30));
    // The files go, before the next checkpoint, and the start copes with that.
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(node.broker().settle_once());
    EXPECT_TRUE(node.log("a").segments()->empty());
    node.restart();
    EXPECT_EQ(node.log("a").durable()->log_start, Offset(30));
    EXPECT_EQ(node.produce("a", 0, Strings{"new"}).base_offset, Offset(30));
    node.checkpoint();
    node.restart();
    EXPECT_EQ(node.values("a", 0, 30), Strings{"new"});
    auto late = open(node, {"a"});
    EXPECT_EQ(drain(*late), Strings{"new"});
}

TEST(Retention, BySizeKeepsAtLeastTheLimit) {
    TestNode node;
    node.create("a", 1, {{"segment.bytes", "1000"}, {"retention.bytes", "2500"}});
    for (int i = 0; i < 30; ++i) node.produce("a", 0, Strings{std::string(200, 'x')});
    node.checkpoint();
    run_retention(node);
    const auto start = node.log("a").durable()->log_start;
    EXPECT_GT(start.value, 10);
    EXPECT_LT(start.value, 25);
    node.checkpoint();
    EXPECT_GE(node.broker().log_bytes(node.log("a")), 2'500U);
    EXPECT_LE(node.broker().log_bytes(node.log("a")), 3'600U);
}

}  // namespace
}  // namespace mr::broker
