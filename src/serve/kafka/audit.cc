#include "serve/kafka/audit.h"

#include <fmt/format.h>

#include "base/log.h"
#include "security/acl.h"
#include "serve/kafka/call.h"

namespace mr::serve::kafka {
namespace {

constexpr std::string_view kLog = "audit";
/// A request may name thousands; the line stays one that can be read.
constexpr std::size_t kItemsMax = 50;
constexpr std::size_t kItemBytesMax = 300;

std::string_view resource_name(std::int8_t type) {
    switch (type) {
        case 2:
            return "topic";
        case 4:
            return "broker";
        case 8:
            return "broker logger";
        case 16:
            return "client metrics";
        case 32:
            return "group";
        default:
            return "resource";
    }
}

template <class Responses>
AuditItems of_configs(const Responses& responses) {
    AuditItems items;
    for (const auto& one : responses)
        items.emplace_back(fmt::format("{} {}", resource_name(one.resource_type), one.resource_name),
                           one.error_code);
    return items;
}

/// Control characters would let a name forge lines.
void append_plain(std::string& out, std::string_view text) {
    for (const char c : text.substr(0, kItemBytesMax)) out += c >= ' ' && c != 127 ? c : '?';
    if (text.size() > kItemBytesMax) out += "…";
}

}  // namespace

AuditItems audit_items(const wire::CreateTopicsResponse& response) {
    AuditItems items;
    for (const auto& topic : response.topics) items.emplace_back("topic " + topic.name, topic.error_code);
    return items;
}

AuditItems audit_items(const wire::DeleteTopicsResponse& response) {
    AuditItems items;
    for (const auto& topic : response.responses)
        items.emplace_back("topic " + topic.name.value_or(topic.topic_id.to_string()), topic.error_code);
    return items;
}

AuditItems audit_items(const wire::CreatePartitionsResponse& response) {
    AuditItems items;
    for (const auto& topic : response.results) items.emplace_back("topic " + topic.name, topic.error_code);
    return items;
}

AuditItems audit_items(const wire::DeleteRecordsResponse& response) {
    AuditItems items;
    for (const auto& topic : response.topics) {
        for (const auto& partition : topic.partitions) {
            items.emplace_back(
                fmt::format("{}-{} below {}", topic.name, partition.partition_index, partition.low_watermark),
                partition.error_code);
        }
    }
    return items;
}

AuditItems audit_items(const wire::AlterConfigsResponse& response) {
    return of_configs(response.responses);
}

AuditItems audit_items(const wire::IncrementalAlterConfigsResponse& response) {
    return of_configs(response.responses);
}

AuditItems audit_items(const wire::AlterClientQuotasResponse& response) {
    AuditItems items;
    for (const auto& entry : response.entries) {
        std::string entity;
        for (const auto& part : entry.entity)
            entity += fmt::format("{}{}={}", entity.empty() ? "" : ",", part.entity_type,
                                  part.entity_name.value_or("<default>"));
        items.emplace_back(std::move(entity), entry.error_code);
    }
    return items;
}

AuditItems audit_items(const wire::DeleteGroupsResponse& response) {
    AuditItems items;
    for (const auto& group : response.results)
        items.emplace_back("group " + group.group_id, group.error_code);
    return items;
}

AuditItems audit_items(const wire::OffsetDeleteResponse& response) {
    AuditItems items;
    if (response.error_code != wire::ErrorCode::none) items.emplace_back("group", response.error_code);
    for (const auto& topic : response.topics) {
        for (const auto& partition : topic.partitions)
            items.emplace_back(fmt::format("{}-{}", topic.name, partition.partition_index),
                               partition.error_code);
    }
    return items;
}

AuditItems audit_items(const wire::CreateAclsResponse& response) {
    AuditItems items;
    for (const auto& result : response.results) items.emplace_back("acl", result.error_code);
    return items;
}

AuditItems audit_items(const wire::DeleteAclsResponse& response) {
    AuditItems items;
    for (const auto& filter : response.filter_results) {
        if (filter.error_code != wire::ErrorCode::none || filter.matching_acls.empty())
            items.emplace_back("no acl", filter.error_code);
        for (const auto& acl : filter.matching_acls) {
            const security::Acl removed{.type = static_cast<security::ResourceType>(acl.resource_type),
                                        .pattern = static_cast<security::PatternType>(acl.pattern_type),
                                        .name = acl.resource_name,
                                        .principal = acl.principal,
                                        .host = acl.host,
                                        .operation = static_cast<security::Operation>(acl.operation),
                                        .permission = static_cast<security::Permission>(acl.permission_type)};
            items.emplace_back(removed.text(), acl.error_code);
        }
    }
    return items;
}

AuditItems audit_items(const wire::AlterUserScramCredentialsResponse& response) {
    AuditItems items;
    for (const auto& result : response.results) items.emplace_back("user " + result.user, result.error_code);
    return items;
}

AuditItems audit_items(const wire::ElectLeadersResponse& response) {
    AuditItems items;
    for (const auto& topic : response.replica_election_results) {
        for (const auto& partition : topic.partition_result)
            items.emplace_back(fmt::format("{}-{}", topic.topic, partition.partition_id),
                               partition.error_code);
    }
    return items;
}

AuditItems audit_items(const wire::AlterPartitionReassignmentsResponse& response) {
    AuditItems items;
    for (const auto& topic : response.responses) {
        for (const auto& partition : topic.partitions)
            items.emplace_back(fmt::format("{}-{}", topic.name, partition.partition_index),
                               partition.error_code);
    }
    return items;
}

void audit(const Origin& origin, std::string_view client_id, wire::ApiKey api, std::string_view note,
           const AuditItems& items) {
    std::string line = "User:";
    append_plain(line, origin.user);
    line += fmt::format(" {} `", origin.peer);
    append_plain(line, client_id);
    line += fmt::format("` {}:", wire::to_string(api));
    std::size_t shown = 0;
    for (const auto& [what, error] : items) {
        if (++shown > kItemsMax) {
            line += fmt::format(", {} more", items.size() - kItemsMax);
            break;
        }
        line += shown == 1 ? " " : ", ";
        append_plain(line, what);
        line += fmt::format(" {}", wire::to_string(error));
    }
    if (!note.empty()) {
        line += " (";
        append_plain(line, note);
        line += ')';
    }
    log_line(LogLevel::info, kLog, line);
}

}  // namespace mr::serve::kafka
