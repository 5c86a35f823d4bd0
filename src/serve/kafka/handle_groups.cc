// DescribeGroups, ListGroups, DeleteGroups.
#include <algorithm>
#include <utility>
#include <vector>

#include "broker/offset_commit.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

namespace groups = broker::groups;

/// From v6 on a group that is not there is an error and no longer a group in state Dead (KIP-1043).
constexpr std::int16_t kNotFoundSince = 6;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

/// An empty filter lets everything through.
bool passes(const std::vector<std::string>& filter, std::string_view value) {
    return filter.empty() || std::any_of(filter.begin(), filter.end(), [&](const std::string& wanted) {
               return equal_ignoring_case(wanted, value);
           });
}

}  // namespace

void handle_describe_groups(Service& service, const CallPtr& call, wire::DescribeGroupsRequest request) {
    wire::DescribeGroupsResponse response;
    for (const std::string& name : request.groups) {
        auto& out = response.groups.emplace_back();
        if (!call->may_group(Operation::describe, name)) {
            out.group_id = name;
            out.error_code = ErrorCode::group_authorization_failed;
            continue;
        }
        groups::DescribedGroup group = service.coordinator().describe(name);
        out.error_code = to_wire(group.error);
        out.group_id = name;
        if (group.state == "Dead" && call->version() >= kNotFoundSince) {
            out.error_code = ErrorCode::group_id_not_found;
            out.error_message = fmt::format("Group {} not found.", name);
        }
        if (call->version() < kNotFoundSince && out.error_code == ErrorCode::group_id_not_found) {
            out.error_code = ErrorCode::none;
            group.state = "Dead";
        }
        out.group_state = std::move(group.state);
        out.protocol_type = std::move(group.protocol_type);
        out.protocol_data = std::move(group.protocol);
        if (request.include_authorized_operations)
            out.authorized_operations = call->operations(ResourceType::group, name, kAllGroupOperations);
        for (groups::DescribedMember& member : group.members) {
            auto& to = out.members.emplace_back();
            to.member_id = std::move(member.member_id);
            to.group_instance_id = std::move(member.instance_id);
            to.client_id = std::move(member.client_id);
            to.client_host = std::move(member.client_host);
            to.member_metadata.data = std::move(member.metadata);
            to.member_assignment.data = std::move(member.assignment);
        }
    }
    call->answer(response);
}

void handle_list_groups(Service& service, const CallPtr& call, wire::ListGroupsRequest request) {
    wire::ListGroupsResponse response;
    const bool all = call->may_cluster(Operation::describe);
    for (groups::ListedGroup& group : service.coordinator().list()) {
        if (!passes(request.states_filter, group.state) || !passes(request.types_filter, group.type))
            continue;
        if (!all && !call->may_group(Operation::describe, group.group)) continue;
        auto& out = response.groups.emplace_back();
        out.group_id = std::move(group.group);
        out.protocol_type = std::move(group.protocol_type);
        out.group_state = std::move(group.state);
        out.group_type = std::move(group.type);
    }
    call->answer(response);
}

void handle_delete_groups(Service& service, const CallPtr& call, wire::DeleteGroupsRequest request) {
    auto response = std::make_shared<wire::DeleteGroupsResponse>();
    std::vector<std::string> removed;
    auto places = std::make_shared<std::vector<std::size_t>>();
    for (std::string& name : request.groups_names) {
        auto& out = response->results.emplace_back();
        out.group_id = name;
        out.error_code = call->may_group(Operation::remove, name)
                             ? to_wire(service.coordinator().remove(name))
                             : ErrorCode::group_authorization_failed;
        if (out.error_code != ErrorCode::none) continue;
        places->push_back(response->results.size() - 1);
        removed.push_back(std::move(name));
    }
    service.coordinator_changed();
    if (removed.empty()) return call->answer(*response);
    auto answer = service.on_loop<std::vector<broker::KafkaError>>(
        [call, response, places](const std::vector<broker::KafkaError>& errors) {
            for (std::size_t i = 0; i < errors.size(); ++i) {
                // A group that had members once and never committed is gone all the same.
                if (errors[i] == broker::KafkaError::group_id_not_found) continue;
                response->results[places->at(i)].error_code = to_wire(errors[i]);
            }
            call->answer(*response);
        });
    service.submit(journal::Lane::control,
                   broker::delete_group_offsets(service.broker(), std::move(removed), std::move(answer)));
}

}  // namespace mr::serve::kafka
