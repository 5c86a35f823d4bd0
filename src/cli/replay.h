// `millrace replay`: produces a JSON-lines event log to a topic at the pace of its own event times, records
// stamped now.
//
// Nothing in streaming SQL fires because time passes, so a replay also writes a clock topic: one record a
// simulated minute,
// {"now": "2023-05-26T18:27:00Z"}. Quiet stretches longer than `max_gap_ms` of simulated time are jumped over
// (the clock's minutes are still written, without waiting). Event order within the file is kept: everything
// goes to one partition unless keyed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cli/kafka_client.h"

namespace mr::cli {

struct ReplayOptions {
    KafkaClientOptions kafka;
    std::string file;
    std::string topic;
    std::string time_field = "occurred_at";  ///< ISO-8601 text at the top level of each event
    std::string key_field;                   ///< empty: no key, partition 0
    std::string clock_topic;                 ///< empty: no clock
    double speed = 3'600;                    ///< simulated seconds a second; 0: as fast as possible
    std::int64_t max_gap_ms = 3'600'000;     ///< simulated
    std::uint64_t limit = 0;                 ///< events; 0: all
    /// Skip as many events as the topic already holds: a replay that was stopped goes on where it was.
    bool resume = false;
    bool quiet = false;
};

struct ReplayReport {
    std::uint64_t events = 0;
    std::uint64_t skipped = 0;
    std::uint64_t clock_records = 0;
};

/// Runs to the end of the file, or until `stop` turns true.
Result<ReplayReport> replay(const ReplayOptions& options, Clock& clock, const std::atomic<bool>& stop);

}  // namespace mr::cli
