// Who gets which partitions in a KIP-848 group: the server-side assignors, as pure functions.
//
//   uniform   everybody gets as many as everybody else (give or take one) where subscriptions allow, and
//   keeps
//             what it has as far as that goes (Kafka's UniformAssignor)
//   range     topic by topic, members in order get neighbouring partitions, so that equal partitions of
//   topics
//             meet at one member (Kafka's RangeAssignor)
//
// Deterministic: the same input gives the same answer. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"

namespace mr::broker::groups {

using PartitionSet = std::map<Uuid, std::set<std::int32_t>>;
/// Partitions, each with an epoch.
using PartitionEpochs = std::map<Uuid, std::map<std::int32_t, std::int32_t>>;

struct AssignedMember {
    std::string id;
    std::string order;      ///< range orders members by it: the instance id where there is one, else the id
    std::set<Uuid> topics;  ///< subscribed, and there
    PartitionSet current;   ///< of the last assignment
};
/// Partition counts of all topics that anybody subscribes to.
using AssignedTopics = std::map<Uuid, std::int32_t>;
/// Every member is in it, perhaps with nothing.
using Assignments = std::map<std::string, PartitionSet>;

[[nodiscard]] Assignments assign_uniform(const std::vector<AssignedMember>& members,
                                         const AssignedTopics& topics);
[[nodiscard]] Assignments assign_range(const std::vector<AssignedMember>& members,
                                       const AssignedTopics& topics);

}  // namespace mr::broker::groups
