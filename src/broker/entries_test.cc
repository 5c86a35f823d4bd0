// The broker's entries byte by byte: the examples of docs/formats/broker-entries.md, and what damage does.
#include "broker/internal/entries.h"

#include <gtest/gtest.h>

#include "broker/internal/snapshot.h"

namespace mr::broker::internal {
namespace {

const std::string kId = "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f ";
const std::string kTime = "e8 03 00 00 00 00 00 00";

Uuid id() {
    std::string raw;
    for (char c = 0; c < 16; ++c) raw += c;
    return Uuid::from_bytes(raw);
}

/// Encodes to the documented bytes, decodes to the same, and refuses every shortened form.
template <class Decode>
void expect_bytes(const std::string& bytes, const std::string& wanted, Decode decode) {
    EXPECT_EQ(hex(bytes, 1'000), wanted);
    const auto entry = decode(bytes);
    ASSERT_TRUE(entry) << entry.error().message;
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(decode(std::string_view(bytes).substr(0, n))) << n;
    EXPECT_FALSE(decode(bytes + "x"));
}

TEST(BrokerEntries, WorkedExamples) {
    const TimestampMs time(1'000);
    std::string payload =
        encode_batch_entry({id(), PartitionId(2), Offset(5), LeaderEpoch(1), time, 0, "..."});
    EXPECT_EQ(hex(payload, 100),
              kId + "02 00 00 00 05 00 00 00 00 00 00 00 01 00 00 00 " + kTime + " 00 2e 2e 2e");
    const auto batch = decode_batch_entry(payload);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->base_offset, Offset(5));
    EXPECT_EQ(batch->batch, "...");
    payload[40] = 1;
    EXPECT_EQ(decode_batch_entry(payload).error().code, Code::unsupported);

    expect_bytes(encode(TopicCreated{id(), "orders", 3, LeaderEpoch(0), time, {{"retention.ms", "1000"}}}),
                 kId + "06 6f 72 64 65 72 73 03 00 00 00 00 00 00 00 " + kTime +
                     " 01 0c 72 65 74 65 6e 74 69 6f 6e 2e 6d 73 04 31 30 30 30",
                 decode_topic_created);
    expect_bytes(encode(TopicDeleted{id(), time}), kId + kTime, decode_topic_deleted);
    expect_bytes(encode(PartitionsAdded{id(), 4, time}), kId + "04 00 00 00 " + kTime,
                 decode_partitions_added);
    expect_bytes(encode(TopicConfigSet{id(), time, {}}), kId + kTime + " 00", decode_topic_config);
    expect_bytes(
        encode(ProducerIdGiven{7, 1, "t", 60'000, time, 0, 6}),
        "07 00 00 00 00 00 00 00 01 00 60 ea 00 00 " + kTime + " 01 74 00 00 06 00 00 00 00 00 00 00",
        decode_producer_id);
    expect_bytes(encode(GroupOffsetsEntry{"g",
                                          time,
                                          {{id(), PartitionId(0), false, Offset(9), LeaderEpoch(-1), "m"},
                                           {id(), PartitionId(1), true, Offset(0), LeaderEpoch(-1), ""}}}),
                 "01 67 " + kTime + " 02 01 " + kId +
                     "00 00 00 00 09 00 00 00 00 00 00 00 ff ff ff ff 01 6d 02 " + kId + "01 00 00 00",
                 decode_group_offsets);
    expect_bytes(encode(GroupDeleted{"g", time}), "01 67 " + kTime, decode_group_deleted);
    expect_bytes(
        encode(LogStartMoved{id(), PartitionId(0), Offset(9), LogStartMoved::Why::retention_ms, time}),
        kId + "00 00 00 00 09 00 00 00 00 00 00 00 02 " + kTime, decode_log_start);
    expect_bytes(encode(LeaderEpochRaised{id(), PartitionId(0), LeaderEpoch(3), time}),
                 kId + "00 00 00 00 03 00 00 00 " + kTime, decode_leader_epoch);
    expect_bytes(encode(ClusterSettingsChanged{time, {{"cluster.id", "x"}, {"a", std::nullopt}}}),
                 kTime + " 02 01 0a 63 6c 75 73 74 65 72 2e 69 64 01 78 02 01 61", decode_cluster_settings);
}

TEST(BrokerEntries, MembersOfGroups) {
    using groups::StoredChange;
    const TimestampMs time(1'000);
    const std::string classic_head = "01 01 00 00 00 08 63 6f 6e 73 75 6d 65 72 05 72 61 6e 67 65 01 61";
    const std::string classic_body = "01 01 01 69 01 63 02 2f 68 10 27 00 00 30 75 00 00 01 73 01 70";
    const groups::ClassicHead head{1, "consumer", "range", "a"};
    const groups::ClassicBody body{"i", "c", "/h", 10'000, 30'000, "s", "p"};
    expect_bytes(groups::encode(head), classic_head, groups::decode_classic_head);
    expect_bytes(groups::encode(body), classic_body, groups::decode_classic_body);
    expect_bytes(encode(GroupMembersEntry{"g",
                                          time,
                                          {StoredChange::What::whole,
                                           groups::GroupType::classic,
                                           groups::encode(head),
                                           {{"a", groups::encode(body)}},
                                           {}}}),
                 "01 67 " + kTime + " 01 01 16 " + classic_head + " 01 01 61 15 " + classic_body,
                 decode_group_members);

    const std::string partitions = "01 " + kId + "02 00 00 00 00 01 00 00 00 ";
    const std::string consumer_head = "01 02 00 00 00 02 00 00 00 01 02 03 04";
    const std::string with_epochs = "01 " + kId + "02 00 00 00 00 02 00 00 00 01 00 00 00 01 00 00 00 ";
    const std::string consumer_body =
        "03 00 00 01 63 02 2f 68 10 27 00 00 01 01 74 00 05 72 61 6e 67 65 02 00 00 00 01 00 00 00 00 " +
        with_epochs + "00 " + partitions + "00 ";
    const groups::ConsumerHead epochs{2, 2, 0x04030201};
    const groups::PartitionSet both{{id(), {0, 1}}};
    const groups::ConsumerBody member{
        std::nullopt, std::nullopt, "c", "/h", 10'000, {"t"},
        "",           "range",      2,   1,    0,      {{id(), {{0, 2}, {1, 1}}}},
        {},           both,         {}};
    expect_bytes(groups::encode(epochs), consumer_head, groups::decode_consumer_head);
    expect_bytes(groups::encode(member), consumer_body.substr(0, consumer_body.size() - 1),
                 groups::decode_consumer_body);
    // Of a member that speaks the classic protocol.
    groups::ConsumerBody classic = member;
    classic.classic = {6'000, {{"range", "s"}}};
    expect_bytes(
        groups::encode(classic),
        consumer_body.substr(0, consumer_body.size() - 3) + "01 70 17 00 00 01 05 72 61 6e 67 65 01 73",
        groups::decode_consumer_body);
    expect_bytes(
        encode(GroupMembersEntry{"g",
                                 time,
                                 {StoredChange::What::changes,
                                  groups::GroupType::consumer,
                                  groups::encode(epochs),
                                  {{"b", groups::encode(member)}},
                                  {"a"}}}),
        "01 67 " + kTime + " 02 02 0d " + consumer_head + " 01 01 62 5d " + consumer_body + "01 01 61",
        decode_group_members);
    expect_bytes(encode(GroupMembersEntry{"g", time, {.what = StoredChange::What::gone}}),
                 "01 67 " + kTime + " 03", decode_group_members);
    // Another layout, a type or a state there is not.
    EXPECT_FALSE(groups::decode_classic_head("\2" + groups::encode(head).substr(1)));
    EXPECT_FALSE(decode_group_members(std::string("\1g", 2) + std::string(8, '\0') + "\4"));
    EXPECT_FALSE(decode_group_members(std::string("\1g", 2) + std::string(8, '\0') + "\1\3"));
}

TEST(BrokerEntries, SnapshotComesBackAndDamageIsSeen) {
    FrozenState state;
    state.next_producer_id = 5;
    state.retired_epochs["gone"] = LeaderEpoch(2);
    state.transactions.on_producer_id({4, 1, "t", 1'000, TimestampMs(9), 0, 3});
    state.transactions.on_added({"t", TimestampMs(10), {{id(), PartitionId(0)}}, {"g"}}, Seq(11));
    state.transactions.on_offsets(
        {"t", TimestampMs(10), "g", {{id(), PartitionId(1), false, Offset(5), LeaderEpoch(0), "m"}}}, Seq(12),
        [](const auto&) {});
    state.cluster_settings =
        std::make_shared<const ClusterSettings>(ClusterSettings{{"cluster.id", "x"}, {"quota", "1"}});
    auto group = std::make_shared<GroupOffsets>();
    group->offsets[{id(), PartitionId(1)}] = {Offset(3), LeaderEpoch(0), "meta", TimestampMs(8)};
    state.groups["g"] = group;
    groups::StoredGroup members{
        groups::GroupType::consumer, TimestampMs(9), "head", {{"a", "body"}, {"b", ""}}};
    state.members["g"] = std::make_shared<const groups::StoredGroup>(std::move(members));
    FrozenTopic& topic = state.topics.emplace_back();
    topic.id = id();
    topic.name = "orders";
    topic.config = {{"hold", "false"}};
    FrozenPartition& partition = topic.partitions.emplace_back();
    partition.view.log_start = Offset(1);
    partition.view.log_end = Offset(4);
    partition.view.last_stable = Offset(4);
    partition.view.epochs =
        std::make_shared<const std::vector<EpochStart>>(std::vector<EpochStart>{{LeaderEpoch(0), Offset(0)}});
    wire::BatchHeader header;
    header.producer_id = 4;
    header.producer_epoch = 0;
    header.base_sequence = 0;
    partition.producers.record(header, Offset(3), TimestampMs(7), 1'000);
    partition.log = std::make_shared<PartitionLog>(id(), "orders", PartitionId(0), "d",
                                                   std::make_shared<const PartitionView>(partition.view));
    const auto segments = [](const PartitionLog&) {
        SegmentInfo info;
        info.next = Offset(4);
        info.batches = 4;
        return std::vector<SegmentInfo>{info};
    };
    std::string bytes;
    write_snapshot(state, segments, bytes);
    auto back = read_snapshot(bytes, Seq(12));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->state.through, Seq(12));
    EXPECT_EQ(back->segments.at(0).at(0).at(0).next, Offset(4));
    EXPECT_EQ(back->state.groups.at("g")->find(id(), PartitionId(1))->metadata, "meta");
    EXPECT_EQ(back->state.topics.at(0).partitions.at(0).producers.all().at(4).count, 1);
    EXPECT_EQ(back->state.members.at("g")->members.at("a"), "body");
    back->state.topics.at(0).partitions.at(0).log = partition.log;
    std::string again;
    write_snapshot(back->state, segments, again);
    EXPECT_EQ(again, bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(read_snapshot(bytes.substr(0, n), Seq(12))) << n;
    // Of the version before, which ended where the members of groups begin.
    state.members.clear();
    std::string older;
    write_snapshot(state, segments, older);
    older.pop_back();
    older[0] = 3;
    const auto before = read_snapshot(older, Seq(12));
    ASSERT_TRUE(before) << before.error().message;
    EXPECT_EQ(before->state.cluster_settings->at("cluster.id"), "x");
    EXPECT_TRUE(before->state.members.empty());
    bytes[0] = 1;
    EXPECT_EQ(read_snapshot(bytes, Seq(12)).error().code, Code::unsupported);
}

}  // namespace
}  // namespace mr::broker::internal
