#include "wire/messages/acls.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(DescribeAclsRequest);
MR_WIRE_MESSAGE_CODE(DescribeAclsResponse);
MR_WIRE_MESSAGE_CODE(CreateAclsRequest);
MR_WIRE_MESSAGE_CODE(CreateAclsResponse);
MR_WIRE_MESSAGE_CODE(DeleteAclsRequest);
MR_WIRE_MESSAGE_CODE(DeleteAclsResponse);

}  // namespace mr::wire
