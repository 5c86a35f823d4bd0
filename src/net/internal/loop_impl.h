// The Asio side of EventLoop, for the .cc files of net/ only. Thread: as net/loop.h.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <thread>

#include "net/loop.h"

namespace mr::net {

struct Timer::Entry {
    EventLoop::Work work;
    bool done = false;
};

class EventLoop::Impl {
  public:
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{io.get_executor()};
    std::multimap<std::int64_t, std::shared_ptr<Timer::Entry>> timers;  ///< by deadline, monotonic ns
    std::atomic<bool> stopped{false};
    std::atomic<std::thread::id> thread{};
};

}  // namespace mr::net
