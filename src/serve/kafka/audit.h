// The audit log: one line for every administrative act that came by Kafka's protocol, whether it was allowed
// or not:
//   … info [audit] User:alice 10.0.0.7:40112 `kafka-topics` CreateTopics: topic orders NONE, topic x
//   INVALID_PARTITIONS
// Who, from where, with which client id, what, and what came of each part. Acts over HTTP are logged
// likewise. Thread: loop.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/api.h"
#include "wire/messages/acls.h"
#include "wire/messages/configs.h"
#include "wire/messages/groups.h"
#include "wire/messages/offsets.h"
#include "wire/messages/partitions.h"
#include "wire/messages/quotas.h"
#include "wire/messages/scram_credentials.h"
#include "wire/messages/topics.h"

namespace mr::serve::kafka {

struct Origin;

/// What was acted on, and with which result.
using AuditItems = std::vector<std::pair<std::string, wire::ErrorCode>>;

AuditItems audit_items(const wire::CreateTopicsResponse& response);
AuditItems audit_items(const wire::DeleteTopicsResponse& response);
AuditItems audit_items(const wire::CreatePartitionsResponse& response);
AuditItems audit_items(const wire::DeleteRecordsResponse& response);
AuditItems audit_items(const wire::AlterConfigsResponse& response);
AuditItems audit_items(const wire::IncrementalAlterConfigsResponse& response);
AuditItems audit_items(const wire::AlterClientQuotasResponse& response);
AuditItems audit_items(const wire::DeleteGroupsResponse& response);
AuditItems audit_items(const wire::OffsetDeleteResponse& response);
AuditItems audit_items(const wire::CreateAclsResponse& response);
AuditItems audit_items(const wire::DeleteAclsResponse& response);
AuditItems audit_items(const wire::AlterUserScramCredentialsResponse& response);
AuditItems audit_items(const wire::ElectLeadersResponse& response);
AuditItems audit_items(const wire::AlterPartitionReassignmentsResponse& response);

template <class Response>
inline constexpr bool kAudited = requires(const Response& response) { audit_items(response); };

void audit(const Origin& origin, std::string_view client_id, wire::ApiKey api, std::string_view note,
           const AuditItems& items);

}  // namespace mr::serve::kafka
