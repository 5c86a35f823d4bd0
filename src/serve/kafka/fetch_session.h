// Incremental fetch sessions (KIP-227): the broker remembers which partitions a consumer fetches, so that
// each request names only what changed and each answer holds only partitions with news.
//
// A session belongs to whoever knows its id; epochs grow by one a request, so a lost answer is noticed. The
// cache holds at most `sessions_max` sessions and evicts the one unused for longest: its consumer gets
// fetch_session_id_not_found and starts over. Thread: loop.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "wire/api.h"
#include "wire/messages/fetch.h"

namespace mr::serve::kafka {

/// A partition as the client named it: by name up to Fetch v12, by id from v13 on.
struct FetchKey {
    std::string topic;
    Uuid topic_id;
    std::int32_t partition = 0;
    auto operator<=>(const FetchKey&) const = default;
};

/// What the client wants of one partition, and what it was told last.
struct FetchWant {
    FetchKey key;
    wire::FetchRequest::Partition request;
    std::int64_t told_high_watermark = -2;
    std::int64_t told_log_start = -2;
};

class FetchSession {
  public:
    /// In the order in which they are served; rotated so that a large answer does not starve the last ones.
    std::list<FetchWant> wants;

    void put(FetchWant want);
    void forget(const FetchKey& key);
    /// Moves a partition that was served to the end.
    void served(const FetchKey& key);

  private:
    std::map<FetchKey, std::list<FetchWant>::iterator> index_;
};
using FetchSessionPtr = std::shared_ptr<FetchSession>;

class FetchSessionCache {
  public:
    /// `first_id`: random, so that an id from before a restart does not meet somebody else's session.
    FetchSessionCache(std::size_t sessions_max, std::uint32_t first_id)
        : sessions_max_(sessions_max), last_id_(first_id) {}

    struct Found {
        wire::ErrorCode error = wire::ErrorCode::none;
        std::int32_t id = 0;       ///< to be answered; 0: no session
        bool incremental = false;  ///< only news are answered
        FetchSessionPtr session;
    };
    /// Applies the request's additions and removals and says what is to be fetched.
    ///   (0, -1) no session   (0, 0) a new one   (id, 0) close the old, a new one   (id, -1) close, no
    ///   session (id, n) the next request of a session
    Found begin(const wire::FetchRequest& request);

    [[nodiscard]] std::size_t size() const { return slots_.size(); }

  private:
    struct Slot {
        FetchSessionPtr session;
        std::int32_t next_epoch = 1;
        std::list<std::int32_t>::iterator use;
    };
    void close(std::int32_t id);
    void make_room(std::int32_t keep);
    std::int32_t make_id();

    const std::size_t sessions_max_;
    std::unordered_map<std::int32_t, Slot> slots_;
    std::list<std::int32_t> by_use_;  ///< unused for longest first
    std::size_t partitions_ = 0;      ///< over all sessions
    std::uint32_t last_id_;
};

}  // namespace mr::serve::kafka
