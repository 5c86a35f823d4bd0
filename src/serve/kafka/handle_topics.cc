// CreateTopics, DeleteTopics, CreatePartitions.
#include <map>
#include <utility>
#include <vector>

#include "broker/topic_admin.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/mutation_quota.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using CreateAnswer = wire::CreateTopicsResponse;

/// What is wrong with a topic to be created before the broker looks at it.
struct Refusal {
    ErrorCode error = ErrorCode::none;
    std::string message;
};

/// A manual assignment must put every partition, numbered from 0, on the one broker there is.
Refusal check_assignments(const wire::CreateTopicsRequest::Topic& topic) {
    if (topic.assignments.empty()) return {};
    if (topic.num_partitions != -1 || topic.replication_factor != -1) {
        return {
            ErrorCode::invalid_request,
            "Both partitions or replicationFactor and replicasAssignments were set. Both cannot be used at "
            "the same time."};
    }
    std::vector<bool> seen(topic.assignments.size(), false);
    for (const auto& assignment : topic.assignments) {
        const auto index = static_cast<std::size_t>(assignment.partition_index);
        if (assignment.partition_index < 0 || index >= seen.size() || seen[index]) {
            return {ErrorCode::invalid_replica_assignment,
                    "Replica assignments must number the partitions from 0, each once"};
        }
        seen[index] = true;
        if (assignment.broker_ids != std::vector<std::int32_t>{kNodeId}) {
            return {ErrorCode::invalid_replica_assignment,
                    fmt::format("The only broker is {}: every partition must have exactly this replica",
                                kNodeId)};
        }
    }
    return {};
}

Refusal to_new_topic(const wire::CreateTopicsRequest::Topic& topic, const Options& options,
                     broker::NewTopic& out) {
    Refusal refusal = check_assignments(topic);
    if (refusal.error != ErrorCode::none) return refusal;
    out.name = topic.name;
    out.replication_factor = topic.replication_factor;
    out.partitions = topic.num_partitions == -1 ? options.num_partitions : topic.num_partitions;
    if (!topic.assignments.empty()) out.partitions = static_cast<std::int32_t>(topic.assignments.size());
    for (const auto& config : topic.configs) {
        if (!config.value) {
            return {ErrorCode::invalid_config,
                    fmt::format("Null value not supported for topic configs: {}", config.name)};
        }
        out.config[config.name] = *config.value;
    }
    return {};
}

/// The settings the new topic has, for CreateTopics v5 and later (KIP-525).
void describe_created(Service& service, const Call& call, const broker::NewTopic& asked,
                      const broker::CreatedTopic& created, CreateAnswer::Topic& out) {
    out.topic_id = created.id;
    if (!call.may_topic(Operation::describe_configs, asked.name)) {
        out.topic_config_error_code = ErrorCode::topic_authorization_failed;
        return;
    }
    out.num_partitions = created.partitions;
    out.replication_factor = 1;
    const auto config = broker::TopicConfig::make(
        asked.config, broker::topic_defaults(service.broker().options().topic_defaults,
                                             *service.broker().cluster_settings()));
    if (!config) return;
    auto& list = out.configs.emplace();
    for (const auto& described : config->describe()) {
        auto& to = list.emplace_back();
        to.name = described.key->name;
        to.value = described.value;
        to.config_source = static_cast<std::int8_t>(described.source);
    }
}

struct CreateJob {
    CreateAnswer answer;
    std::vector<broker::NewTopic> asked;
    std::vector<std::size_t> places;  ///< in answer.topics
};

void finish_create(Service& service, const Call& call, CreateJob& job,
                   const std::vector<broker::CreatedTopic>& created) {
    MR_CHECK(created.size() == job.places.size(), "{} answers", created.size());
    for (std::size_t i = 0; i < created.size(); ++i) {
        CreateAnswer::Topic& out = job.answer.topics[job.places[i]];
        out.error_code = to_wire(created[i].error);
        out.error_message = message_of(out.error_code, created[i].message);
        if (out.error_code == ErrorCode::none) describe_created(service, call, job.asked[i], created[i], out);
    }
}

template <class Topics>
std::map<std::string, int> count_names(const Topics& topics) {
    std::map<std::string, int> count;
    for (const auto& topic : topics) ++count[topic.name];
    return count;
}

/// Takes out the topics the caller may not delete, and answers for them. The name of a topic that was named
/// by id is told to who may see it.
wire::DeleteTopicsResponse refuse_unauthorised(Service& service, const Call& call,
                                               std::vector<broker::TopicRef>& topics, bool names_only) {
    wire::DeleteTopicsResponse response;
    std::erase_if(topics, [&](const broker::TopicRef& topic) {
        const bool by_id = topic.name.empty();
        const auto known = by_id ? service.broker().topics()->find(topic.id) : nullptr;
        if (by_id && !known) return false;
        const std::string& name = by_id ? known->name : topic.name;
        if (call.may_topic(Operation::remove, name)) return false;
        auto& out = response.responses.emplace_back();
        if (names_only || !by_id || call.may_topic(Operation::describe, name)) out.name = name;
        out.topic_id = topic.id;
        out.error_code = ErrorCode::topic_authorization_failed;
        out.error_message = message_of(out.error_code);
        return true;
    });
    return response;
}

/// Takes out of `topics`, and refuses, what the quota of deletions does not allow now.
void refuse_above_quota(Service& service, Call& call, std::vector<broker::TopicRef>& topics,
                        wire::DeleteTopicsResponse& response) {
    MutationQuota quota(service, call, call.version() >= 5);
    const auto known = service.broker().topics();
    std::erase_if(topics, [&](const broker::TopicRef& topic) {
        const auto there = topic.name.empty() ? known->find(topic.id) : known->find(topic.name);
        if (there == nullptr || quota.take(there->partition_count())) return false;
        auto& out = response.responses.emplace_back();
        if (!topic.name.empty()) out.name = topic.name;
        out.topic_id = topic.id;
        out.error_code = ErrorCode::throttling_quota_exceeded;
        return true;
    });
    call.throttle(quota.wait_ms());
}

}  // namespace

void handle_create_topics(Service& service, const CallPtr& call, wire::CreateTopicsRequest request) {
    auto job = std::make_shared<CreateJob>();
    const auto count = count_names(request.topics);
    const bool all = call->may_cluster(Operation::create);
    const auto known = service.broker().topics();
    MutationQuota quota(service, *call, call->version() >= 6);
    for (const auto& topic : request.topics) {
        broker::NewTopic asked;
        Refusal refusal;
        if (count.at(topic.name) > 1) {
            refusal = {ErrorCode::invalid_request, "Duplicate topic name."};
        } else if (!all && !call->may_topic(Operation::create, topic.name)) {
            refusal = {ErrorCode::topic_authorization_failed, "Authorization failed."};
        } else {
            refusal = to_new_topic(topic, service.options(), asked);
        }
        // One that is there already takes nothing.
        if (refusal.error == ErrorCode::none && !known->find(topic.name) && !quota.take(asked.partitions))
            refusal.error = ErrorCode::throttling_quota_exceeded;
        CreateAnswer::Topic& out = job->answer.topics.emplace_back();
        out.name = topic.name;
        out.error_code = refusal.error;
        if (refusal.error != ErrorCode::none) {
            if (!refusal.message.empty()) out.error_message = std::move(refusal.message);
            continue;
        }
        job->places.push_back(job->answer.topics.size() - 1);
        job->asked.push_back(std::move(asked));
    }
    call->throttle(quota.wait_ms());
    if (job->asked.empty()) return call->answer(job->answer);
    auto answer = service.on_loop<std::vector<broker::CreatedTopic>>(
        [&service, call, job](const std::vector<broker::CreatedTopic>& created) {
            if (!call->wanted()) return;
            finish_create(service, *call, *job, created);
            call->answer(job->answer);
        });
    service.submit(journal::Lane::control, broker::create_topics(service.broker(), job->asked,
                                                                 request.validate_only, std::move(answer)));
}

void handle_delete_topics(Service& service, const CallPtr& call, wire::DeleteTopicsRequest request) {
    std::vector<broker::TopicRef> topics;
    for (std::string& name : request.topic_names) topics.push_back({std::move(name), {}});
    for (auto& topic : request.topics) {
        topics.push_back({std::move(topic.name).value_or(""), topic.topic_id});
    }
    const bool names_only = call->version() < 6;
    wire::DeleteTopicsResponse refused;
    if (call->restricted()) refused = refuse_unauthorised(service, *call, topics, names_only);
    refuse_above_quota(service, *call, topics, refused);
    if (topics.empty()) return call->answer(refused);
    auto answer = service.on_loop<std::vector<broker::TopicResult>>(
        [call, names_only, refused = std::move(refused)](const std::vector<broker::TopicResult>& results) {
            wire::DeleteTopicsResponse response = refused;
            for (const broker::TopicResult& result : results) {
                auto& out = response.responses.emplace_back();
                // An id nobody knows has no name, which later versions may say.
                if (names_only || !result.name.empty()) out.name = result.name;
                out.topic_id = result.id;
                out.error_code = to_wire(result.error);
                out.error_message = message_of(out.error_code, result.message);
            }
            call->answer(response);
        });
    service.submit(journal::Lane::control,
                   broker::delete_topics(service.broker(), std::move(topics), std::move(answer)));
}

void handle_create_partitions(Service& service, const CallPtr& call, wire::CreatePartitionsRequest request) {
    auto response = std::make_shared<wire::CreatePartitionsResponse>();
    std::vector<broker::MorePartitions> more;
    auto places = std::make_shared<std::vector<std::size_t>>();
    const auto count = count_names(request.topics);
    const auto known = service.broker().topics();
    MutationQuota quota(service, *call, call->version() >= 3);
    for (const auto& topic : request.topics) {
        auto& out = response->results.emplace_back();
        out.name = topic.name;
        bool elsewhere = false;
        if (topic.assignments) {
            for (const auto& one : *topic.assignments) {
                elsewhere = elsewhere || one.broker_ids != std::vector<std::int32_t>{kNodeId};
            }
        }
        if (count.at(topic.name) > 1) {
            out.error_code = ErrorCode::invalid_request;
            out.error_message = "Duplicate topic name.";
        } else if (!call->may_topic(Operation::alter, topic.name)) {
            out.error_code = ErrorCode::topic_authorization_failed;
            out.error_message = message_of(out.error_code);
        } else if (elsewhere) {
            out.error_code = ErrorCode::invalid_replica_assignment;
            out.error_message =
                fmt::format("The only broker is {}: every partition must have exactly this replica", kNodeId);
        } else if (const auto there = known->find(topic.name);
                   there && topic.count > there->partition_count() &&
                   !quota.take(topic.count - there->partition_count())) {
            out.error_code = ErrorCode::throttling_quota_exceeded;
        } else {
            places->push_back(response->results.size() - 1);
            more.push_back({topic.name, topic.count});
        }
    }
    call->throttle(quota.wait_ms());
    if (more.empty()) return call->answer(*response);
    auto answer = service.on_loop<std::vector<broker::TopicResult>>(
        [call, response, places](const std::vector<broker::TopicResult>& results) {
            for (std::size_t i = 0; i < results.size(); ++i) {
                auto& out = response->results[places->at(i)];
                out.error_code = to_wire(results[i].error);
                out.error_message = message_of(out.error_code, results[i].message);
            }
            call->answer(*response);
        });
    service.submit(journal::Lane::control,
                   broker::create_partitions(service.broker(), std::move(more), request.validate_only,
                                             std::move(answer)));
}

}  // namespace mr::serve::kafka
