// Transaction entries byte by byte: the examples of docs/formats/broker-entries.md, and what damage does.
#include "broker/txn/entries.h"

#include <gtest/gtest.h>

namespace mr::broker::txn {
namespace {

Uuid id() {
    std::string raw;
    for (char c = 0; c < 16; ++c) raw += c;
    return Uuid::from_bytes(raw);
}

const std::string kId = "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f ";
const std::string kTime = "e8 03 00 00 00 00 00 00 ";

template <class T>
void expect_bytes(const T& entry, const std::string& wanted) {
    const std::string bytes = encode(entry);
    EXPECT_EQ(hex(bytes, 1'000), wanted);
    const auto back = decode_transaction(bytes);
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_TRUE(std::holds_alternative<T>(*back));
    EXPECT_EQ(encode(std::get<T>(*back)), bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(decode_transaction(std::string_view(bytes).substr(0, n))) << n;
    EXPECT_FALSE(decode_transaction(bytes + "x"));
}

TEST(TransactionEntries, WorkedExamples) {
    const TimestampMs time(1'000);
    expect_bytes(TxnAdded{"t", time, {{id(), PartitionId(2)}}, {"g"}},
                 "01 01 74 " + kTime + "01 " + kId + "02 00 00 00 01 01 67");
    expect_bytes(
        TxnOffsets{"t", time, "g", {{id(), PartitionId(0), false, Offset(9), LeaderEpoch(-1), "m"}}},
        "02 01 74 " + kTime + "01 67 01 " + kId + "00 00 00 00 09 00 00 00 00 00 00 00 ff ff ff ff 01 6d");
    TxnEnded ended;
    ended.id = "t";
    ended.time = time;
    ended.commit = true;
    ended.producer_id = 7;
    ended.marker_epoch = 2;
    ended.next_producer_id = 7;
    ended.next_epoch = 2;
    ended.last_epoch = 1;
    ended.markers.push_back({id(), PartitionId(2), Offset(5), LeaderEpoch(1), "..."});
    expect_bytes(ended, "03 01 74 " + kTime +
                            "01 01 07 00 00 00 00 00 00 00 02 00 07 00 00 00 00 00 00 00 02 00 01 00 01 " +
                            kId + "02 00 00 00 05 00 00 00 00 00 00 00 01 00 00 00 03 2e 2e 2e");
    expect_bytes(TxnForgotten{time, {"t"}}, "04 " + kTime + "01 01 74");
    EXPECT_EQ(decode_transaction("\x05").error().code, Code::unsupported);
}

}  // namespace
}  // namespace mr::broker::txn
