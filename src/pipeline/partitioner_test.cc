// Goal: keys land where Java's default partitioner puts them (values from Kafka's UtilsTest.testMurmur2).
#include "pipeline/partitioner.h"

#include <gtest/gtest.h>

namespace mr::pipeline {
namespace {

TEST(Partitioner, Murmur2AgreesWithJava) {
    EXPECT_EQ(static_cast<std::int32_t>(murmur2("21")), -973932308);
    EXPECT_EQ(static_cast<std::int32_t>(murmur2("foobar")), -790332482);
    EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-long-string")), -985981536);
    EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-longer-string")), -1486304829);
    EXPECT_EQ(static_cast<std::int32_t>(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")),
              -58897971);
    EXPECT_EQ(static_cast<std::int32_t>(murmur2("abc")), 479470107);
}

TEST(Partitioner, WithoutAKeyByTurns) {
    EXPECT_EQ(choose_partition(std::nullopt, 4, 3), PartitionId(1));
    EXPECT_EQ(choose_partition("k", 0, 1), PartitionId(0));
}

}  // namespace
}  // namespace mr::pipeline
