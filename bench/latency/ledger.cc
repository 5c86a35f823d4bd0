#include "latency/ledger.h"

namespace bench {

void Ledger::due(std::string_view key, std::uint64_t number, std::int64_t due_ns, bool counted) {
    const std::lock_guard lock(mutex_);
    auto row = rows_.find(key);
    if (row == rows_.end()) row = rows_.emplace(std::string(key), Row{}).first;
    for (std::size_t place = 0; place < kPlaces; ++place) {
        row->second.pending[place].push_back({number, due_ns, counted});
        ++missing_[place];
    }
    unacknowledged_.push_back({number, due_ns, counted});
}

void Ledger::seen(Place place, std::string_view key, std::uint64_t number, std::int64_t at_ns) {
    const auto index = static_cast<std::size_t>(place);
    const std::lock_guard lock(mutex_);
    const auto row = rows_.find(key);
    if (row == rows_.end()) return;
    auto& pending = row->second.pending[index];
    while (!pending.empty() && pending.front().number <= number) {
        const Pending& event = pending.front();
        const std::int64_t took = at_ns - event.due_ns;
        if (event.counted) {
            samples_[index].add(took);
            if (place == Place::get && took > slow_ns_) slow_.push_back({event.number, event.due_ns, took});
        }
        pending.pop_front();
        --missing_[index];
    }
}

void Ledger::acknowledged(std::uint64_t number, std::int64_t at_ns) {
    const std::lock_guard lock(mutex_);
    // Numbers count up by one from 1.
    if (number < first_unacknowledged_ || number >= first_unacknowledged_ + unacknowledged_.size()) return;
    Pending& event = unacknowledged_[number - first_unacknowledged_];
    if (event.counted) acks_.add(at_ns - event.due_ns);
    event.number = 0;
    while (!unacknowledged_.empty() && unacknowledged_.front().number == 0) {
        unacknowledged_.pop_front();
        ++first_unacknowledged_;
    }
}

std::size_t Ledger::missing(Place place) const {
    const std::lock_guard lock(mutex_);
    return missing_[static_cast<std::size_t>(place)];
}

std::size_t Ledger::give_up(Place place, std::int64_t most_ns) {
    const auto index = static_cast<std::size_t>(place);
    const std::lock_guard lock(mutex_);
    std::size_t lost = 0;
    for (auto& [key, row] : rows_) {
        for (const Pending& event : row.pending[index]) {
            ++lost;
            if (event.counted) samples_[index].add(most_ns);
        }
        row.pending[index].clear();
    }
    missing_[index] = 0;
    return lost;
}

}  // namespace bench
