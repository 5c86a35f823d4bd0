// The entries of one group of an AggregateSet over a shared ordered table: key = group key, then the entry.
#pragma once

#include <string>
#include <string_view>

#include "engine/functions/aggregate.h"
#include "state/ordered_table.h"

namespace mr::engine::internal {

/// Valid for one group after the other: select() before use.
class GroupEntries final : public EntryStore {
  public:
    explicit GroupEntries(state::OrderedTable& table) : table_(table) {}

    /// `group` is self-delimiting: no group's key is a prefix of another's.
    void select(std::string_view group) {
        key_.assign(group);
        group_size_ = group.size();
    }
    std::optional<std::string_view> get(std::string_view entry) override { return table_.get(full(entry)); }
    void put(std::string_view entry, std::string_view value) override { table_.put(full(entry), value); }
    void erase(std::string_view entry) override { table_.erase(full(entry)); }
    std::optional<Found> next(std::string_view prefix, std::string_view after, bool inclusive) override {
        const auto found = table_.at_or_after(full(after), inclusive);
        return checked(found, prefix);
    }
    std::optional<Found> last(std::string_view prefix) override {
        return checked(table_.last_of_prefix(full(prefix)), prefix);
    }
    /// Removes all entries of the group.
    void clear() {
        while (const auto found = table_.at_or_after(full({}))) {
            if (!found->key.starts_with(std::string_view(key_).substr(0, group_size_))) return;
            const std::string key(found->key);
            table_.erase(key);
        }
    }

  private:
    std::string_view full(std::string_view entry) {
        key_.resize(group_size_);
        key_.append(entry);
        return key_;
    }
    std::optional<Found> checked(const std::optional<state::OrderedTable::Entry>& found,
                                 std::string_view prefix) const {
        if (!found || !found->key.starts_with(std::string_view(key_).substr(0, group_size_))) return {};
        const std::string_view entry = found->key.substr(group_size_);
        if (!entry.starts_with(prefix)) return {};
        return Found{std::string(entry), std::string(found->value)};
    }

    state::OrderedTable& table_;
    std::string key_;  ///< the group, then the entry last asked for
    std::size_t group_size_ = 0;
};

}  // namespace mr::engine::internal
