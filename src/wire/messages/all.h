// Every request and its response, for what goes over all of them: tests and fuzzing. Thread: any.
#pragma once

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

namespace mr::wire {

/// Calls `visit.operator()<Request, Response>()` for each, by key.
template <class Visit>
void for_each_api(Visit&& visit) {
    visit.template operator()<ProduceRequest, ProduceResponse>();
    visit.template operator()<FetchRequest, FetchResponse>();
    visit.template operator()<ListOffsetsRequest, ListOffsetsResponse>();
    visit.template operator()<MetadataRequest, MetadataResponse>();
    visit.template operator()<OffsetCommitRequest, OffsetCommitResponse>();
    visit.template operator()<OffsetFetchRequest, OffsetFetchResponse>();
    visit.template operator()<FindCoordinatorRequest, FindCoordinatorResponse>();
    visit.template operator()<JoinGroupRequest, JoinGroupResponse>();
    visit.template operator()<HeartbeatRequest, HeartbeatResponse>();
    visit.template operator()<LeaveGroupRequest, LeaveGroupResponse>();
    visit.template operator()<SyncGroupRequest, SyncGroupResponse>();
    visit.template operator()<DescribeGroupsRequest, DescribeGroupsResponse>();
    visit.template operator()<ListGroupsRequest, ListGroupsResponse>();
    visit.template operator()<SaslHandshakeRequest, SaslHandshakeResponse>();
    visit.template operator()<ApiVersionsRequest, ApiVersionsResponse>();
    visit.template operator()<CreateTopicsRequest, CreateTopicsResponse>();
    visit.template operator()<DeleteTopicsRequest, DeleteTopicsResponse>();
    visit.template operator()<DeleteRecordsRequest, DeleteRecordsResponse>();
    visit.template operator()<InitProducerIdRequest, InitProducerIdResponse>();
    visit.template operator()<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>();
    visit.template operator()<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>();
    visit.template operator()<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>();
    visit.template operator()<EndTxnRequest, EndTxnResponse>();
    visit.template operator()<WriteTxnMarkersRequest, WriteTxnMarkersResponse>();
    visit.template operator()<TxnOffsetCommitRequest, TxnOffsetCommitResponse>();
    visit.template operator()<DescribeAclsRequest, DescribeAclsResponse>();
    visit.template operator()<CreateAclsRequest, CreateAclsResponse>();
    visit.template operator()<DeleteAclsRequest, DeleteAclsResponse>();
    visit.template operator()<DescribeConfigsRequest, DescribeConfigsResponse>();
    visit.template operator()<AlterConfigsRequest, AlterConfigsResponse>();
    visit.template operator()<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse>();
    visit.template operator()<DescribeLogDirsRequest, DescribeLogDirsResponse>();
    visit.template operator()<SaslAuthenticateRequest, SaslAuthenticateResponse>();
    visit.template operator()<CreatePartitionsRequest, CreatePartitionsResponse>();
    visit.template operator()<DeleteGroupsRequest, DeleteGroupsResponse>();
    visit.template operator()<ElectLeadersRequest, ElectLeadersResponse>();
    visit.template operator()<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>();
    visit.template operator()<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>();
    visit.template operator()<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>();
    visit.template operator()<OffsetDeleteRequest, OffsetDeleteResponse>();
    visit.template operator()<DescribeClientQuotasRequest, DescribeClientQuotasResponse>();
    visit.template operator()<AlterClientQuotasRequest, AlterClientQuotasResponse>();
    visit.template operator()<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse>();
    visit.template operator()<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse>();
    visit.template operator()<DescribeQuorumRequest, DescribeQuorumResponse>();
    visit.template operator()<UpdateFeaturesRequest, UpdateFeaturesResponse>();
    visit.template operator()<DescribeClusterRequest, DescribeClusterResponse>();
    visit.template operator()<DescribeProducersRequest, DescribeProducersResponse>();
    visit.template operator()<DescribeTransactionsRequest, DescribeTransactionsResponse>();
    visit.template operator()<ListTransactionsRequest, ListTransactionsResponse>();
    visit.template operator()<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>();
    visit.template operator()<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>();
    visit.template operator()<ListConfigResourcesRequest, ListConfigResourcesResponse>();
    visit.template operator()<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>();
}

}  // namespace mr::wire
