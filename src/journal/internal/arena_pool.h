// The buffers that groups are gathered in: what lets one go gives it back, wherever that is. A fresh megabyte
// is 256 pages that the kernel has to clear, half a microsecond each, which at full speed was a tenth of what
// an event costs. Thread: any.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mr::journal::internal {

class ArenaPool {
  public:
    static constexpr std::size_t kArenaBytes = 1U << 20;

    /// An empty string that holds `bytes` without being moved.
    [[nodiscard]] std::shared_ptr<std::string> take(std::size_t bytes) {
        std::unique_ptr<std::string> arena;
        if (bytes <= kArenaBytes) {
            const std::lock_guard lock(spares_->mutex);
            if (!spares_->free.empty()) {
                arena = std::move(spares_->free.back());
                spares_->free.pop_back();
            }
        }
        if (arena == nullptr) {
            arena = std::make_unique<std::string>();
            arena->reserve(std::max(bytes, kArenaBytes));
        }
        return {arena.release(), [spares = std::weak_ptr(spares_)](std::string* raw) {
                    std::unique_ptr<std::string> back(raw);
                    const auto to = spares.lock();
                    if (to == nullptr || back->capacity() > 2 * kArenaBytes) return;
                    back->clear();
                    const std::lock_guard lock(to->mutex);
                    if (to->free.size() < kSparesMax) to->free.push_back(std::move(back));
                }};
    }

  private:
    /// The broker's ring drops its oldest buffer when it takes a new one: a few lie between.
    static constexpr std::size_t kSparesMax = 4;
    struct Spares {
        std::mutex mutex;
        std::vector<std::unique_ptr<std::string>> free;
    };
    std::shared_ptr<Spares> spares_ = std::make_shared<Spares>();
};

}  // namespace mr::journal::internal
