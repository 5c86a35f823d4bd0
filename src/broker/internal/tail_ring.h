// The newest record batches of all partitions in memory, in journal order: what live fetches and pipelines
// read.
//
// Chunks are filled by the journal thread and dropped whole, oldest first, when the ring holds too much. The
// list of chunks is published; within a chunk the count of filled slots is. So readers never wait for the
// journal thread for longer than the copy of a pointer.
// Invariants: 1. items are in order of (seq, position in the entry);  2. every batch of an entry after
// floor() is in the ring;  3. an entry's items are visible only together (they are counted in after the last
// one).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "broker/partition_log.h"
#include "broker/partition_view.h"
#include "broker/published.h"

namespace mr::broker {

class TailRing {
  public:
    struct Item {
        BatchRef ref;
        SharedBytes payload;  ///< of the entry
        std::shared_ptr<PartitionLog> log;

        [[nodiscard]] SharedBytes batch() const { return payload.slice(ref.payload_at, ref.bytes); }
    };
    struct Chunk {
        static constexpr std::size_t kItems = 64;
        std::array<Item, kItems> items;
        std::atomic<std::size_t> count{0};
        std::size_t payload_bytes = 0;  // journal thread
        std::size_t pinned_bytes = 0;   // journal thread; of buffers whose first entry is here
    };
    /// What a reader holds on to while it reads.
    struct View {
        std::vector<std::shared_ptr<const Chunk>> chunks;
        Seq floor;  ///< entries up to here may be missing
    };

    /// `bytes_max` counts the buffers that are kept alive, not just the batches in them: a batch shares its
    /// buffer with the rest of its journal group.
    TailRing(std::size_t bytes_max, Seq floor);

    /// Journal thread: the batches of one entry, which share its payload.
    void append(std::span<const BatchRef> refs, const SharedBytes& payload,
                std::span<const std::shared_ptr<PartitionLog>> logs);
    /// Journal thread, before the first append: nothing up to `floor` will come.
    void reset(Seq floor);

    /// Thread: any.
    [[nodiscard]] std::shared_ptr<const View> view() const { return view_.load(); }
    /// The batch at that place, if it is still here.
    [[nodiscard]] static std::optional<Item> find(const View& view, Seq seq, std::uint32_t payload_at);
    /// Position of the first item of an entry after `seq`: (chunk, index in it).
    struct Cursor {
        std::size_t chunk = 0;
        std::size_t index = 0;
    };
    [[nodiscard]] static Cursor after(const View& view, Seq seq);

  private:
    void publish();

    const std::size_t bytes_max_;
    std::vector<std::shared_ptr<Chunk>> chunks_;  // journal thread
    std::size_t bytes_ = 0;                       // journal thread
    std::uintptr_t buffer_at_ = 0;                // journal thread; first payload of the newest buffer
    Seq floor_;                                   // journal thread
    Published<const View> view_;
};

}  // namespace mr::broker
