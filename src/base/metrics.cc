#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace mr {
namespace {

/// Edges from 10 us, each 1.2577 times the one before, so that 72 buckets reach past 100 s.
const std::array<std::int64_t, Histogram::kBuckets>& edges_ns() {
    static const auto edges = [] {
        std::array<std::int64_t, Histogram::kBuckets> made{};
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = static_cast<std::int64_t>(10'000.0 * std::pow(10.0, static_cast<double>(i) / 10.0));
        }
        return made;
    }();
    return edges;
}

/// What /metrics prints; 0.2 and 0.5 s are the objective's.
constexpr std::array<double, 14> kPrinted = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                             0.1,    0.2,   0.5,    1,     2.5,  10,    60};

}  // namespace

void Histogram::record_ns(std::int64_t ns) {
    const auto& edges = edges_ns();
    auto at = static_cast<std::size_t>(std::ranges::lower_bound(edges, ns) - edges.begin());
    at = std::min(at, kBuckets - 1);
    buckets_[at].fetch_add(1, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)), std::memory_order_relaxed);
}

std::int64_t Histogram::quantile_ns(double q) const {
    const std::uint64_t total = count();
    if (total == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        seen += buckets_[i].load(std::memory_order_relaxed);
        if (seen >= wanted) return edges_ns()[i];
    }
    return edges_ns().back();
}

std::uint64_t Histogram::count_at_most(std::int64_t ns) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets && edges_ns()[i] <= ns; ++i)
        seen += buckets_[i].load(std::memory_order_relaxed);
    return seen;
}

struct Metrics::Entry {
    enum Type { counter_type, gauge_type, histogram_type };
    std::string name, help, labels;
    int type;
    Counter counter;
    Gauge gauge;
    Histogram histogram;
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Entry& Metrics::find(std::string_view name, std::string_view help, std::string_view labels,
                              int type) {
    std::unique_lock lock(mutex_);
    for (const auto& entry : entries_) {
        if (entry->name == name && entry->labels == labels) {
            MR_CHECK(entry->type == type, "metric {} is used as two types", name);
            return *entry;
        }
    }
    auto made = std::make_unique<Entry>();
    made->name = name;
    made->help = help;
    made->labels = labels;
    made->type = type;
    entries_.push_back(std::move(made));
    return *entries_.back();
}

Counter& Metrics::counter(std::string_view name, std::string_view help, std::string_view labels) {
    return find(name, help, labels, Entry::counter_type).counter;
}
Gauge& Metrics::gauge(std::string_view name, std::string_view help, std::string_view labels) {
    return find(name, help, labels, Entry::gauge_type).gauge;
}
Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::string_view labels) {
    return find(name, help, labels, Entry::histogram_type).histogram;
}

std::string Metrics::text() const {
    std::unique_lock lock(mutex_);
    std::vector<const Entry*> sorted;
    for (const auto& entry : entries_) sorted.push_back(entry.get());
    std::ranges::stable_sort(sorted, {}, &Entry::name);
    std::string out;
    std::string_view last;
    for (const Entry* e : sorted) {
        if (e->name != last) {
            static constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};
            out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", e->name, e->help, e->name, kTypes[e->type]);
            last = e->name;
        }
        const std::string braces = e->labels.empty() ? "" : "{" + e->labels + "}";
        if (e->type == Entry::counter_type)
            out += fmt::format("{}{} {}\n", e->name, braces, e->counter.value());
        if (e->type == Entry::gauge_type) out += fmt::format("{}{} {}\n", e->name, braces, e->gauge.value());
        if (e->type != Entry::histogram_type) continue;
        const std::string comma = e->labels.empty() ? "" : e->labels + ",";
        for (const double le : kPrinted) {
            out += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", e->name, comma, le,
                               e->histogram.count_at_most(static_cast<std::int64_t>(le * 1e9)));
        }
        out += fmt::format("{}_bucket{{{}le=\"+Inf\"}} {}\n", e->name, comma, e->histogram.count());
        out +=
            fmt::format("{}_sum{} {}\n", e->name, braces, static_cast<double>(e->histogram.sum_ns()) / 1e9);
        out += fmt::format("{}_count{} {}\n", e->name, braces, e->histogram.count());
    }
    return out;
}

}  // namespace mr
