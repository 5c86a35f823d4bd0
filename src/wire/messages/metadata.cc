#include "wire/messages/metadata.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(MetadataRequest);
MR_WIRE_MESSAGE_CODE(MetadataResponse);
MR_WIRE_MESSAGE_CODE(DescribeClusterRequest);
MR_WIRE_MESSAGE_CODE(DescribeClusterResponse);

}  // namespace mr::wire
