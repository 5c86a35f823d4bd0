// The step payload: what is encoded comes back, patches land where they should, and no bytes of a stranger do
// harm.
#include "journal/step_entry.h"

#include <gtest/gtest.h>

namespace mr::journal {
namespace {

Uuid topic(std::uint8_t n) {
    Uuid id;
    id.bytes.fill(n);
    return id;
}

StepEntry example() {
    StepEntry step;
    step.pipeline = "orders";
    step.epoch = InstanceEpoch(3);
    step.consumed = Seq(41);
    step.step = 7;
    step.wall_time = TimestampMs(1'700'000'000'000);
    step.next_arrival = 1000;
    step.time_inputs = {{TimeInput::Kind::processing_time, 0, -1, 1'700'000'000'000},
                        {TimeInput::Kind::idle, 2, 5, 1}};
    step.state = {{0, "k1", "v1"}, {1, "k2", std::nullopt}, {1, "k3", ""}};
    step.outputs = {{topic(0x11), PartitionId(0), Offset(-1), LeaderEpoch(0), "batch-one"},
                    {topic(0x22), PartitionId(4), Offset(-1), LeaderEpoch(0), "batch-two"}};
    step.views = {{0, "vk", "row"}, {3, "gone", std::nullopt}};
    return step;
}

TEST(StepEntry, RoundTrip) {
    const std::string payload = encode_step(example());
    const auto step = decode_step(payload);
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_EQ(step->pipeline, "orders");
    EXPECT_EQ(step->epoch, InstanceEpoch(3));
    EXPECT_EQ(step->consumed, Seq(41));
    EXPECT_EQ(step->step, 7U);
    EXPECT_EQ(step->wall_time, TimestampMs(1'700'000'000'000));
    EXPECT_EQ(step->next_arrival, 1000U);
    ASSERT_EQ(step->time_inputs.size(), 2U);
    EXPECT_EQ(step->time_inputs[0].partition, -1);
    EXPECT_EQ(step->time_inputs[1].kind, TimeInput::Kind::idle);
    EXPECT_EQ(step->time_inputs[1].source, 2U);
    EXPECT_EQ(step->time_inputs[1].partition, 5);
    EXPECT_EQ(step->time_inputs[1].value, 1);
    ASSERT_EQ(step->state.size(), 3U);
    EXPECT_EQ(step->state[0].value, "v1");
    EXPECT_EQ(step->state[1].value, std::nullopt);
    EXPECT_EQ(step->state[2].value, "") << "an empty value is not a tombstone";
    ASSERT_EQ(step->outputs.size(), 2U);
    EXPECT_EQ(step->outputs[1].topic, topic(0x22));
    EXPECT_EQ(step->outputs[1].partition, PartitionId(4));
    EXPECT_EQ(step->outputs[1].batch, "batch-two");
    ASSERT_EQ(step->views.size(), 2U);
    EXPECT_EQ(step->views[0].row, "row");
    EXPECT_EQ(step->views[1].row, std::nullopt);
}

TEST(StepEntry, PartsAlone) {
    const std::string payload = encode_step(example());
    const auto header = decode_step_header(payload);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->pipeline, "orders");
    EXPECT_EQ(header->next_arrival, 1000U);
    EXPECT_TRUE(header->state.empty());
    const auto outputs = decode_step_outputs(payload);
    ASSERT_TRUE(outputs);
    EXPECT_EQ(outputs->size(), 2U);
    const auto views = decode_step_views(payload);
    ASSERT_TRUE(views);
    EXPECT_EQ(views->size(), 2U);
}

TEST(StepEntry, PatchedWhenOrdered) {
    std::string payload = encode_step(example());
    ASSERT_TRUE(patch_step_output(payload, 1, Offset(99), LeaderEpoch(6)));
    ASSERT_TRUE(patch_step_output(payload, 0, Offset(12), LeaderEpoch(5)));
    const auto step = decode_step(payload);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->outputs[0].base_offset, Offset(12));
    EXPECT_EQ(step->outputs[0].leader_epoch, LeaderEpoch(5));
    EXPECT_EQ(step->outputs[0].batch, "batch-one");
    EXPECT_EQ(step->outputs[1].base_offset, Offset(99));
    EXPECT_EQ(step->outputs[1].leader_epoch, LeaderEpoch(6));
    const auto refused = patch_step_output(payload, 2, Offset(0), LeaderEpoch(0));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::out_of_range);
}

TEST(StepEntry, EmptyStep) {
    const auto step = decode_step(encode_step(StepEntry{}));
    ASSERT_TRUE(step);
    EXPECT_TRUE(step->outputs.empty());
}

/// Every truncation and every changed byte gives a value or an error, never a crash; truncations always an
/// error.
TEST(StepEntry, HostileBytes) {
    const std::string payload = encode_step(example());
    for (std::size_t size = 0; size < payload.size(); ++size) {
        EXPECT_FALSE(decode_step(std::string_view(payload).substr(0, size))) << size;
    }
    EXPECT_FALSE(decode_step(payload + "x"));
    for (std::size_t at = 0; at < payload.size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xff}) {
            std::string changed = payload;
            changed[at] = static_cast<char>(changed[at] ^ flip);
            static_cast<void>(decode_step(changed));
            static_cast<void>(decode_step_header(changed));
            static_cast<void>(decode_step_outputs(changed));
            static_cast<void>(decode_step_views(changed));
            static_cast<void>(patch_step_output(changed, 1, Offset(1), LeaderEpoch(1)));
        }
    }
}

}  // namespace
}  // namespace mr::journal
