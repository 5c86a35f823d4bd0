#include "broker/topics_view.h"

namespace mr::broker {

const std::shared_ptr<PartitionLog>* TopicView::shared_partition(PartitionId number) const {
    if (number.value < 0 || number.value >= partition_count()) return nullptr;
    return &partitions[static_cast<std::size_t>(number.value)];
}

PartitionLog* TopicView::partition(PartitionId number) const {
    const auto* found = shared_partition(number);
    return found == nullptr ? nullptr : found->get();
}

std::shared_ptr<const TopicView> TopicsView::find(std::string_view name) const {
    const auto it = by_name.find(name);
    return it == by_name.end() ? nullptr : it->second;
}

std::shared_ptr<const TopicView> TopicsView::find(const Uuid& id) const {
    const auto it = by_id.find(id);
    return it == by_id.end() ? nullptr : it->second;
}

}  // namespace mr::broker
