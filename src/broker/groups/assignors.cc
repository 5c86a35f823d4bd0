#include "broker/groups/assignors.h"

#include <algorithm>
#include <utility>

namespace mr::broker::groups {
namespace {

struct Load {
    const AssignedMember* member = nullptr;
    PartitionSet parts;
    std::size_t count = 0;
};

void give(Load& to, const Uuid& topic, std::int32_t partition) {
    to.parts[topic].insert(partition);
    ++to.count;
}

void take(Load& from, const Uuid& topic, std::int32_t partition) {
    const auto it = from.parts.find(topic);
    it->second.erase(partition);
    if (it->second.empty()) from.parts.erase(it);
    --from.count;
}

/// Leaves with each member what it had and may keep; the rest of all partitions is returned, in order.
std::vector<std::pair<Uuid, std::int32_t>> keep_current(std::vector<Load>& loads,
                                                        const AssignedTopics& topics) {
    std::set<std::pair<Uuid, std::int32_t>> free;
    for (const auto& [topic, count] : topics) {
        for (std::int32_t p = 0; p < count; ++p) free.emplace(topic, p);
    }
    for (Load& load : loads) {
        for (const auto& [topic, partitions] : load.member->current) {
            if (!load.member->topics.contains(topic)) continue;
            for (const std::int32_t p : partitions) {
                if (free.erase({topic, p}) > 0) give(load, topic, p);
            }
        }
    }
    return {free.begin(), free.end()};
}

/// Moves single partitions from the fullest to the emptiest that may have one, until no move helps.
void even_out(std::vector<Load>& loads) {
    const auto fewer = [](const Load* a, const Load* b) { return a->count < b->count; };
    while (true) {
        std::vector<Load*> order;
        for (Load& load : loads) order.push_back(&load);
        std::stable_sort(order.begin(), order.end(), fewer);
        bool moved = false;
        for (auto poor = order.begin(); poor != order.end() && !moved; ++poor) {
            for (auto rich = order.rbegin(); rich != order.rend() && !moved; ++rich) {
                if ((*rich)->count < (*poor)->count + 2) break;
                for (const auto& [topic, partitions] : (*rich)->parts) {
                    if (!(*poor)->member->topics.contains(topic)) continue;
                    const Uuid moving = topic;
                    const std::int32_t p = *partitions.rbegin();
                    take(**rich, moving, p);
                    give(**poor, moving, p);
                    moved = true;
                    break;
                }
            }
        }
        if (!moved) return;
    }
}

/// All subscribe alike: quotas are known at once, so nothing is moved twice.
void shed_above_quota(std::vector<Load>& loads, std::size_t total,
                      std::vector<std::pair<Uuid, std::int32_t>>& free) {
    const std::size_t quota = total / loads.size();
    std::size_t extra = total % loads.size();
    for (Load& load : loads) {
        const std::size_t limit = quota + (extra > 0 && load.count > quota ? 1 : 0);
        if (limit > quota) --extra;
        while (load.count > limit) {
            const Uuid topic = load.parts.rbegin()->first;
            const std::int32_t p = *load.parts.rbegin()->second.rbegin();
            take(load, topic, p);
            free.emplace_back(topic, p);
        }
    }
    std::sort(free.begin(), free.end());
}

}  // namespace

Assignments assign_uniform(const std::vector<AssignedMember>& members, const AssignedTopics& topics) {
    Assignments out;
    if (members.empty()) return out;
    std::vector<Load> loads;
    for (const auto& member : members) loads.push_back({&member, {}, 0});
    auto free = keep_current(loads, topics);
    const bool alike = std::all_of(members.begin(), members.end(), [&](const AssignedMember& m) {
        return m.topics == members.front().topics;
    });
    if (alike) {
        std::size_t total = 0;
        for (const Uuid& topic : members.front().topics) {
            if (const auto it = topics.find(topic); it != topics.end())
                total += static_cast<std::size_t>(it->second);
        }
        shed_above_quota(loads, total, free);
    }
    for (const auto& [topic, p] : free) {
        Load* least = nullptr;
        for (Load& load : loads) {
            if (!load.member->topics.contains(topic)) continue;
            if (least == nullptr || load.count < least->count) least = &load;
        }
        if (least != nullptr) give(*least, topic, p);
    }
    if (!alike) even_out(loads);
    for (Load& load : loads) out[load.member->id] = std::move(load.parts);
    return out;
}

Assignments assign_range(const std::vector<AssignedMember>& members, const AssignedTopics& topics) {
    Assignments out;
    std::vector<const AssignedMember*> ordered;
    for (const auto& member : members) {
        out[member.id];
        ordered.push_back(&member);
    }
    std::sort(ordered.begin(), ordered.end(), [](const AssignedMember* a, const AssignedMember* b) {
        return std::tie(a->order, a->id) < std::tie(b->order, b->id);
    });
    for (const auto& [topic, count] : topics) {
        std::vector<const AssignedMember*> subscribed;
        for (const AssignedMember* member : ordered) {
            if (member->topics.contains(topic)) subscribed.push_back(member);
        }
        if (subscribed.empty()) continue;
        const auto n = static_cast<std::int32_t>(subscribed.size());
        std::int32_t next = 0;
        for (std::int32_t i = 0; i < n; ++i) {
            const std::int32_t mine = count / n + (i < count % n ? 1 : 0);
            for (std::int32_t k = 0; k < mine; ++k)
                out[subscribed[static_cast<std::size_t>(i)]->id][topic].insert(next++);
        }
    }
    return out;
}

}  // namespace mr::broker::groups
