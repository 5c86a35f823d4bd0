#include "wire/messages/api_versions.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(ApiVersionsRequest);
MR_WIRE_MESSAGE_CODE(ApiVersionsResponse);

}  // namespace mr::wire
