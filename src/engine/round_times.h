// How long something took in each of the rounds it ran: how often, in all, and quantiles from buckets that
// grow by a quarter. Thread: one.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace mr::engine {

class RoundTimes {
  public:
    void record(std::int64_t ns) {
        const auto value = static_cast<std::uint64_t>(ns < 0 ? 0 : ns);
        ++rounds_;
        total_ns_ += value;
        ++buckets_[bucket_of(value)];
    }
    struct Summary {
        std::uint64_t rounds = 0;
        std::uint64_t total_ns = 0;
        std::int64_t p50_ns = 0;
        std::int64_t p99_ns = 0;
    };
    [[nodiscard]] Summary summary() const {
        return {rounds_, total_ns_, quantile_ns(0.5), quantile_ns(0.99)};
    }
    /// Upper edge of the bucket that holds the q-th quantile (0 < q <= 1); 0 when empty.
    [[nodiscard]] std::int64_t quantile_ns(double q) const {
        const double wanted = q * static_cast<double>(rounds_);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > 0 && static_cast<double>(seen) >= wanted) return edge_of(i);
        }
        return 0;
    }

  private:
    /// Four buckets an octave; all of 0 to 7 have their own.
    static constexpr std::size_t kBuckets = 4 * 40;
    static std::size_t bucket_of(std::uint64_t ns) {
        if (ns < 8) return ns;
        const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;
        const std::size_t at = (octave - 1) * 4 + ((ns >> (octave - 2)) & 3);
        return at < kBuckets ? at : kBuckets - 1;
    }
    static std::int64_t edge_of(std::size_t bucket) {
        if (bucket < 8) return static_cast<std::int64_t>(bucket);
        const std::size_t octave = bucket / 4 + 1;
        return static_cast<std::int64_t>(((bucket % 4 + 5) << (octave - 2)) - 1);
    }

    std::array<std::uint64_t, kBuckets> buckets_{};
    std::uint64_t rounds_ = 0;
    std::uint64_t total_ns_ = 0;
};

}  // namespace mr::engine
