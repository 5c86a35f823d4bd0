#include "wire/messages/transaction_admin.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(WriteTxnMarkersRequest);
MR_WIRE_MESSAGE_CODE(WriteTxnMarkersResponse);
MR_WIRE_MESSAGE_CODE(DescribeProducersRequest);
MR_WIRE_MESSAGE_CODE(DescribeProducersResponse);
MR_WIRE_MESSAGE_CODE(DescribeTransactionsRequest);
MR_WIRE_MESSAGE_CODE(DescribeTransactionsResponse);
MR_WIRE_MESSAGE_CODE(ListTransactionsRequest);
MR_WIRE_MESSAGE_CODE(ListTransactionsResponse);

}  // namespace mr::wire
