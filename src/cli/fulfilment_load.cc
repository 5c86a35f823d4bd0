#include "cli/fulfilment_load.h"

#include <fmt/format.h>

#include <array>

#include "columnar/temporal.h"
#include "columnar/value.h"

namespace mr::cli {
namespace {

constexpr std::size_t kOpenOrdersMax = 2'000;

std::string money(std::int64_t cents) {
    return decimal_to_string(cents, 2);
}

constexpr std::array<std::string_view, 8> kStreets = {"Harbour Road", "Mill Lane",   "Station Square",
                                                      "Long Acre",    "Foundry Way", "Canal Street",
                                                      "Quay Side",    "Weavers Row"};
constexpr std::array<std::string_view, 6> kNotes = {
    "Handle with care: contains glass, keep upright at all times and do not stack more than two high on the "
    "pallet.",
    "Customer asked for a delivery between eight and ten in the morning; ring the second bell on the left "
    "hand side.",
    "Repacked at the station because the first carton was damaged on the belt; contents were checked and "
    "found complete.",
    "Second attempt after a missed scan at the sorter; the label was printed again and the old one was "
    "removed and destroyed.",
    "Consolidated with another shipment of the same customer to save a journey; see the document attached to "
    "the order.",
    "Cold chain: the logger was started on leaving the dock and must be read out and returned with the empty "
    "container."};
/// How an order goes on after it was placed.
constexpr std::array<std::string_view, 9> kStages = {
    "payment_authorised", "pick_started", "pick_completed", "pack_completed",
    "label_printed",      "sorted",       "loaded",         "shipped",
    "payment_captured"};

}  // namespace

LoadEvent FulfilmentLoad::next(std::int64_t now_ms) {
    ++sequence_;
    // A ninth of all events are new orders, as each order has about nine events in its life.
    if (open_.empty() || (below(9) == 0 && open_.size() < kOpenOrdersMax)) return place_order(now_ms);
    const std::size_t at = below(std::min<std::size_t>(open_.size(), 200));
    Order& order = open_[at];
    const std::uint64_t dice = below(1'000);
    if (dice < 8) return operation(order, now_ms, "scan_exception");
    if (dice < 14) return payment(order, now_ms, "payment_failed");
    const std::string_view type = kStages[static_cast<std::size_t>(order.stage++)];
    LoadEvent event =
        type.starts_with("payment") ? payment(order, now_ms, type) : operation(order, now_ms, type);
    if (static_cast<std::size_t>(order.stage) == kStages.size())
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    return event;
}

std::string FulfilmentLoad::envelope(std::string_view type, const Order& order, std::int64_t now_ms) {
    return fmt::format(R"({{"event_id":"ev-{:016x}","event_type":"{}","occurred_at":"{}","sequence":{},)"
                       R"("site_id":"S{:02}","zone":"{}","order_id":"{}")",
                       random_(), type, instant_to_string(now_ms), sequence_, order.site + 1,
                       static_cast<char>('A' + below(6)), order.id);
}

void FulfilmentLoad::pad(std::string& json) {
    const std::size_t target = 800 + below(2'400);
    json += fmt::format(
        R"(,"address":{{"name":"Customer {}","street":"{} {}","postcode":"{:05}","city":"City {}","country":"FR"}})",
        below(100'000), kStreets[below(kStreets.size())], below(300), below(99'999), below(500));
    json += R"(,"scans":[)";
    for (std::size_t i = 0; json.size() + 100 < target; ++i) {
        json += fmt::format(R"({}{{"device":"SC-{:04}","code":"{:018}","x":{},"y":{},"ok":{},"note":"{}"}})",
                            i == 0 ? "" : ",", below(2'000), random_() % 1'000'000'000'000'000'000ULL,
                            below(10'000), below(10'000), below(20) != 0,
                            i % 3 == 0 ? kNotes[below(kNotes.size())] : "");
    }
    json += "]";
    if (json.size() + 120 < target) json += fmt::format(R"(,"note":"{}")", kNotes[below(kNotes.size())]);
    json += "}";
}

LoadEvent FulfilmentLoad::place_order(std::int64_t now_ms) {
    Order order;
    order.id = fmt::format("SO-{:06}", 100'000 + ++orders_);
    order.site = static_cast<int>(below(20));
    std::string items;
    const std::uint64_t lines = 1 + below(5);
    for (std::uint64_t i = 0; i < lines; ++i) {
        const auto price = static_cast<std::int64_t>(199 + below(20'000));
        const auto quantity = static_cast<std::int64_t>(1 + below(4));
        order.total_cents += price * quantity;
        items += fmt::format(R"({}{{"sku":"SKU-{:05}","quantity":{},"unit_price":{}}})", i == 0 ? "" : ",",
                             below(20'000), quantity, money(price));
    }
    std::string json = envelope("order_placed", order, now_ms);
    json +=
        fmt::format(R"(,"customer_id":"C-{:06}","currency":"EUR","total":{},"promised_at":"{}","items":[{}])",
                    below(200'000), money(order.total_cents), instant_to_string(now_ms + 86'400'000), items);
    pad(json);
    open_.push_back(order);
    return {"fulfilment.orders", order.id, std::move(json)};
}

LoadEvent FulfilmentLoad::operation(Order& order, std::int64_t now_ms, std::string_view type) {
    std::string json = envelope(type, order, now_ms);
    json += fmt::format(
        R"(,"worker_id":"W-{:04}","station_id":"ST-{:02}-{:02}","sku":"SKU-{:05}","quantity":{},"duration_ms":{}.{})",
        below(1'500), order.site + 1, below(40), below(20'000), 1 + below(4), 800 + below(60'000), below(10));
    pad(json);
    return {"fulfilment.operations", order.id, std::move(json)};
}

LoadEvent FulfilmentLoad::payment(Order& order, std::int64_t now_ms, std::string_view type) {
    static constexpr std::array<std::string_view, 3> kMethods = {"card", "transfer", "wallet"};
    std::string json = envelope(type, order, now_ms);
    json += fmt::format(R"(,"payment_id":"P-{:012x}","method":"{}","currency":"EUR","amount":{})",
                        random_() >> 16, kMethods[below(kMethods.size())], money(order.total_cents));
    pad(json);
    return {"fulfilment.payments", order.id, std::move(json)};
}

}  // namespace mr::cli
