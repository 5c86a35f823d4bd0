// One partition of one topic: its published views, its segments, and who waits for it to grow.
//
// Writers: the journal thread appends and moves the start; the settle thread adds segments; the sync thread
// publishes the durable view. Each owns its fields; what others read is published. A PartitionLog outlives
// its topic as long as somebody still reads it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/uuid.h"
#include "broker/partition_view.h"
#include "broker/published.h"

namespace mr::broker {

class Segment;
using SegmentList = std::vector<std::shared_ptr<const Segment>>;

/// Called once when one of the partitions it was given to has something new (or is gone). Cancel when the
/// wait is over for another reason. Thread: any.
class DataWaiter {
  public:
    explicit DataWaiter(std::function<void()> notify) : notify_(std::move(notify)) {}
    void fire() {
        if (!spent_.exchange(true)) notify_();
    }
    void cancel() { spent_.store(true); }
    [[nodiscard]] bool spent() const { return spent_.load(); }

  private:
    std::atomic<bool> spent_{false};
    std::function<void()> notify_;
};

class PartitionLog {
  public:
    PartitionLog(Uuid topic_id, std::string topic, PartitionId id, std::string directory,
                 std::shared_ptr<const PartitionView> first);

    [[nodiscard]] const Uuid& topic_id() const { return topic_id_; }
    [[nodiscard]] const std::string& topic() const { return topic_; }
    [[nodiscard]] PartitionId id() const { return id_; }
    /// Where its segments lie.
    [[nodiscard]] const std::string& directory() const { return directory_; }

    /// Thread: any. What consumers may see; what is on disk; what pipelines may compute on.
    [[nodiscard]] std::shared_ptr<const PartitionView> shown() const { return shown_.load(); }
    [[nodiscard]] std::shared_ptr<const PartitionView> durable() const { return durable_.load(); }
    [[nodiscard]] std::shared_ptr<const PartitionView> applied() const { return applied_.load(); }
    [[nodiscard]] std::shared_ptr<const SegmentList> segments() const { return segments_.load(); }
    /// The topic was deleted (durably).
    [[nodiscard]] bool deleted() const { return deleted_.load(); }

    /// Thread: any. Calls `waiter` when the shown end passes `offset` or the partition is deleted; at once if
    /// that is already so.
    void wait_beyond(Offset offset, const std::shared_ptr<DataWaiter>& waiter);

    /// Journal thread.
    void publish_applied(std::shared_ptr<const PartitionView> view) { applied_.store(std::move(view)); }
    /// Journal thread: shows what is applied, all of which is written. True if that is news.
    bool publish_written() { return show(applied_.load()); }
    /// Sync thread; wake() follows once everything of the same sync is published. True if it was not shown
    /// before.
    bool publish_durable(std::shared_ptr<const PartitionView> view);
    void mark_deleted();
    void wake();
    /// Settle thread: everything below `end` can be read from `list`. The list is published first.
    void publish_segments(std::shared_ptr<const SegmentList> list, Offset end);
    /// Settle thread writes, any thread reads: offsets below can be read from the segments.
    [[nodiscard]] Offset settled_end() const { return Offset(settled_end_.load()); }

  private:
    bool show(std::shared_ptr<const PartitionView> view);

    const Uuid topic_id_;
    const std::string topic_;
    const PartitionId id_;
    const std::string directory_;
    Published<const PartitionView> applied_;
    Published<const PartitionView> durable_;
    std::mutex show_mutex_;  // held by the two who write it, so that it never goes back
    Published<const PartitionView> shown_;
    Published<const SegmentList> segments_;
    std::atomic<std::int64_t> settled_end_{0};
    std::atomic<bool> deleted_{false};
    std::mutex waiters_mutex_;
    std::vector<std::shared_ptr<DataWaiter>> waiters_;  // guarded by waiters_mutex_
    std::size_t prune_at_ = 64;                         // guarded by waiters_mutex_
};

}  // namespace mr::broker
