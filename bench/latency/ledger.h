// Which events are under way, since when, and where they were seen. An event is contained in a row that names
// it or a later one, as the events of one row arrive in order (one partition a row). Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/percentiles.h"

namespace bench {

/// Where an event is seen.
enum class Place : std::uint8_t { delta, get };

struct SlowSample {
    std::uint64_t number = 0;
    std::int64_t due_ns = 0;
    std::int64_t took_ns = 0;
};

class Ledger {
  public:
    static constexpr std::size_t kPlaces = 2;

    /// Samples slower than this are kept by themselves.
    explicit Ledger(std::int64_t slow_ns) : slow_ns_(slow_ns) {}

    /// Event `number` of row `key` was due at `due_ns`; `counted`: it is a sample.
    void due(std::string_view key, std::uint64_t number, std::int64_t due_ns, bool counted);
    /// Row `key` was seen to contain everything up to `number`.
    void seen(Place place, std::string_view key, std::uint64_t number, std::int64_t at_ns);
    void acknowledged(std::uint64_t number, std::int64_t at_ns);

    /// Events not yet seen there.
    [[nodiscard]] std::size_t missing(Place place) const;
    /// Counts what is still missing as `most_ns`; how many that were.
    std::size_t give_up(Place place, std::int64_t most_ns);
    Percentiles& samples(Place place) { return samples_[static_cast<std::size_t>(place)]; }
    Percentiles& acks() { return acks_; }
    [[nodiscard]] const std::vector<SlowSample>& slow() const { return slow_; }

  private:
    struct Pending {
        std::uint64_t number = 0;
        std::int64_t due_ns = 0;
        bool counted = false;
    };
    struct Row {
        std::array<std::deque<Pending>, kPlaces> pending;
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    const std::int64_t slow_ns_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Row, Hash, std::equal_to<>> rows_;
    std::deque<Pending> unacknowledged_;  ///< by number; a hole when acknowledged
    std::uint64_t first_unacknowledged_ = 1;
    std::array<std::size_t, kPlaces> missing_{};
    std::array<Percentiles, kPlaces> samples_;
    Percentiles acks_;
    std::vector<SlowSample> slow_;
};

}  // namespace bench
