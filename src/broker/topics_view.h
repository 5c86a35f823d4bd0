// The topics as readers see them: an immutable map, published whenever a topic comes, goes or changes.
// Thread: any (immutable).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/uuid.h"
#include "broker/topic_config.h"

namespace mr::broker {

class PartitionLog;

struct TopicView {
    Uuid id;
    std::string name;
    TimestampMs created_at;
    TopicConfig config;
    std::vector<std::shared_ptr<PartitionLog>> partitions;

    [[nodiscard]] std::int32_t partition_count() const {
        return static_cast<std::int32_t>(partitions.size());
    }
    /// nullptr for a partition there is not.
    [[nodiscard]] PartitionLog* partition(PartitionId number) const;
    [[nodiscard]] const std::shared_ptr<PartitionLog>* shared_partition(PartitionId number) const;
};

struct TopicsView {
    std::map<std::string, std::shared_ptr<const TopicView>, std::less<>> by_name;
    std::unordered_map<Uuid, std::shared_ptr<const TopicView>> by_id;

    /// nullptr when there is none.
    [[nodiscard]] std::shared_ptr<const TopicView> find(std::string_view name) const;
    [[nodiscard]] std::shared_ptr<const TopicView> find(const Uuid& id) const;
};

}  // namespace mr::broker
