#include "wire/messages/produce.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(ProduceRequest);
MR_WIRE_MESSAGE_CODE(ProduceResponse);

}  // namespace mr::wire
