#include "emit/flink.h"

#include <gtest/gtest.h>

namespace mr::emit {
namespace {

TEST(Flink, Nothing) {
    EXPECT_TRUE(emit_flink({}, {}, {}).ok());
}

}  // namespace
}  // namespace mr::emit
