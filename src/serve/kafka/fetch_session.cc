#include "serve/kafka/fetch_session.h"

namespace mr::serve::kafka {
namespace {

constexpr std::int32_t kFinalEpoch = -1;
constexpr std::int32_t kInitialEpoch = 0;
/// Partitions that all sessions together may remember (about 200 bytes each); the sessions unused for longest
/// make room.
constexpr std::size_t kPartitionsMax = 200'000;

void put_all(const wire::FetchRequest& request, FetchSession& session) {
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            if (session.wants.size() >= kPartitionsMax) return;
            session.put({.key = {topic.topic, topic.topic_id, partition.partition}, .request = partition});
        }
    }
}

}  // namespace

void FetchSession::put(FetchWant want) {
    const auto known = index_.find(want.key);
    if (known != index_.end()) {
        known->second->request = want.request;
        return;
    }
    const FetchKey key = want.key;
    index_[key] = wants.insert(wants.end(), std::move(want));
}

void FetchSession::forget(const FetchKey& key) {
    const auto known = index_.find(key);
    if (known == index_.end()) return;
    wants.erase(known->second);
    index_.erase(known);
}

void FetchSession::served(const FetchKey& key) {
    const auto known = index_.find(key);
    if (known != index_.end()) wants.splice(wants.end(), wants, known->second);
}

FetchSessionCache::Found FetchSessionCache::begin(const wire::FetchRequest& request) {
    Found found;
    if (request.session_epoch == kFinalEpoch || request.session_epoch == kInitialEpoch) {
        if (request.session_id != 0) close(request.session_id);
        found.session = std::make_shared<FetchSession>();
        put_all(request, *found.session);
        if (request.session_epoch == kFinalEpoch || found.session->wants.empty() || sessions_max_ == 0) {
            return found;
        }
        if (slots_.size() >= sessions_max_) close(by_use_.front());
        found.id = make_id();
        const auto use = by_use_.insert(by_use_.end(), found.id);
        slots_[found.id] = {found.session, 1, use};
        partitions_ += found.session->wants.size();
        make_room(found.id);
        return found;
    }
    const auto it = slots_.find(request.session_id);
    if (it == slots_.end()) {
        found.error = wire::ErrorCode::fetch_session_id_not_found;
        return found;
    }
    Slot& slot = it->second;
    if (slot.next_epoch != request.session_epoch) {
        found.error = wire::ErrorCode::invalid_fetch_session_epoch;
        return found;
    }
    // After the largest epoch comes 1: 0 would mean a new session.
    slot.next_epoch = slot.next_epoch == 0x7fffffff ? 1 : slot.next_epoch + 1;
    by_use_.splice(by_use_.end(), by_use_, slot.use);
    partitions_ -= slot.session->wants.size();
    put_all(request, *slot.session);
    for (const auto& topic : request.forgotten_topics) {
        for (const std::int32_t partition : topic.partitions) {
            slot.session->forget({topic.topic, topic.topic_id, partition});
        }
    }
    partitions_ += slot.session->wants.size();
    make_room(request.session_id);
    found.id = request.session_id;
    found.incremental = true;
    found.session = slot.session;
    return found;
}

void FetchSessionCache::close(std::int32_t id) {
    const auto it = slots_.find(id);
    if (it == slots_.end()) return;
    by_use_.erase(it->second.use);
    partitions_ -= it->second.session->wants.size();
    slots_.erase(it);
}

void FetchSessionCache::make_room(std::int32_t keep) {
    while (partitions_ > kPartitionsMax && !by_use_.empty() && by_use_.front() != keep)
        close(by_use_.front());
}

std::int32_t FetchSessionCache::make_id() {
    do {
        last_id_ = (last_id_ + 1) & 0x7fffffff;
    } while (last_id_ == 0 || slots_.contains(static_cast<std::int32_t>(last_id_)));
    return static_cast<std::int32_t>(last_id_);
}

}  // namespace mr::serve::kafka
