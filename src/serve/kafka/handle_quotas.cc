// DescribeClientQuotas, AlterClientQuotas (KIP-546). What quotas mean is in quotas.h.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "serve/kafka/handlers.h"
#include "serve/kafka/quotas.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using Filter = wire::DescribeClientQuotasRequest;
enum Match : std::int8_t { exact = 0, of_default = 1, any = 2 };

Status check_filter(const Filter& request) {
    std::set<std::string> seen;
    for (const auto& component : request.components) {
        if (!seen.insert(component.entity_type).second) {
            return fail(Code::invalid_argument, "Entity type {} cannot appear more than once in the filter.",
                        component.entity_type);
        }
        if (component.entity_type != "user" && component.entity_type != "client-id" &&
            component.entity_type != "ip") {
            return fail(Code::unsupported, "Custom entity type '{}' not supported", component.entity_type);
        }
        if (component.match_type < exact || component.match_type > any) {
            return fail(Code::invalid_argument, "Unknown match type {}", component.match_type);
        }
    }
    if (seen.contains("ip") && seen.size() > 1) {
        return fail(
            Code::invalid_argument,
            "Invalid entity filter component combination, IP filter component should not be used with "
            "user or clientId filter component.");
    }
    return {};
}

bool passes(const Filter& request, const QuotaEntity& entity) {
    for (const auto& component : request.components) {
        const auto it = entity.find(component.entity_type);
        if (it == entity.end()) return false;
        if (component.match_type == exact && it->second != component.match) return false;
        if (component.match_type == of_default && it->second) return false;
    }
    return !request.strict || entity.size() == request.components.size();
}

using Answer = wire::AlterClientQuotasResponse;

/// One entry of the request as changes of settings.
Status to_changes(const wire::AlterClientQuotasRequest::Entry& entry,
                  std::vector<broker::ClusterSettingChange>& changes) {
    QuotaEntity entity;
    for (const auto& part : entry.entity) {
        if (!entity.emplace(part.entity_type, part.entity_name).second) {
            return fail(Code::invalid_argument, "Entity type {} appears more than once", part.entity_type);
        }
    }
    MR_TRY_VOID(check_quota_entity(entity));
    std::set<std::string> seen;
    for (const auto& op : entry.ops) {
        if (!seen.insert(op.key).second) {
            return fail(Code::invalid_argument, "{} appears more than once", op.key);
        }
        MR_TRY_VOID(check_quota_value(entity, op.key, op.remove ? std::nullopt : std::optional(op.value)));
        std::optional<std::string> value;
        if (!op.remove) value = fmt::format("{}", op.value);
        changes.push_back({quota_setting(entity, op.key), std::move(value)});
    }
    return {};
}

}  // namespace

void handle_describe_client_quotas(Service& service, const CallPtr& call,
                                   wire::DescribeClientQuotasRequest request) {
    wire::DescribeClientQuotasResponse response;
    if (!call->may_cluster(Operation::describe_configs)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        response.error_message = message_of(response.error_code);
        return call->answer(response);
    }
    if (const Status wrong = check_filter(request); !wrong) {
        response.error_code = to_wire(wrong.error());
        response.error_message = wrong.error().message;
        return call->answer(response);
    }
    response.entries.emplace();
    for (const auto& [entity, values] : service.quotas().all()) {
        if (!passes(request, entity)) continue;
        auto& out = response.entries->emplace_back();
        for (const auto& [type, name] : entity) out.entity.push_back({type, name});
        for (const auto& [key, value] : values) out.values.push_back({key, value});
    }
    call->answer(response);
}

void handle_alter_client_quotas(Service& service, const CallPtr& call,
                                wire::AlterClientQuotasRequest request) {
    auto response = std::make_shared<Answer>();
    std::vector<broker::ClusterSettingChange> changes;
    std::vector<std::size_t> places;
    for (const auto& entry : request.entries) {
        auto& out = response->entries.emplace_back();
        for (const auto& part : entry.entity) out.entity.push_back({part.entity_type, part.entity_name});
        if (!call->may_cluster(Operation::alter_configs)) {
            out.error_code = ErrorCode::cluster_authorization_failed;
            out.error_message = message_of(out.error_code);
            continue;
        }
        std::vector<broker::ClusterSettingChange> some;
        if (const Status wrong = to_changes(entry, some); !wrong) {
            out.error_code = to_wire(wrong.error());
            out.error_message = wrong.error().message;
            continue;
        }
        places.push_back(response->entries.size() - 1);
        std::move(some.begin(), some.end(), std::back_inserter(changes));
    }
    if (request.validate_only || changes.empty()) return call->answer(*response);
    auto answer = service.on_loop<broker::KafkaError>([call, response, places](broker::KafkaError error) {
        for (const std::size_t place : places) {
            response->entries[place].error_code = to_wire(error);
            response->entries[place].error_message = message_of(to_wire(error));
        }
        call->answer(*response);
    });
    service.submit(journal::Lane::control,
                   broker::change_cluster_settings(service.broker(), std::move(changes), std::move(answer)));
}

}  // namespace mr::serve::kafka
