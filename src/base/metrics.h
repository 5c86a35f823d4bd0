// Counters, gauges and latency histograms, printed as Prometheus text at /metrics.
//
// A metric is made once, kept by reference for the life of the process, and updated without a lock. Names
// follow Prometheus: base units, `_total`, `_seconds`, `_bytes`; few labels, never ids of orders or people.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mr {

/// Thread: any.
class Counter {
  public:
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

/// Thread: any.
class Gauge {
  public:
    void set(double v) { value_.store(v, std::memory_order_relaxed); }
    [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<double> value_{0};
};

/// Durations, in buckets growing by about a quarter from 10 us to 100 s. Thread: any.
class Histogram {
  public:
    static constexpr std::size_t kBuckets = 72;

    void record_ns(std::int64_t ns);
    /// Upper edge of the bucket that holds the q-th quantile (0 < q <= 1), in nanoseconds; 0 when empty.
    [[nodiscard]] std::int64_t quantile_ns(double q) const;
    [[nodiscard]] std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t sum_ns() const { return sum_ns_.load(std::memory_order_relaxed); }
    /// How many samples were at most `ns`.
    [[nodiscard]] std::uint64_t count_at_most(std::int64_t ns) const;

  private:
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
    std::atomic<std::uint64_t> count_{0};
    std::atomic<std::uint64_t> sum_ns_{0};
};

/// Owner of all metrics of a node. References stay valid as long as the registry. Thread: any.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// `labels` is ready text: `stream="orders",reason="late"`, or empty. The same name and labels give the
    /// same metric.
    Counter& counter(std::string_view name, std::string_view help, std::string_view labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, std::string_view labels = {});
    Histogram& histogram(std::string_view name, std::string_view help, std::string_view labels = {});
    /// Prometheus text format 0.0.4.
    [[nodiscard]] std::string text() const;

  private:
    struct Entry;
    Entry& find(std::string_view name, std::string_view help, std::string_view labels, int type);
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace mr
