#include "net/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "net/internal/loop_impl.h"

namespace mr::net {

namespace {

// Handlers run between two looks at the timers: a handler that keeps posting itself must not starve them.
constexpr int kHandlersPerRound = 256;

}  // namespace

Timer& Timer::operator=(Timer&& other) noexcept {
    if (this != &other) {
        cancel();
        entry_ = std::move(other.entry_);
        other.entry_.reset();
    }
    return *this;
}

void Timer::cancel() {
    if (const auto entry = entry_.lock()) {
        entry->done = true;
        entry->work = nullptr;
    }
    entry_.reset();
}

bool Timer::pending() const {
    const auto entry = entry_.lock();
    return entry && !entry->done;
}

EventLoop::EventLoop(const Clock& clock) : clock_(clock), impl_(std::make_unique<Impl>()) {}

EventLoop::~EventLoop() = default;

bool EventLoop::on_loop_thread() const {
    const auto thread = impl_->thread.load();
    return thread == std::thread::id() || thread == std::this_thread::get_id();
}

void EventLoop::post(Work work) {
    boost::asio::post(impl_->io, [work = std::move(work)]() mutable { work(); });
}

Timer EventLoop::after(std::int64_t delay_ms, Work work) {
    MR_DCHECK(on_loop_thread());
    auto entry = std::make_shared<Timer::Entry>();
    entry->work = std::move(work);
    const std::int64_t deadline = clock_.monotonic_ns() + std::max<std::int64_t>(delay_ms, 0) * 1'000'000;
    impl_->timers.emplace(deadline, entry);
    return Timer(entry);
}

bool EventLoop::fire_timers() {
    bool any = false;
    auto& timers = impl_->timers;
    // Only what is due now: a timer that sets another of 0 ms waits for the next round.
    const std::int64_t now = clock_.monotonic_ns();
    std::vector<std::shared_ptr<Timer::Entry>> due;
    while (!timers.empty() && timers.begin()->first <= now) {
        due.push_back(std::move(timers.begin()->second));
        timers.erase(timers.begin());
    }
    for (const auto& entry : due) {
        if (entry->done) continue;
        entry->done = true;
        const Work work = std::exchange(entry->work, nullptr);
        any = true;
        try {
            const_cast<Work&>(work)();
        } catch (const std::exception& e) {
            log_error("net", "a timer threw: {}", e.what());
        }
    }
    return any;
}

bool EventLoop::run_once(std::int64_t timeout_ms) {
    impl_->thread.store(std::this_thread::get_id());
    bool any = fire_timers();
    std::int64_t wait_ns = any ? 0 : std::max<std::int64_t>(timeout_ms, 0) * 1'000'000;
    if (!impl_->timers.empty()) {
        const std::int64_t until = impl_->timers.begin()->first - clock_.monotonic_ns();
        wait_ns = std::min(wait_ns, std::max<std::int64_t>(until, 0));
    }
    if (impl_->stopped.load()) wait_ns = 0;
    const auto guarded = [&](auto&& run) -> std::size_t {
        try {
            return run();
        } catch (const std::exception& e) {
            log_error("net", "a handler threw: {}", e.what());
            return 1;
        }
    };
    auto& io = impl_->io;
    std::size_t ran = guarded([&] {
        // Asio waits in whole microseconds; rounding up avoids spinning before a timer.
        return wait_ns > 0 ? io.run_one_for(std::chrono::microseconds((wait_ns + 999) / 1000))
                           : io.poll_one();
    });
    for (int i = 0; ran > 0 && i < kHandlersPerRound; ++i) {
        any = true;
        ran = guarded([&] { return io.poll_one(); });
    }
    return fire_timers() || any;
}

void EventLoop::run() {
    while (!stopped()) run_once(1'000);
}

void EventLoop::stop() {
    impl_->stopped.store(true);
    post([] {});
}

bool EventLoop::stopped() const {
    return impl_->stopped.load();
}

}  // namespace mr::net
