// Every Kafka message. The first byte chooses the message, the second its version, the rest is its body.
// Invariants: no crash, no read outside the input; what decodes encodes, and decodes again to the same.
#include <array>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/configs.h"
#include "wire/messages/coordinator.h"
#include "wire/messages/fetch.h"
#include "wire/messages/groups.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/membership.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offsets.h"
#include "wire/messages/produce.h"
#include "wire/messages/topics.h"
#include "wire/messages/transaction_admin.h"
#include "wire/messages/transactions.h"

namespace {

namespace wire = mr::wire;

template <class M>
void again(const std::string& body, std::int16_t version) {
    const auto message = wire::decode_message<M>(mr::SharedBytes(body), version);
    if (!message) return;
    wire::Output first;
    wire::encode_message(*message, version, first);
    const std::string bytes = std::move(first).flatten();
    const auto back = wire::decode_message<M>(mr::SharedBytes(bytes), version);
    MR_CHECK(back.has_value(), "{}", back.error().message);
    wire::Output second;
    wire::encode_message(*back, version, second);
    MR_CHECK(std::move(second).flatten() == bytes);
    wire::print_message(*message, version);
}

using Run = void (*)(const std::string&, std::int16_t);
constexpr std::array<Run, 70> kRuns = {
    again<wire::AlterConfigsRequest>,
    again<wire::AlterConfigsResponse>,
    again<wire::ApiVersionsRequest>,
    again<wire::ApiVersionsResponse>,
    again<wire::CreatePartitionsRequest>,
    again<wire::CreatePartitionsResponse>,
    again<wire::CreateTopicsRequest>,
    again<wire::CreateTopicsResponse>,
    again<wire::DeleteGroupsRequest>,
    again<wire::DeleteGroupsResponse>,
    again<wire::DeleteRecordsRequest>,
    again<wire::DeleteRecordsResponse>,
    again<wire::DeleteTopicsRequest>,
    again<wire::DeleteTopicsResponse>,
    again<wire::DescribeClusterRequest>,
    again<wire::DescribeClusterResponse>,
    again<wire::DescribeConfigsRequest>,
    again<wire::DescribeConfigsResponse>,
    again<wire::DescribeGroupsRequest>,
    again<wire::DescribeGroupsResponse>,
    again<wire::DescribeLogDirsRequest>,
    again<wire::DescribeLogDirsResponse>,
    again<wire::FetchRequest>,
    again<wire::FetchResponse>,
    again<wire::FindCoordinatorRequest>,
    again<wire::FindCoordinatorResponse>,
    again<wire::HeartbeatRequest>,
    again<wire::HeartbeatResponse>,
    again<wire::IncrementalAlterConfigsRequest>,
    again<wire::IncrementalAlterConfigsResponse>,
    again<wire::InitProducerIdRequest>,
    again<wire::InitProducerIdResponse>,
    again<wire::JoinGroupRequest>,
    again<wire::JoinGroupResponse>,
    again<wire::LeaveGroupRequest>,
    again<wire::LeaveGroupResponse>,
    again<wire::ListGroupsRequest>,
    again<wire::ListGroupsResponse>,
    again<wire::ListOffsetsRequest>,
    again<wire::ListOffsetsResponse>,
    again<wire::MetadataRequest>,
    again<wire::MetadataResponse>,
    again<wire::OffsetCommitRequest>,
    again<wire::OffsetCommitResponse>,
    again<wire::OffsetDeleteRequest>,
    again<wire::OffsetDeleteResponse>,
    again<wire::OffsetFetchRequest>,
    again<wire::OffsetFetchResponse>,
    again<wire::OffsetForLeaderEpochRequest>,
    again<wire::OffsetForLeaderEpochResponse>,
    again<wire::ProduceRequest>,
    again<wire::ProduceResponse>,
    again<wire::SyncGroupRequest>,
    again<wire::SyncGroupResponse>,
    again<wire::AddOffsetsToTxnRequest>,
    again<wire::AddOffsetsToTxnResponse>,
    again<wire::AddPartitionsToTxnRequest>,
    again<wire::AddPartitionsToTxnResponse>,
    again<wire::DescribeProducersRequest>,
    again<wire::DescribeProducersResponse>,
    again<wire::DescribeTransactionsRequest>,
    again<wire::DescribeTransactionsResponse>,
    again<wire::EndTxnRequest>,
    again<wire::EndTxnResponse>,
    again<wire::ListTransactionsRequest>,
    again<wire::ListTransactionsResponse>,
    again<wire::TxnOffsetCommitRequest>,
    again<wire::TxnOffsetCommitResponse>,
    again<wire::WriteTxnMarkersRequest>,
    again<wire::WriteTxnMarkersResponse>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    static_cast<void>(wire::decode_request_header(input, size % 2 == 0));
    if (size < 2) return 0;
    kRuns[data[0] % kRuns.size()](input.substr(2), data[1] % 20);
    return 0;
}
