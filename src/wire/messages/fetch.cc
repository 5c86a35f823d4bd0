#include "wire/messages/fetch.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(FetchRequest);
MR_WIRE_MESSAGE_CODE(FetchResponse);

}  // namespace mr::wire
