// Where a coordinator's changes go in tests: what a node would have written, and what it would have lost.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "broker/groups/coordinator.h"

namespace mr::broker::groups {

class MemoryStore {
  public:
    explicit MemoryStore(const std::int64_t& now) : now_(now) {}

    Coordinator::Store writer() {
        return [this](const std::string& group, StoredChange change, Coordinator::Stored done) {
            ++writes;
            waiting_.push_back({group, std::move(change), std::move(done)});
            if (!hold) flush();
        };
    }
    /// What waits becomes durable, in order, also what is written meanwhile.
    void flush() {
        while (!waiting_.empty()) flush_one();
    }
    void flush_one() {
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        apply(next.group, std::move(next.change));
        next.done(now_);
    }
    /// What waits is lost.
    void crash() { waiting_.clear(); }
    [[nodiscard]] const StoredGroups& groups() const { return groups_; }

    bool hold = false;
    int writes = 0;

  private:
    struct Waiting {
        std::string group;
        StoredChange change;
        Coordinator::Stored done;
    };
    void apply(const std::string& group, StoredChange change) {
        if (change.what == StoredChange::What::gone) {
            groups_.erase(group);
            return;
        }
        const bool whole = change.what == StoredChange::What::whole;
        auto next =
            whole ? std::make_shared<StoredGroup>() : std::make_shared<StoredGroup>(*groups_.at(group));
        next->type = change.type;
        next->head = change.head;
        for (const auto& id : change.removed) next->members.erase(id);
        for (auto& [id, body] : change.members) next->members[id] = std::move(body);
        groups_[group] = std::move(next);
    }

    const std::int64_t& now_;
    std::deque<Waiting> waiting_;
    StoredGroups groups_;
};

}  // namespace mr::broker::groups
