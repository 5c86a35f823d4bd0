// The handlers, one a request; serve/kafka/handler_table.cc lists them with their versions. Thread: loop.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "broker/topics_view.h"
#include "serve/kafka/call.h"
#include "serve/kafka/error.h"
#include "wire/messages/acls.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/cluster.h"
#include "wire/messages/configs.h"
#include "wire/messages/consumer_groups.h"
#include "wire/messages/coordinator.h"
#include "wire/messages/fetch.h"
#include "wire/messages/groups.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/membership.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offsets.h"
#include "wire/messages/partitions.h"
#include "wire/messages/produce.h"
#include "wire/messages/quotas.h"
#include "wire/messages/sasl.h"
#include "wire/messages/scram_credentials.h"
#include "wire/messages/topics.h"
#include "wire/messages/transaction_admin.h"
#include "wire/messages/transactions.h"

namespace mr::serve::kafka {

class Service;

/// Also answers versions it does not know, in v0.
void handle_api_versions(Service& service, const CallPtr& call, const SharedBytes& body);

void handle_produce(Service& service, const CallPtr& call, wire::ProduceRequest request);
void handle_fetch(Service& service, const CallPtr& call, wire::FetchRequest request);
void handle_list_offsets(Service& service, const CallPtr& call, wire::ListOffsetsRequest request);
void handle_offset_for_leader_epoch(Service& service, const CallPtr& call,
                                    wire::OffsetForLeaderEpochRequest request);
void handle_metadata(Service& service, const CallPtr& call, wire::MetadataRequest request);
void handle_describe_cluster(Service& service, const CallPtr& call, wire::DescribeClusterRequest request);
void handle_find_coordinator(Service& service, const CallPtr& call, wire::FindCoordinatorRequest request);
void handle_init_producer_id(Service& service, const CallPtr& call, wire::InitProducerIdRequest request);

void handle_add_partitions_to_txn(Service& service, const CallPtr& call,
                                  wire::AddPartitionsToTxnRequest request);
void handle_add_offsets_to_txn(Service& service, const CallPtr& call, wire::AddOffsetsToTxnRequest request);
void handle_txn_offset_commit(Service& service, const CallPtr& call, wire::TxnOffsetCommitRequest request);
void handle_end_txn(Service& service, const CallPtr& call, wire::EndTxnRequest request);
void handle_write_txn_markers(Service& service, const CallPtr& call, wire::WriteTxnMarkersRequest request);
void handle_describe_producers(Service& service, const CallPtr& call, wire::DescribeProducersRequest request);
void handle_describe_transactions(Service& service, const CallPtr& call,
                                  wire::DescribeTransactionsRequest request);
void handle_list_transactions(Service& service, const CallPtr& call, wire::ListTransactionsRequest request);

void handle_consumer_group_heartbeat(Service& service, const CallPtr& call,
                                     wire::ConsumerGroupHeartbeatRequest request);
void handle_consumer_group_describe(Service& service, const CallPtr& call,
                                    wire::ConsumerGroupDescribeRequest request);
void handle_join_group(Service& service, const CallPtr& call, wire::JoinGroupRequest request);
void handle_sync_group(Service& service, const CallPtr& call, wire::SyncGroupRequest request);
void handle_heartbeat(Service& service, const CallPtr& call, wire::HeartbeatRequest request);
void handle_leave_group(Service& service, const CallPtr& call, wire::LeaveGroupRequest request);
void handle_offset_commit(Service& service, const CallPtr& call, wire::OffsetCommitRequest request);
void handle_offset_fetch(Service& service, const CallPtr& call, wire::OffsetFetchRequest request);
void handle_offset_delete(Service& service, const CallPtr& call, wire::OffsetDeleteRequest request);
void handle_describe_groups(Service& service, const CallPtr& call, wire::DescribeGroupsRequest request);
void handle_list_groups(Service& service, const CallPtr& call, wire::ListGroupsRequest request);
void handle_delete_groups(Service& service, const CallPtr& call, wire::DeleteGroupsRequest request);

void handle_describe_topic_partitions(Service& service, const CallPtr& call,
                                      wire::DescribeTopicPartitionsRequest request);
void handle_elect_leaders(Service& service, const CallPtr& call, wire::ElectLeadersRequest request);
void handle_alter_partition_reassignments(Service& service, const CallPtr& call,
                                          wire::AlterPartitionReassignmentsRequest request);
void handle_list_partition_reassignments(Service& service, const CallPtr& call,
                                         wire::ListPartitionReassignmentsRequest request);
void handle_alter_replica_log_dirs(Service& service, const CallPtr& call,
                                   wire::AlterReplicaLogDirsRequest request);
void handle_update_features(Service& service, const CallPtr& call, wire::UpdateFeaturesRequest request);
void handle_describe_quorum(Service& service, const CallPtr& call, wire::DescribeQuorumRequest request);
void handle_list_config_resources(Service& service, const CallPtr& call,
                                  wire::ListConfigResourcesRequest request);
void handle_describe_client_quotas(Service& service, const CallPtr& call,
                                   wire::DescribeClientQuotasRequest request);
void handle_alter_client_quotas(Service& service, const CallPtr& call,
                                wire::AlterClientQuotasRequest request);

void handle_create_topics(Service& service, const CallPtr& call, wire::CreateTopicsRequest request);
void handle_delete_topics(Service& service, const CallPtr& call, wire::DeleteTopicsRequest request);
void handle_create_partitions(Service& service, const CallPtr& call, wire::CreatePartitionsRequest request);
void handle_delete_records(Service& service, const CallPtr& call, wire::DeleteRecordsRequest request);
void handle_describe_log_dirs(Service& service, const CallPtr& call, wire::DescribeLogDirsRequest request);
void handle_describe_configs(Service& service, const CallPtr& call, wire::DescribeConfigsRequest request);
void handle_alter_configs(Service& service, const CallPtr& call, wire::AlterConfigsRequest request);
void handle_incremental_alter_configs(Service& service, const CallPtr& call,
                                      wire::IncrementalAlterConfigsRequest request);

void handle_sasl_handshake(Service& service, const CallPtr& call, wire::SaslHandshakeRequest request);
void handle_sasl_authenticate(Service& service, const CallPtr& call, wire::SaslAuthenticateRequest request);
/// A token after a SaslHandshake of version 0.
void handle_bare_token(const CallPtr& call, std::string token);
void handle_describe_acls(Service& service, const CallPtr& call, wire::DescribeAclsRequest request);
void handle_create_acls(Service& service, const CallPtr& call, wire::CreateAclsRequest request);
void handle_delete_acls(Service& service, const CallPtr& call, wire::DeleteAclsRequest request);
void handle_describe_user_scram_credentials(Service& service, const CallPtr& call,
                                            wire::DescribeUserScramCredentialsRequest request);
void handle_alter_user_scram_credentials(Service& service, const CallPtr& call,
                                         wire::AlterUserScramCredentialsRequest request);

/// Without ACLs everybody may do everything: operations of a topic (KIP-430), as a bit set (3 read, 4 write,
/// 5 create, 6 delete, 7 alter, 8 describe, 10 describe configs, 11 alter configs).
inline constexpr std::int32_t kAllTopicOperations = 0b1101'1111'1000;

/// "/127.0.0.1", as Kafka shows the host of a group's member.
std::string client_host(const Call& call);
/// Which topics the caller may describe, for as long as its request is handled; empty: all of them.
std::function<bool(const std::string& topic)> may_describe(const CallPtr& call);

/// One partition of a request, found or with the error to answer.
struct FoundPartition {
    ErrorCode error = ErrorCode::none;
    std::shared_ptr<const broker::TopicView> topic;
    std::shared_ptr<broker::PartitionLog> log;
};
/// `by_id`: this version names topics by id.
FoundPartition find_partition(const broker::TopicsView& topics, const std::string& name, const Uuid& id,
                              bool by_id, std::int32_t partition);
/// The same for a caller: whether a topic is there is told only to who may do `operation` to it.
FoundPartition find_partition(const Call& call, Operation operation, const broker::TopicsView& topics,
                              const std::string& name, const Uuid& id, bool by_id, std::int32_t partition);

inline constexpr std::int32_t operation_bit(Operation operation) {
    return 1 << static_cast<int>(operation);
}
/// read, delete, describe, describe and alter configs: what there is to do to a group (KIP-430).
inline constexpr std::int32_t kAllGroupOperations =
    operation_bit(Operation::read) | operation_bit(Operation::remove) | operation_bit(Operation::describe);

}  // namespace mr::serve::kafka
