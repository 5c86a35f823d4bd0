#include "broker/internal/snapshot.h"

#include "base/check.h"

namespace mr::broker::internal {
namespace {

std::size_t read_count(ByteReader& in) {
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining()) in.set_bad();
    return in.bad() ? 0 : static_cast<std::size_t>(count);
}

void write_segment(ByteWriter& out, const SegmentInfo& info) {
    out.i64(info.base.value);
    out.i64(info.next.value);
    out.u64(info.log_bytes);
    out.u32(info.batches);
    out.u32(info.index_entries);
    out.u32(info.time_entries);
    out.u32(info.aborted);
    out.u64(info.first_seq.value);
    out.u64(info.last_seq.value);
    out.i64(info.max_timestamp.value);
    out.i64(info.max_timestamp_offset.value);
    out.i64(info.time_index_last.value);
    out.i64(info.first_append.value);
    out.u32(info.since_index);
    out.u32(info.generation);
    out.i64(info.clean_to.value);
}

SegmentInfo read_segment(ByteReader& in, std::uint8_t version) {
    SegmentInfo info;
    info.base = Offset(in.i64());
    info.next = Offset(in.i64());
    info.log_bytes = in.u64();
    info.batches = in.u32();
    info.index_entries = in.u32();
    info.time_entries = in.u32();
    info.aborted = in.u32();
    info.first_seq = Seq(in.u64());
    info.last_seq = Seq(in.u64());
    info.max_timestamp = TimestampMs(in.i64());
    info.max_timestamp_offset = Offset(in.i64());
    info.time_index_last = TimestampMs(in.i64());
    info.first_append = TimestampMs(in.i64());
    info.since_index = in.u32();
    if (version >= 3) {
        info.generation = in.u32();
        info.clean_to = Offset(in.i64());
    }
    if (info.batches == 0 || info.next <= info.base) in.set_bad();
    return info;
}

void write_partition(ByteWriter& out, const FrozenPartition& partition,
                     const std::vector<SegmentInfo>& segments) {
    const PartitionView& view = partition.view;
    out.i64(view.log_start.value);
    out.i64(view.log_end.value);
    out.i64(view.last_stable.value);
    out.u64(view.last_seq.value);
    out.i32(view.leader_epoch.value);
    out.uvarint(view.epochs->size());
    for (const auto& epoch : *view.epochs) {
        out.i32(epoch.epoch.value);
        out.i64(epoch.start.value);
    }
    partition.producers.write(out);
    out.uvarint(segments.size());
    for (const auto& segment : segments) write_segment(out, segment);
}

void read_partition(ByteReader& in, std::uint8_t version, FrozenPartition& partition,
                    std::vector<SegmentInfo>& segments) {
    PartitionView& view = partition.view;
    view.log_start = Offset(in.i64());
    view.log_end = Offset(in.i64());
    view.last_stable = Offset(in.i64());
    view.last_seq = Seq(in.u64());
    view.leader_epoch = LeaderEpoch(in.i32());
    auto epochs = std::make_shared<std::vector<EpochStart>>();
    const std::size_t epoch_count = read_count(in);
    for (std::size_t i = 0; i < epoch_count && !in.bad(); ++i) {
        const LeaderEpoch epoch(in.i32());
        epochs->push_back({epoch, Offset(in.i64())});
    }
    if (epochs->empty()) in.set_bad();
    view.epochs = std::move(epochs);
    view.chunks = std::make_shared<const std::vector<std::shared_ptr<const TailChunk>>>();
    partition.producers.read(in);
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) segments.push_back(read_segment(in, version));
}

void write_groups(ByteWriter& out, const FrozenState& state) {
    out.uvarint(state.groups.size());
    for (const auto& [name, group] : state.groups) {
        out.sized(name);
        out.i64(group->last_commit.value);
        out.uvarint(group->offsets.size());
        for (const auto& [key, offset] : group->offsets) {
            write_uuid(out, key.first);
            out.i32(key.second.value);
            out.i64(offset.offset.value);
            out.i32(offset.leader_epoch.value);
            out.i64(offset.committed_at.value);
            out.sized(offset.metadata);
        }
    }
}

void read_groups(ByteReader& in, FrozenState& state) {
    const std::size_t groups = read_count(in);
    for (std::size_t g = 0; g < groups && !in.bad(); ++g) {
        std::string name(in.sized());
        auto group = std::make_shared<GroupOffsets>();
        group->last_commit = TimestampMs(in.i64());
        const std::size_t offsets = read_count(in);
        for (std::size_t i = 0; i < offsets && !in.bad(); ++i) {
            const Uuid topic = read_uuid(in);
            const PartitionId partition(in.i32());
            CommittedOffset& offset = group->offsets[{topic, partition}];
            offset.offset = Offset(in.i64());
            offset.leader_epoch = LeaderEpoch(in.i32());
            offset.committed_at = TimestampMs(in.i64());
            offset.metadata = in.sized();
        }
        state.groups[std::move(name)] = std::move(group);
    }
}

void write_members(ByteWriter& out, const groups::StoredGroups& members) {
    out.uvarint(members.size());
    for (const auto& [name, group] : members) {
        out.sized(name);
        out.i64(group->time.value);
        out.u8(static_cast<std::uint8_t>(group->type));
        out.sized(group->head);
        out.uvarint(group->members.size());
        for (const auto& [id, body] : group->members) {
            out.sized(id);
            out.sized(body);
        }
    }
}

groups::StoredGroups read_members(ByteReader& in) {
    groups::StoredGroups out;
    const std::size_t count = read_count(in);
    for (std::size_t g = 0; g < count && !in.bad(); ++g) {
        std::string name(in.sized());
        auto group = std::make_shared<groups::StoredGroup>();
        group->time = TimestampMs(in.i64());
        group->type = read_group_type(in);
        group->head = in.sized();
        const std::size_t members = read_count(in);
        for (std::size_t i = 0; i < members && !in.bad(); ++i) {
            std::string id(in.sized());
            group->members[std::move(id)] = in.sized();
        }
        out[std::move(name)] = std::move(group);
    }
    return out;
}

std::shared_ptr<const ClusterSettings> read_settings(ByteReader& in) {
    auto settings = std::make_shared<ClusterSettings>();
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        std::string name(in.sized());
        (*settings)[std::move(name)] = std::string(in.sized());
    }
    return settings;
}

}  // namespace

void write_snapshot(const FrozenState& state,
                    const std::function<std::vector<SegmentInfo>(const PartitionLog&)>& segments_of,
                    std::string& bytes) {
    ByteWriter out(bytes);
    out.u8(kSnapshotVersion);
    out.i64(state.next_producer_id);
    out.uvarint(state.topics.size());
    for (const auto& topic : state.topics) {
        write_uuid(out, topic.id);
        out.sized(topic.name);
        out.i64(topic.created_at.value);
        write_config(out, topic.config);
        out.uvarint(topic.partitions.size());
        for (const auto& partition : topic.partitions)
            write_partition(out, partition, segments_of(*partition.log));
    }
    write_groups(out, state);
    state.transactions.write(out);
    out.uvarint(state.retired_epochs.size());
    for (const auto& [name, epoch] : state.retired_epochs) {
        out.sized(name);
        out.i32(epoch.value);
    }
    out.uvarint(state.cluster_settings->size());
    for (const auto& [name, value] : *state.cluster_settings) {
        out.sized(name);
        out.sized(value);
    }
    write_members(out, state.members);
}

Result<Snapshot> read_snapshot(std::string_view bytes, Seq through) {
    ByteReader in(bytes);
    const std::uint8_t version = in.u8();
    if (version < 2 || version > kSnapshotVersion) {
        return fail(Code::unsupported, "broker snapshot: version {}, this build knows 2 to {}", version,
                    kSnapshotVersion);
    }
    Snapshot snapshot;
    FrozenState& state = snapshot.state;
    state.through = through;
    state.next_producer_id = in.i64();
    const std::size_t topics = read_count(in);
    for (std::size_t t = 0; t < topics && !in.bad(); ++t) {
        FrozenTopic& topic = state.topics.emplace_back();
        topic.id = read_uuid(in);
        topic.name = in.sized();
        topic.created_at = TimestampMs(in.i64());
        topic.config = read_config(in);
        const std::size_t partitions = read_count(in);
        auto& segments = snapshot.segments.emplace_back();
        for (std::size_t i = 0; i < partitions && !in.bad(); ++i) {
            read_partition(in, version, topic.partitions.emplace_back(), segments.emplace_back());
        }
    }
    read_groups(in, state);
    state.transactions.read(in);
    const std::size_t retired = read_count(in);
    for (std::size_t i = 0; i < retired && !in.bad(); ++i) {
        std::string name(in.sized());
        state.retired_epochs[std::move(name)] = LeaderEpoch(in.i32());
    }
    if (version >= 3) state.cluster_settings = read_settings(in);
    if (version >= 4) state.members = read_members(in);
    MR_TRY_VOID(in.finish("broker snapshot"));
    return snapshot;
}

}  // namespace mr::broker::internal
