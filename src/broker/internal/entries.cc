#include "broker/internal/entries.h"

#include "base/check.h"

namespace mr::broker::internal {
namespace {

/// What happens to a cluster setting.
constexpr std::uint8_t kSet = 1;
constexpr std::uint8_t kRemoved = 2;

// An unchecked count would let a damaged payload allocate without bound; everything counted is at least a
// byte long.
std::size_t read_count(ByteReader& in) {
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining()) {
        in.set_bad();
        return 0;
    }
    return static_cast<std::size_t>(count);
}

}  // namespace

void write_uuid(ByteWriter& out, const Uuid& id) {
    out.raw(id.view());
}

Uuid read_uuid(ByteReader& in) {
    const std::string_view raw = in.raw(16);
    return raw.size() == 16 ? Uuid::from_bytes(raw) : Uuid{};
}

void write_config(ByteWriter& out, const ConfigMap& config) {
    out.uvarint(config.size());
    for (const auto& [name, value] : config) {
        out.sized(name);
        out.sized(value);
    }
}

ConfigMap read_config(ByteReader& in) {
    ConfigMap out;
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        std::string name(in.sized());
        out[std::move(name)] = std::string(in.sized());
    }
    return out;
}

std::string encode_batch_entry(const BatchEntry& entry) {
    std::string payload;
    payload.reserve(kBatchEntryHeaderBytes + entry.batch.size());
    ByteWriter out(payload);
    write_uuid(out, entry.topic);
    out.i32(entry.partition.value);
    out.i64(entry.base_offset.value);
    out.i32(entry.leader_epoch.value);
    out.i64(entry.time.value);
    out.u8(entry.flags);
    MR_DCHECK(payload.size() == kBatchEntryHeaderBytes);
    out.raw(entry.batch);
    return payload;
}

Result<BatchEntry> decode_batch_entry(std::string_view payload) {
    ByteReader in(payload);
    BatchEntry entry;
    entry.topic = read_uuid(in);
    entry.partition = PartitionId(in.i32());
    entry.base_offset = Offset(in.i64());
    entry.leader_epoch = LeaderEpoch(in.i32());
    entry.time = TimestampMs(in.i64());
    entry.flags = in.u8();
    entry.batch = in.rest();
    MR_TRY_VOID(in.status("topic_batch entry"));
    if (entry.flags != 0) return fail(Code::unsupported, "topic_batch entry: unknown flags {}", entry.flags);
    return entry;
}

std::string encode(const TopicCreated& entry) {
    std::string payload;
    ByteWriter out(payload);
    write_uuid(out, entry.id);
    out.sized(entry.name);
    out.i32(entry.partitions);
    out.i32(entry.leader_epoch.value);
    out.i64(entry.time.value);
    write_config(out, entry.config);
    return payload;
}

Result<TopicCreated> decode_topic_created(std::string_view payload) {
    ByteReader in(payload);
    TopicCreated entry;
    entry.id = read_uuid(in);
    entry.name = in.sized();
    entry.partitions = in.i32();
    entry.leader_epoch = LeaderEpoch(in.i32());
    entry.time = TimestampMs(in.i64());
    entry.config = read_config(in);
    MR_TRY_VOID(in.finish("topic_created entry"));
    return entry;
}

std::string encode(const TopicDeleted& entry) {
    std::string payload;
    ByteWriter out(payload);
    write_uuid(out, entry.id);
    out.i64(entry.time.value);
    return payload;
}

Result<TopicDeleted> decode_topic_deleted(std::string_view payload) {
    ByteReader in(payload);
    TopicDeleted entry;
    entry.id = read_uuid(in);
    entry.time = TimestampMs(in.i64());
    MR_TRY_VOID(in.finish("topic_deleted entry"));
    return entry;
}

std::string encode(const PartitionsAdded& entry) {
    std::string payload;
    ByteWriter out(payload);
    write_uuid(out, entry.id);
    out.i32(entry.total);
    out.i64(entry.time.value);
    return payload;
}

Result<PartitionsAdded> decode_partitions_added(std::string_view payload) {
    ByteReader in(payload);
    PartitionsAdded entry;
    entry.id = read_uuid(in);
    entry.total = in.i32();
    entry.time = TimestampMs(in.i64());
    MR_TRY_VOID(in.finish("partitions_added entry"));
    return entry;
}

std::string encode(const TopicConfigSet& entry) {
    std::string payload;
    ByteWriter out(payload);
    write_uuid(out, entry.id);
    out.i64(entry.time.value);
    write_config(out, entry.config);
    return payload;
}

Result<TopicConfigSet> decode_topic_config(std::string_view payload) {
    ByteReader in(payload);
    TopicConfigSet entry;
    entry.id = read_uuid(in);
    entry.time = TimestampMs(in.i64());
    entry.config = read_config(in);
    MR_TRY_VOID(in.finish("topic_config entry"));
    return entry;
}

std::string encode(const ProducerIdGiven& entry) {
    std::string payload;
    ByteWriter out(payload);
    out.i64(entry.producer_id);
    out.i16(entry.epoch);
    out.i32(entry.transaction_timeout_ms);
    out.i64(entry.time.value);
    out.sized(entry.transactional_id);
    out.i16(entry.last_epoch);
    out.i64(entry.previous_producer_id);
    return payload;
}

Result<ProducerIdGiven> decode_producer_id(std::string_view payload) {
    ByteReader in(payload);
    ProducerIdGiven entry;
    entry.producer_id = in.i64();
    entry.epoch = in.i16();
    entry.transaction_timeout_ms = in.i32();
    entry.time = TimestampMs(in.i64());
    entry.transactional_id = in.sized();
    entry.last_epoch = in.i16();
    entry.previous_producer_id = in.i64();
    MR_TRY_VOID(in.finish("producer_id entry"));
    return entry;
}

std::string encode(const GroupOffsetsEntry& entry) {
    std::string payload;
    ByteWriter out(payload);
    out.sized(entry.group);
    out.i64(entry.time.value);
    out.uvarint(entry.changes.size());
    for (const auto& change : entry.changes) {
        out.u8(change.removed ? 2 : 1);
        write_uuid(out, change.topic);
        out.i32(change.partition.value);
        if (change.removed) continue;
        out.i64(change.offset.value);
        out.i32(change.leader_epoch.value);
        out.sized(change.metadata);
    }
    return payload;
}

Result<GroupOffsetsEntry> decode_group_offsets(std::string_view payload) {
    ByteReader in(payload);
    GroupOffsetsEntry entry;
    entry.group = in.sized();
    entry.time = TimestampMs(in.i64());
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        OffsetChange change;
        const std::uint8_t what = in.u8();
        if (what != 1 && what != 2) in.set_bad();
        change.removed = what == 2;
        change.topic = read_uuid(in);
        change.partition = PartitionId(in.i32());
        if (!change.removed) {
            change.offset = Offset(in.i64());
            change.leader_epoch = LeaderEpoch(in.i32());
            change.metadata = in.sized();
        }
        entry.changes.push_back(std::move(change));
    }
    MR_TRY_VOID(in.finish("group_offsets entry"));
    return entry;
}

std::string encode(const GroupDeleted& entry) {
    std::string payload;
    ByteWriter out(payload);
    out.sized(entry.group);
    out.i64(entry.time.value);
    return payload;
}

Result<GroupDeleted> decode_group_deleted(std::string_view payload) {
    ByteReader in(payload);
    GroupDeleted entry;
    entry.group = in.sized();
    entry.time = TimestampMs(in.i64());
    MR_TRY_VOID(in.finish("group_deleted entry"));
    return entry;
}

std::string encode(const LogStartMoved& entry) {
    std::string payload;
    ByteWriter out(payload);
    write_uuid(out, entry.topic);
    out.i32(entry.partition.value);
    out.i64(entry.start.value);
    out.u8(static_cast<std::uint8_t>(entry.why));
    out.i64(entry.time.value);
    return payload;
}

Result<LogStartMoved> decode_log_start(std::string_view payload) {
    ByteReader in(payload);
    LogStartMoved entry;
    entry.topic = read_uuid(in);
    entry.partition = PartitionId(in.i32());
    entry.start = Offset(in.i64());
    entry.why = static_cast<LogStartMoved::Why>(in.u8());
    entry.time = TimestampMs(in.i64());
    MR_TRY_VOID(in.finish("log_start entry"));
    return entry;
}

std::string encode(const LeaderEpochRaised& entry) {
    std::string payload;
    ByteWriter out(payload);
    write_uuid(out, entry.topic);
    out.i32(entry.partition.value);
    out.i32(entry.epoch.value);
    out.i64(entry.time.value);
    return payload;
}

Result<LeaderEpochRaised> decode_leader_epoch(std::string_view payload) {
    ByteReader in(payload);
    LeaderEpochRaised entry;
    entry.topic = read_uuid(in);
    entry.partition = PartitionId(in.i32());
    entry.epoch = LeaderEpoch(in.i32());
    entry.time = TimestampMs(in.i64());
    MR_TRY_VOID(in.finish("leader_epoch entry"));
    return entry;
}

std::string encode(const ClusterSettingsChanged& entry) {
    std::string payload;
    ByteWriter out(payload);
    out.i64(entry.time.value);
    out.uvarint(entry.changes.size());
    for (const auto& [name, value] : entry.changes) {
        out.u8(value ? kSet : kRemoved);
        out.sized(name);
        if (value) out.sized(*value);
    }
    return payload;
}

Result<ClusterSettingsChanged> decode_cluster_settings(std::string_view payload) {
    ByteReader in(payload);
    ClusterSettingsChanged entry;
    entry.time = TimestampMs(in.i64());
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        const std::uint8_t what = in.u8();
        if (what != kSet && what != kRemoved) in.set_bad();
        auto& [name, value] = entry.changes.emplace_back();
        name = in.sized();
        if (what == kSet) value = std::string(in.sized());
    }
    MR_TRY_VOID(in.finish("cluster_settings entry"));
    return entry;
}

std::string encode(const GroupMembersEntry& entry) {
    using What = groups::StoredChange::What;
    std::string payload;
    ByteWriter out(payload);
    out.sized(entry.group);
    out.i64(entry.time.value);
    out.u8(static_cast<std::uint8_t>(entry.change.what));
    if (entry.change.what == What::gone) return payload;
    out.u8(static_cast<std::uint8_t>(entry.change.type));
    out.sized(entry.change.head);
    out.uvarint(entry.change.members.size());
    for (const auto& [id, body] : entry.change.members) {
        out.sized(id);
        out.sized(body);
    }
    if (entry.change.what == What::whole) return payload;
    out.uvarint(entry.change.removed.size());
    for (const auto& id : entry.change.removed) out.sized(id);
    return payload;
}

Result<GroupMembersEntry> decode_group_members(std::string_view payload) {
    using What = groups::StoredChange::What;
    ByteReader in(payload);
    GroupMembersEntry entry;
    entry.group = in.sized();
    entry.time = TimestampMs(in.i64());
    const std::uint8_t what = in.u8();
    if (what < 1 || what > 3) in.set_bad();
    entry.change.what = static_cast<What>(what);
    if (what == static_cast<std::uint8_t>(What::gone)) {
        MR_TRY_VOID(in.finish("group_members entry"));
        return entry;
    }
    entry.change.type = read_group_type(in);
    entry.change.head = in.sized();
    const std::size_t members = read_count(in);
    for (std::size_t i = 0; i < members && !in.bad(); ++i) {
        auto& [id, body] = entry.change.members.emplace_back();
        id = in.sized();
        body = in.sized();
    }
    if (what == static_cast<std::uint8_t>(What::changes)) {
        const std::size_t removed = read_count(in);
        for (std::size_t i = 0; i < removed && !in.bad(); ++i) entry.change.removed.emplace_back(in.sized());
    }
    MR_TRY_VOID(in.finish("group_members entry"));
    return entry;
}

groups::GroupType read_group_type(ByteReader& in) {
    const std::uint8_t type = in.u8();
    if (type != 1 && type != 2) in.set_bad();
    return static_cast<groups::GroupType>(type);
}

}  // namespace mr::broker::internal
