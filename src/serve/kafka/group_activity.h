// Which consumer groups have had members lately: their committed offsets do not expire.
//
// In the first hour after a start every group counts as in use: members that were not written
// (CoordinatorOptions::stored_bytes_max) may still be on their way back. Thread: update(), note() loop;
// in_use() any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "broker/groups/coordinator.h"
#include "broker/published.h"

namespace mr::serve::kafka {

class GroupActivity {
  public:
    static constexpr std::int64_t kGraceMs = 3'600'000;

    GroupActivity(TimestampMs started, std::int64_t retention_ms)
        : started_(started), retention_ms_(retention_ms) {}

    void update(TimestampMs now, const broker::groups::Coordinator& coordinator) {
        auto next = std::make_shared<Seen>();
        for (const auto& [group, at] : *seen_.load()) {
            if (now.value - at < retention_ms_) next->emplace_hint(next->end(), group, at);
        }
        for (const auto& group : coordinator.list()) {
            if (coordinator.active(group.group)) (*next)[group.group] = now.value;
        }
        seen_.store(std::move(next));
    }
    /// Before a restart they had members, or lost the last one, when they were written.
    void restore(const broker::groups::StoredGroups& groups) {
        auto next = std::make_shared<Seen>();
        for (const auto& [group, stored] : groups) next->emplace_hint(next->end(), group, stored->time.value);
        seen_.store(std::move(next));
    }
    [[nodiscard]] bool in_use(std::string_view group, TimestampMs now) const {
        if (now.value - started_.value < kGraceMs) return true;
        const auto seen = seen_.load();
        const auto it = seen->find(group);
        return it != seen->end() && now.value - it->second < retention_ms_;
    }

  private:
    using Seen = std::map<std::string, std::int64_t, std::less<>>;
    const TimestampMs started_;
    const std::int64_t retention_ms_;
    broker::Published<const Seen> seen_{std::make_shared<const Seen>()};
};

}  // namespace mr::serve::kafka
