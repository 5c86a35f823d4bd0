#include "wire/message.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/messages/api_versions.h"
#include "wire/messages/fetch.h"
#include "wire/messages/membership.h"
#include "wire/messages/metadata.h"
#include "wire/messages/produce.h"

namespace mr::wire {
namespace {

SharedBytes bytes(std::string text) {
    return SharedBytes(std::move(text));
}

TEST(Header, RequestRoundTrip) {
    for (const bool flexible : {false, true}) {
        for (const auto& client : {std::optional<std::string>("me"), std::optional<std::string>()}) {
            std::string out;
            encode_request_header({3, 9, 77, client}, flexible, out);
            out += "rest";
            const auto header = decode_request_header(out, flexible);
            ASSERT_TRUE(header);
            EXPECT_EQ(header->first.api_key, 3);
            EXPECT_EQ(header->first.api_version, 9);
            EXPECT_EQ(header->first.correlation_id, 77);
            EXPECT_EQ(header->first.client_id, client);
            EXPECT_EQ(out.substr(header->second), "rest");
            for (std::size_t n = 0; n < out.size() - 4; ++n) {
                EXPECT_FALSE(decode_request_header(std::string_view(out).substr(0, n), flexible));
            }
        }
    }
}

TEST(Header, ClientIdOfNegativeLengthIsRefused) {
    EXPECT_FALSE(decode_request_header(std::string("\0\3\0\1\0\0\0\1\xff\xfe", 10), false));
}

// Goal: header tags that nobody knows are skipped.
TEST(Header, UnknownTags) {
    const std::string raw("\0\3\0\x09\0\0\0\1\xff\xff\2\5\1x\7\0", 16);
    const auto header = decode_request_header(raw, true);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->second, raw.size());
}

// Goal: ApiVersions answers with header v0 in every version, others with v1 once flexible.
TEST(Header, ApiVersionsIsSpecial) {
    Output v4 = encode_response(ApiVersionsResponse{}, 4, 9);
    EXPECT_EQ(hex(v4.bytes), "00 00 00 0c 00 00 00 09 00 00 01 00 00 00 00 00");
    Output heartbeat = encode_response(HeartbeatResponse{}, 4, 9);
    EXPECT_EQ(hex(heartbeat.bytes), "00 00 00 0c 00 00 00 09 00 00 00 00 00 00 00 00");
    EXPECT_TRUE(decode_response<ApiVersionsResponse>(bytes(v4.bytes.substr(4)), 4, 9));
    EXPECT_TRUE(decode_response<HeartbeatResponse>(bytes(heartbeat.bytes.substr(4)), 4, 9));
    EXPECT_FALSE(decode_response<HeartbeatResponse>(bytes(heartbeat.bytes.substr(4)), 4, 10));
}

// Goal: tags that a newer client sends are skipped wherever they stand; tags out of order are refused.
TEST(Message, UnknownTagsAreSkipped) {
    const auto good =
        decode_message<HeartbeatRequest>(bytes(std::string("\2g\0\0\0\1\2m\0\1\x63\3abc", 15)), 4);
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_EQ(good->group_id, "g");
    EXPECT_EQ(good->member_id, "m");
    EXPECT_FALSE(decode_message<HeartbeatRequest>(bytes(std::string("\2g\0\0\0\1\2m\0\2\5\0\5\0", 14)), 4));
}

// Goal: null where the version does not allow it is refused; where it does it is null and not empty.
TEST(Message, Nullability) {
    EXPECT_FALSE(decode_message<MetadataRequest>(bytes("\xff\xff\xff\xff"), 0));
    const auto all = decode_message<MetadataRequest>(bytes("\xff\xff\xff\xff"), 1);
    ASSERT_TRUE(all);
    EXPECT_FALSE(all->topics.has_value());
    const auto none = decode_message<MetadataRequest>(bytes(std::string(4, '\0')), 1);
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->topics.has_value());
    Output out;
    encode_message(MetadataRequest{}, 0, out);
    EXPECT_EQ(out.bytes, std::string(4, '\0'));
}

// Goal: a frame of 8 MiB that claims 8 million topics does not become gigabytes of structures.
TEST(Message, BudgetOfStructures) {
    std::string frame(8U << 20, '\0');
    frame[0] = '\0';
    frame[1] = '\x3f';
    const auto message = decode_message<MetadataRequest>(bytes(frame), 4);
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().code, Code::resource_exhausted);
}

// Goal: a count that the frame cannot hold is refused before anything is allocated for it.
TEST(Message, ImpossibleCounts) {
    EXPECT_FALSE(decode_message<MetadataRequest>(bytes("\x7f\xff\xff\xff"), 1));
    EXPECT_FALSE(decode_message<MetadataRequest>(bytes("\x80\0\0\0"), 1));
    EXPECT_FALSE(decode_message<MetadataRequest>(bytes("\xff\xff\xff\xff\x0f"), 9));
}

// Goal: records are shared with the frame on the way in and passed on without a copy on the way out.
TEST(Message, RecordsAreNotCopied) {
    const SharedBytes records(std::string(100000, 'r'));
    ProduceRequest request;
    request.topics.emplace_back();
    request.topics[0].name = "t";
    request.topics[0].partitions.resize(2);
    request.topics[0].partitions[0].records = RecordData(records);
    request.topics[0].partitions[1].records = RecordData(SharedBytes("small"));
    for (const std::int16_t version : std::initializer_list<std::int16_t>{3, 12, 13}) {
        Output out = encode_request(request, version, 5, "me");
        EXPECT_EQ(out.splices.size(), 1U);
        EXPECT_EQ(std::get<SharedBytes>(out.splices[0].second).view().data(), records.view().data());
        const std::size_t size = out.size();
        const std::string flat = std::move(out).flatten();
        EXPECT_EQ(flat.size(), size);
        const SharedBytes frame = SharedBytes(flat).slice(4);
        const auto header = decode_request_header(frame.view(), version >= 9);
        ASSERT_TRUE(header);
        const auto back = decode_message<ProduceRequest>(frame.slice(header->second), version);
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->topics[0].partitions[0].records->parts[0].view(), records.view());
        EXPECT_EQ(back->topics[0].partitions[1].records->parts[0].view(), "small");
    }
}

TEST(Message, PiecesKeepOrder) {
    Output out;
    out.bytes = "abcdef";
    out.splices = {{2, SharedBytes("1")}, {2, SharedBytes("2")}, {6, SharedBytes("3")}};
    Output copy = out;
    EXPECT_EQ(std::move(copy).flatten(), "ab12cdef3");
    EXPECT_EQ(std::move(out).pieces().size(), 5U);
}

TEST(Names, OfApisAndErrors) {
    EXPECT_EQ(to_string(ApiKey::incremental_alter_configs), "IncrementalAlterConfigs");
    EXPECT_EQ(to_string(ErrorCode::out_of_order_sequence_number), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    EXPECT_EQ(to_string(static_cast<ApiKey>(4711)), "unknown");
}

}  // namespace
}  // namespace mr::wire
