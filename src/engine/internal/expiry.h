// Expiry: forgets keys that have not been written for a while (table.exec.state.ttl, the hint STATE_TTL), by
// processing time. With it results depend on the clock: what is forgotten is forgotten silently, as in Flink.
//
// The clock is cut into slices of an eighth of the time to live. A key is filed under the slice of its last
// write, so that it costs a write here once a slice and not once a row, and lives for its time and at most
// one slice more.
//
// State (only where there is a time to live): <role>_slice  key -> slice (i64)
//                                             <role>_due    slice, key -> nothing
// Thread: the pipeline's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {

class Expiry {
  public:
    /// `ttl_ms` 0: keys live for ever, and every call does nothing.
    Expiry(const MakeContext& context, std::string_view role, std::int64_t ttl_ms) : ttl_ms_(ttl_ms) {
        if (ttl_ms == 0) return;
        slice_ms_ = std::max<std::int64_t>(1, ttl_ms / 8);
        slices_ = &context.keyed(std::string(role) + "_slice");
        due_ = &context.ordered(std::string(role) + "_due");
    }

    [[nodiscard]] bool on() const { return ttl_ms_ > 0; }

    /// At the start of a round: calls `drop(key)` for keys whose time is over, some thousands a round at
    /// most. A clock that goes back stands still.
    template <class F>
    void advance(std::int64_t now_ms, F&& drop) {
        if (!on()) return;
        now_ms_ = std::max(now_ms_, now_ms);
        for (int i = 0; i < kDropsMax; ++i) {
            const auto first = due_->at_or_after({});
            if (!first || (read_ordered(first->key) + 1) * slice_ms_ + ttl_ms_ > now_ms_) return;
            due_key_.assign(first->key);
            due_->erase(due_key_);
            const std::string_view key = std::string_view(due_key_).substr(8);
            slices_->erase(key);
            drop(key);
        }
    }

    /// The key was written.
    void touch(std::string_view key) {
        if (!on()) return;
        const std::int64_t slice = now_ms_ / slice_ms_;
        const state::KeyedTable::Edit e = slices_->edit(key, 8);
        if (!e.inserted && load_i64(e.value) == slice) return;
        if (!e.inserted) due_->erase(due_key(load_i64(e.value), key));
        store_i64(e.value, slice);
        due_->put(due_key(slice, key), {});
    }

    /// The key was removed.
    void forget(std::string_view key) {
        if (!on()) return;
        const auto slice = slices_->get(key);
        if (!slice) return;
        due_->erase(due_key(load_i64(slice->data()), key));
        slices_->erase(key);
    }

  private:
    static constexpr int kDropsMax = 4'096;

    std::string_view due_key(std::int64_t slice, std::string_view key) {
        due_key_.clear();
        append_ordered(due_key_, slice);
        due_key_ += key;
        return due_key_;
    }

    std::int64_t ttl_ms_;
    std::int64_t slice_ms_ = 0;
    std::int64_t now_ms_ = 0;
    state::KeyedTable* slices_ = nullptr;
    state::OrderedTable* due_ = nullptr;
    std::string due_key_;
};

}  // namespace mr::engine::internal
