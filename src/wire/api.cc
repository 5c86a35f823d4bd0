#include "wire/api.h"

#include <array>
#include <utility>

namespace mr::wire {
namespace {

constexpr std::array kApis = {
    std::pair(ApiKey::produce, std::string_view("Produce")),
    std::pair(ApiKey::fetch, std::string_view("Fetch")),
    std::pair(ApiKey::list_offsets, std::string_view("ListOffsets")),
    std::pair(ApiKey::metadata, std::string_view("Metadata")),
    std::pair(ApiKey::offset_commit, std::string_view("OffsetCommit")),
    std::pair(ApiKey::offset_fetch, std::string_view("OffsetFetch")),
    std::pair(ApiKey::find_coordinator, std::string_view("FindCoordinator")),
    std::pair(ApiKey::join_group, std::string_view("JoinGroup")),
    std::pair(ApiKey::heartbeat, std::string_view("Heartbeat")),
    std::pair(ApiKey::leave_group, std::string_view("LeaveGroup")),
    std::pair(ApiKey::sync_group, std::string_view("SyncGroup")),
    std::pair(ApiKey::describe_groups, std::string_view("DescribeGroups")),
    std::pair(ApiKey::list_groups, std::string_view("ListGroups")),
    std::pair(ApiKey::api_versions, std::string_view("ApiVersions")),
    std::pair(ApiKey::create_topics, std::string_view("CreateTopics")),
    std::pair(ApiKey::delete_topics, std::string_view("DeleteTopics")),
    std::pair(ApiKey::delete_records, std::string_view("DeleteRecords")),
    std::pair(ApiKey::init_producer_id, std::string_view("InitProducerId")),
    std::pair(ApiKey::offset_for_leader_epoch, std::string_view("OffsetForLeaderEpoch")),
    std::pair(ApiKey::add_partitions_to_txn, std::string_view("AddPartitionsToTxn")),
    std::pair(ApiKey::add_offsets_to_txn, std::string_view("AddOffsetsToTxn")),
    std::pair(ApiKey::end_txn, std::string_view("EndTxn")),
    std::pair(ApiKey::write_txn_markers, std::string_view("WriteTxnMarkers")),
    std::pair(ApiKey::txn_offset_commit, std::string_view("TxnOffsetCommit")),
    std::pair(ApiKey::describe_configs, std::string_view("DescribeConfigs")),
    std::pair(ApiKey::alter_configs, std::string_view("AlterConfigs")),
    std::pair(ApiKey::alter_replica_log_dirs, std::string_view("AlterReplicaLogDirs")),
    std::pair(ApiKey::describe_log_dirs, std::string_view("DescribeLogDirs")),
    std::pair(ApiKey::create_partitions, std::string_view("CreatePartitions")),
    std::pair(ApiKey::delete_groups, std::string_view("DeleteGroups")),
    std::pair(ApiKey::elect_leaders, std::string_view("ElectLeaders")),
    std::pair(ApiKey::incremental_alter_configs, std::string_view("IncrementalAlterConfigs")),
    std::pair(ApiKey::alter_partition_reassignments, std::string_view("AlterPartitionReassignments")),
    std::pair(ApiKey::list_partition_reassignments, std::string_view("ListPartitionReassignments")),
    std::pair(ApiKey::offset_delete, std::string_view("OffsetDelete")),
    std::pair(ApiKey::describe_client_quotas, std::string_view("DescribeClientQuotas")),
    std::pair(ApiKey::alter_client_quotas, std::string_view("AlterClientQuotas")),
    std::pair(ApiKey::describe_quorum, std::string_view("DescribeQuorum")),
    std::pair(ApiKey::update_features, std::string_view("UpdateFeatures")),
    std::pair(ApiKey::describe_cluster, std::string_view("DescribeCluster")),
    std::pair(ApiKey::describe_producers, std::string_view("DescribeProducers")),
    std::pair(ApiKey::describe_transactions, std::string_view("DescribeTransactions")),
    std::pair(ApiKey::list_transactions, std::string_view("ListTransactions")),
    std::pair(ApiKey::consumer_group_heartbeat, std::string_view("ConsumerGroupHeartbeat")),
    std::pair(ApiKey::consumer_group_describe, std::string_view("ConsumerGroupDescribe")),
    std::pair(ApiKey::list_config_resources, std::string_view("ListConfigResources")),
    std::pair(ApiKey::describe_topic_partitions, std::string_view("DescribeTopicPartitions")),
};

constexpr std::array kErrors = {
    std::pair(ErrorCode::unknown_server_error, std::string_view("UNKNOWN_SERVER_ERROR")),
    std::pair(ErrorCode::none, std::string_view("NONE")),
    std::pair(ErrorCode::offset_out_of_range, std::string_view("OFFSET_OUT_OF_RANGE")),
    std::pair(ErrorCode::corrupt_message, std::string_view("CORRUPT_MESSAGE")),
    std::pair(ErrorCode::unknown_topic_or_partition, std::string_view("UNKNOWN_TOPIC_OR_PARTITION")),
    std::pair(ErrorCode::leader_not_available, std::string_view("LEADER_NOT_AVAILABLE")),
    std::pair(ErrorCode::not_leader_or_follower, std::string_view("NOT_LEADER_OR_FOLLOWER")),
    std::pair(ErrorCode::request_timed_out, std::string_view("REQUEST_TIMED_OUT")),
    std::pair(ErrorCode::message_too_large, std::string_view("MESSAGE_TOO_LARGE")),
    std::pair(ErrorCode::offset_metadata_too_large, std::string_view("OFFSET_METADATA_TOO_LARGE")),
    std::pair(ErrorCode::coordinator_load_in_progress, std::string_view("COORDINATOR_LOAD_IN_PROGRESS")),
    std::pair(ErrorCode::coordinator_not_available, std::string_view("COORDINATOR_NOT_AVAILABLE")),
    std::pair(ErrorCode::not_coordinator, std::string_view("NOT_COORDINATOR")),
    std::pair(ErrorCode::invalid_topic_exception, std::string_view("INVALID_TOPIC_EXCEPTION")),
    std::pair(ErrorCode::invalid_required_acks, std::string_view("INVALID_REQUIRED_ACKS")),
    std::pair(ErrorCode::illegal_generation, std::string_view("ILLEGAL_GENERATION")),
    std::pair(ErrorCode::inconsistent_group_protocol, std::string_view("INCONSISTENT_GROUP_PROTOCOL")),
    std::pair(ErrorCode::invalid_group_id, std::string_view("INVALID_GROUP_ID")),
    std::pair(ErrorCode::unknown_member_id, std::string_view("UNKNOWN_MEMBER_ID")),
    std::pair(ErrorCode::invalid_session_timeout, std::string_view("INVALID_SESSION_TIMEOUT")),
    std::pair(ErrorCode::rebalance_in_progress, std::string_view("REBALANCE_IN_PROGRESS")),
    std::pair(ErrorCode::invalid_commit_offset_size, std::string_view("INVALID_COMMIT_OFFSET_SIZE")),
    std::pair(ErrorCode::topic_authorization_failed, std::string_view("TOPIC_AUTHORIZATION_FAILED")),
    std::pair(ErrorCode::group_authorization_failed, std::string_view("GROUP_AUTHORIZATION_FAILED")),
    std::pair(ErrorCode::cluster_authorization_failed, std::string_view("CLUSTER_AUTHORIZATION_FAILED")),
    std::pair(ErrorCode::invalid_timestamp, std::string_view("INVALID_TIMESTAMP")),
    std::pair(ErrorCode::unsupported_version, std::string_view("UNSUPPORTED_VERSION")),
    std::pair(ErrorCode::topic_already_exists, std::string_view("TOPIC_ALREADY_EXISTS")),
    std::pair(ErrorCode::invalid_partitions, std::string_view("INVALID_PARTITIONS")),
    std::pair(ErrorCode::invalid_replication_factor, std::string_view("INVALID_REPLICATION_FACTOR")),
    std::pair(ErrorCode::invalid_replica_assignment, std::string_view("INVALID_REPLICA_ASSIGNMENT")),
    std::pair(ErrorCode::invalid_config, std::string_view("INVALID_CONFIG")),
    std::pair(ErrorCode::invalid_request, std::string_view("INVALID_REQUEST")),
    std::pair(ErrorCode::unsupported_for_message_format, std::string_view("UNSUPPORTED_FOR_MESSAGE_FORMAT")),
    std::pair(ErrorCode::policy_violation, std::string_view("POLICY_VIOLATION")),
    std::pair(ErrorCode::out_of_order_sequence_number, std::string_view("OUT_OF_ORDER_SEQUENCE_NUMBER")),
    std::pair(ErrorCode::duplicate_sequence_number, std::string_view("DUPLICATE_SEQUENCE_NUMBER")),
    std::pair(ErrorCode::invalid_producer_epoch, std::string_view("INVALID_PRODUCER_EPOCH")),
    std::pair(ErrorCode::invalid_txn_state, std::string_view("INVALID_TXN_STATE")),
    std::pair(ErrorCode::invalid_producer_id_mapping, std::string_view("INVALID_PRODUCER_ID_MAPPING")),
    std::pair(ErrorCode::invalid_transaction_timeout, std::string_view("INVALID_TRANSACTION_TIMEOUT")),
    std::pair(ErrorCode::concurrent_transactions, std::string_view("CONCURRENT_TRANSACTIONS")),
    std::pair(ErrorCode::transaction_coordinator_fenced, std::string_view("TRANSACTION_COORDINATOR_FENCED")),
    std::pair(ErrorCode::transactional_id_authorization_failed,
              std::string_view("TRANSACTIONAL_ID_AUTHORIZATION_FAILED")),
    std::pair(ErrorCode::security_disabled, std::string_view("SECURITY_DISABLED")),
    std::pair(ErrorCode::operation_not_attempted, std::string_view("OPERATION_NOT_ATTEMPTED")),
    std::pair(ErrorCode::kafka_storage_error, std::string_view("KAFKA_STORAGE_ERROR")),
    std::pair(ErrorCode::log_dir_not_found, std::string_view("LOG_DIR_NOT_FOUND")),
    std::pair(ErrorCode::sasl_authentication_failed, std::string_view("SASL_AUTHENTICATION_FAILED")),
    std::pair(ErrorCode::unknown_producer_id, std::string_view("UNKNOWN_PRODUCER_ID")),
    std::pair(ErrorCode::reassignment_in_progress, std::string_view("REASSIGNMENT_IN_PROGRESS")),
    std::pair(ErrorCode::non_empty_group, std::string_view("NON_EMPTY_GROUP")),
    std::pair(ErrorCode::group_id_not_found, std::string_view("GROUP_ID_NOT_FOUND")),
    std::pair(ErrorCode::fetch_session_id_not_found, std::string_view("FETCH_SESSION_ID_NOT_FOUND")),
    std::pair(ErrorCode::invalid_fetch_session_epoch, std::string_view("INVALID_FETCH_SESSION_EPOCH")),
    std::pair(ErrorCode::fenced_leader_epoch, std::string_view("FENCED_LEADER_EPOCH")),
    std::pair(ErrorCode::unknown_leader_epoch, std::string_view("UNKNOWN_LEADER_EPOCH")),
    std::pair(ErrorCode::unsupported_compression_type, std::string_view("UNSUPPORTED_COMPRESSION_TYPE")),
    std::pair(ErrorCode::member_id_required, std::string_view("MEMBER_ID_REQUIRED")),
    std::pair(ErrorCode::preferred_leader_not_available, std::string_view("PREFERRED_LEADER_NOT_AVAILABLE")),
    std::pair(ErrorCode::group_max_size_reached, std::string_view("GROUP_MAX_SIZE_REACHED")),
    std::pair(ErrorCode::fenced_instance_id, std::string_view("FENCED_INSTANCE_ID")),
    std::pair(ErrorCode::election_not_needed, std::string_view("ELECTION_NOT_NEEDED")),
    std::pair(ErrorCode::no_reassignment_in_progress, std::string_view("NO_REASSIGNMENT_IN_PROGRESS")),
    std::pair(ErrorCode::group_subscribed_to_topic, std::string_view("GROUP_SUBSCRIBED_TO_TOPIC")),
    std::pair(ErrorCode::invalid_record, std::string_view("INVALID_RECORD")),
    std::pair(ErrorCode::unstable_offset_commit, std::string_view("UNSTABLE_OFFSET_COMMIT")),
    std::pair(ErrorCode::throttling_quota_exceeded, std::string_view("THROTTLING_QUOTA_EXCEEDED")),
    std::pair(ErrorCode::producer_fenced, std::string_view("PRODUCER_FENCED")),
    std::pair(ErrorCode::invalid_update_version, std::string_view("INVALID_UPDATE_VERSION")),
    std::pair(ErrorCode::feature_update_failed, std::string_view("FEATURE_UPDATE_FAILED")),
    std::pair(ErrorCode::unknown_topic_id, std::string_view("UNKNOWN_TOPIC_ID")),
    std::pair(ErrorCode::inconsistent_topic_id, std::string_view("INCONSISTENT_TOPIC_ID")),
    std::pair(ErrorCode::transactional_id_not_found, std::string_view("TRANSACTIONAL_ID_NOT_FOUND")),
    std::pair(ErrorCode::fenced_member_epoch, std::string_view("FENCED_MEMBER_EPOCH")),
    std::pair(ErrorCode::unreleased_instance_id, std::string_view("UNRELEASED_INSTANCE_ID")),
    std::pair(ErrorCode::unsupported_assignor, std::string_view("UNSUPPORTED_ASSIGNOR")),
    std::pair(ErrorCode::stale_member_epoch, std::string_view("STALE_MEMBER_EPOCH")),
    std::pair(ErrorCode::unsupported_endpoint_type, std::string_view("UNSUPPORTED_ENDPOINT_TYPE")),
    std::pair(ErrorCode::transaction_abortable, std::string_view("TRANSACTION_ABORTABLE")),
    std::pair(ErrorCode::invalid_regular_expression, std::string_view("INVALID_REGULAR_EXPRESSION")),
};

template <class Table, class Key>
std::string_view find(const Table& table, Key key) {
    for (const auto& [known, name] : table) {
        if (known == key) return name;
    }
    return "unknown";
}

}  // namespace

std::string_view to_string(ApiKey key) {
    return find(kApis, key);
}

std::string_view to_string(ErrorCode code) {
    return find(kErrors, code);
}

}  // namespace mr::wire
