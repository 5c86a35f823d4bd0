// Nexmark's events: persons, auctions and bids of an online auction, 1 : 3 : 46 as the benchmark has them,
// with its hot sellers, hot auctions and hot bidders. The same seed gives the same events, byte for byte.
// Thread: one.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "columnar/value.h"

namespace bench {

struct NexmarkEvent {
    enum class Type : std::uint8_t { person, auction, bid };
    Type type{};
    std::int64_t time_ms = 0;
    std::int64_t id = 0;  ///< of the person or auction; a bid's auction
    // person
    std::string name, email, card, city, state;
    // auction
    std::string item, description;
    std::int64_t initial_bid = 0, reserve = 0, expires_ms = 0, seller = 0, category = 0;
    // bid
    std::int64_t bidder = 0, price = 0;
    std::string channel, url;

    std::string extra;
};

class NexmarkGenerator {
  public:
    /// `rate`: events a second of event time.
    NexmarkGenerator(std::uint64_t seed, double rate) : random_(seed), ms_per_event_(1000 / rate) {}

    /// Valid until the next call.
    const NexmarkEvent& next();

  private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    std::int64_t price();
    void letters(std::string& out, std::size_t count, bool spaces);
    /// One of the newest `active`, or with probability `hot` in 100 the one that is hot just now.
    std::int64_t pick(std::int64_t newest, std::int64_t active, std::uint64_t hot);
    void person();
    void auction();
    void bid();

    std::mt19937_64 random_;
    const double ms_per_event_;
    std::int64_t events_ = 0, persons_ = 0, auctions_ = 0;
    NexmarkEvent event_;
};

/// As the stream's JSON has it (tests/slt/nexmark/streams/tables.sql).
std::string to_json(const NexmarkEvent& event);
/// Values of the columns event_type, person, auction, bid and dateTime, in this order.
std::array<mr::Value, 5> to_values(const NexmarkEvent& event);

}  // namespace bench
