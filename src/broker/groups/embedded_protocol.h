// What classic members of type "consumer" say and are told in bytes that are opaque to the classic protocol:
// Kafka's ConsumerProtocolSubscription and ConsumerProtocolAssignment, versions 0 to 3 (newer ones are read
// as 3, as they begin with it). Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::broker::groups {

inline constexpr std::string_view kConsumerProtocolType = "consumer";

using NamedPartitions = std::map<std::string, std::set<std::int32_t>>;

struct EmbeddedSubscription {
    std::int16_t version = 0;
    std::vector<std::string> topics;
    NamedPartitions owned;  ///< since version 1
    std::optional<std::string> rack;
};
struct EmbeddedAssignment {
    NamedPartitions partitions;
    bool user_data = false;  ///< there is some: an assignor of the members' own
};

/// invalid_argument for what is none.
Result<EmbeddedSubscription> read_subscription(std::string_view bytes);
Result<EmbeddedAssignment> read_assignment(std::string_view bytes);
std::string write_assignment(std::int16_t version, const NamedPartitions& partitions);

}  // namespace mr::broker::groups
