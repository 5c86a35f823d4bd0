#include "wire/messages/transactions.h"

#include "wire/internal/message_code.h"

namespace mr::wire {

MR_WIRE_MESSAGE_CODE(AddPartitionsToTxnRequest);
MR_WIRE_MESSAGE_CODE(AddPartitionsToTxnResponse);
MR_WIRE_MESSAGE_CODE(AddOffsetsToTxnRequest);
MR_WIRE_MESSAGE_CODE(AddOffsetsToTxnResponse);
MR_WIRE_MESSAGE_CODE(EndTxnRequest);
MR_WIRE_MESSAGE_CODE(EndTxnResponse);
MR_WIRE_MESSAGE_CODE(TxnOffsetCommitRequest);
MR_WIRE_MESSAGE_CODE(TxnOffsetCommitResponse);

}  // namespace mr::wire
