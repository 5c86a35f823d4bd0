#include "wire/messages/partitions.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(DescribeTopicPartitionsRequest);
MR_WIRE_MESSAGE_CODE(DescribeTopicPartitionsResponse);
MR_WIRE_MESSAGE_CODE(ElectLeadersRequest);
MR_WIRE_MESSAGE_CODE(ElectLeadersResponse);
MR_WIRE_MESSAGE_CODE(AlterPartitionReassignmentsRequest);
MR_WIRE_MESSAGE_CODE(AlterPartitionReassignmentsResponse);
MR_WIRE_MESSAGE_CODE(ListPartitionReassignmentsRequest);
MR_WIRE_MESSAGE_CODE(ListPartitionReassignmentsResponse);
MR_WIRE_MESSAGE_CODE(AlterReplicaLogDirsRequest);
MR_WIRE_MESSAGE_CODE(AlterReplicaLogDirsResponse);

}  // namespace mr::wire
