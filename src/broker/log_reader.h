// Reading topics in journal order: what pipelines and sinks stand on.
//
//   auto reader = LogReader::open(broker, {.topics = {"orders", "items"}, .after = position});
//   reader->set_wakeup([&] { wake this thread });
//   LogSlice slice;
//   while (true) {
//       MR_TRY_VOID(reader->read(limits, slice));
//       for (const LogBatch& b : slice.batches) decode(b);
//       position = slice.through;                          // S'
//       if (slice.up_to_date) sleep until the wake-up;     // armed: nothing is missed
//   }
//
// It reads what is committed: records of an open transaction, and what lies behind them in their partition,
// become visible with the entry that ends it; aborted records and markers never do. So a transaction that
// stays open holds back its own partitions, and no others.
//
// Promises
//   1. Batches come in the order of the entries that made them visible (usually their own), over all topics
//      and partitions, within a partition by offset; those of one entry (a step with several outputs, the end
//      of a transaction in several partitions) always in one slice: a transaction is read in one piece.
//   2. After a slice every batch of these topics that was visible as of slice.through has been delivered,
//      once.
//   3. Visibility::durable shows only what is on disk; Visibility::applied also what was merely appended: for
//      computation inside the node, whose results wait for durability themselves.
//   4. With `hold`, retention keeps every batch after the last confirm()ed position. Without, batches that
//      are gone are skipped (and counted in `LogSlice::skipped`).
//
// Newest data come from memory; older from segments or the journal's files, merged by sequence: that blocks
// on the disk, so do not read on the loop. Thread: one at a time; the wake-up comes from the journal or the
// sync thread and must be short.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "broker/broker.h"

namespace mr::broker {

struct LogBatch {
    Seq seq;                  ///< of the entry that made it visible
    std::uint32_t topic = 0;  ///< index in LogReaderOptions::topics
    PartitionId partition;
    Offset base_offset;  ///< use this, not the field inside the batch
    Offset last_offset;
    Offset first_offset;  ///< records below it were deleted: skip them (usually equal to base_offset)
    LeaderEpoch leader_epoch;
    SharedBytes batch;  ///< one record batch v2 (wire/record_batch.h), perhaps compressed
};

struct LogSlice {
    std::vector<LogBatch> batches;
    std::size_t bytes = 0;
    Seq through;                ///< S': the new position
    bool up_to_date = false;    ///< nothing more for now; the wake-up is armed
    std::uint64_t skipped = 0;  ///< records that retention had removed before they were read
};

struct LogReadLimits {
    std::size_t bytes_max = 1U << 20;  ///< at least one entry's batches are delivered
    std::size_t batches_max = 1'024;
    /// Nothing after this entry; for replay up to a position.
    Seq not_after{UINT64_MAX};
};

struct LogReaderOptions {
    std::string name;                 ///< of the hold, shown to people: "pipeline orders", "archive raw"
    std::vector<std::string> topics;  ///< names; must exist
    Seq after{};                      ///< position: everything up to here has been used. 0: from the start
    Visibility visibility = Visibility::applied;
    bool hold = true;
};

class LogReader {
    struct Private {};
    class Impl;

  public:
    /// not_found (with "did you mean") for a topic there is not.
    static Result<std::unique_ptr<LogReader>> open(Broker& broker, LogReaderOptions options);
    ~LogReader();

    /// Replaces `out`. Never blocks waiting for data. io_error or corrupt when older data cannot be read.
    Status read(const LogReadLimits& limits, LogSlice& out);
    [[nodiscard]] Seq position() const;
    /// What was read up to here will not be asked for again, even after a crash: moves the hold. For a
    /// pipeline: the `consumed` of its last durable step. Any thread.
    void confirm(Seq consumed);
    /// Called when there is something new after a read() that said up_to_date; perhaps before that read() has
    /// returned, so let it set a flag rather than signal only.
    void set_wakeup(std::function<void()> wakeup);
    /// New partitions of its topics are picked up by themselves; a deleted topic just stops.
    [[nodiscard]] const std::vector<std::string>& topics() const;

    /// For open() only.
    LogReader(Private, std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::broker
