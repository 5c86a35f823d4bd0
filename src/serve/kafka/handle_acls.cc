// DescribeAcls, CreateAcls, DeleteAcls (KIP-140, KIP-290).
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using security::Acl;
using security::AclFilter;

/// One of DescribeAcls or of DeleteAcls: their fields are alike.
template <class Filter>
AclFilter to_filter(const Filter& from) {
    AclFilter filter;
    filter.type = static_cast<security::ResourceType>(from.resource_type_filter);
    filter.pattern = static_cast<security::PatternType>(from.pattern_type_filter);
    filter.name = from.resource_name_filter;
    filter.principal = from.principal_filter;
    filter.host = from.host_filter;
    filter.operation = static_cast<security::Operation>(from.operation);
    filter.permission = static_cast<security::Permission>(from.permission_type);
    return filter;
}

template <class Out>
void put_entry(const Acl& acl, Out& out) {
    out.principal = acl.principal;
    out.host = acl.host;
    out.operation = static_cast<std::int8_t>(acl.operation);
    out.permission_type = static_cast<std::int8_t>(acl.permission);
}

/// none when ACLs can be asked for and changed by this caller.
ErrorCode check_caller(Service& service, const Call& call, Operation operation, std::string& message) {
    if (service.security() == nullptr || service.security()->authorizer == nullptr) {
        message = "No Authorizer is configured.";
        return ErrorCode::security_disabled;
    }
    if (call.may_cluster(operation)) return ErrorCode::none;
    message = "Cluster authorization failed.";
    return ErrorCode::cluster_authorization_failed;
}

/// Puts into the answer why the caller (`refused`) or what it asks (`wrong`) does not pass; false: both do.
bool refuse(auto& out, ErrorCode refused, const std::string& message, const Status& wrong) {
    if (refused != ErrorCode::none) {
        out.error_code = refused;
        out.error_message = message;
        return true;
    }
    if (wrong) return false;
    out.error_code = ErrorCode::invalid_request;
    out.error_message = wrong.error().message;
    return true;
}

}  // namespace

void handle_describe_acls(Service& service, const CallPtr& call, wire::DescribeAclsRequest request) {
    wire::DescribeAclsResponse response;
    std::string message;
    response.error_code = check_caller(service, *call, Operation::describe, message);
    const AclFilter filter = to_filter(request);
    if (response.error_code == ErrorCode::none) {
        if (const Status wrong = security::check_filter(filter); !wrong) {
            response.error_code = ErrorCode::invalid_request;
            message = wrong.error().message;
        }
    }
    if (response.error_code != ErrorCode::none) {
        response.error_message = std::move(message);
        return call->answer(response);
    }
    using Pattern = std::tuple<security::ResourceType, std::string, security::PatternType>;
    std::map<Pattern, std::vector<Acl>> found;
    for (Acl& acl : service.security()->store->view()->acls.find(filter))
        found[{acl.type, acl.name, acl.pattern}].push_back(acl);
    for (const auto& [pattern, acls] : found) {
        auto& out = response.resources.emplace_back();
        out.resource_type = static_cast<std::int8_t>(std::get<0>(pattern));
        out.resource_name = std::get<1>(pattern);
        out.pattern_type = static_cast<std::int8_t>(std::get<2>(pattern));
        for (const Acl& acl : acls) put_entry(acl, out.acls.emplace_back());
    }
    call->answer(response);
}

void handle_create_acls(Service& service, const CallPtr& call, wire::CreateAclsRequest request) {
    auto response = std::make_shared<wire::CreateAclsResponse>();
    std::string message;
    const ErrorCode refused = check_caller(service, *call, Operation::alter, message);
    std::vector<Acl> acls;
    std::string notes;
    for (auto& creation : request.creations) {
        Acl acl;
        acl.type = static_cast<security::ResourceType>(creation.resource_type);
        acl.pattern = static_cast<security::PatternType>(creation.resource_pattern_type);
        acl.name = std::move(creation.resource_name);
        acl.principal = std::move(creation.principal);
        acl.host = std::move(creation.host);
        acl.operation = static_cast<security::Operation>(creation.operation);
        acl.permission = static_cast<security::Permission>(creation.permission_type);
        auto& out = response->results.emplace_back();
        const Status wrong = security::check_acl(acl);
        if (call->audited()) notes += (notes.empty() ? "" : ", ") + acl.text();
        if (refuse(out, refused, message, wrong)) continue;
        acls.push_back(std::move(acl));
    }
    call->note(std::move(notes));
    if (acls.empty()) return call->answer(*response);
    auto answer = service.on_loop<Status>([call, response](const Status& status) {
        for (auto& result : response->results) {
            if (status || result.error_code != ErrorCode::none) continue;
            result.error_code = ErrorCode::policy_violation;
            result.error_message = status.error().message;
        }
        call->answer(*response);
    });
    service.submit(journal::Lane::control,
                   service.security()->store->add_acls(std::move(acls), std::move(answer)));
}

void handle_delete_acls(Service& service, const CallPtr& call, wire::DeleteAclsRequest request) {
    auto response = std::make_shared<wire::DeleteAclsResponse>();
    std::string message;
    const ErrorCode refused = check_caller(service, *call, Operation::alter, message);
    std::vector<AclFilter> filters;
    std::vector<std::size_t> places;
    for (const auto& wanted : request.filters) {
        auto& out = response->filter_results.emplace_back();
        AclFilter filter = to_filter(wanted);
        const Status wrong = security::check_filter(filter);
        if (refuse(out, refused, message, wrong)) continue;
        places.push_back(response->filter_results.size() - 1);
        filters.push_back(std::move(filter));
    }
    if (filters.empty()) return call->answer(*response);
    auto answer = service.on_loop<std::vector<std::vector<Acl>>>(
        [call, response, places](const std::vector<std::vector<Acl>>& removed) {
            for (std::size_t i = 0; i < removed.size(); ++i) {
                for (const Acl& acl : removed[i]) {
                    auto& out = response->filter_results[places.at(i)].matching_acls.emplace_back();
                    out.resource_type = static_cast<std::int8_t>(acl.type);
                    out.resource_name = acl.name;
                    out.pattern_type = static_cast<std::int8_t>(acl.pattern);
                    put_entry(acl, out);
                }
            }
            call->answer(*response);
        });
    service.submit(journal::Lane::control,
                   service.security()->store->remove_acls(std::move(filters), std::move(answer)));
}

}  // namespace mr::serve::kafka
