// Latency samples and what is read off them. Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class Percentiles {
  public:
    void add(std::int64_t ns) { samples_.push_back(ns); }
    [[nodiscard]] std::size_t size() const { return samples_.size(); }
    /// Milliseconds; 0 when empty.
    [[nodiscard]] double at(double q);
    /// "p50 1.20  p95 2.10  p99 3.40  p99.9 9.10  max 12.00 ms"
    std::string text();
    /// {"n":…,"p50":…,"p95":…,"p99":…,"p999":…,"max":…}
    std::string json();

  private:
    std::vector<std::int64_t> samples_;
    std::size_t sorted_ = 0;
};

}  // namespace bench
