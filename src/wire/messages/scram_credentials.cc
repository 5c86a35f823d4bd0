#include "wire/messages/scram_credentials.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(DescribeUserScramCredentialsRequest);
MR_WIRE_MESSAGE_CODE(DescribeUserScramCredentialsResponse);
MR_WIRE_MESSAGE_CODE(AlterUserScramCredentialsRequest);
MR_WIRE_MESSAGE_CODE(AlterUserScramCredentialsResponse);

}  // namespace mr::wire
