// DescribeConfigs, AlterConfigs, IncrementalAlterConfigs. Topics have settings of their own; the broker's are
// broker_configs.h.
#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "broker/topic_admin.h"
#include "serve/kafka/broker_configs.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;

using Described = wire::DescribeConfigsResponse;
using Source = broker::ConfigSource;

void describe_topic(Service& service, const broker::TopicView& topic,
                    const wire::DescribeConfigsRequest& request,
                    const wire::DescribeConfigsRequest::Resource& resource, Described::Result& out) {
    for (const auto& described : topic.config.describe()) {
        const broker::ConfigKey& key = *described.key;
        if (!config_wanted(resource.configuration_keys, key.name)) continue;
        const auto from = inherited(service, key);
        Described::Config& config = out.configs.emplace_back();
        config.name = key.name;
        config.value = described.value;
        config.config_source = static_cast<std::int8_t>(described.source);
        if (described.source == Source::node && !from.empty()) config.config_source = from[0].source;
        config.config_type = static_cast<std::int8_t>(key.type);
        if (request.include_documentation) config.documentation = std::string(key.doc);
        if (!request.include_synonyms) continue;
        if (described.source == Source::topic)
            config.synonyms.push_back(config_synonym(key.name, described.value, Source::topic));
        config.synonyms.insert(config.synonyms.end(), from.begin(), from.end());
    }
}

/// The answers of AlterConfigs and IncrementalAlterConfigs are alike; so is the work.
template <class Response>
struct AlterJob {
    Response answer;
    std::vector<broker::TopicConfigChange> changes;
    std::vector<std::size_t> places;
    std::vector<std::pair<std::size_t, BrokerChange>> broker_changes;  ///< with their places
    std::vector<broker::TopicConfigChange> told;                       ///< all of them, for the audit log
    std::size_t under_way = 0;
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
    if (resource.resource_type == kTopicResource || resource.resource_type == kBrokerResource) return true;
    refuse(answer, place, ErrorCode::invalid_request,
           fmt::format("resources of type {} have no settings here", resource.resource_type));
    return false;
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

/// One change of one resource, wherever it belongs.
template <class Response>
void add_change(Service& service, const Call& call, AlterJob<Response>& job, std::size_t place,
                broker::TopicConfigChange change) {
    const auto& resource = job.answer.responses[place];
    if (resource.resource_type == kTopicResource) {
        job.told.push_back(change);
        job.changes.push_back(std::move(change));
        job.places.push_back(place);
        return;
    }
    BrokerChange planned =
        plan_broker_change(service, call, resource.resource_name, change.changes, change.replace);
    if (planned.error != ErrorCode::none) return refuse(job.answer, place, planned.error, planned.message);
    job.told.push_back({fmt::format("broker {}", resource.resource_name), std::move(change.changes), false});
    job.broker_changes.emplace_back(place, std::move(planned));
}

template <class Response>
void submit_changes(Service& service, const CallPtr& call, std::shared_ptr<AlterJob<Response>> job,
                    bool validate_only) {
    if (validate_only) job->broker_changes.clear();
    job->under_way = job->broker_changes.size() + (job->changes.empty() ? 0 : 1);
    if (job->under_way == 0) return call->answer(job->answer);
    const auto done = [call, job] {
        if (--job->under_way == 0) call->answer(job->answer);
    };
    for (auto& [place, planned] : job->broker_changes) {
        auto answer = service.on_loop<broker::KafkaError>([job, done, at = place](broker::KafkaError error) {
            auto& out = job->answer.responses[at];
            out.error_code = to_wire(error);
            out.error_message = message_of(out.error_code);
            done();
        });
        service.submit(
            journal::Lane::control,
            broker::change_cluster_settings(service.broker(), std::move(planned.changes), std::move(answer)));
    }
    if (job->changes.empty()) return;
    auto answer = service.on_loop<std::vector<broker::TopicResult>>(
        [job, done](const std::vector<broker::TopicResult>& results) {
            for (std::size_t i = 0; i < results.size(); ++i) {
                auto& out = job->answer.responses[job->places.at(i)];
                out.error_code = to_wire(results[i].error);
                out.error_message = message_of(out.error_code, results[i].message);
            }
            done();
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
            describe_topic(service, *topic, request, resource, out);
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
        add_change(service, *call, *job, place, std::move(change));
    }
    if (call->audited()) call->note(changes_text(job->told));
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
        add_change(service, *call, *job, place, std::move(change));
    }
    if (call->audited()) call->note(changes_text(job->told));
    submit_changes(service, call, std::move(job), request.validate_only);
}

}  // namespace mr::serve::kafka
