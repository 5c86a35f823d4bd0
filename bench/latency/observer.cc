#include "latency/observer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <chrono>
#include <map>

#include "harness/http.h"
#include "harness/machine.h"

namespace bench {
namespace {

/// Calls `visit` with the key and the newest number of each row of a list.
template <class Visit>
std::size_t each_row(simdjson::dom::array rows, const std::vector<std::string>& key_columns, Visit visit) {
    std::string key;
    std::size_t count = 0;
    for (const simdjson::dom::element row : rows) {
        key.clear();
        for (const std::string& column : key_columns) {
            if (!key.empty()) key.push_back('|');
            std::string_view text;
            if (row[column].get(text) == simdjson::SUCCESS) key += text;
        }
        std::int64_t number = 0;
        if (row["last_sequence"].get(number) != simdjson::SUCCESS) die("a row without last_sequence");
        visit(key, static_cast<std::uint64_t>(number));
        ++count;
    }
    return count;
}

}  // namespace

Observer::Observer(ObserverSettings settings, Ledger& ledger)
    : settings_(std::move(settings)),
      ledger_(ledger),
      subscriber_([this] { subscribe(); }),
      fetcher_([this] { fetch(); }) {
    while (!subscribed_) sleep_until(now_ns() + 1'000'000);
}

Observer::~Observer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    subscriber_.join();
    fetcher_.join();
}

void Observer::pushed() {
    {
        const std::lock_guard lock(mutex_);
        ++pushes_;
    }
    wake_.notify_one();
}

void Observer::subscribe() {
    LiveClient live(settings_.http);
    live.send(fmt::format(R"({{"t":"sub","id":1,"view":"{}","mode":"delta","max_hz":{}}})", settings_.view,
                          settings_.max_hz));
    simdjson::dom::parser parser;
    std::map<std::string, std::uint64_t, std::less<>> view;  // as a dashboard keeps it
    while (!stopping_) {
        const auto frame = live.receive();
        if (!frame) continue;
        const simdjson::dom::element json = parser.parse(frame->data(), frame->size());
        const std::string_view type = json["t"];
        if (type == "ok") {
            subscribed_ = true;
        } else if (type == "delta") {
            std::vector<std::pair<std::string, std::uint64_t>> changed;
            each_row(json["up"], settings_.key_columns, [&](const std::string& key, std::uint64_t number) {
                view[key] = number;
                changed.emplace_back(key, number);
            });
            const std::int64_t at = now_ns();
            ++frames_;
            pushed();
            for (const auto& [key, number] : changed) {
                ledger_.seen(Place::delta, key, number, at);
                if (!settings_.fetch) ledger_.seen(Place::get, key, number, at);
            }
            rows_ = settings_.fetch ? rows_.load() : view.size();
        } else if (type == "inv") {
            // Too much for one frame: the view is there to be fetched, no delta to apply.
            ++frames_;
            pushed();
        } else if (type == "err") {
            die("the subscription was refused: " + std::string(*frame));
        }
    }
}

void Observer::fetch() {
    if (!settings_.fetch) return;
    HttpClient http(settings_.http);
    simdjson::dom::parser parser;
    std::map<std::string, std::uint64_t, std::less<>> known;
    std::uint64_t answered = 0;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stopping_ || pushes_ != answered; });
            if (stopping_) return;
            answered = pushes_;
        }
        const std::string_view body = http.get("/api/v1/views/" + settings_.view + "?limit=10000");
        const std::int64_t at = now_ns();
        ++gets_;
        get_bytes_ += body.size();
        const simdjson::dom::element json = parser.parse(body.data(), body.size());
        rows_ =
            each_row(json["rows"], settings_.key_columns, [&](const std::string& key, std::uint64_t number) {
                auto& last = known[key];
                if (last != number) ledger_.seen(Place::get, key, number, at);
                last = number;
            });
    }
}

}  // namespace bench
