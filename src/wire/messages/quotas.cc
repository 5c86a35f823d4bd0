#include "wire/messages/quotas.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(DescribeClientQuotasRequest);
MR_WIRE_MESSAGE_CODE(DescribeClientQuotasResponse);
MR_WIRE_MESSAGE_CODE(AlterClientQuotasRequest);
MR_WIRE_MESSAGE_CODE(AlterClientQuotasResponse);

}  // namespace mr::wire
