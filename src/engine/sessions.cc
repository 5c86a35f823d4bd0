#include "engine/internal/sessions.h"

#include <algorithm>

namespace mr::engine::internal {
namespace {

constexpr std::size_t kSessionBytes = 16;

}  // namespace

Sessions::Placed Sessions::place(std::string_view partition, std::int64_t t, std::int64_t watermark,
                                 std::uint64_t fresh_id) {
    // Sessions of a partition neither overlap nor touch, so they are ordered by end as by start: those the
    // row meets are the last ones that start at or before t + gap, as long as they reach t.
    std::int64_t start = t;
    std::int64_t end = t + gap_ms_;
    key_.assign(partition);
    append_ordered(key_, end);
    touched_.clear();
    sessions_.scan_back(partition, key_, true, [&](const state::OrderedTable::Entry& e) {
        const std::int64_t other_end = load_i64(e.value.data());
        if (other_end < t) return false;
        touched_.push_back({{},
                            read_ordered(e.key.substr(partition.size())),
                            other_end,
                            static_cast<std::uint64_t>(load_i64(e.value.data() + 8))});
        return true;
    });
    Placed placed;
    placed.id = fresh_id;
    for (const Closed& s : touched_) {
        start = std::min(start, s.start);
        end = std::max(end, s.end);
    }
    if (window_closed(end, watermark)) {
        placed.late = true;
        return placed;
    }
    // The earliest session goes on, the others are absorbed.
    if (!touched_.empty()) placed.id = touched_.back().id;
    for (const Closed& s : touched_) {
        if (s.id != placed.id) placed.absorbed.push_back(s.id);
        if (s.start == start) continue;
        key_.resize(partition.size());
        append_ordered(key_, s.start);
        sessions_.erase(key_);
    }
    std::reverse(placed.absorbed.begin(), placed.absorbed.end());
    key_.resize(partition.size());
    append_ordered(key_, start);
    char* value = sessions_.edit(key_, kSessionBytes).value;
    store_i64(value, end);
    store_i64(value + 8, static_cast<std::int64_t>(placed.id));
    if (touched_.empty()) {
        due_key_.clear();
        append_ordered(due_key_, end);
        due_key_.append(partition);
        due_.put(due_key_, {});
    }
    return placed;
}

std::optional<Sessions::Closed> Sessions::next_closed(std::int64_t watermark) {
    while (const auto first = due_.at_or_after({})) {
        const std::int64_t due_end = read_ordered(first->key);
        if (!window_closed(due_end, watermark)) return std::nullopt;
        Closed closed;
        closed.partition = first->key.substr(8);
        due_key_.assign(first->key);
        due_.erase(due_key_);
        const auto session = sessions_.at_or_after(closed.partition);
        if (!session || !session->key.starts_with(closed.partition)) continue;
        closed.start = read_ordered(session->key.substr(closed.partition.size()));
        closed.end = load_i64(session->value.data());
        closed.id = static_cast<std::uint64_t>(load_i64(session->value.data() + 8));
        if (closed.end != due_end) {
            // It has grown, or the entry is of a session absorbed since.
            due_key_.clear();
            append_ordered(due_key_, closed.end);
            due_key_.append(closed.partition);
            due_.put(due_key_, {});
            continue;
        }
        key_.assign(session->key);
        sessions_.erase(key_);
        return closed;
    }
    return std::nullopt;
}

}  // namespace mr::engine::internal
