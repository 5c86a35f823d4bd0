// `millrace generate fulfilment`: the generated load, produced at an even rate with bursts at shift changes,
// open loop: a slow broker does not slow the schedule.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cli/kafka_client.h"

namespace mr::cli {

struct GenerateOptions {
    KafkaClientOptions kafka;
    double rate = 14;                       ///< events a second
    double burst_rate = 120;                ///< during a burst
    std::int64_t burst_every_ms = 300'000;  ///< a shift change; 0: never
    std::int64_t burst_length_ms = 30'000;
    std::uint64_t seed = 1;
    std::uint64_t limit = 0;  ///< events; 0: until stopped
    bool quiet = false;
};

/// How many events were acknowledged, when `limit` is reached or `stop` turns true.
Result<std::uint64_t> generate_fulfilment(const GenerateOptions& options, Clock& clock,
                                          const std::atomic<bool>& stop);

}  // namespace mr::cli
