#include "wire/messages/topics.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(CreateTopicsRequest);
MR_WIRE_MESSAGE_CODE(CreateTopicsResponse);
MR_WIRE_MESSAGE_CODE(DeleteTopicsRequest);
MR_WIRE_MESSAGE_CODE(DeleteTopicsResponse);
MR_WIRE_MESSAGE_CODE(CreatePartitionsRequest);
MR_WIRE_MESSAGE_CODE(CreatePartitionsResponse);
MR_WIRE_MESSAGE_CODE(DeleteRecordsRequest);
MR_WIRE_MESSAGE_CODE(DeleteRecordsResponse);
MR_WIRE_MESSAGE_CODE(DescribeLogDirsRequest);
MR_WIRE_MESSAGE_CODE(DescribeLogDirsResponse);

}  // namespace mr::wire
