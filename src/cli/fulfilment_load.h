// The generated load of the fulfilment example: what 20 sites send, 0.8 to 3.2 KB of JSON an event. The same
// seed and start give the same events, byte for byte. The fields and event types are those of
// examples/fulfilment/streams/load.sql. Thread: one.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>

namespace mr::cli {

struct LoadEvent {
    std::string topic;
    std::string key;  ///< the order
    std::string json;
};

class FulfilmentLoad {
  public:
    explicit FulfilmentLoad(std::uint64_t seed) : random_(seed) {}

    /// The next event, as of `now_ms`; `sequence` counts up by one over all topics.
    LoadEvent next(std::int64_t now_ms);

  private:
    struct Order {
        std::string id;
        int site = 0;
        std::int64_t total_cents = 0;
        int stage = 0;  ///< how far it came: placed, authorised, picked, …
    };
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    LoadEvent place_order(std::int64_t now_ms);
    LoadEvent operation(Order& order, std::int64_t now_ms, std::string_view type);
    LoadEvent payment(Order& order, std::int64_t now_ms, std::string_view type);
    std::string envelope(std::string_view type, const Order& order, std::int64_t now_ms);
    /// Extra fields that nobody reads, bringing a record to 0.8-3.2 KB as real ones are.
    void pad(std::string& json);

    std::mt19937_64 random_;
    std::uint64_t sequence_ = 0;
    std::uint64_t orders_ = 0;
    std::deque<Order> open_;
};

}  // namespace mr::cli
