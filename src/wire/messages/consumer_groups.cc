#include "wire/messages/consumer_groups.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(ConsumerGroupHeartbeatRequest);
MR_WIRE_MESSAGE_CODE(ConsumerGroupHeartbeatResponse);
MR_WIRE_MESSAGE_CODE(ConsumerGroupDescribeRequest);
MR_WIRE_MESSAGE_CODE(ConsumerGroupDescribeResponse);

}  // namespace mr::wire
