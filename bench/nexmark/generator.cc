#include "nexmark/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>
#include <vector>

namespace bench {
namespace {

using mr::Value;

constexpr std::int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01T00:00Z
constexpr std::int64_t kFirstId = 1'000;
constexpr std::int64_t kActivePersons = 1'000;
constexpr std::int64_t kActiveAuctions = 100;
constexpr std::int64_t kHotEvery = 100;  // a new hot seller, auction and bidder every so many
constexpr std::array kStates = {"OR", "ID", "CA", "WA", "WY", "AZ"};
constexpr std::array kCities = {"Phoenix", "Palo Alto", "San Mateo", "Boise", "Portland",
                                "Bend",    "Redmond",   "Seattle",   "Kent",  "Cheyenne"};
constexpr std::array kChannels = {"Google", "Facebook", "Baidu", "Apple"};

std::string time_text(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm tm{};
    gmtime_r(&seconds, &tm);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms % 1000);
}

}  // namespace

std::int64_t NexmarkGenerator::price() {
    const double exponent = static_cast<double>(below(1'000'000)) / 1e6 * 6;
    return static_cast<std::int64_t>(std::pow(10, exponent) * 100);
}

void NexmarkGenerator::letters(std::string& out, std::size_t count, bool spaces) {
    // Twelve letters a number: making them must not cost more than using them.
    for (std::uint64_t bits = 0, left = 0; count > 0; --count, --left) {
        if (left == 0) {
            bits = random_();
            left = 12;
        }
        const std::uint64_t letter = bits & 31;
        bits >>= 5;
        out += letter < 26 ? static_cast<char>('a' + letter) : spaces ? ' ' : 'x';
    }
}

std::int64_t NexmarkGenerator::pick(std::int64_t newest, std::int64_t active, std::uint64_t hot) {
    if (below(100) < hot) return kFirstId + newest / kHotEvery * kHotEvery;
    const std::int64_t oldest = std::max<std::int64_t>(0, newest - active);
    return kFirstId + oldest +
           static_cast<std::int64_t>(below(static_cast<std::uint64_t>(newest - oldest + 1)));
}

void NexmarkGenerator::person() {
    NexmarkEvent& e = event_;
    e.type = NexmarkEvent::Type::person;
    e.id = kFirstId + persons_++;
    e.name.clear();
    letters(e.name, 6, false);
    e.name += ' ';
    letters(e.name, 8, false);
    e.email.clear();
    letters(e.email, 7, false);
    e.email += "@example.com";
    e.card =
        fmt::format("{:04} {:04} {:04} {:04}", below(10'000), below(10'000), below(10'000), below(10'000));
    e.city = kCities[below(kCities.size())];
    e.state = kStates[below(kStates.size())];
    letters(e.extra, 100, true);
}

void NexmarkGenerator::auction() {
    NexmarkEvent& e = event_;
    e.type = NexmarkEvent::Type::auction;
    e.id = kFirstId + auctions_++;
    e.item.clear();
    letters(e.item, 20, true);
    e.description.clear();
    letters(e.description, 100, true);
    e.initial_bid = price();
    e.reserve = e.initial_bid + price();
    // Open for as long as it takes until about kActiveAuctions newer ones are there.
    const double span_ms = 2 * kActiveAuctions * (50.0 / 3) * ms_per_event_;
    e.expires_ms =
        e.time_ms + 1 +
        static_cast<std::int64_t>(below(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(span_ms))));
    e.seller = pick(std::max<std::int64_t>(0, persons_ - 1), kActivePersons, 75);
    e.category = 10 + static_cast<std::int64_t>(below(5));
    letters(e.extra, 150, true);
}

void NexmarkGenerator::bid() {
    NexmarkEvent& e = event_;
    e.type = NexmarkEvent::Type::bid;
    e.id = pick(std::max<std::int64_t>(0, auctions_ - 1), kActiveAuctions, 50);
    e.bidder = pick(std::max<std::int64_t>(0, persons_ - 1), kActivePersons, 75);
    e.price = price();
    std::uint64_t channel = below(20'000);
    e.channel = channel < 10'000 ? fmt::format("channel-{}", channel) : kChannels[channel % kChannels.size()];
    e.url = "https://www.nexmark.com/";
    for (int i = 0; i < 3; ++i) {
        letters(e.url, 3, false);
        e.url += '/';
    }
    e.url += "item.htm?query=1";
    if (channel < 9'000) e.url += fmt::format("&channel_id={}", channel);
    letters(e.extra, 60, true);
}

const NexmarkEvent& NexmarkGenerator::next() {
    event_.time_ms = kStartMs + static_cast<std::int64_t>(static_cast<double>(events_) * ms_per_event_);
    event_.extra.clear();
    const std::int64_t place = events_++ % 50;
    if (place == 0) {
        person();
    } else if (place < 4) {
        auction();
    } else {
        bid();
    }
    return event_;
}

std::string to_json(const NexmarkEvent& e) {
    const std::string time = time_text(e.time_ms);
    switch (e.type) {
        case NexmarkEvent::Type::person:
            return fmt::format(R"({{"event_type":0,"person":{{"id":{},"name":"{}","emailAddress":"{}",)",
                               e.id, e.name, e.email) +
                   fmt::format(
                       R"("creditCard":"{}","city":"{}","state":"{}","dateTime":"{}","extra":"{}"}},)",
                       e.card, e.city, e.state, time, e.extra) +
                   R"("auction":null,"bid":null})";
        case NexmarkEvent::Type::auction:
            return fmt::format(R"({{"event_type":1,"person":null,"auction":{{"id":{},"itemName":"{}",)", e.id,
                               e.item) +
                   fmt::format(R"("description":"{}","initialBid":{},"reserve":{},"dateTime":"{}",)",
                               e.description, e.initial_bid, e.reserve, time) +
                   fmt::format(R"("expires":"{}","seller":{},"category":{},"extra":"{}"}},"bid":null}})",
                               time_text(e.expires_ms), e.seller, e.category, e.extra);
        case NexmarkEvent::Type::bid:
            break;
    }
    return fmt::format(R"({{"event_type":2,"person":null,"auction":null,"bid":{{"auction":{},"bidder":{},)",
                       e.id, e.bidder) +
           fmt::format(R"("price":{},"channel":"{}","url":"{}","dateTime":"{}","extra":"{}"}}}})", e.price,
                       e.channel, e.url, time, e.extra);
}

std::array<Value, 5> to_values(const NexmarkEvent& e) {
    std::array<Value, 5> out = {Value::of(static_cast<std::int64_t>(e.type)), Value::null(), Value::null(),
                                Value::null(), Value::of(e.time_ms)};
    const auto text = [](const std::string& s) { return Value::of(s); };
    std::vector<Value> fields;
    switch (e.type) {
        case NexmarkEvent::Type::person:
            fields = {Value::of(e.id), text(e.name),  text(e.email),        text(e.card),
                      text(e.city),    text(e.state), Value::of(e.time_ms), text(e.extra)};
            break;
        case NexmarkEvent::Type::auction:
            fields = {Value::of(e.id),         text(e.item),
                      text(e.description),     Value::of(e.initial_bid),
                      Value::of(e.reserve),    Value::of(e.time_ms),
                      Value::of(e.expires_ms), Value::of(e.seller),
                      Value::of(e.category),   text(e.extra)};
            break;
        case NexmarkEvent::Type::bid:
            fields = {Value::of(e.id), Value::of(e.bidder),  Value::of(e.price), text(e.channel),
                      text(e.url),     Value::of(e.time_ms), text(e.extra)};
            break;
    }
    out[1 + static_cast<std::size_t>(e.type)] = Value::of(std::move(fields));
    return out;
}

}  // namespace bench
