// From applied to durable: what the journal thread has changed waits here until it is on disk, and is then
// shown to the outside by the sync thread, in journal order, all of one sync before anybody is woken.
//
// Thread: add() journal; publish() sync; the published things any.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "broker/cluster_settings.h"
#include "broker/group_offsets.h"
#include "broker/partition_log.h"
#include "broker/published.h"
#include "broker/topics_view.h"

namespace mr::broker {

/// The durable offsets of one group; replaced by each commit.
using GroupCell = Published<const GroupOffsets>;
using GroupIndex = std::map<std::string, std::shared_ptr<GroupCell>, std::less<>>;

/// Who wants to be woken by new data of some topics (LogReader).
class Subscription {
  public:
    Subscription(std::vector<Uuid> topics, Visibility visibility);

    /// From the next change on, wake once. The caller looks again afterwards, so that nothing is missed.
    void arm() { armed_.store(true); }
    void disarm() { armed_.store(false); }
    void set_wakeup(std::function<void()> wakeup);
    /// No wake-up runs after this returned.
    void close() { set_wakeup({}); }

    void notify(const Uuid& topic);
    [[nodiscard]] Visibility visibility() const { return visibility_; }

  private:
    const std::vector<Uuid> topics_;
    const Visibility visibility_;
    std::atomic<bool> armed_{false};
    std::mutex mutex_;
    std::function<void()> wakeup_;  // guarded by mutex_
};

/// Logs of topics whose deletion is on disk, on their way to the settle thread.
class DeletedLogs {
  public:
    void add(const std::vector<std::shared_ptr<PartitionLog>>& logs) {
        const std::lock_guard lock(mutex_);
        logs_.insert(logs_.end(), logs.begin(), logs.end());
    }
    [[nodiscard]] std::vector<std::shared_ptr<PartitionLog>> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(logs_, {});
    }

  private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<PartitionLog>> logs_;  // guarded by mutex_
};

class Publisher {
  public:
    Publisher();

    struct Change {
        Seq seq;
        std::shared_ptr<PartitionLog> log;  ///< with `view`: the partition's new durable view
        std::shared_ptr<const PartitionView> view;
        std::move_only_function<void()> publish;  ///< anything else
    };
    void add(Change change);
    /// Shows everything up to `through`. Smaller positions than before do nothing.
    void publish(Seq through);
    [[nodiscard]] Seq through() const { return Seq(through_.load()); }
    /// Starting thread: everything so far is on disk, and was published by other means.
    void start_at(Seq through) { through_.store(through.value); }

    /// Tells those who compute on applied entries. Journal thread.
    void notify_applied(const Uuid& topic);
    void subscribe(const std::shared_ptr<Subscription>& subscription);

    Published<const TopicsView> topics;
    Published<const GroupIndex> groups;
    DeletedLogs deleted;
    Published<const ClusterSettings> cluster_settings{std::make_shared<const ClusterSettings>()};

  private:
    void notify(const Uuid& topic, Visibility visibility);

    std::mutex mutex_;
    std::deque<Change> waiting_;  // guarded by mutex_
    std::atomic<std::uint64_t> through_{0};
    std::mutex subscribe_mutex_;
    Published<const std::vector<std::weak_ptr<Subscription>>> subscriptions_;
};

}  // namespace mr::broker
