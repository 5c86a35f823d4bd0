#include "broker/txn/entries.h"

namespace mr::broker::txn {
namespace {

using internal::read_uuid;
using internal::write_uuid;

enum class Action : std::uint8_t { added = 1, offsets = 2, ended = 3, forgotten = 4 };

/// Everything counted is at least a byte long.
std::size_t read_count(ByteReader& in) {
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining()) in.set_bad();
    return in.bad() ? 0 : static_cast<std::size_t>(count);
}

ByteWriter begin(std::string& payload, Action action) {
    ByteWriter out(payload);
    out.u8(static_cast<std::uint8_t>(action));
    return out;
}

TxnAdded read_added(ByteReader& in) {
    TxnAdded entry;
    entry.id = in.sized();
    entry.time = TimestampMs(in.i64());
    const std::size_t partitions = read_count(in);
    for (std::size_t i = 0; i < partitions && !in.bad(); ++i) {
        const Uuid topic = read_uuid(in);
        entry.partitions.emplace_back(topic, PartitionId(in.i32()));
    }
    const std::size_t groups = read_count(in);
    for (std::size_t i = 0; i < groups && !in.bad(); ++i) entry.groups.emplace_back(in.sized());
    return entry;
}

TxnOffsets read_offsets(ByteReader& in) {
    TxnOffsets entry;
    entry.id = in.sized();
    entry.time = TimestampMs(in.i64());
    entry.group = in.sized();
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        internal::OffsetChange& change = entry.changes.emplace_back();
        change.topic = read_uuid(in);
        change.partition = PartitionId(in.i32());
        change.offset = Offset(in.i64());
        change.leader_epoch = LeaderEpoch(in.i32());
        change.metadata = in.sized();
    }
    return entry;
}

TxnEnded read_ended(ByteReader& in) {
    TxnEnded entry;
    entry.id = in.sized();
    entry.time = TimestampMs(in.i64());
    const std::uint8_t result = in.u8();
    const std::uint8_t why = in.u8();
    if (result > 1 || why < 1 || why > 5) in.set_bad();
    entry.commit = result == 1;
    entry.why = static_cast<TxnEnded::Why>(why);
    entry.producer_id = in.i64();
    entry.marker_epoch = in.i16();
    entry.next_producer_id = in.i64();
    entry.next_epoch = in.i16();
    entry.last_epoch = in.i16();
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        TxnEnded::Marker& marker = entry.markers.emplace_back();
        marker.topic = read_uuid(in);
        marker.partition = PartitionId(in.i32());
        marker.base_offset = Offset(in.i64());
        marker.leader_epoch = LeaderEpoch(in.i32());
        marker.batch = in.sized();
    }
    return entry;
}

TxnForgotten read_forgotten(ByteReader& in) {
    TxnForgotten entry;
    entry.time = TimestampMs(in.i64());
    const std::size_t count = read_count(in);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) entry.ids.emplace_back(in.sized());
    return entry;
}

}  // namespace

std::string encode(const TxnAdded& entry) {
    std::string payload;
    ByteWriter out = begin(payload, Action::added);
    out.sized(entry.id);
    out.i64(entry.time.value);
    out.uvarint(entry.partitions.size());
    for (const auto& [topic, partition] : entry.partitions) {
        write_uuid(out, topic);
        out.i32(partition.value);
    }
    out.uvarint(entry.groups.size());
    for (const auto& group : entry.groups) out.sized(group);
    return payload;
}

std::string encode(const TxnOffsets& entry) {
    std::string payload;
    ByteWriter out = begin(payload, Action::offsets);
    out.sized(entry.id);
    out.i64(entry.time.value);
    out.sized(entry.group);
    out.uvarint(entry.changes.size());
    for (const auto& change : entry.changes) {
        write_uuid(out, change.topic);
        out.i32(change.partition.value);
        out.i64(change.offset.value);
        out.i32(change.leader_epoch.value);
        out.sized(change.metadata);
    }
    return payload;
}

std::string encode(const TxnEnded& entry) {
    std::string payload;
    ByteWriter out = begin(payload, Action::ended);
    out.sized(entry.id);
    out.i64(entry.time.value);
    out.u8(entry.commit ? 1 : 0);
    out.u8(static_cast<std::uint8_t>(entry.why));
    out.i64(entry.producer_id);
    out.i16(entry.marker_epoch);
    out.i64(entry.next_producer_id);
    out.i16(entry.next_epoch);
    out.i16(entry.last_epoch);
    out.uvarint(entry.markers.size());
    for (const auto& marker : entry.markers) {
        write_uuid(out, marker.topic);
        out.i32(marker.partition.value);
        out.i64(marker.base_offset.value);
        out.i32(marker.leader_epoch.value);
        out.sized(marker.batch);
    }
    return payload;
}

std::string encode(const TxnForgotten& entry) {
    std::string payload;
    ByteWriter out = begin(payload, Action::forgotten);
    out.i64(entry.time.value);
    out.uvarint(entry.ids.size());
    for (const auto& id : entry.ids) out.sized(id);
    return payload;
}

Result<TxnEntry> decode_transaction(std::string_view payload) {
    ByteReader in(payload);
    TxnEntry entry;
    switch (const std::uint8_t action = in.u8(); static_cast<Action>(action)) {
        case Action::added:
            entry = read_added(in);
            break;
        case Action::offsets:
            entry = read_offsets(in);
            break;
        case Action::ended:
            entry = read_ended(in);
            break;
        case Action::forgotten:
            entry = read_forgotten(in);
            break;
        default:
            MR_TRY_VOID(in.status("transaction entry"));
            return fail(Code::unsupported, "transaction entry: unknown action {}", action);
    }
    MR_TRY_VOID(in.finish("transaction entry"));
    return entry;
}

}  // namespace mr::broker::txn
