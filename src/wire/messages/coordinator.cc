#include "wire/messages/coordinator.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(FindCoordinatorRequest);
MR_WIRE_MESSAGE_CODE(FindCoordinatorResponse);
MR_WIRE_MESSAGE_CODE(InitProducerIdRequest);
MR_WIRE_MESSAGE_CODE(InitProducerIdResponse);

}  // namespace mr::wire
