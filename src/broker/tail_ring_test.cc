#include "broker/internal/tail_ring.h"

#include <gtest/gtest.h>

namespace mr::broker {
namespace {

constexpr std::size_t kPayload = 64U << 10;
constexpr std::size_t kRingMax = 4U << 20;

// Goal: the ring's bound holds for what it keeps alive.
// Method: journal groups whose 1 MiB buffers lie one right after the other, as an allocator places them; each
// payload is small, so the chunks are dropped by what their buffers hold.
TEST(TailRing, AdjacentBuffersAreCountedOneByOne) {
    const auto memory = std::make_shared<const std::string>(32U << 20, 'x');
    TailRing ring(kRingMax, Seq(0));
    std::uint64_t seq = 0;
    for (std::size_t at = 0; at + kPayload <= memory->size(); at += kPayload) {
        const SharedBytes payload(memory, std::string_view(*memory).substr(at, kPayload));
        BatchRef ref{};
        ref.seq = Seq(++seq);
        ref.bytes = kPayload;
        const std::shared_ptr<PartitionLog> log;
        ring.append({&ref, 1}, payload, {&log, 1});
    }
    std::size_t kept = 0;
    for (const auto& chunk : ring.view()->chunks) kept += chunk->count.load();
    EXPECT_LE(kept * kPayload, kRingMax + (2U << 20)) << kept << " payloads";
    EXPECT_GE(kept * kPayload, kRingMax / 2);
    EXPECT_EQ(ring.view()->floor, Seq(seq - kept));
}

}  // namespace
}  // namespace mr::broker
