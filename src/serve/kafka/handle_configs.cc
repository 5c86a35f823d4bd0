// DescribeConfigs, AlterConfigs, IncrementalAlterConfigs. Topics have settings of their own; the broker's are
// in millrace.yaml, shown read-only under the names Kafka's tools look for.
#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "broker/topic_admin.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;

using Described = wire::DescribeConfigsResponse;
using Source = broker::ConfigSource;

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
    // The defaults topics inherit, under their broker-wide names.
    for (const broker::ConfigKey& key : broker::topic_config_keys()) {
        if (key.node_name.empty()) continue;
        const auto set = broker.options().topic_defaults.find(key.name);
        const bool known = set != broker.options().topic_defaults.end();
        list.push_back(
            {std::string(key.node_name), known ? set->second : std::string(key.fallback), key.type});
    }
    return list;
}

bool wanted(const std::optional<std::vector<std::string>>& keys, std::string_view name) {
    return !keys || std::find(keys->begin(), keys->end(), name) != keys->end();
}

Described::Synonym synonym(std::string_view name, std::string value, Source source) {
    Described::Synonym out;
    out.name = name;
    out.value = std::move(value);
    out.source = static_cast<std::int8_t>(source);
    return out;
}

/// Kafka shows no default of the broker where the broker's setting of that name has none itself (the hours
/// and minutes beside it have), nor for settings that only topics have.
bool has_default_synonym(const broker::ConfigKey& key) {
    constexpr std::array<std::string_view, 4> kWithout = {"flush.ms", "retention.ms", "segment.jitter.ms",
                                                          "segment.ms"};
    return !key.node_name.empty() && std::find(kWithout.begin(), kWithout.end(), key.name) == kWithout.end();
}

void describe_topic(const broker::TopicView& topic, const broker::ConfigMap& node_defaults,
                    const wire::DescribeConfigsRequest& request,
                    const wire::DescribeConfigsRequest::Resource& resource, Described::Result& out) {
    for (const auto& described : topic.config.describe()) {
        const broker::ConfigKey& key = *described.key;
        if (!wanted(resource.configuration_keys, key.name)) continue;
        Described::Config& config = out.configs.emplace_back();
        config.name = key.name;
        config.value = described.value;
        config.config_source = static_cast<std::int8_t>(described.source);
        config.config_type = static_cast<std::int8_t>(key.type);
        if (request.include_documentation) config.documentation = std::string(key.doc);
        if (!request.include_synonyms) continue;
        if (described.source == Source::topic) {
            config.synonyms.push_back(synonym(key.name, described.value, Source::topic));
        }
        const std::string_view node_name = key.node_name.empty() ? key.name : key.node_name;
        const auto node = node_defaults.find(key.name);
        if (node != node_defaults.end()) {
            config.synonyms.push_back(synonym(node_name, node->second, Source::node));
        }
        if (has_default_synonym(key)) {
            config.synonyms.push_back(synonym(node_name, std::string(key.fallback), Source::fallback));
        }
    }
}

void describe_broker(Service& service, const Call& call, const wire::DescribeConfigsRequest& request,
                     const wire::DescribeConfigsRequest::Resource& resource, Described::Result& out) {
    if (!resource.resource_name.empty() && resource.resource_name != std::to_string(kNodeId)) {
        out.error_code = ErrorCode::invalid_request;
        out.error_message = fmt::format("Unexpected broker id, expected {} or empty, but received {}",
                                        kNodeId, resource.resource_name);
        return;
    }
    // An empty name asks for what is set dynamically for all brokers: nothing is.
    if (resource.resource_name.empty()) return;
    for (BrokerSetting& setting : broker_settings(call.listener(), service.options(), service.broker(),
                                                  service.coordinator().options())) {
        if (!wanted(resource.configuration_keys, setting.name)) continue;
        Described::Config& config = out.configs.emplace_back();
        config.name = std::move(setting.name);
        config.value = std::move(setting.value);
        config.read_only = true;
        config.config_source = static_cast<std::int8_t>(Source::node);
        config.config_type = static_cast<std::int8_t>(setting.type);
        if (request.include_synonyms) {
            config.synonyms.push_back(synonym(config.name, config.value.value_or(""), Source::node));
        }
    }
}

/// The answers of AlterConfigs and IncrementalAlterConfigs are alike; so is the work.
template <class Response>
struct AlterJob {
    Response answer;
    std::vector<broker::TopicConfigChange> changes;
    std::vector<std::size_t> places;
};

template <class Response>
void refuse(Response& answer, std::size_t place, ErrorCode error, std::string message) {
    answer.responses[place].error_code = error;
    answer.responses[place].error_message = std::move(message);
}

/// none, or what to answer who may not do `operation` to the settings of that resource.
ErrorCode check_caller(const Call& call, Operation operation, std::int8_t type, const std::string& name) {
    constexpr std::int8_t kGroupResource = 32;
    if (type == kTopicResource)
        return call.may_topic(operation, name) ? ErrorCode::none : ErrorCode::topic_authorization_failed;
    if (type == kGroupResource)
        return call.may_group(operation, name) ? ErrorCode::none : ErrorCode::group_authorization_failed;
    return call.may_cluster(operation) ? ErrorCode::none : ErrorCode::cluster_authorization_failed;
}

/// True when the resource may be altered; else the error is set.
template <class Response, class Resource>
bool check_resource(const Call& call, const std::vector<Resource>& all, const Resource& resource,
                    Response& answer, std::size_t place) {
    const auto same = std::count_if(all.begin(), all.end(), [&](const Resource& other) {
        return other.resource_type == resource.resource_type && other.resource_name == resource.resource_name;
    });
    if (same > 1) {
        refuse(answer, place, ErrorCode::invalid_request, "Each resource must appear at most once.");
        return false;
    }
    const ErrorCode refused =
        check_caller(call, Operation::alter_configs, resource.resource_type, resource.resource_name);
    if (refused != ErrorCode::none) {
        refuse(answer, place, refused, message_of(refused).value_or(""));
        return false;
    }
    if (resource.resource_type == kTopicResource) return true;
    const bool broker = resource.resource_type == kBrokerResource;
    refuse(answer, place, ErrorCode::invalid_request,
           broker ? "the broker's settings are in millrace.yaml and cannot be altered while it runs"
                  : fmt::format("resources of type {} have no settings here", resource.resource_type));
    return false;
}

/// What kafka-reassign-partitions does to brokers around its work: nothing is set dynamically, so there is
/// nothing to take back, and where nothing is replicated no rate is exceeded.
bool changes_nothing(const wire::IncrementalAlterConfigsRequest::Resource& resource) {
    constexpr std::array<std::string_view, 3> kReplicationRates = {
        "follower.replication.throttled.rate", "leader.replication.throttled.rate",
        "replica.alter.log.dirs.io.max.bytes.per.second"};
    constexpr std::int8_t kDelete = 1;
    return resource.resource_type == kBrokerResource &&
           std::all_of(resource.configs.begin(), resource.configs.end(), [&](const auto& config) {
               return config.config_operation == kDelete ||
                      std::find(kReplicationRates.begin(), kReplicationRates.end(), config.name) !=
                          kReplicationRates.end();
           });
}

/// For the audit log.
std::string changes_text(const std::vector<broker::TopicConfigChange>& changes) {
    constexpr std::array<std::string_view, 4> kSigns = {"=", " back to default", "+=", "-="};
    std::string text;
    for (const broker::TopicConfigChange& change : changes) {
        for (const broker::ConfigChange& one : change.changes) {
            text += fmt::format("{}{}: {}{}{}", text.empty() ? "" : ", ", change.topic, one.name,
                                kSigns.at(static_cast<std::size_t>(one.op)), one.value.value_or(""));
        }
    }
    return text;
}

template <class Response>
void submit_changes(Service& service, const CallPtr& call, std::shared_ptr<AlterJob<Response>> job,
                    bool validate_only) {
    if (job->changes.empty()) return call->answer(job->answer);
    auto answer = service.on_loop<std::vector<broker::TopicResult>>(
        [call, job](const std::vector<broker::TopicResult>& results) {
            for (std::size_t i = 0; i < results.size(); ++i) {
                auto& out = job->answer.responses[job->places.at(i)];
                out.error_code = to_wire(results[i].error);
                out.error_message = message_of(out.error_code, results[i].message);
            }
            call->answer(job->answer);
        });
    service.submit(journal::Lane::control, broker::alter_configs(service.broker(), std::move(job->changes),
                                                                 validate_only, std::move(answer)));
}

}  // namespace

void handle_describe_configs(Service& service, const CallPtr& call, wire::DescribeConfigsRequest request) {
    Described response;
    const auto topics = service.broker().topics();
    for (const auto& resource : request.resources) {
        Described::Result& out = response.results.emplace_back();
        out.resource_type = resource.resource_type;
        out.resource_name = resource.resource_name;
        const ErrorCode refused =
            check_caller(*call, Operation::describe_configs, resource.resource_type, resource.resource_name);
        if (refused != ErrorCode::none) {
            out.error_code = refused;
            out.error_message = message_of(refused);
        } else if (resource.resource_type == kBrokerResource) {
            describe_broker(service, *call, request, resource, out);
        } else if (resource.resource_type != kTopicResource) {
            out.error_code = ErrorCode::invalid_request;
            out.error_message =
                fmt::format("resources of type {} have no settings here", resource.resource_type);
        } else if (const auto topic = topics->find(resource.resource_name)) {
            describe_topic(*topic, service.broker().options().topic_defaults, request, resource, out);
        } else {
            out.error_code = broker::check_topic_name(resource.resource_name)
                                 ? ErrorCode::unknown_topic_or_partition
                                 : ErrorCode::invalid_topic_exception;
            out.error_message = message_of(out.error_code);
        }
    }
    call->answer(response);
}

void handle_alter_configs(Service& service, const CallPtr& call, wire::AlterConfigsRequest request) {
    auto job = std::make_shared<AlterJob<wire::AlterConfigsResponse>>();
    for (const auto& resource : request.resources) {
        auto& out = job->answer.responses.emplace_back();
        out.resource_type = resource.resource_type;
        out.resource_name = resource.resource_name;
        const std::size_t place = job->answer.responses.size() - 1;
        if (!check_resource(*call, request.resources, resource, job->answer, place)) continue;
        broker::TopicConfigChange change{.topic = resource.resource_name, .changes = {}, .replace = true};
        for (const auto& config : resource.configs) {
            change.changes.push_back({broker::ConfigChange::Op::set, config.name, config.value});
        }
        job->changes.push_back(std::move(change));
        job->places.push_back(place);
    }
    if (call->audited()) call->note(changes_text(job->changes));
    submit_changes(service, call, std::move(job), request.validate_only);
}

void handle_incremental_alter_configs(Service& service, const CallPtr& call,
                                      wire::IncrementalAlterConfigsRequest request) {
    auto job = std::make_shared<AlterJob<wire::IncrementalAlterConfigsResponse>>();
    for (const auto& resource : request.resources) {
        auto& out = job->answer.responses.emplace_back();
        out.resource_type = resource.resource_type;
        out.resource_name = resource.resource_name;
        const std::size_t place = job->answer.responses.size() - 1;
        if (changes_nothing(resource) && call->may_cluster(Operation::alter_configs)) continue;
        if (!check_resource(*call, request.resources, resource, job->answer, place)) continue;
        broker::TopicConfigChange change{.topic = resource.resource_name, .changes = {}, .replace = false};
        bool known = true;
        for (const auto& config : resource.configs) {
            known = known && config.config_operation >= 0 && config.config_operation <= 3;
            change.changes.push_back(
                {static_cast<broker::ConfigChange::Op>(config.config_operation), config.name, config.value});
        }
        if (!known) {
            refuse(job->answer, place, ErrorCode::invalid_request,
                   "unknown operation: 0 set, 1 delete, 2 append, 3 subtract");
            continue;
        }
        job->changes.push_back(std::move(change));
        job->places.push_back(place);
    }
    if (call->audited()) call->note(changes_text(job->changes));
    submit_changes(service, call, std::move(job), request.validate_only);
}

}  // namespace mr::serve::kafka
