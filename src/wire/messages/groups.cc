#include "wire/messages/groups.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(DescribeGroupsRequest);
MR_WIRE_MESSAGE_CODE(DescribeGroupsResponse);
MR_WIRE_MESSAGE_CODE(ListGroupsRequest);
MR_WIRE_MESSAGE_CODE(ListGroupsResponse);
MR_WIRE_MESSAGE_CODE(DeleteGroupsRequest);
MR_WIRE_MESSAGE_CODE(DeleteGroupsResponse);

}  // namespace mr::wire
