// Time as an argument. Nothing below `node/` asks the operating system what time it is: it is given a Clock,
// and whatever decides by it writes the decision into a journal entry.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/ids.h"

namespace mr {

/// Thread: any.
class Clock {
  public:
    virtual ~Clock() = default;
    /// Wall clock, milliseconds since 1970 (UTC). May step.
    [[nodiscard]] virtual TimestampMs now() const = 0;
    /// Nanoseconds since an arbitrary start; never goes back.
    [[nodiscard]] virtual std::int64_t monotonic_ns() const = 0;
};

/// The operating system's clock.
Clock& system_clock();

/// Stands still until told to move; for tests and simulation.
class VirtualClock final : public Clock {
  public:
    explicit VirtualClock(TimestampMs start) : now_ms_(start.value) {}
    [[nodiscard]] TimestampMs now() const override { return TimestampMs(now_ms_.load()); }
    [[nodiscard]] std::int64_t monotonic_ns() const override { return now_ms_.load() * 1'000'000; }
    void advance_ms(std::int64_t ms) { now_ms_ += ms; }

  private:
    std::atomic<std::int64_t> now_ms_;
};

}  // namespace mr
