// What the copies of one HttpResponder share. Thread: any (`exchange` is looked into on the loop only).
#pragma once

#include <atomic>
#include <memory>

#include "net/http_server.h"

namespace mr::net {

struct HttpExchange;

struct HttpResponder::State {
    State(EventLoop& event_loop, std::shared_ptr<HttpExchange> waiting)
        : loop(event_loop), exchange(std::move(waiting)) {}
    /// Answers 500 if nobody did.
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    EventLoop& loop;
    std::shared_ptr<HttpExchange> exchange;
    std::atomic<bool> answered{false};
};

}  // namespace mr::net
