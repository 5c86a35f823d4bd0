// Where a consumer group would be put: what `millrace group reset` shows (a dry run) and then commits.
// Thread: any; looking for a time may block on the disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "broker/broker.h"

namespace mr::node {

struct GroupReset {
    enum class To : std::uint8_t { earliest, latest, offset, shift, time };
    std::vector<std::string> topics{};  ///< none: those the group has offsets in
    To to{};
    std::int64_t value = 0;  ///< the offset, how far to go (below 0: back), or milliseconds since 1970
    bool dry_run = false;

    /// {"topics": ["orders"], "to": "earliest" | "latest" | {"offset": n} | {"shift": n} | {"time": instant
    /// or ms},
    ///  "dry_run": true}
    static Result<GroupReset> parse(std::string_view json);
};

struct PlannedOffset {
    std::string topic;
    PartitionId partition;
    std::int64_t from = -1;  ///< committed now; -1: nothing is
    std::int64_t to = 0;
};

/// In order of topics and partitions. An offset outside of a partition becomes its start or its end, a time
/// after its last record its end, as kafka-consumer-groups does it. not_found: a topic there is not, or none
/// was named and the group has no offsets.
Result<std::vector<PlannedOffset>> plan_reset(const broker::Broker& broker, const std::string& group,
                                              const GroupReset& reset);

}  // namespace mr::node
