#include "broker/topic_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/suggest.h"

namespace mr::broker {
namespace {

constexpr std::int64_t kLongMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int32_t>::max();
/// Longest value; only lists come near it.
constexpr std::size_t kValueBytesMax = 32U << 10;
constexpr std::string_view kLongMaxText = "9223372036854775807";

using enum ConfigType;

// Kafka 4.3's topic settings with its defaults (org.apache.kafka.storage.internals.log.LogConfig), sorted by
// name, and ours: durability and hold.
constexpr std::array kKeys = {
    ConfigKey{"cleanup.policy", list, "delete", "log.cleanup.policy",
              "What happens to old records: delete (by age and size), compact (keep the last of each key), "
              "or both."},
    ConfigKey{"compression.gzip.level", int32, "-1", "compression.gzip.level",
              "Kept for compatibility: batches stay as producers compressed them."},
    ConfigKey{"compression.lz4.level", int32, "9", "compression.lz4.level",
              "Kept for compatibility: batches stay as producers compressed them."},
    ConfigKey{"compression.type", string, "producer", "compression.type",
              "Kept for compatibility: batches stay as producers compressed them."},
    ConfigKey{"compression.zstd.level", int32, "3", "compression.zstd.level",
              "Kept for compatibility: batches stay as producers compressed them."},
    ConfigKey{"delete.retention.ms", int64, "86400000", "log.cleaner.delete.retention.ms",
              "How long tombstones stay in a compacted topic."},
    ConfigKey{
        "durability", string, "fsync", "",
        "When a produced batch is acknowledged and shown to consumers: fsync (on disk) or async (written: "
        "kill -9 takes nothing, a power loss the last milliseconds)."},
    ConfigKey{"file.delete.delay.ms", int64, "60000", "log.segment.delete.delay.ms",
              "Kept for compatibility: files go as soon as nothing needs them."},
    ConfigKey{"flush.messages", int64, kLongMaxText, "log.flush.interval.messages",
              "Kept for compatibility: see durability."},
    ConfigKey{"flush.ms", int64, kLongMaxText, "log.flush.interval.ms",
              "Kept for compatibility: see durability."},
    ConfigKey{"follower.replication.throttled.replicas", list, "", "", "Kept for compatibility: one node."},
    ConfigKey{"hold", boolean, "true", "",
              "Whether the position of a reader (pipeline, archive) keeps retention from removing what it "
              "has not read."},
    ConfigKey{"index.interval.bytes", int32, "4096", "log.index.interval.bytes",
              "A segment's index has an entry about every this many bytes."},
    ConfigKey{"leader.replication.throttled.replicas", list, "", "", "Kept for compatibility: one node."},
    ConfigKey{"local.retention.bytes", int64, "-2", "log.local.retention.bytes",
              "Kept for compatibility: no tiered storage."},
    ConfigKey{"local.retention.ms", int64, "-2", "log.local.retention.ms",
              "Kept for compatibility: no tiered storage."},
    ConfigKey{"max.compaction.lag.ms", int64, kLongMaxText, "log.cleaner.max.compaction.lag.ms",
              "A record becomes eligible for compaction at the latest after this time."},
    ConfigKey{"max.message.bytes", int32, "1048588", "message.max.bytes", "Largest record batch, as sent."},
    ConfigKey{"message.timestamp.after.max.ms", int64, "3600000", "log.message.timestamp.after.max.ms",
              "How far a record's timestamp may lie after the node's clock."},
    ConfigKey{"message.timestamp.before.max.ms", int64, kLongMaxText, "log.message.timestamp.before.max.ms",
              "How far a record's timestamp may lie before the node's clock."},
    ConfigKey{"message.timestamp.type", string, "CreateTime", "log.message.timestamp.type",
              "CreateTime (the producer's) or LogAppendTime (the node's)."},
    ConfigKey{"min.cleanable.dirty.ratio", float64, "0.5", "log.cleaner.min.cleanable.ratio",
              "Share of a log that must be uncompacted before it is compacted."},
    ConfigKey{"min.compaction.lag.ms", int64, "0", "log.cleaner.min.compaction.lag.ms",
              "A record is not compacted before this time."},
    ConfigKey{"min.insync.replicas", int32, "1", "min.insync.replicas", "Kept for compatibility: one node."},
    ConfigKey{"preallocate", boolean, "false", "log.preallocate", "Kept for compatibility."},
    ConfigKey{"remote.log.copy.disable", boolean, "false", "", "Kept for compatibility: no tiered storage."},
    ConfigKey{"remote.log.delete.on.disable", boolean, "false", "",
              "Kept for compatibility: no tiered storage."},
    ConfigKey{"remote.storage.enable", boolean, "false", "", "Tiered storage: not supported, must be false."},
    ConfigKey{"retention.bytes", int64, "-1", "log.retention.bytes",
              "Size of a partition above which old segments go; -1: no limit."},
    ConfigKey{"retention.ms", int64, "604800000", "log.retention.ms",
              "Age after which records go; -1: never."},
    ConfigKey{"segment.bytes", int32, "1073741824", "log.segment.bytes",
              "Size at which a new segment begins."},
    ConfigKey{"segment.index.bytes", int32, "10485760", "log.index.size.max.bytes",
              "Size of a segment's index at which a new segment begins."},
    ConfigKey{"segment.jitter.ms", int64, "0", "log.roll.jitter.ms", "Kept for compatibility."},
    ConfigKey{"segment.ms", int64, "604800000", "log.roll.ms", "Age at which a new segment begins."},
    ConfigKey{"unclean.leader.election.enable", boolean, "false", "unclean.leader.election.enable",
              "Kept for compatibility: one node."},
};
static_assert(std::is_sorted(kKeys.begin(), kKeys.end(),
                             [](const ConfigKey& a, const ConfigKey& b) { return a.name < b.name; }));

struct Range {
    std::string_view name;
    std::int64_t least;
    std::int64_t most;
};
constexpr std::array kRanges = {
    Range{"compression.gzip.level", -1, 9},
    Range{"compression.lz4.level", 1, 17},
    Range{"compression.zstd.level", -131'072, 22},
    Range{"delete.retention.ms", 0, kLongMax},
    Range{"file.delete.delay.ms", 0, kLongMax},
    Range{"flush.messages", 1, kLongMax},
    Range{"flush.ms", 0, kLongMax},
    Range{"index.interval.bytes", 0, kIntMax},
    Range{"local.retention.bytes", -2, kLongMax},
    Range{"local.retention.ms", -2, kLongMax},
    Range{"max.compaction.lag.ms", 1, kLongMax},
    Range{"max.message.bytes", 0, kIntMax},
    Range{"message.timestamp.after.max.ms", 0, kLongMax},
    Range{"message.timestamp.before.max.ms", 0, kLongMax},
    Range{"min.compaction.lag.ms", 0, kLongMax},
    Range{"min.insync.replicas", 1, kIntMax},
    Range{"retention.bytes", -1, kLongMax},
    Range{"retention.ms", -1, kLongMax},
    Range{"segment.bytes", 14, kIntMax},
    Range{"segment.index.bytes", 4, kIntMax},
    Range{"segment.jitter.ms", 0, kLongMax},
    Range{"segment.ms", 1, kLongMax},
};

struct Choice {
    std::string_view name;
    std::string_view values;  ///< separated by ", "
};
constexpr std::array kChoices = {
    Choice{"compression.type", "uncompressed, zstd, lz4, snappy, gzip, producer"},
    Choice{"durability", "fsync, async"},
    Choice{"message.timestamp.type", "CreateTime, LogAppendTime"},
};

bool is_choice(std::string_view values, std::string_view wanted) {
    while (!values.empty()) {
        const std::size_t end = values.find(", ");
        if (values.substr(0, end) == wanted) return true;
        values = end == std::string_view::npos ? std::string_view() : values.substr(end + 2);
    }
    return false;
}

std::string_view trim(std::string_view text) {
    const std::size_t from = text.find_first_not_of(" \t");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    while (!trim(text).empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view item = trim(text.substr(0, comma));
        if (!item.empty()) out.emplace_back(item);
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    return out;
}

std::string join_list(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : ",") + item;
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
    });
}

Result<std::int64_t> check_integer(const ConfigKey& key, std::string_view value) {
    std::int64_t number = 0;
    const std::string_view text = trim(value);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool in_type =
        key.type != int32 || (number >= std::numeric_limits<std::int32_t>::min() && number <= kIntMax);
    if (error != std::errc() || end != text.data() + text.size() || !in_type) {
        return fail(Code::invalid_argument, "Invalid value {} for configuration {}: Not a number of type {}",
                    value, key.name, key.type == int32 ? "INT" : "LONG");
    }
    const auto* range =
        std::find_if(kRanges.begin(), kRanges.end(), [&](const Range& r) { return r.name == key.name; });
    if (range != kRanges.end() && number < range->least) {
        return fail(Code::invalid_argument,
                    "Invalid value {} for configuration {}: Value must be at least {}", value, key.name,
                    range->least);
    }
    if (range != kRanges.end() && number > range->most) {
        return fail(Code::invalid_argument,
                    "Invalid value {} for configuration {}: Value must be no more than {}", value, key.name,
                    range->most);
    }
    return number;
}

Status check_text(const ConfigKey& key, std::string_view value) {
    const auto* choice =
        std::find_if(kChoices.begin(), kChoices.end(), [&](const Choice& c) { return c.name == key.name; });
    if (choice != kChoices.end() && !is_choice(choice->values, value)) {
        return fail(Code::invalid_argument,
                    "Invalid value {} for configuration {}: String must be one of: {}", value, key.name,
                    choice->values);
    }
    return {};
}

Status check_cleanup_policy(std::string_view value) {
    for (const auto& item : split_list(value)) {
        if (item != "delete" && item != "compact") {
            return fail(
                Code::invalid_argument,
                "Invalid value {} for configuration cleanup.policy: String must be one of: compact, delete",
                item);
        }
    }
    return {};
}

/// REQUIRES: check_value() took it.
double ratio(std::string_view value) {
    double number = 0;
    const std::string_view text = trim(value);
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Status check_value(const ConfigKey& key, std::string_view value) {
    switch (key.type) {
        case boolean:
            if (!equals_ignoring_case(value, "true") && !equals_ignoring_case(value, "false")) {
                return fail(
                    Code::invalid_argument,
                    "Invalid value {} for configuration {}: Expected value to be either true or false", value,
                    key.name);
            }
            if (key.name == "remote.storage.enable" && equals_ignoring_case(value, "true")) {
                return fail(Code::invalid_argument,
                            "Tiered storage is not supported: remote.storage.enable must be false");
            }
            return {};
        case int16:
        case int32:
        case int64:
            MR_TRY_VOID(check_integer(key, value));
            return {};
        case float64: {
            double number = 0;
            const std::string_view text = trim(value);
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc() || end != text.data() + text.size()) {
                return fail(Code::invalid_argument,
                            "Invalid value {} for configuration {}: Not a number of type DOUBLE", value,
                            key.name);
            }
            if (!(number >= 0 && number <= 1)) {
                return fail(Code::invalid_argument,
                            "Invalid value {} for configuration {}: Value must be between 0 and 1", value,
                            key.name);
            }
            return {};
        }
        case string:
            return check_text(key, value);
        case list:
            return key.name == "cleanup.policy" ? check_cleanup_policy(value) : Status{};
    }
    return {};
}

std::unexpected<Error> unknown_setting(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& key : kKeys) names.emplace_back(key.name);
    return fail(Code::invalid_argument, "Unknown topic config name: {}{}", name, did_you_mean(name, names));
}

}  // namespace

std::span<const ConfigKey> topic_config_keys() {
    return kKeys;
}

const ConfigKey* find_config_key(std::string_view name) {
    const auto* found =
        std::lower_bound(kKeys.begin(), kKeys.end(), name,
                         [](const ConfigKey& key, std::string_view n) { return key.name < n; });
    return found != kKeys.end() && found->name == name ? found : nullptr;
}

Result<TopicConfig> TopicConfig::make(ConfigMap own, const ConfigMap& node_defaults) {
    for (const ConfigMap* map : {&std::as_const(own), &node_defaults}) {
        for (const auto& [name, value] : *map) {
            const ConfigKey* key = find_config_key(name);
            if (key == nullptr) return unknown_setting(name);
            if (value.size() > kValueBytesMax) {
                return fail(Code::invalid_argument,
                            "Invalid value for configuration {}: {} bytes, at most {}", name, value.size(),
                            kValueBytesMax);
            }
            MR_TRY_VOID(check_value(*key, value));
        }
    }
    TopicConfig config;
    config.own_ = std::move(own);
    config.node_ = node_defaults;
    const auto text = [&](std::string_view name) -> std::string_view {
        if (const auto it = config.own_.find(name); it != config.own_.end()) return it->second;
        if (const auto it = config.node_.find(name); it != config.node_.end()) return it->second;
        const ConfigKey* key = find_config_key(name);
        MR_CHECK(key != nullptr, "{}", name);
        return key->fallback;
    };
    const auto number = [&](std::string_view name) {
        const Result<std::int64_t> value = check_integer(*find_config_key(name), text(name));
        MR_CHECK(value.has_value(), "{}", name);
        return *value;
    };
    TopicSettings& s = config.settings_;
    const auto policies = split_list(text("cleanup.policy"));
    s.compact = std::find(policies.begin(), policies.end(), "compact") != policies.end();
    s.del = std::find(policies.begin(), policies.end(), "delete") != policies.end();
    s.retention_ms = number("retention.ms");
    s.retention_bytes = number("retention.bytes");
    s.delete_retention_ms = number("delete.retention.ms");
    s.min_compaction_lag_ms = number("min.compaction.lag.ms");
    s.max_compaction_lag_ms = number("max.compaction.lag.ms");
    s.min_cleanable_dirty_ratio = ratio(text("min.cleanable.dirty.ratio"));
    s.max_message_bytes = static_cast<std::int32_t>(number("max.message.bytes"));
    s.log_append_time = text("message.timestamp.type") == "LogAppendTime";
    s.timestamp_before_max_ms = number("message.timestamp.before.max.ms");
    s.timestamp_after_max_ms = number("message.timestamp.after.max.ms");
    s.segment_bytes = number("segment.bytes");
    s.segment_ms = number("segment.ms");
    s.index_interval_bytes = static_cast<std::int32_t>(number("index.interval.bytes"));
    s.segment_index_bytes = static_cast<std::int32_t>(number("segment.index.bytes"));
    s.async = text("durability") == "async";
    s.hold = equals_ignoring_case(text("hold"), "true");
    return config;
}

std::vector<TopicConfig::Described> TopicConfig::describe() const {
    std::vector<Described> out;
    for (const auto& key : kKeys) {
        if (const auto it = own_.find(key.name); it != own_.end()) {
            out.push_back({&key, it->second, ConfigSource::topic});
        } else if (const auto node = node_.find(key.name); node != node_.end()) {
            out.push_back({&key, node->second, ConfigSource::node});
        } else {
            out.push_back({&key, std::string(key.fallback), ConfigSource::fallback});
        }
    }
    return out;
}

Result<ConfigMap> apply_config_changes(const ConfigMap& own, std::span<const ConfigChange> changes) {
    ConfigMap out = own;
    for (const auto& change : changes) {
        const ConfigKey* key = find_config_key(change.name);
        if (key == nullptr) return unknown_setting(change.name);
        if (change.op == ConfigChange::Op::remove) {
            out.erase(change.name);
            continue;
        }
        if (!change.value) {
            return fail(Code::invalid_argument, "Null value not supported for topic config: {}", change.name);
        }
        if (change.op == ConfigChange::Op::set) {
            out[change.name] = *change.value;
            continue;
        }
        if (key->type != list) {
            return fail(Code::invalid_argument, "Config value append is not allowed for config key: {}",
                        change.name);
        }
        const auto it = out.find(change.name);
        auto items = split_list(it == out.end() ? key->fallback : std::string_view(it->second));
        for (const auto& item : split_list(*change.value)) {
            const auto found = std::find(items.begin(), items.end(), item);
            if (change.op == ConfigChange::Op::append && found == items.end()) items.push_back(item);
            if (change.op == ConfigChange::Op::subtract && found != items.end()) items.erase(found);
        }
        out[change.name] = join_list(items);
    }
    return out;
}

Status check_topic_name(std::string_view name) {
    const auto legal = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    };
    if (name.empty())
        return fail(Code::invalid_argument, "Topic name is invalid: the empty string is not allowed");
    if (name == "." || name == "..") {
        return fail(Code::invalid_argument, "Topic name is invalid: '{}' is not allowed", name);
    }
    if (name.size() > 249) {
        return fail(Code::invalid_argument,
                    "Topic name is invalid: the length of '{}' is longer than the max allowed "
                    "length 249",
                    name);
    }
    if (!std::all_of(name.begin(), name.end(), legal)) {
        return fail(Code::invalid_argument,
                    "Topic name is invalid: '{}' contains one or more characters other than "
                    "ASCII alphanumerics, '.', '_' and '-'",
                    name);
    }
    return {};
}

}  // namespace mr::broker
