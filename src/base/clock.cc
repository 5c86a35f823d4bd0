#include "base/clock.h"

#include <chrono>

namespace mr {
namespace {

class SystemClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override {
        using namespace std::chrono;
        return TimestampMs(
            duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    }
    [[nodiscard]] std::int64_t monotonic_ns() const override {
        using namespace std::chrono;
        return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
    }
};

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

}  // namespace mr
