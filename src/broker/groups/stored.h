// What is written of a group's members, so that they go on after a restart of the node without a rebalance.
// Format: docs/formats/broker-entries.md, "group_members"
//
// The coordinator decides what is written and reads it again; the broker only keeps it (group_store.h): a
// head and one body a member, both opaque to it. A classic group is written whole at the end of each
// rebalance, as in Kafka; a KIP-848 group member by member, as they change. Thread: any (values).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "broker/groups/assignors.h"

namespace mr::broker::groups {

enum class GroupType : std::uint8_t { classic = 1, consumer = 2 };

/// One group as written.
struct StoredGroup {
    GroupType type = GroupType::classic;
    TimestampMs time;  ///< of the last change
    std::string head;
    std::map<std::string, std::string> members;  ///< member id -> body
};
using StoredGroups = std::map<std::string, std::shared_ptr<const StoredGroup>, std::less<>>;

/// What happens to what is written of a group.
struct StoredChange {
    enum class What : std::uint8_t {
        whole = 1,    ///< replaces everything
        changes = 2,  ///< a new head, members added, replaced, removed
        gone = 3,     ///< nothing is left, and nothing below means anything
    };
    What what = What::whole;
    GroupType type = GroupType::classic;
    std::string head{};
    std::vector<std::pair<std::string, std::string>> members{};  ///< id, body
    std::vector<std::string> removed{};                          ///< ids; only of changes
};

struct ClassicHead {
    std::int32_t generation = 0;
    std::string protocol_type;
    std::string protocol;
    std::string leader;
};
struct ClassicBody {
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = 0;
    std::string subscription;  ///< its metadata for the group's protocol
    std::string assignment;
};
struct ConsumerHead {
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::uint32_t topics = 0;  ///< checksum of the topics subscribed to, their ids and partition counts
};
struct ConsumerBody {
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout_ms = 0;
    std::vector<std::string> topic_names;
    std::string regex;
    std::string assignor;
    std::int32_t epoch = 0;
    std::int32_t previous_epoch = 0;
    std::uint8_t state = 0;    ///< MemberState
    PartitionEpochs assigned;  ///< with the epoch in which it became the member's
    PartitionEpochs revoking;  ///< likewise
    PartitionSet target;
    struct Classic {
        std::int32_t session_timeout_ms = 0;
        std::vector<std::pair<std::string, std::string>> protocols;  ///< name, metadata
    };
    std::optional<Classic> classic;  ///< of a member that speaks the classic protocol
};

std::string encode(const ClassicHead& head);
std::string encode(const ClassicBody& body);
std::string encode(const ConsumerHead& head);
std::string encode(const ConsumerBody& body);
Result<ClassicHead> decode_classic_head(std::string_view bytes);
Result<ClassicBody> decode_classic_body(std::string_view bytes);
Result<ConsumerHead> decode_consumer_head(std::string_view bytes);
Result<ConsumerBody> decode_consumer_body(std::string_view bytes);

}  // namespace mr::broker::groups
