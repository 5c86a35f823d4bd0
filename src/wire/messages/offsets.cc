#include "wire/messages/offsets.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(OffsetCommitRequest);
MR_WIRE_MESSAGE_CODE(OffsetCommitResponse);
MR_WIRE_MESSAGE_CODE(OffsetFetchRequest);
MR_WIRE_MESSAGE_CODE(OffsetFetchResponse);
MR_WIRE_MESSAGE_CODE(OffsetDeleteRequest);
MR_WIRE_MESSAGE_CODE(OffsetDeleteResponse);

}  // namespace mr::wire
