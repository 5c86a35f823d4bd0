#include "cli/generate.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/fulfilment_load.h"
#include "cli/kafka_producer.h"

namespace mr::cli {

Result<std::uint64_t> generate_fulfilment(const GenerateOptions& options, Clock& clock,
                                          const std::atomic<bool>& stop) {
    MR_TRY(auto producer, KafkaProducer::connect(options.kafka));
    FulfilmentLoad load(options.seed);
    const bool progress = !options.quiet && ::isatty(2) != 0;
    const std::int64_t start_ns = clock.monotonic_ns();
    std::int64_t due_ns = start_ns;
    std::uint64_t sent = 0;
    while (!stop && (options.limit == 0 || sent < options.limit)) {
        const std::int64_t wait_ns = due_ns - clock.monotonic_ns();
        if (wait_ns > 0) {
            std::this_thread::sleep_for(
                std::chrono::nanoseconds(std::min<std::int64_t>(wait_ns, 100'000'000)));
            continue;
        }
        const LoadEvent event = load.next(clock.now().value);
        MR_TRY_VOID(producer->send(event.topic, event.key, event.json));
        ++sent;
        const std::int64_t elapsed_ms = (due_ns - start_ns) / 1'000'000;
        const bool burst = options.burst_every_ms > 0 && elapsed_ms >= options.burst_every_ms &&
                           elapsed_ms % options.burst_every_ms < options.burst_length_ms;
        due_ns += static_cast<std::int64_t>(1e9 / (burst ? options.burst_rate : options.rate));
        if (progress && sent % 100 == 0) {
            std::fprintf(stderr, "\rgenerate: %llu events ", static_cast<unsigned long long>(sent));
        }
    }
    if (progress) std::fputc('\n', stderr);
    MR_TRY_VOID(producer->flush(60'000));
    return producer->acknowledged();
}

}  // namespace mr::cli
