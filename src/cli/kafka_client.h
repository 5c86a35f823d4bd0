// The settings of a Kafka client as people have them: KEY=VALUE of the command line and files of such lines,
// as Kafka's own tools take with --command-property and --command-config. Names are librdkafka's; Java's are
// understood where they differ (sasl.jaas.config, PEM stores), so that one file serves both. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace mr::cli {

struct KafkaClientOptions {
    std::string bootstrap = "127.0.0.1:9092";
    std::string config_file{};
    std::vector<std::string> properties{};  ///< "KEY=VALUE"; win over the file's
};

struct KafkaClientSettings {
    std::map<std::string, std::string> properties{};  ///< librdkafka's
    std::string token_file{};                         ///< OAUTHBEARER: holds the JWT; empty: none
};
/// invalid_argument names the line or the property.
Result<KafkaClientSettings> kafka_client_settings(const KafkaClientOptions& options);

/// What a client tells its broker with a JWT besides it.
struct BearerToken {
    std::string text{};
    std::string principal{};
    std::int64_t expires_ms = 0;
};
Result<BearerToken> read_bearer_token(const std::string& file);

}  // namespace mr::cli
