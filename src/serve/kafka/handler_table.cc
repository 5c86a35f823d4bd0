#include "serve/kafka/handler_table.h"

#include <algorithm>
#include <array>

#include "serve/kafka/handlers.h"

namespace mr::serve::kafka {
namespace {

using wire::ApiKey;

template <class Request, void (*Run)(Service&, const CallPtr&, Request)>
constexpr Handler handler(std::int16_t min, std::int16_t max) {
    return {.key = Request::kApi,
            .versions = {min, max},
            .advertised_min = min,
            .flexible_since = Request::kFlexibleSince,
            .run = [](Service& service, const CallPtr& call, const SharedBytes& body) {
                auto request = wire::decode_message<Request>(body, call->version(), wire::Trailing::ignore);
                if (!request) return call->refuse(request.error().message);
                Run(service, call, std::move(*request));
            }};
}

/// librdkafka takes a broker that does not list Produce 0 for one without message format v2, and would not
/// compress (KAFKA-18659); versions 0 to 2 are listed as Kafka 4 does, and refused.
constexpr Handler produce() {
    Handler h = handler<wire::ProduceRequest, handle_produce>(3, 13);
    h.advertised_min = 0;
    return h;
}

constexpr Handler api_versions() {
    return {.key = ApiKey::api_versions,
            .versions = {0, 4},
            .advertised_min = 0,
            .flexible_since = wire::ApiVersionsRequest::kFlexibleSince,
            .run = handle_api_versions};
}

constexpr std::array kHandlers = {
    produce(),
    handler<wire::FetchRequest, handle_fetch>(4, 18),
    handler<wire::ListOffsetsRequest, handle_list_offsets>(1, 11),
    handler<wire::MetadataRequest, handle_metadata>(0, 13),
    handler<wire::OffsetCommitRequest, handle_offset_commit>(2, 10),
    handler<wire::OffsetFetchRequest, handle_offset_fetch>(1, 10),
    handler<wire::FindCoordinatorRequest, handle_find_coordinator>(0, 6),
    handler<wire::JoinGroupRequest, handle_join_group>(0, 9),
    handler<wire::HeartbeatRequest, handle_heartbeat>(0, 4),
    handler<wire::LeaveGroupRequest, handle_leave_group>(0, 5),
    handler<wire::SyncGroupRequest, handle_sync_group>(0, 5),
    handler<wire::DescribeGroupsRequest, handle_describe_groups>(0, 6),
    handler<wire::ListGroupsRequest, handle_list_groups>(0, 5),
    handler<wire::SaslHandshakeRequest, handle_sasl_handshake>(0, 1),
    api_versions(),
    handler<wire::CreateTopicsRequest, handle_create_topics>(2, 7),
    handler<wire::DeleteTopicsRequest, handle_delete_topics>(1, 6),
    handler<wire::DeleteRecordsRequest, handle_delete_records>(0, 2),
    handler<wire::InitProducerIdRequest, handle_init_producer_id>(0, 5),
    handler<wire::OffsetForLeaderEpochRequest, handle_offset_for_leader_epoch>(2, 4),
    handler<wire::AddPartitionsToTxnRequest, handle_add_partitions_to_txn>(0, 5),
    handler<wire::AddOffsetsToTxnRequest, handle_add_offsets_to_txn>(0, 4),
    handler<wire::EndTxnRequest, handle_end_txn>(0, 5),
    handler<wire::WriteTxnMarkersRequest, handle_write_txn_markers>(1, 2),
    handler<wire::TxnOffsetCommitRequest, handle_txn_offset_commit>(0, 5),
    handler<wire::DescribeAclsRequest, handle_describe_acls>(1, 3),
    handler<wire::CreateAclsRequest, handle_create_acls>(1, 3),
    handler<wire::DeleteAclsRequest, handle_delete_acls>(1, 3),
    handler<wire::DescribeConfigsRequest, handle_describe_configs>(1, 4),
    handler<wire::AlterConfigsRequest, handle_alter_configs>(0, 2),
    handler<wire::AlterReplicaLogDirsRequest, handle_alter_replica_log_dirs>(1, 2),
    handler<wire::DescribeLogDirsRequest, handle_describe_log_dirs>(1, 5),
    handler<wire::SaslAuthenticateRequest, handle_sasl_authenticate>(0, 2),
    handler<wire::CreatePartitionsRequest, handle_create_partitions>(0, 3),
    handler<wire::DeleteGroupsRequest, handle_delete_groups>(0, 2),
    handler<wire::ElectLeadersRequest, handle_elect_leaders>(0, 2),
    handler<wire::IncrementalAlterConfigsRequest, handle_incremental_alter_configs>(0, 1),
    handler<wire::AlterPartitionReassignmentsRequest, handle_alter_partition_reassignments>(0, 1),
    handler<wire::ListPartitionReassignmentsRequest, handle_list_partition_reassignments>(0, 0),
    handler<wire::OffsetDeleteRequest, handle_offset_delete>(0, 0),
    handler<wire::DescribeClientQuotasRequest, handle_describe_client_quotas>(0, 1),
    handler<wire::AlterClientQuotasRequest, handle_alter_client_quotas>(0, 1),
    handler<wire::DescribeUserScramCredentialsRequest, handle_describe_user_scram_credentials>(0, 0),
    handler<wire::AlterUserScramCredentialsRequest, handle_alter_user_scram_credentials>(0, 0),
    handler<wire::DescribeQuorumRequest, handle_describe_quorum>(0, 2),
    handler<wire::UpdateFeaturesRequest, handle_update_features>(0, 2),
    handler<wire::DescribeClusterRequest, handle_describe_cluster>(0, 2),
    handler<wire::DescribeProducersRequest, handle_describe_producers>(0, 0),
    handler<wire::DescribeTransactionsRequest, handle_describe_transactions>(0, 0),
    handler<wire::ListTransactionsRequest, handle_list_transactions>(0, 2),
    handler<wire::ConsumerGroupHeartbeatRequest, handle_consumer_group_heartbeat>(0, 1),
    handler<wire::ConsumerGroupDescribeRequest, handle_consumer_group_describe>(0, 1),
    handler<wire::ListConfigResourcesRequest, handle_list_config_resources>(0, 1),
    handler<wire::DescribeTopicPartitionsRequest, handle_describe_topic_partitions>(0, 0),
};

static_assert(std::is_sorted(kHandlers.begin(), kHandlers.end(),
                             [](const Handler& a, const Handler& b) { return a.key < b.key; }));

}  // namespace

std::span<const Handler> handlers() {
    return kHandlers;
}

const Handler* find_handler(std::int16_t key) {
    const auto it = std::lower_bound(kHandlers.begin(), kHandlers.end(), static_cast<ApiKey>(key),
                                     [](const Handler& h, ApiKey wanted) { return h.key < wanted; });
    return it != kHandlers.end() && it->key == static_cast<ApiKey>(key) ? &*it : nullptr;
}

}  // namespace mr::serve::kafka
