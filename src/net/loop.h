// The event loop: sockets, timers and work posted by other threads, run by one thread.
//
// Everything in net/, views/, serve/http and serve/live lives on the loop's thread; other threads reach it
// only through post(). Timers go by the Clock the loop was given, so tests move time by hand; waiting for
// sockets goes by the operating system. Handlers must be short: whatever takes longer than a millisecond
// posts the rest of itself. An exception that leaves a handler is logged and dropped here.
// Thread: one thread calls run_once()/run(); post() and stop() any thread; the rest loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"

namespace mr::net {

/// A pending call; destroying or cancel()ling the handle forgets it. Loop thread.
class Timer {
  public:
    Timer() = default;
    Timer(Timer&& other) noexcept : entry_(std::move(other.entry_)) { other.entry_.reset(); }
    Timer& operator=(Timer&& other) noexcept;
    ~Timer() { cancel(); }
    void cancel();
    /// Still to fire.
    [[nodiscard]] bool pending() const;

  private:
    friend class EventLoop;
    struct Entry;
    explicit Timer(std::weak_ptr<Entry> entry) : entry_(std::move(entry)) {}
    std::weak_ptr<Entry> entry_;
};

class EventLoop {
  public:
    using Work = std::move_only_function<void()>;

    explicit EventLoop(const Clock& clock);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Runs what is ready, waiting at most `timeout_ms` for something to be. True if anything ran.
    bool run_once(std::int64_t timeout_ms);
    /// run_once until stop().
    void run();
    /// Makes run() return soon. Any thread.
    void stop();
    [[nodiscard]] bool stopped() const;

    /// Runs `work` on the loop's thread, never before returning. In order per posting thread. Any thread.
    void post(Work work);
    /// Runs `work` once, `delay_ms` from now by the clock, unless the handle goes first.
    [[nodiscard]] Timer after(std::int64_t delay_ms, Work work);
    /// True on the thread that runs the loop (and before the first run_once).
    [[nodiscard]] bool on_loop_thread() const;
    [[nodiscard]] const Clock& clock() const { return clock_; }

    /// For net/ only.
    class Impl;
    [[nodiscard]] Impl& impl() { return *impl_; }

  private:
    bool fire_timers();
    const Clock& clock_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::net
