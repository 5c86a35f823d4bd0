#include "harness/percentiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bench {

double Percentiles::at(double q) {
    if (samples_.empty()) return 0;
    if (sorted_ != samples_.size()) {
        std::ranges::sort(samples_);
        sorted_ = samples_.size();
    }
    // The smallest sample that at least a share q of all does not exceed.
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(samples_.size())));
    return static_cast<double>(samples_[std::clamp<std::size_t>(rank, 1, samples_.size()) - 1]) / 1e6;
}

std::string Percentiles::text() {
    return fmt::format("p50 {:7.2f}  p95 {:7.2f}  p99 {:7.2f}  p99.9 {:7.2f}  max {:7.2f} ms", at(0.5),
                       at(0.95), at(0.99), at(0.999), at(1));
}

std::string Percentiles::json() {
    return fmt::format(R"({{"n":{},"p50":{:.3f},"p95":{:.3f},"p99":{:.3f},"p999":{:.3f},"max":{:.3f}}})",
                       size(), at(0.5), at(0.95), at(0.99), at(0.999), at(1));
}

}  // namespace bench
