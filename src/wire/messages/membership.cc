#include "wire/messages/membership.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(JoinGroupRequest);
MR_WIRE_MESSAGE_CODE(JoinGroupResponse);
MR_WIRE_MESSAGE_CODE(SyncGroupRequest);
MR_WIRE_MESSAGE_CODE(SyncGroupResponse);
MR_WIRE_MESSAGE_CODE(HeartbeatRequest);
MR_WIRE_MESSAGE_CODE(HeartbeatResponse);
MR_WIRE_MESSAGE_CODE(LeaveGroupRequest);
MR_WIRE_MESSAGE_CODE(LeaveGroupResponse);

}  // namespace mr::wire
