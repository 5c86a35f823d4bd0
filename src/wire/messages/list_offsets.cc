#include "wire/messages/list_offsets.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(ListOffsetsRequest);
MR_WIRE_MESSAGE_CODE(ListOffsetsResponse);
MR_WIRE_MESSAGE_CODE(OffsetForLeaderEpochRequest);
MR_WIRE_MESSAGE_CODE(OffsetForLeaderEpochResponse);

}  // namespace mr::wire
