#include "broker/partition_log.h"

#include <algorithm>

#include "base/check.h"

namespace mr::broker {

PartitionLog::PartitionLog(Uuid topic_id, std::string topic, PartitionId id, std::string directory,
                           std::shared_ptr<const PartitionView> first)
    : topic_id_(topic_id),
      topic_(std::move(topic)),
      id_(id),
      directory_(std::move(directory)),
      applied_(first),
      durable_(first),
      shown_(first),
      segments_(std::make_shared<const SegmentList>()) {}

bool PartitionLog::publish_durable(std::shared_ptr<const PartitionView> view) {
    MR_DCHECK(view->log_end >= durable_.load()->log_end, "{}-{}", topic_, id_);
    durable_.store(view);
    return show(std::move(view));
}

bool PartitionLog::show(std::shared_ptr<const PartitionView> view) {
    const std::lock_guard lock(show_mutex_);
    const auto before = shown_.load();
    if (view == before || view->as_of < before->as_of) return false;
    shown_.store(std::move(view));
    return true;
}

void PartitionLog::mark_deleted() {
    deleted_.store(true);
}

void PartitionLog::publish_segments(std::shared_ptr<const SegmentList> list, Offset end) {
    segments_.store(std::move(list));
    MR_CHECK(end.value >= settled_end_.load(), "{}-{}: {} {}", topic_, id_, end, settled_end_.load());
    settled_end_.store(end.value);
}

void PartitionLog::wait_beyond(Offset offset, const std::shared_ptr<DataWaiter>& waiter) {
    {
        const std::lock_guard lock(waiters_mutex_);
        // Waits that ended otherwise (time-outs) leave their waiter here; an idle partition must not collect
        // them without bound.
        if (waiters_.size() >= prune_at_) {
            std::erase_if(waiters_, [](const auto& w) { return w->spent(); });
            prune_at_ = std::max<std::size_t>(64, waiters_.size() * 2);
        }
        waiters_.push_back(waiter);
    }
    // After the registration, so that an advance in between is not missed.
    if (deleted() || shown()->log_end > offset) waiter->fire();
}

void PartitionLog::wake() {
    std::vector<std::shared_ptr<DataWaiter>> woken;
    {
        const std::lock_guard lock(waiters_mutex_);
        woken.swap(waiters_);
    }
    for (const auto& waiter : woken) waiter->fire();
}

}  // namespace mr::broker
