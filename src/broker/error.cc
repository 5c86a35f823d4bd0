#include "broker/error.h"

#include <algorithm>
#include <array>

namespace mr::broker {
namespace {

struct Row {
    KafkaError error;
    std::string_view name;
    std::string_view message;
};

using enum KafkaError;

// Names and sentences of org.apache.kafka.common.protocol.Errors (Kafka 4.3), for the codes we answer with.
constexpr std::array kRows = {
    Row{unknown_server_error, "UNKNOWN_SERVER_ERROR",
        "The server experienced an unexpected error when processing the request."},
    Row{none, "NONE", ""},
    Row{offset_out_of_range, "OFFSET_OUT_OF_RANGE",
        "The requested offset is not within the range of offsets maintained by the server."},
    Row{corrupt_message, "CORRUPT_MESSAGE",
        "This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted "
        "topic, or is otherwise corrupt."},
    Row{unknown_topic_or_partition, "UNKNOWN_TOPIC_OR_PARTITION",
        "This server does not host this topic-partition."},
    Row{invalid_fetch_size, "INVALID_FETCH_SIZE", "The requested fetch size is invalid."},
    Row{leader_not_available, "LEADER_NOT_AVAILABLE",
        "There is no leader for this topic-partition as we are in the middle of a leadership election."},
    Row{not_leader_or_follower, "NOT_LEADER_OR_FOLLOWER",
        "For requests intended only for the leader, this error indicates that the broker is not the current "
        "leader. For requests intended for any replica, this error indicates that the broker is not a "
        "replica of the topic partition."},
    Row{request_timed_out, "REQUEST_TIMED_OUT", "The request timed out."},
    Row{message_too_large, "MESSAGE_TOO_LARGE",
        "The request included a message larger than the max message size the server will accept."},
    Row{offset_metadata_too_large, "OFFSET_METADATA_TOO_LARGE",
        "The metadata field of the offset request was too large."},
    Row{coordinator_load_in_progress, "COORDINATOR_LOAD_IN_PROGRESS",
        "The coordinator is loading and hence can't process requests."},
    Row{coordinator_not_available, "COORDINATOR_NOT_AVAILABLE", "The coordinator is not available."},
    Row{not_coordinator, "NOT_COORDINATOR", "This is not the correct coordinator."},
    Row{invalid_topic_exception, "INVALID_TOPIC_EXCEPTION",
        "The request attempted to perform an operation on an invalid topic."},
    Row{record_list_too_large, "RECORD_LIST_TOO_LARGE",
        "The request included message batch larger than the configured segment size on the server."},
    Row{invalid_required_acks, "INVALID_REQUIRED_ACKS",
        "Produce request specified an invalid value for required acks."},
    Row{illegal_generation, "ILLEGAL_GENERATION", "Specified group generation id is not valid."},
    Row{inconsistent_group_protocol, "INCONSISTENT_GROUP_PROTOCOL",
        "The group member's supported protocols are incompatible with those of existing members or first "
        "group member tried to join with empty protocol type or empty protocol list."},
    Row{invalid_group_id, "INVALID_GROUP_ID", "The group id is invalid."},
    Row{unknown_member_id, "UNKNOWN_MEMBER_ID", "The coordinator is not aware of this member."},
    Row{invalid_session_timeout, "INVALID_SESSION_TIMEOUT",
        "The session timeout is not within the range allowed by the broker (as configured by "
        "group.min.session.timeout.ms and group.max.session.timeout.ms)."},
    Row{rebalance_in_progress, "REBALANCE_IN_PROGRESS", "The group is rebalancing, so a rejoin is needed."},
    Row{invalid_commit_offset_size, "INVALID_COMMIT_OFFSET_SIZE",
        "The committing offset data size is not valid."},
    Row{topic_authorization_failed, "TOPIC_AUTHORIZATION_FAILED", "Topic authorization failed."},
    Row{group_authorization_failed, "GROUP_AUTHORIZATION_FAILED", "Group authorization failed."},
    Row{cluster_authorization_failed, "CLUSTER_AUTHORIZATION_FAILED", "Cluster authorization failed."},
    Row{invalid_timestamp, "INVALID_TIMESTAMP", "The timestamp of the message is out of acceptable range."},
    Row{unsupported_sasl_mechanism, "UNSUPPORTED_SASL_MECHANISM",
        "The broker does not support the requested SASL mechanism."},
    Row{illegal_sasl_state, "ILLEGAL_SASL_STATE", "Request is not valid given the current SASL state."},
    Row{unsupported_version, "UNSUPPORTED_VERSION", "The version of API is not supported."},
    Row{topic_already_exists, "TOPIC_ALREADY_EXISTS", "Topic with this name already exists."},
    Row{invalid_partitions, "INVALID_PARTITIONS", "Number of partitions is below 1."},
    Row{invalid_replication_factor, "INVALID_REPLICATION_FACTOR",
        "Replication factor is below 1 or larger than the number of available brokers."},
    Row{invalid_replica_assignment, "INVALID_REPLICA_ASSIGNMENT", "Replica assignment is invalid."},
    Row{invalid_config, "INVALID_CONFIG", "Configuration is invalid."},
    Row{not_controller, "NOT_CONTROLLER", "This is not the correct controller for this cluster."},
    Row{invalid_request, "INVALID_REQUEST",
        "This most likely occurs because of a request being malformed by the client library or the message "
        "was sent to an incompatible broker. See the broker logs for more details."},
    Row{unsupported_for_message_format, "UNSUPPORTED_FOR_MESSAGE_FORMAT",
        "The message format version on the broker does not support the request."},
    Row{policy_violation, "POLICY_VIOLATION", "Request parameters do not satisfy the configured policy."},
    Row{out_of_order_sequence_number, "OUT_OF_ORDER_SEQUENCE_NUMBER",
        "The broker received an out of order sequence number."},
    Row{duplicate_sequence_number, "DUPLICATE_SEQUENCE_NUMBER",
        "The broker received a duplicate sequence number."},
    Row{invalid_producer_epoch, "INVALID_PRODUCER_EPOCH", "Producer attempted to produce with an old epoch."},
    Row{invalid_txn_state, "INVALID_TXN_STATE",
        "The producer attempted a transactional operation in an invalid state."},
    Row{invalid_producer_id_mapping, "INVALID_PRODUCER_ID_MAPPING",
        "The producer attempted to use a producer id which is not currently assigned to its transactional "
        "id."},
    Row{invalid_transaction_timeout, "INVALID_TRANSACTION_TIMEOUT",
        "The transaction timeout is larger than the maximum value allowed by the broker (as configured by "
        "transaction.max.timeout.ms)."},
    Row{concurrent_transactions, "CONCURRENT_TRANSACTIONS",
        "The producer attempted to update a transaction while another concurrent operation on the same "
        "transaction was ongoing."},
    Row{transaction_coordinator_fenced, "TRANSACTION_COORDINATOR_FENCED",
        "Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current "
        "coordinator for a given producer."},
    Row{transactional_id_authorization_failed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        "Transactional Id authorization failed."},
    Row{security_disabled, "SECURITY_DISABLED", "Security features are disabled."},
    Row{operation_not_attempted, "OPERATION_NOT_ATTEMPTED",
        "The broker did not attempt to execute this operation. This may happen for batched RPCs where some "
        "operations in the batch failed, causing the broker to respond without trying the rest."},
    Row{kafka_storage_error, "KAFKA_STORAGE_ERROR", "Disk error when trying to access log file on the disk."},
    Row{log_dir_not_found, "LOG_DIR_NOT_FOUND",
        "The user-specified log directory is not found in the broker config."},
    Row{sasl_authentication_failed, "SASL_AUTHENTICATION_FAILED", "SASL Authentication failed."},
    Row{unknown_producer_id, "UNKNOWN_PRODUCER_ID",
        "This exception is raised by the broker if it could not locate the producer metadata associated with "
        "the producerId in question."},
    Row{reassignment_in_progress, "REASSIGNMENT_IN_PROGRESS", "A partition reassignment is in progress."},
    Row{invalid_principal_type, "INVALID_PRINCIPAL_TYPE", "Supplied principalType is not supported."},
    Row{non_empty_group, "NON_EMPTY_GROUP", "The group is not empty."},
    Row{group_id_not_found, "GROUP_ID_NOT_FOUND", "The group id does not exist."},
    Row{fetch_session_id_not_found, "FETCH_SESSION_ID_NOT_FOUND", "The fetch session ID was not found."},
    Row{invalid_fetch_session_epoch, "INVALID_FETCH_SESSION_EPOCH", "The fetch session epoch is invalid."},
    Row{listener_not_found, "LISTENER_NOT_FOUND",
        "There is no listener on the leader broker that matches the listener on which metadata request was "
        "processed."},
    Row{topic_deletion_disabled, "TOPIC_DELETION_DISABLED", "Topic deletion is disabled."},
    Row{fenced_leader_epoch, "FENCED_LEADER_EPOCH",
        "The leader epoch in the request is older than the epoch on the broker."},
    Row{unknown_leader_epoch, "UNKNOWN_LEADER_EPOCH",
        "The leader epoch in the request is newer than the epoch on the broker."},
    Row{unsupported_compression_type, "UNSUPPORTED_COMPRESSION_TYPE",
        "The requesting client does not support the compression type of given partition."},
    Row{stale_broker_epoch, "STALE_BROKER_EPOCH", "Broker epoch has changed."},
    Row{offset_not_available, "OFFSET_NOT_AVAILABLE",
        "The leader high watermark has not caught up from a recent leader election so the offsets cannot be "
        "guaranteed to be monotonically increasing."},
    Row{member_id_required, "MEMBER_ID_REQUIRED",
        "The group member needs to have a valid member id before actually entering a consumer group."},
    Row{group_max_size_reached, "GROUP_MAX_SIZE_REACHED", "The group has reached its maximum size."},
    Row{fenced_instance_id, "FENCED_INSTANCE_ID",
        "The broker rejected this static consumer since another consumer with the same group.instance.id has "
        "registered with a different member.id."},
    Row{invalid_record, "INVALID_RECORD",
        "This record has failed the validation on broker and hence will be rejected."},
    Row{unstable_offset_commit, "UNSTABLE_OFFSET_COMMIT",
        "There are unstable offsets that need to be cleared."},
    Row{throttling_quota_exceeded, "THROTTLING_QUOTA_EXCEEDED", "The throttling quota has been exceeded."},
    Row{producer_fenced, "PRODUCER_FENCED",
        "There is a newer producer with the same transactionalId which fences the current one."},
    Row{resource_not_found, "RESOURCE_NOT_FOUND",
        "A request illegally referred to a resource that does not exist."},
    Row{duplicate_resource, "DUPLICATE_RESOURCE", "A request illegally referred to the same resource twice."},
    Row{unacceptable_credential, "UNACCEPTABLE_CREDENTIAL",
        "Requested credential would not meet criteria for acceptability."},
    Row{unknown_topic_id, "UNKNOWN_TOPIC_ID", "This server does not host this topic ID."},
    Row{transactional_id_not_found, "TRANSACTIONAL_ID_NOT_FOUND", "The transactionalId could not be found."},
    Row{fetch_session_topic_id_error, "FETCH_SESSION_TOPIC_ID_ERROR",
        "The fetch session encountered inconsistent topic ID usage"},
    Row{fenced_member_epoch, "FENCED_MEMBER_EPOCH",
        "The member epoch is fenced by the group coordinator. The member must abandon all its partitions and "
        "rejoin."},
    Row{unreleased_instance_id, "UNRELEASED_INSTANCE_ID",
        "The instance ID is still used by another member in the consumer group. That member must leave "
        "first."},
    Row{unsupported_assignor, "UNSUPPORTED_ASSIGNOR",
        "The assignor or its version range is not supported by the consumer group."},
    Row{stale_member_epoch, "STALE_MEMBER_EPOCH",
        "The member epoch is stale. The member must retry after receiving its updated member epoch via the "
        "ConsumerGroupHeartbeat API."},
    Row{invalid_regular_expression, "INVALID_REGULAR_EXPRESSION", "The regular expression is not valid."},
    Row{transaction_abortable, "TRANSACTION_ABORTABLE",
        "The server encountered an error with the transaction. The client can abort the transaction to "
        "continue using this transactional ID."},
};

const Row& row_of(KafkaError error) {
    const auto* found =
        std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.error == error; });
    return found == kRows.end() ? kRows.front() : *found;
}

}  // namespace

std::string_view to_string(KafkaError error) {
    return row_of(error).name;
}
std::string_view message_of(KafkaError error) {
    return row_of(error).message;
}

}  // namespace mr::broker
