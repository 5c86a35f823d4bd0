#include "wire/messages/sasl.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(SaslHandshakeRequest);
MR_WIRE_MESSAGE_CODE(SaslHandshakeResponse);
MR_WIRE_MESSAGE_CODE(SaslAuthenticateRequest);
MR_WIRE_MESSAGE_CODE(SaslAuthenticateResponse);

}  // namespace mr::wire
