#include "broker/internal/publisher.h"

#include <algorithm>

namespace mr::broker {
namespace {

void remove_repeated(std::vector<PartitionLog*>& logs) {
    std::sort(logs.begin(), logs.end());
    logs.erase(std::unique(logs.begin(), logs.end()), logs.end());
}

}  // namespace

Subscription::Subscription(std::vector<Uuid> topics, Visibility visibility)
    : topics_(std::move(topics)), visibility_(visibility) {}

void Subscription::set_wakeup(std::function<void()> wakeup) {
    const std::lock_guard lock(mutex_);
    wakeup_ = std::move(wakeup);
}

void Subscription::notify(const Uuid& topic) {
    if (!armed_.load()) return;
    if (std::find(topics_.begin(), topics_.end(), topic) == topics_.end()) return;
    if (!armed_.exchange(false)) return;
    const std::lock_guard lock(mutex_);
    if (wakeup_) wakeup_();
}

Publisher::Publisher()
    : topics(std::make_shared<const TopicsView>()),
      groups(std::make_shared<const GroupIndex>()),
      subscriptions_(std::make_shared<const std::vector<std::weak_ptr<Subscription>>>()) {}

void Publisher::add(Change change) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(change));
}

void Publisher::publish(Seq through) {
    if (through <= this->through()) return;
    std::vector<Change> ready;
    {
        const std::lock_guard lock(mutex_);
        while (!waiting_.empty() && waiting_.front().seq <= through) {
            ready.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
    }
    std::vector<PartitionLog*> grown;
    std::vector<PartitionLog*> awaited;
    for (auto& change : ready) {
        if (change.log != nullptr) {
            grown.push_back(change.log.get());
            if (change.log->publish_durable(std::move(change.view))) awaited.push_back(change.log.get());
        }
        if (change.publish) change.publish();
    }
    through_.store(through.value);
    remove_repeated(awaited);
    for (PartitionLog* log : awaited) log->wake();
    remove_repeated(grown);
    const Uuid* last = nullptr;
    for (PartitionLog* log : grown) {
        if (last == nullptr || *last != log->topic_id()) notify(log->topic_id(), Visibility::durable);
        last = &log->topic_id();
    }
}

void Publisher::notify_applied(const Uuid& topic) {
    notify(topic, Visibility::applied);
}

void Publisher::notify(const Uuid& topic, Visibility visibility) {
    const auto list = subscriptions_.load();
    for (const auto& weak : *list) {
        if (const auto subscription = weak.lock(); subscription && subscription->visibility() == visibility) {
            subscription->notify(topic);
        }
    }
}

void Publisher::subscribe(const std::shared_ptr<Subscription>& subscription) {
    const std::lock_guard lock(subscribe_mutex_);
    auto next = std::make_shared<std::vector<std::weak_ptr<Subscription>>>();
    for (const auto& weak : *subscriptions_.load()) {
        if (!weak.expired()) next->push_back(weak);
    }
    next->push_back(subscription);
    subscriptions_.store(std::move(next));
}

}  // namespace mr::broker
