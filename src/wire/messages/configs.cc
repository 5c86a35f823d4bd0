#include "wire/messages/configs.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(DescribeConfigsRequest);
MR_WIRE_MESSAGE_CODE(DescribeConfigsResponse);
MR_WIRE_MESSAGE_CODE(AlterConfigsRequest);
MR_WIRE_MESSAGE_CODE(AlterConfigsResponse);
MR_WIRE_MESSAGE_CODE(IncrementalAlterConfigsRequest);
MR_WIRE_MESSAGE_CODE(IncrementalAlterConfigsResponse);

}  // namespace mr::wire
