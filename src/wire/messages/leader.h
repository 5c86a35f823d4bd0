// Parts that the answers of Produce and Fetch share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
/// Where the partition is led, when the client asked in the wrong place.
struct LeaderIdAndEpoch {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    template <class V>
    void fields(V& v) {
        v(leader_id);
        v(leader_epoch);
    }
    bool operator==(const LeaderIdAndEpoch&) const = default;
};

struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    template <class V>
    void fields(V& v) {
        v(node_id);
        v(host);
        v(port);
        v(rack);
    }
    bool operator==(const NodeEndpoint&) const = default;
};

}  // namespace mr::wire
