// The settings of a topic: Kafka's names, types, defaults and limits, and our own two (`durability`, `hold`).
//
// Stored as what was set (strings, as sent); used as typed values computed once per change. A topic inherits
// what it does not set from the node's defaults, and those from Kafka's. Thread: any (immutable values).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::broker {

using ConfigMap = std::map<std::string, std::string, std::less<>>;

/// The numbers are those of Kafka's DescribeConfigs answer (ConfigEntry type).
enum class ConfigType : std::int8_t {
    boolean = 1,
    string = 2,
    int32 = 3,
    int16 = 4,
    int64 = 5,
    float64 = 6,
    list = 7,
};
/// The numbers are those of Kafka's DescribeConfigs answer (config source).
enum class ConfigSource : std::int8_t {
    topic = 1,
    altered_node = 2,
    altered_default = 3,
    node = 4,
    fallback = 5
};

/// What is known about one setting.
struct ConfigKey {
    std::string_view name;
    ConfigType type{};
    std::string_view fallback;   ///< Kafka's default, as text
    std::string_view node_name;  ///< the broker-wide setting it inherits from (Kafka's synonym), or empty
    std::string_view doc;
};

/// Every setting of a topic, sorted by name.
[[nodiscard]] std::span<const ConfigKey> topic_config_keys();
[[nodiscard]] const ConfigKey* find_config_key(std::string_view name);

/// The typed settings the broker works with.
struct TopicSettings {
    bool compact = false;
    bool del = true;                          ///< cleanup.policy contains delete
    std::int64_t retention_ms = 604'800'000;  ///< 7 days; -1: for ever
    std::int64_t retention_bytes = -1;        ///< of one partition; -1: no limit
    std::int64_t delete_retention_ms = 86'400'000;
    std::int64_t min_compaction_lag_ms = 0;
    std::int64_t max_compaction_lag_ms = INT64_MAX;
    double min_cleanable_dirty_ratio = 0.5;
    std::int32_t max_message_bytes = 1'048'588;
    bool log_append_time = false;
    std::int64_t timestamp_before_max_ms = INT64_MAX;
    std::int64_t timestamp_after_max_ms = 3'600'000;
    std::int64_t segment_bytes = 1'073'741'824;
    std::int64_t segment_ms = 604'800'000;
    std::int32_t index_interval_bytes = 4'096;
    std::int32_t segment_index_bytes = 10'485'760;
    bool hold = true;    ///< a reader's position pins retention
    bool async = false;  ///< durability: acknowledged and shown once written, not once on disk
};

/// One topic's settings: what it sets itself, over what the node sets.
class TopicConfig {
  public:
    /// invalid_argument names the setting, the value and what would be right; unknown names get "did you
    /// mean". `node_defaults` uses topic names ("retention.ms").
    static Result<TopicConfig> make(ConfigMap own, const ConfigMap& node_defaults = {});

    [[nodiscard]] const TopicSettings& settings() const { return settings_; }
    [[nodiscard]] const ConfigMap& own() const { return own_; }

    struct Described {
        const ConfigKey* key = nullptr;
        std::string value;
        ConfigSource source{};
    };
    /// Every setting with the value in force, for DescribeConfigs.
    [[nodiscard]] std::vector<Described> describe() const;

  private:
    ConfigMap own_;
    ConfigMap node_;
    TopicSettings settings_;
};

/// One change of AlterConfigs / IncrementalAlterConfigs. The numbers are those of the protocol.
struct ConfigChange {
    enum class Op : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };
    Op op{};
    std::string name{};
    std::optional<std::string> value{};
};
/// `own` after the changes; append and subtract are for list settings only.
Result<ConfigMap> apply_config_changes(const ConfigMap& own, std::span<const ConfigChange> changes);

/// 1 to 249 characters of [a-zA-Z0-9._-], not "." or "..".
Status check_topic_name(std::string_view name);

}  // namespace mr::broker
