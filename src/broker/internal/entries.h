// The payloads of the broker's journal entries: encoding and decoding, nothing else.
// Format: docs/formats/broker-entries.md
//
// decode_* takes what the journal's checksums have vouched for; a failure means an unknown version or a bug,
// and is still an error value, because the fuzz target and a damaged backup also come this way. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"
#include "broker/groups/stored.h"
#include "broker/topic_config.h"

namespace mr::broker::internal {

/// Of every broker entry's payload, today.
inline constexpr std::uint8_t kEntryVersion = 1;

/// Kind::topic_batch.
struct BatchEntry {
    Uuid topic;
    PartitionId partition;
    Offset base_offset;
    LeaderEpoch leader_epoch;
    TimestampMs time;          ///< of the append, by the node's clock
    std::uint8_t flags = 0;    ///< none yet; unknown ones are an error
    std::string_view batch{};  ///< as sent; its own base offset and epoch fields mean nothing
};
inline constexpr std::size_t kBatchEntryHeaderBytes = 41;
/// The header, then the batch; without one, just the header, of a fixed size.
std::string encode_batch_entry(const BatchEntry& entry);
Result<BatchEntry> decode_batch_entry(std::string_view payload);

/// Kind::topic_created.
struct TopicCreated {
    Uuid id;
    std::string name;
    std::int32_t partitions = 0;
    LeaderEpoch leader_epoch;  ///< of all its partitions: above those of a former topic of that name
    TimestampMs time;
    ConfigMap config;
};
std::string encode(const TopicCreated& entry);
Result<TopicCreated> decode_topic_created(std::string_view payload);

/// Kind::topic_deleted.
struct TopicDeleted {
    Uuid id;
    TimestampMs time;
};
std::string encode(const TopicDeleted& entry);
Result<TopicDeleted> decode_topic_deleted(std::string_view payload);

/// Kind::partitions_added.
struct PartitionsAdded {
    Uuid id;
    std::int32_t total = 0;
    TimestampMs time;
};
std::string encode(const PartitionsAdded& entry);
Result<PartitionsAdded> decode_partitions_added(std::string_view payload);

/// Kind::topic_config: everything the topic sets, not the difference.
struct TopicConfigSet {
    Uuid id;
    TimestampMs time;
    ConfigMap config;
};
std::string encode(const TopicConfigSet& entry);
Result<TopicConfigSet> decode_topic_config(std::string_view payload);

/// Kind::producer_id.
struct ProducerIdGiven {
    std::int64_t producer_id = -1;
    std::int16_t epoch = 0;
    std::string transactional_id;  ///< empty: none
    std::int32_t transaction_timeout_ms = 0;
    TimestampMs time;
    std::int16_t last_epoch = -1;            ///< whose InitProducerId may be asked again (KIP-360)
    std::int64_t previous_producer_id = -1;  ///< before its epochs ran out
};
std::string encode(const ProducerIdGiven& entry);
Result<ProducerIdGiven> decode_producer_id(std::string_view payload);

/// Kind::group_offsets.
struct OffsetChange {
    Uuid topic;
    PartitionId partition;
    bool removed = false;  ///< then the rest means nothing
    Offset offset;
    LeaderEpoch leader_epoch{-1};
    std::string metadata;
};
struct GroupOffsetsEntry {
    std::string group;
    TimestampMs time;
    std::vector<OffsetChange> changes;
};
std::string encode(const GroupOffsetsEntry& entry);
Result<GroupOffsetsEntry> decode_group_offsets(std::string_view payload);

/// Kind::group_deleted.
struct GroupDeleted {
    std::string group;
    TimestampMs time;
};
std::string encode(const GroupDeleted& entry);
Result<GroupDeleted> decode_group_deleted(std::string_view payload);

/// Kind::log_start.
struct LogStartMoved {
    enum class Why : std::uint8_t { delete_records = 1, retention_ms = 2, retention_bytes = 3 };
    Uuid topic;
    PartitionId partition;
    Offset start;
    Why why{};
    TimestampMs time;
};
std::string encode(const LogStartMoved& entry);
Result<LogStartMoved> decode_log_start(std::string_view payload);

/// Kind::leader_epoch: from the end of the log on, batches carry this epoch.
struct LeaderEpochRaised {
    Uuid topic;
    PartitionId partition;
    LeaderEpoch epoch;
    TimestampMs time;
};
std::string encode(const LeaderEpochRaised& entry);
Result<LeaderEpochRaised> decode_leader_epoch(std::string_view payload);

/// Kind::cluster_settings.
struct ClusterSettingsChanged {
    TimestampMs time;
    std::vector<std::pair<std::string, std::optional<std::string>>> changes;  ///< nothing: removed
};
std::string encode(const ClusterSettingsChanged& entry);
Result<ClusterSettingsChanged> decode_cluster_settings(std::string_view payload);

/// Kind::group_members.
struct GroupMembersEntry {
    std::string group;
    TimestampMs time;
    groups::StoredChange change;
};
std::string encode(const GroupMembersEntry& entry);
Result<GroupMembersEntry> decode_group_members(std::string_view payload);

// Shared with the snapshot.
void write_config(ByteWriter& out, const ConfigMap& config);
ConfigMap read_config(ByteReader& in);
void write_uuid(ByteWriter& out, const Uuid& id);
Uuid read_uuid(ByteReader& in);
groups::GroupType read_group_type(ByteReader& in);

}  // namespace mr::broker::internal
