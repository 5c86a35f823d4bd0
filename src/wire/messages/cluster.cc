#include "wire/messages/cluster.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(UpdateFeaturesRequest);
MR_WIRE_MESSAGE_CODE(UpdateFeaturesResponse);
MR_WIRE_MESSAGE_CODE(DescribeQuorumRequest);
MR_WIRE_MESSAGE_CODE(DescribeQuorumResponse);
MR_WIRE_MESSAGE_CODE(ListConfigResourcesRequest);
MR_WIRE_MESSAGE_CODE(ListConfigResourcesResponse);

}  // namespace mr::wire
