// Producing records to any Kafka bootstrap address, for `replay` and `generate`: librdkafka behind four
// calls. Idempotent, acks=all; a full queue waits; flush() returns when everything was acknowledged or says
// what was not. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/kafka_client.h"

namespace mr::cli {

class KafkaProducer {
  public:
    static Result<std::unique_ptr<KafkaProducer>> connect(const KafkaClientOptions& options);
    ~KafkaProducer();

    /// `partition` -1: by the key, as Java's default partitioner (murmur2). Timestamp 0: now.
    Status send(const std::string& topic, std::string_view key, std::string_view value,
                std::int64_t timestamp_ms = 0, std::int32_t partition = -1);
    /// Waits until everything sent so far is acknowledged; at most `timeout_ms`.
    Status flush(int timeout_ms);
    [[nodiscard]] std::uint64_t acknowledged() const;
    /// The offset the next record of a partition will get; 0 for a topic that does not exist yet.
    Result<std::int64_t> end_offset(const std::string& topic, std::int32_t partition);

    /// For connect().
    struct Impl;
    explicit KafkaProducer(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::cli
