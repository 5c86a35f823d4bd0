#include "serve/kafka/broker_configs.h"

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "broker/broker.h"
#include "broker/groups/coordinator.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using Described = wire::DescribeConfigsResponse;
using Source = broker::ConfigSource;

/// One that is read when the node starts.
struct BrokerSetting {
    std::string name;
    std::string value;
    broker::ConfigType type;
};

std::vector<BrokerSetting> broker_settings(const Listener& listener, const Options& options,
                                           const broker::Broker& broker,
                                           const broker::groups::CoordinatorOptions& groups) {
    using Type = broker::ConfigType;
    std::vector<BrokerSetting> list = {
        {"advertised.listeners",
         fmt::format("{}://{}:{}", listener.protocol, listener.advertise.host, listener.advertise.port),
         Type::string},
        {"auto.create.topics.enable", options.auto_create_topics ? "true" : "false", Type::boolean},
        {"broker.id", std::to_string(kNodeId), Type::int32},
        {"connections.max.idle.ms", std::to_string(options.idle_connection_ms), Type::int64},
        {"default.replication.factor", "1", Type::int32},
        {"delete.topic.enable", options.delete_topics ? "true" : "false", Type::boolean},
        {"fetch.max.bytes", std::to_string(options.fetch_bytes_max), Type::int32},
        {"group.consumer.assignors", "uniform,range", Type::list},
        {"group.consumer.heartbeat.interval.ms", std::to_string(groups.consumer_heartbeat_interval_ms),
         Type::int32},
        {"group.consumer.regex.refresh.interval.ms",
         std::to_string(groups.consumer_regex_refresh_interval_ms), Type::int32},
        {"group.consumer.session.timeout.ms", std::to_string(groups.consumer_session_timeout_ms),
         Type::int32},
        {"group.coordinator.rebalance.protocols", "classic,consumer", Type::list},
        {"group.initial.rebalance.delay.ms", std::to_string(groups.initial_rebalance_delay_ms), Type::int32},
        {"group.max.session.timeout.ms", std::to_string(groups.session_timeout_max_ms), Type::int32},
        {"group.max.size", std::to_string(groups.members_max), Type::int32},
        {"group.min.session.timeout.ms", std::to_string(groups.session_timeout_min_ms), Type::int32},
        {"log.cleaner.backoff.ms", std::to_string(broker.options().compaction_check_ms), Type::int64},
        {"log.cleaner.dedupe.buffer.size", std::to_string(broker.options().compaction_map_bytes),
         Type::int64},
        {"log.cleaner.enable", "true", Type::boolean},
        {"log.dirs", options.log_directory, Type::string},
        {"max.connections", std::to_string(options.connections_max), Type::int32},
        {"max.incremental.fetch.session.cache.slots", std::to_string(options.fetch_sessions_max),
         Type::int32},
        {"min.insync.replicas", "1", Type::int32},
        {"node.id", std::to_string(kNodeId), Type::int32},
        {"num.partitions", std::to_string(options.num_partitions), Type::int32},
        {"offset.metadata.max.bytes", std::to_string(broker.options().offset_metadata_bytes_max),
         Type::int32},
        {"offsets.retention.minutes", std::to_string(broker.options().offsets_retention_ms / 60'000),
         Type::int32},
        {"producer.id.expiration.ms", std::to_string(broker.options().producer_expiration_ms), Type::int32},
        {"socket.request.max.bytes", std::to_string(options.produce_bytes_max), Type::int32},
        {"transaction.max.timeout.ms", std::to_string(broker.options().transaction_timeout_max_ms),
         Type::int32},
    };
    return list;
}

/// What tools set around replication, which there is none of: taken, and forgotten.
constexpr std::array<std::string_view, 3> kReplicationRates = {
    "follower.replication.throttled.rate", "leader.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second"};

/// The topic setting that inherits from the broker's setting of that name.
const broker::ConfigKey* inheriting(std::string_view node_name) {
    for (const broker::ConfigKey& key : broker::topic_config_keys()) {
        if (!key.node_name.empty() && key.node_name == node_name) return &key;
    }
    return nullptr;
}

/// What was altered for all brokers or for this one, by topic setting name.
broker::ConfigMap altered(const broker::ClusterSettings& settings, bool this_broker) {
    broker::ConfigMap out;
    for (const broker::ConfigKey& key : broker::topic_config_keys()) {
        if (key.node_name.empty()) continue;
        const auto found = settings.find(broker::broker_setting(key.node_name, this_broker));
        if (found != settings.end()) out[std::string(key.name)] = found->second;
    }
    return out;
}

Described::Config& add_config(Described::Result& out, std::string name, std::string value, Source source,
                              broker::ConfigType type, bool read_only) {
    Described::Config& config = out.configs.emplace_back();
    config.name = std::move(name);
    config.value = std::move(value);
    config.read_only = read_only;
    config.config_source = static_cast<std::int8_t>(source);
    config.config_type = static_cast<std::int8_t>(type);
    return config;
}

/// Why a setting that no topic inherits cannot be altered; empty: it is taken, and forgotten.
std::string refusal_of(Service& service, const Call& call, const std::string& name) {
    if (std::ranges::find(kReplicationRates, name) != kReplicationRates.end()) return "";
    std::vector<std::string> names;
    for (const BrokerSetting& setting : broker_settings(call.listener(), service.options(), service.broker(),
                                                        service.coordinator().options())) {
        // Kafka's own words; ours say where it can be changed.
        if (setting.name == name)
            return fmt::format("Cannot update these configs dynamically: Set({}); it is set in millrace.yaml",
                               name);
        names.push_back(setting.name);
    }
    for (const broker::ConfigKey& key : broker::topic_config_keys()) names.emplace_back(key.node_name);
    return fmt::format("Unknown broker config name: {}{}", name, did_you_mean(name, names));
}

}  // namespace

bool config_wanted(const std::optional<std::vector<std::string>>& keys, std::string_view name) {
    return !keys || std::find(keys->begin(), keys->end(), name) != keys->end();
}

Described::Synonym config_synonym(std::string_view name, std::string value, Source source) {
    Described::Synonym out;
    out.name = name;
    out.value = std::move(value);
    out.source = static_cast<std::int8_t>(source);
    return out;
}

bool has_default_synonym(const broker::ConfigKey& key) {
    constexpr std::array<std::string_view, 4> kWithout = {"flush.ms", "retention.ms", "segment.jitter.ms",
                                                          "segment.ms"};
    return !key.node_name.empty() && std::find(kWithout.begin(), kWithout.end(), key.name) == kWithout.end();
}

std::vector<Described::Synonym> inherited(Service& service, const broker::ConfigKey& key) {
    std::vector<Described::Synonym> out;
    const std::string_view name = key.node_name.empty() ? key.name : key.node_name;
    const auto settings = service.broker().cluster_settings();
    for (const bool this_broker : {true, false}) {
        const auto set = settings->find(broker::broker_setting(key.node_name, this_broker));
        if (key.node_name.empty() || set == settings->end()) continue;
        out.push_back(
            config_synonym(name, set->second, this_broker ? Source::altered_node : Source::altered_default));
    }
    const broker::ConfigMap& node = service.broker().options().topic_defaults;
    if (const auto set = node.find(key.name); set != node.end())
        out.push_back(config_synonym(name, set->second, Source::node));
    if (has_default_synonym(key))
        out.push_back(config_synonym(name, std::string(key.fallback), Source::fallback));
    return out;
}

void describe_broker(Service& service, const Call& call, const wire::DescribeConfigsRequest& request,
                     const wire::DescribeConfigsRequest::Resource& resource, Described::Result& out) {
    const bool all_brokers = resource.resource_name.empty();
    if (!all_brokers && resource.resource_name != std::to_string(kNodeId)) {
        out.error_code = wire::ErrorCode::invalid_request;
        out.error_message = fmt::format("Unexpected broker id, expected {} or empty, but received {}",
                                        kNodeId, resource.resource_name);
        return;
    }
    for (const broker::ConfigKey& key : broker::topic_config_keys()) {
        if (key.node_name.empty() || !config_wanted(resource.configuration_keys, key.node_name)) continue;
        auto from = inherited(service, key);
        // Of all brokers only what was altered for all is told.
        if (all_brokers) {
            std::erase_if(from, [](const auto& one) {
                return one.source != static_cast<std::int8_t>(Source::altered_default);
            });
            if (from.empty()) continue;
        }
        const bool set = !from.empty();
        auto& config = add_config(
            out, std::string(key.node_name), set ? from[0].value.value_or("") : std::string(key.fallback),
            set ? static_cast<Source>(from[0].source) : Source::fallback, key.type, false);
        if (request.include_documentation) config.documentation = std::string(key.doc);
        if (request.include_synonyms) config.synonyms = std::move(from);
    }
    if (all_brokers) return;
    for (BrokerSetting& setting : broker_settings(call.listener(), service.options(), service.broker(),
                                                  service.coordinator().options())) {
        if (!config_wanted(resource.configuration_keys, setting.name) || inheriting(setting.name) != nullptr)
            continue;
        auto& config = add_config(out, std::move(setting.name), std::move(setting.value), Source::node,
                                  setting.type, true);
        if (request.include_synonyms)
            config.synonyms.push_back(config_synonym(config.name, config.value.value_or(""), Source::node));
    }
}

BrokerChange plan_broker_change(Service& service, const Call& call, const std::string& resource_name,
                                const std::vector<broker::ConfigChange>& changes, bool replace) {
    using Op = broker::ConfigChange::Op;
    BrokerChange out;
    const auto refuse = [&](wire::ErrorCode error, std::string message) {
        out.error = error;
        out.message = std::move(message);
        return out;
    };
    if (!resource_name.empty() && resource_name != std::to_string(kNodeId)) {
        return refuse(wire::ErrorCode::invalid_request,
                      fmt::format("Unexpected broker id, expected {} or empty string, but received {}",
                                  kNodeId, resource_name));
    }
    const bool this_broker = !resource_name.empty();
    const broker::ConfigMap before = altered(*service.broker().cluster_settings(), this_broker);
    std::vector<broker::ConfigChange> ours;
    for (broker::ConfigChange change : changes) {
        const broker::ConfigKey* key = inheriting(change.name);
        if (key == nullptr) {
            std::string refusal = refusal_of(service, call, change.name);
            // What is set nowhere can be taken back: tools do so around their work.
            if (refusal.empty() || change.op == Op::remove) continue;
            return refuse(wire::ErrorCode::invalid_request, std::move(refusal));
        }
        if (change.op != Op::set && change.op != Op::remove) {
            // They add to what is in force, wherever it comes from.
            const auto inherited_values = inherited(service, *key);
            if (!before.contains(key->name) && !inherited_values.empty())
                ours.push_back({Op::set, std::string(key->name), inherited_values[0].value});
        }
        change.name = key->name;
        ours.push_back(std::move(change));
    }
    const auto after = broker::apply_config_changes(replace ? broker::ConfigMap() : before, ours);
    if (!after) return refuse(wire::ErrorCode::invalid_request, after.error().message);
    if (const auto valid = broker::TopicConfig::make(*after); !valid)
        return refuse(wire::ErrorCode::invalid_request, valid.error().message);
    for (const auto& [name, value] : before) {
        if (!after->contains(name))
            out.changes.push_back(
                {broker::broker_setting(broker::find_config_key(name)->node_name, this_broker),
                 std::nullopt});
    }
    for (const auto& [name, value] : *after)
        out.changes.push_back(
            {broker::broker_setting(broker::find_config_key(name)->node_name, this_broker), value});
    return out;
}

}  // namespace mr::serve::kafka
