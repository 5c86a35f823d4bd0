#include "broker/holds.h"

#include <algorithm>

namespace mr::broker {

Hold::~Hold() {
    const std::lock_guard lock(table_->mutex_);
    table_->holds_.erase(id_);
}

void Hold::move_to(Seq position) {
    const std::lock_guard lock(table_->mutex_);
    HoldTable::Info& info = table_->holds_.at(id_);
    info.position = std::max(info.position, position);
}

std::unique_ptr<Hold> HoldTable::take(std::string name, std::vector<Uuid> topics, Seq position) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t id = next_++;
    holds_.emplace(id, Info{std::move(name), std::move(topics), position});
    return std::make_unique<Hold>(*this, id);
}

std::optional<Seq> HoldTable::lowest(const Uuid& topic) const {
    const std::lock_guard lock(mutex_);
    std::optional<Seq> lowest;
    for (const auto& [id, info] : holds_) {
        if (std::find(info.topics.begin(), info.topics.end(), topic) == info.topics.end()) continue;
        if (!lowest || info.position < *lowest) lowest = info.position;
    }
    return lowest;
}

std::vector<HoldTable::Info> HoldTable::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<Info> out;
    for (const auto& [id, info] : holds_) out.push_back(info);
    return out;
}

}  // namespace mr::broker
